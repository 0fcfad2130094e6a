/* Changes the words of a model file within HOSTILE_RANGES to numbers that overflow where sizes are of 32 bits, and
 * opens and runs what comes of it. Every file must be refused or run; one that stops the machine ends the test. Reports
 * how many files were run: on any machine as many. */
#include "faults.h"
#include "model.h"
#include "report.h"
#include <quell.h>

enum { MEMORY_BYTES = 128 << 10, FILE_BYTES = 64 << 10 };

static _Alignas(64) uint8_t memory[MEMORY_BYTES];
static _Alignas(64) uint8_t file[FILE_BYTES];

/* Whether the file is a model that can be run for two tokens. */
static int runs(uint64_t size) {
  const quell_session_options options = {.struct_size = sizeof options, .context_length = 2};
  quell_model *model;
  quell_session *session;
  uint64_t tables;
  if (quell_model_memory_size(file, size, NULL, &tables, NULL) ||
      quell_model_open_in(file, size, NULL, memory, sizeof memory, &model, NULL))
    return 0;
  if (quell_session_create_in(model, &options, memory + tables, sizeof memory - tables, &session, NULL))
    return 0;
  return quell_session_step(session, 0, NULL) == QUELL_OK && quell_session_step(session, 1, NULL) == QUELL_OK;
}

int main(void) {
  static const uint32_t numbers[] = {0, 1, 0x10000, 0x10001, 0x40000000, 0x7fffffff, 0x80000000, 0xffffffff};
  static const struct { size_t first, end; } ranges[] = {HOSTILE_RANGES};
  const size_t size = model_size;
  uint32_t accepted = 0;
  if (size > sizeof file)
    return report_failure("the model does not fit");
  memcpy(file, model_bytes, size);
  if (!runs(size))
    return report_failure("the model itself does not run");
  for (size_t range = 0; range < sizeof ranges / sizeof *ranges; range++)
    for (size_t place = ranges[range].first; place < ranges[range].end; place += 4) {
      for (size_t number = 0; number < sizeof numbers / sizeof *numbers; number++) {
        memcpy(file + place, &numbers[number], 4);
        accepted += runs(size);
      }
      memcpy(file + place, model_bytes + place, 4);
    }
  report_number("accepted", accepted);
  return 0;
}
