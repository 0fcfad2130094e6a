/* Puts the model file MODEL_FILE among the constants, which are in flash. */
#include "model.h"

__asm__(".section .rodata.model, \"a\"\n"
        ".balign 64\n"
        ".global model_bytes\n"
        "model_bytes:\n"
        ".incbin \"" MODEL_FILE "\"\n"
        ".global model_end\n"
        "model_end:\n"
        ".previous\n");
