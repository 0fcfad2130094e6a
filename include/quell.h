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
 *     quell_model *model = NULL;
 *     quell_session *session = NULL;
 *     quell_sampler sampler;
 *     quell_error error;
 *     uint32_t tokens[256], step;
 *     uint64_t count, size;
 *     char text[256];
 *     error.struct_size = sizeof error;
 *     if (argc != 3) return 2;
 *     if (quell_model_open_file(argv[1], &model, &error) || quell_session_create(model, NULL, &session, &error) ||
 *         quell_model_encode(model, argv[2], strlen(argv[2]), tokens, 256, &count, &error) ||
 *         quell_session_prefill(session, tokens, count, &error) || quell_sampler_initialize(&sampler, NULL, &error)) goto failed;
 *     for (step = 0; step < 32; step++) {
 *       if (quell_session_sample(session, &sampler, tokens, &error) ||
 *           quell_model_decode(model, tokens, 1, text, sizeof text, &size, &error) ||
 *           quell_session_step(session, tokens[0], &error)) goto failed;
 *       fwrite(text, 1, (size_t)size, stdout);
 *     }
 *     quell_session_close(session);
 *     quell_model_close(model);
 *     return 0;
 *   failed:
 *     return fprintf(stderr, "%s: %s\n", quell_status_name(error.code), error.message), 1;
 *   }
 *
 * Rules that hold for every function:
 * - A call that can fail returns a quell_status and tells the reason to a quell_error of the caller's. Other calls cannot
 *   fail: null handles are answered with 0 or null, and closing null does nothing. A handle that is closed, or of something
 *   else, is answered like null where that can be seen: always, while its memory is not given back.
 * - Nothing is printed, no environment is read, nothing aborts; files and bytes may be hostile.
 * - A model never changes once it is open: any number of threads may use it at once. A session or a sampler belongs to one
 *   thread at a time. There are no hidden threads, and no state outside the handles.
 * - Where the size of a result is not known beforehand, a first call with a capacity of 0 returns QUELL_BUFFER_TOO_SMALL and
 *   stores the size; a second call with that much room succeeds.
 * - A callback runs on the thread that called, before the call returns, and is handed the caller's `user` last.
 * - Structures begin with their size, set by the caller, and grow at their end from version to version.
 */
#ifndef QUELL_H
#define QUELL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Stands before functions whose status is to be looked at: compilers that can, warn where it is not. */
#if defined(__GNUC__)
#define QUELL_MUST_USE __attribute__((warn_unused_result))
#else
#define QUELL_MUST_USE
#endif

#ifdef __cplusplus
extern "C" {
#endif

/** The version of the library that this header belongs to. */
#define QUELL_VERSION "0.1.0"
#define QUELL_VERSION_MAJOR 0
#define QUELL_VERSION_MINOR 1
#define QUELL_VERSION_PATCH 0

/** The same as one number to compare, which grows from version to version. */
#define QUELL_VERSION_NUMBER (QUELL_VERSION_MAJOR * 1000000 + QUELL_VERSION_MINOR * 1000 + QUELL_VERSION_PATCH)

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
  QUELL_CANCELLED = 18,         /**< A callback, or quell_session_cancel(), asked to stop. */
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

/**
 * Reads `size` bytes of a model file from `offset` on to `bytes`; `user` is what quell_model_open_reader() was given.
 * Returns 0 where all of them were read, `QUELL_CANCELLED` to stop, and any other number where they cannot be read.
 */
typedef int32_t (*quell_read)(uint64_t offset, void *bytes, uint64_t size, void *user);
/** What opens a model's tokenizer: quell_open_tokenizer(), which quell_model_open_in() is given. */
typedef void (*quell_tokenizer_opener)(void *request);

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
  uint32_t uncounted;       /**< Not 0: events and their work are not counted. */
  uint32_t event_group;     /**< How many events the device takes together whose work is counted; 0 for 8. */
} quell_session_options;

/** How a model predicted a token that was to come. */
typedef struct quell_token_score {
  float log_probability; /**< ln of the probability that it gave to the token; not a number where a logit is not. */
  uint32_t greatest;     /**< The token that it thought likeliest, the first of equals. */
} quell_token_score;

