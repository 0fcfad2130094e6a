/* Lines of a name and a number or a text, which run_boards.py reads. */
#ifndef REPORT_H
#define REPORT_H
#include "board.h"
#include <stdint.h>
#include <string.h>

static inline void report_text(const char *name, const char *text, size_t size) {
  board_write(name, strlen(name));
  board_write(" ", 1);
  board_write(text, size);
  board_write("\n", 1);
}

static inline void report_number(const char *name, uint64_t number) {
  char digits[20];
  size_t first = sizeof digits;
  do
    digits[--first] = (char)('0' + number % 10);
  while (number /= 10);
  report_text(name, digits + first, sizeof digits - first);
}

/* A failure ends the program: what was reported until then does not count. */
static inline int report_failure(const char *message) {
  report_text("failure", message, strlen(message));
  return 1;
}

#endif
