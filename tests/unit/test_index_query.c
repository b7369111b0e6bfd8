/* SPDX-License-Identifier: Apache-2.0 */
/* Hits in the caller's array are those that the callback gets, whatever the room for them; a batch of digests is each
 * of them; a searcher answers as its index does, and neither needs more than a small stack, nested or from many
 * threads. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../support/entries.h"
#include "../support/expect.h"
#include "../support/fixture.h"
#include "../support/indexes.h"
#include "../support/random.h"

enum {
  SMALL = 700,   /* rows that are compared one by one */
  LARGE = 26000, /* rows that are searched through a pigeonring: more than are sliced */
  DIGESTS = 300,
  QUERIES = 40,
  MOST_HITS = 16384
};

static char folder[FIXTURE_PATH_SIZE];
static hashscan_index *indexes[2];
static hashscan_pdq queries[QUERIES];
static hashscan_error error;

/* ---- Indexes ----------------------------------------------------------------------------------------------------- */

static void random_hash(struct random_state *random, uint8_t hash[32]) {
  for (size_t i = 0; i < 32; i++) hash[i] = (uint8_t)random_next(random);
}

/* Every fifth row is close to a query, and every seventh is there three times. */
static hashscan_index *make(size_t rows, struct random_state *random, const char *name) {
  char path[FIXTURE_PATH_SIZE];
  hashscan_builder *builder = indexes_builder();
  for (size_t i = 0; i < rows; i++) {
    uint8_t hash[32];
    random_hash(random, hash);
    if (i % 5 == 0) memcpy(hash, queries[i % QUERIES].bytes, sizeof hash);
    for (size_t flips = i % 40; i % 5 == 0 && flips > 0; flips--) hash[random_next(random) % 32] ^= 1;
    const hashscan_entry entry = entry_plain(HASHSCAN_KIND_PDQ, hash, "l", "v", "");
    for (size_t copy = 0; copy < (i % 7 == 0 ? 3 : 1); copy++) OK(hashscan_builder_add(builder, &entry, &error));
  }
  for (size_t i = 0; i < DIGESTS; i++) {
    uint8_t hash[HASHSCAN_MAX_HASH_BYTES];
    indexes_hash(HASHSCAN_KIND_SHA1, i, hash);
    const hashscan_entry entry = entry_plain(HASHSCAN_KIND_SHA1, hash, "l", "v", "");
    for (size_t copy = 0; copy <= i % 2; copy++) OK(hashscan_builder_add(builder, &entry, &error));
  }
  hashscan_index *index = indexes_write_and_open(builder, fixture_join(path, folder, name));
  hashscan_builder_destroy(builder);
  return index;
}

static int set_up(void **unused) {
  (void)unused;
  struct random_state random = random_seeded(21);
  fixture_folder(folder);
  for (size_t i = 0; i < QUERIES; i++) random_hash(&random, queries[i].bytes);
  indexes[0] = make(SMALL, &random, "small");
  indexes[1] = make(LARGE, &random, "large");
  return 0;
}

static int tear_down(void **unused) {
  (void)unused;
  for (size_t i = 0; i < 2; i++) hashscan_index_close(indexes[i]);
  fixture_remove(folder);
  return 0;
}

/* ---- Answers ----------------------------------------------------------------------------------------------------- */

struct answer {
  hashscan_hit hits[MOST_HITS];
  size_t count;
};

static int collect(void *user, const hashscan_hit *hit) {
  struct answer *answer = user;
  assert_true(answer->count < MOST_HITS);
  answer->hits[answer->count++] = *hit;
  return 0;
}

static int compare_hits(const void *left, const void *right) {
  const hashscan_hit *a = left;
  const hashscan_hit *b = right;
  if (a->query != b->query) return a->query < b->query ? -1 : 1;
  return a->entry < b->entry ? -1 : a->entry > b->entry;
}

static void assert_equal(struct answer *a, struct answer *b) {
  assert_int_equal(a->count, b->count);
  qsort(a->hits, a->count, sizeof *a->hits, compare_hits);
  qsort(b->hits, b->count, sizeof *b->hits, compare_hits);
  assert_memory_equal(a->hits, b->hits, a->count * sizeof *a->hits);
}

static hashscan_search search_for(unsigned radius) {
  hashscan_search search = HASHSCAN_SEARCH_INIT;
  search.queries = queries[0].bytes;
  search.count = QUERIES;
  search.radius = radius;
  return search;
}

/* ---- Tests ------------------------------------------------------------------------------------------------------- */

/* Room for some hits: the count is still right, and what is there are hits that are not there twice. */
static void check_room(const hashscan_index *index, const hashscan_search *search, size_t capacity,
                       const struct answer *all) {
  static struct answer some;
  memset(&some, 0x5a, sizeof some);
  OK(hashscan_index_search_hits(index, search, capacity == 0 ? NULL : some.hits, capacity, &some.count, &error));
  assert_int_equal(some.count, all->count);
  const size_t held = capacity < all->count ? capacity : all->count;
  assert_int_equal(((uint8_t *)&some.hits[held])[0], 0x5a);
  qsort(some.hits, held, sizeof *some.hits, compare_hits);
  for (size_t i = 0; i < held; i++) {
    assert_non_null(bsearch(&some.hits[i], all->hits, all->count, sizeof *all->hits, compare_hits));
    if (i > 0) assert_true(compare_hits(&some.hits[i - 1], &some.hits[i]) < 0);
  }
}

