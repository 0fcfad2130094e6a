// The one loop in which fitting weights spends its time: products of tall matrices.

#ifndef CALIBRATION_H
#define CALIBRATION_H

#include <stddef.h>

/// Adds a product to a matrix: sums[i][j] += factor * (the sum of left[t][i] * right[t][j] over all t below count).
///
/// left[t][i] is the float at t * left_step + i * left_pitch, right[t][j] at t * right_step + j, sums[i][j] at
/// i * sums_pitch + j. Neither operand overlaps the sums.
void calibration_add_product(const float *left, size_t left_step, size_t left_pitch, const float *right,
                             size_t right_step, size_t count, float factor, float *sums, size_t sums_pitch, size_t rows,
                             size_t columns);

#endif
