/*
 * quell.h - made from the library's Swift sources by `make header`. Do not edit; edit quell.h.in and Sources/Quell/ABI.
 *
 * Quell runs language models whose activations are mostly quiet: a value whose magnitude stays under its threshold is never
 * sent on, and the weights that it would have touched are never read.
 *
 * A complete program. It takes a model file and a text, and goes on with the text:
 *
 *   #include <quell.h>
 *   #include <stdio.h>
 *   #include <string.h>
 *
 *   int main(int argc, char **argv) {
 *     quell_error error = {.struct_size = sizeof error};
 *     quell_model *model = NULL;
 *     quell_session *session = NULL;
 *     quell_sampler sampler;
 *     uint32_t tokens[256], token;
 *     uint64_t count, size;
 *     char text[256];
 *     int step;
 *     if (argc != 3) return 2;
 *     if (quell_model_open_file(argv[1], &model, &error) ||
 *         quell_session_create(model, NULL, &session, &error) ||
 *         quell_model_encode(model, argv[2], strlen(argv[2]), tokens, 256, &count, &error) ||
 *         quell_session_prefill(session, tokens, count, &error) ||
 *         quell_sampler_initialize(&sampler, NULL, &error)) goto failed;
 *     for (step = 0; step < 32; step++) {
 *       if (quell_session_sample(session, &sampler, &token, &error) ||
 *           quell_model_decode(model, &token, 1, text, sizeof text, &size, &error)) goto failed;
 *       fwrite(text, 1, size, stdout);
 *       if (quell_session_step(session, token, &error)) goto failed;
 *     }
 *     quell_session_close(session);
 *     quell_model_close(model);
 *     return 0;
 *   failed:
 *     fprintf(stderr, "%s: %s\n", quell_status_name(error.code), error.message);
 *     return 1;
 *   }
 *
 * Rules that hold for every function:
 * - A call that can fail returns a quell_status and tells the reason to a quell_error of the caller's. Other calls cannot
 *   fail: null handles are answered with 0 or null, and closing null does nothing.
 * - Nothing is printed, no environment is read, nothing aborts; files and bytes may be hostile.
 * - A model never changes once it is open: any number of threads may use it at once. A session or a sampler belongs to one
 *   thread at a time. There are no hidden threads, and no state outside the handles.
 * - Where the size of a result is not known beforehand, a first call with a capacity of 0 returns QUELL_BUFFER_TOO_SMALL and
 *   stores the size; a second call with that much room succeeds.
 * - Structures begin with their size, set by the caller, and grow at their end from version to version.
 */
#ifndef QUELL_H
#define QUELL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** The version of the library that this header belongs to. */
#define QUELL_VERSION "0.1.0"

/** The version of the interface; it changes when a program must be compiled anew. quell_abi_version() gives the
 * library's. */
#define QUELL_ABI_VERSION 1

/**
 * The result of every call that can fail. Families: 1 to 15 the call, 16 to 31 the machine, 32 to 47 the data.
 * New codes may be added; treat an unknown one as a failure.
 */
typedef int32_t quell_status;

enum {
  QUELL_OK = 0,                 /**< The call succeeded. */
  QUELL_INVALID_ARGUMENT = 1,   /**< A pointer was null or an argument impossible. */
  QUELL_TOKEN_OUT_OF_RANGE = 2, /**< A token id is not below the vocabulary size. */
  QUELL_BUFFER_TOO_SMALL = 3,   /**< The buffer is too small; the size needed was stored. */
  QUELL_CONTEXT_FULL = 4,       /**< The session has no room for another position. */
  QUELL_NO_TOKENIZER = 5,       /**< The model carries no tokenizer. */
  QUELL_OUT_OF_MEMORY = 16,     /**< Memory could not be had. */
  QUELL_FILE_UNREADABLE = 17,   /**< A file could not be opened or read. */
  QUELL_CANCELLED = 18,         /**< A callback asked to stop. */
  QUELL_FILE_UNWRITABLE = 19,   /**< A file could not be written. */
  QUELL_MALFORMED = 32,         /**< The bytes are not what they claim to be. */
  QUELL_UNSUPPORTED = 33,       /**< The data is well formed but of a kind that this version cannot use. */
  QUELL_STATE_MISMATCH = 34     /**< The saved state belongs to another model, or is damaged. */
};

