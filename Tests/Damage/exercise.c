#include "exercise.h"
#include <quell.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CONTEXT = 4, LANES = 2, MOST_TOKENS = 64 };

/* What cannot be whatever the bytes are. */
static void require(int holds, const char *what) {
  if (holds)
    return;
  fprintf(stderr, "exercise: %s\n", what);
  abort();
}

/* Whether text is UTF-8 without controls. */
static int is_printable(const char *text) {
  const unsigned char *at = (const unsigned char *)text;
  while (*at) {
    const int length = *at < 0x80 ? 1 : *at < 0xe0 ? 2 : *at < 0xf0 ? 3 : 4;
    uint32_t character = length == 1 ? *at : *at & (0x7fu >> length);
    static const uint32_t least[] = {0, 0x20, 0xa0, 0x800, 0x10000};
    if ((*at >= 0x80 && *at < 0xc2) || *at > 0xf4)
      return 0;
    for (int index = 1; index < length; index++) {
      if ((at[index] & 0xc0) != 0x80)
        return 0;
      character = character << 6 | (at[index] & 0x3f);
    }
    if (character < least[length] || character == 0x7f || (character & ~0x7ffu) == 0xd800 || character > 0x10ffff)
      return 0;
    at += length;
  }
  return 1;
}

/* A call that fails says why: one line of text, ended, and the status that it returned. */
static int32_t told(int32_t status, const quell_error *error) {
  if (status == QUELL_OK)
    return status;
  require(error->code == status, "the error has another status than the call");
  const char *end = memchr(error->message, 0, sizeof error->message);
  require(end && end > error->message, "a failure without a message");
  require(is_printable(error->message), "a message that is not one line of UTF-8");
  return status;
}

static quell_error new_error(void) {
  quell_error error = {.struct_size = sizeof error};
  return error;
}

static void exercise_text(const quell_model *model) {
  static const char text[] = "the <sum> cathead\xe2\x80\xa8 \xff<end>e\xcc\x81 the";
  uint32_t tokens[MOST_TOKENS];
  char back[256];
  uint64_t count = 0, size = 0;
  quell_error error = new_error();
  int32_t status = told(quell_model_encode(model, text, sizeof text - 1, tokens, MOST_TOKENS, &count, &error), &error);
  if (status == QUELL_NO_TOKENIZER)
    return;
  if (status == QUELL_OK) {
    require(count <= MOST_TOKENS, "more tokens than there was room for");
    require(told(quell_model_decode(model, tokens, count, back, sizeof back, &size, &error), &error) == QUELL_OK ||
                size >= sizeof back,
            "tokens of a text that are no text");
  }
  for (uint32_t token = 0; token < 24; token++) {
    const char *bytes;
    if (quell_model_token_bytes(model, token, &bytes, &size, NULL) == QUELL_OK)
      for (uint64_t index = 0; index < size; index++)
        back[index % sizeof back] = bytes[index];
    (void)quell_model_token_is_control(model, token);
  }
  (void)quell_model_beginning_token(model);
  (void)quell_model_end_token(model);
}

static void exercise_sites(const quell_model *model) {
  char name[300];
  uint64_t size;
  (void)quell_model_name(model, name, sizeof name, &size, NULL);
  const uint32_t count = quell_model_site_count(model);
  for (uint32_t site = 0; site < count && site < 16; site++) {
    (void)quell_model_site_name(model, site, name, sizeof name, &size, NULL);
    (void)quell_model_site_kind(model, site, name, sizeof name, &size, NULL);
    require(quell_model_site_inputs(model, site) && quell_model_site_outputs(model, site), "a site that feeds nothing");
    require(quell_model_site_threshold(model, site) >= 0, "a threshold that is no magnitude");
  }
}

static void exercise_counts(quell_session *session) {
  quell_error error = new_error();
  quell_counts counts = {.struct_size = sizeof counts};
  quell_cost cost = {.struct_size = sizeof cost};
  uint64_t units[QUELL_WORK_KINDS];
  require(told(quell_session_counts(session, &counts, &error), &error) == QUELL_OK, "counts that cannot be told");
  require(counts.effective_macs <= counts.dense_macs && counts.head_effective_macs <= counts.head_dense_macs,
          "more was done than there was to do");
  (void)told(quell_session_estimate_cost(session, &cost, &error), &error);
  (void)told(quell_cost_session_work(session, false, units, QUELL_WORK_KINDS, &error), &error);
}