/** Told the logits after a token that was taken: the token's place in the array of tokens, from 0, and as many logits
   as the vocabulary has tokens. They are gone when it returns. It must not use the session. `user` is what
   quell_session_visit_logits() was given. */
typedef void (*quell_logits_visitor)(uint64_t index, const float *logits, void *user);

/** How a session adapts its thresholds while it runs. Clear it to zeros, set `struct_size`, then what differs from the
    defaults. */
typedef struct quell_adaptation {
  uint32_t struct_size; /**< `sizeof(quell_adaptation)`. */
  float target;         /**< The fraction of MACs to skip, 0 to 1, the vocabulary head's apart. */
  float rate;    /**< How much of what a token misses the target by is added to the logarithm of the factor, at most
                    1; 0 for 0.05. */
  float lowest;  /**< The factor never falls below this, which is above 0; 0 for 1/8. */
  float highest; /**< The factor never rises above this; 0 for 8. */
  float factor;  /**< What all thresholds but the head's are multiplied by; 0 for 1. */
} quell_adaptation;

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

/** The kinds of elementary work, each of which a device has a price for. docs/COST.md says what each stands for. */
enum {
  QUELL_WORK_MAC_F32 = 0, /**< A weight is read, multiplied by what an event carries, and added. */
  QUELL_WORK_MAC_F16 = 1,
  QUELL_WORK_MAC_BF16 = 2,
  QUELL_WORK_MAC_INT8 = 3,
  QUELL_WORK_MAC_INT4 = 4,
  QUELL_WORK_AC_F32 = 5, /**< The same where events carry 1 or -1. */
  QUELL_WORK_AC_F16 = 6,
  QUELL_WORK_AC_BF16 = 7,
  QUELL_WORK_AC_INT8 = 8,
  QUELL_WORK_AC_INT4 = 9,
  QUELL_WORK_LOOKUP_F32 = 10, /**< A number of a table's row is read and stored. */
  QUELL_WORK_LOOKUP_F16 = 11,
  QUELL_WORK_LOOKUP_BF16 = 12,
  QUELL_WORK_LOOKUP_INT8 = 13,
  QUELL_WORK_LOOKUP_INT4 = 14,
  QUELL_WORK_SUM = 15,           /**< The sum of an output is read and stored, once for each group of events. */
  QUELL_WORK_OUTPUT = 16,        /**< An output is begun and finished: cleared, scaled, biased. */
  QUELL_WORK_COMPARE_INPUT = 17, /**< An input is compared with its threshold. */
  QUELL_WORK_EMIT_EVENT = 18,    /**< An event is put into the queue. */
  QUELL_WORK_TAKE_EVENT = 19,    /**< An event is taken out, and the walk over its weights set up. */
  QUELL_WORK_ATTEND = 20,        /**< A multiply-accumulate with a cached key or value. */
  QUELL_WORK_COPY = 21,          /**< An element of a vector is copied, and so on. */
  QUELL_WORK_NEGATE = 22,
  QUELL_WORK_EXPONENTIAL = 23,
  QUELL_WORK_RECTIFY = 24,
  QUELL_WORK_SIGMOID = 25,
  QUELL_WORK_SQUARE_ROOT = 26,
  QUELL_WORK_SINE = 27,
  QUELL_WORK_COSINE = 28,
  QUELL_WORK_HYPERBOLIC_TANGENT = 29,
  QUELL_WORK_ERROR_FUNCTION = 30,
  QUELL_WORK_LOGARITHM = 31,
  QUELL_WORK_ABSOLUTE = 32,
  QUELL_WORK_ADD = 33,
  QUELL_WORK_SUBTRACT = 34,
  QUELL_WORK_MULTIPLY = 35,
  QUELL_WORK_DIVIDE = 36,
  QUELL_WORK_MAXIMUM = 37,
  QUELL_WORK_MINIMUM = 38,
  QUELL_WORK_THRESHOLD = 39,
  QUELL_WORK_CHOOSE = 40,
  QUELL_WORK_MAC_TERNARY = 41, /**< A ternary weight is read, and what an event carries is added or subtracted. */
  QUELL_WORK_LOOKUP_TERNARY = 42,
  QUELL_WORK_ROUND = 43,
  QUELL_WORK_KINDS = 44 /**< How many there are; later versions may add some. */
};

