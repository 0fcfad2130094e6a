/* Bytes as text: tokens and back. A tokenizer that has every byte and normalises nothing gives back what it was given,
 * if that is UTF-8; one that normalises and has few letters stays within what it promises. */
#include "support.h"

static uint32_t *encode(const quell_model *model, const char *text, size_t size, uint64_t *count) {
  require(quell_model_encode(model, text, size, NULL, 0, count, NULL) == (*count ? QUELL_BUFFER_TOO_SMALL : QUELL_OK),
          "counting tokens fails");
  require(*count <= 4 * size + 1, "more tokens than promised");
  uint32_t *tokens = malloc((*count + 1) * sizeof *tokens);
  uint64_t again;
  require(quell_model_encode(model, text, size, tokens, *count, &again, NULL) == QUELL_OK && again == *count,
          "encoding twice gives different numbers of tokens");
  return tokens;
}

static int is_utf8(const uint8_t *text, size_t size) {
  static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
  for (size_t at = 0; at < size;) {
    const size_t length = text[at] < 0x80 ? 1 : text[at] < 0xe0 ? 2 : text[at] < 0xf0 ? 3 : 4;
    if ((text[at] >= 0x80 && text[at] < 0xc2) || text[at] > 0xf4 || size - at < length)
      return 0;
    uint32_t character = length == 1 ? text[at] : text[at] & (0x7fu >> length);
    for (size_t index = 1; index < length; index++) {
      if ((text[at + index] & 0xc0) != 0x80)
        return 0;
      character = character << 6 | (text[at + index] & 0x3f);
    }
    if (character < least[length] || (character & ~0x7ffu) == 0xd800 || character > 0x10ffff)
      return 0;
    at += length;
  }
  return 1;
}

static void check(const quell_model *model, const uint8_t *data, size_t size, int gives_back) {
  char *text = malloc(size + 1);
  memcpy(text, data, size);
  uint64_t count, length = 0;
  uint32_t *tokens = encode(model, text, size, &count);
  (void)quell_model_decode(model, tokens, count, NULL, 0, &length, NULL);
  char *back = malloc(length + 1);
  require(quell_model_decode(model, tokens, count, back, length + 1, &length, NULL) == QUELL_OK, "decoding fails");
  if (gives_back && is_utf8(data, size))
    require(length == size && memcmp(text, back, size) == 0, "the text that comes back is another one");
  free(back);
  free(tokens);
  free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static quell_model *few, *all;
  if (!few) {
    uint64_t bytes;
    void *file = read_model("small.gguf", &bytes);
    require(quell_model_open_memory(file, bytes, &few, NULL) == QUELL_OK, "small.gguf does not open");
    file = read_model("bytes.gguf", &bytes);
    require(quell_model_open_memory(file, bytes, &all, NULL) == QUELL_OK, "bytes.gguf does not open");
  }
  check(few, data, size, 0);
  check(all, data, size, 1);
  return 0;
}
