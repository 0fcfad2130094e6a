/* What programs see when the system gives the library nothing: every allocation, opened file, mapping and started
 * thread fails, each once and for ever; memory is too small by every number of words; a callback cannot read; calls are
 * cancelled at every token. Each time there must be a status, nothing may be left behind, and what was there before
 * must go on as if nothing had happened.
 *
 *   faults MODEL
 *
 * Linked with the static library and `--wrap` for what it asks of the system, so that the library's calls alone come
 * here.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <quell.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TOKENS = 11, PADDED_BYTES = 3 << 20, GUARD = 256, MOST_VOCABULARY = 4096 };

#define EXPECT(condition)                                                                                              \
  do {                                                                                                                 \
    if (!(condition)) {                                                                                                \
      fprintf(stderr, "%s:%d: %s: call %d of %s, %s\n", __FILE__, __LINE__, #condition, failing, scenario_name,        \
              forever ? "for ever" : "once");                                                                          \
      exit(1);                                                                                                         \
    }                                                                                                                  \
  } while (0)

/* ---- The system ---- */

/* Calls of the system so far, the one that fails (0 for none), whether all after it fail too, and the status that it
 * comes to. */
static int calls, failing;
static bool forever;
static quell_status expected;
static const char *scenario_name = "none";
/* What the library holds. */
static int blocks, mappings, descriptors, threads;

static bool fails(quell_status status) {
  calls++;
  bool is_failing = failing > 0 && (calls == failing || (forever && calls > failing));
  if (is_failing && calls == failing)
    expected = status;
  return is_failing;
}

int __real_posix_memalign(void **memory, size_t alignment, size_t size);
int __wrap_posix_memalign(void **memory, size_t alignment, size_t size);
int __wrap_posix_memalign(void **memory, size_t alignment, size_t size) {
  if (fails(QUELL_OUT_OF_MEMORY))
    return ENOMEM;
  int result = __real_posix_memalign(memory, alignment, size);
  /* What is not written is not zero. */
  if (result == 0)
    memset(*memory, 0xa5, size);
  blocks += result == 0;
  return result;
}

void __real_free(void *memory);
void __wrap_free(void *memory);
void __wrap_free(void *memory) {
  blocks -= memory != NULL;
  __real_free(memory);
}

int __real_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...) {
  if (fails(QUELL_FILE_UNREADABLE))
    return errno = EMFILE, -1;
  int result = __real_open(path, flags);
  descriptors += result >= 0;
  return result;
}

int __real_close(int descriptor);
int __wrap_close(int descriptor);
int __wrap_close(int descriptor) {
  descriptors--;
  return __real_close(descriptor);
}

int __real_fstat(int descriptor, struct stat *status);
int __wrap_fstat(int descriptor, struct stat *status);
int __wrap_fstat(int descriptor, struct stat *status) {
  return fails(QUELL_FILE_UNREADABLE) ? (errno = EIO, -1) : __real_fstat(descriptor, status);
}

void *__real_mmap(void *address, size_t size, int protection, int flags, int descriptor, off_t offset);
void *__wrap_mmap(void *address, size_t size, int protection, int flags, int descriptor, off_t offset);
void *__wrap_mmap(void *address, size_t size, int protection, int flags, int descriptor, off_t offset) {
  if (fails(QUELL_FILE_UNREADABLE))
    return errno = ENOMEM, MAP_FAILED;
  void *result = __real_mmap(address, size, protection, flags, descriptor, offset);
  mappings += result != MAP_FAILED;
  return result;
}

int __real_munmap(void *address, size_t size);
int __wrap_munmap(void *address, size_t size);
int __wrap_munmap(void *address, size_t size) {
  mappings--;
  return __real_munmap(address, size);
}

int __real_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*start)(void *), void *argument);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*start)(void *), void *argument);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*start)(void *), void *argument) {
  if (fails(QUELL_OUT_OF_MEMORY))
    return EAGAIN;
  int result = __real_pthread_create(thread, attributes, start, argument);
  threads += result == 0;
  return result;
}

int __real_pthread_join(pthread_t thread, void **result);
int __wrap_pthread_join(pthread_t thread, void **result);
int __wrap_pthread_join(pthread_t thread, void **result) {
  threads--;
  return __real_pthread_join(thread, result);
}

/* ---- What is done ---- */

static const char *path;
static void *file;
static uint64_t file_size;
static quell_model *shared;
static uint32_t vocabulary, tokens[TOKENS];
static float logits[MOST_VOCABULARY];
static quell_error error = {.struct_size = sizeof error};