/** What one unit of some work costs a device, or all work together: modelled, not measured. */
typedef struct quell_price {
  double energy_compute; /**< Picojoules of instructions. */
  double energy_memory;  /**< Picojoules of memory accesses. */
  double time_compute;   /**< Nanoseconds of instructions, on one core. */
  double time_memory;    /**< Nanoseconds of memory accesses, on one core. */
} quell_price;

/* ---- Models ---- */

/**
 * Opens a model file by mapping it: weights are read when they are used, and never copied.
 *
 * Ownership: the model is the caller's; close it with quell_model_close(). The file must stay as it is until then and
 * until all its sessions are closed. To remove it or to put another in its place does no harm; to shorten it ends the
 * process by SIGBUS. A file that strangers can write to is opened by quell_model_open_reader(), which takes a copy.
 * Thread: any.
 *
 * \param path The file's path, ended by a zero byte.
 * \param model Receives the model; null where the call fails.
 * \param error Receives the reason of a failure; may be null.
 * \return `QUELL_OK`; `QUELL_FILE_UNREADABLE`; `QUELL_MALFORMED` or `QUELL_UNSUPPORTED` where the file is not a model
 *   that this version can run; `QUELL_OUT_OF_MEMORY`; `QUELL_INVALID_ARGUMENT`.
 */
QUELL_MUST_USE quell_status quell_model_open_file(const char *path, quell_model **model, quell_error *error);

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
QUELL_MUST_USE quell_status quell_model_open_memory(const void *bytes, uint64_t size, quell_model **model,
                                                    quell_error *error);

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
QUELL_MUST_USE quell_status quell_model_name(const quell_model *model, char *text, uint64_t capacity, uint64_t *size,
                                             quell_error *error);

/**
 * A number that depends on the model's program and on a sample of its weights; files of thresholds name the model by
 * it. 0 for null.
 *
 * Touches one page of memory for each sample at most. Thread: any.
 */
uint64_t quell_model_fingerprint(const quell_model *model);

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
QUELL_MUST_USE quell_status quell_session_create(quell_model *model, const quell_session_options *options,
                                                 quell_session **session, quell_error *error);

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
 * \return `QUELL_OK`, `QUELL_TOKEN_OUT_OF_RANGE`, `QUELL_CONTEXT_FULL`, `QUELL_CANCELLED`, `QUELL_INVALID_ARGUMENT`.
 */
QUELL_MUST_USE quell_status quell_session_step(quell_session *session, uint32_t token, quell_error *error);

/**
 * Takes several tokens, a prompt for instance; the logits are those after the last. Allocates nothing, and puts less
 * than 128 KiB on the stack. A failure leaves the session as it was, but for a cancellation, which leaves it with the
 * tokens that it took before.
 *
 * Thread: the session's.
 *
 * \param session The session.
 * \param tokens The token ids; may be null where `count` is 0.
 * \param count How many.
 * \param error Receives the reason of a failure; may be null.
 * \return As quell_session_step().
 */
QUELL_MUST_USE quell_status quell_session_prefill(quell_session *session, const uint32_t *tokens, uint64_t count,
                                                  quell_error *error);

/**
 * Has the call that takes tokens end with `QUELL_CANCELLED`: the one that is under way, before it takes the next
 * tokens, or else the next one. The session can go on: quell_session_position() tells how many tokens it has taken.
 * After a call that was ended there are no logits before the next step. Null is ignored.
 *
 * Thread: any, and the handler of a signal; not when the session is closed meanwhile.
 */
void quell_session_cancel(const quell_session *session);

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

/* ---- Scoring ---- */

/**
 * Takes several tokens, and tells of each how the model predicted the one that was to come after it. Allocates
 * nothing. A failure leaves the session as quell_session_prefill() does.
 *
 * A text's own tokens but the last, with all but the first as targets, give its log-probability. A session with a
 * batch makes the logits of as many tokens at a time; the scores are the same, bit by bit.
 *
 * Thread: the session's.
 *
 * \param session The session.
 * \param tokens The token ids to take; may be null where `count` is 0.
 * \param targets For each of them the token id that is to be predicted.
 * \param count How many.
 * \param scores Receives a score for each.
 * \param error Receives the reason of a failure; may be null.
 * \return As quell_session_prefill().
 */
