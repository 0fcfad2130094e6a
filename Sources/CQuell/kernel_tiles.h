/* Loops for several tokens, included by kernel_loops.h. A tile of weights is widened once, into the nearest cache, and
 * then serves every token. What is added to what, and in which order, is as in the loops for one token. */

/* Rows of events: as many columns as registers can hold sums of, and as many rows as leave room in the cache. */
enum { TILE_VECTORS = 8, TILE_COLUMNS = TILE_VECTORS * LANES, TILE_ROWS = 64 };

/* Rows of outputs: long enough that their sums are seldom put away. A weight and an input, once loaded, serve
 * BLOCK_TOKENS and BLOCK_OUTPUTS sums. */
enum { TILE_OUTPUTS = LANES, TILE_INPUTS = 512, BLOCK_OUTPUTS = 4, BLOCK_TOKENS = 4 };

/* Widens a piece of a row; what lies beyond `count` numbers becomes zero up to a whole register. */
INLINE void widen_piece(enum format format, const uint8_t *row, size_t column, size_t count, float *piece) {
  size_t at = 0;
  if (format == INT4)
    for (; at < count; at += BLOCK) {
      vector numbers[BLOCK / LANES];
      unpack(row + row_bytes(INT4, column + at), numbers);
#pragma GCC unroll 4
      for (int v = 0; v < BLOCK / LANES; v++)
        store(piece + at + LANES * v, numbers[v], LANES);
    }
  else {
    for (; at + LANES <= count; at += LANES)
      store(piece + at, widen(format, row, column + at, LANES), LANES);
    if (at < count)
      store(piece + at, widen(format, row, column + at, count - at), LANES);
  }
}

/* The same for a format that is no constant. */
TARGET static void widen_any(enum format format, const uint8_t *row, size_t column, size_t count, float *piece) {
  switch (format) {
  case F32:
    return widen_piece(F32, row, column, count, piece);
  case F16:
    return widen_piece(F16, row, column, count, piece);
  case BF16:
    return widen_piece(BF16, row, column, count, piece);
  case INT8:
    return widen_piece(INT8, row, column, count, piece);
  case INT4:
    return widen_piece(INT4, row, column, count, piece);
  case TERNARY:
    return widen_piece(TERNARY, row, column, count, piece);
  }
}

/* The tile that will be widened next; asked of memory bit by bit, while the present one is used. */
struct next_tile {
  const uint8_t *first;
  size_t stride, bytes, rows;
  /* The rows that are wanted, a bit each. */
  uint64_t wanted;
};

/* Asks for the share of one of `steps` steps. */
TARGET static void prefetch_share(const struct next_tile *next, size_t step, size_t steps) {
  for (size_t row = next->rows * step / steps; row < next->rows * (step + 1) / steps; row++)
    for (size_t byte = 0; byte < next->bytes && next->wanted >> row & 1; byte += 64)
      _mm_prefetch((const char *)next->first + row * next->stride + byte, _MM_HINT_T1);
}

/* ---- Rows of events ---- */

/* Adds to `vectors` registers of a token's result what its events among the rows of a tile contribute; there are
 * `lanes` columns in the last of them. */
INLINE void add_tile(int vectors, const float *tile, size_t first, const uint32_t *indices, const float *values,
                     size_t events, float *result, size_t lanes) {
  vector sum[TILE_VECTORS];
#pragma GCC unroll 8
  for (int v = 0; v < vectors; v++)
    sum[v] = load(result + LANES * v, v + 1 < vectors ? LANES : lanes);
#pragma GCC unroll 1
  for (size_t e = 0; e < events; e++) {
    const float *row = tile + (indices[e] - first) * TILE_COLUMNS;
    const vector value = broadcast(values[e]);
#pragma GCC unroll 8
    for (int v = 0; v < vectors; v++)
      sum[v] = multiply_add(load(row + LANES * v, LANES), value, sum[v]);
  }
#pragma GCC unroll 8
  for (int v = 0; v < vectors; v++)
    store(result + LANES * v, sum[v], v + 1 < vectors ? LANES : lanes);
}

