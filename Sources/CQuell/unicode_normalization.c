#include "unicode_normalization.h"

#include <stddef.h>

#include "normalization_tables.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

enum { leads = 0x1100, lead_count = 19, vowels = 0x1161, vowel_count = 21, trails = 0x11a7, trail_count = 28 };
enum { syllables = 0xac00, syllable_count = lead_count * vowel_count * trail_count };

static const uint64_t low_mask = (1 << 21) - 1;

uint8_t quell_normalization_class(uint32_t code_point) {
  size_t low = 0, high = COUNT(class_starts);
  while (high - low > 1) {
    const size_t middle = low + (high - low) / 2;
    if (class_starts[middle] >> 8 <= code_point)
      low = middle;
    else
      high = middle;
  }
  return class_starts[low] & 0xff;
}

/* The entry of a code point, or 0 where it does not decompose. */
static uint64_t decomposition_entry(uint32_t code_point) {
  size_t low = 0, high = COUNT(decompositions);
  while (high > low) {
    const size_t middle = low + (high - low) / 2;
    const uint32_t found = decompositions[middle] >> 42;
    if (found == code_point)
      return decompositions[middle];
    if (found < code_point)
      low = middle + 1;
    else
      high = middle;
  }
  return 0;
}

uint32_t quell_decomposition(uint32_t code_point, uint32_t index, uint32_t *count) {
  if (code_point - syllables < syllable_count) {
    const uint32_t syllable = code_point - syllables, trail = syllable % trail_count;
    const uint32_t parts[] = {leads + syllable / trail_count / vowel_count,
                              vowels + syllable / trail_count % vowel_count, trails + trail};
    *count = trail == 0 ? 2 : 3;
    return parts[index];
  }
  uint32_t parts[4];
  size_t begin = COUNT(parts);
  /* Only the first of two decomposes further. */
  for (uint64_t entry; begin > 1 && (entry = decomposition_entry(code_point)) != 0;) {
    const uint32_t second = entry & low_mask;
    if (second != 0)
      parts[--begin] = second;
    code_point = entry >> 21 & low_mask;
  }
  parts[--begin] = code_point;
  *count = COUNT(parts) - begin;
  return parts[begin + index];
}

uint32_t quell_composition(uint32_t first, uint32_t second) {
  if (first - leads < lead_count && second - vowels < vowel_count)
    return syllables + ((first - leads) * vowel_count + (second - vowels)) * trail_count;
  if (first - syllables < syllable_count && (first - syllables) % trail_count == 0 &&
      second - (trails + 1) < trail_count - 1)
    return first + (second - trails);
  const uint64_t both = (uint64_t)first << 21 | second;
  size_t low = 0, high = COUNT(compositions);
  while (high > low) {
    const size_t middle = low + (high - low) / 2;
    const uint64_t entry = decompositions[compositions[middle]];
    const uint64_t found = entry & ((UINT64_C(1) << 42) - 1);
    if (found == both)
      return entry >> 42;
    if (found < both)
      low = middle + 1;
    else
      high = middle;
  }
  return 0;
}
