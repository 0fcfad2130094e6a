/* Rows times whole numbers of 8 bits, for processors without vector registers. Sums are of integers. Converted and
 * added to the results they give the bits that sums of floats give, since neither rounds: all sums stay below 2^24. */
#include "kernels.h"

static uint32_t load(const uint8_t *bytes) {
  uint32_t word;
  __builtin_memcpy(&word, bytes, sizeof word);
  return word;
}

/* ---- Ternary weights ---- */

/* How many events a pass takes: two sums share a register, and must not leave the 16 bits that each of them has. */
enum { EVENTS = 64, TERNARY_BLOCK = 64, TERNARY_BYTES = 16 };

struct event {
  const uint8_t *row;
  uint32_t value;
};

/* Adds up what some events, behind the last of which is one without a row, contribute to the 16 outputs whose weights
 * are in the four bytes of each row from `byte` on. Two codes 16 bits apart in a register, times a value, are both
 * products, the upper one less what the lower one borrowed. Not inlined, so that the sums have all registers. */
__attribute__((noinline)) static void add_word(const struct event *event, size_t byte, uint32_t sums[8]) {
  uint32_t sum0 = 0, sum1 = 0, sum2 = 0, sum3 = 0, sum4 = 0, sum5 = 0, sum6 = 0, sum7 = 0;
  uint32_t codes = 0x00030003;
  /* In a register: an Arm processor masks by one what it shifts in the same instruction, but not by a constant. */
  __asm__("" : "+r"(codes));
  do {
    const uint32_t word = load(event->row + byte), value = event->value;
    sum0 += (word & codes) * value;
    sum1 += (word >> 8 & codes) * value;
    sum2 += (word >> 2 & codes) * value;
    sum3 += (word >> 10 & codes) * value;
    sum4 += (word >> 4 & codes) * value;
    sum5 += (word >> 12 & codes) * value;
    sum6 += (word >> 6 & codes) * value;
    sum7 += (word >> 14 & codes) * value;
  } while ((++event)->row);
  sums[0] = sum0, sums[1] = sum1, sums[2] = sum2, sums[3] = sum3;
  sums[4] = sum4, sums[5] = sum5, sums[6] = sum6, sums[7] = sum7;
}

void quell_add_whole_rows_ternary(const void *matrix, size_t stride, size_t outputs, const uint32_t *indices,
                                  const float *values, size_t events, float *result) {
  for (size_t e = 0; e < events;) {
    struct event pass[EVENTS + 1], *event = pass;
    /* A stored weight is too large by 1, and a sum by all values. */
    int32_t excess = 0;
    for (; e < events && event < pass + EVENTS; e++, event++) {
      const int32_t value = (int32_t)values[e];
      *event = (struct event){(const uint8_t *)matrix + indices[e] * stride, (uint32_t)value};
      excess += value;
    }
    event->row = NULL;
    for (size_t byte = 0; byte < outputs / 4; byte += 4) {
      uint32_t sums[8];
      add_word(pass, byte, sums);
      float *place = result + byte / TERNARY_BYTES * TERNARY_BLOCK + byte % TERNARY_BYTES;
      for (int pair = 0; pair < 8; pair++) {
        const int32_t lower = (int16_t)sums[pair], upper = (int32_t)(sums[pair] - (uint32_t)lower) >> 16;
        place[0] += (float)(lower - excess);
        place[2] += (float)(upper - excess);
        place += pair % 2 ? 15 : 1;
      }
    }
  }
}

/* ---- Weights of 8 bits ---- */

/* Sums of products with weights of 8 bits stay below 2^24 while the magnitudes of the values add up to less than this.
 */
enum { MOST = 1 << 17 };

/* How many pairs of events a pass takes, and how many inputs. */
enum { PAIRS = 32, INPUTS = 256 };

/* Whether all are whole numbers of 8 bits, and together small enough. The first that is not ends the search. */
static bool are_whole(const float *values, size_t count) {
  int32_t total = 0;
  for (size_t v = 0; v < count && total < MOST; v++) {
    if (!(values[v] >= -128 && values[v] <= 127))
      return false;
    const int32_t whole = (int32_t)values[v];
    if ((float)whole != values[v])
      return false;
    total += whole < 0 ? -whole : whole;
  }
  return total < MOST;
}

/* Two whole numbers in the halves of a word. */
static uint32_t pack(float lower, float upper) {
  return ((uint32_t)(int32_t)lower & 0xffff) | (uint32_t)(int32_t)upper << 16;
}

/* Two events of a pass. */
struct pair {
  const uint8_t *first, *second;
  uint32_t values;
};

#if defined(__ARM_FEATURE_DSP)
#include <arm_acle.h>

/* The lower halves of two words, and the upper halves, those of the second above the first's. */
static uint32_t lower_halves(uint32_t first, uint32_t second) {
  uint32_t halves;
  __asm__("pkhbt %0, %1, %2, lsl #16" : "=r"(halves) : "r"(first), "r"(second));
  return halves;
}
static uint32_t upper_halves(uint32_t first, uint32_t second) {
  uint32_t halves;
  __asm__("pkhtb %0, %1, %2, asr #16" : "=r"(halves) : "r"(second), "r"(first));
  return halves;
}

