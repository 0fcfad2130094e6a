/* What vectors are reduced to, included by kernel_loops.h: bit by bit as the loops in ReductionLoops.swift do it. */

INLINE float greater_one(float a, float b) {
  return a > b || a != a ? a : b;
}

/* Of each of eight lanes, then of all. */
TARGET static float greatest(const float *numbers, size_t count) {
  float result = numbers[0];
  size_t at = 1;
  if (count >= 8) {
    __m256 lanes = _mm256_loadu_ps(numbers), is_none = _mm256_cmp_ps(lanes, lanes, _CMP_UNORD_Q);
    for (at = 8; at + 8 <= count; at += 8) {
      const __m256 some = _mm256_loadu_ps(numbers + at);
      /* The second of two that are equal, and of two that cannot be compared: those are looked for apart. */
      lanes = _mm256_max_ps(lanes, some);
      is_none = _mm256_or_ps(is_none, _mm256_cmp_ps(some, some, _CMP_UNORD_Q));
    }
    if (_mm256_movemask_ps(is_none))
      return __builtin_nanf("");
    float each[8];
    _mm256_storeu_ps(each, lanes);
    result = each[0];
    for (int lane = 1; lane < 8; lane++)
      result = greater_one(result, each[lane]);
  }
  for (; at < count; at++)
    result = greater_one(result, numbers[at]);
  return result;
}
