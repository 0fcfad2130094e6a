/* Goes on with a text.
 *
 *   gcc -std=c11 generate.c -Iinclude -Lbuild/lib -lquell -Wl,-rpath,$PWD/build/lib -o generate
 *   ./generate model.gguf "Once upon a time" 64
 */
#include "quell.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Encodes a text in memory that the caller frees; null where the call fails. */
static uint32_t *encode(const quell_model *model, const char *text, uint64_t *count, quell_error *error) {
  uint32_t *tokens = NULL;
  quell_status status = quell_model_encode(model, text, strlen(text), NULL, 0, count, error);
  if (status == QUELL_BUFFER_TOO_SMALL)
    tokens = malloc(*count * sizeof *tokens);
  if (tokens && quell_model_encode(model, text, strlen(text), tokens, *count, count, error) != QUELL_OK) {
    free(tokens);
    tokens = NULL;
  }
  return tokens;
}

/* Prints the text of a token, unless it is one that only steers the model. */
static quell_status print(const quell_model *model, uint32_t token, quell_error *error) {
  const char *bytes = NULL;
  uint64_t size = 0;
  if (quell_model_token_is_control(model, token))
    return QUELL_OK;
  quell_status status = quell_model_token_bytes(model, token, &bytes, &size, error);
  if (status == QUELL_OK) {
    fwrite(bytes, 1, size, stdout);
    fflush(stdout);
  }
  return status;
}

/* Takes the prompt, then up to `limit` tokens that the sampler chooses, and prints all of them. */
static quell_status generate(quell_session *session, const quell_model *model, const uint32_t *prompt, uint64_t count,
                             unsigned long limit, quell_sampler *sampler, quell_error *error) {
  quell_status status = quell_session_prefill(session, prompt, count, error);
  for (uint64_t index = 0; status == QUELL_OK && index < count; index++)
    status = print(model, prompt[index], error);
  for (unsigned long made = 0; status == QUELL_OK && made < limit; made++) {
    uint32_t token;
    status = quell_session_sample(session, sampler, &token, error);
    if (status != QUELL_OK || token == quell_model_end_token(model))
      break;
    status = print(model, token, error);
    if (made + 1 == limit || quell_session_position(session) == quell_session_capacity(session))
      break;
    if (status == QUELL_OK)
      status = quell_session_step(session, token, error);
  }
  putchar('\n');
  return status;
}

int main(int argc, char **argv) {
  if (argc < 4 || argc > 6) {
    fprintf(stderr, "usage: generate model prompt count [temperature [seed]]\n");
    return 2;
  }
  unsigned long limit = strtoul(argv[3], NULL, 10);
  quell_sampler_options options = {.struct_size = sizeof options};
  options.temperature = argc > 4 ? strtof(argv[4], NULL) : 0;
  options.seed = argc > 5 ? strtoull(argv[5], NULL, 10) : 0;

  quell_error error = {.struct_size = sizeof error, .message = "out of memory, or nothing to go on with"};
  quell_model *model = NULL;
  quell_session *session = NULL;
  quell_sampler sampler;
  uint32_t *prompt = NULL;
  uint64_t count = 0;
  int succeeded = quell_model_open_file(argv[1], &model, &error) == QUELL_OK &&
                  quell_session_create(model, NULL, &session, &error) == QUELL_OK &&
                  quell_sampler_initialize(&sampler, &options, &error) == QUELL_OK &&
                  (prompt = encode(model, argv[2], &count, &error)) != NULL &&
                  generate(session, model, prompt, count, limit, &sampler, &error) == QUELL_OK;
  if (!succeeded)
    fprintf(stderr, "generate: %s\n", error.message);
  free(prompt);
  quell_session_close(session);
  quell_model_close(model);
  return succeeded ? 0 : 1;
}
