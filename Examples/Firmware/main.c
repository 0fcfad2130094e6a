/* A language model on a board: no operating system, no heap, no files. The model is in flash and is read there; all
 * that changes is in one static array. The model's tokens are bytes, so that no tokenizer is needed. */
#include "board.h"
#include "model.h"
#include <quell.h>
#include <string.h>

enum { MEMORY_BYTES = 64 << 10, ANSWER_TOKENS = 32 };

static const char prompt[] = "Once upon a time";

static _Alignas(64) uint8_t memory[MEMORY_BYTES];

static int fail(const quell_error *error) {
  board_write(error->message, strlen(error->message));
  board_write("\n", 1);
  return 1;
}

/* The model's tables come first in the memory, then its session. */
static quell_status open_session(quell_model **model, quell_session **session, quell_error *error) {
  uint64_t tables;
  quell_status status = quell_model_memory_size(model_bytes, model_size, NULL, &tables, error);
  if (status == QUELL_OK)
    status = quell_model_open_in(model_bytes, model_size, NULL, memory, sizeof memory, model, error);
  if (status == QUELL_OK)
    status = quell_session_create_in(*model, NULL, memory + tables, sizeof memory - tables, session, error);
  return status;
}

static uint32_t likeliest(const float *logits, uint32_t count) {
  uint32_t best = 0;
  for (uint32_t token = 1; token < count; token++)
    if (logits[token] > logits[best])
      best = token;
  return best;
}

int main(void) {
  quell_error error = {.struct_size = sizeof error};
  quell_model *model;
  quell_session *session;
  if (open_session(&model, &session, &error) != QUELL_OK)
    return fail(&error);
  for (const char *byte = prompt; *byte; byte++)
    if (quell_session_step(session, (uint8_t)*byte, &error) != QUELL_OK)
      return fail(&error);
  board_write(prompt, sizeof prompt - 1);
  for (int count = 0; count < ANSWER_TOKENS; count++) {
    char byte = (char)likeliest(quell_session_logits(session), quell_model_vocabulary_size(model));
    board_write(&byte, 1);
    if (quell_session_step(session, (uint8_t)byte, &error) != QUELL_OK)
      return fail(&error);
  }
  board_write("\n", 1);
  return 0;
}
