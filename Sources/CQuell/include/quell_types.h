#ifndef QUELL_TYPES_H
#define QUELL_TYPES_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
/* BEGIN-PUBLIC */
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
/* END-PUBLIC */

/* Where the message of an error begins: Swift sees an array of 256 as a tuple, and cannot say. */
enum { quell_error_message_offset = offsetof(quell_error, message) };

static inline const char *quell_version_text(void) {
  return QUELL_VERSION;
}

static inline uint32_t quell_version_count(void) {
  return QUELL_VERSION_NUMBER;
}
#endif
