#ifndef QUELL_ONNX_H
#define QUELL_ONNX_H
#include <stddef.h>
#include <stdint.h>
#ifdef __cplusplus
extern "C" {
#endif

/** The newest operator set of the standard domain that libonnx knows. */
int64_t quell_onnx_newest_opset(void);

/**
 * Runs libonnx's checker over a serialised ModelProto without weights.
 *
 * Returns 0 when the model passes, 1 when it does not; then `message` holds why, cut to `capacity` bytes with a final
 * zero byte. No exception leaves the call. Safe from any thread.
 */
int quell_onnx_check(const void *bytes, size_t count, char *message, size_t capacity);

#ifdef __cplusplus
}
#endif
#endif
