/* SPDX-License-Identifier: Apache-2.0 */
/* Hamming kernels of every tier that this machine has, and what they make of a second. The checks are in
 * tests/support/hamming_checks.c, which tests/neon/ runs as well. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../support/hamming_checks.h"
#include "../support/random.h"
#include "../support/tiers.h"
#include "base/clock.h"
#include "hamming/bucket.h"
#include "hamming/sliced.h"

static void test_distance(void **unused) {
  (void)unused;
  assert_true(hamming_check_distance());
}

static void test_bucket(void **unused) {
  (void)unused;
  tiers_each(hamming_check_bucket);
}

static void test_bucket_many(void **unused) {
  (void)unused;
  tiers_each(hamming_check_bucket_many);
}

static void test_block(void **unused) {
  (void)unused;
  tiers_each(hamming_check_block);
}

static void test_scan(void **unused) {
  (void)unused;
  assert_true(hamming_check_scan());
}

static void test_sliced(void **unused) {
  (void)unused;
  tiers_each(hamming_check_sliced);
}

static void test_bounds(void **unused) {
  (void)unused;
  tiers_each(hamming_check_bounds);
}

static void test_stop(void **unused) {
  (void)unused;
  tiers_each(hamming_check_stop);
}

/* ---- Speed ------------------------------------------------------------------------------------------------------- */

enum { ROWS = 10000, QUERIES = 128, ROUNDS = 11, MAX_CONTENDERS = 16 };

/* The list all contenders search. */
struct course {
  size_t row_bytes;
  uint8_t *rows;
  uint8_t *queries;
  uint8_t *unknown;
  unsigned radius;
};

static struct course make_course(size_t row_bytes, unsigned radius) {
  struct course course = {row_bytes, malloc(ROWS * row_bytes), malloc(QUERIES * row_bytes), calloc(QUERIES, row_bytes),
                          radius};
  struct random_state state = random_seeded(row_bytes);
  for (size_t i = 0; i < ROWS * row_bytes; i++) course.rows[i] = (uint8_t)(random_next(&state) >> 8);
  for (size_t i = 0; i < QUERIES * row_bytes; i++) course.queries[i] = (uint8_t)(random_next(&state) >> 8);
  return course;
}

static void free_course(struct course *course) {
  free(course->rows);
  free(course->queries);
  free(course->unknown);
}

#if defined(__x86_64__)
#define POPCNT __attribute__((target("popcnt")))
#else
#define POPCNT
#endif

static inline uint64_t word(const uint8_t *bytes, size_t number) {
  uint64_t value;
  memcpy(&value, bytes + 8 * number, sizeof value);
  return value;
}

/* The scans that a careful programmer writes first. */
POPCNT static size_t naive32(const struct course *course) {
  size_t hits = 0;
  for (size_t q = 0; q < QUERIES; q++) {
    const uint8_t *query = course->queries + q * 32;
    const uint64_t a = word(query, 0), b = word(query, 1), c = word(query, 2), d = word(query, 3);
    for (size_t i = 0; i < ROWS; i++) {
      const uint8_t *row = course->rows + i * 32;
      const int distance = __builtin_popcountll(a ^ word(row, 0)) + __builtin_popcountll(b ^ word(row, 1)) +
                           __builtin_popcountll(c ^ word(row, 2)) + __builtin_popcountll(d ^ word(row, 3));
      hits += (unsigned)distance <= course->radius;
    }
  }
  return hits;
}

POPCNT static size_t naive8(const struct course *course) {
  size_t hits = 0;
  for (size_t q = 0; q < QUERIES; q++) {
    const uint64_t query = word(course->queries, q);
    for (size_t i = 0; i < ROWS; i++)
      hits += (unsigned)__builtin_popcountll(query ^ word(course->rows, i)) <= course->radius;
  }
  return hits;
}

static bool count_hit(void *user, size_t row, uint32_t query, unsigned distance) {
  (void)row, (void)query, (void)distance;
  ++*(size_t *)user;
  return true;
}