/**
 * Why a call failed, in words. Set `struct_size` to `sizeof(quell_error)` before passing it; a call that fails fills in
 * the rest, a call that succeeds leaves it alone. With another `struct_size` nothing is written.
 */
typedef struct quell_error {
  uint32_t struct_size; /**< Bytes of this structure as the caller knows it. */
  quell_status code;    /**< The status that the call returned. */
  uint64_t byte_offset; /**< Where in the data, or UINT64_MAX where that makes no sense. */
  char message[256];    /**< One line of UTF-8, ended by a zero byte: what, where, what to do. */
} quell_error;

/** No token: what a model without a certain token answers. */
#define QUELL_NO_TOKEN 0xffffffffu

/** A model. Only pointers to it are of use; what it holds is private. */
typedef struct quell_model {
  uintptr_t private_;
} quell_model;

/** A session: one run of a model. Only pointers to it are of use; what it holds is private. */
typedef struct quell_session {
  uintptr_t private_;
} quell_session;

/**
 * Which instructions a session's inner loops use. Results differ from one to the other by rounding alone.
 */
enum {
  QUELL_INSTRUCTIONS_AUTOMATIC = 0, /**< The fastest that the processor has. */
  QUELL_INSTRUCTIONS_PORTABLE = 1,  /**< What every processor has. */
  QUELL_INSTRUCTIONS_AVX2 = 2,      /**< x86 with AVX2, FMA and F16C. */
  QUELL_INSTRUCTIONS_AVX512 = 3     /**< x86 with AVX-512 F, BW, DQ and VL. */
};

/** How a session is made. Clear it to zeros, set `struct_size`, then what differs from the defaults. */
typedef struct quell_session_options {
  uint32_t struct_size;     /**< `sizeof(quell_session_options)`. */
  uint32_t context_length;  /**< The greatest number of positions; 0 for the model's own limit. */
  uint32_t instruction_set; /**< One of `QUELL_INSTRUCTIONS_`; what the processor has not is refused. */
  uint32_t threads;         /**< How many work on a step, the caller's among them; 0 and 1 start none. */
  uint32_t batch;           /**< How many tokens a prefill takes at a time, each for memory; 0 and 1 for one by one. */
} quell_session_options;

/** How the next token is chosen. Clear it to zeros, set `struct_size`, then what differs from the defaults. */
typedef struct quell_sampler_options {
  uint32_t struct_size; /**< `sizeof(quell_sampler_options)`. */
  float temperature;    /**< Divides the logits; 0 chooses the greatest logit, always. */
  uint32_t top_k;       /**< Only that many of the likeliest tokens are considered; 0 for all. */
  float top_p;          /**< Only the likeliest whose probabilities add up to this are; 0 or 1 for all. */
  uint64_t seed;        /**< The same seed gives the same choices for the same logits. */
} quell_sampler_options;

/** A sampler: its options and its place in a sequence of random numbers. Lives where the caller puts it; a copy goes on
    from where the original was. Prepare it with quell_sampler_initialize(); what it holds is private. */
typedef struct quell_sampler {
  uint64_t private_[8];
} quell_sampler;

/** What a session's linear operations did since its counters were last set to zero. MACs are multiply-accumulates: the
    effective ones were done, the dense ones are what a machine that skips nothing would have done. */
