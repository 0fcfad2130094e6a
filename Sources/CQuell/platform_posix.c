#if defined(__unix__) || defined(__APPLE__)
#include "platform.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

void *quell_platform_allocate(size_t size, size_t alignment) {
  void *memory = NULL;
  return posix_memalign(&memory, alignment, size ? size : 1) == 0 ? memory : NULL;
}

void quell_platform_free(void *memory) {
  free(memory);
}

static const char empty_file;

const void *quell_platform_map(const char *path, size_t *size, int *reason) {
  *size = 0;
  /* Without O_NONBLOCK, opening a pipe would wait for a writer. */
  int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (file < 0) {
    *reason = errno;
    return NULL;
  }
  struct stat status;
  const void *memory = NULL;
  if (fstat(file, &status) != 0) {
    *reason = errno;
  } else if (!S_ISREG(status.st_mode)) {
    *reason = 0;
  } else if (status.st_size == 0) {
    memory = &empty_file;
  } else if ((uintmax_t)status.st_size > SIZE_MAX) {
    *reason = EFBIG;
  } else {
    void *mapped = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, file, 0);
    if (mapped == MAP_FAILED) {
      *reason = errno;
    } else {
#ifdef MADV_HUGEPAGE
      /* Rows are read here and there: with large pages, where the system has them for files, fewer places have to be
       * looked up. */
      madvise(mapped, (size_t)status.st_size, MADV_HUGEPAGE);
#endif
      memory = mapped;
      *size = (size_t)status.st_size;
    }
  }
  close(file);
  return memory;
}

void quell_platform_unmap(const void *memory, size_t size) {
  if (memory && memory != &empty_file)
    munmap((void *)memory, size);
}

const char *quell_platform_reason(int reason) {
  return strerror(reason);
}
#endif
