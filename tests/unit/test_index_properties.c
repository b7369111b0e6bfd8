/* SPDX-License-Identifier: Apache-2.0 */
/* How an index came about must not show in its answers: the same entries in another order, one by one or at once, in
 * one segment or in many, in the log, with others added and removed again, compacted or not, and replaced list by list,
 * are found alike. (XOR masks and bit permutations: test_searcher.c.) Entries are told apart by their ids, as their
 * numbers do depend on where they lie. */
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
#include "../support/expect.h"
#include "../support/fixture.h"
#include "../support/indexes.h"
#include "../support/random.h"
#include "index/update/changes.h"

enum { ENTRIES = 12000, EXTRA = 3000, ALL = ENTRIES + EXTRA, QUERIES = 24, RADII = 5, MASKS = 3 };

static const unsigned radii[RADII] = {0, 16, 31, 64, 160};
static const unsigned unknown_bits[MASKS] = {0, 8, 128};

static char folder[FIXTURE_PATH_SIZE];
static char path[FIXTURE_PATH_SIZE];
static hashscan_error error;

/* ---- Entries and queries ----------------------------------------------------------------------------------------- */

/* Entry i has id i and hash i, of which one in four is a 64-bit hash; those from ENTRIES on come and go. */
static struct data data;
static uint8_t queries[QUERIES * 32];
static uint8_t unknown[MASKS][QUERIES * 32];

static hashscan_kind kind_of(uint32_t number) {
  return number % 4 == 3 ? HASHSCAN_KIND_HASH64 : HASHSCAN_KIND_PDQ;
}

/* Queries are entries, with up to 33 bits flipped. */
static void make_data(enum data_kind kind) {
  const struct data_options options = {.kind = kind, .seed = 31 + kind, .entries = ALL};
  struct random_state random = random_seeded(kind);
  assert_true(data_make(&data, &options));
  memset(unknown, 0, sizeof unknown);
  for (unsigned q = 0; q < QUERIES; q++) {
    hashscan_pdq query;
    memcpy(query.bytes, data.rows + random_next(&random) % ENTRIES * 32, 32);
    query = fixture_flip_bits(query, q % 34, q + 1);
    memcpy(queries + q * 32, query.bytes, 32);
    for (unsigned m = 0; m < MASKS; m++) {
      const hashscan_pdq mask = fixture_flip_bits((hashscan_pdq){{0}}, unknown_bits[m], q + 7);
      memcpy(unknown[m] + q * 32, mask.bytes, 32);
    }
  }
}

/* ---- Answers ----------------------------------------------------------------------------------------------------- */

struct answers {
  uint64_t hits[RADII][MASKS][2];
  uint64_t sum[RADII][MASKS][2]; /* of hits, each mixed from id, list, query and distance */
};

struct collector {
  const hashscan_index *index;
  uint64_t hits;
  uint64_t sum;
};

static void collect(struct collector *collector, const char *id, const char *list, uint32_t query, uint32_t distance) {
  uint64_t key = strtoul(id, NULL, 10);
  for (; *list != '\0'; list++) key = key * 131 + (uint8_t)*list;
  struct random_state mixed = random_seeded((key << 14) + (query << 9) + distance);
  collector->sum += random_next(&mixed);
  collector->hits++;
}

static int on_hit(void *user, const hashscan_hit *hit) {
  struct collector *collector = user;
  hashscan_entry entry = HASHSCAN_ENTRY_INIT;
  if (hashscan_index_entry(collector->index, hit->entry, &entry, NULL) != HASHSCAN_SUCCESS) return 1;
  collect(collector, entry.id, entry.list, hit->query, hit->distance);
  return 0;
}

static struct answers answers_of(const char *at) {
  struct answers answers;
  hashscan_index *index = indexes_open(at);
  for (unsigned r = 0; r < RADII; r++)
    for (unsigned m = 0; m < MASKS; m++)
      for (unsigned narrow = 0; narrow < 2; narrow++) {
        struct collector collector = {.index = index};
        OK(indexes_search(index, narrow ? HASHSCAN_KIND_HASH64 : HASHSCAN_KIND_PDQ, queries, unknown[m], QUERIES,
                          radii[r], on_hit, &collector, &error));
        answers.hits[r][m][narrow] = collector.hits;
        answers.sum[r][m][narrow] = collector.sum;
      }
  hashscan_index_close(index);
  return answers;
}