/* A session that has taken the tokens must have the logits that the first one had. */
static void expect_same(quell_session *session) {
  EXPECT(memcmp(quell_session_logits(session), logits, vocabulary * sizeof *logits) == 0);
}

static quell_session *make(quell_model *model, uint32_t batch) {
  quell_session_options options = {.struct_size = sizeof options, .batch = batch};
  quell_session *session = NULL;
  EXPECT(quell_session_create(model, &options, &session, &error) == QUELL_OK);
  return session;
}

static void expect_runs(quell_model *model) {
  quell_session *session = make(model, 1);
  EXPECT(quell_session_prefill(session, tokens, TOKENS, &error) == QUELL_OK);
  expect_same(session);
  quell_session_close(session);
}

static int32_t read_file(uint64_t offset, void *bytes, uint64_t size, void *user) {
  (void)user;
  uint64_t there = offset < file_size ? file_size - offset : 0, count = size < there ? size : there;
  memcpy(bytes, (char *)file + offset, count);
  memset((char *)bytes + count, 0, size - count);
  return 0;
}

static quell_status finish_opening(quell_status status, quell_model *model) {
  EXPECT((status == QUELL_OK) == (model != NULL));
  if (!failing)
    expect_runs(model);
  quell_model_close(model);
  return status;
}

static quell_status open_file(void) {
  quell_model *model = (quell_model *)&error;
  quell_status status = quell_model_open_file(path, &model, &error);
  return finish_opening(status, model);
}

static quell_status open_memory(void) {
  quell_model *model = (quell_model *)&error;
  quell_status status = quell_model_open_memory(file, file_size, &model, &error);
  return finish_opening(status, model);
}

static quell_status open_reader(void) {
  quell_model *model = (quell_model *)&error;
  quell_status status = quell_model_open_reader(read_file, NULL, file_size, &model, &error);
  return finish_opening(status, model);
}

static quell_status create_session(void) {
  quell_session_options options = {.struct_size = sizeof options, .threads = 4, .batch = 3};
  quell_session *session = (quell_session *)&error;
  quell_status status = quell_session_create(shared, &options, &session, &error);
  EXPECT((status == QUELL_OK) == (session != NULL));
  if (status == QUELL_OK) {
    EXPECT(quell_session_prefill(session, tokens, TOKENS, &error) == QUELL_OK);
    expect_same(session);
  }
  quell_session_close(session);
  return status;
}

static quell_status encode(void) {
  uint32_t found[64];
  uint64_t count = 0;
  quell_status status = quell_model_encode(shared, "the other one", 13, found, 64, &count, &error);
  EXPECT(status || count > 0);
  return status;
}

/* A calibration that cannot begin leaves the thresholds, and the one that is under way. */
static quell_status calibrate(void) {
  quell_session *session = NULL;
  int wanted = failing;
  failing = 0;
  session = make(shared, 1);
  EXPECT(quell_session_set_threshold(session, 0, 0.25f, &error) == QUELL_OK);
  failing = wanted ? calls + wanted : 0;
  quell_status status = quell_session_begin_calibration(session, NULL, 0, &error);
  bool is_first = status != QUELL_OK;
  if (status == QUELL_OK) {
    EXPECT(quell_session_prefill(session, tokens, TOKENS, &error) == QUELL_OK);
    expect_same(session);
    status = quell_session_begin_calibration(session, NULL, 0, &error);
  }
  float threshold = -1;
  EXPECT(quell_session_get_threshold(session, 0, &threshold, &error) == QUELL_OK);
  EXPECT(threshold == (is_first ? 0.25f : 0));
  double quantile = -1;
  EXPECT(quell_session_calibrate(session, 0.5, &quantile, NULL) ==
         (status && !is_first ? QUELL_OK : QUELL_INVALID_ARGUMENT));
  quell_session_close(session);
  failing = wanted;
  return status;
}

/* ---- Nothing to be had ---- */

/* Fails every call that the library makes of the system in turn. */
static void fail_each(const char *name, quell_status (*scenario)(void), int least) {
  scenario_name = name;
  for (int kind = 0; kind < 2; kind++) {
    forever = kind == 1;
    for (int call = 1;; call++) {
      const int held[] = {blocks, mappings, descriptors, threads};
      calls = 0;
      failing = call;
      expected = QUELL_OK;
      error.code = QUELL_OK;
      error.message[0] = 0;
      quell_status status = scenario();
      EXPECT(status == expected && error.code == status && (status == QUELL_OK) == (error.message[0] == 0));
      EXPECT(held[0] == blocks && held[1] == mappings && held[2] == descriptors && held[3] == threads);
      failing = 0;
      EXPECT(scenario() == QUELL_OK);
      if (status == QUELL_OK) {
        EXPECT(call > least);
        break;
      }
    }
  }
  forever = false;
}

