/* SPDX-License-Identifier: Apache-2.0 */
/* Sweeps, many queries in one walk over a ring's tables, against brute force: data of four kinds, both widths, all
 * radii in reach, few and many queries. And what a sweep must do when it is stopped, costs too much, or finds more than
 * it keeps. Answers are compared as a count and a sum of mixed hits, which no order changes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../oracles/index_data.h"
#include "../support/brute.h"
#include "../support/entries.h"
#include "../support/indexes.h"
#include "../support/random.h"
#include "base/file.h"
#include "index/build/segment_writer.h"
#include "index/search/pigeonring_sweep.h"
#include "index/search/searcher.h"

enum { ROWS = 20000, QUERIES = 600, RADII = 257 };

struct corpus {
  size_t row_bytes;
  struct data data;
  struct buffer bytes;
  struct segment segment;
  const struct segment_kind *rows;
  struct searcher *searcher;
  struct pigeonring_scratch *scratch;
  struct pigeonring ring;
};

/* A 64-bit hash is a piece of a PDQ hash. */
static void narrow(uint8_t *hashes, size_t count) {
  for (size_t i = 0; i < count; i++) memmove(hashes + i * 8, hashes + i * 32 + 8, 8);
}

/* Takes `data` over. */
static struct corpus *corpus_of(struct data data, hashscan_kind kind, size_t rows) {
  struct corpus *corpus = calloc(1, sizeof *corpus);
  assert_non_null(corpus);
  corpus->data = data;
  corpus->row_bytes = hashscan_kind_bytes(kind);
  hashscan_builder *builder = indexes_builder();
  for (size_t i = 0; i < rows; i++) {
    const hashscan_entry entry = entry_plain(kind, corpus->data.rows + i * corpus->row_bytes, "l", "v", "");
    assert_int_equal(hashscan_builder_add(builder, &entry, NULL), HASHSCAN_SUCCESS);
  }
  assert_int_equal(builder_sort(builder, NULL), HASHSCAN_SUCCESS);
  assert_int_equal(segment_encode(builder, &corpus->bytes, NULL), HASHSCAN_SUCCESS);
  hashscan_builder_destroy(builder);
  assert_int_equal(index_segment_validate("corpus", corpus->bytes.bytes, corpus->bytes.size, &corpus->segment, NULL),
                   HASHSCAN_SUCCESS);
  corpus->rows = &corpus->segment.kinds[kind];
  corpus->searcher = searcher_create(&corpus->segment, kind);
  corpus->scratch = pigeonring_scratch_create();
  assert_non_null(corpus->scratch);
  assert_non_null(corpus->searcher);
  searcher_restrict(corpus->searcher, SEARCHER_SWEEP_ONLY);
  assert_non_null(corpus->rows->ring);
  struct segment_pigeonring parts;
  segment_pigeonring(corpus->rows, kind, &parts);
  pigeonring_init(&corpus->ring, &parts.layout, corpus->rows->rows, corpus->rows->row_count, cpu_tier());
  memcpy(corpus->ring.tables, parts.tables, sizeof parts.tables);
  return corpus;
}

static struct corpus *corpus_create(enum data_kind kind_of_data, hashscan_kind kind, size_t rows, size_t queries) {
  const struct data_options options = {
      .kind = kind_of_data, .seed = 5 + kind_of_data, .entries = rows, .queries = queries};
  struct data data;
  assert_true(data_make(&data, &options));
  if (kind == HASHSCAN_KIND_HASH64) {
    narrow(data.rows, rows);
    narrow(data.queries, queries);
  }
  return corpus_of(data, kind, rows);
}

static void corpus_destroy(struct corpus *corpus) {
  searcher_destroy(corpus->searcher);
  pigeonring_scratch_destroy(corpus->scratch);
  buffer_free(&corpus->bytes);
  data_free(&corpus->data);
  free(corpus);
}

/* ---- Answers ----------------------------------------------------------------------------------------------------- */

struct answer {
  uint64_t hits;
  uint64_t sum;
  uint64_t stop_after; /* hits; 0: never */
};

