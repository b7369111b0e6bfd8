/* SPDX-License-Identifier: Apache-2.0 */
/* Every way of searching against brute force, over a grid: data of four kinds x sizes x radii x unknown bits x queries
 * at every distance. What brute force says comes from the entries as they were handed to the builder, not from the
 * index.
 *
 * At large radii the hits are millions, so answers are compared as a count and a sum of mixed hits, which no order
 * changes: hit twice, missed, or reported with another distance, an entry changes both or the sum. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "../oracles/index_data.h"
#include "../support/brute.h"
#include "../support/entries.h"
#include "../support/fixture.h"
#include "../support/indexes.h"
#include "../support/random.h"
#include "../support/sanitized.h"
#include "hamming/sliced.h"
#include "index/build/pigeonring_build.h"
#include "index/search/index.h"
#include "index/search/pigeonring_search.h"

/* Of the largest sizes: still five times as many rows as are searched without a ring. */
#define LARGE_DIVISOR (SANITIZED ? 8 : 1)

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))

static char folder[FIXTURE_PATH_SIZE];

/* ---- Entries ----------------------------------------------------------------------------------------------------- */

/* A picture takes 40 us to paint and hash: beyond these many, entries are altered copies of the first ones. */
#define MAX_PICTURES 5000

static int compare_pdq(const void *a, const void *b) {
  return memcmp(a, b, 32);
}

static int compare_hash64(const void *a, const void *b) {
  return memcmp(a, b, 8);
}

static void flip_bit(uint8_t *hash, size_t bit) {
  hash[bit / 8] ^= (uint8_t)(1u << bit % 8);
}

static void alter_copies(uint8_t *hashes, size_t first, size_t end, uint64_t seed) {
  struct random_state random = random_seeded(seed);
  for (size_t i = first; i < end; i++) {
    memcpy(hashes + i * 32, hashes + (i - first) * 32, 32);
    for (uint64_t flips = random_next(&random) % 40; flips > 0; flips--)
      flip_bit(hashes + i * 32, random_next(&random) % 256);
  }
}

/* In the order in which an index numbers entries of one list: by hash. A 64-bit hash is a piece of a PDQ hash. */
static uint8_t *make_entries(enum data_kind data, size_t count, hashscan_kind kind) {
  const struct data_options options = {.kind = data,
                                       .seed = count + 77 * data,
                                       .entries = data == DATA_PDQ && count > MAX_PICTURES ? MAX_PICTURES : count};
  const size_t row_bytes = hashscan_kind_bytes(kind);
  struct data made;
  assert_true(data_make(&made, &options));
  uint8_t *entries = malloc(count * 32 + 1);
  assert_non_null(entries);
  if (count > 0) memcpy(entries, made.rows, options.entries * 32);
  data_free(&made);
  alter_copies(entries, options.entries, count, count);
  if (row_bytes == 8)
    for (size_t i = 0; i < count; i++) memmove(entries + i * 8, entries + i * 32 + 8, 8);
  qsort(entries, count, row_bytes, row_bytes == 32 ? compare_pdq : compare_hash64);
  return entries;
}

/* ---- A corpus: the entries in an index, and its parts for the engines below it ----------------------------------- */

struct corpus {
  hashscan_kind kind;
  size_t row_bytes;
  size_t count;
  uint8_t *entries;
  hashscan_index *index;
  const struct segment_kind *rows; /* distinct hashes */
  struct sliced *sliced;
  struct pigeonring *ring; /* NULL without rows */
  struct pigeonring_scratch *scratch;
  uint8_t *ring_bytes; /* of a ring made here, where the segment is too small to have one */
};

static void write_index(const struct corpus *corpus, const char *path) {
  hashscan_builder *builder = indexes_builder();
  hashscan_entry entry = entry_plain(corpus->kind, NULL, "l", "v", "");
  for (size_t i = 0; i < corpus->count; i++) {
    entry.hash = corpus->entries + i * corpus->row_bytes;
    assert_int_equal(hashscan_builder_add(builder, &entry, NULL), HASHSCAN_SUCCESS);
  }
  assert_int_equal(hashscan_builder_write(builder, path, NULL), HASHSCAN_SUCCESS);
  hashscan_builder_destroy(builder);
}

static void append_bytes(void *user, const void *bytes, size_t size) {
  uint8_t **end = user;
  memcpy(*end, bytes, size);
  *end += size;
}

