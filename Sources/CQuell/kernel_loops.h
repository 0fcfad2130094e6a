/* The loops of the kernels for x86, compiled once for each instruction set by a file that has defined
 *
 *   TARGET, INLINE  attributes of functions, and of functions that are compiled into their callers
 *   LANES, vector   how many floats a register holds, and its type
 *
 * and, for counts of 1 to LANES of which LANES is a constant, the functions that are declared below. A count less than
 * LANES touches no byte beyond it and leaves zeros in the lanes beyond it. */
#include "kernels.h"
#include <immintrin.h>

/* The formats of weights, by GGUF's numbers, and one that it has not. A constant in most calls, so that each kernel is
 * compiled for one. */
enum format { F32 = 0, F16 = 1, INT4 = 2, INT8 = 24, BF16 = 30, TERNARY = 256 };

/* How many columns a full step takes, and how many rows a pass takes of events and of outputs. One row after another
 * would leave memory idle: it answers many requests at a time. */
enum { WIDTH = 64, VECTORS = WIDTH / LANES, EVENTS = 8, OUTPUTS = 4 };

/* 4-bit integers: how many share a scale, in how many bytes. */
enum { BLOCK = 32, BLOCK_BYTES = 18 };

INLINE vector zeros(void);
INLINE vector broadcast(float number);
INLINE vector add(vector a, vector b);
INLINE vector square_root(vector numbers);
/* To whole numbers, of two that are as near to the even one. */
INLINE vector rounded(vector numbers);
/* Of each two the lesser or the greater one, and of two that cannot be compared the second. */
INLINE vector lesser(vector a, vector b);
INLINE vector greater(vector a, vector b);
INLINE vector multiply_add(vector a, vector b, vector sum);
/* What the lanes add up to, always in the same order, and the same of LANES vectors, one in each lane. */
INLINE float total(vector sum);
INLINE vector totals(const vector sums[LANES]);
INLINE vector load(const float *from, size_t count);
INLINE void store(float *to, vector numbers, size_t count);
/* Numbers of a row in any format but INT4; of ternary ones LANES, from a multiple of LANES on. */
INLINE vector widen(enum format format, const uint8_t *row, size_t column, size_t count);
/* The numbers of a block: its integers times its scale, which a float holds exactly. */
INLINE void unpack(const uint8_t *block, vector numbers[BLOCK / LANES]);

/* The scale of a block, in the lowest lane. In assembly, because compilers make two instructions of a load and a
 * conversion, of which the second keeps the unit busy that the integers wait for. Eight bytes are read. */
INLINE __m128 block_scale(const uint8_t *block) {
  __m128 numbers;
  __asm__("vcvtph2ps %1, %0" : "=x"(numbers) : "m"(*(const uint64_t *)block));
  return numbers;
}

INLINE size_t row_bytes(enum format format, size_t columns) {
  switch (format) {
  case F32:
    return columns * 4;
  case F16:
  case BF16:
    return columns * 2;
  case INT8:
    return columns;
  case TERNARY:
    return columns / 4;
  default:
    return columns / BLOCK * BLOCK_BYTES;
  }
}

/* The byte of a row that holds a ternary number, and where in it. */
INLINE size_t ternary_place(size_t column) {
  return column / 64 * 16 + column % 16;
}
INLINE int ternary_shift(size_t column) {
  return (int)(column / 16 % 4 * 2);
}

/* The rows of the events of a pass, and those of the next one. */
struct rows {
  const uint8_t *row[EVENTS];
  const uint8_t *next[EVENTS];
  /* What is asked of memory when a column is used: what comes later in the row, then, from the column `turn` on, the
   * beginning of the next one; where rows are short, the same column of the next one. */
  const uint8_t *ahead[EVENTS];
  size_t turn;
};

/* How many bytes of a row are asked for ahead: enough for memory to answer, few enough to stay in the first cache. */
enum { AHEAD = 1024 };