static void test_hits_in_an_array(void **unused) {
  (void)unused;
  static struct answer all;
  static struct answer array;
  for (size_t i = 0; i < 2; i++) {
    for (unsigned radius = 0; radius <= 60; radius += 12) {
      const hashscan_search search = search_for(radius);
      all.count = 0;
      OK(hashscan_index_search(indexes[i], &search, collect, &all, &error));
      OK(hashscan_index_search_hits(indexes[i], &search, array.hits, MOST_HITS, &array.count, &error));
      assert_true(all.count > 0);
      assert_equal(&all, &array);
      const size_t rooms[] = {0, 1, all.count / 2, all.count - 1, all.count, all.count + 1};
      for (size_t j = 0; j < sizeof rooms / sizeof *rooms; j++) check_room(indexes[i], &search, rooms[j], &all);
    }
  }
}

static void test_array_arguments(void **unused) {
  (void)unused;
  hashscan_search search = search_for(31);
  hashscan_hit hit;
  size_t count = 9;
  static const uint8_t digest[20];
  assert_int_equal(hashscan_index_search_hits(NULL, &search, &hit, 1, &count, &error), HASHSCAN_E_ARGUMENT);
  assert_int_equal(hashscan_index_search_hits(indexes[0], &search, NULL, 1, &count, &error), HASHSCAN_E_ARGUMENT);
  assert_int_equal(hashscan_index_search_hits(indexes[0], &search, &hit, 1, NULL, &error), HASHSCAN_E_ARGUMENT);
  assert_int_equal(hashscan_index_search_hits(indexes[0], NULL, &hit, 1, &count, &error), HASHSCAN_E_ARGUMENT);
  search.radius = 257;
  assert_int_equal(hashscan_index_search_hits(indexes[0], &search, &hit, 1, &count, &error), HASHSCAN_E_ARGUMENT);
  assert_int_equal(hashscan_index_lookup_hits(indexes[0], HASHSCAN_KIND_SHA1, NULL, 1, &hit, 1, &count, &error),
                   HASHSCAN_E_ARGUMENT);
  assert_int_equal(hashscan_index_lookup_hits(indexes[0], HASHSCAN_KIND_PDQ, digest, 1, &hit, 1, &count, &error),
                   HASHSCAN_E_ARGUMENT);
  assert_int_equal(
      hashscan_index_lookup_hits(indexes[0], HASHSCAN_KIND_SHA1, digest, (size_t)1 << 32, &hit, 1, &count, &error),
      HASHSCAN_E_ARGUMENT);
  assert_int_equal(hashscan_index_lookup_hits(indexes[0], HASHSCAN_KIND_SHA1, NULL, 0, NULL, 0, &count, &error),
                   HASHSCAN_SUCCESS);
  assert_int_equal(count, 0);
  hashscan_searcher *searcher = (hashscan_searcher *)&hit;
  assert_int_equal(hashscan_searcher_create(NULL, &searcher, &error), HASHSCAN_E_ARGUMENT);
  assert_null(searcher);
  hashscan_searcher_destroy(NULL);
}

/* Digests that are there once or twice, and as many that are not. */
static void test_a_batch_of_digests(void **unused) {
  (void)unused;
  static uint8_t digests[2 * DIGESTS * 20];
  static struct answer one_by_one;
  static struct answer batch;
  static struct answer array;
  one_by_one.count = batch.count = 0;
  for (size_t i = 0; i < 2 * DIGESTS; i++) {
    uint8_t hash[HASHSCAN_MAX_HASH_BYTES];
    const size_t before = one_by_one.count;
    indexes_hash(HASHSCAN_KIND_SHA1, i, hash);
    memcpy(digests + i * 20, hash, 20);
    OK(hashscan_index_lookup(indexes[1], HASHSCAN_KIND_SHA1, hash, 1, collect, &one_by_one, &error));
    assert_int_equal(one_by_one.count - before, i >= DIGESTS ? 0 : i % 2 + 1);
    for (size_t j = before; j < one_by_one.count; j++) one_by_one.hits[j].query = (uint32_t)i;
  }
  OK(hashscan_index_lookup(indexes[1], HASHSCAN_KIND_SHA1, digests, 2 * DIGESTS, collect, &batch, &error));
  OK(hashscan_index_lookup_hits(indexes[1], HASHSCAN_KIND_SHA1, digests, 2 * DIGESTS, array.hits, MOST_HITS,
                                &array.count, &error));
  assert_equal(&one_by_one, &batch);
  assert_equal(&one_by_one, &array);
  OK(hashscan_index_lookup_hits(indexes[1], HASHSCAN_KIND_SHA1, digests, 2 * DIGESTS, NULL, 0, &array.count, &error));
  assert_int_equal(array.count, one_by_one.count);
}