static const char *list_of(uint32_t number) {
  return number % 3 == 0 ? "alpha" : "beta";
}

/* By brute force over the first `count` entries. */
static struct answers expected_answers(uint32_t count) {
  struct answers answers;
  memset(&answers, 0, sizeof answers);
  for (unsigned m = 0; m < MASKS; m++)
    for (uint32_t i = 0; i < count; i++)
      for (uint32_t q = 0; q < QUERIES; q++) {
        const size_t size = hashscan_kind_bytes(kind_of(i));
        const unsigned distance = brute_distance(data.rows + i * 32, queries + q * size, unknown[m] + q * size, size);
        char id[16];
        snprintf(id, sizeof id, "%u", i);
        struct collector collector = {.sum = 0};
        collect(&collector, id, list_of(i), q, distance);
        for (unsigned r = 0; r < RADII; r++) {
          answers.hits[r][m][size == 8] += distance <= radii[r];
          answers.sum[r][m][size == 8] += distance <= radii[r] ? collector.sum : 0;
        }
      }
  return answers;
}

static struct answers expected;

static void assert_answers(const char *how) {
  const struct answers found = answers_of(path);
  for (unsigned r = 0; r < RADII; r++)
    for (unsigned m = 0; m < MASKS; m++)
      for (unsigned narrow = 0; narrow < 2; narrow++)
        if (found.hits[r][m][narrow] != expected.hits[r][m][narrow] ||
            found.sum[r][m][narrow] != expected.sum[r][m][narrow])
          fail_msg("%s, radius %u, %u unknown bits: %llu hits where brute force has %llu", how, radii[r],
                   unknown_bits[m], (unsigned long long)found.hits[r][m][narrow],
                   (unsigned long long)expected.hits[r][m][narrow]);
}

/* ---- Ways for an index to come about ----------------------------------------------------------------------------- */

/* Room for an entry's strings while it is added. */
struct shown {
  char id[16];
};

static hashscan_entry show(uint32_t number, struct shown *shown) {
  snprintf(shown->id, sizeof shown->id, "%u", number);
  return entry_plain(kind_of(number), data.rows + (size_t)number * 32, list_of(number), "1", shown->id);
}

/* Numbers below `count`, shuffled. */
static uint32_t *shuffled(uint32_t count, uint64_t seed) {
  struct random_state random = random_seeded(seed);
  uint32_t *order = malloc(count * sizeof *order);
  assert_non_null(order);
  for (uint32_t i = 0; i < count; i++) {
    const uint32_t other = (uint32_t)(random_next(&random) % (i + 1));
    order[i] = order[other];
    order[other] = i;
  }
  return order;
}

static void build_of(const uint32_t *order, uint32_t count) {
  hashscan_builder *builder = indexes_builder();
  for (uint32_t i = 0; i < count; i++) {
    struct shown shown;
    const hashscan_entry entry = show(order == NULL ? i : order[i], &shown);
    OK(hashscan_builder_add(builder, &entry, &error));
  }
  OK(hashscan_builder_write(builder, path, &error));
  hashscan_builder_destroy(builder);
}

static hashscan_updater *open_updater(uint64_t log_max_entries) {
  hashscan_updater *updater;
  OK(hashscan_updater_open(path, &updater, &error));
  updater->log_max_entries = log_max_entries;
  return updater;
}

static void add_range(hashscan_updater *updater, const uint32_t *order, uint32_t first, uint32_t end) {
  for (uint32_t i = first; i < end; i++) {
    struct shown shown;
    const hashscan_entry entry = show(order[i], &shown);
    OK(hashscan_updater_add(updater, &entry, &error));
  }
}

static void check_order_of_insertion(void) {
  build_of(NULL, ENTRIES);
  assert_answers("as given");
  for (uint64_t seed = 1; seed <= 2; seed++) {
    uint32_t *order = shuffled(ENTRIES, seed);
    build_of(order, ENTRIES);
    free(order);
    assert_answers("shuffled");
  }
}