/* Bytes 0 and 2 of a word with their signs, and bytes 1 and 3. */
static uint32_t even_bytes(uint32_t word) {
  return __sxtb16(word);
}
static uint32_t odd_bytes(uint32_t word) {
  uint32_t bytes;
  __asm__("sxtb16 %0, %1, ror #8" : "=r"(bytes) : "r"(word));
  return bytes;
}

/* Adds what some pairs contribute to four outputs: two products with each instruction. */
__attribute__((noinline)) static void add_four(const struct pair *pair, const struct pair *end, size_t output,
                                               float *result) {
  int32_t sum0 = 0, sum1 = 0, sum2 = 0, sum3 = 0;
  do {
    const uint32_t first = load(pair->first + output), second = load(pair->second + output), values = pair->values;
    const uint32_t low = lower_halves(first, second), high = upper_halves(first, second);
    sum0 = __smlad(even_bytes(low), values, sum0);
    sum1 = __smlad(odd_bytes(low), values, sum1);
    sum2 = __smlad(even_bytes(high), values, sum2);
    sum3 = __smlad(odd_bytes(high), values, sum3);
  } while (++pair < end);
  result[0] += (float)sum0;
  result[1] += (float)sum1;
  result[2] += (float)sum2;
  result[3] += (float)sum3;
}

/* The product of weights and as many numbers: of each four the first and the third, then the second and the fourth. */
static int32_t dot(const uint8_t *weights, const uint32_t *numbers, const uint32_t *end) {
  int32_t sum = 0;
  for (; numbers < end; numbers += 2, weights += 4) {
    const uint32_t word = load(weights);
    sum = __smlad(even_bytes(word), numbers[0], sum);
    sum = __smlad(odd_bytes(word), numbers[1], sum);
  }
  return sum;
}
#else
/* The same without instructions for pairs. */
__attribute__((noinline)) static void add_four(const struct pair *pair, const struct pair *end, size_t output,
                                               float *result) {
  int32_t sum0 = 0, sum1 = 0, sum2 = 0, sum3 = 0;
  do {
    const int8_t *first = (const int8_t *)pair->first + output, *second = (const int8_t *)pair->second + output;
    const int32_t lower = (int16_t)pair->values, upper = (int32_t)pair->values >> 16;
    sum0 += first[0] * lower + second[0] * upper;
    sum1 += first[1] * lower + second[1] * upper;
    sum2 += first[2] * lower + second[2] * upper;
    sum3 += first[3] * lower + second[3] * upper;
  } while (++pair < end);
  result[0] += (float)sum0;
  result[1] += (float)sum1;
  result[2] += (float)sum2;
  result[3] += (float)sum3;
}

static int32_t dot(const uint8_t *weights, const uint32_t *numbers, const uint32_t *end) {
  int32_t sum = 0;
  for (; numbers < end; numbers += 2, weights += 4) {
    sum += (int8_t)weights[0] * (int16_t)numbers[0] + (int8_t)weights[1] * (int16_t)numbers[1];
    sum += (int8_t)weights[2] * ((int32_t)numbers[0] >> 16) + (int8_t)weights[3] * ((int32_t)numbers[1] >> 16);
  }
  return sum;
}
#endif

bool quell_add_whole_rows_int8(const void *matrix, size_t stride, size_t outputs, const uint32_t *indices,
                               const float *values, size_t events, float *result) {
  if (outputs % 4 != 0 || !are_whole(values, events))
    return false;
  for (size_t e = 0; e < events;) {
    struct pair pass[PAIRS], *pair = pass;
    for (; e < events && pair < pass + PAIRS; e += 2, pair++) {
      /* Where there is no second one, the first again, carrying nothing. */
      const size_t second = e + 1 < events ? e + 1 : e;
      pair->first = (const uint8_t *)matrix + indices[e] * stride;
      pair->second = (const uint8_t *)matrix + indices[second] * stride;
      pair->values = pack(values[e], second > e ? values[second] : 0);
    }
    for (size_t output = 0; output < outputs; output += 4)
      add_four(pass, pair, output, result + output);
  }
  return true;
}

bool quell_multiply_whole_rows_int8(const void *matrix, size_t outputs, const float *vector, size_t inputs,
                                    float *result) {
  if (inputs % 4 != 0 || !are_whole(vector, inputs))
    return false;
  for (size_t input = 0; input < inputs; input += INPUTS) {
    uint32_t numbers[INPUTS / 2], *end = numbers;
    for (size_t i = input; i < inputs && i < input + INPUTS; i += 4) {
      *end++ = pack(vector[i], vector[i + 2]);
      *end++ = pack(vector[i + 1], vector[i + 3]);
    }
    const uint8_t *weights = (const uint8_t *)matrix + input;
    for (size_t output = 0; output < outputs; output++, weights += inputs)
      result[output] += (float)dot(weights, numbers, end);
  }
  return true;
}
