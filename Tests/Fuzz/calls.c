/* Bytes as a program: each calls a function of the interface with arguments that the bytes after it choose, on models
 * and sessions that earlier calls have made, or on none. Whatever the order, each call answers, and at the end all
 * memory is given back. */
#include "support.h"

enum { SLOTS = 3, MOST_CALLS = 64, ROOM = 4096 };

typedef struct {
  const uint8_t *at, *end;
} Script;

static uint32_t next_byte(Script *script) {
  return script->at < script->end ? *script->at++ : 0;
}

static uint32_t next_word(Script *script) {
  const uint32_t low = next_byte(script);
  return low | next_byte(script) << 8;
}

/* A count that fits the room, mostly: now and then one that no machine has. */
static uint64_t next_count(Script *script, uint64_t most) {
  const uint32_t kind = next_byte(script);
  if (kind == 0xff)
    return UINT64_MAX;
  if (kind == 0xfe)
    return (uint64_t)1 << 62;
  return kind % (most + 1);
}

static float next_float(Script *script) {
  static const float edges[] = {
      0, -0.0f, 1, -1, 0.5f, 1e-30f, 1e30f, __builtin_inff(), -__builtin_inff(), __builtin_nanf("")};
  const uint32_t number = next_byte(script);
  return number < sizeof edges / sizeof *edges ? edges[number] : (float)number / 100;
}

typedef struct {
  quell_model *models[SLOTS];
  quell_session *sessions[SLOTS];
  /* Whether a session lives in memory of ours. */
  void *memory[SLOTS];
  void *statistics[SLOTS];
} World;

static const char *const names[] = {"small.gguf", "recurrent.gguf", "bytes.gguf"};
static void *files[3];
static uint64_t file_sizes[3];

static int32_t give_bytes(uint64_t offset, void *bytes, uint64_t size, void *user) {
  if (!user)
    return 7;
  memcpy(bytes, (const char *)user + offset, size);
  return 0;
}

static void close_session(World *world, uint32_t slot) {
  quell_session_close(world->sessions[slot]);
  free(world->memory[slot]);
  free(world->statistics[slot]);
  world->sessions[slot] = NULL;
  world->memory[slot] = world->statistics[slot] = NULL;
}

static void open_model(World *world, Script *script, uint32_t slot, quell_error *error) {
  const uint32_t which = next_byte(script) % 3, how = next_byte(script) % 4;
  quell_model_close(world->models[slot]);
  world->models[slot] = NULL;
  uint64_t size = file_sizes[which];
  if (how == 0)
    size = next_count(script, size);
  if (how == 0 && size > file_sizes[which])
    size = 0;
  if (how == 3) {
    char path[1024];
    snprintf(path, sizeof path, "%s/%s", MODELS, next_byte(script) % 4 ? names[which] : "none");
    (void)quell_model_open_file(path, &world->models[slot], error);
  } else if (how == 2) {
    (void)quell_model_open_reader(give_bytes, next_byte(script) % 4 ? files[which] : NULL, size, &world->models[slot],
                                  error);
  } else {
    (void)quell_model_open_memory(files[which], size, &world->models[slot], error);
  }
}

static void make_session(World *world, Script *script, uint32_t slot, quell_error *error) {
  close_session(world, slot);
  quell_model *model = world->models[next_byte(script) % SLOTS];
  quell_session_options options = {.struct_size = sizeof options};
  options.context_length = next_byte(script) % 9;
  options.instruction_set = next_byte(script) % 5;
  options.threads = next_byte(script) % 3;
  options.batch = next_byte(script) % 6;
  options.uncounted = next_byte(script) % 2;
  options.event_group = next_byte(script) % 4;
  if (next_byte(script) == 0xff)
    options.struct_size = next_word(script) % (sizeof options + 1);
  /* Models without a limit have no caches: nothing that a session takes grows with the context. */
  if (next_byte(script) % 2) {
    (void)quell_session_create(model, &options, &world->sessions[slot], error);
    return;
  }
  uint64_t size = 0;
  if (quell_session_memory_size(model, &options, &size, error) != QUELL_OK)
    return;
  const uint64_t given = size - next_byte(script) % 2 * 64;
  require(posix_memalign(&world->memory[slot], 64, size) == 0, "no memory");
  (void)quell_session_create_in(model, &options, world->memory[slot], given, &world->sessions[slot], error);
}

