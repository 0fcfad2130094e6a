/* Rows of ternary weights, included by kernel_loops.h. Events are whole numbers of 8 bits, so sums are of integers:
 * exact, whatever their order. */

/* A block of 64 weights in 16 bytes: byte j holds weights j, j + 16, j + 32 and j + 48, two bits each from the lowest
 * up, as 0, 1 and 2. A step is a line of the cache. */
enum { TERNARY_BLOCK = 64, TERNARY_STEP = 256 };

/* The rows of a pass, which are multiplied two by two. Each is of a stretch of the events of its own: where all rows
 * are events, memory is read in as many streams, which comes faster than one. More streams come slower again. */
enum { STREAMS = 6, PAIRS = STREAMS / 2 };

/* How many columns are added up in 16 bits, 64 kB of the stack: no less than rows have, as a rule. Memory is read so
 * much faster in whole rows that it matters less whether the sums are in the first-level or the second-level cache. */
enum { SPAN = 32768 };

/* What the magnitudes of events may add up to, so that 16 bits hold their sums: of quadruples of -1, 0 and 1. Two bits
 * can be 3, which no file should have: sums with it are of no use, whatever they are. */
enum { MOST_MAGNITUDE = INT16_MAX / 4 };

/* Sums of a span in 16 bits, of weights as they are stored, too large by 1; on the way they may wrap. Two blocks have
 * eight registers: for each of the four pairs of bits in a byte one of bytes 0 to 7 of both blocks, and one of bytes
 * 8 to 15. Pairs of bits that stay second in their half of a byte make quadruples. */
struct small_sums {
  __m256i sums[SPAN / 16];
  /* What the events in them add up to, and what their magnitudes may still add. */
  int32_t events, left;
};

/* Which events a pass has: `count` of them, `apart` from one another. All passes have one of each stretch, but for a
 * last one, which has what is left over. */
struct pass_events {
  size_t first, apart, count;
};

INLINE struct pass_events events_of_pass(size_t number, size_t length, size_t events) {
  if (number < length)
    return (struct pass_events){number, length, STREAMS};
  return (struct pass_events){STREAMS * length, 1, events - STREAMS * length};
}

/* So many passes are prepared together. */
enum { PREPARED = 8 };

/* What passes that follow one another multiply with. */
struct prepared_passes {
  /* The two events of a pair, a byte each. */
  int32_t pairs[PAIRS][PREPARED];
  /* What the events of a pass add up to, and their magnitudes. */
  int32_t events[PREPARED], magnitudes[PREPARED];
};

/* Prepares `passes` passes from one on, which have their events one place further each; those that a pass lacks carry
 * nothing. */
INLINE void prepare_passes(struct prepared_passes *prepared, struct pass_events which, size_t passes,
                           const float *values) {
  const __m256i places = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7), byte = _mm256_set1_epi32(0xff);
  const __m256i wanted = _mm256_cmpgt_epi32(_mm256_set1_epi32((int32_t)passes), places);
  __m256i events = _mm256_setzero_si256(), magnitudes = events, pair = events;
#pragma GCC unroll 6
  for (size_t r = 0; r < STREAMS; r++) {
    __m256i event = _mm256_setzero_si256();
    if (r < which.count)
      event = _mm256_cvttps_epi32(_mm256_maskload_ps(values + which.first + r * which.apart, wanted));
    events = _mm256_add_epi32(events, event);
    magnitudes = _mm256_add_epi32(magnitudes, _mm256_abs_epi32(event));
    event = _mm256_and_si256(event, byte);
    pair = r % 2 ? _mm256_or_si256(pair, _mm256_slli_epi32(event, 8)) : event;
    if (r % 2)
      _mm256_storeu_si256((__m256i *)prepared->pairs[r / 2], pair);
  }
  _mm256_storeu_si256((__m256i *)prepared->events, events);
  _mm256_storeu_si256((__m256i *)prepared->magnitudes, magnitudes);
}

/* The rows of a pass, and its events. */
struct ternary_pass {
  struct rows rows;
  __m256i pair[PAIRS];
};