/* Each commit about half as large as the one before: none takes in its predecessors. */
static void check_segments(void) {
  uint32_t *order = shuffled(ENTRIES, 5);
  build_of(order, 0);
  hashscan_updater *updater = open_updater(0);
  uint32_t most = 0;
  for (uint32_t first = 0; first < ENTRIES;) {
    const uint32_t left = ENTRIES - first;
    const uint32_t end = left < 40 ? ENTRIES : first + left * 11 / 20;
    add_range(updater, order, first, end);
    OK(hashscan_updater_commit(updater, NULL, &error));
    first = end;
    if (updater->base->manifest.segment_count > most) most = updater->base->manifest.segment_count;
  }
  assert_in_range(most, 6, INDEX_MAX_SEGMENTS);
  assert_answers("many segments");
  OK(hashscan_updater_compact(updater, NULL, &error));
  assert_int_equal(updater->base->manifest.segment_count, 1);
  assert_answers("many segments, compacted");
  hashscan_updater_close(updater);
  free(order);
}

/* Segments of several sizes and a log behind them. */
static void check_log(void) {
  uint32_t *order = shuffled(ENTRIES, 6);
  build_of(order, 5000);
  hashscan_updater *updater = open_updater(UPDATE_LOG_MAX_ENTRIES);
  for (uint32_t first = 5000; first < ENTRIES; first += 1000) {
    add_range(updater, order, first, first + 1000);
    OK(hashscan_updater_commit(updater, NULL, &error));
  }
  assert_true(updater->base->log_entries.count == ENTRIES - 5000);
  assert_answers("log");
  hashscan_updater_close(updater);
  free(order);
}

/* By id: hashes are shared with entries that stay. */
static void remove_extra(hashscan_updater *updater) {
  for (uint32_t i = ENTRIES; i < ALL; i++) {
    struct shown shown;
    const hashscan_entry entry = show(i, &shown);
    OK(hashscan_updater_remove_id(updater, entry.list, entry.id, &error));
  }
}

static void check_add_then_remove(uint64_t log_max_entries, bool reopen) {
  uint32_t *order = shuffled(ALL, 7);
  build_of(order, 4000);
  hashscan_updater *updater = open_updater(log_max_entries);
  for (uint32_t first = 4000; first < ALL; first += 1000) {
    add_range(updater, order, first, first + 1000);
    OK(hashscan_updater_commit(updater, NULL, &error));
  }
  if (reopen) {
    hashscan_updater_close(updater);
    updater = open_updater(log_max_entries);
  }
  hashscan_update_report report = HASHSCAN_UPDATE_REPORT_INIT;
  remove_extra(updater);
  OK(hashscan_updater_commit(updater, &report, &error));
  assert_int_equal(report.removed, EXTRA);
  assert_answers("added and removed");
  OK(hashscan_updater_compact(updater, &report, &error));
  assert_answers("added, removed and compacted");
  hashscan_updater_close(updater);
  free(order);
}

/* Whole lists go and come back. */
static void check_remove_then_add(void) {
  uint32_t *order = shuffled(ENTRIES, 8);
  build_of(order, ENTRIES);
  hashscan_updater *updater = open_updater(1000);
  OK(hashscan_updater_remove_list(updater, "alpha", &error));
  OK(hashscan_updater_commit(updater, NULL, &error));
  for (uint32_t i = 0; i < ENTRIES; i++)
    if (strcmp(list_of(order[i]), "alpha") == 0) add_range(updater, order, i, i + 1);
  OK(hashscan_updater_commit(updater, NULL, &error));
  assert_answers("removed and added");
  hashscan_updater_close(updater);
  free(order);
}

static void check_ways(enum data_kind kind) {
  make_data(kind);
  expected = expected_answers(ENTRIES);
  assert_true(expected.hits[2][0][0] > QUERIES / 3);
  check_order_of_insertion();
  check_segments();
  check_log();
  check_add_then_remove(UPDATE_LOG_MAX_ENTRIES, true);
  check_add_then_remove(0, false);
  check_remove_then_add();
  data_free(&data);
}

static void test_clustered(void **unused) {
  (void)unused;
  check_ways(DATA_CLUSTERED);
}

static void test_adversarial(void **unused) {
  (void)unused;
  check_ways(DATA_ADVERSARIAL);
}

static void test_pictures(void **unused) {
  (void)unused;
  check_ways(DATA_PDQ);
}

int main(void) {
  if (getenv("TMPDIR") == NULL && access("/dev/shm", W_OK) == 0) setenv("TMPDIR", "/dev/shm", 1);
  fixture_folder(folder);
  fixture_join(path, folder, "index");
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_clustered), cmocka_unit_test(test_adversarial),
                                     cmocka_unit_test(test_pictures)};
  const int failed = cmocka_run_group_tests_name("index properties", tests, NULL, NULL);
  fixture_remove(folder);
  return failed;
}
