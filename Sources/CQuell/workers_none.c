#if !defined(__unix__) && !defined(__APPLE__)
/* A machine without threads: a session that asks for some is refused. */
#include "workers.h"

size_t quell_workers_size(uint32_t threads) {
  (void)threads;
  return 0;
}

quell_workers *quell_workers_start(void *memory, uint32_t threads, int *reason) {
  (void)memory, (void)threads;
  *reason = 1;
  return NULL;
}

void quell_workers_run(quell_workers *workers, quell_work work, void *context, uint32_t parts) {
  (void)workers;
  for (uint32_t part = 0; part < parts; part++)
    work(context, part);
}

void quell_workers_end(quell_workers *workers) {
  (void)workers;
}
#endif
