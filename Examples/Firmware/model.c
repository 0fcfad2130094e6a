/* Puts the model file MODEL_FILE among the constants, which are in flash. */
#include "model.h"

#if defined(__wasm__)
_Alignas(64) const uint8_t model_bytes[] = {
#embed MODEL_FILE
};
const uint32_t model_size = sizeof model_bytes;
#else
__asm__(".section .rodata.model, \"a\"\n"
        ".balign 64\n"
        ".global model_bytes\n"
        "model_bytes:\n"
        ".incbin \"" MODEL_FILE "\"\n"
        "1:\n"
        ".balign 4\n"
        ".global model_size\n"
        "model_size:\n"
        ".long 1b - model_bytes\n"
        ".previous\n");
#endif