/* Takes tokens as far as the session has room; whatever the weights are, it goes on. */
static void take_tokens(quell_session *session, uint32_t vocabulary) {
  quell_error error = new_error();
  const uint32_t tokens[] = {0, vocabulary - 1, vocabulary / 2};
  uint32_t next;
  quell_sampler sampler;
  for (int index = 0; index < 2; index++)
    if (told(quell_session_step(session, tokens[index], &error), &error) != QUELL_OK)
      return;
  (void)told(quell_session_prefill(session, tokens, 2, &error), &error);
  const quell_sampler_options options = {
      .struct_size = sizeof options, .temperature = 0.7f, .top_k = 3, .top_p = 0.9f, .seed = 1};
  require(quell_sampler_initialize(&sampler, &options, NULL) == QUELL_OK, "a sampler that cannot be made");
  if (told(quell_session_sample(session, &sampler, &next, &error), &error) == QUELL_OK)
    require(next < vocabulary, "a token that is not below the vocabulary size");
  require(told(quell_session_step(session, vocabulary, &error), &error) != QUELL_OK,
          "a token beyond the vocabulary was taken");
}

static void exercise_session(quell_model *model, uint64_t memory_limit) {
  quell_error error = new_error();
  quell_session *session;
  const quell_session_options options = {.struct_size = sizeof options, .context_length = CONTEXT, .batch = LANES};
  const uint32_t limit = quell_model_context_length(model);
  quell_session_options fitting = options;
  if (limit > 0 && limit < CONTEXT)
    fitting.context_length = limit;
  uint64_t size;
  if (told(quell_session_memory_size(model, &fitting, &size, &error), &error) != QUELL_OK || size > memory_limit)
    return;
  if (told(quell_session_create(model, &fitting, &session, &error), &error) != QUELL_OK)
    return;
  const uint32_t vocabulary = quell_model_vocabulary_size(model);
  take_tokens(session, vocabulary);
  exercise_counts(session);
  const uint64_t needed = quell_session_state_size(session), position = quell_session_position(session);
  void *state = malloc(needed);
  require(state != NULL, "no memory");
  require(told(quell_session_save_state(session, state, needed, &size, &error), &error) == QUELL_OK && size == needed,
          "a state that cannot be saved");
  quell_session_reset(session);
  require(told(quell_session_restore_state(session, state, size, &error), &error) == QUELL_OK,
          "a saved state that is refused");
  require(quell_session_position(session) == position, "a restored state at another position");
  quell_session_reset(session);
  take_tokens(session, vocabulary);
  free(state);
  quell_session_close(session);
}

int32_t exercise_model(const void *bytes, uint64_t size, uint64_t memory_limit) {
  quell_error error = new_error();
  quell_model *model = NULL;
  const int32_t status = told(quell_model_open_memory(bytes, size, &model, &error), &error);
  require((status == QUELL_OK) == (model != NULL), "a model without success or success without a model");
  if (status != QUELL_OK)
    return status;
  exercise_sites(model);
  exercise_text(model);
  (void)quell_model_fingerprint(model);
  exercise_session(model, memory_limit);
  quell_model_close(model);
  return QUELL_OK;
}

int32_t exercise_state(const void *model_bytes, uint64_t model_size, const void *state, uint64_t size) {
  quell_error error = new_error();
  quell_model *model;
  quell_session *session;
  const quell_session_options options = {.struct_size = sizeof options, .context_length = CONTEXT, .batch = LANES};
  require(quell_model_open_memory(model_bytes, model_size, &model, NULL) == QUELL_OK,
          "the model of the states is none");
  require(quell_session_create(model, &options, &session, NULL) == QUELL_OK, "no session");
  const int32_t status = told(quell_session_restore_state(session, state, size, &error), &error);
  require(status == QUELL_OK || quell_session_position(session) == 0, "a refused state has changed the session");
  take_tokens(session, quell_model_vocabulary_size(model));
  exercise_counts(session);
  quell_session_close(session);
  quell_model_close(model);
  return status;
}