static void open_ring(struct corpus *corpus) {
  struct segment_kind rows = *corpus->rows;
  struct segment_pigeonring parts;
  if (rows.row_count == 0) return;
  if (rows.ring == NULL) {
    const size_t words = corpus->row_bytes / 2;
    const size_t size = words * (PIGEONRING_WORD_BITS + index_pigeonring_table_bytes(rows.row_count));
    uint8_t *end = corpus->ring_bytes = aligned_alloc(64, (size + BUCKET_OVERREAD + 63) / 64 * 64);
    assert_non_null(end);
    assert_true(pigeonring_write(rows.rows, rows.row_count, corpus->row_bytes, append_bytes, &end));
    assert_int_equal(end - corpus->ring_bytes, size);
    rows.ring = corpus->ring_bytes;
  }
  corpus->ring = malloc(sizeof *corpus->ring);
  corpus->scratch = pigeonring_scratch_create();
  assert_true(corpus->ring != NULL && corpus->scratch != NULL);
  segment_pigeonring(&rows, corpus->kind, &parts);
  pigeonring_init(corpus->ring, &parts.layout, rows.rows, rows.row_count, cpu_tier());
  memcpy(corpus->ring->tables, parts.tables, sizeof parts.tables);
}

static struct corpus corpus_open(enum data_kind data, size_t count, hashscan_kind kind) {
  struct corpus corpus = {.kind = kind, .row_bytes = hashscan_kind_bytes(kind), .count = count};
  char path[FIXTURE_PATH_SIZE];
  corpus.entries = make_entries(data, count, kind);
  write_index(&corpus, fixture_join(path, folder, "grid"));
  corpus.index = indexes_open(path);
  fixture_remove(path);
  assert_int_equal(corpus.index->part_count, 1);
  corpus.rows = &corpus.index->parts[0].segment.kinds[kind];
  if (corpus.rows->row_count > 0) {
    corpus.sliced = sliced_create(corpus.rows->rows, corpus.rows->row_count, corpus.row_bytes, cpu_tier());
    assert_non_null(corpus.sliced);
  }
  open_ring(&corpus);
  return corpus;
}

static void corpus_close(struct corpus *corpus) {
  sliced_destroy(corpus->sliced);
  free(corpus->ring);
  pigeonring_scratch_destroy(corpus->scratch);
  free(corpus->ring_bytes);
  hashscan_index_close(corpus->index);
  free(corpus->entries);
}

/* ---- Queries ----------------------------------------------------------------------------------------------------- */

/* From some entry over the known bits; the last is a complement when all are known. */
static const unsigned planted[] = {0,  1,  2,  3,  4,  5,  6,  7,  8,  9,   10,  11,  12, 13,
                                   14, 15, 16, 17, 18, 19, 20, 21, 22, 23,  24,  25,  26, 27,
                                   28, 29, 30, 31, 32, 33, 47, 63, 64, 127, 128, 255, 256};
enum { FAR = 34 /* the first that is planted beyond 33 */, ZEROS = COUNT_OF(planted), ONES, RANDOM, QUERIES };

struct questions {
  uint8_t hashes[QUERIES * 32];
  uint8_t unknown[QUERIES * 32];
  bool masked;
  uint32_t count;
};

static void fill_random(struct random_state *random, uint8_t *bytes, size_t size) {
  for (size_t i = 0; i < size; i++) bytes[i] = (uint8_t)random_next(random);
}

static bool bit_of(const uint8_t *hash, size_t bit) {
  return hash[bit / 8] >> bit % 8 & 1;
}

/* `bits` scattered ones, or a run of them that starts anywhere and may wrap around. */
static void make_unknown(struct random_state *random, uint8_t *unknown, size_t row_bytes, unsigned bits, bool run) {
  const size_t start = random_next(random) % (row_bytes * 8);
  for (unsigned set = 0; set < bits;) {
    const size_t bit = (run ? start + set : random_next(random)) % (row_bytes * 8);
    if (bit_of(unknown, bit)) continue;
    flip_bit(unknown, bit);
    set++;
  }
}

/* Makes the query differ from `entry` in `distance` known bits, and at random in the unknown ones. */
static void plant(struct random_state *random, uint8_t *query, const uint8_t *entry, const uint8_t *unknown,
                  size_t row_bytes, unsigned distance) {
  size_t known[256];
  size_t count = 0;
  fill_random(random, query, row_bytes);
  for (size_t k = 0; k < row_bytes; k++) query[k] = (uint8_t)((entry[k] & ~unknown[k]) | (query[k] & unknown[k]));
  for (size_t bit = 0; bit < row_bytes * 8; bit++)
    if (!bit_of(unknown, bit)) known[count++] = bit;
  for (; distance > 0 && count > 0; distance--) {
    const size_t chosen = random_next(random) % count;
    flip_bit(query, known[chosen]);
    known[chosen] = known[--count];
  }
}