/* The rows that are asked for while a pass is added; instead of those that it lacks the first one of all. */
INLINE void find_next_rows(struct rows *rows, struct pass_events which, const uint8_t *matrix, size_t stride,
                           const uint32_t *indices) {
#pragma GCC unroll 6
  for (size_t r = 0; r < STREAMS; r++)
    rows->next[r] = matrix + indices[r < which.count ? which.first + r * which.apart : 0] * stride;
}

/* Asks for what no pass before asks for. */
INLINE void prefetch_first_rows(const struct rows *rows, size_t outputs) {
  for (size_t byte = 0; byte < AHEAD && byte < row_bytes(TERNARY, outputs); byte += 64)
#pragma GCC unroll 6
    for (size_t r = 0; r < STREAMS; r++)
      _mm_prefetch((const char *)rows->next[r] + byte, _MM_HINT_T0);
}

/* Takes up the rows that were asked for, and one of the passes that are prepared. */
INLINE void begin_ternary_pass(struct ternary_pass *pass, const struct prepared_passes *prepared, size_t number) {
#pragma GCC unroll 6
  for (size_t r = 0; r < STREAMS; r++)
    pass->rows.row[r] = pass->rows.next[r];
#pragma GCC unroll 3
  for (size_t p = 0; p < PAIRS; p++)
    pass->pair[p] = _mm256_set1_epi16((int16_t)prepared->pairs[p][number]);
}

/* One block of a row, or two. */
INLINE __m256i load_blocks(const uint8_t *row, int blocks) {
  return blocks == 2 ? _mm256_loadu_si256((const __m256i *)row)
                     : _mm256_zextsi128_si256(_mm_loadu_si128((const __m128i *)row));
}

/* Adds what the rows of a pass have in one block or two, which begin at a byte of them. */
INLINE void add_blocks_of_pairs(const struct ternary_pass *pass, int blocks, size_t byte, __m256i *sums) {
  const __m256i mask[2] = {_mm256_set1_epi8(3), _mm256_set1_epi8(3 << 2)};
  __m256i bytes[2][PAIRS];
#pragma GCC unroll 3
  for (int p = 0; p < PAIRS; p++) {
    const __m256i first = load_blocks(pass->rows.row[2 * p] + byte, blocks);
    const __m256i second = load_blocks(pass->rows.row[2 * p + 1] + byte, blocks);
    bytes[0][p] = _mm256_unpacklo_epi8(first, second);
    bytes[1][p] = _mm256_unpackhi_epi8(first, second);
  }
#pragma GCC unroll 2
  for (int half = 0; half < 2; half++)
#pragma GCC unroll 4
    for (int bits = 0; bits < 4; bits++) {
      __m256i *const place = sums + byte / 4 + 2 * bits + half;
      __m256i sum = _mm256_loadu_si256(place);
#pragma GCC unroll 3
      for (int p = 0; p < PAIRS; p++) {
        if (bits == 2)
          bytes[half][p] = _mm256_srli_epi16(bytes[half][p], 4);
        const __m256i weights = _mm256_and_si256(bytes[half][p], mask[bits % 2]);
        sum = _mm256_add_epi16(sum, _mm256_maddubs_epi16(weights, pass->pair[p]));
      }
      _mm256_storeu_si256(place, sum);
    }
}

INLINE void run_ternary_pass(struct ternary_pass *pass, size_t outputs, __m256i *sums) {
  begin_prefetch(TERNARY, STREAMS, &pass->rows, outputs, TERNARY_STEP);
  const size_t bytes = outputs / 4;
  size_t byte = 0;
  for (; byte + 64 <= bytes; byte += 64) {
    prefetch(TERNARY, STREAMS, &pass->rows, 4 * byte, TERNARY_STEP);
    add_blocks_of_pairs(pass, 2, byte, sums);
    add_blocks_of_pairs(pass, 2, byte + 32, sums);
  }
  if (byte + 32 <= bytes) {
    add_blocks_of_pairs(pass, 2, byte, sums);
    byte += 32;
  }
  if (byte < bytes)
    add_blocks_of_pairs(pass, 1, byte, sums);
}

INLINE void begin_small_sums(struct small_sums *small, size_t outputs) {
  for (size_t i = 0; i < (outputs + TERNARY_BLOCK) / 128 * 8; i++)
    small->sums[i] = _mm256_setzero_si256();
  small->events = 0;
  small->left = MOST_MAGNITUDE;
}