static size_t by_blocks(const struct course *course, hamming_kernel kernel) {
  const size_t bytes = course->row_bytes;
  size_t hits = 0;
  for (size_t q = 0; q < QUERIES; q++) {
    struct hamming_hit found[HAMMING_BLOCK_ROWS];
    uint8_t known[HAMMING_MAX_ROW_BYTES];
    hamming_known(course->unknown + q * bytes, bytes, known);
    for (size_t i = 0; i < ROWS; i += HAMMING_BLOCK_ROWS) {
      const size_t count = ROWS - i < HAMMING_BLOCK_ROWS ? ROWS - i : HAMMING_BLOCK_ROWS;
      hits += kernel(course->rows + i * bytes, count, course->queries + q * bytes, known, course->radius, found);
    }
  }
  return hits;
}

static size_t by_planes(const struct course *course, const struct sliced *sliced, uint32_t batch) {
  size_t hits = 0;
  for (uint32_t q = 0; q < QUERIES; q += batch)
    sliced_search(sliced, course->queries + q * course->row_bytes, course->unknown + q * course->row_bytes, batch,
                  course->radius, count_hit, &hits);
  return hits;
}

enum way { NAIVE, BLOCKS, PLANES, PLANES_BATCH };

struct contender {
  enum way way;
  enum cpu_tier tier;
  struct sliced *sliced;
  double seconds[ROUNDS];
  size_t hits;
};

static void run(const struct course *course, struct contender *contender, int round) {
  const double start = clock_seconds();
  switch (contender->way) {
  case NAIVE:
    contender->hits = course->row_bytes == 32 ? naive32(course) : naive8(course);
    break;
  case BLOCKS:
    contender->hits = by_blocks(course, hamming_kernel_for(contender->tier, course->row_bytes));
    break;
  case PLANES:
    contender->hits = by_planes(course, contender->sliced, 1);
    break;
  case PLANES_BATCH:
    contender->hits = by_planes(course, contender->sliced, 8);
    break;
  }
  contender->seconds[round] = clock_seconds() - start;
}

static int compare_doubles(const void *a, const void *b) {
  const double x = *(const double *)a;
  const double y = *(const double *)b;
  return (x > y) - (x < y);
}

static double median(struct contender *contender) {
  qsort(contender->seconds, ROUNDS, sizeof *contender->seconds, compare_doubles);
  return contender->seconds[ROUNDS / 2];
}

/* Every way and tier in turn, round by round, so that all meet the same machine. */
static void race(const struct course *course, const char *title) {
  static const char *const names[] = {"naive POPCNT", "blocks", "planes", "planes, 8 queries"};
  struct contender contenders[MAX_CONTENDERS] = {{.way = NAIVE}};
  struct sliced *sliced[CPU_NEON + 1] = {NULL};
  size_t count = 1;
  for (enum cpu_tier tier = CPU_SCALAR; tier <= CPU_NEON; tier++) {
    if (!tiers_has(tier)) continue;
    sliced[tier] = sliced_create(course->rows, ROWS, course->row_bytes, tier);
    assert_non_null(sliced[tier]);
    for (enum way way = BLOCKS; way <= PLANES_BATCH; way++)
      contenders[count++] = (struct contender){.way = way, .tier = tier, .sliced = sliced[tier]};
  }
  for (int round = 0; round < ROUNDS; round++)
    for (size_t i = 0; i < count; i++) run(course, &contenders[i], round);
  const double base = median(&contenders[0]);
  print_message("%s, %d rows of %zu bytes, radius %u\n", title, ROWS, course->row_bytes, course->radius);
  for (size_t i = 0; i < count; i++) {
    struct contender *one = &contenders[i];
    const double seconds = median(one);
    print_message("  %-7s %-18s %7.2f us a query, %6.2f times naive, %zu hits\n",
                  one->way == NAIVE ? "" : tier_name(one->tier), names[one->way], seconds / QUERIES * 1e6,
                  base / seconds, one->hits);
    if (course->unknown[0] == 0 && i > 0) assert_int_equal(one->hits, contenders[0].hits);
  }
  for (enum cpu_tier tier = CPU_SCALAR; tier <= CPU_NEON; tier++) sliced_destroy(sliced[tier]);
}