/* `count` of the queries, from number `first` on and around. */
static void make_questions(struct questions *questions, const struct corpus *corpus, unsigned unknown_bits,
                           uint32_t first, uint32_t count) {
  const size_t size = corpus->row_bytes;
  struct random_state random = random_seeded(corpus->count * 1000 + unknown_bits);
  const uint8_t nothing[32] = {0};
  memset(questions, 0, sizeof *questions);
  questions->masked = unknown_bits > 0;
  questions->count = count;
  for (uint32_t i = 0; i < count; i++) {
    const uint32_t number = (first + i) % QUERIES;
    uint8_t *const query = questions->hashes + i * size;
    uint8_t *const unknown = questions->unknown + i * size;
    make_unknown(&random, unknown, size, unknown_bits, number % 2 == 1);
    const uint8_t *entry = corpus->count == 0 ? nothing : corpus->entries + random_next(&random) % corpus->count * size;
    if (number < COUNT_OF(planted)) plant(&random, query, entry, unknown, size, planted[number]);
    else if (number == RANDOM) fill_random(&random, query, size);
    else memset(query, number == ZEROS ? 0 : 0xff, size);
  }
}

/* ---- Answers ----------------------------------------------------------------------------------------------------- */

struct tally {
  uint64_t hits;
  uint64_t sum;
};

static inline void tally_add(struct tally *tally, uint64_t entry, unsigned distance) {
  struct random_state mixed = random_seeded(entry << 9 | distance);
  tally->sum += random_next(&mixed);
  tally->hits++;
}

/* By brute force: what lies within each radius of a query. */
struct truth {
  struct tally within[HAMMING_MAX_RADIUS + 1];
};

static void truth_find(struct truth *truth, const struct corpus *corpus, const uint8_t *query, const uint8_t *unknown) {
  memset(truth, 0, sizeof *truth);
  for (size_t i = 0; i < corpus->count; i++) {
    const uint8_t *entry = corpus->entries + i * corpus->row_bytes;
    const unsigned distance = brute_distance(entry, query, unknown, corpus->row_bytes);
    tally_add(&truth->within[distance], i, distance);
  }
  for (unsigned radius = 1; radius <= HAMMING_MAX_RADIUS; radius++) {
    truth->within[radius].hits += truth->within[radius - 1].hits;
    truth->within[radius].sum += truth->within[radius - 1].sum;
  }
}

/* ---- Engines ----------------------------------------------------------------------------------------------------- */

/* One call of an engine: `count` queries from `first` on. */
struct call {
  const struct corpus *corpus;
  const uint8_t *queries;
  const uint8_t *unknown; /* NULL: all bits known */
  uint32_t count;
  unsigned radius;
  struct tally *tallies;
};

static int on_hit(void *user, const hashscan_hit *hit) {
  const struct call *call = user;
  tally_add(&call->tallies[hit->query], hit->entry, hit->distance);
  return 0;
}

/* A row stands for all entries that are equal to it. */
static bool on_row(void *user, size_t row, uint32_t query, unsigned distance) {
  const struct call *call = user;
  const uint32_t end = segment_row_start(call->corpus->rows, row + 1);
  for (uint32_t entry = segment_row_start(call->corpus->rows, row); entry < end; entry++)
    tally_add(&call->tallies[query], entry, distance);
  return true;
}

static bool on_ring_row(void *user, uint32_t query, size_t row, unsigned distance) {
  return on_row(user, row, query, distance);
}

/* Each answers all queries of a call, or none of them and gives false. */
typedef bool (*engine_ask)(struct call *call);

static bool ask_index(struct call *call) {
  assert_int_equal(indexes_search(call->corpus->index, call->corpus->kind, call->queries, call->unknown, call->count,
                                  call->radius, on_hit, call, NULL),
                   HASHSCAN_SUCCESS);
  return true;
}

static bool ask_sliced(struct call *call) {
  return call->corpus->sliced == NULL ||
         sliced_search(call->corpus->sliced, call->queries, call->unknown, call->count, call->radius, on_row, call);
}

static bool ask_scan(struct call *call) {
  return hamming_scan(call->corpus->rows->rows, call->corpus->rows->row_count, call->corpus->row_bytes, call->queries,
                      call->unknown, call->count, call->radius, on_row, call);
}

/* Where the ring is no way to go (radius beyond it, buckets too heavy) the searcher leaves it; then it must not have
 * reported anything. */
