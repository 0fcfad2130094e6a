/* A board whose SDK brings a console. */
#include "board.h"
#include "pico/stdlib.h"

void board_write(const char *bytes, size_t count) {
  for (size_t index = 0; index < count; index++)
    putchar_raw(bytes[index]);
}
