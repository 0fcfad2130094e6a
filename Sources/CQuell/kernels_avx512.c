#include "kernels.h"
#if defined(__x86_64__)
#include "processor_x86.h"
#include <immintrin.h>
#include <string.h>

#define FEATURES "avx512f,avx512bw,avx512dq,avx512vl,avx2,fma,f16c"
#define TARGET __attribute__((target(FEATURES)))
#define INLINE static inline TARGET __attribute__((always_inline))
#define LANES 16
typedef __m512 vector;
#include "kernel_loops.h"

INLINE vector zeros(void) {
  return _mm512_setzero_ps();
}
INLINE vector broadcast(float number) {
  return _mm512_set1_ps(number);
}
INLINE vector add(vector a, vector b) {
  return _mm512_add_ps(a, b);
}
INLINE vector square_root(vector numbers) {
  return _mm512_sqrt_ps(numbers);
}
INLINE vector rounded(vector numbers) {
  return _mm512_roundscale_ps(numbers, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}
INLINE vector lesser(vector a, vector b) {
  return _mm512_min_ps(a, b);
}
INLINE vector greater(vector a, vector b) {
  return _mm512_max_ps(a, b);
}
INLINE vector multiply_add(vector a, vector b, vector sum) {
  return _mm512_fmadd_ps(a, b, sum);
}
/* Lane i and lane i + 8, then i + 4, i + 2 and i + 1. */
INLINE float total(vector sum) {
  sum = _mm512_add_ps(sum, _mm512_shuffle_f32x4(sum, sum, 0x0e));
  sum = _mm512_add_ps(sum, _mm512_shuffle_f32x4(sum, sum, 0x01));
  sum = _mm512_add_ps(sum, _mm512_permute_ps(sum, 0x0e));
  return _mm512_cvtss_f32(_mm512_add_ps(sum, _mm512_permute_ps(sum, 0x01)));
}

/* Two vectors share one: what is left of them lies side by side, half of it in the one register and half in the other,
 * and is added. They are taken in the order that puts every total into its lane. */
INLINE vector totals(const vector sums[LANES]) {
  vector four[4];
#pragma GCC unroll 4
  for (int i = 0; i < 4; i++) {
    const vector a = sums[i], b = sums[i + 4], c = sums[i + 8], d = sums[i + 12];
    const vector ab = _mm512_add_ps(_mm512_shuffle_f32x4(a, b, 0x44), _mm512_shuffle_f32x4(a, b, 0xee));
    const vector cd = _mm512_add_ps(_mm512_shuffle_f32x4(c, d, 0x44), _mm512_shuffle_f32x4(c, d, 0xee));
    four[i] = _mm512_add_ps(_mm512_shuffle_f32x4(ab, cd, 0x88), _mm512_shuffle_f32x4(ab, cd, 0xdd));
  }
  const vector low =
      _mm512_add_ps(_mm512_shuffle_ps(four[0], four[1], 0x44), _mm512_shuffle_ps(four[0], four[1], 0xee));
  const vector high =
      _mm512_add_ps(_mm512_shuffle_ps(four[2], four[3], 0x44), _mm512_shuffle_ps(four[2], four[3], 0xee));
  return _mm512_add_ps(_mm512_shuffle_ps(low, high, 0x88), _mm512_shuffle_ps(low, high, 0xdd));
}

INLINE __mmask16 first(size_t count) {
  return (__mmask16)((1u << count) - 1);
}

INLINE vector load(const float *from, size_t count) {
  return _mm512_maskz_loadu_ps(first(count), from);
}

INLINE void store(float *to, vector numbers, size_t count) {
  _mm512_mask_storeu_ps(to, first(count), numbers);
}

INLINE vector widen(enum format format, const uint8_t *row, size_t column, size_t count) {
  const uint8_t *at = row + row_bytes(format, column);
  switch (format) {
  case F32:
    return _mm512_maskz_loadu_ps(first(count), at);
  case F16:
    return _mm512_cvtph_ps(_mm256_maskz_loadu_epi16(first(count), at));
  case BF16:
    return _mm512_castsi512_ps(
        _mm512_slli_epi32(_mm512_cvtepu16_epi32(_mm256_maskz_loadu_epi16(first(count), at)), 16));
  case TERNARY: {
    const __m512i bytes = _mm512_cvtepu8_epi32(_mm_loadu_si128((const __m128i *)(row + ternary_place(column))));
    const __m512i codes =
        _mm512_and_si512(_mm512_srli_epi32(bytes, (unsigned)ternary_shift(column)), _mm512_set1_epi32(3));
    return _mm512_cvtepi32_ps(_mm512_sub_epi32(codes, _mm512_set1_epi32(1)));
  }
  default:
    return _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(_mm_maskz_loadu_epi8(first(count), at)));
  }
}

INLINE void unpack(const uint8_t *block, vector numbers[BLOCK / LANES]) {
  const vector integers = _mm512_setr_ps(-8, -7, -6, -5, -4, -3, -2, -1, 0, 1, 2, 3, 4, 5, 6, 7);
  const vector table = _mm512_mul_ps(integers, _mm512_broadcastss_ps(block_scale(block)));
  const __m512i bytes = _mm512_cvtepu8_epi32(_mm_loadu_si128((const __m128i *)(block + 2)));
  /* A permutation looks at the four lowest bits of an index alone. */
  numbers[0] = _mm512_permutexvar_ps(bytes, table);
  numbers[1] = _mm512_permutexvar_ps(_mm512_srli_epi32(bytes, 4), table);
}

TARGET static size_t detect(const float *source, size_t start, size_t count, float threshold, uint32_t *indices,
                            float *values) {
  const __m512i limit = _mm512_castps_si512(_mm512_set1_ps(threshold));
  const __m512i lanes = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
  __m512i index = _mm512_add_epi32(_mm512_set1_epi32((int)start), lanes);
  size_t end = 0;
  for (size_t at = 0; at < count; at += LANES) {
    const __mmask16 mask = count - at < LANES ? first(count - at) : 0xffff;
    const __m512i bits = _mm512_maskz_loadu_epi32(mask, source + at);
    const __m512i magnitude = _mm512_and_si512(bits, _mm512_set1_epi32(0x7fffffff));
    const __mmask16 fires = mask & _mm512_movepi32_mask(_mm512_sub_epi32(limit, magnitude));
    /* Stored whole, because there is room, and because compressing into memory is slow on some processors. */
    _mm512_storeu_si512(indices + end, _mm512_maskz_compress_epi32(fires, index));
    _mm512_storeu_si512(values + end, _mm512_maskz_compress_epi32(fires, bits));
    end += (size_t)__builtin_popcount(fires);
    index = _mm512_add_epi32(index, _mm512_set1_epi32(LANES));
  }
  return end;
}

#include "kernel_ternary_fours.h"

static const quell_kernels kernels = TABLE(add_rows_ternary, sum_rows_ternary);
static const quell_kernels kernels_with_integers = TABLE(add_rows_ternary_fours, sum_rows_ternary_fours);

const quell_kernels *quell_kernels_avx512(void) {
  if (!processor_has_avx512())
    return NULL;
  return processor_has_avx512_integers() ? &kernels_with_integers : &kernels;
}
#else
const quell_kernels *quell_kernels_avx512(void) {
  return NULL;
}
#endif