#define BUDGET_NANOSECONDS 1e6

static bool ask_ring(struct call *call) {
  const struct corpus *corpus = call->corpus;
  struct pigeonring_query queries[PIGEONRING_BATCH];
  struct pigeonring_plan plans[PIGEONRING_BATCH];
  if (corpus->ring == NULL) return true;
  for (uint32_t i = 0; i < call->count; i++) {
    queries[i] = (struct pigeonring_query){call->queries + i * corpus->row_bytes,
                                           call->unknown == NULL ? NULL : call->unknown + i * corpus->row_bytes};
    if (!pigeonring_plan(corpus->ring, &queries[i], call->radius, &plans[i]) || plans[i].cost > BUDGET_NANOSECONDS)
      return false;
  }
  const enum pigeonring_outcome outcome = pigeonring_search(corpus->scratch, corpus->ring, queries, plans, call->count,
                                                            call->radius, BUDGET_NANOSECONDS, NULL, on_ring_row, call);
  assert_int_not_equal(outcome, PIGEONRING_STOPPED);
  for (uint32_t i = 0; outcome == PIGEONRING_HEAVY && i < call->count; i++) assert_int_equal(call->tallies[i].hits, 0);
  return outcome == PIGEONRING_DONE;
}

struct engine {
  const char *name;
  engine_ask ask;
  uint32_t at_once;
};

static const struct engine engines[] = {{"index, batch", ask_index, QUERIES},
                                        {"index", ask_index, 1},
                                        {"ring, batch", ask_ring, PIGEONRING_BATCH},
                                        {"ring", ask_ring, 1},
                                        {"sliced", ask_sliced, 1},
                                        {"sliced, batch", ask_sliced, QUERIES},
                                        {"scan", ask_scan, 1},
                                        {"scan, batch", ask_scan, QUERIES}};
#define ENGINES COUNT_OF(engines)

static uint64_t answered[ENGINES]; /* queries x radii, so that it shows when an engine is hardly asked */

/* ---- The grid ---------------------------------------------------------------------------------------------------- */

struct cell {
  const struct corpus *corpus;
  const struct questions *questions;
  const struct truth *truths;
  unsigned radius;
  uint32_t first; /* of the questions that are put */
  char name[80];
};

static void check_engine(const struct cell *cell, size_t e) {
  const struct engine *engine = &engines[e];
  const size_t row_bytes = cell->corpus->row_bytes;
  for (uint32_t first = cell->first; first < cell->questions->count; first += engine->at_once) {
    struct tally tallies[QUERIES] = {{0, 0}};
    const uint32_t left = cell->questions->count - first;
    struct call call = {.corpus = cell->corpus,
                        .queries = cell->questions->hashes + first * row_bytes,
                        .unknown = cell->questions->masked ? cell->questions->unknown + first * row_bytes : NULL,
                        .count = left < engine->at_once ? left : engine->at_once,
                        .radius = cell->radius,
                        .tallies = tallies};
    if (!engine->ask(&call)) {
      assert_ptr_equal(engine->ask, ask_ring);
      continue;
    }
    answered[e] += call.count;
    for (uint32_t i = 0; i < call.count; i++) {
      const struct tally *expected = &cell->truths[first + i].within[cell->radius];
      if (tallies[i].hits != expected->hits || tallies[i].sum != expected->sum)
        fail_msg("%s, radius %u, %s, query %u: %llu hits where brute force has %llu", cell->name, cell->radius,
                 engine->name, first + i, (unsigned long long)tallies[i].hits, (unsigned long long)expected->hits);
    }
  }
}

static const unsigned pdq_radii[] = {0, 1, 15, 16, 30, 31, 32, 47, 63, 64, 127, 128, 255, 256};
static const unsigned hash64_radii[] = {0, 1, 2, 3, 4, 7, 8, 9, 15, 16, 18, 19, 20, 31, 32, 63, 64, 256};

/* At 1e6 entries a radius that takes in half of them costs milliseconds a query, whatever the engine: there the index
 * alone is asked, whose engine is then a scan. */
static void check_radius(const struct cell *cell) {
  const bool huge = cell->corpus->count > 300000 && cell->radius >= cell->corpus->row_bytes * 3;
  for (size_t e = 0; e < (huge ? 2 : ENGINES); e++) check_engine(cell, e);
}

/* Hits are many at radii far beyond where queries are planted densely, and those planted nearer are hits like any
 * other: of many entries, only the far ones are searched for there, or two of the masked ones. */
