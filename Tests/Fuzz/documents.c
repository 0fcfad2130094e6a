/* Bytes as JSON files. */
#include <stddef.h>
#include <stdint.h>

void quell_fuzz_documents(const uint8_t *bytes, ptrdiff_t count);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  quell_fuzz_documents(data, (ptrdiff_t)size);
  return 0;
}
