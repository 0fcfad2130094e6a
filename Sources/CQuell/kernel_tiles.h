/* Loops for several tokens, included by kernel_loops.h. A tile of weights is widened once, into the nearest cache, and
 * then serves every token. What is added to what, and in which order, is as in the loops for one token. */

/* Rows of events: as many columns as registers can hold sums of, and as many rows as leave room in the cache. Of two
 * tokens together, there are sums of PAIR_VECTORS. */
enum { TILE_VECTORS = 8, TILE_COLUMNS = TILE_VECTORS * LANES, TILE_ROWS = 64, PAIR_VECTORS = LANES / 2 };

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
  /* The row that is asked for next, and how much of it is due. */
  size_t row, due;
};

/* The piece of a row from a column on, in so many rows. */
INLINE struct next_tile next_piece(enum format format, const uint8_t *row, size_t stride, size_t column, size_t columns,
                                   size_t rows, uint64_t wanted) {
  return (struct next_tile){row + row_bytes(format, column), stride, row_bytes(format, columns), rows, wanted, 0, 0};
}

/* Asks for the share of so many tokens of all. */
INLINE void prefetch_share(struct next_tile *next, size_t tokens, size_t all) {
  for (next->due += next->rows * tokens; next->due >= all; next->due -= all, next->row++)
    for (size_t byte = 0; byte < next->bytes && next->wanted >> next->row & 1; byte += 64)
      _mm_prefetch((const char *)next->first + next->row * next->stride + byte, _MM_HINT_T1);
}

/* ---- Rows of events ---- */

/* Adds to `vectors` registers of the results of `together` tokens what their events among the rows of a tile
 * contribute. Two tokens have their events at the same rows. There are `lanes` columns in the last register. */
INLINE void add_tile(int vectors, int together, const float *tile, size_t first, const uint32_t *indices,
                     const float *const *values, size_t events, float *const *results, size_t lanes) {
  vector sum[2][TILE_VECTORS];
#pragma GCC unroll 2
  for (int t = 0; t < together; t++)
#pragma GCC unroll 8
    for (int v = 0; v < vectors; v++)
      sum[t][v] = load(results[t] + LANES * v, v + 1 < vectors ? LANES : lanes);
#pragma GCC unroll 1
  for (size_t e = 0; e < events; e++) {
    const float *row = tile + (indices[e] - first) * TILE_COLUMNS;
    const vector value = broadcast(values[0][e]);
    const vector other = together > 1 ? broadcast(values[1][e]) : value;
#pragma GCC unroll 8
    for (int v = 0; v < vectors; v++) {
      vector weights = load(row + LANES * v, LANES);
      /* One load for two sums: loads are what one token's sums wait for. GCC would load for each of them. */
      if (together > 1)
        __asm__("" : "+v"(weights));
      sum[0][v] = multiply_add(weights, value, sum[0][v]);
      if (together > 1)
        sum[1][v] = multiply_add(weights, other, sum[1][v]);
    }
  }
#pragma GCC unroll 2
  for (int t = 0; t < together; t++)
#pragma GCC unroll 8
    for (int v = 0; v < vectors; v++)
      store(results[t] + LANES * v, sum[t][v], v + 1 < vectors ? LANES : lanes);
}

/* A token's share of a tile that reaches to `columns`. */
INLINE void add_share(const float *tile, size_t first, const quell_token *token, size_t begin, size_t end,
                      size_t column, size_t columns) {
  const uint32_t *indices = token->indices + begin;
  const float *values = token->values + begin;
  float *result = token->result + column;
  if (columns == TILE_COLUMNS)
    return add_tile(TILE_VECTORS, 1, tile, first, indices, &values, end - begin, &result, LANES);
#pragma GCC unroll 1
  for (size_t at = 0; at < columns; at += LANES, result += LANES)
    add_tile(1, 1, tile + at, first, indices, &values, end - begin, &result,
             columns - at < LANES ? columns - at : LANES);
}

/* The same for two tokens that have an event at each of its rows, where it has all columns. */
INLINE void add_pair(const float *tile, size_t first, const quell_token *tokens, const size_t *begin, size_t rows,
                     size_t column) {
  const float *const values[2] = {tokens[0].values + begin[0], tokens[1].values + begin[1]};
#pragma GCC unroll 1
  for (size_t at = 0; at < TILE_COLUMNS; at += PAIR_VECTORS * LANES) {
    float *const results[2] = {tokens[0].result + column + at, tokens[1].result + column + at};
    add_tile(PAIR_VECTORS, 2, tile + at, first, tokens[0].indices + begin[0], values, rows, results, LANES);
  }
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
    /* The tokens that have an event at every row, from the first on. */
    size_t whole = 0;
    for (size_t t = 0; t < count; t++) {
      end[t] = begin[t] + rows;
      if (end[t] <= tokens[t].events && tokens[t].indices[end[t] - 1] == first + rows - 1) {
        fired = ~0ull >> (64 - rows);
        whole += whole == t;
      } else
        for (end[t] = begin[t]; end[t] < tokens[t].events && tokens[t].indices[end[t]] < first + rows; end[t]++)
          fired |= 1ull << (tokens[t].indices[end[t]] - first);
    }
    for (size_t column = 0; column < outputs; column += TILE_COLUMNS) {
      const size_t columns = outputs - column < TILE_COLUMNS ? outputs - column : TILE_COLUMNS;
      const size_t right = outputs - column - columns < TILE_COLUMNS ? outputs - column - columns : TILE_COLUMNS;
      struct next_tile next = next_piece(format, top, stride, column + columns, right, rows, fired);
      if (right == 0)
        next = next_piece(format, top + rows * stride, stride, 0, outputs < TILE_COLUMNS ? outputs : TILE_COLUMNS,
                          later, ~0ull);
      for (uint64_t left = fired; left; left &= left - 1) {
        const int row = __builtin_ctzll(left);
        widen_any(format, top + row * stride, column, columns, tile + row * TILE_COLUMNS);
      }
      size_t t = 0;
      for (; columns == TILE_COLUMNS && t + 2 <= whole; t += 2) {
        prefetch_share(&next, 2, count);
        add_pair(tile, first, tokens + t, begin + t, rows, offset + column);
      }
      for (; t < count; t++) {
        prefetch_share(&next, 1, count);
        add_share(tile, first, &tokens[t], begin[t], end[t], offset + column, columns);
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
      struct next_tile next = next_piece(format, top, bytes, column + columns, right, rows, ~0ull);
      if (right == 0)
        next =
            next_piece(format, top + rows * bytes, bytes, 0, inputs < TILE_INPUTS ? inputs : TILE_INPUTS, later, ~0ull);
      for (size_t r = 0; r < rows; r++)
        widen_any(format, top + r * bytes, column, columns, tile + r * TILE_INPUTS);
      for (size_t t = 0; t < count; t += BLOCK_TOKENS) {
        const float *numbers[BLOCK_TOKENS];
        for (size_t k = 0; k < BLOCK_TOKENS; k++)
          numbers[k] = tokens[t + k < count ? t + k : t].dense + column;
        prefetch_share(&next, count - t < BLOCK_TOKENS ? count - t : BLOCK_TOKENS, count);
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