static void test_flat_speed(void **unused) {
  (void)unused;
  static const struct {
    size_t row_bytes;
    unsigned radius;
  } courses[] = {{32, 31}, {32, 15}, {32, 63}, {32, 127}, {8, 7}, {8, 10}};
  for (size_t i = 0; i < sizeof courses / sizeof *courses; i++) {
    struct course course = make_course(courses[i].row_bytes, courses[i].radius);
    race(&course, "uniform");
    free_course(&course);
  }
}

/* The naive scan does not know of unknown bits: it stands for what it costs without them. */
static void test_masked_speed(void **unused) {
  (void)unused;
  static const unsigned unknown_bits[] = {8, 32, 128};
  for (size_t i = 0; i < sizeof unknown_bits / sizeof *unknown_bits; i++) {
    struct course course = make_course(32, 31);
    /* Evenly spread, from another bit on for each query; bit 0 of the first is one. */
    for (unsigned q = 0; q < QUERIES; q++)
      for (unsigned k = 0; k < unknown_bits[i]; k++) {
        const unsigned bit = (k * (256 / unknown_bits[i]) + 37 * q) % 256;
        course.unknown[q * 32 + bit / 8] |= (uint8_t)(1u << bit % 8);
      }
    char title[40];
    snprintf(title, sizeof title, "%u bits unknown", unknown_bits[i]);
    race(&course, title);
    free_course(&course);
  }
}

static double words_per_second(bucket_kernel kernel, const uint16_t *words, const uint32_t *rows, uint32_t size) {
  enum { BUCKETS = 1000, ROOM = 4096 };
  struct bucket buckets[BUCKETS];
  struct bucket_hit hits[ROOM];
  size_t looked_at = 0;
  const double start = clock_seconds();
  double elapsed = 0;
  while (elapsed < 0.02) {
    size_t done = 0;
    for (uint32_t i = 0; i < BUCKETS; i++)
      buckets[i] = (struct bucket){words, rows, i * 3 % 512, i * 3 % 512 + size, (uint16_t)(i * 40503), 0xffff, 2, 0};
    while (done < BUCKETS) {
      size_t hit_count = 0;
      done += kernel(buckets + done, BUCKETS - done, hits, &hit_count, ROOM);
    }
    looked_at += BUCKETS * size;
    elapsed = clock_seconds() - start;
  }
  return (double)looked_at / elapsed;
}

static void test_bucket_speed(void **unused) {
  (void)unused;
  static uint32_t rows[4608];
  uint16_t words[4608 + BUCKET_OVERREAD / 2];
  struct random_state state = random_seeded(8);
  for (size_t i = 0; i < sizeof words / sizeof *words; i++) words[i] = (uint16_t)(random_next(&state) >> 8);
  for (enum cpu_tier tier = CPU_SCALAR; tier <= CPU_NEON; tier++) {
    if (!tiers_has(tier)) continue;
    const bucket_kernel kernel = bucket_kernel_for(tier);
    print_message("bucket %-7s limit 2: of 15 %6.0f, of 150 %6.0f, of 4000 %6.0f M words/s\n", tier_name(tier),
                  words_per_second(kernel, words, rows, 15) * 1e-6, words_per_second(kernel, words, rows, 150) * 1e-6,
                  words_per_second(kernel, words, rows, 4000) * 1e-6);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_distance),   cmocka_unit_test(test_bucket),      cmocka_unit_test(test_bucket_many),
      cmocka_unit_test(test_block),      cmocka_unit_test(test_scan),        cmocka_unit_test(test_sliced),
      cmocka_unit_test(test_bounds),     cmocka_unit_test(test_stop),        cmocka_unit_test(test_bucket_speed),
      cmocka_unit_test(test_flat_speed), cmocka_unit_test(test_masked_speed)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