static void use_session(World *world, Script *script, uint32_t slot, quell_error *error) {
  quell_session *session = world->sessions[slot];
  uint8_t room[ROOM];
  uint32_t tokens[32], targets[32];
  quell_token_score scores[32];
  uint64_t size;
  float threshold;
  double quantile;
  for (int index = 0; index < 32; index++) {
    tokens[index] = next_byte(script) % 16;
    targets[index] = next_byte(script) % 16;
  }
  const uint64_t position = quell_session_position(session);
  switch (next_byte(script) % 17) {
  case 0:
    (void)quell_session_step(session, next_byte(script) % 16, error);
    break;
  case 1:
    (void)quell_session_prefill(session, tokens, next_count(script, 32), error);
    break;
  case 2:
    if (session && position > 0) {
      const float *logits = quell_session_logits(session);
      require(logits != NULL, "no logits after a token");
      volatile float sum = logits[0];
      (void)sum;
    }
    break;
  case 3:
    quell_session_reset(session);
    break;
  case 4:
    (void)quell_session_score(session, tokens, targets, next_count(script, 32), scores, error);
    break;
  case 5: {
    uint32_t token;
    quell_sampler sampler;
    const quell_sampler_options options = {sizeof options, next_float(script), next_byte(script), next_float(script),
                                           next_word(script)};
    if (quell_sampler_initialize(&sampler, next_byte(script) % 8 ? &options : NULL, error) == QUELL_OK)
      (void)quell_session_sample(session, &sampler, &token, error);
    break;
  }
  case 6:
    (void)quell_session_set_threshold(session, next_byte(script) % 6, next_float(script), error);
    (void)quell_session_get_threshold(session, next_byte(script) % 6, &threshold, error);
    break;
  case 7: {
    // A caller of a later version has a longer structure, of which all is written.
    union {
      quell_counts counts;
      uint8_t longer[UINT8_MAX];
    } later = {.counts = {.struct_size = next_byte(script) % 8 ? sizeof later.counts : next_byte(script)}};
    quell_cost cost = {.struct_size = sizeof cost};
    (void)quell_session_counts(session, &later.counts, error);
    (void)quell_session_estimate_cost(session, &cost, error);
    break;
  }
  case 8: {
    uint64_t units[QUELL_WORK_KINDS];
    (void)quell_cost_session_work(session, next_byte(script) % 2, units, next_byte(script) % (QUELL_WORK_KINDS + 1),
                                  error);
    break;
  }
  case 9: {
    const quell_adaptation adaptation = {sizeof adaptation,  next_float(script), next_float(script),
                                         next_float(script), next_float(script), next_float(script)};
    (void)quell_session_adapt(session, next_byte(script) % 4 ? &adaptation : NULL, error);
    break;
  }
  case 10: {
    const quell_model *model = world->models[slot];
    size = quell_model_calibration_size(model);
    if (next_byte(script) % 2 || !session || world->statistics[slot] || size == 0) {
      (void)quell_session_begin_calibration(session, NULL, 0, error);
    } else {
      require(posix_memalign(&world->statistics[slot], 64, size) == 0, "no memory");
      (void)quell_session_begin_calibration(session, world->statistics[slot], size, error);
    }
    break;
  }
  case 11:
    (void)quell_session_calibrate(session, next_float(script), &quantile, error);
    break;
  case 12:
    quell_session_end_calibration(session);
    break;
  case 13: {
    const uint64_t needed = quell_session_state_size(session);
    const uint64_t given = next_count(script, needed + 8);
    /* Saved, damaged, and restored into any session. */
    if (quell_session_save_state(session, room, given > ROOM ? ROOM : given, &size, error) == QUELL_OK) {
      require(size == needed, "a state of another size than was said");
      if (next_byte(script) % 2)
        room[next_word(script) % size] ^= (uint8_t)next_byte(script);
      (void)quell_session_restore_state(world->sessions[next_byte(script) % SLOTS], room, size, error);
    }
    break;
  }
  case 14:
    for (uint64_t index = 0; index < ROOM; index++)
      room[index] = (uint8_t)index;
    (void)quell_session_restore_state(session, room, next_count(script, 255) % ROOM, error);
    break;
  case 15:
    quell_session_reset_counts(session);
    (void)quell_session_site_events(session, next_byte(script));
    break;
  case 16:
    (void)quell_session_capacity(session);
    break;
  }
  if (session && quell_session_position(session) != position && position > quell_session_position(session))
    require(quell_session_position(session) <= quell_session_capacity(session), "a position beyond the context");
}

static void use_model(World *world, Script *script, uint32_t slot, quell_error *error) {
  const quell_model *model = world->models[slot];
  char text[64];
  uint32_t tokens[32];
  uint64_t size;
  const char *bytes;
  switch (next_byte(script) % 6) {
  case 0:
    (void)quell_model_name(model, text, next_byte(script) % sizeof text, &size, error);
    break;
  case 1:
    (void)quell_model_site_name(model, next_byte(script) % 8, text, next_byte(script) % sizeof text, &size, error);
    (void)quell_model_site_kind(model, next_byte(script) % 8, text, next_byte(script) % sizeof text, NULL, error);
    break;
  case 2:
    for (size_t index = 0; index < sizeof text; index++)
      text[index] = (char)next_byte(script);
    (void)quell_model_encode(model, text, next_byte(script) % sizeof text, tokens, next_byte(script) % 33, &size,
                             error);
    break;
  case 3:
    for (int index = 0; index < 32; index++)
      tokens[index] = next_byte(script);
    (void)quell_model_decode(model, tokens, next_byte(script) % 33, text, next_byte(script) % sizeof text, &size,
                             error);
    break;
  case 4:
    (void)quell_model_token_bytes(model, next_word(script), &bytes, &size, error);
    (void)quell_model_token_is_control(model, next_word(script));
    break;
  case 5:
    (void)quell_model_fingerprint(model);
    (void)quell_model_site_inputs(model, next_byte(script));
    (void)quell_model_site_is_head(model, next_byte(script));
    break;
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  for (int which = 0; which < 3 && !files[which]; which++)
    files[which] = read_model(names[which], &file_sizes[which]);
  Script script = {data, data + size};
  World world = {0};
  quell_error error = {.struct_size = sizeof error};
  for (int call = 0; call < MOST_CALLS && script.at < script.end; call++) {
    const uint32_t what = next_byte(&script), slot = next_byte(&script) % SLOTS;
    quell_error *told = what & 0x80 ? NULL : &error;
    switch (what % 8) {
    case 0:
      open_model(&world, &script, slot, told);
      break;
    case 1:
      make_session(&world, &script, slot, told);
      break;
    case 2:
      close_session(&world, slot);
      break;
    case 3:
      use_model(&world, &script, slot, told);
      break;
    case 4:
      /* The sessions of a model outlive its handle. */
      quell_model_close(world.models[slot]);
      world.models[slot] = NULL;
      break;
    default:
      use_session(&world, &script, slot, told);
      break;
    }
  }
  for (uint32_t slot = 0; slot < SLOTS; slot++) {
    close_session(&world, slot);
    quell_model_close(world.models[slot]);
  }
  return 0;
}