static bool take(void *user, size_t row, uint32_t query, unsigned distance) {
  struct answer *answer = user;
  struct random_state state = random_seeded((uint64_t)row << 32 | (uint64_t)query << 9 | distance);
  answer->sum += random_next(&state);
  return ++answer->hits != answer->stop_after;
}

static bool take_from_ring(void *user, uint32_t query, size_t row, unsigned distance) {
  return take(user, row, query, distance);
}

/* Element r of `answers`: what is right at radius r, for all queries. */
static void brute_force(const struct corpus *corpus, size_t queries, struct answer answers[RADII]) {
  memset(answers, 0, RADII * sizeof *answers);
  for (size_t q = 0; q < queries; q++) {
    const uint8_t *query = corpus->data.queries + q * corpus->row_bytes;
    for (size_t row = 0; row < corpus->rows->row_count; row++) {
      const unsigned distance =
          brute_distance(corpus->rows->rows + row * corpus->row_bytes, query, NULL, corpus->row_bytes);
      take(&answers[distance], row, (uint32_t)q, distance);
    }
  }
  for (size_t r = 1; r < RADII; r++) {
    answers[r].hits += answers[r - 1].hits;
    answers[r].sum += answers[r - 1].sum;
  }
}

static struct answer search(const struct corpus *corpus, size_t queries, unsigned radius) {
  struct answer answer = {0};
  assert_true(searcher_search(corpus->searcher, corpus->scratch, corpus->data.queries, NULL, (uint32_t)queries, radius,
                              NULL, take, &answer));
  return answer;
}

static void assert_answer(struct answer found, struct answer right, const char *what, unsigned radius) {
  if (found.hits != right.hits || found.sum != right.sum)
    fail_msg("%s, radius %u: %llu hits, %llu expected", what, radius, (unsigned long long)found.hits,
             (unsigned long long)right.hits);
}

/* ---- Against brute force ----------------------------------------------------------------------------------------- */

static void compare(enum data_kind data, hashscan_kind kind) {
  struct corpus *corpus = corpus_create(data, kind, ROWS, QUERIES);
  struct answer *right = calloc(RADII, sizeof *right);
  assert_non_null(right);
  const size_t counts[] = {QUERIES, 1, 2, 33};
  for (size_t c = 0; c < sizeof counts / sizeof *counts; c++) {
    brute_force(corpus, counts[c], right);
    for (unsigned radius = 0; radius < 90; radius += radius < 33 || radius % 16 > 13 ? 1 : 5)
      assert_answer(search(corpus, counts[c], radius), right[radius], data_kind_names[data], radius);
  }
  free(right);
  corpus_destroy(corpus);
}

static void test_pdq(void **unused) {
  (void)unused;
  for (unsigned data = 0; data < DATA_KINDS; data++) compare((enum data_kind)data, HASHSCAN_KIND_PDQ);
}

static void test_hash64(void **unused) {
  (void)unused;
  compare(DATA_UNIFORM, HASHSCAN_KIND_HASH64);
  compare(DATA_CLUSTERED, HASHSCAN_KIND_HASH64);
}

/* More queries than fit into one sweep, and so many with the same word that a block is asked in several rounds. */
static void test_many_queries(void **unused) {
  enum { MANY = PIGEONRING_SWEEP_MAX_QUERIES + 4001, FEW_ROWS = 5000 };
  (void)unused;
  struct corpus *corpus = corpus_create(DATA_UNIFORM, HASHSCAN_KIND_PDQ, FEW_ROWS, MANY);
  for (size_t i = 0; i < MANY; i += 3) memcpy(corpus->data.queries + i * 32, corpus->data.queries, 32);
  const struct answer swept = search(corpus, MANY, 31);
  searcher_restrict(corpus->searcher, SEARCHER_PIGEONRING_ONLY);
  assert_answer(swept, search(corpus, MANY, 31), "ring", 31);
  assert_true(swept.hits > MANY / 200);
  corpus_destroy(corpus);
}

/* ---- Leaving early ----------------------------------------------------------------------------------------------- */

