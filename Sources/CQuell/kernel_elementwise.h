/* Functions of one and two elements, included by kernel_loops.h. Every element is computed as the portable loops do, in
 * Sources/Quell/Kernels, and is the same bits: products and sums are rounded one by one. */

/* Compilers may otherwise make one instruction, which rounds once, of a product and a sum; gcc is told by a flag. */
#ifdef __clang__
#pragma STDC FP_CONTRACT OFF
#endif

typedef int32_t integers __attribute__((vector_size(sizeof(vector))));

/* The functions, by the numbers that operations have for them. */
enum unary { NEGATE = 0, EXPONENTIAL = 1, RELU = 2, SIGMOID = 3, SQUARE_ROOT = 4, ABSOLUTE = 10, ROUND = 11 };
enum binary { ADD = 0, SUBTRACT = 1, MULTIPLY = 2, DIVIDE = 3, MAXIMUM = 4, MINIMUM = 5, THRESHOLD = 6 };

INLINE integers spread(int32_t number) {
  return (integers){0} + number;
}
/* Where the condition, a comparison's result, holds the first. */
INLINE vector choose(integers condition, vector yes, vector no) {
  return (vector)((condition & (integers)yes) | (~condition & (integers)no));
}
INLINE vector magnitude(vector x) {
  return (vector)((integers)x & spread(0x7fffffff));
}
INLINE vector negated(vector x) {
  return (vector)((integers)x ^ spread(INT32_MIN));
}
INLINE vector power_of_two(integers exponent) {
  return (vector)((exponent + 127) << 23);
}

/* How many registers are worked on side by side. */
enum { SIDE_BY_SIDE = 4 };

/* A step of each of some registers. Steps of one register wait for one another, and a processor looks no further ahead
 * than to the next one or two: so that it has enough to do, all registers take a step before the first one takes
 * another. */
#define EACH _Pragma("GCC unroll 4") for (int i = 0; i < count; i++)

/* See Exponential.swift. */
INLINE void exponential(vector *x, int count) {
  const float magic = 12582912.0f;
  vector shifted[SIDE_BY_SIDE], whole[SIDE_BY_SIDE], square[SIDE_BY_SIDE], term[SIDE_BY_SIDE], p[SIDE_BY_SIDE];
  integers exponent[SIDE_BY_SIDE], half[SIDE_BY_SIDE];
  EACH x[i] = lesser(broadcast(89.0f), greater(broadcast(-104.0f), x[i]));
  EACH shifted[i] = x[i] * 1.44269504f + magic;
  EACH whole[i] = shifted[i] - magic;
  EACH x[i] = x[i] - whole[i] * 0.693359375f;
  EACH x[i] = x[i] - whole[i] * -2.1219444e-4f;
  EACH exponent[i] = (integers)shifted[i] - (integers)broadcast(magic);
  EACH half[i] = exponent[i] >> 1;
  EACH square[i] = x[i] * x[i];
  EACH p[i] = x[i] * (1.0f / 5040) + 1.0f / 720;
  EACH term[i] = x[i] * (1.0f / 120) + 1.0f / 24;
  EACH p[i] = p[i] * square[i] + term[i];
  EACH term[i] = x[i] * (1.0f / 6) + 0.5f;
  EACH p[i] = p[i] * square[i] + term[i];
  EACH p[i] = p[i] * square[i] + x[i] + 1.0f;
  EACH p[i] = p[i] * power_of_two(half[i]);
  EACH x[i] = p[i] * power_of_two(exponent[i] - half[i]);
}

/* Replaces some registers by a function of them. */
INLINE void unary(enum unary function, vector *x, int count) {
  switch (function) {
  case NEGATE:
    EACH x[i] = negated(x[i]);
    break;
  case EXPONENTIAL:
    exponential(x, count);
    break;
  case RELU:
    EACH x[i] = choose(x[i] < 0.0f, zeros(), x[i]);
    break;
  case SIGMOID:
    EACH x[i] = negated(x[i]);
    exponential(x, count);
    EACH x[i] = 1.0f / (1.0f + x[i]);
    break;
  case SQUARE_ROOT:
    EACH x[i] = square_root(x[i]);
    break;
  case ABSOLUTE:
    EACH x[i] = magnitude(x[i]);
    break;
  default:
    EACH x[i] = rounded(x[i]);
  }
}