INLINE void begin_prefetch(enum format format, int count, struct rows *rows, size_t columns, size_t step) {
  const size_t bytes = row_bytes(format, columns), distance = AHEAD / row_bytes(format, step) * step;
  const bool is_short = bytes < AHEAD;
  rows->turn = is_short ? columns : (columns - distance) / step * step;
#pragma GCC unroll 8
  for (int r = 0; r < count; r++)
    rows->ahead[r] = is_short ? rows->next[r] : rows->row[r] + row_bytes(format, columns / step * step - rows->turn);
}

INLINE void prefetch(enum format format, int count, struct rows *rows, size_t column, size_t step) {
  if (column == rows->turn)
#pragma GCC unroll 8
    for (int r = 0; r < count; r++)
      rows->ahead[r] = rows->next[r] - row_bytes(format, column);
#pragma GCC unroll 8
  for (int r = 0; r < count; r++)
#pragma GCC unroll 4
    for (size_t byte = 0; byte < row_bytes(format, step); byte += 64)
      _mm_prefetch((const char *)rows->ahead[r] + row_bytes(format, column) + byte, _MM_HINT_T0);
}

/* ---- Rows of events ---- */

INLINE void add_floats(enum format format, int count, struct rows *rows, const vector *value, size_t outputs,
                       float *result) {
  begin_prefetch(format, count, rows, outputs, WIDTH);
  for (size_t column = 0; column + WIDTH <= outputs; column += WIDTH) {
    vector sum[VECTORS];
    prefetch(format, count, rows, column, WIDTH);
#pragma GCC unroll 8
    for (int v = 0; v < VECTORS; v++)
      sum[v] = load(result + column + LANES * v, LANES);
#pragma GCC unroll 8
    for (int r = 0; r < count; r++)
#pragma GCC unroll 8
      for (int v = 0; v < VECTORS; v++)
        sum[v] = multiply_add(widen(format, rows->row[r], column + LANES * v, LANES), value[r], sum[v]);
#pragma GCC unroll 8
    for (int v = 0; v < VECTORS; v++)
      store(result + column + LANES * v, sum[v], LANES);
  }
}

/* Adds all events to the last columns, which are no full step. */
INLINE void add_last(enum format format, const uint8_t *matrix, size_t stride, size_t outputs, const uint32_t *indices,
                     const float *values, size_t events, float *result) {
  for (size_t column = outputs / WIDTH * WIDTH; column < outputs; column += LANES) {
    const size_t lanes = outputs - column < LANES ? outputs - column : LANES;
    vector sum = load(result + column, lanes);
#pragma GCC unroll 1
    for (size_t e = 0; e < events; e++)
      sum = multiply_add(widen(format, matrix + indices[e] * stride, column, lanes), broadcast(values[e]), sum);
    store(result + column, sum, lanes);
  }
}

INLINE void add_blocks(int count, struct rows *rows, const vector *value, size_t outputs, float *result) {
  begin_prefetch(INT4, count, rows, outputs, BLOCK);
  for (size_t block = 0; block < outputs / BLOCK; block++) {
    vector sum[BLOCK / LANES];
    prefetch(INT4, count, rows, BLOCK * block, BLOCK);
#pragma GCC unroll 4
    for (int v = 0; v < BLOCK / LANES; v++)
      sum[v] = load(result + BLOCK * block + LANES * v, LANES);
#pragma GCC unroll 8
    for (int r = 0; r < count; r++) {
      const uint8_t *at = rows->row[r] + BLOCK_BYTES * block;
      vector numbers[BLOCK / LANES];
      unpack(at, numbers);
#pragma GCC unroll 4
      for (int v = 0; v < BLOCK / LANES; v++)
        sum[v] = multiply_add(numbers[v], value[r], sum[v]);
    }
#pragma GCC unroll 4
    for (int v = 0; v < BLOCK / LANES; v++)
      store(result + BLOCK * block + LANES * v, sum[v], LANES);
  }
}