typedef struct quell_counts {
  uint32_t struct_size;         /**< `sizeof(quell_counts)`, set by the caller. */
  uint32_t reserved;            /**< Zero. */
  uint64_t tokens;              /**< Tokens counted. */
  uint64_t events;              /**< Events of all sites: inputs that were above their threshold. */
  uint64_t effective_macs;      /**< Effective MACs, without the vocabulary head's. */
  uint64_t dense_macs;          /**< Dense MACs, without the head's. */
  uint64_t head_effective_macs; /**< The head's effective MACs. */
  uint64_t head_dense_macs;     /**< The head's dense MACs. */
} quell_counts;

/** What the counted tokens would cost on SENECA, a neuromorphic processor: modelled, not measured. */
typedef struct quell_cost {
  uint32_t struct_size; /**< `sizeof(quell_cost)`, set by the caller. */
  uint32_t reserved;    /**< Zero. */
  double energy;        /**< Microjoules per token. */
  double dense_energy;  /**< Microjoules per token if nothing were skipped. */
  double latency;       /**< Milliseconds per token on one core. */
  double dense_latency; /**< Milliseconds per token on one core if nothing were skipped. */
} quell_cost;

/* ---- Models ---- */

/**
 * Opens a model file by mapping it: weights are read when they are used, and never copied.
 *
 * Ownership: the model is the caller's; close it with quell_model_close(). The file must stay as it is until then and
 * until all its sessions are closed.
 * Thread: any.
 *
 * \param path The file's path, ended by a zero byte.
 * \param model Receives the model; null where the call fails.
 * \param error Receives the reason of a failure; may be null.
 * \return `QUELL_OK`; `QUELL_FILE_UNREADABLE`; `QUELL_MALFORMED` or `QUELL_UNSUPPORTED` where the file is not a model
 *   that this version can run; `QUELL_OUT_OF_MEMORY`; `QUELL_INVALID_ARGUMENT`.
 */
quell_status quell_model_open_file(const char *path, quell_model **model, quell_error *error);

/**
 * Opens a model over the bytes of a model file in memory, in flash for instance. Nothing but small tables is
 * allocated.
 *
 * Ownership: the bytes stay the caller's and must stay in place, unchanged, until the model and all its sessions are
 * closed. The model is the caller's; close it with quell_model_close().
 * Thread: any.
 *
 * \param bytes The file's bytes, at an address that is a multiple of 4; a multiple of 64 is fastest.
 * \param size How many bytes.
 * \param model Receives the model; null where the call fails.
 * \param error Receives the reason of a failure; may be null.
 * \return As quell_model_open_file().
 */
quell_status quell_model_open_memory(const void *bytes, uint64_t size, quell_model **model, quell_error *error);

/**
 * Closes a model. Sessions that use it keep what they need until they are closed themselves. Null is ignored.
 *
 * Thread: any; once for each model.
 */
void quell_model_close(quell_model *model);

/** How many logits a step gives; token ids are below it. 0 for null. Thread: any. */
uint32_t quell_model_vocabulary_size(const quell_model *model);

/** The greatest number of positions, 0 where nothing limits it and for null. Thread: any. */
uint32_t quell_model_context_length(const quell_model *model);

/**
 * The name for people that the file carries, empty where it carries none.
 *
 * Thread: any.
 *
 * \param model The model.
 * \param text Room for the name and a zero byte; may be null where `capacity` is 0.
 * \param capacity Bytes of room.
 * \param size Receives the bytes of the name without the zero, whether it fits or not; may be null.
 * \param error Receives the reason of a failure; may be null.
 * \return `QUELL_OK`, `QUELL_BUFFER_TOO_SMALL`, `QUELL_INVALID_ARGUMENT`.
 */
quell_status quell_model_name(const quell_model *model, char *text, uint64_t capacity, uint64_t *size,
                              quell_error *error);

/* ---- Sessions ---- */

