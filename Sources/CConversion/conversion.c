#include "conversion.h"

#include <string.h>

// One loop, compiled several times; the best that the processor has is chosen when the program starts.
// The levels are the ones of the System V ABI: the third has AVX2 and conversion to half precision, the fourth AVX-512.
#if defined(__x86_64__) && defined(__linux__)
#define EVERY_PROCESSOR __attribute__((target_clones("default", "arch=x86-64-v3", "arch=x86-64-v4")))
#else
#define EVERY_PROCESSOR
#endif

typedef float unaligned_float __attribute__((aligned(1)));
typedef uint32_t unaligned_word __attribute__((aligned(1)));
typedef uint16_t unaligned_half __attribute__((aligned(1)));
typedef _Float16 unaligned_float16 __attribute__((aligned(1)));

static inline float as_float(uint32_t bits) {
  union {
    uint32_t bits;
    float number;
  } both = {.bits = bits};
  return both.number;
}

static inline uint32_t as_bits(float number) {
  union {
    float number;
    uint32_t bits;
  } both = {.number = number};
  return both.bits;
}

static const uint32_t sign_bit = 0x80000000, infinity_bits = 0x7f800000;

EVERY_PROCESSOR
void conversion_widen_half(const void *from, float *to, size_t count) {
  const unaligned_half *halves = from;
  for (size_t i = 0; i < count; i++) {
    // Exponent and fraction in a float's place are the number times 2^-112, subnormals included.
    uint32_t half = halves[i], magnitude = (half & 0x7fff) << 13;
    uint32_t bits = as_bits(as_float(magnitude) * 0x1p112f);
    bits |= magnitude >= (0x7c00u << 13) ? infinity_bits : 0;
    to[i] = as_float(bits | (half & 0x8000) << 16);
  }
}

EVERY_PROCESSOR
void conversion_widen_bfloat16(const void *from, float *to, size_t count) {
  const unaligned_half *halves = from;
  for (size_t i = 0; i < count; i++)
    to[i] = as_float((uint32_t)halves[i] << 16);
}

EVERY_PROCESSOR
bool conversion_narrow_half(const void *from, void *to, size_t count) {
  const unaligned_float *numbers = from;
  unaligned_float16 *halves = to;
  uint32_t is_too_large = 0;
  for (size_t i = 0; i < count; i++) {
    // From 65520 on, halfway between the greatest half and what would follow, there is no half.
    uint32_t magnitude = as_bits(numbers[i]) & ~sign_bit;
    is_too_large |= (magnitude >= 0x477ff000) & (magnitude < infinity_bits);
    halves[i] = (_Float16)numbers[i];
  }
  return !is_too_large;
}

EVERY_PROCESSOR
bool conversion_narrow_bfloat16(const void *from, void *to, size_t count) {
  const unaligned_word *numbers = from;
  unaligned_half *halves = to;
  uint32_t is_too_large = 0;
  for (size_t i = 0; i < count; i++) {
    uint32_t bits = numbers[i], magnitude = bits & ~sign_bit;
    uint32_t rounded = (bits + 0x7fff + (bits >> 16 & 1)) >> 16;
    uint32_t is_special = magnitude >= infinity_bits;
    is_too_large |= (magnitude >= 0x7f7f8000) & ~is_special;
    // A NaN stays one even if all that says so is in the half that is cut off.
    uint32_t special = bits >> 16 | (magnitude > infinity_bits ? 0x40 : 0);
    halves[i] = (uint16_t)(is_special ? special : rounded);
  }
  return !is_too_large;
}

// 1.5 * 2^23: a sum of at most 22 bits has its whole part, rounded to even, in the last places of the fraction.
static const float rounding = 12582912.0f;

static inline int8_t whole(float number) {
  number = number > 127 ? 127 : number;
  number = number < -127 ? -127 : number;
  return (int8_t)(as_bits(number + rounding) - as_bits(rounding));
}

EVERY_PROCESSOR
void conversion_quantize(const void *from, float factor, int8_t *to, size_t count) {
  const unaligned_float *numbers = from;
  for (size_t i = 0; i < count; i++)
    to[i] = whole(numbers[i] * factor);
}

EVERY_PROCESSOR
void conversion_quantize_each(const void *from, const float *factors, int8_t *to, size_t count) {
  const unaligned_float *numbers = from;
  for (size_t i = 0; i < count; i++)
    to[i] = whole(numbers[i] * factors[i]);
}

EVERY_PROCESSOR
void conversion_integers(const void *from, int8_t *to, size_t count) {
  const unaligned_float *numbers = from;
  for (size_t i = 0; i < count; i++)
    to[i] = (int8_t)(int32_t)numbers[i];
}