TARGET static void add_rows_together(uint32_t type, const void *matrix, size_t stride, size_t outputs, size_t first,
                                     size_t last, const quell_token *tokens, size_t count, size_t offset) {
  const enum format format = (enum format)type;
  _Alignas(64) float tile[TILE_ROWS * TILE_COLUMNS];
  size_t begin[QUELL_TOKENS_TOGETHER] = {0}, end[QUELL_TOKENS_TOGETHER];
  for (; first < last; first += TILE_ROWS) {
    const size_t rows = last - first < TILE_ROWS ? last - first : TILE_ROWS;
    const size_t later = last - first - rows < TILE_ROWS ? last - first - rows : TILE_ROWS;
    const uint8_t *const top = (const uint8_t *)matrix + first * stride;
    /* Rows for which no token has an event are not read. */
    uint64_t fired = 0;
    for (size_t t = 0; t < count; t++)
      for (end[t] = begin[t]; end[t] < tokens[t].events && tokens[t].indices[end[t]] < first + rows; end[t]++)
        fired |= 1ull << (tokens[t].indices[end[t]] - first);
    for (size_t column = 0; column < outputs; column += TILE_COLUMNS) {
      const size_t columns = outputs - column < TILE_COLUMNS ? outputs - column : TILE_COLUMNS;
      const size_t right = outputs - column - columns < TILE_COLUMNS ? outputs - column - columns : TILE_COLUMNS;
      struct next_tile next = {top + row_bytes(format, column + columns), stride, row_bytes(format, right), rows,
                               fired};
      if (right == 0)
        next = (struct next_tile){top + rows * stride, stride,
                                  row_bytes(format, outputs < TILE_COLUMNS ? outputs : TILE_COLUMNS), later, ~0ull};
      for (uint64_t left = fired; left; left &= left - 1) {
        const int row = __builtin_ctzll(left);
        widen_any(format, top + row * stride, column, columns, tile + row * TILE_COLUMNS);
      }
      for (size_t t = 0; t < count; t++) {
        const uint32_t *indices = tokens[t].indices + begin[t];
        const float *values = tokens[t].values + begin[t];
        float *result = tokens[t].result + offset + column;
        const size_t events = end[t] - begin[t];
        prefetch_share(&next, t, count);
        if (columns == TILE_COLUMNS)
          add_tile(TILE_VECTORS, tile, first, indices, values, events, result, LANES);
        else
#pragma GCC unroll 1
          for (size_t at = 0; at < columns; at += LANES)
            add_tile(1, tile + at, first, indices, values, events, result + at,
                     columns - at < LANES ? columns - at : LANES);
      }
    }
    for (size_t t = 0; t < count; t++)
      begin[t] = end[t];
  }
}

/* ---- Rows of outputs ---- */

/* Adds products of LANES inputs, or of the `lanes` that there are, to sums of BLOCK_TOKENS tokens and BLOCK_OUTPUTS
 * rows. */
INLINE void multiply_block(const float *tile, const float *const *numbers, size_t column, size_t lanes,
                           vector (*sum)[BLOCK_OUTPUTS]) {
  vector weights[BLOCK_OUTPUTS];
#pragma GCC unroll 4
  for (int r = 0; r < BLOCK_OUTPUTS; r++)
    weights[r] = load(tile + r * TILE_INPUTS + column, LANES);
#pragma GCC unroll 4
  for (int t = 0; t < BLOCK_TOKENS; t++) {
    const vector some = load(numbers[t] + column, lanes);
#pragma GCC unroll 4
    for (int r = 0; r < BLOCK_OUTPUTS; r++)
      sum[t][r] = multiply_add(weights[r], some, sum[t][r]);
  }
}

