/* How many instructions the processor has executed, in an emulator that lets one nanosecond pass for each; 0 elsewhere.
 */
#ifndef COUNTER_H
#define COUNTER_H
#include <stdint.h>

#if defined(__arm__)
/* SysTick counts down from 2^24 - 1, one tick for PICOSECONDS_PER_TICK. */
static volatile uint32_t *const systick = (volatile uint32_t *)0xe000e010;

static inline void counter_start(void) {
  systick[1] = 0xffffff;
  systick[2] = 0;
  systick[0] = 5;
}

static inline uint64_t counter_now(void) {
  static uint32_t last;
  static uint64_t total;
  uint32_t now = 0xffffff - systick[2];
  total += (now - last) & 0xffffff;
  last = now;
  return total * PICOSECONDS_PER_TICK / 1000;
}
#elif defined(__riscv)
static inline void counter_start(void) {}

static inline uint64_t counter_now(void) {
  uint32_t high, low, again;
  do
    __asm__ volatile(".option push\n .option arch, +zicsr\n"
                     "csrr %0, minstreth\n csrr %1, minstret\n csrr %2, minstreth\n"
                     ".option pop"
                     : "=r"(high), "=r"(low), "=r"(again));
  while (high != again);
  return (uint64_t)high << 32 | low;
}
#elif defined(__aarch64__) && PICOSECONDS_PER_TICK > 0
static inline void counter_start(void) {}

static inline uint64_t counter_now(void) {
  uint64_t ticks;
  __asm__ volatile("isb\n mrs %0, cntvct_el0" : "=r"(ticks));
  return ticks * PICOSECONDS_PER_TICK / 1000;
}
#else
static inline void counter_start(void) {}

static inline uint64_t counter_now(void) {
  return 0;
}
#endif

#endif