QUELL_MUST_USE quell_status quell_session_score(quell_session *session, const uint32_t *tokens,
                                                const uint32_t *targets, uint64_t count, quell_token_score *scores,
                                                quell_error *error);

/**
 * Takes several tokens and shows the logits after each of them, in order. Allocates nothing. A failure leaves the
 * session as quell_session_prefill() does.
 *
 * Thread: the session's; the visitor is called on it.
 *
 * \param session The session.
 * \param tokens The token ids; may be null where `count` is 0.
 * \param count How many.
 * \param visitor Called once for each token, before the call returns.
 * \param user Handed to the visitor as it is.
 * \param error Receives the reason of a failure; may be null.
 * \return As quell_session_prefill().
 */
QUELL_MUST_USE quell_status quell_session_visit_logits(quell_session *session, const uint32_t *tokens, uint64_t count,
                                                       quell_logits_visitor visitor, void *user, quell_error *error);

/* ---- Text ---- */

/**
 * Turns a text into tokens, with the token that begins a text in front where the model wants one.
 *
 * Allocates scratch memory for the time of the call: 28 bytes for each byte of the longest word. Where nothing is to
 * be allocated, quell_model_encode_in() is given it.
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
QUELL_MUST_USE quell_status quell_model_encode(const quell_model *model, const char *text, uint64_t size,
                                               uint32_t *tokens, uint64_t capacity, uint64_t *count,
                                               quell_error *error);

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
QUELL_MUST_USE quell_status quell_model_decode(const quell_model *model, const uint32_t *tokens, uint64_t count,
                                               char *text, uint64_t capacity, uint64_t *size, quell_error *error);

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
QUELL_MUST_USE quell_status quell_model_token_bytes(const quell_model *model, uint32_t token, const char **bytes,
                                                    uint64_t *size, quell_error *error);

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
QUELL_MUST_USE quell_status quell_sampler_initialize(quell_sampler *sampler, const quell_sampler_options *options,
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
QUELL_MUST_USE quell_status quell_session_sample(quell_session *session, quell_sampler *sampler, uint32_t *token,
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
QUELL_MUST_USE quell_status quell_model_site_name(const quell_model *model, uint32_t site, char *text,
                                                  uint64_t capacity, uint64_t *size, quell_error *error);

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
QUELL_MUST_USE quell_status quell_model_site_kind(const quell_model *model, uint32_t site, char *text,
                                                  uint64_t capacity, uint64_t *size, quell_error *error);

/** Length of a site's input. 0 for null and where there is no such site. Thread: any. */
uint64_t quell_model_site_inputs(const quell_model *model, uint32_t site);

/** Multiply-accumulates that one event of a site costs. 0 for null and where there is no such site. Thread: any. */
uint64_t quell_model_site_outputs(const quell_model *model, uint32_t site);

/** Whether a site feeds the vocabulary head, which the literature leaves out of its figures. Thread: any. */
bool quell_model_site_is_head(const quell_model *model, uint32_t site);

