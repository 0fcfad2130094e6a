/* Eight threads with a session each over one model, for ThreadSanitizer: every one must see the logits that one thread
 * alone sees, also while others open and close models and sessions, and while another thread cancels what they do.
 *
 *   threads MODEL          every third session has two helpers of its own, and every third one
 *   threads MODEL shared   all threads use one session, which is against the rules: the sanitizer must notice
 */
#define _DEFAULT_SOURCE
#include <pthread.h>
#include <quell.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { THREADS = 8, STEPS = 12 };

static const char *path;
static quell_model *model;
static quell_session *shared;
/* The sessions that are cancelled now and then, and whether that goes on. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static quell_session *cancelled[THREADS];
static bool cancels;
static float *expected;
static uint32_t vocabulary_size;

static void fail(const char *what, const quell_error *error) {
  fprintf(stderr, "threads: %s: %s\n", what, error ? error->message : "");
  exit(1);
}

static quell_session *make(quell_model *model, uint32_t threads) {
  quell_error error = {.struct_size = sizeof error};
  quell_session_options options = {.struct_size = sizeof options, .threads = threads, .batch = 4};
  quell_session *session = NULL;
  if (quell_session_create(model, &options, &session, &error))
    fail("no session", &error);
  return session;
}

/* Takes all tokens, some of them one by one; goes on where it was cancelled. */
static void run(quell_session *session, float *logits) {
  quell_error error = {.struct_size = sizeof error};
  uint32_t tokens[STEPS];
  for (int step = 0; step < STEPS; step++)
    tokens[step] = (uint32_t)(step * 37 + 5) % vocabulary_size;
  for (uint64_t taken = 0; taken < STEPS; taken = quell_session_position(session)) {
    quell_status status = taken < STEPS / 2 ? quell_session_prefill(session, tokens + taken, STEPS / 2 - taken, &error)
                                            : quell_session_step(session, tokens[taken], &error);
    if (status && status != QUELL_CANCELLED)
      fail("a step", &error);
  }
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

/* Opens a model, closes it while its session goes on, and does so again. */
static void *live(void *argument) {
  quell_error error = {.struct_size = sizeof error};
  float *logits = malloc(vocabulary_size * sizeof *logits);
  int number = *(int *)argument;
  for (int round = 0; round < 3; round++) {
    quell_model *own = NULL;
    if (number % 2 && quell_model_open_file(path, &own, &error))
      fail("no model", &error);
    quell_session *session = make(own ? own : model, 1 + number % 3);
    quell_model_close(own);
    pthread_mutex_lock(&lock);
    cancelled[number] = session;
    pthread_mutex_unlock(&lock);
    run(session, logits);
    if (memcmp(logits, expected, vocabulary_size * sizeof *logits))
      fail("a session whose model is closed gives other logits", NULL);
    pthread_mutex_lock(&lock);
    cancelled[number] = NULL;
    pthread_mutex_unlock(&lock);
    quell_session_close(session);
  }
  free(logits);
  return NULL;
}

/* Cancels at longer and longer intervals: a machine that takes longer to tell of one cancellation than passes until the
 * next would never take a step. */
static void *cancel(void *unused) {
  useconds_t pause = 2000;
  for (bool goes_on = true; goes_on;) {
    pthread_mutex_lock(&lock);
    for (int number = 0; number < THREADS; number++)
      quell_session_cancel(cancelled[number]);
    goes_on = cancels;
    pthread_mutex_unlock(&lock);
    usleep(pause);
    if (pause < 500000)
      pause += pause / 8;
  }
  return unused;
}

static void start(pthread_t *thread, void *(*body)(void *), void *argument) {
  if (pthread_create(thread, NULL, body, argument))
    fail("no thread", NULL);
}

int main(int argc, char **argv) {
  quell_error error = {.struct_size = sizeof error};
  pthread_t threads[THREADS], canceller;
  int numbers[THREADS];
  path = argv[1];
  if (argc < 2 || quell_model_open_file(path, &model, &error))
    fail("no model", &error);
  vocabulary_size = quell_model_vocabulary_size(model);
  expected = malloc(vocabulary_size * sizeof *expected);
  quell_session *alone = make(model, 1);
  run(alone, expected);
  if (argc > 2)
    shared = alone;
  for (int index = 0; index < THREADS; index++)
    start(&threads[index], work, shared ? NULL : make(model, 1 + index % 3));
  for (int index = 0; index < THREADS; index++)
    pthread_join(threads[index], NULL);
  cancels = true;
  start(&canceller, cancel, NULL);
  for (int index = 0; index < THREADS; index++) {
    numbers[index] = index;
    start(&threads[index], live, &numbers[index]);
  }
  for (int index = 0; index < THREADS; index++)
    pthread_join(threads[index], NULL);
  pthread_mutex_lock(&lock);
  cancels = false;
  pthread_mutex_unlock(&lock);
  pthread_join(canceller, NULL);
  quell_model_close(model);
  quell_session_close(alone);
  free(expected);
  puts("same");
  return 0;
}
