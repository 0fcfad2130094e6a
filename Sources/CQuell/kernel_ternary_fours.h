/* Rows of ternary weights where a processor adds four products of bytes to an integer at once, included by
 * kernels_avx512.c. Left where they are in a byte, the two bits of a weight are the weight times 1, 4, 16 or 64. */

#define INTEGERS __attribute__((target(FEATURES ",avx512vnni,avx512vbmi")))

enum { FOURS = EVENTS / 4 };

/* Byte j of each of four rows goes to lane j. */
#define LANE(j) j, 16 + j, 32 + j, 48 + j
static const _Alignas(64) uint8_t side_by_side[64] = {
    LANE(0), LANE(1), LANE(2),  LANE(3),  LANE(4),  LANE(5),  LANE(6),  LANE(7),
    LANE(8), LANE(9), LANE(10), LANE(11), LANE(12), LANE(13), LANE(14), LANE(15),
};

/* Adds what the events of a pass, four in 32 bits, contribute to the sums of a block, which begins at a byte of their
 * rows: sums k of four times 16 are 4^k times what they should be, and too large by the events, because a stored weight
 * is too large by 1. */
INTEGERS __attribute__((always_inline)) static inline void add_block_of_fours(const struct rows *rows, size_t byte,
                                                                              const uint32_t *events, int32_t *sums) {
  const __m512i order = _mm512_load_si512(side_by_side);
  __m512i sum[4];
#pragma GCC unroll 4
  for (int k = 0; k < 4; k++)
    sum[k] = _mm512_loadu_si512(sums + LANES * k);
#pragma GCC unroll 2
  for (int f = 0; f < FOURS; f++) {
    __m512i bytes = _mm512_castsi128_si512(_mm_loadu_si128((const __m128i *)(rows->row[4 * f] + byte)));
#pragma GCC unroll 4
    for (int r = 1; r < 4; r++)
      bytes = _mm512_mask_broadcast_i32x4(bytes, (__mmask16)(0xf << 4 * r),
                                          _mm_loadu_si128((const __m128i *)(rows->row[4 * f + r] + byte)));
    bytes = _mm512_permutexvar_epi8(order, bytes);
    const __m512i four = _mm512_set1_epi32((int32_t)events[f]);
#pragma GCC unroll 4
    for (int k = 0; k < 4; k++)
      sum[k] = _mm512_dpbusd_epi32(sum[k], _mm512_and_si512(bytes, _mm512_set1_epi8((char)(3 << 2 * k))), four);
  }
#pragma GCC unroll 4
  for (int k = 0; k < 4; k++)
    _mm512_storeu_si512(sums + LANES * k, sum[k]);
}

/* Between passes, the memory of the results holds their sums as the passes leave them. */
INLINE void begin_sums(float *result, size_t outputs) {
  for (size_t output = 0; output < outputs; output += 8) {
    const __m256i whole = _mm256_cvtps_epi32(_mm256_loadu_ps(result + output));
    _mm256_storeu_si256((__m256i *)(result + output),
                        _mm256_sll_epi32(whole, _mm_cvtsi32_si128(ternary_shift(output))));
  }
}

INLINE void finish_sums(float *result, size_t outputs, uint32_t excess) {
  for (size_t output = 0; output < outputs; output += 8) {
    const __m256i sums = _mm256_loadu_si256((const __m256i *)(result + output));
    const __m256i whole = _mm256_sra_epi32(sums, _mm_cvtsi32_si128(ternary_shift(output)));
    _mm256_storeu_ps(result + output, _mm256_cvtepi32_ps(_mm256_sub_epi32(whole, _mm256_set1_epi32((int32_t)excess))));
  }
}

INTEGERS static void add_rows_ternary_fours(const void *matrix, size_t stride, size_t outputs, const uint32_t *indices,
                                            const float *values, size_t events, float *result) {
  const uint8_t *const first = matrix;
  int32_t *const sums = (int32_t *)(void *)result;
  /* A pass takes two events from each quarter of them: where all rows are events, memory is read in four streams, which
   * comes faster than one. The sums are whole numbers, so that the order is free. */
  const size_t quarter = (events + 3) / 4;
  uint32_t excess = 0;
  begin_sums(result, outputs);
  for (size_t e = 0; e < quarter; e += 2) {
    struct rows rows;
    uint32_t fours[FOURS] = {0};
    for (size_t r = 0; r < EVENTS; r++) {
      const size_t within = e + r % 2, event = r / 2 * quarter + within;
      const bool is_event = within < quarter && event < events;
      /* Where there are no more, the first one again, carrying nothing. */
      const size_t row = is_event ? event : 0, next = within + 2 < quarter && event + 2 < events ? event + 2 : row;
      const uint32_t value = is_event ? (uint32_t)(int32_t)values[event] : 0;
      rows.row[r] = first + indices[row] * stride;
      rows.next[r] = first + indices[next] * stride;
      fours[r / 4] |= (value & 0xff) << r % 4 * 8;
      excess += value;
    }
    begin_prefetch(TERNARY, EVENTS, &rows, outputs, TERNARY_STEP);
    size_t column = 0;
    for (; column + TERNARY_STEP <= outputs; column += TERNARY_STEP) {
      prefetch(TERNARY, EVENTS, &rows, column, TERNARY_STEP);
#pragma GCC unroll 1
      for (size_t block = column; block < column + TERNARY_STEP; block += TERNARY_BLOCK)
        add_block_of_fours(&rows, block / 4, fours, sums + block);
    }
#pragma GCC unroll 1
    for (; column < outputs; column += TERNARY_BLOCK)
      add_block_of_fours(&rows, column / 4, fours, sums + column);
  }
  finish_sums(result, outputs, excess);
}

INTEGERS static void sum_rows_ternary_fours(const void *matrix, size_t stride, size_t outputs, const uint32_t *indices,
                                            const float *values, size_t events, float *result) {
  memset(result, 0, outputs * sizeof *result);
  add_rows_ternary_fours(matrix, stride, outputs, indices, values, events, result);
}
