/* Threads that help with one piece of work after the other. */
#ifndef QUELL_WORKERS_H
#define QUELL_WORKERS_H
#include <stddef.h>
#include <stdint.h>

/* The most threads that can work together, and the most parts that a piece of work can have. */
#define QUELL_MOST_THREADS 256
#define QUELL_MOST_PARTS 65535

/* Does one part of a piece of work. */
typedef void (*quell_work)(void *context, uint32_t part);

typedef struct quell_workers quell_workers;

/* Bytes of the record for `threads` threads, its alignment being 64. */
size_t quell_workers_size(uint32_t threads);

/* Starts `threads` - 1 threads, the caller's being one more. The memory stays in use until they are ended. Returns null
   and stores errno's value in `reason` where the system gives no more threads. */
quell_workers *quell_workers_start(void *memory, uint32_t threads, int *reason);

/* Does all parts, whichever thread finds the time, and returns when they are done. Parts are claimed one by one, so
   that a thread that the system has put aside holds up nobody but the part it is in. Not to be called by two threads at
   once. */
void quell_workers_run(quell_workers *workers, quell_work work, void *context, uint32_t parts);

/* Ends the threads. Null is fine. */
void quell_workers_end(quell_workers *workers);

#endif
