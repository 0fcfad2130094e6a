/* Damages small files in every way that is small, and many that are not, and uses what comes of it: every truncation,
 * every flipped bit, and changes of several bytes at random places. Each is refused or runs; memory is what the file's
 * size allows, all of it is given back, and nothing takes long.
 *
 * usage: damage [--random COUNT] [--seed SEED] [--as-is] [--model MODEL] FILE...
 *
 * With --model the files are states of that model's sessions. With --as-is they are used as they are, once each.
 */
#include "exercise.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

enum { SECONDS_FOR_ONE = 10 };

/* ---- Memory: what the library asks the system for ---- */

static struct {
  uint64_t now, greatest;
  uint64_t blocks;
} memory;

int __real_posix_memalign(void **block, size_t alignment, size_t size);
void __real_free(void *block);
void *__real_malloc(size_t size);
int __wrap_posix_memalign(void **block, size_t alignment, size_t size);
void *__wrap_malloc(size_t size);
void __wrap_free(void *block);

/* Behind each block, so that what writes on is seen. */
static const unsigned char fence[] = "nothing is to be written in here";

/* Every block has its size in front of it, as far in front as its alignment asks. */
int __wrap_posix_memalign(void **block, size_t alignment, size_t size) {
  char *start;
  if (alignment < 2 * sizeof(uint64_t))
    alignment = 2 * sizeof(uint64_t);
  if (size > (size_t)1 << 40 || __real_posix_memalign((void **)&start, alignment, size + alignment + sizeof fence) != 0)
    return ENOMEM;
  *block = start + alignment;
  memcpy(start + alignment - sizeof(uint64_t), &(uint64_t){size}, sizeof(uint64_t));
  memcpy(start + alignment - 2 * sizeof(uint64_t), &(uint64_t){alignment}, sizeof(uint64_t));
  memcpy(start + alignment + size, fence, sizeof fence);
  memory.now += size;
  memory.blocks++;
  if (memory.now > memory.greatest)
    memory.greatest = memory.now;
  return 0;
}

void *__wrap_malloc(size_t size) {
  void *block = NULL;
  return __wrap_posix_memalign(&block, 16, size) == 0 ? block : NULL;
}

void __wrap_free(void *block) {
  if (!block)
    return;
  uint64_t size, alignment;
  memcpy(&size, (char *)block - sizeof size, sizeof size);
  memcpy(&alignment, (char *)block - 2 * sizeof size, sizeof alignment);
  if (memcmp((char *)block + size, fence, sizeof fence) != 0) {
    fprintf(stderr, "damage: something was written behind a block of %llu bytes\n", (unsigned long long)size);
    abort();
  }
  memory.now -= size;
  memory.blocks--;
  __real_free((char *)block - alignment);
}

/* ---- One file ---- */

/* What an opened model may take: twice its file, and the table that every model has whatever its size. */
enum { SMALLEST_TABLES = 2048 };

static const char *subject;
static const void *model_bytes;
static uint64_t model_size, accepted, refused;

/* Ends the program by a signal once it has worked for so many seconds, however long others had the processor. */
static void limit_time(int seconds) {
  setitimer(ITIMER_PROF, &(struct itimerval){.it_value.tv_sec = seconds}, NULL);
}

static void use(const void *bytes, size_t size, const char *what, uint64_t which) {
  /* A copy that ends where it ends, so that a sanitizer sees what reads on. */
  void *copy;
  if (__real_posix_memalign(&copy, 64, size ? size : 1) != 0)
    abort();
  memcpy(copy, bytes, size);
  memory.greatest = 0;
  limit_time(SECONDS_FOR_ONE);
  const uint64_t most_for_session = 64 * 1024 + 64 * size;
  const int32_t status =
      model_bytes ? exercise_state(model_bytes, model_size, copy, size) : exercise_model(copy, size, most_for_session);
  limit_time(0);
  if (memory.blocks != 0) {
    fprintf(stderr, "damage: %s, %s %llu: memory was not given back\n", subject, what, (unsigned long long)which);
    exit(1);
  }
  if (!model_bytes && status != 0 && memory.greatest > SMALLEST_TABLES + 2 * size) {
    fprintf(stderr, "damage: %s, %s %llu: %llu bytes of memory for a file of %zu that is refused\n", subject, what,
            (unsigned long long)which, (unsigned long long)memory.greatest, size);
    exit(1);
  }
  status ? refused++ : accepted++;
  __real_free(copy);
}

