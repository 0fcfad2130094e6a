/* What the processor can do and the operating system allows. Asked of the processor itself: the compiler's own way
 * needs a library. */
#ifndef QUELL_PROCESSOR_X86_H
#define QUELL_PROCESSOR_X86_H
#include <cpuid.h>
#include <stdbool.h>
#include <stdint.h>

/* Which registers the operating system keeps when it switches threads, as XCR0 names them. */
static inline bool processor_keeps(uint32_t registers) {
  uint32_t a, b, c, d;
  if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & bit_OSXSAVE))
    return false;
  uint32_t low, high;
  __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return (low & registers) == registers;
}

/* AVX2, FMA and F16C. */
static inline bool processor_has_avx2(void) {
  uint32_t a, b, c, d;
  const uint32_t first = bit_AVX | bit_FMA | bit_F16C, seventh = bit_AVX2;
  if (!__get_cpuid(1, &a, &b, &c, &d) || (c & first) != first)
    return false;
  return __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b & seventh) == seventh && processor_keeps(0x06);
}

/* AVX2 and AVX-512 F, BW, DQ and VL. */
static inline bool processor_has_avx512(void) {
  uint32_t a, b, c, d;
  const uint32_t seventh = bit_AVX512F | bit_AVX512BW | bit_AVX512DQ | bit_AVX512VL;
  return processor_has_avx2() && __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b & seventh) == seventh &&
         processor_keeps(0xe6);
}

/* AVX-512 VNNI and VBMI. */
static inline bool processor_has_avx512_integers(void) {
  uint32_t a, b, c, d;
  const uint32_t seventh = bit_AVX512VNNI | bit_AVX512VBMI;
  return __get_cpuid_count(7, 0, &a, &b, &c, &d) && (c & seventh) == seventh;
}
#endif