/* Takes the sums of BLOCK_TOKENS tokens and BLOCK_OUTPUTS rows `count` inputs further. */
TARGET static void multiply_tile(const float *tile, const float *const *numbers, size_t count,
                                 vector (*sums)[TILE_OUTPUTS]) {
  const float *number[BLOCK_TOKENS];
  vector sum[BLOCK_TOKENS][BLOCK_OUTPUTS];
#pragma GCC unroll 4
  for (int t = 0; t < BLOCK_TOKENS; t++) {
    number[t] = numbers[t];
#pragma GCC unroll 4
    for (int r = 0; r < BLOCK_OUTPUTS; r++)
      sum[t][r] = sums[t][r];
  }
  size_t column = 0;
#pragma GCC unroll 1
  for (; column + LANES <= count; column += LANES)
    multiply_block(tile, number, column, LANES, sum);
  if (column < count)
    multiply_block(tile, number, column, count - column, sum);
#pragma GCC unroll 4
  for (int t = 0; t < BLOCK_TOKENS; t++)
#pragma GCC unroll 4
    for (int r = 0; r < BLOCK_OUTPUTS; r++)
      sums[t][r] = sum[t][r];
}

TARGET static void multiply_rows_together(uint32_t type, const void *matrix, size_t outputs, size_t inputs,
                                          const quell_token *tokens, size_t count, size_t offset) {
  const enum format format = (enum format)type;
  const size_t bytes = row_bytes(format, inputs);
  _Alignas(64) float tile[TILE_OUTPUTS * TILE_INPUTS];
  vector sums[QUELL_TOKENS_TOGETHER][TILE_OUTPUTS];
  for (size_t output = 0; output < outputs; output += TILE_OUTPUTS) {
    const size_t rows = outputs - output < TILE_OUTPUTS ? outputs - output : TILE_OUTPUTS;
    const size_t later = outputs - output - rows < TILE_OUTPUTS ? outputs - output - rows : TILE_OUTPUTS;
    const uint8_t *const top = (const uint8_t *)matrix + output * bytes;
    for (size_t t = 0; t < QUELL_TOKENS_TOGETHER && t < count + BLOCK_TOKENS; t++)
      for (size_t r = 0; r < TILE_OUTPUTS; r++)
        sums[t][r] = zeros();
    for (size_t column = 0; column < inputs; column += TILE_INPUTS) {
      const size_t columns = inputs - column < TILE_INPUTS ? inputs - column : TILE_INPUTS;
      const size_t right = inputs - column - columns < TILE_INPUTS ? inputs - column - columns : TILE_INPUTS;
      struct next_tile next = {top + row_bytes(format, column + columns), bytes, row_bytes(format, right), rows, ~0ull};
      if (right == 0)
        next = (struct next_tile){top + rows * bytes, bytes,
                                  row_bytes(format, inputs < TILE_INPUTS ? inputs : TILE_INPUTS), later, ~0ull};
      for (size_t r = 0; r < rows; r++)
        widen_any(format, top + r * bytes, column, columns, tile + r * TILE_INPUTS);
      for (size_t t = 0; t < count; t += BLOCK_TOKENS) {
        const float *numbers[BLOCK_TOKENS];
        for (size_t k = 0; k < BLOCK_TOKENS; k++)
          numbers[k] = tokens[t + k < count ? t + k : t].dense + column;
        prefetch_share(&next, t / BLOCK_TOKENS, (count + BLOCK_TOKENS - 1) / BLOCK_TOKENS);
        for (size_t r = 0; r < rows; r += BLOCK_OUTPUTS)
          multiply_tile(tile + r * TILE_INPUTS, numbers, columns, (vector(*)[TILE_OUTPUTS]) & sums[t][r]);
      }
    }
    for (size_t t = 0; t < count; t++) {
      float *result = tokens[t].result + offset + output;
      store(result, add(load(result, rows), totals(sums[t])), rows);
    }
  }
}