/**
 * Makes a session: one run of the model, with the thresholds that the file carries.
 *
 * Ownership: the session is the caller's; close it with quell_session_close(). It keeps the model, which may be
 * closed first.
 * Thread: any may make it; then it belongs to one thread at a time.
 *
 * \param model The model.
 * \param options How, or null for the defaults.
 * \param session Receives the session; null where the call fails.
 * \param error Receives the reason of a failure; may be null.
 * \return `QUELL_OK`, `QUELL_OUT_OF_MEMORY`, `QUELL_INVALID_ARGUMENT`, `QUELL_UNSUPPORTED` for an option that is not
 *   known and for instructions that the processor has not.
 */
quell_status quell_session_create(quell_model *model, const quell_session_options *options, quell_session **session,
                                  quell_error *error);

/**
 * Closes a session. Null is ignored.
 *
 * Thread: any, once for each session, when no other call on it is under way.
 */
void quell_session_close(quell_session *session);

/**
 * Takes one token and computes the logits of the next. Allocates nothing. A failure leaves the session as it was.
 *
 * Thread: the session's.
 *
 * \param session The session.
 * \param token A token id below the vocabulary size.
 * \param error Receives the reason of a failure; may be null.
 * \return `QUELL_OK`, `QUELL_TOKEN_OUT_OF_RANGE`, `QUELL_CONTEXT_FULL`, `QUELL_INVALID_ARGUMENT`.
 */
quell_status quell_session_step(quell_session *session, uint32_t token, quell_error *error);

/**
 * Takes several tokens, a prompt for instance; the logits are those after the last. Allocates nothing, and puts less
 * than 128 KiB on the stack. A failure leaves the session as it was.
 *
 * Thread: the session's.
 *
 * \param session The session.
 * \param tokens The token ids; may be null where `count` is 0.
 * \param count How many.
 * \param error Receives the reason of a failure; may be null.
 * \return As quell_session_step().
 */
quell_status quell_session_prefill(quell_session *session, const uint32_t *tokens, uint64_t count,
                                   quell_error *error);

/**
 * The logits of the last step: as many as the vocabulary has tokens. Null for null. Before the first step they mean
 * nothing.
 *
 * Ownership: the session's; they change with its next step and are gone when it is closed.
 * Thread: the session's.
 */
const float *quell_session_logits(const quell_session *session);

/** Tokens taken since the session was made or reset. 0 for null. Thread: the session's. */
uint64_t quell_session_position(const quell_session *session);

/** The greatest number of tokens, 0 where nothing limits it and for null. Thread: the session's. */
uint64_t quell_session_capacity(const quell_session *session);

/** Forgets every token; thresholds and counters stay. Null is ignored. Thread: the session's. */
void quell_session_reset(quell_session *session);

/* ---- Text ---- */

/**
 * Turns a text into tokens, with the token that begins a text in front where the model wants one.
 *
 * Allocates scratch memory for the time of the call: 28 bytes for each byte of the longest word.
 * Thread: any.
 *
 * \param model The model.
 * \param text UTF-8; what is none is read as U+FFFD. May be null where `size` is 0.
 * \param size How many bytes.
 * \param tokens Room for token ids; may be null where `capacity` is 0.
 * \param capacity How many there is room for.
 * \param count Receives the number of tokens, whether they fit or not; may be null.
 * \param error Receives the reason of a failure; may be null.
 * \return `QUELL_OK`, `QUELL_BUFFER_TOO_SMALL`, `QUELL_NO_TOKENIZER`, `QUELL_OUT_OF_MEMORY`,
 *   `QUELL_INVALID_ARGUMENT`.
 */
quell_status quell_model_encode(const quell_model *model, const char *text, uint64_t size, uint32_t *tokens,
                                uint64_t capacity, uint64_t *count, quell_error *error);

