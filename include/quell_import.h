/*
 * quell_import.h - made from the library's Swift sources by `make header`. Do not edit; edit quell_import.h.in and
 * Sources/QuellImportLibrary.
 *
 * Makes model files of ONNX exports, and tells what models cost on devices. A program that only runs models needs quell.h alone.
 *
 * A complete program:
 *
 *   #include <quell_import.h>
 *   #include <stdio.h>
 *
 *   int main(int argc, char **argv) {
 *     quell_error error;
 *     error.struct_size = sizeof error;
 *     if (argc != 3) return 2;
 *     if (quell_import_onnx(argv[1], argv[2], NULL, NULL, NULL, &error)) {
 *       fprintf(stderr, "%s\n", error.message);
 *       return 1;
 *     }
 *     return 0;
 *   }
 *
 * The rules of quell.h hold here too, but for two: an import takes memory and starts threads of its own, which have ended
 * when it returns; and where there is no memory left, the process ends. The file that was to be written is then as it was.
 */
#ifndef QUELL_IMPORT_H
#define QUELL_IMPORT_H

#include "quell.h"

#ifdef __cplusplus
extern "C" {
#endif

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

/* ---- Importing ---- */

/**
 * Imports an ONNX model: reads the graph at `path`, makes a step program of it, and writes a model file at `output`.
 *
 * The graph is one step of a decoder, with a recurrent state or with past keys and values, or a causal decoder of
 * whole sequences. The result appears under its name only when it is complete and has run a few tokens. Thread: any;
 * imports to different files may run at once. An import uses the machine's other cores for a while, and all of its
 * threads have ended when it returns.
 *
 * \param path the ONNX file, in UTF-8 ended by a zero byte; other files that hold its weights lie beside it.
 * \param output the model file to be written; one that is there already is replaced.
 * \param options null for the defaults.
 * \param progress null where nobody wants to know; see quell_import_progress.
 * \param user handed to `progress` as it is.
 * \param error null, or where the reason of a failure goes.
 * \return `QUELL_OK`; `QUELL_FILE_UNREADABLE` and `QUELL_FILE_UNWRITABLE` for files; `QUELL_MALFORMED` where bytes
 *   are not what they claim to be; `QUELL_UNSUPPORTED` where a graph holds what no program can express;
 *   `QUELL_CANCELLED`.
 */
QUELL_MUST_USE quell_status quell_import_onnx(const char *path, const char *output,
                                              const quell_import_options *options, quell_import_progress progress,
                                              void *user, quell_error *error);

/**
 * The version of this interface, `QUELL_IMPORT_ABI_VERSION` when the library was built. A program that finds another
 * one than it was compiled with must not go on. Thread: any.
 */
uint32_t quell_import_abi_version(void);

/* ---- Cost ---- */

/**
 * What a model costs on a device, token by token: modelled, not measured. Gives the JSON document of the command
 * `quell cost --json`.
 *
 * The model runs over the tokens, which begin with nothing remembered, once with thresholds and once without. Thread:
 * any.
 *
 * \param path the model file, in UTF-8 ended by a zero byte.
 * \param device the profile of a device as JSON, or the name of one that comes with Quell.
 * \param tokens token ids below the vocabulary size, no more than the model has positions.
 * \param count how many.
 * \param thresholds one for each site of the model, or null for the model's own.
 * \param options null for what the profile says.
 * \param receive called once, before this function returns, with the document, which is gone afterwards.
 * \param user handed to `receive` as it is.
 * \param error null, or where the reason of a failure goes.
 * \return `QUELL_OK`; `QUELL_FILE_UNREADABLE`; `QUELL_MALFORMED` for a file or a profile; `QUELL_UNSUPPORTED` where
 *   work has no price; `QUELL_INVALID_ARGUMENT`, `QUELL_TOKEN_OUT_OF_RANGE`, `QUELL_CONTEXT_FULL`.
 */
QUELL_MUST_USE quell_status quell_import_cost(const char *path, const char *device, const uint32_t *tokens,
                                              uint64_t count, const float *thresholds,
                                              const quell_import_cost_options *options, quell_import_receiver receive,
                                              void *user, quell_error *error);

#ifdef __cplusplus
}
#endif

#endif
