#if !defined(__unix__) && !defined(__APPLE__)
/* A machine without an operating system: it has no heap and no files. Models and sessions are in the caller's memory.
 */
#include "platform.h"

/* Any value that is not 0: there is but one reason. */
enum { NO_SYSTEM = 1 };

void *quell_platform_allocate(size_t size, size_t alignment) {
  (void)size, (void)alignment;
  return NULL;
}

void quell_platform_free(void *memory) {
  (void)memory;
}

const void *quell_platform_map(const char *path, size_t *size, int *reason) {
  (void)path;
  *size = 0;
  *reason = NO_SYSTEM;
  return NULL;
}

void quell_platform_unmap(const void *memory, size_t size) {
  (void)memory, (void)size;
}

const char *quell_platform_reason(int reason) {
  return reason == NO_SYSTEM ? "there is no operating system" : NULL;
}
#endif
