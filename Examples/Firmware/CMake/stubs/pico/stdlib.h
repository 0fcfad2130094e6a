/* Stands for the Pico SDK's header of this name, where there is no SDK. */
#ifndef PICO_STDLIB_H
#define PICO_STDLIB_H
int putchar_raw(int byte);
#endif
