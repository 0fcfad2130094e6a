/* A model file that lies in flash. */
#ifndef MODEL_H
#define MODEL_H
#include <stdint.h>

extern const uint8_t model_bytes[];
extern const uint32_t model_size;

#endif
