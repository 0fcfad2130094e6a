/* Bytes as a model file: opened and, where they are a model, run. */
#include "../Damage/exercise.h"
#include "support.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  void *copy = aligned_copy(data, size);
  exercise_model(copy, size, 1 << 20);
  free(copy);
  return 0;
}