/* What is promised to allocate nothing does not: for it there is nothing to be had. */
static void use_without_memory(void) {
  scenario_name = "a session's calls";
  quell_session *session = make(shared, 3);
  quell_sampler sampler;
  quell_token_score scores[TOKENS];
  uint32_t token;
  uint64_t size;
  static char state[1 << 16];
  calls = 0;
  failing = 1;
  forever = true;
  EXPECT(quell_session_step(session, tokens[0], &error) == QUELL_OK);
  quell_session_reset(session);
  EXPECT(quell_session_score(session, tokens, tokens, TOKENS, scores, &error) == QUELL_OK);
  quell_session_reset(session);
  EXPECT(quell_session_prefill(session, tokens, TOKENS, &error) == QUELL_OK);
  expect_same(session);
  EXPECT(quell_sampler_initialize(&sampler, NULL, &error) == QUELL_OK);
  EXPECT(quell_session_sample(session, &sampler, &token, &error) == QUELL_OK);
  EXPECT(quell_session_save_state(session, state, sizeof state, &size, &error) == QUELL_OK);
  EXPECT(quell_session_restore_state(session, state, size, &error) == QUELL_OK);
  EXPECT(calls == 0);
  failing = 0;
  forever = false;
  quell_session_close(session);
}

/* ---- Too little memory ---- */

static char *guarded(uint64_t size) {
  void *memory = NULL;
  EXPECT(__real_posix_memalign(&memory, 64, size + GUARD) == 0);
  memset(memory, 0xa5, size + GUARD);
  return memory;
}

static void expect_untouched(const char *memory, uint64_t size) {
  for (int byte = 0; byte < GUARD; byte++)
    EXPECT((unsigned char)memory[size + byte] == 0xa5);
}

/* All that a program opens lives in memory of its own: the system is asked for nothing. */
static void live_in_memory_of_the_callers(void) {
  scenario_name = "a program with memory of its own";
  static const char text[] = "the other one";
  uint64_t model_size, session_size, scratch_size, count, found;
  uint32_t wanted[64], encoded[64];
  EXPECT(quell_model_encode(shared, text, sizeof text - 1, wanted, 64, &count, &error) == QUELL_OK);
  EXPECT(quell_model_memory_size(file, file_size, quell_open_tokenizer, &model_size, &error) == QUELL_OK);
  EXPECT(quell_session_memory_size(shared, NULL, &session_size, &error) == QUELL_OK);
  EXPECT(quell_model_encode_memory_size(shared, text, sizeof text - 1, &scratch_size, &error) == QUELL_OK);
  uint64_t statistics_size = quell_model_calibration_size(shared);
  char *memory = guarded(model_size), *session_memory = guarded(session_size), *scratch = guarded(scratch_size),
       *statistics = guarded(statistics_size);
  quell_model *model = NULL;
  quell_session *session = NULL;
  quell_adaptation adaptation = {.struct_size = sizeof adaptation, .target = 0.5f};
  calls = 0;
  failing = 1;
  forever = true;
  EXPECT(quell_model_open_in(file, file_size, quell_open_tokenizer, memory, model_size, &model, &error) == QUELL_OK);
  EXPECT(quell_model_encode(model, text, sizeof text - 1, encoded, 64, &found, &error) == QUELL_OUT_OF_MEMORY);
  EXPECT(calls == 1);
  EXPECT(quell_model_encode_in(model, text, sizeof text - 1, scratch, scratch_size, encoded, 64, &found, &error) ==
         QUELL_OK);
  EXPECT(found == count && memcmp(encoded, wanted, count * sizeof *wanted) == 0);
  EXPECT(quell_session_create_in(model, NULL, session_memory, session_size, &session, &error) == QUELL_OK);
  EXPECT(quell_session_prefill(session, tokens, TOKENS, &error) == QUELL_OK);
  expect_same(session);
  EXPECT(quell_session_begin_calibration(session, statistics, statistics_size, &error) == QUELL_OK);
  EXPECT(quell_session_step(session, tokens[0], &error) == QUELL_OK);
  EXPECT(quell_session_calibrate(session, 0.5, NULL, &error) == QUELL_OK);
  quell_session_end_calibration(session);
  EXPECT(quell_session_adapt(session, &adaptation, &error) == QUELL_OK);
  EXPECT(quell_session_step(session, tokens[1], &error) == QUELL_OK);
  quell_session_close(session);
  quell_model_close(model);
  EXPECT(calls == 1);
  failing = 0;
  forever = false;
  expect_untouched(memory, model_size);
  expect_untouched(session_memory, session_size);
  expect_untouched(scratch, scratch_size);
  expect_untouched(statistics, statistics_size);
  __real_free(memory);
  __real_free(session_memory);
  __real_free(scratch);
  __real_free(statistics);
}