/**
 * Turns tokens into the bytes of their text, one after the other, without a zero at the end; perhaps not whole
 * characters.
 *
 * Thread: any.
 *
 * \param model The model.
 * \param tokens The token ids; may be null where `count` is 0.
 * \param count How many.
 * \param text Room for the bytes; may be null where `capacity` is 0.
 * \param capacity Bytes of room.
 * \param size Receives the bytes of the text, whether they fit or not; may be null.
 * \param error Receives the reason of a failure; may be null.
 * \return `QUELL_OK`, `QUELL_BUFFER_TOO_SMALL`, `QUELL_TOKEN_OUT_OF_RANGE` for an id that the tokenizer does not
 *   have, `QUELL_NO_TOKENIZER`, `QUELL_INVALID_ARGUMENT`.
 */
quell_status quell_model_decode(const quell_model *model, const uint32_t *tokens, uint64_t count, char *text,
                                uint64_t capacity, uint64_t *size, quell_error *error);

/**
 * The bytes of one token, where they stand in the model's memory; perhaps not whole characters, and not ended by a
 * zero.
 *
 * Ownership: the model's.
 * Thread: any.
 *
 * \param model The model.
 * \param token The token id.
 * \param bytes Receives the address of the first.
 * \param size Receives how many there are.
 * \param error Receives the reason of a failure; may be null.
 * \return `QUELL_OK`, `QUELL_TOKEN_OUT_OF_RANGE` for an id that the tokenizer does not have, `QUELL_NO_TOKENIZER`,
 *   `QUELL_INVALID_ARGUMENT`.
 */
quell_status quell_model_token_bytes(const quell_model *model, uint32_t token, const char **bytes, uint64_t *size,
                                     quell_error *error);

/**
 * Whether a token steers the model rather than stand for text. False for an id that the tokenizer does not have.
 * Thread: any.
 */
bool quell_model_token_is_control(const quell_model *model, uint32_t token);

/** The token that begins a text, `QUELL_NO_TOKEN` where the model has none. Thread: any. */
uint32_t quell_model_beginning_token(const quell_model *model);

/** The token that ends a text, `QUELL_NO_TOKEN` where the model has none. Thread: any. */
uint32_t quell_model_end_token(const quell_model *model);

/* ---- Sampling ---- */

/**
 * Prepares a sampler, at the beginning of its sequence of choices. It needs no closing.
 *
 * Thread: the sampler's; it belongs to one thread at a time.
 *
 * \param sampler The sampler, in memory of the caller's.
 * \param options How to choose, or null for the greatest logit, always.
 * \param error Receives the reason of a failure; may be null.
 * \return `QUELL_OK`; `QUELL_INVALID_ARGUMENT` for a temperature that is not a finite number of at least 0 or a top-p
 *   not from 0 to 1; `QUELL_UNSUPPORTED` for an option that is not known.
 */
quell_status quell_sampler_initialize(quell_sampler *sampler, const quell_sampler_options *options,
                                      quell_error *error);

/**
 * Chooses the next token from the logits of the last step. Does not step: give the token to quell_session_step().
 *
 * Thread: the session's and the sampler's.
 *
 * \param session The session, which has taken a token.
 * \param sampler A sampler that quell_sampler_initialize() prepared.
 * \param token Receives the token id.
 * \param error Receives the reason of a failure; may be null.
 * \return `QUELL_OK`; `QUELL_INVALID_ARGUMENT`, also where there has been no step; `QUELL_MALFORMED` where a logit is
 *   not a number, which only a damaged model gives.
 */
quell_status quell_session_sample(quell_session *session, quell_sampler *sampler, uint32_t *token,
                                  quell_error *error);

/* ---- Sites: where a vector becomes events ---- */

/** How many sites the model has. 0 for null. Thread: any. */
uint32_t quell_model_site_count(const quell_model *model);

/**
 * A site's name, unique in the model.
 *
 * Thread: any.
 *
 * \param model The model.
 * \param site The site, below the number of sites.
 * \param text Room for the name and a zero byte; may be null where `capacity` is 0.
 * \param capacity Bytes of room.
 * \param size Receives the bytes of the name without the zero, whether it fits or not; may be null.
 * \param error Receives the reason of a failure; may be null.
 * \return `QUELL_OK`, `QUELL_BUFFER_TOO_SMALL`, `QUELL_INVALID_ARGUMENT`.
 */
