#include "calibration.h"

#include <string.h>

// One loop, compiled several times; the best that the processor has is chosen when the program starts.
#if defined(__x86_64__) && defined(__linux__)
#define EVERY_PROCESSOR __attribute__((target_clones("default", "fma", "avx512f")))
#else
#define EVERY_PROCESSOR
#endif

// The operands are copied in pieces that stay in the nearest caches, so that it does not matter how far apart their
// rows are: `steps` of t, `band` rows of the left one, as many columns of the right one as a tile has.
enum { steps = 128, band = 64, tile_rows = 8, tile_columns = 16 };

typedef float tile_line __attribute__((vector_size(tile_columns * sizeof(float))));

/// Adds a tile: the copies hold tile_rows and tile_columns floats for each t, zeros where the matrices end.
__attribute__((always_inline)) static inline void add_tile(const float *left, const tile_line *right, size_t count,
                                                           float factor, float *sums, size_t sums_pitch, size_t rows,
                                                           size_t columns) {
  tile_line tile[tile_rows] = {0};
  for (size_t t = 0; t < count; t++)
    for (size_t i = 0; i < tile_rows; i++)
      tile[i] += left[t * tile_rows + i] * right[t];
  for (size_t i = 0; i < rows; i++)
    for (size_t j = 0; j < columns; j++)
      sums[i * sums_pitch + j] += factor * tile[i][j];
}

EVERY_PROCESSOR
void calibration_add_product(const float *left, size_t left_step, size_t left_pitch, const float *right,
                             size_t right_step, size_t count, float factor, float *sums, size_t sums_pitch, size_t rows,
                             size_t columns) {
  float left_copy[band * steps];
  tile_line right_copy[steps];
  for (size_t first = 0; first < count; first += steps) {
    size_t length = count - first < steps ? count - first : steps;
    for (size_t top = 0; top < rows; top += band) {
      size_t height = rows - top < band ? rows - top : band;
      for (size_t row = 0; row < height; row += tile_rows)
        for (size_t t = 0; t < length; t++)
          for (size_t i = 0; i < tile_rows; i++)
            left_copy[row * steps + t * tile_rows + i] =
                row + i < height ? left[(first + t) * left_step + (top + row + i) * left_pitch] : 0;
      for (size_t column = 0; column < columns; column += tile_columns) {
        size_t width = columns - column < tile_columns ? columns - column : tile_columns;
        if (width < tile_columns)
          memset(right_copy, 0, sizeof right_copy);
        for (size_t t = 0; t < length; t++)
          memcpy(&right_copy[t], right + (first + t) * right_step + column, width * sizeof(float));
        for (size_t row = 0; row < height; row += tile_rows)
          add_tile(left_copy + row * steps, right_copy, length, factor, sums + (top + row) * sums_pitch + column,
                   sums_pitch, height - row < tile_rows ? height - row : tile_rows, width);
      }
    }
  }
}