/* Gives a model, then a session, every number of words up to what it asked for. */
static void grow_memory(void) {
  scenario_name = "memory that grows";
  uint64_t needed, session_needed;
  quell_session_options options = {.struct_size = sizeof options, .threads = 2, .batch = 3};
  EXPECT(quell_model_memory_size(file, file_size, quell_open_tokenizer, &needed, &error) == QUELL_OK);
  EXPECT(quell_session_memory_size(shared, &options, &session_needed, &error) == QUELL_OK);
  char *memory = guarded(needed), *session_memory = guarded(session_needed);
  bool fits = false;
  for (uint64_t size = 0; size <= needed; size += 8) {
    quell_model *model = (quell_model *)&error;
    memset(memory + size, 0xa5, GUARD);
    quell_status status = quell_model_open_in(file, file_size, quell_open_tokenizer, memory, size, &model, &error);
    /* The last piece ends before a multiple of 64. */
    EXPECT(status == (fits || size == needed ? QUELL_OK : status) &&
           (status == QUELL_OK || status == QUELL_BUFFER_TOO_SMALL));
    EXPECT((model != NULL) == (status == QUELL_OK) && (status == QUELL_OK) <= (size + 64 > needed));
    expect_untouched(memory, size);
    fits = status == QUELL_OK;
    if (fits && size < needed)
      quell_model_close(model);
  }
  quell_model *model = (quell_model *)memory;
  fits = false;
  for (uint64_t size = 0; size <= session_needed; size += 8) {
    quell_session *session = (quell_session *)&error;
    memset(session_memory + size, 0xa5, GUARD);
    quell_status status = quell_session_create_in(model, &options, session_memory, size, &session, &error);
    EXPECT(status == (fits || size == session_needed ? QUELL_OK : status) &&
           (status == QUELL_OK || status == QUELL_BUFFER_TOO_SMALL));
    EXPECT((session != NULL) == (status == QUELL_OK) && (status == QUELL_OK) <= (size + 64 > session_needed));
    expect_untouched(session_memory, size);
    fits = status == QUELL_OK;
    if (!fits)
      continue;
    EXPECT(quell_session_prefill(session, tokens, TOKENS, &error) == QUELL_OK);
    expect_same(session);
    expect_untouched(session_memory, size);
    quell_session_close(session);
  }
  quell_model_close(model);
  EXPECT(threads == 0);
  __real_free(memory);
  __real_free(session_memory);
}

/* ---- What cannot be read ---- */

static int reads, failing_read;
static int32_t answer;

static int32_t read_or_fail(uint64_t offset, void *bytes, uint64_t size, void *user) {
  if (++reads != failing_read)
    return read_file(offset, bytes, size, user);
  /* Half of it, late. */
  usleep(1000);
  read_file(offset, bytes, size / 2, user);
  return answer;
}

static void fail_reads(void) {
  scenario_name = "a callback that reads";
  const int32_t answers[] = {QUELL_CANCELLED, QUELL_MALFORMED, 1, -1, INT_MIN, INT_MAX};
  for (int kind = 0; kind < (int)(sizeof answers / sizeof *answers); kind++)
    for (failing_read = 1; failing_read <= PADDED_BYTES >> 20; failing_read++) {
      const int held = blocks;
      quell_model *model = (quell_model *)&error;
      reads = 0;
      answer = answers[kind];
      quell_status status = quell_model_open_reader(read_or_fail, NULL, PADDED_BYTES, &model, &error);
      EXPECT(status == (answer == QUELL_CANCELLED ? QUELL_CANCELLED : QUELL_FILE_UNREADABLE));
      EXPECT(model == NULL && reads == failing_read && blocks == held);
      EXPECT(error.byte_offset == (uint64_t)(failing_read - 1) << 20);
    }
}