static void test_stop(void **unused) {
  (void)unused;
  struct corpus *corpus = corpus_create(DATA_CLUSTERED, HASHSCAN_KIND_PDQ, ROWS, QUERIES);
  const uint64_t all = search(corpus, QUERIES, 31).hits;
  assert_true(all > 3);
  for (uint64_t stop_after = 1; stop_after <= 3; stop_after++) {
    struct answer answer = {.stop_after = stop_after};
    assert_false(searcher_search(corpus->searcher, corpus->scratch, corpus->data.queries, NULL, QUERIES, 31, NULL, take,
                                 &answer));
    assert_int_equal(answer.hits, stop_after);
  }
  corpus_destroy(corpus);
}

/* A budget that does not last: nothing is reported, at whatever point it runs out. */
static void test_budget(void **unused) {
  (void)unused;
  struct corpus *corpus = corpus_create(DATA_ADVERSARIAL, HASHSCAN_KIND_PDQ, ROWS, QUERIES);
  unsigned heavy = 0;
  unsigned done = 0;
  for (double budget = 1; budget < 1e9; budget *= 3) {
    struct answer answer = {0};
    const enum pigeonring_outcome outcome =
        pigeonring_sweep(&corpus->ring, corpus->data.queries, QUERIES, 31, budget, NULL, take_from_ring, &answer);
    heavy += outcome == PIGEONRING_HEAVY;
    done += outcome == PIGEONRING_DONE;
    if (outcome == PIGEONRING_HEAVY) assert_int_equal(answer.hits, 0);
    else assert_answer(answer, search(corpus, QUERIES, 31), "budget", 31);
  }
  assert_true(heavy > 3 && done > 3);
  corpus_destroy(corpus);
}

/* Rows that all lie within the radius of every query: more hits than a sweep keeps. It gives up without having reported
 * any, and the searcher answers in another way. */
static void test_too_many_hits(void **unused) {
  enum { CLOSE_ROWS = 4200 };
  (void)unused;
  struct data data = {.rows = calloc(CLOSE_ROWS, 32), .queries = calloc(QUERIES, 32)};
  assert_true(data.rows != NULL && data.queries != NULL);
  for (uint32_t i = 0; i < CLOSE_ROWS; i++) memcpy(data.rows + i * 32 + 28, &i, sizeof i);
  struct corpus *corpus = corpus_of(data, HASHSCAN_KIND_PDQ, CLOSE_ROWS);
  struct answer answer = {0};
  assert_int_equal(pigeonring_sweep(&corpus->ring, data.queries, QUERIES, 31, 1e30, NULL, take_from_ring, &answer),
                   PIGEONRING_HEAVY);
  assert_int_equal(answer.hits, 0);
  assert_int_equal(pigeonring_sweep(&corpus->ring, data.queries, 10, 31, 1e30, NULL, take_from_ring, &answer),
                   PIGEONRING_DONE);
  assert_int_equal(answer.hits, 10 * CLOSE_ROWS);
  assert_int_equal(search(corpus, QUERIES, 31).hits, QUERIES * CLOSE_ROWS);
  corpus_destroy(corpus);
}

/* Where a sweep is said to pay: not for a few queries, not beyond the ring's reach, not where a scan costs nothing. */
static void test_pays(void **unused) {
  (void)unused;
  struct corpus *corpus = corpus_create(DATA_UNIFORM, HASHSCAN_KIND_PDQ, ROWS, 1);
  assert_true(pigeonring_sweep_pays(&corpus->ring, 47, 65536, 1e9));
  assert_false(pigeonring_sweep_pays(&corpus->ring, 47, 8, 1e9));
  assert_false(pigeonring_sweep_pays(&corpus->ring, 47, 65536, 1));
  assert_false(pigeonring_sweep_pays(&corpus->ring, 200, 65536, 1e9));
  corpus_destroy(corpus);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_pdq),          cmocka_unit_test(test_hash64),
                                     cmocka_unit_test(test_many_queries), cmocka_unit_test(test_stop),
                                     cmocka_unit_test(test_budget),       cmocka_unit_test(test_too_many_hits),
                                     cmocka_unit_test(test_pays)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
