/* SPDX-License-Identifier: Apache-2.0 */
/* Builds a pigeonring: chooses a layout from a sample, partitions all rows into words, and sorts them into one table a
 * word. The tables are built on all CPUs, as many at a time, and written in order. */
#include "index/build/pigeonring_build.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "base/parallel.h"
#include "index/build/pigeonring_layout.h"
#include "index/format/format.h"

enum { SAMPLES = 4096, ROWS_A_PIECE = 65536, MAX_TABLES = 8 };

/* A table in memory as it will lie in the section. */
struct build {
  struct pigeonring *ring;
  size_t row_count;
  uint16_t *words; /* those of word 0 for every row, then those of word 1, ... */
  unsigned first_table;
  uint8_t *tables[MAX_TABLES];
};

/* A secret that nobody knows beforehand; without a random source still one that differs from index to index. */
static uint64_t draw_secret(void) {
  uint64_t secret;
  if (getrandom(&secret, sizeof secret, 0) == (ssize_t)sizeof secret) return secret;
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  return (uint64_t)now.tv_sec * 1000000007u + (uint64_t)now.tv_nsec;
}

static bool choose_layout(struct pigeonring_layout *layout, const uint8_t *rows, size_t row_count, size_t row_bytes) {
  const size_t count = row_count < SAMPLES ? row_count : SAMPLES;
  uint8_t *samples = malloc(count * row_bytes);
  if (samples == NULL) return false;
  for (size_t i = 0; i < count; i++)
    memcpy(samples + i * row_bytes, rows + i * (row_count / count) * row_bytes, row_bytes);
  const unsigned words = (unsigned)(row_bytes * 8 / PIGEONRING_WORD_BITS);
  const bool chosen = pigeonring_layout_choose(layout, words, samples, count, draw_secret());
  free(samples);
  return chosen;
}

static void partition_piece(void *user, size_t piece) {
  struct build *build = user;
  const size_t first = piece * ROWS_A_PIECE;
  const size_t end = build->row_count - first < ROWS_A_PIECE ? build->row_count : first + ROWS_A_PIECE;
  for (size_t i = first; i < end; i++) {
    uint16_t words[PIGEONRING_MAX_WORDS];
    pigeonring_words(build->ring, build->ring->rows + i * build->ring->row_bytes, words);
    for (unsigned t = 0; t < build->ring->words; t++) build->words[t * build->row_count + i] = words[t];
  }
}

static void build_table(void *user, size_t piece) {
  struct build *build = user;
  const size_t rows = build->row_count;
  const unsigned t = build->first_table + (unsigned)piece;
  const unsigned after = (t + 1) % build->ring->words;
  uint8_t *const directory = build->tables[piece];
  uint8_t *const next = directory + index_pigeonring_directory_bytes();
  uint8_t *const row = next + index_align(rows * sizeof(uint16_t));
  pigeonring_build_table(build->words + t * rows, build->words + after * rows, rows, (uint32_t *)(void *)directory,
                         (uint16_t *)(void *)next, (uint32_t *)(void *)row);
}

static void write_tables(struct build *build, unsigned at_once, void (*put)(void *user, const void *bytes, size_t size),
                         void *user) {
  for (build->first_table = 0; build->first_table < build->ring->words; build->first_table += at_once) {
    const unsigned left = build->ring->words - build->first_table;
    const unsigned count = left < at_once ? left : at_once;
    parallel_for(count, count, build_table, build);
    for (unsigned i = 0; i < count; i++) put(user, build->tables[i], index_pigeonring_table_bytes(build->row_count));
  }
}

/* Zeroed, because the padding inside a table is part of the file. One table is enough; more are faster. */
static unsigned allocate_tables(struct build *build, unsigned wanted) {
  unsigned count = 0;
  if (wanted > MAX_TABLES) wanted = MAX_TABLES;
  while (count < wanted && (build->tables[count] = calloc(1, index_pigeonring_table_bytes(build->row_count))) != NULL)
    count++;
  return count;
}

static bool build_and_write(struct build *build, const struct pigeonring_layout *layout,
                            void (*put)(void *user, const void *bytes, size_t size), void *user) {
  const unsigned cpus = parallel_cpus();
  const unsigned at_once = allocate_tables(build, cpus);
  build->words = malloc(build->row_count * build->ring->row_bytes);
  const bool enough = at_once > 0 && build->words != NULL;
  if (enough) {
    parallel_for(cpus, (build->row_count + ROWS_A_PIECE - 1) / ROWS_A_PIECE, partition_piece, build);
    put(user, layout->word_of_bit, (size_t)layout->words * PIGEONRING_WORD_BITS);
    write_tables(build, at_once, put, user);
  }
  free(build->words);
  for (unsigned i = 0; i < at_once; i++) free(build->tables[i]);
  return enough;
}

bool pigeonring_write(const uint8_t *rows, size_t row_count, size_t row_bytes,
                      void (*put)(void *user, const void *bytes, size_t size), void *user) {
  struct pigeonring_layout layout;
  if (!choose_layout(&layout, rows, row_count, row_bytes)) return false;
  struct pigeonring *ring = malloc(sizeof *ring);
  if (ring == NULL) return false;
  pigeonring_init(ring, &layout, rows, row_count, CPU_SCALAR);
  struct build build = {.ring = ring, .row_count = row_count};
  const bool written = build_and_write(&build, &layout, put, user);
  free(ring);
  return written;
}
