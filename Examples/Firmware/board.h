/* What the programs of this folder need of a board. Another board is another file that defines these. */
#ifndef BOARD_H
#define BOARD_H
#include <stddef.h>

/* Shows bytes to whoever watches: a serial line, or the debugger's console. */
void board_write(const char *bytes, size_t count);

#endif
