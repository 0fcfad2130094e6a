/* WebAssembly: the host shows what is written, through the one function of WASI that this needs. There is no C library.
 */
#include "board.h"
#include <stdint.h>
#include <string.h>

typedef struct {
  const void *bytes;
  uint32_t count;
} io_vector;

__attribute__((import_module("wasi_snapshot_preview1"), import_name("fd_write"))) int32_t
fd_write(int32_t file, const io_vector *vectors, uint32_t count, uint32_t *written);

__attribute__((import_module("wasi_snapshot_preview1"), import_name("proc_exit"), noreturn)) void
proc_exit(int32_t status);

void board_write(const char *bytes, size_t count) {
  const io_vector vector = {bytes, (uint32_t)count};
  uint32_t written;
  fd_write(1, &vector, 1, &written);
}

int main(void);

__attribute__((export_name("_start"))) void start(void) {
  int status = main();
  if (status != 0)
    proc_exit(status);
}

/* ---- What compilers expect of every machine. Built so that these loops are not taken for calls of themselves. ---- */

void *memcpy(void *restrict to, const void *restrict from, size_t count) {
  return memmove(to, from, count);
}

void *memmove(void *to, const void *from, size_t count) {
  uint8_t *target = to;
  const uint8_t *source = from;
  if (target < source)
    for (size_t index = 0; index < count; index++)
      target[index] = source[index];
  else
    for (size_t index = count; index > 0; index--)
      target[index - 1] = source[index - 1];
  return to;
}

void *memset(void *memory, int byte, size_t count) {
  uint8_t *target = memory;
  for (size_t index = 0; index < count; index++)
    target[index] = (uint8_t)byte;
  return memory;
}

size_t strlen(const char *text) {
  size_t length = 0;
  while (text[length])
    length++;
  return length;
}