/* Puts sums of 16 bits into the results, which are whole numbers as well, or adds them to these. */
INLINE void put_small_sums(const struct small_sums *small, float *result, size_t outputs, bool begins) {
  for (size_t block = 0; block < outputs; block += TERNARY_BLOCK)
#pragma GCC unroll 8
    for (size_t i = 0; i < 8; i++) {
      const bool is_quadruple = i / 2 % 2;
      const int32_t excess = is_quadruple ? 4 * small->events : small->events;
      const __m128i *const both = (const __m128i *)(small->sums + block / 128 * 8 + i);
      __m128i sum = _mm_sub_epi16(_mm_loadu_si128(both + block / 64 % 2), _mm_set1_epi16((int16_t)excess));
      if (is_quadruple)
        sum = _mm_srai_epi16(sum, 2);
      float *const place = result + block + 8 * i;
      const __m256 sums = _mm256_cvtepi32_ps(_mm256_cvtepi16_epi32(sum));
      _mm256_storeu_ps(place, begins ? sums : _mm256_add_ps(_mm256_loadu_ps(place), sums));
    }
}

/* Empties sums of 16 bits into the results, the first time as what these begin with. */
INLINE void empty_small_sums(const struct small_sums *small, float *result, size_t outputs, bool *begins) {
  if (*begins)
    put_small_sums(small, result, outputs, true);
  else
    put_small_sums(small, result, outputs, false);
  *begins = false;
}

/* Makes the sums of columns of which there are no more than a span, or adds to them. */
INLINE void run_ternary_span(const uint8_t *matrix, size_t stride, size_t outputs, const uint32_t *indices,
                             const float *values, size_t events, float *result, bool begins) {
  const size_t length = events / STREAMS, passes = (events + STREAMS - 1) / STREAMS;
  struct ternary_pass pass;
  find_next_rows(&pass.rows, events_of_pass(0, length, events), matrix, stride, indices);
  prefetch_first_rows(&pass.rows, outputs);
  struct small_sums small;
  begin_small_sums(&small, outputs);
  struct prepared_passes prepared;
  size_t place = 0, ready = 0;
  for (size_t number = 0; number < passes; number++, place++) {
    if (place == ready) {
      const size_t left = number < length ? length - number : 1;
      ready = left < PREPARED ? left : PREPARED;
      prepare_passes(&prepared, events_of_pass(number, length, events), ready, values);
      place = 0;
    }
    begin_ternary_pass(&pass, &prepared, place);
    find_next_rows(&pass.rows, events_of_pass(number + 1, length, events), matrix, stride, indices);
    if (prepared.magnitudes[place] > small.left) {
      empty_small_sums(&small, result, outputs, &begins);
      begin_small_sums(&small, outputs);
    }
    small.left -= prepared.magnitudes[place];
    small.events += prepared.events[place];
    run_ternary_pass(&pass, outputs, small.sums);
  }
  empty_small_sums(&small, result, outputs, &begins);
}

/* Not inlined, so that the loop is there once. */
TARGET __attribute__((noinline)) static void run_ternary(const uint8_t *matrix, size_t stride, size_t outputs,
                                                         const uint32_t *indices, const float *values, size_t events,
                                                         float *result, bool begins) {
  for (size_t first = 0; first < outputs; first += SPAN)
    run_ternary_span(matrix + row_bytes(TERNARY, first), stride, outputs - first < SPAN ? outputs - first : SPAN,
                     indices, values, events, result + first, begins);
}

TARGET static void add_rows_ternary(const void *matrix, size_t stride, size_t outputs, const uint32_t *indices,
                                    const float *values, size_t events, float *result) {
  if (events)
    run_ternary(matrix, stride, outputs, indices, values, events, result, false);
}

TARGET static void sum_rows_ternary(const void *matrix, size_t stride, size_t outputs, const uint32_t *indices,
                                    const float *values, size_t events, float *result) {
  if (events)
    run_ternary(matrix, stride, outputs, indices, values, events, result, true);
  else
    memset(result, 0, outputs * sizeof *result);
}
