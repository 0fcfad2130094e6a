/* Bytes as the saved state of a session: the first byte says of which model, the hash at the end is put right, since no
 * mutation would find it. */
#include "../Damage/exercise.h"
#include "support.h"

enum { HASH_BYTES = 8 };

/* FNV-1a, as the format of states has it. */
static uint64_t hash(const uint8_t *bytes, size_t size) {
  uint64_t value = 0xcbf29ce484222325;
  for (size_t index = 0; index < size; index++)
    value = (value ^ bytes[index]) * 0x100000001b3;
  return value;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static const char *const names[] = {"small.gguf", "recurrent.gguf"};
  static void *models[2];
  static uint64_t sizes[2];
  if (size < 1)
    return 0;
  const int which = data[0] & 1;
  if (!models[which])
    models[which] = read_model(names[which], &sizes[which]);
  size--;
  uint8_t *state = aligned_copy(data + 1, size);
  /* The upper bit leaves the hash as it is. */
  if (size >= HASH_BYTES && !(data[0] & 0x80)) {
    const uint64_t right = hash(state, size - HASH_BYTES);
    memcpy(state + size - HASH_BYTES, &right, HASH_BYTES);
  }
  exercise_state(models[which], sizes[which], state, size);
  free(state);
  return 0;
}