quell_status quell_model_site_name(const quell_model *model, uint32_t site, char *text, uint64_t capacity,
                                   uint64_t *size, quell_error *error);

/**
 * What a site feeds, the same word for all blocks; `head` for the vocabulary head. Otherwise as
 * quell_model_site_name().
 *
 * Thread: any.
 *
 * \param model The model.
 * \param site The site, below the number of sites.
 * \param text Room for the word and a zero byte; may be null where `capacity` is 0.
 * \param capacity Bytes of room.
 * \param size Receives the bytes of the word without the zero, whether it fits or not; may be null.
 * \param error Receives the reason of a failure; may be null.
 * \return `QUELL_OK`, `QUELL_BUFFER_TOO_SMALL`, `QUELL_INVALID_ARGUMENT`.
 */
quell_status quell_model_site_kind(const quell_model *model, uint32_t site, char *text, uint64_t capacity,
                                   uint64_t *size, quell_error *error);

/** Length of a site's input. 0 for null and where there is no such site. Thread: any. */
uint64_t quell_model_site_inputs(const quell_model *model, uint32_t site);

/** Multiply-accumulates that one event of a site costs. 0 for null and where there is no such site. Thread: any. */
uint64_t quell_model_site_outputs(const quell_model *model, uint32_t site);

/** Whether a site feeds the vocabulary head, which the literature leaves out of its figures. Thread: any. */
bool quell_model_site_is_head(const quell_model *model, uint32_t site);

/* ---- Thresholds and counters ---- */

/**
 * A session's threshold at a site: inputs whose magnitude is not above it are quiet.
 *
 * Thread: the session's.
 *
 * \param session The session.
 * \param site The site, below the number of sites.
 * \param threshold Receives the threshold.
 * \param error Receives the reason of a failure; may be null.
 * \return `QUELL_OK`, `QUELL_INVALID_ARGUMENT`.
 */
quell_status quell_session_get_threshold(const quell_session *session, uint32_t site, float *threshold,
                                         quell_error *error);

/**
 * Sets a session's threshold at a site; other sessions keep theirs. 0 skips nothing but zeros.
 *
 * Thread: the session's.
 *
 * \param session The session.
 * \param site The site, below the number of sites.
 * \param threshold A finite number of at least 0.
 * \param error Receives the reason of a failure; may be null.
 * \return `QUELL_OK`, `QUELL_INVALID_ARGUMENT`.
 */
quell_status quell_session_set_threshold(quell_session *session, uint32_t site, float threshold, quell_error *error);

/**
 * Events at a site since the counters were last set to zero. 0 for null and where there is no such site. Thread: the
 * session's.
 */
uint64_t quell_session_site_events(const quell_session *session, uint32_t site);

/**
 * The counts of all sites together, since the counters were last set to zero.
 *
 * Thread: the session's.
 *
 * \param session The session.
 * \param counts Receives the counts; its `struct_size` must be set.
 * \param error Receives the reason of a failure; may be null.
 * \return `QUELL_OK`, `QUELL_INVALID_ARGUMENT`.
 */
quell_status quell_session_counts(const quell_session *session, quell_counts *counts, quell_error *error);

/** Sets all counters to zero. Null is ignored. Thread: the session's. */
void quell_session_reset_counts(quell_session *session);

/**
 * What the counted tokens would cost on SENECA: modelled from the counts, not measured. All zero where nothing was
 * counted.
 *
 * Thread: the session's.
 *
 * \param session The session.
 * \param cost Receives the estimate; its `struct_size` must be set.
 * \param error Receives the reason of a failure; may be null.
 * \return `QUELL_OK`, `QUELL_INVALID_ARGUMENT`.
 */
