/* Classes of Unicode code points: data, which Swift would build at run time. */
#ifndef QUELL_UNICODE_CLASSES_H
#define QUELL_UNICODE_CLASSES_H
#include <stddef.h>
#include <stdint.h>

/* 1 for a letter (general category L), 2 for a number (N), 3 for white space, 0 for all else. For code points from 0x80
 * up. */
uint8_t quell_unicode_class(uint32_t code_point);

#endif
