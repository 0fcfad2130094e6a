/* What the programs and the library need of <string.h>; WebAssembly without a system has none. board_wasi.c defines it.
 */
#ifndef STRING_H
#define STRING_H
#include <stddef.h>

void *memcpy(void *restrict to, const void *restrict from, size_t count);
void *memmove(void *to, const void *from, size_t count);
void *memset(void *memory, int byte, size_t count);
size_t strlen(const char *text);

#endif
