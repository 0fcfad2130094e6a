/* Runs whatever bytes are given through the public interface, as a program that trusts nothing would, and says what
 * came of it. Everything that is opened is closed again. */
#ifndef QUELL_TESTS_EXERCISE_H
#define QUELL_TESTS_EXERCISE_H

#include <stddef.h>
#include <stdint.h>

/* Opens bytes as a model and, where they are one, uses it: a session that takes tokens one by one and several at a
 * time, text to tokens and back, the state saved and restored. Returns the status of opening it. A session that would
 * take more than `memory_limit` bytes is not made. */
int32_t exercise_model(const void *bytes, uint64_t size, uint64_t memory_limit);

/* Restores bytes as the state of a new session of a model and, where they are one, goes on from it. Returns the status
 * of restoring. */
int32_t exercise_state(const void *model_bytes, uint64_t model_size, const void *state, uint64_t size);

#endif