INLINE vector binary(enum binary function, vector left, vector right) {
  switch (function) {
  case ADD:
    return left + right;
  case SUBTRACT:
    return left - right;
  case MULTIPLY:
    return left * right;
  case DIVIDE:
    return left / right;
  case MAXIMUM:
    return choose((left > right) | (left != left), left, right);
  case MINIMUM:
    return choose((left < right) | (left != left), left, right);
  default:
    return choose((magnitude(left) > right) | (left != left), left, zeros());
  }
}

INLINE void map(enum unary function, const float *source, float *result, size_t length) {
  const int count = SIDE_BY_SIDE;
  size_t at = 0;
  for (; at + SIDE_BY_SIDE * LANES <= length; at += SIDE_BY_SIDE * LANES) {
    vector numbers[SIDE_BY_SIDE];
    EACH numbers[i] = load(source + at + i * LANES, LANES);
    unary(function, numbers, count);
    EACH store(result + at + i * LANES, numbers[i], LANES);
  }
#pragma GCC unroll 1
  for (; at < length; at += LANES) {
    const size_t some = length - at < LANES ? length - at : LANES;
    vector numbers = load(source + at, some);
    unary(function, &numbers, 1);
    store(result + at, numbers, some);
  }
}
#undef EACH

/* Elements of an operand, or the one that serves all. */
INLINE vector operand(const float *numbers, bool is_one, vector one, size_t at, size_t count) {
  return is_one ? one : load(numbers + at, count);
}

INLINE void combine(enum binary function, const float *left, bool left_is_one, const float *right, bool right_is_one,
                    float *result, size_t count) {
  /* Where one element serves all it is read before anything is written: the result may be an operand's memory. */
  const vector left_one = broadcast(*left), right_one = broadcast(*right);
  size_t at = 0;
  for (; at + SIDE_BY_SIDE * LANES <= count; at += SIDE_BY_SIDE * LANES)
#pragma GCC unroll 4
    for (size_t place = at; place < at + SIDE_BY_SIDE * LANES; place += LANES)
      store(result + place,
            binary(function, operand(left, left_is_one, left_one, place, LANES),
                   operand(right, right_is_one, right_one, place, LANES)),
            LANES);
#pragma GCC unroll 1
  for (; at < count; at += LANES) {
    const size_t some = count - at < LANES ? count - at : LANES;
    store(result + at,
          binary(function, operand(left, left_is_one, left_one, at, some),
                 operand(right, right_is_one, right_one, at, some)),
          some);
  }
}

/* A loop for each function. */
#define MAP(name)                                                                                                      \
  case name:                                                                                                           \
    map(name, source, result, count);                                                                                  \
    return true;
TARGET static bool apply_unary(uint32_t function, const float *source, float *result, size_t count) {
  switch (function) {
    MAP(NEGATE)
    MAP(EXPONENTIAL)
    MAP(RELU)
    MAP(SIGMOID)
    MAP(SQUARE_ROOT)
    MAP(ABSOLUTE)
    MAP(ROUND)
  default:
    return false;
  }
}
#undef MAP

/* And for each kind of operands. */
#define COMBINE(name)                                                                                                  \
  case name:                                                                                                           \
    if (left_step && right_step)                                                                                       \
      combine(name, left, false, right, false, result, count);                                                         \
    else if (left_step)                                                                                                \
      combine(name, left, false, right, true, result, count);                                                          \
    else                                                                                                               \
      combine(name, left, true, right, !right_step, result, count);                                                    \
    break;
TARGET static void apply_binary(uint32_t function, const float *left, size_t left_step, const float *right,
                                size_t right_step, float *result, size_t count) {
  switch (function) {
    COMBINE(ADD)
    COMBINE(SUBTRACT)
    COMBINE(MULTIPLY)
    COMBINE(DIVIDE)
    COMBINE(MAXIMUM)
    COMBINE(MINIMUM)
    COMBINE(THRESHOLD)
  default:
    break;
  }
}
#undef COMBINE