/* Adds the first `count` of the events that are left. */
INLINE void add_pass(enum format format, int count, const uint8_t *matrix, size_t stride, size_t outputs,
                     const uint32_t *indices, const float *values, size_t left, float *result) {
  struct rows rows;
  vector value[EVENTS];
#pragma GCC unroll 8
  for (int r = 0; r < count; r++) {
    const size_t next = (size_t)(count + r) < left ? (size_t)(count + r) : (size_t)r;
    rows.row[r] = matrix + indices[r] * stride;
    rows.next[r] = matrix + indices[next] * stride;
    value[r] = broadcast(values[r]);
  }
  if (format == INT4)
    add_blocks(count, &rows, value, outputs, result);
  else
    add_floats(format, count, &rows, value, outputs, result);
}

INLINE void add_rows(enum format format, const void *matrix, size_t stride, size_t outputs, const uint32_t *indices,
                     const float *values, size_t events, float *result) {
  size_t e = 0;
  for (; e + EVENTS <= events; e += EVENTS)
    add_pass(format, EVENTS, matrix, stride, outputs, indices + e, values + e, events - e, result);
  for (; e + 2 <= events; e += 2)
    add_pass(format, 2, matrix, stride, outputs, indices + e, values + e, events - e, result);
  if (e < events)
    add_pass(format, 1, matrix, stride, outputs, indices + e, values + e, 1, result);
  if (format != INT4)
    add_last(format, matrix, stride, outputs, indices, values, events, result);
}

#include "kernel_elementwise.h"
#include "kernel_reductions.h"
#include "kernel_ternary.h"

/* ---- Rows of outputs ---- */

/* A pass takes rows that lie far apart, each followed by the row of the next pass: memory is read in as many streams,
 * which a processor follows side by side, faster than a single one. */

/* Asks for what comes later in each stream. */
INLINE void prefetch_streams(enum format format, int count, const uint8_t *const *row, size_t column, size_t step) {
#pragma GCC unroll 4
  for (int r = 0; r < count; r++)
#pragma GCC unroll 4
    for (size_t byte = 0; byte < row_bytes(format, step); byte += 64)
      _mm_prefetch((const char *)row[r] + row_bytes(format, column) + byte + AHEAD, _MM_HINT_T0);
}

/* Adds products of LANES inputs, or of the `lanes` that there are, to the sums of `count` rows. */
INLINE void multiply_some(enum format format, int count, const uint8_t *const *row, const float *numbers, size_t column,
                          size_t lanes, vector *sum) {
  const vector some = load(numbers + column, lanes);
#pragma GCC unroll 4
  for (int r = 0; r < count; r++)
    sum[r] = multiply_add(widen(format, row[r], column, lanes), some, sum[r]);
}

INLINE void multiply_floats(enum format format, int count, const uint8_t *const *row, const float *numbers,
                            size_t inputs, vector *sum) {
  size_t column = 0;
  for (; column + WIDTH <= inputs; column += WIDTH) {
    prefetch_streams(format, count, row, column, WIDTH);
#pragma GCC unroll 8
    for (int v = 0; v < VECTORS; v++)
      multiply_some(format, count, row, numbers, column + LANES * v, LANES, sum);
  }
#pragma GCC unroll 1
  for (; column < inputs; column += LANES)
    multiply_some(format, count, row, numbers, column, inputs - column < LANES ? inputs - column : LANES, sum);
}

INLINE void multiply_blocks(int count, const uint8_t *const *row, const float *numbers, size_t inputs, vector *sum) {
  for (size_t column = 0; column < inputs; column += BLOCK) {
    prefetch_streams(INT4, count, row, column, BLOCK);
#pragma GCC unroll 4
    for (int r = 0; r < count; r++) {
      vector weights[BLOCK / LANES];
      unpack(row[r] + row_bytes(INT4, column), weights);
#pragma GCC unroll 4
      for (int v = 0; v < BLOCK / LANES; v++)
        sum[r] = multiply_add(weights[v], load(numbers + column + LANES * v, LANES), sum[r]);
    }
  }
}