/** The threshold that the model's file carries for a site. 0 for null and where there is no such site. Thread: any. */
float quell_model_site_threshold(const quell_model *model, uint32_t site);

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
QUELL_MUST_USE quell_status quell_session_get_threshold(const quell_session *session, uint32_t site, float *threshold,
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
QUELL_MUST_USE quell_status quell_session_set_threshold(quell_session *session, uint32_t site, float threshold,
                                                        quell_error *error);

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
QUELL_MUST_USE quell_status quell_session_counts(const quell_session *session, quell_counts *counts,
                                                 quell_error *error);

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
QUELL_MUST_USE quell_status quell_session_estimate_cost(const quell_session *session, quell_cost *cost,
                                                        quell_error *error);

/* ---- Work and its price ---- */

/** What a kind of work is called, by profiles of devices and reports. Null where there is no such kind. Thread: any. */
const char *quell_cost_kind_name(uint32_t kind);

/**
 * The work that a session did since its counters were last set to zero, in units by kind. Allocates nothing.
 *
 * Thread: the session's.
 *
 * \param session The session, which must have counted.
 * \param dense Whether to give what would have been done if every input had fired.
 * \param units Receives the units of each kind.
 * \param kinds How many kinds there is room for: `QUELL_WORK_KINDS` of the caller's header. Work of kinds that it
 *   does not know is refused.
 * \param error Receives the reason of a failure; may be null.
 * \return `QUELL_OK`, `QUELL_BUFFER_TOO_SMALL`, `QUELL_INVALID_ARGUMENT`.
 */
QUELL_MUST_USE quell_status quell_cost_session_work(const quell_session *session, bool dense, uint64_t *units,
                                                    uint32_t kinds, quell_error *error);

/**
 * What work costs on a device: modelled from its prices, not measured. Allocates nothing.
 *
 * A price whose four numbers are NaN stands for none: work of that kind is refused, never free.
 *
 * Thread: any.
 *
 * \param units Units of work by kind.
 * \param prices What one unit of each kind costs, picojoules and nanoseconds.
 * \param kinds How many kinds both arrays have.
 * \param total Receives the sums, picojoules and nanoseconds.
 * \param error Receives the reason of a failure; may be null.
 * \return `QUELL_OK`, `QUELL_UNSUPPORTED` where work has no price, `QUELL_INVALID_ARGUMENT` where a price is negative
 *   or infinite.
 */
QUELL_MUST_USE quell_status quell_cost_price(const uint64_t *units, const quell_price *prices, uint32_t kinds,
                                             quell_price *total, quell_error *error);

/* ---- Adapting thresholds ---- */

/**
 * Makes a session keep a sparsity: a factor on all its thresholds but the head's goes up after a token that skipped
 * less than the target, and down after one that skipped more. While a session adapts it takes tokens one by one.
 *
 * quell_session_set_threshold() and quell_session_get_threshold() go on to mean the thresholds before the factor.
 * Beginning again with the factor that quell_session_adaptation() told, in another process for instance, is going on.
 *
 * Thread: the session's.
 *
 * \param session The session; a threshold other than the head's is above 0.
 * \param adaptation How, or null to end it: the thresholds are those that were set, then.
 * \param error Receives the reason of a failure; may be null.
 * \return `QUELL_OK`, `QUELL_INVALID_ARGUMENT`, `QUELL_UNSUPPORTED` for an option that is not known.
 */
QUELL_MUST_USE quell_status quell_session_adapt(quell_session *session, const quell_adaptation *adaptation,
                                                quell_error *error);

/**
 * How a session adapts, and the factor that it has come to; the target is -1 where it does not adapt.
 *
 * Thread: the session's.
 *
 * \param session The session.
 * \param adaptation Receives it; its `struct_size` must be set.
 * \param error Receives the reason of a failure; may be null.
 * \return `QUELL_OK`, `QUELL_INVALID_ARGUMENT`.
 */
QUELL_MUST_USE quell_status quell_session_adaptation(const quell_session *session, quell_adaptation *adaptation,
                                                     quell_error *error);

/* ---- Calibration: thresholds for a sparsity ---- */

/** How much memory the statistics of a calibration take: 130564 bytes for each site. 0 for null. Thread: any. */
uint64_t quell_model_calibration_size(const quell_model *model);

/**
 * Begins a calibration: sets all thresholds to 0, and from now on counts the magnitudes of the inputs of every site,
 * beginning anew. Then run the session on text like that for which thresholds are wanted, and call
 * quell_session_calibrate().
 *
 * Ownership: memory that is given stays the caller's, and is the session's alone until
 * quell_session_end_calibration() or the session's end. Where it is null, the session allocates it.
 * Thread: the session's.
 *
 * \param session The session.
 * \param memory At an address that is a multiple of 64, or null.
 * \param size Its bytes, at least what quell_model_calibration_size() gives; 0 where it is null.
 * \param error Receives the reason of a failure; may be null.
 * \return `QUELL_OK`, `QUELL_BUFFER_TOO_SMALL`, `QUELL_OUT_OF_MEMORY`, `QUELL_INVALID_ARGUMENT`.
 */
QUELL_MUST_USE quell_status quell_session_begin_calibration(quell_session *session, void *memory, uint64_t size,
                                                            quell_error *error);

/**
 * Sets the session's thresholds so that, on text like the one that it has seen since the calibration began, its sites
 * skip a fraction of their multiply-accumulates; the vocabulary head is left alone. Every site drops the same
 * fraction of its inputs, and none where its natural zeros are more. May be called again with another fraction; what
 * runs in between is counted as well, and is sparse.
 *
 * Thread: the session's.
 *
 * \param session The session.
 * \param sparsity The fraction, from 0 to 1.
 * \param quantile Receives the fraction of its inputs that each site drops, 0 where natural zeros are enough; may be
 *   null.
 * \param error Receives the reason of a failure; may be null.
 * \return `QUELL_OK`; `QUELL_INVALID_ARGUMENT`, also where nothing has been seen; `QUELL_MALFORMED` where an input
 *   was infinite or not a number, which only a damaged model gives.
 */
QUELL_MUST_USE quell_status quell_session_calibrate(quell_session *session, double sparsity, double *quantile,
                                                    quell_error *error);

/**
 * Ends a calibration: magnitudes are counted no more, and memory is given back. Thresholds stay. Null is ignored.
 * Thread: the session's.
 */
void quell_session_end_calibration(quell_session *session);

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
QUELL_MUST_USE quell_status quell_session_save_state(const quell_session *session, void *bytes, uint64_t capacity,
                                                     uint64_t *size, quell_error *error);

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
QUELL_MUST_USE quell_status quell_session_restore_state(quell_session *session, const void *bytes, uint64_t size,
                                                        quell_error *error);

/* ---- Models in memory of the caller's ---- */

/**
 * How much memory a model's tables take, for quell_model_open_in(). Weights stay where they are and take none.
 *
 * Thread: any.
 *
 * \param bytes As for quell_model_open_in().
 * \param size How many bytes.
 * \param tokenizer As for quell_model_open_in().
 * \param memory_size Receives the bytes that the tables take.
 * \param error Receives the reason of a failure; may be null.
 * \return `QUELL_OK`; `QUELL_MALFORMED` or `QUELL_UNSUPPORTED` where the bytes are not a model that this version can
 *   run; `QUELL_INVALID_ARGUMENT`; `QUELL_OUT_OF_MEMORY` where no machine has that much.
 */
QUELL_MUST_USE quell_status quell_model_memory_size(const void *bytes, uint64_t size,
                                                    quell_tokenizer_opener tokenizer, uint64_t *memory_size,
                                                    quell_error *error);

/**
 * Opens a model over the bytes of a model file, in flash for instance, with its tables in memory of the caller's:
 * neither this call nor any on the model allocates that does not say so.
 *
 * Ownership: bytes and memory stay the caller's and must stay in place, the bytes unchanged and the memory the
 * model's alone, until the model and all its sessions are closed. Close the model with quell_model_close(), which
 * does not release them. quell_model_encode() still allocates; quell_model_encode_in() does not.
 * Thread: any.
 *
 * \param bytes The file's bytes, at an address that is a multiple of 4; a multiple of 64 is fastest.
 * \param size How many bytes.
 * \param tokenizer quell_open_tokenizer(), or null for a model that is given tokens and no text. A program that is
 *   linked with the static library and does not name that function leaves out what tokenizers are made of.
 * \param memory At an address that is a multiple of 64.
 * \param memory_size Its bytes, at least what quell_model_memory_size() gives.
 * \param model Receives the model; null where the call fails.
 * \param error Receives the reason of a failure; may be null.
 * \return `QUELL_OK`, `QUELL_BUFFER_TOO_SMALL`; else as quell_model_memory_size().
 */
QUELL_MUST_USE quell_status quell_model_open_in(const void *bytes, uint64_t size, quell_tokenizer_opener tokenizer,
                                                void *memory, uint64_t memory_size, quell_model **model,
                                                quell_error *error);

/** Opens a model's tokenizer. Not to be called: to be handed to quell_model_open_in(). */
void quell_open_tokenizer(void *request);

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
QUELL_MUST_USE quell_status quell_session_memory_size(const quell_model *model, const quell_session_options *options,
                                                      uint64_t *size, quell_error *error);

/**
 * Makes a session in memory of the caller's: neither this call nor any on the session allocates, unless a calibration
 * is begun without memory for it.
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
QUELL_MUST_USE quell_status quell_session_create_in(quell_model *model, const quell_session_options *options,
                                                    void *memory, uint64_t size, quell_session **session,
                                                    quell_error *error);

/* ---- Text in memory of the caller's ---- */

/**
 * How much scratch memory a text takes to be encoded, for quell_model_encode_in(): 28 bytes for each byte of its
 * longest word, and 7.
 *
 * Thread: any.
 *
 * \param model The model.
 * \param text UTF-8. May be null where `size` is 0.
 * \param size How many bytes.
 * \param memory_size Receives the bytes that encoding takes.
 * \param error Receives the reason of a failure; may be null.
 * \return `QUELL_OK`, `QUELL_NO_TOKENIZER`, `QUELL_INVALID_ARGUMENT`.
 */
QUELL_MUST_USE quell_status quell_model_encode_memory_size(const quell_model *model, const char *text, uint64_t size,
                                                           uint64_t *memory_size, quell_error *error);

/**
 * Turns a text into tokens as quell_model_encode() does, in scratch memory of the caller's: nothing is allocated.
 *
 * Ownership: the memory is the caller's, and free for anything after the call.
 * Thread: any.
 *
 * \param model The model.
 * \param text UTF-8; what is none is read as U+FFFD. May be null where `size` is 0.
 * \param size How many bytes.
 * \param memory At any address; may be null where `memory_size` is 0.
 * \param memory_size Its bytes, at least what quell_model_encode_memory_size() gives; the longest word of many texts
 *   is enough for all of them.
 * \param tokens Room for token ids; may be null where `capacity` is 0.
 * \param capacity How many there is room for.
 * \param count Receives the number of tokens, whether they fit or not, where the memory suffices; may be null.
 * \param error Receives the reason of a failure; may be null.
 * \return `QUELL_OK`, `QUELL_BUFFER_TOO_SMALL` where the memory or the room for tokens does not suffice,
 *   `QUELL_NO_TOKENIZER`, `QUELL_INVALID_ARGUMENT`.
 */
QUELL_MUST_USE quell_status quell_model_encode_in(const quell_model *model, const char *text, uint64_t size,
                                                  void *memory, uint64_t memory_size, uint32_t *tokens,
                                                  uint64_t capacity, uint64_t *count, quell_error *error);

/* ---- Models from anywhere ---- */

/**
 * Opens a model that a callback reads: from an archive, over a network, from a device. Its bytes are read once, front
 * to back, into memory that the model keeps; where the file can be mapped, or is in memory already, the other ways
 * need no copy. A program that has memory of its own for it reads the file itself, for quell_model_open_in().
 *
 * Ownership: the model is the caller's; close it with quell_model_close(). The callback is not called after this
 * call.
 * Thread: any; the callback runs on the thread that called.
 *
 * \param read Reads bytes of the model file, at most 1 MiB at a time; see quell_read.
 * \param user Handed to `read` as it is.
 * \param size How many bytes the file has.
 * \param model Receives the model; null where the call fails.
 * \param error Receives the reason of a failure; may be null.
 * \return `QUELL_OK`; `QUELL_CANCELLED` where the callback returned that; `QUELL_FILE_UNREADABLE` where it returned
 *   any other number that is not 0; else as quell_model_open_memory().
 */
QUELL_MUST_USE quell_status quell_model_open_reader(quell_read read, void *user, uint64_t size, quell_model **model,
                                                    quell_error *error);

/* ---- Versions and names ---- */

/** The library's version, `QUELL_VERSION` when it was built. Thread: any. */
const char *quell_version(void);

/** The same as a number, `QUELL_VERSION_NUMBER` when the library was built. Thread: any. */
uint32_t quell_version_number(void);

/**
 * What the library was built of, as one line for people: its version, the commit where it is known, the processor and
 * the system that it is for, the instructions beyond the portable ones that it has loops in, and the compilers.
 * Thread: any.
 */
const char *quell_build_information(void);

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