static void test_a_searcher_answers_as_its_index(void **unused) {
  (void)unused;
  static struct answer expected;
  static struct answer called;
  static struct answer array;
  for (size_t i = 0; i < 2; i++) {
    hashscan_searcher *searcher;
    OK(hashscan_searcher_create(indexes[i], &searcher, &error));
    for (unsigned radius = 0; radius <= 47; radius++) {
      const hashscan_search search = search_for(radius);
      expected.count = called.count = 0;
      OK(hashscan_index_search(indexes[i], &search, collect, &expected, &error));
      OK(hashscan_searcher_search(searcher, &search, collect, &called, &error));
      OK(hashscan_searcher_search_hits(searcher, &search, array.hits, MOST_HITS, &array.count, &error));
      assert_equal(&expected, &called);
      assert_equal(&expected, &array);
    }
    hashscan_searcher_destroy(searcher);
  }
}

/* The searcher's reference keeps the index. */
static void test_a_searcher_keeps_its_index(void **unused) {
  (void)unused;
  char path[FIXTURE_PATH_SIZE];
  hashscan_searcher *searcher;
  static struct answer answer;
  hashscan_index *index = indexes_open(fixture_join(path, folder, "large"));
  OK(hashscan_searcher_create(index, &searcher, &error));
  hashscan_index_close(index);
  const hashscan_search search = search_for(0);
  answer.count = 0;
  OK(hashscan_searcher_search(searcher, &search, collect, &answer, &error));
  assert_true(answer.count > 0);
  hashscan_searcher_destroy(searcher);
}

/* A callback may search the same index: each search has memory of its own. */
static int search_again(void *user, const hashscan_hit *hit) {
  static struct answer inner;
  const struct answer *expected = user;
  hashscan_search search = search_for(24);
  search.queries = queries[hit->query].bytes;
  search.count = 1;
  OK(hashscan_index_search_hits(indexes[1], &search, inner.hits, MOST_HITS, &inner.count, &error));
  size_t of_query = 0;
  for (size_t i = 0; i < expected->count; i++) of_query += expected->hits[i].query == hit->query;
  assert_int_equal(inner.count, of_query);
  return 0;
}

static void test_searches_inside_one_another(void **unused) {
  (void)unused;
  static struct answer expected;
  const hashscan_search search = search_for(24);
  OK(hashscan_index_search_hits(indexes[1], &search, expected.hits, MOST_HITS, &expected.count, &error));
  OK(hashscan_index_search(indexes[1], &search, search_again, &expected, &error));
}

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define THREAD_STACK ((size_t)1 << 20) /* instrumented frames are larger */
#else
#define THREAD_STACK ((size_t)48 << 10)
#endif

/* Stored by each thread, since cmocka's failures must be raised on the main one. */
struct worker {
  pthread_t thread;
  size_t hits;
  hashscan_code code;
};

static void *search_on_a_small_stack(void *user) {
  struct worker *worker = user;
  static const unsigned radii[] = {0, 24, 31, 47, 128};
  for (size_t i = 0; i < 2; i++) {
    for (size_t j = 0; j < sizeof radii / sizeof *radii && worker->code == HASHSCAN_SUCCESS; j++) {
      const hashscan_search search = search_for(radii[j]);
      size_t count = 0;
      worker->code = hashscan_index_search_hits(indexes[i], &search, NULL, 0, &count, NULL);
      worker->hits += count;
    }
  }
  return NULL;
}

static void test_small_stacks(void **unused) {
  (void)unused;
  struct worker main_thread = {0};
  struct worker workers[40] = {0}; /* more than an index keeps scratch for */
  pthread_attr_t attributes;
  search_on_a_small_stack(&main_thread);
  assert_int_equal(pthread_attr_init(&attributes), 0);
  assert_int_equal(pthread_attr_setstacksize(&attributes, THREAD_STACK), 0);
  assert_int_equal(pthread_attr_setguardsize(&attributes, (size_t)1 << 20), 0); /* no frame steps over it */
  for (size_t i = 0; i < sizeof workers / sizeof *workers; i++)
    assert_int_equal(pthread_create(&workers[i].thread, &attributes, search_on_a_small_stack, &workers[i]), 0);
  for (size_t i = 0; i < sizeof workers / sizeof *workers; i++) {
    assert_int_equal(pthread_join(workers[i].thread, NULL), 0);
    assert_int_equal(workers[i].code, HASHSCAN_SUCCESS);
    assert_int_equal(workers[i].hits, main_thread.hits);
  }
  pthread_attr_destroy(&attributes);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_hits_in_an_array),
      cmocka_unit_test(test_array_arguments),
      cmocka_unit_test(test_a_batch_of_digests),
      cmocka_unit_test(test_a_searcher_answers_as_its_index),
      cmocka_unit_test(test_a_searcher_keeps_its_index),
      cmocka_unit_test(test_searches_inside_one_another),
      cmocka_unit_test(test_small_stacks),
  };
  return cmocka_run_group_tests(tests, set_up, tear_down);
}
