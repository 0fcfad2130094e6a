/* Inner loops in instruction sets that Swift cannot choose by the function. Each does what the portable kernel of its
 * name does, which is in Sources/Quell/Kernels and is what they are tested against. */
#ifndef QUELL_KERNELS_H
#define QUELL_KERNELS_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* result[o] += sum over events e of row(indices[e])[o] * values[e], every output adding its events one after another.
 * Of ternary weights, values are whole numbers of 8 bits, and outputs whole blocks.
 * Rows begin `stride` bytes apart, so that a part of the columns can be added alone. */
typedef void quell_add_rows(const void *matrix, size_t stride, size_t outputs, const uint32_t *indices,
                            const float *values, size_t events, float *result);

/* The same for sums that are all that a result will hold: memory that sums have driven out of the caches is then
 * written once instead of twice. */
typedef void quell_sum_rows(const void *matrix, size_t stride, size_t outputs, const uint32_t *indices,
                            const float *values, size_t events, float *result);

/* result[o] += row(o) times the vector. */
typedef void quell_multiply_rows(const void *matrix, size_t outputs, const float *vector, size_t inputs, float *result);

/* One of the tokens of a prompt that are worked on together: the events among its inputs, all inputs with zeros where
 * nothing fired, and the results. */
typedef struct quell_token {
  const uint32_t *indices;
  const float *values;
  size_t events;
  const float *dense;
  float *result;
} quell_token;

/* The most tokens that are worked on together. */
#define QUELL_TOKENS_TOGETHER 64

/* The same as the two above for each of `count` tokens, bit by bit, over weights of the type that GGUF gives that
 * number. Events are those of the inputs from `first` up to `last`. The matrix is the part that makes the results from
 * `offset` on. */
typedef void quell_add_rows_together(uint32_t type, const void *matrix, size_t stride, size_t outputs, size_t first,
                                     size_t last, const quell_token *tokens, size_t count, size_t offset);
typedef void quell_multiply_rows_together(uint32_t type, const void *matrix, size_t outputs, size_t inputs,
                                          const quell_token *tokens, size_t count, size_t offset);

/* Lists what of `count` numbers is above the threshold, in order, and returns how much. The first number has the index
 * `start`. Indices and values have room for 16 more than `count`. */
typedef size_t quell_detect(const float *source, size_t start, size_t count, float threshold, uint32_t *indices,
                            float *values);

/* result[i] = a function of source[i], or of two elements, by the number that operations have for it. A step is 1, or 0
 * where one element serves all. The result may be an operand's memory. Gives whether it knows the function: not those
 * of one element that take a long formula. */
typedef bool quell_apply_unary(uint32_t function, const float *source, float *result, size_t count);
typedef void quell_apply_binary(uint32_t function, const float *left, size_t left_step, const float *right,
                                size_t right_step, float *result, size_t count);

/* The greatest of at least one number; a NaN wins. */
typedef float quell_greatest(const float *numbers, size_t count);

/* The kernels of one instruction set. */
typedef struct quell_kernels {
  quell_apply_unary *apply_unary;
  quell_apply_binary *apply_binary;
  quell_greatest *greatest;
  quell_detect *detect;
  quell_add_rows *add_rows_f32;
  quell_add_rows *add_rows_f16;
  quell_add_rows *add_rows_bf16;
  quell_add_rows *add_rows_int8;
  quell_add_rows *add_rows_int4;
  quell_add_rows *add_rows_ternary;
  quell_sum_rows *sum_rows_ternary;
  quell_multiply_rows *multiply_rows_f32;
  quell_multiply_rows *multiply_rows_f16;
  quell_multiply_rows *multiply_rows_bf16;
  quell_multiply_rows *multiply_rows_int8;
  quell_multiply_rows *multiply_rows_int4;
  quell_multiply_rows *multiply_rows_ternary;
  quell_add_rows_together *add_rows_together;
  quell_multiply_rows_together *multiply_rows_together;
} quell_kernels;

/* The kernels of an instruction set, or null where the processor or the build has none. AVX2 is taken with FMA and
 * F16C, AVX-512 with F, BW, DQ and VL; with VNNI and VBMI it adds ternary weights faster. */
const quell_kernels *quell_kernels_avx2(void);
const quell_kernels *quell_kernels_avx512(void);

/* What add and multiply above do, for processors without vector registers. Values are whole numbers of 8 bits; those
 * over 8-bit weights find out whether they are, and so few or small that no sum can round, and whether rows come in
 * whole words. Where not, they return false and have done nothing. */
void quell_add_whole_rows_ternary(const void *matrix, size_t stride, size_t outputs, const uint32_t *indices,
                                  const float *values, size_t events, float *result);
bool quell_add_whole_rows_int8(const void *matrix, size_t stride, size_t outputs, const uint32_t *indices,
                               const float *values, size_t events, float *result);
bool quell_multiply_whole_rows_int8(const void *matrix, size_t outputs, const float *vector, size_t inputs,
                                    float *result);

#endif
