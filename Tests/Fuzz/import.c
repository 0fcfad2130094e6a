/* Bytes as an ONNX file. */
#include <stddef.h>
#include <stdint.h>

void quell_fuzz_import(const uint8_t *bytes, ptrdiff_t count);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  quell_fuzz_import(data, (ptrdiff_t)size);
  return 0;
}
