// Number formats of weights, converted by the thousand million: plain loops, compiled for the instruction sets at hand.
//
// Pointers to numbers in files need no alignment.

#ifndef CONVERSION_H
#define CONVERSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// Half precision to single.
void conversion_widen_half(const void *from, float *to, size_t count);

/// bfloat16 to single precision.
void conversion_widen_bfloat16(const void *from, float *to, size_t count);

/// Single precision to half, to the nearest even. False where a finite number is too large for it.
bool conversion_narrow_half(const void *from, void *to, size_t count);

/// Single precision to bfloat16, to the nearest even. False where a finite number is too large for it.
bool conversion_narrow_bfloat16(const void *from, void *to, size_t count);

/// Numbers times a factor, to the nearest even whole number of -127 to 127.
void conversion_quantize(const void *from, float factor, int8_t *to, size_t count);

/// Numbers times a factor for each, to the nearest even whole number of -127 to 127.
void conversion_quantize_each(const void *from, const float *factors, int8_t *to, size_t count);

/// Whole numbers of -128 to 127, in single precision, as such.
void conversion_integers(const void *from, int8_t *to, size_t count);

/// Blocks of 32 numbers as GGUF's Q4_0 has them: a half d, then 16 bytes with two numbers each, the lower half of byte
/// j for number j and the upper for number j + 16; a half q stands for d * (q - 8). d makes the number of greatest
/// magnitude -8.
void conversion_blocks_of_half_bytes(const void *from, void *to, size_t count);

/// Whether all numbers are 0 or of the magnitude whose bits are given for each.
bool conversion_is_ternary(const void *from, const uint32_t *magnitudes, size_t count);

/// The signs of numbers, as 0, 1 and 2 for -1, 0 and 1, in blocks of 64, a whole number of them: byte j of 16 holds
/// those of j, j + 16, j + 32 and j + 48, two bits each from the lowest up.
void conversion_ternary(const void *from, void *to, size_t count);

/// The bits of the greatest magnitude, or `greatest` where that is more. Infinities and NaN are greater than all
/// numbers.
uint32_t conversion_greatest(const void *from, size_t count, uint32_t greatest);

/// The same for each place by itself: greatest[i] of from[i].
void conversion_greatest_each(const void *from, uint32_t *greatest, size_t count);

/// Exchanges rows and columns: to[column][row] = from[row][column]; pitches are floats from one row to the next.
void conversion_transpose(const void *from, size_t from_pitch, float *to, size_t to_pitch, size_t rows, size_t columns);

/// The same for bytes; pitches are bytes. What is written does not stay in the caches: reading lines of a large matrix
/// only to write a part of them takes longer than all else.
void conversion_transpose_bytes(const void *from, size_t from_pitch, void *to, size_t to_pitch, size_t rows,
                                size_t columns);

/// The same for numbers of two bytes; pitches are bytes.
void conversion_transpose_halves(const void *from, size_t from_pitch, void *to, size_t to_pitch, size_t rows,
                                 size_t columns);

#endif
