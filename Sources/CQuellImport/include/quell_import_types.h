#ifndef QUELL_IMPORT_TYPES_H
#define QUELL_IMPORT_TYPES_H
#include <quell_types.h>
/* BEGIN-PUBLIC */
/** The version of this interface; it changes when a program must be compiled anew. quell_import_abi_version() gives the
 * library's. */
#define QUELL_IMPORT_ABI_VERSION 1

/** How matrices and tables are stored; vectors are always in single precision. */
enum {
  QUELL_IMPORT_SOURCE = 0, /**< As the source has them, as far as the model file can. */
  QUELL_IMPORT_F32 = 1,    /**< Single precision. */
  QUELL_IMPORT_F16 = 2,    /**< Half precision. */
  QUELL_IMPORT_BF16 = 3,   /**< The upper half of single precision. */
  QUELL_IMPORT_INT8 = 4,   /**< 8-bit integers with scales. */
  QUELL_IMPORT_INT4 = 5    /**< 4-bit integers in blocks with scales. */
};

/** How a model is imported. Clear it to zeros, set `struct_size`, then what differs from the defaults. */
typedef struct quell_import_options {
  uint32_t struct_size;  /**< `sizeof(quell_import_options)`. */
  uint32_t weights;      /**< One of the constants above. */
  const char *name;      /**< The model's name for people; null for the name of the file. */
  const char *tokenizer; /**< The path of the model's tokenizer.json; null for a model without text. */
} quell_import_options;

/**
 * Told now and then how far an import is: bytes of the source's weights that are in the model file, and all of them;
 * both are 0 while the graph is read. It runs on the thread that called, with the `user` of that call, and returns 0 to
 * go on; with any other number the import ends with QUELL_CANCELLED and leaves nothing behind.
 */
typedef int32_t (*quell_import_progress)(uint64_t done, uint64_t total, void *user);

/** How a device is assumed to work. Clear it to zeros, set `struct_size`, then what differs from its profile. */
typedef struct quell_import_cost_options {
  uint32_t struct_size; /**< `sizeof(quell_import_cost_options)`. */
  uint32_t cores;       /**< The most cores that may be used; 0 for as many as the weights need. */
  uint32_t ungrouped;   /**< Not 0: sums are read and written for every event. */
  uint32_t pipelined;   /**< Not 0: cores work on different tokens at the same time. */
  const char *weights;  /**< What weights are priced as, "int8" for instance; null for as they are. */
  const char *include;  /**< Parts of the model to price, too, with commas between them; may be null. */
  const char *exclude;  /**< Parts to leave out. */
} quell_import_cost_options;

/** Takes a text that is not ended by a zero byte, and belongs to the caller again when it returns. */
typedef void (*quell_import_receiver)(const char *text, uint64_t size, void *user);
/* END-PUBLIC */
#endif
