#if defined(__unix__) || defined(__APPLE__)
#include "workers.h"
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <time.h>

/* How long a worker looks for new work before it goes to sleep: longer than what lies between two matrix products,
   since waking a sleeper takes as long as a small product. */
enum { WAIT_NANOSECONDS = 200000, LOOKS_PER_CLOCK = 64, STACK_BYTES = 256 << 10 };

/* The word that is claimed from: which piece of work it is, how many parts that has, and which is the next. A part is
   claimed by raising `next`, and the number of the piece keeps a slow thread from claiming in the piece after. */
typedef struct {
  uint32_t piece;
  uint16_t parts, next;
} claims;

static uint64_t pack(claims c) {
  return (uint64_t)c.piece << 32 | (uint32_t)c.parts << 16 | c.next;
}

static claims unpack(uint64_t word) {
  return (claims){(uint32_t)(word >> 32), (uint16_t)(word >> 16), (uint16_t)word};
}

struct quell_workers {
  _Alignas(64) _Atomic uint64_t claims;
  _Atomic(quell_work) work;
  _Atomic(void *) context;
  /* Parts of the piece that are not done. */
  _Alignas(64) _Atomic uint32_t left;
  _Atomic uint32_t sleepers;
  _Atomic bool ends;
  pthread_mutex_t lock;
  pthread_cond_t wake;
  uint32_t count;
  pthread_t threads[];
};

static void relax(void) {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__) || defined(__arm__)
  __asm__ volatile("yield");
#endif
}

static int64_t now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1000000000LL + time.tv_nsec;
}

size_t quell_workers_size(uint32_t threads) {
  size_t size = sizeof(quell_workers) + sizeof(pthread_t) * threads;
  return (size + 63) / 64 * 64;
}

/* Does parts of one piece until none is left; the piece must be the current one. */
static void help(quell_workers *workers, uint32_t piece) {
  uint64_t word = atomic_load_explicit(&workers->claims, memory_order_acquire);
  for (;;) {
    claims c = unpack(word);
    if (c.piece != piece || c.next == c.parts)
      return;
    /* Read before the claim: once a part is claimed, the piece cannot end, so they belong to it if the claim holds. */
    quell_work work = atomic_load_explicit(&workers->work, memory_order_relaxed);
    void *context = atomic_load_explicit(&workers->context, memory_order_relaxed);
    uint32_t part = c.next++;
    if (!atomic_compare_exchange_weak_explicit(&workers->claims, &word, pack(c), memory_order_acq_rel,
                                               memory_order_acquire))
      continue;
    work(context, part);
    atomic_fetch_sub_explicit(&workers->left, 1, memory_order_release);
    word = atomic_load_explicit(&workers->claims, memory_order_acquire);
  }
}

static bool has_news(quell_workers *workers, uint32_t piece) {
  return unpack(atomic_load_explicit(&workers->claims, memory_order_acquire)).piece != piece ||
         atomic_load_explicit(&workers->ends, memory_order_acquire);
}

static void sleep_until_news(quell_workers *workers, uint32_t piece) {
  pthread_mutex_lock(&workers->lock);
  /* In one order for all with the word of claims: either this thread sees the news or the caller sees a sleeper. */
  atomic_fetch_add(&workers->sleepers, 1);
  while (unpack(atomic_load(&workers->claims)).piece == piece && !atomic_load(&workers->ends))
    pthread_cond_wait(&workers->wake, &workers->lock);
  atomic_fetch_sub(&workers->sleepers, 1);
  pthread_mutex_unlock(&workers->lock);
}

static void *worker(void *record) {
  quell_workers *workers = record;
  uint32_t piece = 0;
  for (;;) {
    int64_t end = now() + WAIT_NANOSECONDS;
    for (uint32_t looks = 1; !has_news(workers, piece); looks++) {
      relax();
      if (looks % LOOKS_PER_CLOCK == 0 && now() > end)
        sleep_until_news(workers, piece);
    }
    if (atomic_load_explicit(&workers->ends, memory_order_acquire))
      return NULL;
    piece = unpack(atomic_load_explicit(&workers->claims, memory_order_acquire)).piece;
    help(workers, piece);
  }
}

quell_workers *quell_workers_start(void *memory, uint32_t threads, int *reason) {
  quell_workers *workers = memory;
  *workers = (quell_workers){.count = 0};
  pthread_mutex_init(&workers->lock, NULL);
  pthread_cond_init(&workers->wake, NULL);
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, STACK_BYTES);
  for (*reason = 0; workers->count + 1 < threads && *reason == 0;) {
    *reason = pthread_create(&workers->threads[workers->count], &attributes, worker, workers);
    if (*reason == 0)
      workers->count++;
  }
  pthread_attr_destroy(&attributes);
  if (*reason == 0)
    return workers;
  quell_workers_end(workers);
  return NULL;
}

void quell_workers_run(quell_workers *workers, quell_work work, void *context, uint32_t parts) {
  if (parts == 0)
    return;
  uint32_t piece = unpack(atomic_load_explicit(&workers->claims, memory_order_relaxed)).piece + 1;
  atomic_store_explicit(&workers->work, work, memory_order_relaxed);
  atomic_store_explicit(&workers->context, context, memory_order_relaxed);
  atomic_store_explicit(&workers->left, parts, memory_order_relaxed);
  atomic_store(&workers->claims, pack((claims){piece, (uint16_t)parts, 0}));
  if (atomic_load(&workers->sleepers) > 0) {
    pthread_mutex_lock(&workers->lock);
    pthread_cond_broadcast(&workers->wake);
    pthread_mutex_unlock(&workers->lock);
  }
  help(workers, piece);
  for (uint32_t looks = 1; atomic_load_explicit(&workers->left, memory_order_acquire) > 0; looks++) {
    relax();
    /* Whoever holds the last part may have been put aside for this thread. */
    if (looks % LOOKS_PER_CLOCK == 0)
      sched_yield();
  }
}

void quell_workers_end(quell_workers *workers) {
  if (!workers)
    return;
  pthread_mutex_lock(&workers->lock);
  atomic_store(&workers->ends, true);
  pthread_cond_broadcast(&workers->wake);
  pthread_mutex_unlock(&workers->lock);
  for (uint32_t thread = 0; thread < workers->count; thread++)
    pthread_join(workers->threads[thread], NULL);
  pthread_cond_destroy(&workers->wake);
  pthread_mutex_destroy(&workers->lock);
}
#endif