/* ---- A file that changes ---- */

static int32_t read_descriptor(uint64_t offset, void *bytes, uint64_t size, void *user) {
  return pread(*(int *)user, bytes, size, (off_t)offset) == (ssize_t)size ? 0 : 1;
}

static void change_files(void) {
  scenario_name = "a file that changes";
  char copy[] = "/tmp/quell-faults-XXXXXX";
  int descriptor = mkstemp(copy);
  EXPECT(descriptor >= 0 && write(descriptor, file, file_size) == (ssize_t)file_size);
  quell_model *mapped = NULL, *read = NULL;
  EXPECT(quell_model_open_file(copy, &mapped, &error) == QUELL_OK);
  EXPECT(quell_model_open_reader(read_descriptor, &descriptor, file_size, &read, &error) == QUELL_OK);
  EXPECT(unlink(copy) == 0);
  expect_runs(mapped);
  quell_model_close(mapped);
  EXPECT(ftruncate(descriptor, 0) == 0);
  expect_runs(read);
  quell_model_close(read);
  __real_close(descriptor);
}

/* ---- Calls that are cancelled ---- */

struct cancelling {
  quell_session *session;
  uint64_t at, seen;
};

static void cancel_at(uint64_t index, const float *row, void *user) {
  struct cancelling *cancelling = user;
  EXPECT(row != NULL);
  cancelling->seen++;
  if (index == cancelling->at)
    quell_session_cancel(cancelling->session);
}

static void cancel_calls(void) {
  scenario_name = "calls that are cancelled";
  for (uint32_t batch = 1; batch <= 4; batch++)
    for (uint64_t at = 0; at < TOKENS; at++) {
      quell_session *session = make(shared, batch);
      struct cancelling cancelling = {session, at, 0};
      quell_status status = quell_session_visit_logits(session, tokens, TOKENS, cancel_at, &cancelling, &error);
      uint64_t taken = quell_session_position(session), end = (at / batch + 1) * batch;
      EXPECT(taken == (end < TOKENS ? end : TOKENS) && cancelling.seen == taken);
      EXPECT(status == (taken < TOKENS ? QUELL_CANCELLED : QUELL_OK));
      if (taken == TOKENS) {
        /* Nothing was left to be cancelled, so that the next call is. */
        expect_same(session);
        EXPECT(quell_session_step(session, tokens[0], &error) == QUELL_CANCELLED);
        EXPECT(quell_session_position(session) == TOKENS);
      } else {
        EXPECT(quell_session_prefill(session, tokens + taken, TOKENS - taken, &error) == QUELL_OK);
        expect_same(session);
      }
      quell_session_close(session);
    }
}

int main(int argc, char **argv) {
  int descriptor = argc == 2 ? open(path = argv[1], O_RDONLY) : -1;
  struct stat status;
  if (descriptor < 0 || __real_fstat(descriptor, &status) != 0)
    return fprintf(stderr, "usage: faults MODEL\n"), 2;
  file_size = (uint64_t)status.st_size;
  EXPECT(file_size < PADDED_BYTES && __real_posix_memalign(&file, 64, file_size) == 0);
  EXPECT(read(descriptor, file, file_size) == (ssize_t)file_size);
  close(descriptor);

  EXPECT(quell_model_open_file(path, &shared, &error) == QUELL_OK);
  vocabulary = quell_model_vocabulary_size(shared);
  EXPECT(vocabulary <= MOST_VOCABULARY);
  for (uint32_t index = 0; index < TOKENS; index++)
    tokens[index] = (index * 37 + 5) % vocabulary;
  quell_session *first = make(shared, 1);
  for (int index = 0; index < TOKENS; index++)
    EXPECT(quell_session_step(first, tokens[index], &error) == QUELL_OK);
  memcpy(logits, quell_session_logits(first), vocabulary * sizeof *logits);
  quell_session_close(first);

  fail_each("opening a file", open_file, 4);
  fail_each("opening memory", open_memory, 1);
  fail_each("opening by a callback", open_reader, 2);
  fail_each("making a session", create_session, 4);
  fail_each("encoding a text", encode, 1);
  fail_each("calibrating", calibrate, 2);
  use_without_memory();
  live_in_memory_of_the_callers();
  grow_memory();
  fail_reads();
  change_files();
  cancel_calls();
  quell_model_close(shared);
  EXPECT(blocks == 0 && mappings == 0 && descriptors == 0 && threads == 0);
  __real_free(file);
  puts("nothing went wrong");
  return 0;
}
