/* Puts the model file MODEL_FILE among the constants, which are in flash. */
#include "model.h"

#if defined(__wasm__)
_Alignas(64) const uint8_t model_bytes[] = {
#embed MODEL_FILE
};
const uint8_t *const model_end = model_bytes + sizeof model_bytes;
#else
__asm__(".section .rodata.model, \"a\"\n"
        ".balign 64\n"
        ".global model_bytes\n"
        "model_bytes:\n"
        ".incbin \"" MODEL_FILE "\"\n"
        ".global model_end\n"
        "model_end:\n"
        ".previous\n");
#endif
