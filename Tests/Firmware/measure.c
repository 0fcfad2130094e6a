/* Runs a model with portable kernels and reports what must be the same on every machine, the tokens and a CRC-32 of all
 * logits, and what is the machine's own: memory, stack and instructions. Dense is with thresholds of zero, sparse with
 * those of the file. */
#include "counter.h"
#include "faults.h"
#include "model.h"
#include "report.h"
#include <quell.h>

/* TOKENS is how many follow the prompt: fewer where floating point is computed by the compiler's routines. */
enum { MEMORY_BYTES = 128 << 10, CALIBRATION_LOOPS = 100000, STACK_BYTES = 32 << 10, STACK_PAINT = 0xa5 };

static const char prompt[] = "Once upon a time";

static _Alignas(64) uint8_t memory[MEMORY_BYTES];

static uint32_t crc(uint32_t sum, const void *bytes, size_t count) {
  const uint8_t *byte = bytes;
  for (; count > 0; count--) {
    sum ^= *byte++;
    for (int bit = 0; bit < 8; bit++)
      sum = sum >> 1 ^ (sum & 1 ? 0xedb88320 : 0);
  }
  return sum;
}

static uint32_t likeliest(const float *logits, uint32_t count) {
  uint32_t best = 0;
  for (uint32_t token = 1; token < count; token++)
    if (logits[token] > logits[best])
      best = token;
  return best;
}

typedef struct {
  char text[TOKENS];
  uint32_t crc;
  uint64_t instructions;
} outcome;

/* Greedy decoding after the prompt; instructions are those of the steps alone. */
static quell_status generate(quell_model *model, quell_session *session, outcome *result, quell_error *error) {
  uint32_t vocabulary = quell_model_vocabulary_size(model), sum = ~0u;
  quell_status status = QUELL_OK;
  result->instructions = 0;
  for (uint32_t place = 0; status == QUELL_OK && place < sizeof prompt - 1 + TOKENS; place++) {
    uint32_t token;
    if (place < sizeof prompt - 1) {
      token = (uint8_t)prompt[place];
    } else {
      token = likeliest(quell_session_logits(session), vocabulary);
      result->text[place - (sizeof prompt - 1)] = (char)token;
    }
    uint64_t before = counter_now();
    status = quell_session_step(session, token, error);
    result->instructions += counter_now() - before;
    sum = crc(sum, quell_session_logits(session), vocabulary * sizeof(float));
  }
  result->crc = ~sum;
  result->instructions /= sizeof prompt - 1 + TOKENS;
  return status;
}

/* ---- Stack ---- */

/* How far below this function's frame the next call reached, given that the stack was painted before it. */
__attribute__((noinline)) static volatile uint8_t *paint_stack(void) {
  volatile uint8_t *end = (volatile uint8_t *)__builtin_frame_address(0) - 64;
  for (int place = 1; place < STACK_BYTES; place++)
    end[-place] = STACK_PAINT;
  return end;
}

static uint32_t painted_over(volatile uint8_t *end) {
  uint32_t depth = STACK_BYTES - 1;
  while (depth > 0 && end[-(int)depth] == STACK_PAINT)
    depth--;
  return depth;
}

/* ---- The report ---- */

/* A loop of two instructions shows whether the counter counts. */
static uint64_t calibrate(void) {
  uint64_t before = counter_now();
#if defined(__arm__)
  __asm__ volatile("mov r0, %0\n 1: subs r0, #1\n bne 1b" : : "r"(CALIBRATION_LOOPS) : "r0", "cc");
#elif defined(__riscv)
  __asm__ volatile("mv t0, %0\n 1: addi t0, t0, -1\n bnez t0, 1b" : : "r"(CALIBRATION_LOOPS) : "t0");
#elif defined(__aarch64__)
  __asm__ volatile("mov x0, %0\n 1: subs x0, x0, #1\n b.ne 1b" : : "r"((uint64_t)CALIBRATION_LOOPS) : "x0", "cc");
#endif
  return counter_now() - before;
}

int main(void) {
  quell_error error = {.struct_size = sizeof error};
  quell_session_options options = {.struct_size = sizeof options, .instruction_set = QUELL_INSTRUCTIONS_PORTABLE};
  quell_model *model;
  quell_session *session;
  outcome result;
  uint64_t tables, needed;
  counter_start();
  report_number("calibration", calibrate());

  volatile uint8_t *stack = paint_stack();
  if (quell_model_memory_size(model_bytes, model_size, NULL, &tables, &error) ||
      quell_model_open_in(model_bytes, model_size, NULL, memory, sizeof memory, &model, &error))
    return report_failure(error.message);
  report_number("stack_open", painted_over(stack));
  report_number("tables", tables);
  if (quell_session_memory_size(model, &options, &needed, &error) ||
      quell_session_create_in(model, &options, memory + tables, sizeof memory - tables, &session, &error))
    return report_failure(error.message);
  report_number("session", needed);

  stack = paint_stack();
  if (quell_session_step(session, 'a', &error))
    return report_failure(error.message);
  report_number("stack_step", painted_over(stack));

  quell_session_reset(session);
  if (generate(model, session, &result, &error))
    return report_failure(error.message);
  report_text("sparse_text", result.text, sizeof result.text);
  report_number("sparse_crc", result.crc);
  report_number("sparse_instructions", result.instructions);

  for (uint32_t site = 0; site < quell_model_site_count(model); site++)
    if (quell_session_set_threshold(session, site, 0, &error))
      return report_failure(error.message);
  quell_session_reset(session);
  if (generate(model, session, &result, &error))
    return report_failure(error.message);
  report_text("dense_text", result.text, sizeof result.text);
  report_number("dense_crc", result.crc);
  report_number("dense_instructions", result.instructions);
  return 0;
}