EVERY_PROCESSOR
void conversion_blocks_of_half_bytes(const void *from, void *to, size_t count) {
  enum { block = 32 };
  uint8_t *bytes = to;
  for (size_t first = 0; first < count; first += block, bytes += 2 + block / 2) {
    const unaligned_float *numbers = (const unaligned_float *)from + first;
    float least = 0, most = 0;
    for (size_t i = 0; i < block; i++) {
      least = numbers[i] < least ? numbers[i] : least;
      most = numbers[i] > most ? numbers[i] : most;
    }
    float step = (most > -least ? most : least) / -8;
    conversion_narrow_half(&step, bytes, 1);
    conversion_widen_half(bytes, &step, 1);
    float factor = step == 0 ? 0 : 1 / step;
    uint8_t codes[block];
    for (size_t i = 0; i < block; i++) {
      float number = numbers[i] * factor;
      codes[i] = (uint8_t)(whole(number > 7 ? 7 : number < -8 ? -8 : number) + 8);
    }
    for (size_t i = 0; i < block / 2; i++)
      bytes[2 + i] = (uint8_t)(codes[i] | codes[i + block / 2] << 4);
  }
}

EVERY_PROCESSOR
bool conversion_is_ternary(const void *from, const uint32_t *magnitudes, size_t count) {
  const unaligned_word *numbers = from;
  uint32_t others = 0;
  for (size_t i = 0; i < count; i++) {
    uint32_t magnitude = numbers[i] & ~sign_bit;
    others |= (magnitude != 0) & (magnitude != magnitudes[i]);
  }
  return !others;
}

EVERY_PROCESSOR
void conversion_ternary(const void *from, void *to, size_t count) {
  const unaligned_float *numbers = from;
  uint8_t *bytes = to;
  for (size_t first = 0; first < count; first += 64, bytes += 16, numbers += 64)
    for (size_t i = 0; i < 16; i++) {
      uint32_t byte = 0;
      for (size_t k = 0; k < 4; k++) {
        float number = numbers[16 * k + i];
        byte |= (uint32_t)(1 + (number > 0) - (number < 0)) << 2 * k;
      }
      bytes[i] = (uint8_t)byte;
    }
}

EVERY_PROCESSOR
uint32_t conversion_greatest(const void *from, size_t count, uint32_t greatest) {
  const unaligned_word *numbers = from;
  for (size_t i = 0; i < count; i++) {
    uint32_t magnitude = numbers[i] & ~sign_bit;
    greatest = magnitude > greatest ? magnitude : greatest;
  }
  return greatest;
}

EVERY_PROCESSOR
void conversion_greatest_each(const void *from, uint32_t *greatest, size_t count) {
  const unaligned_word *numbers = from;
  for (size_t i = 0; i < count; i++) {
    uint32_t magnitude = numbers[i] & ~sign_bit;
    greatest[i] = magnitude > greatest[i] ? magnitude : greatest[i];
  }
}

typedef float four __attribute__((vector_size(16)));
typedef four unaligned_four __attribute__((aligned(1)));

void conversion_transpose(const void *from, size_t from_pitch, float *to, size_t to_pitch, size_t rows,
                          size_t columns) {
  const unaligned_float *numbers = from;
  size_t whole_rows = rows & ~(size_t)3, whole_columns = columns & ~(size_t)3;
  // Along four rows at a time: their lines are read to the end before others with the same place in the cache come.
  for (size_t row = 0; row < whole_rows; row += 4) {
    for (size_t column = 0; column < whole_columns; column += 4) {
      const unaligned_float *block = numbers + row * from_pitch + column;
      // The processor foresees lines that follow each other, not those a row apart.
      if (column % 16 == 0 && row + 12 <= whole_rows) {
        for (size_t i = 8; i < 12; i++)
          __builtin_prefetch(&block[i * from_pitch]);
      }
      four a = *(const unaligned_four *)block, b = *(const unaligned_four *)(block + from_pitch);
      four c = *(const unaligned_four *)(block + 2 * from_pitch), d = *(const unaligned_four *)(block + 3 * from_pitch);
      four ab = __builtin_shufflevector(a, b, 0, 4, 1, 5), cd = __builtin_shufflevector(c, d, 0, 4, 1, 5);
      four ab2 = __builtin_shufflevector(a, b, 2, 6, 3, 7), cd2 = __builtin_shufflevector(c, d, 2, 6, 3, 7);
      float *place = to + column * to_pitch + row;
      *(unaligned_four *)place = __builtin_shufflevector(ab, cd, 0, 1, 4, 5);
      *(unaligned_four *)(place + to_pitch) = __builtin_shufflevector(ab, cd, 2, 3, 6, 7);
      *(unaligned_four *)(place + 2 * to_pitch) = __builtin_shufflevector(ab2, cd2, 0, 1, 4, 5);
      *(unaligned_four *)(place + 3 * to_pitch) = __builtin_shufflevector(ab2, cd2, 2, 3, 6, 7);
    }
    for (size_t column = whole_columns; column < columns; column++) {
      for (size_t i = row; i < row + 4; i++)
        to[column * to_pitch + i] = numbers[i * from_pitch + column];
    }
  }
  for (size_t row = whole_rows; row < rows; row++) {
    for (size_t column = 0; column < columns; column++)
      to[column * to_pitch + row] = numbers[row * from_pitch + column];
  }
}

