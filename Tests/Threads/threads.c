/* Eight threads with a session each over one model, for ThreadSanitizer: every one must see the logits that one thread
 * alone sees.
 *
 *   threads MODEL          every third session has two helpers of its own, and every third one
 *   threads MODEL shared   all threads use one session, which is against the rules: the sanitizer must notice
 */
#include <pthread.h>
#include <quell.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { THREADS = 8, STEPS = 12 };

static quell_model *model;
static quell_session *shared;
static float *expected;
static uint32_t vocabulary_size;

static void fail(const char *what, const quell_error *error) {
  fprintf(stderr, "threads: %s: %s\n", what, error ? error->message : "");
  exit(1);
}

static quell_session *make(uint32_t threads) {
  quell_error error = {.struct_size = sizeof error};
  quell_session_options options = {.struct_size = sizeof options, .threads = threads, .batch = 4};
  quell_session *session = NULL;
  if (quell_session_create(model, &options, &session, &error))
    fail("no session", &error);
  return session;
}

static void run(quell_session *session, float *logits) {
  quell_error error = {.struct_size = sizeof error};
  uint32_t tokens[STEPS];
  for (int step = 0; step < STEPS; step++)
    tokens[step] = (uint32_t)(step * 37 + 5) % vocabulary_size;
  if (quell_session_prefill(session, tokens, STEPS / 2, &error))
    fail("prefill", &error);
  for (int step = STEPS / 2; step < STEPS; step++)
    if (quell_session_step(session, tokens[step], &error))
      fail("step", &error);
  memcpy(logits, quell_session_logits(session), vocabulary_size * sizeof *logits);
}

static void *work(void *argument) {
  float *logits = malloc(vocabulary_size * sizeof *logits);
  for (int round = 0; round < 3; round++) {
    quell_session *session = shared ? shared : argument;
    uint32_t tokens[64];
    uint64_t count, size;
    quell_session_reset(session);
    run(session, logits);
    if (!shared && memcmp(logits, expected, vocabulary_size * sizeof *logits))
      fail("another thread's session gives other logits", NULL);
    if (quell_session_save_state(session, NULL, 0, &size, NULL) != QUELL_BUFFER_TOO_SMALL)
      fail("the size of a state cannot be had", NULL);
    if (!shared && quell_model_encode(model, "the fox", 7, tokens, 64, &count, NULL))
      fail("a text cannot be encoded", NULL);
  }
  free(logits);
  if (!shared)
    quell_session_close(argument);
  return NULL;
}

int main(int argc, char **argv) {
  quell_error error = {.struct_size = sizeof error};
  pthread_t threads[THREADS];
  if (argc < 2 || quell_model_open_file(argv[1], &model, &error))
    fail("no model", &error);
  vocabulary_size = quell_model_vocabulary_size(model);
  expected = malloc(vocabulary_size * sizeof *expected);
  quell_session *alone = make(1);
  run(alone, expected);
  if (argc > 2)
    shared = alone;
  for (int index = 0; index < THREADS; index++)
    if (pthread_create(&threads[index], NULL, work, shared ? NULL : make(1 + index % 3)))
      fail("no thread", NULL);
  for (int index = 0; index < THREADS; index++)
    pthread_join(threads[index], NULL);
  quell_model_close(model);
  quell_session_close(alone);
  free(expected);
  puts("same");
  return 0;
}
