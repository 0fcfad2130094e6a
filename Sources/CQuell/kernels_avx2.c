#include "kernels.h"
#if defined(__x86_64__)
#include "processor_x86.h"
#include <immintrin.h>
#include <string.h>

#define TARGET __attribute__((target("avx2,fma,f16c")))
#define INLINE static inline TARGET __attribute__((always_inline))
#define LANES 8
typedef __m256 vector;
#include "kernel_loops.h"

INLINE vector zeros(void) {
  return _mm256_setzero_ps();
}
INLINE vector broadcast(float number) {
  return _mm256_set1_ps(number);
}
INLINE vector add(vector a, vector b) {
  return _mm256_add_ps(a, b);
}
INLINE vector square_root(vector numbers) {
  return _mm256_sqrt_ps(numbers);
}
INLINE vector rounded(vector numbers) {
  return _mm256_round_ps(numbers, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}
INLINE vector lesser(vector a, vector b) {
  return _mm256_min_ps(a, b);
}
INLINE vector greater(vector a, vector b) {
  return _mm256_max_ps(a, b);
}
INLINE vector multiply_add(vector a, vector b, vector sum) {
  return _mm256_fmadd_ps(a, b, sum);
}

/* Lane i and lane i + 4, then i + 2 and i + 1. */
INLINE float total(vector sum) {
  __m128 four = _mm_add_ps(_mm256_castps256_ps128(sum), _mm256_extractf128_ps(sum, 1));
  four = _mm_add_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_add_ss(four, _mm_movehdup_ps(four)));
}

/* Two vectors share one: what is left of them lies side by side, half of it in the one register and half in the other,
 * and is added. They are taken in the order that puts every total into its lane. */
INLINE vector totals(const vector sums[LANES]) {
  vector two[4];
#pragma GCC unroll 4
  for (int i = 0; i < 4; i++) {
    const vector a = sums[i], b = sums[i + 4];
    two[i] = _mm256_add_ps(_mm256_permute2f128_ps(a, b, 0x20), _mm256_permute2f128_ps(a, b, 0x31));
  }
  const vector low = _mm256_add_ps(_mm256_shuffle_ps(two[0], two[1], 0x44), _mm256_shuffle_ps(two[0], two[1], 0xee));
  const vector high = _mm256_add_ps(_mm256_shuffle_ps(two[2], two[3], 0x44), _mm256_shuffle_ps(two[2], two[3], 0xee));
  return _mm256_add_ps(_mm256_shuffle_ps(low, high, 0x88), _mm256_shuffle_ps(low, high, 0xdd));
}

INLINE __m256i first(size_t count) {
  return _mm256_cmpgt_epi32(_mm256_set1_epi32((int)count), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}

INLINE vector load(const float *from, size_t count) {
  return count == LANES ? _mm256_loadu_ps(from) : _mm256_maskload_ps(from, first(count));
}

INLINE void store(float *to, vector numbers, size_t count) {
  if (count == LANES)
    _mm256_storeu_ps(to, numbers);
  else
    _mm256_maskstore_ps(to, first(count), numbers);
}

INLINE vector widen(enum format format, const uint8_t *row, size_t column, size_t count) {
  const uint8_t *at = row + row_bytes(format, column);
  uint8_t few[2 * LANES] = {0};
  if (format == F32)
    return load((const float *)at, count);
  if (count < LANES)
    at = memcpy(few, at, row_bytes(format, count));
  switch (format) {
  case F16:
    return _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)at));
  case BF16:
    return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(_mm_loadu_si128((const __m128i *)at)), 16));
  case TERNARY: {
    const __m256i bytes = _mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i *)(row + ternary_place(column))));
    const __m256i codes = _mm256_and_si256(_mm256_srli_epi32(bytes, ternary_shift(column)), _mm256_set1_epi32(3));
    return _mm256_cvtepi32_ps(_mm256_sub_epi32(codes, _mm256_set1_epi32(1)));
  }
  default:
    return _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(_mm_loadl_epi64((const __m128i *)at)));
  }
}

