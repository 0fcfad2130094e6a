/* What the fuzzers share. */
#ifndef QUELL_TESTS_FUZZ_SUPPORT_H
#define QUELL_TESTS_FUZZ_SUPPORT_H

#include <quell.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The folder with the models that states and texts are for. */
#ifndef MODELS
#error MODELS is not set
#endif

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static inline void require(int holds, const char *what) {
  if (!holds) {
    fprintf(stderr, "fuzzer: %s\n", what);
    abort();
  }
}

/* A copy at an address that a model may have, which ends where it ends. */
static inline void *aligned_copy(const uint8_t *data, size_t size) {
  void *copy;
  require(posix_memalign(&copy, 64, size ? size : 1) == 0, "no memory");
  memcpy(copy, data, size);
  return copy;
}

/* A whole file of the folder of models. */
static inline void *read_model(const char *name, uint64_t *size) {
  char path[1024];
  snprintf(path, sizeof path, "%s/%s", MODELS, name);
  FILE *file = fopen(path, "rb");
  require(file != NULL, path);
  fseek(file, 0, SEEK_END);
  *size = (uint64_t)ftell(file);
  rewind(file);
  void *bytes;
  require(posix_memalign(&bytes, 64, *size) == 0 && fread(bytes, 1, *size, file) == *size, path);
  fclose(file);
  return bytes;
}

#endif
