/* Canonical decomposition and composition of Unicode code points: data, which Swift would build at run time. */
#ifndef QUELL_UNICODE_NORMALIZATION_H
#define QUELL_UNICODE_NORMALIZATION_H
#include <stdint.h>

/* A starter that may become one with what stands before it, or that never stands in normalized text. */
#define QUELL_NORMALIZATION_UNSTABLE 255

/* The canonical combining class of a mark; for a starter 0 or QUELL_NORMALIZATION_UNSTABLE. Two neighbours of class 0
 * have nothing to do with each other, and the first of them is itself in normalization form C. */
uint8_t quell_normalization_class(uint32_t code_point);

/* The part of a full canonical decomposition at an index below the count, which is at most 4. The decomposition of most
 * code points is themselves. */
uint32_t quell_decomposition(uint32_t code_point, uint32_t index, uint32_t *count);

/* What two code points become when they are composed, 0 where they stay two. */
uint32_t quell_composition(uint32_t first, uint32_t second);

#endif
