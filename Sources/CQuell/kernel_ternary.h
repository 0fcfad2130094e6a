/* Rows of ternary weights, included by kernel_loops.h. Events are whole numbers of 8 bits, so sums are of integers:
 * exact, whatever their order. */

/* A block of 64 weights in 16 bytes: byte j holds weights j, j + 16, j + 32 and j + 48, two bits each from the lowest
 * up, as 0, 1 and 2. Left where they are in a byte, the two bits are the weight times 1, 4, 16 or 64. */
enum { TERNARY_BLOCK = 64, TERNARY_BYTES = 16, TERNARY_STEP = 256, FOURS = EVENTS / 4 };

/* Four events of a pass in 32 bits, twice. */
struct whole_events {
  uint32_t fours[FOURS];
};

/* Adds what the events of a pass contribute to the sums of a block, which begins at a byte of their rows: sums k of
 * four times 16 are 4^k times what they should be, and too large by the events, because a stored weight is too large
 * by 1. */
typedef void add_block(const struct rows *rows, size_t byte, const struct whole_events *events, int32_t *sums);

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

INLINE void add_ternary(add_block *add, const uint8_t *matrix, size_t stride, size_t outputs, const uint32_t *indices,
                        const float *values, size_t events, float *result) {
  int32_t *const sums = (int32_t *)(void *)result;
  /* A pass takes two events from each quarter of them: where all rows are events, memory is read in four streams, which
   * comes faster than one. The sums are whole numbers, so that the order is free. */
  const size_t quarter = (events + 3) / 4;
  uint32_t excess = 0;
  begin_sums(result, outputs);
  for (size_t e = 0; e < quarter; e += 2) {
    struct rows rows;
    struct whole_events whole = {{0}};
    for (size_t r = 0; r < EVENTS; r++) {
      const size_t within = e + r % 2, event = r / 2 * quarter + within;
      const bool is_event = within < quarter && event < events;
      /* Where there are no more, the first one again, carrying nothing. */
      const size_t row = is_event ? event : 0, next = within + 2 < quarter && event + 2 < events ? event + 2 : row;
      const uint32_t value = is_event ? (uint32_t)(int32_t)values[event] : 0;
      rows.row[r] = matrix + indices[row] * stride;
      rows.next[r] = matrix + indices[next] * stride;
      whole.fours[r / 4] |= (value & 0xff) << r % 4 * 8;
      excess += value;
    }
    begin_prefetch(TERNARY, EVENTS, &rows, outputs, TERNARY_STEP);
    size_t column = 0;
    for (; column + TERNARY_STEP <= outputs; column += TERNARY_STEP) {
      prefetch(TERNARY, EVENTS, &rows, column, TERNARY_STEP);
#pragma GCC unroll 1
      for (size_t block = column; block < column + TERNARY_STEP; block += TERNARY_BLOCK)
        add(&rows, block / 4, &whole, sums + block);
    }
#pragma GCC unroll 1
    for (; column < outputs; column += TERNARY_BLOCK)
      add(&rows, column / 4, &whole, sums + column);
  }
  finish_sums(result, outputs, excess);
}

/* In registers of 256 bits: bytes times bytes, two and then four neighbours added. */
INLINE void add_block_of_bytes(const struct rows *rows, size_t byte, const struct whole_events *events, int32_t *sums) {
  __m256i bytes[FOURS][2], four[FOURS];
#pragma GCC unroll 2
  for (int f = 0; f < FOURS; f++) {
    __m128i row[4];
#pragma GCC unroll 4
    for (int r = 0; r < 4; r++)
      row[r] = _mm_loadu_si128((const __m128i *)(rows->row[4 * f + r] + byte));
    /* The bytes of four rows side by side. */
    const __m128i low[2] = {_mm_unpacklo_epi8(row[0], row[1]), _mm_unpacklo_epi8(row[2], row[3])};
    const __m128i high[2] = {_mm_unpackhi_epi8(row[0], row[1]), _mm_unpackhi_epi8(row[2], row[3])};
    bytes[f][0] = _mm256_set_m128i(_mm_unpackhi_epi16(low[0], low[1]), _mm_unpacklo_epi16(low[0], low[1]));
    bytes[f][1] = _mm256_set_m128i(_mm_unpackhi_epi16(high[0], high[1]), _mm_unpacklo_epi16(high[0], high[1]));
    four[f] = _mm256_set1_epi32((int32_t)events->fours[f]);
  }
#pragma GCC unroll 4
  for (int k = 0; k < 4; k++)
#pragma GCC unroll 2
    for (int half = 0; half < 2; half++) {
      __m256i *const place = (__m256i *)(sums + 16 * k + 8 * half);
      __m256i sum = _mm256_loadu_si256(place);
#pragma GCC unroll 2
      for (int f = 0; f < FOURS; f++) {
        const __m256i weights = _mm256_and_si256(bytes[f][half], _mm256_set1_epi8((char)(3 << 2 * k)));
        const __m256i pairs = _mm256_maddubs_epi16(weights, four[f]);
        sum = _mm256_add_epi32(sum, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
      }
      _mm256_storeu_si256(place, sum);
    }
}