INLINE void unpack(const uint8_t *block, vector numbers[BLOCK / LANES]) {
  const __m256i half = _mm256_set1_epi32(15), middle = _mm256_set1_epi32(8);
  const vector scale = _mm256_broadcastss_ps(block_scale(block));
#pragma GCC unroll 2
  for (int v = 0; v < 2; v++) {
    const __m256i bytes = _mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i *)(block + 2 + LANES * v)));
    const __m256i low = _mm256_and_si256(bytes, half), high = _mm256_srli_epi32(bytes, 4);
    numbers[v] = _mm256_mul_ps(_mm256_cvtepi32_ps(_mm256_sub_epi32(low, middle)), scale);
    numbers[v + 2] = _mm256_mul_ps(_mm256_cvtepi32_ps(_mm256_sub_epi32(high, middle)), scale);
  }
}

/* The bytes of those of four numbers that are in a mask of four bits, moved to the front. */
#define LANE(n) 4 * n, 4 * n + 1, 4 * n + 2, 4 * n + 3
#define NONE -1, -1, -1, -1
static const _Alignas(16) int8_t front[16][16] = {
    {NONE, NONE, NONE, NONE},          {LANE(0), NONE, NONE, NONE},
    {LANE(1), NONE, NONE, NONE},       {LANE(0), LANE(1), NONE, NONE},
    {LANE(2), NONE, NONE, NONE},       {LANE(0), LANE(2), NONE, NONE},
    {LANE(1), LANE(2), NONE, NONE},    {LANE(0), LANE(1), LANE(2), NONE},
    {LANE(3), NONE, NONE, NONE},       {LANE(0), LANE(3), NONE, NONE},
    {LANE(1), LANE(3), NONE, NONE},    {LANE(0), LANE(1), LANE(3), NONE},
    {LANE(2), LANE(3), NONE, NONE},    {LANE(0), LANE(2), LANE(3), NONE},
    {LANE(1), LANE(2), LANE(3), NONE}, {LANE(0), LANE(1), LANE(2), LANE(3)},
};

/* Lists what of four numbers, or of the `left` that there are, is above the limit, and returns how much. */
INLINE size_t detect_four(const float *source, size_t left, __m128i limit, __m128i index, uint32_t *indices,
                          float *values) {
  const __m128i mask = _mm_cmpgt_epi32(_mm_set1_epi32((int)left), _mm_setr_epi32(0, 1, 2, 3));
  const __m128 numbers = left == 4 ? _mm_loadu_ps(source) : _mm_maskload_ps(source, mask);
  const __m128i bits = _mm_castps_si128(numbers), magnitude = _mm_and_si128(bits, _mm_set1_epi32(0x7fffffff));
  const __m128i above = _mm_sub_epi32(limit, magnitude), fires = left == 4 ? above : _mm_and_si128(mask, above);
  const int chosen = _mm_movemask_ps(_mm_castsi128_ps(fires));
  const __m128i order = _mm_load_si128((const __m128i *)front[chosen]);
  _mm_storeu_si128((__m128i *)indices, _mm_shuffle_epi8(index, order));
  _mm_storeu_si128((__m128i *)values, _mm_shuffle_epi8(bits, order));
  return (size_t)__builtin_popcount((unsigned)chosen);
}

TARGET static size_t detect(const float *source, size_t start, size_t count, float threshold, uint32_t *indices,
                            float *values) {
  const __m128i limit = _mm_castps_si128(_mm_set1_ps(threshold));
  __m128i index = _mm_add_epi32(_mm_set1_epi32((int)start), _mm_setr_epi32(0, 1, 2, 3));
  size_t at = 0, end = 0;
  for (; at + 4 <= count; at += 4) {
    end += detect_four(source + at, 4, limit, index, indices + end, values + end);
    index = _mm_add_epi32(index, _mm_set1_epi32(4));
  }
  if (at < count)
    end += detect_four(source + at, count - at, limit, index, indices + end, values + end);
  return end;
}

static const quell_kernels kernels = TABLE(add_rows_ternary, sum_rows_ternary);

const quell_kernels *quell_kernels_avx2(void) {
  return processor_has_avx2() ? &kernels : NULL;
}
#else
const quell_kernels *quell_kernels_avx2(void) {
  return NULL;
}
#endif
