/* What the runtime needs of the machine and Swift cannot say without an operating system's module. */
#ifndef QUELL_PLATFORM_H
#define QUELL_PLATFORM_H
#include <stddef.h>
#include <stdint.h>

/* Memory at an alignment that is a power of two, or null. */
void *quell_platform_allocate(size_t size, size_t alignment);
void quell_platform_free(void *memory);

/* Maps a regular file read-only. Returns null and stores errno's value in `reason`, or 0 in it where the file is of a
   kind that cannot be mapped (a directory, a pipe, a device). An empty file gives a pointer that must not be read and a
   size of 0. */
const void *quell_platform_map(const char *path, size_t *size, int *reason);
void quell_platform_unmap(const void *memory, size_t size);

/* The system's words for an errno value. */
const char *quell_platform_reason(int reason);

/* A counter shared by threads. Both return the new value. */
static inline uint32_t quell_platform_increment(uint32_t *counter) {
  return __atomic_add_fetch(counter, 1, __ATOMIC_RELAXED);
}

static inline uint32_t quell_platform_decrement(uint32_t *counter) {
  return __atomic_sub_fetch(counter, 1, __ATOMIC_ACQ_REL);
}

/* A wish that any thread and any signal's handler may utter, and that is granted once. */
static inline void quell_platform_raise(uint32_t *flag) {
  __atomic_store_n(flag, 1, __ATOMIC_RELAXED);
}

static inline uint32_t quell_platform_take(uint32_t *flag) {
  return __atomic_load_n(flag, __ATOMIC_RELAXED) && __atomic_exchange_n(flag, 0, __ATOMIC_RELAXED);
}

#endif
