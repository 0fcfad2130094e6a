/* A fault ends the program with the place where it happened, instead of an endless loop in the C library. */
#ifndef FAULTS_H
#define FAULTS_H
#include "report.h"

#if defined(__arm__)
#include <stdlib.h>

/* The processor has put eight registers on the stack; the seventh is the address that it had come to. */
static __attribute__((used)) void report_fault(const uint32_t *stacked) {
  report_number("failure fault at address", stacked[6]);
  _Exit(1);
}

__attribute__((naked)) void arm_hardfault_isr(void) {
  __asm__ volatile("mrs r0, msp\n b report_fault");
}
#endif

#endif
