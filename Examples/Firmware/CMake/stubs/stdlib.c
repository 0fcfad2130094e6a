/* Stands for the Pico SDK's console, where there is no SDK. */
#include "pico/stdlib.h"

volatile char console;

int putchar_raw(int byte) {
  console = (char)byte;
  return byte;
}