static uint32_t first_question(const struct cell *cell) {
  if (cell->corpus->count <= 10000 || cell->radius <= 33) return 0;
  return cell->questions->masked ? cell->questions->count - 2 : FAR;
}

static void check_questions(const struct corpus *corpus, enum data_kind data, unsigned unknown_bits, uint32_t first,
                            uint32_t count) {
  static struct truth truths[QUERIES];
  struct questions questions;
  make_questions(&questions, corpus, unknown_bits, first, count);
  for (uint32_t i = 0; i < count; i++)
    truth_find(&truths[i], corpus, questions.hashes + i * corpus->row_bytes, questions.unknown + i * corpus->row_bytes);
  struct cell cell = {.corpus = corpus, .questions = &questions, .truths = truths};
  snprintf(cell.name, sizeof cell.name, "%s %s, %zu entries, %u unknown bits", data_kind_names[data],
           hashscan_kind_name(corpus->kind), corpus->count, unknown_bits);
  const bool wide = corpus->row_bytes == 32;
  const unsigned *radii = wide ? pdq_radii : hash64_radii;
  for (size_t i = 0; i < (wide ? COUNT_OF(pdq_radii) : COUNT_OF(hash64_radii)); i++) {
    cell.radius = radii[i];
    cell.first = first_question(&cell);
    check_radius(&cell);
  }
}

/* All queries with all bits known; `masked_count` of them with each number of unknown bits, others each time. */
static void check_corpus(enum data_kind data, size_t count, hashscan_kind kind, uint32_t masked_count) {
  static const unsigned unknown_bits[] = {1, 8, 32, 128, 256};
  struct corpus corpus = corpus_open(data, count, kind);
  check_questions(&corpus, data, 0, 0, QUERIES);
  for (uint32_t i = 0; i < COUNT_OF(unknown_bits); i++) {
    const unsigned bits = unknown_bits[i] * (unsigned)corpus.row_bytes / 32;
    if (bits > 0)
      check_questions(&corpus, data, bits, (i * 7 + (uint32_t)count * 5 + data * 11) % QUERIES, masked_count);
  }
  corpus_close(&corpus);
}

static void test_small(void **unused) {
  (void)unused;
  static const size_t sizes[] = {0, 1, 2, 3, 255, 256, 257};
  for (enum data_kind data = DATA_UNIFORM; data < DATA_KINDS; data++)
    for (size_t i = 0; i < COUNT_OF(sizes); i++) check_corpus(data, sizes[i], HASHSCAN_KIND_PDQ, 9);
}

static void test_medium(void **unused) {
  (void)unused;
  for (enum data_kind data = DATA_UNIFORM; data < DATA_KINDS; data++) {
    check_corpus(data, 10000, HASHSCAN_KIND_PDQ, LARGE_DIVISOR == 1 ? QUERIES : 9);
    check_corpus(data, 100000 / LARGE_DIVISOR, HASHSCAN_KIND_PDQ, 9);
  }
}

static void test_large(void **unused) {
  (void)unused;
  for (enum data_kind data = DATA_UNIFORM; data < DATA_KINDS; data++)
    check_corpus(data, 1000000 / LARGE_DIVISOR, HASHSCAN_KIND_PDQ, 4);
}

static void test_hash64(void **unused) {
  (void)unused;
  static const size_t sizes[] = {0, 1, 2, 3, 255, 256, 257, 10000, 100000 / LARGE_DIVISOR};
  for (enum data_kind data = DATA_UNIFORM; data < DATA_KINDS; data++)
    for (size_t i = 0; i < COUNT_OF(sizes); i++) check_corpus(data, sizes[i], HASHSCAN_KIND_HASH64, 7);
}

/* The ring was asked directly in a good part of the grid, not left in all of it. */
static void test_coverage(void **unused) {
  (void)unused;
  for (size_t e = 0; e < ENGINES; e++)
    print_message("%-14s %9llu answers\n", engines[e].name, (unsigned long long)answered[e]);
  for (size_t e = 0; e < ENGINES; e++) assert_true(answered[e] * 3 > answered[0]);
}

int main(void) {
  if (getenv("TMPDIR") == NULL && access("/dev/shm", W_OK) == 0) setenv("TMPDIR", "/dev/shm", 1);
  fixture_folder(folder);
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_small), cmocka_unit_test(test_medium),
                                     cmocka_unit_test(test_large), cmocka_unit_test(test_hash64),
                                     cmocka_unit_test(test_coverage)};
  const int failed = cmocka_run_group_tests_name("index grid", tests, NULL, NULL);
  fixture_remove(folder);
  return failed;
}
