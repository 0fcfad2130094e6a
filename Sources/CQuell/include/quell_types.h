#ifndef QUELL_TYPES_H
#define QUELL_TYPES_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
/* BEGIN-PUBLIC */
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
  QUELL_MALFORMED = 32,         /**< The bytes are not what they claim to be. */
  QUELL_UNSUPPORTED = 33,       /**< The data is well formed but of a kind that this version cannot use. */
  QUELL_STATE_MISMATCH = 34     /**< The saved state belongs to another model, or is damaged. */
};

/** Why a call failed, in words. Set `struct_size` to `sizeof(quell_error)` before passing it. */
typedef struct quell_error {
  uint32_t struct_size; /**< Bytes of this structure as the caller knows it. */
  quell_status code;    /**< The status that the call returned. */
  uint64_t byte_offset; /**< Where in the data, or UINT64_MAX where that makes no sense. */
  char message[256];    /**< One line of UTF-8, ended by a zero byte: what, where, what to do. */
} quell_error;
/* END-PUBLIC */
#endif