quell_status quell_session_estimate_cost(const quell_session *session, quell_cost *cost, quell_error *error);

/* ---- Saved states ---- */

/**
 * Writes what a session has of the tokens so far, to go on from another time or in another process. The session goes
 * on unchanged.
 *
 * Thread: the session's.
 *
 * \param session The session.
 * \param bytes Room for the state; may be null where `capacity` is 0.
 * \param capacity Bytes of room.
 * \param size Receives the bytes of the state, whether it fits or not; may be null.
 * \param error Receives the reason of a failure; may be null.
 * \return `QUELL_OK`, `QUELL_BUFFER_TOO_SMALL`, `QUELL_INVALID_ARGUMENT`.
 */
quell_status quell_session_save_state(const quell_session *session, void *bytes, uint64_t capacity, uint64_t *size,
                                      quell_error *error);

/** Bytes that quell_session_save_state() would write now. 0 for null. Thread: the session's. */
uint64_t quell_session_state_size(const quell_session *session);

/**
 * Goes on from a saved state. Thresholds and counters stay; there are no logits before the next step. A failure
 * leaves the session as it was. The bytes are checked: any may be given.
 *
 * Thread: the session's.
 *
 * \param session A session of the same model that the state was saved from.
 * \param bytes The state; may be null where `size` is 0.
 * \param size How many bytes.
 * \param error Receives the reason of a failure; may be null.
 * \return `QUELL_OK`; `QUELL_STATE_MISMATCH` where the bytes are no state of this model; `QUELL_UNSUPPORTED` where
 *   they are of another version; `QUELL_CONTEXT_FULL` where the session is too small for them;
 *   `QUELL_INVALID_ARGUMENT`.
 */
quell_status quell_session_restore_state(quell_session *session, const void *bytes, uint64_t size,
                                         quell_error *error);

/* ---- Sessions in memory of the caller's ---- */

/**
 * How much memory a session takes, for quell_session_create_in().
 *
 * Thread: any.
 *
 * \param model The model.
 * \param options How the session will be made, or null for the defaults.
 * \param size Receives the bytes.
 * \param error Receives the reason of a failure; may be null.
 * \return `QUELL_OK`, `QUELL_INVALID_ARGUMENT`, `QUELL_OUT_OF_MEMORY` where no machine has that much.
 */
quell_status quell_session_memory_size(const quell_model *model, const quell_session_options *options, uint64_t *size,
                                       quell_error *error);

/**
 * Makes a session in memory of the caller's: neither this call nor any on the session allocates.
 *
 * Ownership: the memory stays the caller's, and is the session's alone until quell_session_close(), which does not
 * release it.
 * Thread: as quell_session_create().
 *
 * \param model The model.
 * \param options How, or null for the defaults.
 * \param memory At an address that is a multiple of 64.
 * \param size Its bytes, at least what quell_session_memory_size() gives for the same options.
 * \param session Receives the session; null where the call fails.
 * \param error Receives the reason of a failure; may be null.
 * \return `QUELL_OK`, `QUELL_BUFFER_TOO_SMALL`, `QUELL_INVALID_ARGUMENT`, `QUELL_UNSUPPORTED` for an option that is
 *   not known and for instructions that the processor has not.
 */
quell_status quell_session_create_in(quell_model *model, const quell_session_options *options, void *memory,
                                     uint64_t size, quell_session **session, quell_error *error);

/* ---- Versions and names ---- */

/** The library's version, `QUELL_VERSION` when it was built. Thread: any. */
const char *quell_version(void);

/**
 * The version of the interface, `QUELL_ABI_VERSION` when the library was built. A program that finds another one than
 * it was compiled with must not go on. Thread: any.
 */
uint32_t quell_abi_version(void);

/** A status as its constant's name, "QUELL_OK" for instance; "unknown status" for any other number. Thread: any. */
const char *quell_status_name(quell_status status);

#ifdef __cplusplus
}
#endif

#endif