typedef uint8_t sixteen __attribute__((vector_size(16)));
typedef sixteen unaligned_sixteen __attribute__((aligned(1)));
typedef uint16_t eight __attribute__((vector_size(16)));
typedef eight unaligned_eight __attribute__((aligned(1)));

// Rows of as many numbers. The bits of a number's place are those of its row and those of its column. To interleave
// each row of the first half with one of the second is to turn these bits by one; turned by half of them, row and
// column have changed places.
static inline void transpose_block_of_bytes(const uint8_t *from, size_t from_pitch, uint8_t *to, size_t to_pitch) {
  sixteen lines[16], turned[16];
  for (size_t i = 0; i < 16; i++)
    lines[i] = *(const unaligned_sixteen *)(from + i * from_pitch);
#pragma clang loop unroll(full)
  for (size_t turn = 0; turn < 4; turn++) {
#pragma clang loop unroll(full)
    for (size_t i = 0; i < 8; i++) {
      sixteen a = lines[i], b = lines[i + 8];
      turned[2 * i] = __builtin_shufflevector(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
      turned[2 * i + 1] = __builtin_shufflevector(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
    }
#pragma clang loop unroll(full)
    for (size_t i = 0; i < 16; i++)
      lines[i] = turned[i];
  }
  for (size_t i = 0; i < 16; i++)
    *(unaligned_sixteen *)(to + i * to_pitch) = lines[i];
}

static inline void transpose_block_of_halves(const uint8_t *from, size_t from_pitch, uint8_t *to, size_t to_pitch) {
  eight lines[8], turned[8];
  for (size_t i = 0; i < 8; i++)
    lines[i] = *(const unaligned_eight *)(from + i * from_pitch);
#pragma clang loop unroll(full)
  for (size_t turn = 0; turn < 3; turn++) {
#pragma clang loop unroll(full)
    for (size_t i = 0; i < 4; i++) {
      eight a = lines[i], b = lines[i + 4];
      turned[2 * i] = __builtin_shufflevector(a, b, 0, 8, 1, 9, 2, 10, 3, 11);
      turned[2 * i + 1] = __builtin_shufflevector(a, b, 4, 12, 5, 13, 6, 14, 7, 15);
    }
#pragma clang loop unroll(full)
    for (size_t i = 0; i < 8; i++)
      lines[i] = turned[i];
  }
  for (size_t i = 0; i < 8; i++)
    *(unaligned_eight *)(to + i * to_pitch) = lines[i];
}

enum { side = 64 };

// A line of the cache, past the caches.
static inline void stream_line(const uint8_t *from, uint8_t *to) {
  for (size_t i = 0; i < 64; i += 16)
    __builtin_nontemporal_store(*(const sixteen *)(from + i), (sixteen *)(to + i));
}

// Numbers of one byte or two; pitches are bytes.
static inline void transpose_tile(const uint8_t *from, size_t from_pitch, uint8_t *to, size_t to_pitch, size_t size) {
  uint8_t turned[side * side * 2] __attribute__((aligned(64)));
  size_t block = 16 / size, line = side * size;
  for (size_t row = 0; row < side; row += block) {
    for (size_t column = 0; column < side; column += block) {
      const uint8_t *source = from + row * from_pitch + column * size;
      uint8_t *place = turned + column * line + row * size;
      if (size == 1)
        transpose_block_of_bytes(source, from_pitch, place, line);
      else
        transpose_block_of_halves(source, from_pitch, place, line);
    }
  }
  bool is_aligned = ((uintptr_t)to | to_pitch) % sizeof(sixteen) == 0;
  for (size_t column = 0; column < side; column++) {
    if (!is_aligned)
      memcpy(to + column * to_pitch, turned + column * line, line);
    else
      for (size_t i = 0; i < line; i += 64)
        stream_line(turned + column * line + i, to + column * to_pitch + i);
  }
}

static inline void transpose(const uint8_t *from, size_t from_pitch, uint8_t *to, size_t to_pitch, size_t rows,
                             size_t columns, size_t size) {
  size_t whole_rows = rows / side * side, whole_columns = columns / side * side;
  for (size_t row = 0; row < whole_rows; row += side) {
    for (size_t column = 0; column < whole_columns; column += side)
      transpose_tile(from + row * from_pitch + column * size, from_pitch, to + column * to_pitch + row * size, to_pitch,
                     size);
  }
  for (size_t row = 0; row < rows; row++) {
    for (size_t column = row < whole_rows ? whole_columns : 0; column < columns; column++)
      memcpy(to + column * to_pitch + row * size, from + row * from_pitch + column * size, size);
  }
  // Other threads may read it as soon as they are told so.
  __atomic_thread_fence(__ATOMIC_SEQ_CST);
}

void conversion_transpose_bytes(const void *from, size_t from_pitch, void *to, size_t to_pitch, size_t rows,
                                size_t columns) {
  transpose(from, from_pitch, to, to_pitch, rows, columns, 1);
}

void conversion_transpose_halves(const void *from, size_t from_pitch, void *to, size_t to_pitch, size_t rows,
                                 size_t columns) {
  transpose(from, from_pitch, to, to_pitch, rows, columns, 2);
}