static uint64_t random_state = 1;

/* SplitMix64. */
static uint64_t random_number(void) {
  uint64_t z = random_state += 0x9e3779b97f4a7c15;
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
  z = (z ^ z >> 27) * 0x94d049bb133111eb;
  return z ^ z >> 31;
}

static void damage(unsigned char *bytes, size_t size, uint64_t randoms) {
  static const uint64_t edges[] = {0,
                                   1,
                                   0x7f,
                                   0x80,
                                   0xff,
                                   0x7fff,
                                   0xffff,
                                   0x10000,
                                   0x7fffffff,
                                   0x80000000,
                                   0xffffffff,
                                   0x100000000,
                                   0x7fffffffffffffff,
                                   0x8000000000000000,
                                   0xffffffffffffffff};
  unsigned char *changed = __real_malloc(size);
  for (size_t length = 0; length < size; length++)
    use(bytes, length, "cut to", length);
  for (size_t place = 0; place < 8 * size; place++) {
    bytes[place / 8] ^= 1u << place % 8;
    use(bytes, size, "with the flipped bit", place);
    bytes[place / 8] ^= 1u << place % 8;
  }
  for (uint64_t change = 0; change < randoms; change++) {
    memcpy(changed, bytes, size);
    const uint64_t times = 1 + random_number() % 8;
    for (uint64_t time = 0; time < times; time++) {
      const size_t place = random_number() % size;
      const size_t width = (size_t)1 << random_number() % 4;
      uint64_t number = random_number();
      if (random_number() % 2)
        number = edges[random_number() % (sizeof edges / sizeof *edges)];
      memcpy(changed + place, &number, width < size - place ? width : size - place);
    }
    if (memcmp(changed, bytes, size) != 0)
      use(changed, size, "with the random change", change);
  }
  __real_free(changed);
}

static unsigned char *read_file(const char *path, size_t *size) {
  FILE *file = fopen(path, "rb");
  if (!file) {
    perror(path);
    exit(2);
  }
  fseek(file, 0, SEEK_END);
  *size = (size_t)ftell(file);
  rewind(file);
  unsigned char *bytes;
  if (__real_posix_memalign((void **)&bytes, 64, *size ? *size : 1) != 0 || fread(bytes, 1, *size, file) != *size) {
    fprintf(stderr, "damage: cannot read %s\n", path);
    exit(2);
  }
  fclose(file);
  return bytes;
}

int main(int count, char **arguments) {
  uint64_t randoms = 5000;
  int as_is = 0;
  for (int index = 1; index < count; index++) {
    const char *argument = arguments[index];
    if (!strcmp(argument, "--as-is")) {
      as_is = 1;
    } else if (!strcmp(argument, "--random") && index + 1 < count) {
      randoms = strtoull(arguments[++index], NULL, 10);
    } else if (!strcmp(argument, "--seed") && index + 1 < count) {
      random_state = strtoull(arguments[++index], NULL, 10);
    } else if (!strcmp(argument, "--model") && index + 1 < count) {
      size_t size;
      model_bytes = read_file(arguments[++index], &size);
      model_size = size;
    } else {
      size_t size;
      subject = argument;
      unsigned char *bytes = read_file(argument, &size);
      accepted = refused = 0;
      as_is ? use(bytes, size, "as it is", 0) : damage(bytes, size, randoms);
      if (!as_is)
        printf("%s: %llu refused, %llu run\n", argument, (unsigned long long)refused, (unsigned long long)accepted);
      __real_free(bytes);
    }
  }
  return 0;
}
