/* A long run: models are opened, text is continued with states saved and gone on from, thresholds are calibrated, and
 * all is closed again, over and over. Every round must give the same bits, and after the first rounds nothing may grow.
 *
 *   soak MODEL SECONDS
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <malloc.h>
#include <quell.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Rounds before what is held is noted, and the fewest in all. */
enum { WARM_ROUNDS = 3, LEAST_ROUNDS = 5, PROMPT = 24, TEXT = 64, SAVE_EVERY = 8, MOST_SITES = 512 };

/* What a process may take more of without holding more: the allocator's own pages. */
enum { SLACK_BYTES = 1 << 20 };

#define EXPECT(condition)                                                                                              \
  do {                                                                                                                 \
    if (!(condition)) {                                                                                                \
      fprintf(stderr, "%s:%d: %s: round %lu: %s\n", __FILE__, __LINE__, #condition, rounds, error.message);            \
      exit(1);                                                                                                         \
    }                                                                                                                  \
  } while (0)

static unsigned long rounds, steps;
static quell_error error = {.struct_size = sizeof error};

/* What the process holds. */
struct holdings {
  size_t allocated, mapped, resident, descriptors;
};

static struct holdings holdings(void) {
  struct holdings now = {.allocated = mallinfo2().uordblks};
  FILE *file = fopen("/proc/self/statm", "r");
  EXPECT(file && fscanf(file, "%zu %zu", &now.mapped, &now.resident) == 2);
  fclose(file);
  now.mapped *= 4096, now.resident *= 4096;
  DIR *folder = opendir("/proc/self/fd");
  EXPECT(folder);
  while (readdir(folder))
    now.descriptors++;
  closedir(folder);
  return now;
}

/* FNV-1a, of the bits of all results of a round. */
static uint64_t hash;

static void mix(const void *bytes, size_t size) {
  for (size_t index = 0; index < size; index++)
    hash = (hash ^ ((const unsigned char *)bytes)[index]) * 0x100000001b3;
}

static quell_session *make(quell_model *model, uint32_t threads, uint32_t batch) {
  quell_session_options options = {
      .struct_size = sizeof options, .threads = threads, .batch = batch, .context_length = 128};
  quell_session *session = NULL;
  EXPECT(quell_session_create(model, &options, &session, &error) == QUELL_OK);
  return session;
}

static void step(quell_session *session, uint32_t token, size_t logits) {
  EXPECT(quell_session_step(session, token, &error) == QUELL_OK);
  mix(quell_session_logits(session), logits);
  steps++;
}

/* Continues a prompt; now and then another session goes on from the saved state, and must do the same. */
static void decode(quell_model *model, const uint32_t *prompt, size_t logits) {
  quell_session *session = make(model, 2, 4), *other = make(model, 1, 1);
  quell_sampler_options options = {.struct_size = sizeof options, .temperature = 0.8f, .top_k = 40, .seed = 7};
  quell_sampler sampler;
  EXPECT(quell_sampler_initialize(&sampler, &options, &error) == QUELL_OK);
  EXPECT(quell_session_prefill(session, prompt, PROMPT, &error) == QUELL_OK);
  for (int index = 0; index < TEXT; index++) {
    uint32_t token;
    EXPECT(quell_session_sample(session, &sampler, &token, &error) == QUELL_OK);
    mix(&token, sizeof token);
    if (index % SAVE_EVERY == 0) {
      uint64_t size = quell_session_state_size(session);
      void *state = malloc(size);
      EXPECT(state && quell_session_save_state(session, state, size, NULL, &error) == QUELL_OK);
      EXPECT(quell_session_restore_state(other, state, size, &error) == QUELL_OK);
      mix(state, size);
      free(state);
    }
    step(session, token, logits);
    EXPECT(quell_session_step(other, token, &error) == QUELL_OK);
    EXPECT(memcmp(quell_session_logits(session), quell_session_logits(other), logits) == 0);
  }
  quell_session_close(session);
  quell_session_close(other);
}

static void calibrate(quell_model *model, const uint32_t *text, size_t logits) {
  quell_session *session = make(model, 1, 4);
  uint32_t sites = quell_model_site_count(model);
  double quantile;
  EXPECT(sites <= MOST_SITES);
  EXPECT(quell_session_begin_calibration(session, NULL, 0, &error) == QUELL_OK);
  EXPECT(quell_session_prefill(session, text, PROMPT, &error) == QUELL_OK);
  EXPECT(quell_session_calibrate(session, 0.6, &quantile, &error) == QUELL_OK);
  mix(&quantile, sizeof quantile);
  for (uint32_t site = 0; site < sites; site++) {
    float threshold;
    EXPECT(quell_session_get_threshold(session, site, &threshold, &error) == QUELL_OK);
    mix(&threshold, sizeof threshold);
  }
  if (rounds % 2)
    quell_session_end_calibration(session);
  for (int index = 0; index < SAVE_EVERY; index++)
    step(session, text[index], logits);
  quell_session_close(session);
}

static void run(const char *path) {
  quell_model *model = NULL;
  uint32_t prompt[PROMPT], encoded[32];
  char text[256];
  uint64_t count, size;
  EXPECT(quell_model_open_file(path, &model, &error) == QUELL_OK);
  uint32_t vocabulary = quell_model_vocabulary_size(model);
  for (uint32_t index = 0; index < PROMPT; index++)
    prompt[index] = (index * 37 + 5) % vocabulary;
  EXPECT(quell_model_encode(model, "the other day", 13, encoded, 32, &count, &error) == QUELL_OK);
  EXPECT(quell_model_decode(model, encoded, count, text, sizeof text, &size, &error) == QUELL_OK);
  mix(text, size);
  decode(model, prompt, vocabulary * sizeof(float));
  calibrate(model, prompt, vocabulary * sizeof(float));
  quell_model_close(model);
}

int main(int argc, char **argv) {
  if (argc != 3)
    return fprintf(stderr, "usage: soak MODEL SECONDS\n"), 2;
  time_t end = time(NULL) + atol(argv[2]);
  uint64_t expected = 0;
  struct holdings first = {0}, last;
  do {
    hash = 0xcbf29ce484222325;
    run(argv[1]);
    EXPECT(rounds == 0 || hash == expected);
    expected = hash;
    rounds++;
    /* Looking takes memory as well, that first time. */
    if (rounds == WARM_ROUNDS - 1 || rounds == WARM_ROUNDS)
      first = holdings();
  } while (rounds < LEAST_ROUNDS || time(NULL) < end);
  last = holdings();
  printf("%lu rounds, %lu tokens: %zu then %zu bytes allocated, %zu then %zu mapped, %zu then %zu resident\n", rounds,
         steps, first.allocated, last.allocated, first.mapped, last.mapped, first.resident, last.resident);
  EXPECT(last.allocated == first.allocated && last.descriptors == first.descriptors);
  /* The shortest run is that of tools whose own memory grows. */
  if (atol(argv[2]) > 0)
    EXPECT(last.mapped == first.mapped && last.resident <= first.resident + SLACK_BYTES);
  return 0;
}