/* Adds to `count` outputs, which lie `apart` from one another. */
INLINE void multiply_pass(enum format format, int count, const uint8_t *matrix, size_t apart, const float *numbers,
                          size_t inputs, float *result) {
  const uint8_t *row[OUTPUTS];
  vector sum[OUTPUTS];
#pragma GCC unroll 4
  for (int r = 0; r < count; r++) {
    row[r] = matrix + r * apart * row_bytes(format, inputs);
    sum[r] = zeros();
  }
  if (format == INT4)
    multiply_blocks(count, row, numbers, inputs, sum);
  else
    multiply_floats(format, count, row, numbers, inputs, sum);
#pragma GCC unroll 4
  for (int r = 0; r < count; r++)
    result[r * apart] += total(sum[r]);
}

INLINE void multiply_rows(enum format format, const uint8_t *matrix, size_t outputs, const float *numbers,
                          size_t inputs, float *result) {
  const size_t bytes = row_bytes(format, inputs), apart = outputs / OUTPUTS;
  for (size_t output = 0; output < apart; output++)
    multiply_pass(format, OUTPUTS, matrix + output * bytes, apart, numbers, inputs, result + output);
  for (size_t output = apart * OUTPUTS; output < outputs; output++)
    multiply_pass(format, 1, matrix + output * bytes, 0, numbers, inputs, result + output);
}

#include "kernel_tiles.h"

/* ---- The table ---- */

#define ADD_KERNEL(format, name)                                                                                       \
  TARGET static void add_rows_##name(const void *matrix, size_t stride, size_t outputs, const uint32_t *indices,       \
                                     const float *values, size_t events, float *result) {                              \
    add_rows(format, matrix, stride, outputs, indices, values, events, result);                                        \
  }
#define MULTIPLY_KERNEL(format, name)                                                                                  \
  TARGET static void multiply_rows_##name(const void *matrix, size_t outputs, const float *vector, size_t inputs,      \
                                          float *result) {                                                             \
    multiply_rows(format, matrix, outputs, vector, inputs, result);                                                    \
  }
#define KERNELS(format, name) ADD_KERNEL(format, name) MULTIPLY_KERNEL(format, name)
KERNELS(F32, f32)
KERNELS(F16, f16)
KERNELS(BF16, bf16)
KERNELS(INT8, int8)
KERNELS(INT4, int4)
MULTIPLY_KERNEL(TERNARY, ternary)
#undef KERNELS
#undef MULTIPLY_KERNEL
#undef ADD_KERNEL

TARGET static size_t detect(const float *source, size_t start, size_t count, float threshold, uint32_t *indices,
                            float *values);

/* The table, with loops over rows of ternary weights. */
#define TABLE(add_ternary, sum_ternary)                                                                                \
  {                                                                                                                    \
    .apply_unary = apply_unary, .apply_binary = apply_binary, .greatest = greatest, .detect = detect,                  \
    .add_rows_f32 = add_rows_f32, .add_rows_f16 = add_rows_f16, .add_rows_bf16 = add_rows_bf16,                        \
    .add_rows_int8 = add_rows_int8, .add_rows_int4 = add_rows_int4, .add_rows_ternary = add_ternary,                   \
    .sum_rows_ternary = sum_ternary, .multiply_rows_f32 = multiply_rows_f32, .multiply_rows_f16 = multiply_rows_f16,   \
    .multiply_rows_bf16 = multiply_rows_bf16, .multiply_rows_int8 = multiply_rows_int8,                                \
    .multiply_rows_int4 = multiply_rows_int4, .multiply_rows_ternary = multiply_rows_ternary,                          \
    .add_rows_together = add_rows_together, .multiply_rows_together = multiply_rows_together,                          \
  }
