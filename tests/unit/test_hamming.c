/* SPDX-License-Identifier: Apache-2.0 */
/* Hamming kernels: every tier against the scalar reference at every radius on buffers that end at an unmapped page, the
 * scalar reference against bit by bit counting, the flat scan against a double loop, and a speed line a tier. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../support/guard.h"
#include "../support/random.h"
#include "base/clock.h"
#include "hamming/hamming.h"

static const char *const tier_names[] = {"scalar", "avx2", "avx512", "neon"};

static void fill_random(uint8_t *bytes, size_t size, uint64_t seed) {
  struct random_state state = random_seeded(seed);
  for (size_t i = 0; i < size; i++) bytes[i] = (uint8_t)random_next(&state);
}

/* Copies `query` and flips `distance` chosen bits of it. */
static void plant(const uint8_t *query, unsigned distance, struct random_state *state, uint8_t *row) {
  uint8_t bits[256];
  for (unsigned i = 0; i < 256; i++) bits[i] = (uint8_t)i;
  memcpy(row, query, HAMMING_ROW_BYTES);
  for (unsigned i = 0; i < distance; i++) {
    const unsigned j = i + (unsigned)(random_next(state) % (256 - i));
    const uint8_t bit = bits[j];
    bits[j] = bits[i];
    row[bit / 8] ^= (uint8_t)(1u << bit % 8);
  }
}

static unsigned distance_by_bits(const uint8_t *a, const uint8_t *b) {
  unsigned distance = 0;
  for (unsigned bit = 0; bit < 256; bit++) distance += (unsigned)((a[bit / 8] ^ b[bit / 8]) >> bit % 8 & 1);
  return distance;
}

static void test_distance(void **unused) {
  (void)unused;
  struct random_state state = random_seeded(1);
  hashscan_pdq query;
  fill_random(query.bytes, sizeof query.bytes, 2);
  for (unsigned distance = 0; distance <= 256; distance++) {
    hashscan_pdq row;
    plant(query.bytes, distance, &state, row.bytes);
    assert_int_equal(distance_by_bits(query.bytes, row.bytes), distance);
    assert_int_equal(hashscan_pdq_distance(&query, &row), distance);
    assert_int_equal(hashscan_pdq_distance(&row, &query), distance);
  }
}

static void check_block(hamming_kernel kernel, const uint8_t *rows, size_t count, const uint8_t *query,
                        unsigned radius) {
  struct guard expected = guard_alloc(count * sizeof(struct hamming_hit));
  struct guard actual = guard_alloc(count * sizeof(struct hamming_hit));
  const size_t wanted =
      hamming_kernel_for(CPU_SCALAR)(rows, count, query, radius, (struct hamming_hit *)expected.bytes);
  const size_t found = kernel(rows, count, query, radius, (struct hamming_hit *)actual.bytes);
  assert_int_equal(found, wanted);
  assert_memory_equal(actual.bytes, expected.bytes, found * sizeof(struct hamming_hit));
  guard_free(&expected);
  guard_free(&actual);
}

/* A block with a row at every distance, so that each radius has a row on either side of it. */
static void check_tier(enum cpu_tier tier) {
  const hamming_kernel kernel = hamming_kernel_for(tier);
  struct random_state state = random_seeded(3);
  struct guard query = guard_alloc(HAMMING_ROW_BYTES);
  fill_random(query.bytes, HAMMING_ROW_BYTES, 4);
  struct guard rows = guard_alloc(HAMMING_BLOCK_ROWS * HAMMING_ROW_BYTES);
  for (unsigned i = 0; i < HAMMING_BLOCK_ROWS; i++)
    plant(query.bytes, (i * 37 + 1) % 257, &state, rows.bytes + i * HAMMING_ROW_BYTES);
  for (unsigned radius = 0; radius <= 256; radius++)
    check_block(kernel, rows.bytes, HAMMING_BLOCK_ROWS, query.bytes, radius);
  for (size_t count = 0; count <= 33; count++) {
    const uint8_t *last = rows.bytes + (HAMMING_BLOCK_ROWS - count) * HAMMING_ROW_BYTES;
    for (unsigned radius = 0; radius <= 256; radius += 8) check_block(kernel, last, count, query.bytes, radius);
  }
  /* Rows that differ in one half alone: the test on the first half must never decide by itself. */
  for (unsigned i = 0; i < HAMMING_BLOCK_ROWS; i++) {
    memcpy(rows.bytes + i * HAMMING_ROW_BYTES, query.bytes, HAMMING_ROW_BYTES);
    for (unsigned bit = 0; bit < i / 2; bit++)
      rows.bytes[i * HAMMING_ROW_BYTES + (i % 2) * 16 + bit / 8] ^= (uint8_t)(1u << bit % 8);
  }
  for (unsigned radius = 0; radius <= 256; radius++)
    check_block(kernel, rows.bytes, HAMMING_BLOCK_ROWS, query.bytes, radius);
  guard_free(&rows);
  guard_free(&query);
}

static void test_tiers(void **unused) {
  (void)unused;
  for (enum cpu_tier tier = CPU_AVX2; tier <= CPU_AVX512; tier++) {
    if (cpu_detected() == CPU_NEON || tier > cpu_detected())
      print_message("SKIPPED: this machine has no %s\n", tier_names[tier]);
    else check_tier(tier);
  }
}

struct tally {
  uint16_t *seen; /* distance + 1 of each pair that was a hit */
  size_t rows;
  size_t hits;
  size_t stop_after;
};

static bool count_hit(void *user, size_t row, uint32_t query, unsigned distance) {
  struct tally *tally = user;
  if (tally->seen != NULL) {
    assert_int_equal(tally->seen[query * tally->rows + row], 0);
    tally->seen[query * tally->rows + row] = (uint16_t)(distance + 1);
  }
  return ++tally->hits != tally->stop_after;
}

static void check_scan(size_t row_count, uint32_t query_count, unsigned radius) {
  struct guard rows = guard_alloc(row_count * HAMMING_ROW_BYTES);
  fill_random(rows.bytes, row_count * HAMMING_ROW_BYTES, row_count);
  hashscan_pdq queries[11];
  fill_random((uint8_t *)queries, sizeof queries, 5);
  struct tally tally = {.seen = calloc(row_count * query_count + 1, sizeof(uint16_t)), .rows = row_count};
  assert_non_null(tally.seen);
  assert_true(hamming_scan(rows.bytes, row_count, queries, query_count, radius, count_hit, &tally));
  for (uint32_t query = 0; query < query_count; query++) {
    for (size_t row = 0; row < row_count; row++) {
      const unsigned distance = distance_by_bits(rows.bytes + row * HAMMING_ROW_BYTES, queries[query].bytes);
      assert_int_equal(tally.seen[query * row_count + row], distance <= radius ? distance + 1 : 0);
    }
  }
  free(tally.seen);
  guard_free(&rows);
}

static void test_scan(void **unused) {
  (void)unused;
  const size_t sizes[] = {0, 1, 7, 8, 255, 256, 257, 513};
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
    check_scan(sizes[i], 1, 128);
    check_scan(sizes[i], 8, 120);
    check_scan(sizes[i], 11, 256);
  }
}

static void test_stop(void **unused) {
  (void)unused;
  uint8_t rows[600 * HAMMING_ROW_BYTES] = {0};
  const hashscan_pdq query = {{0}};
  struct tally tally = {.stop_after = 300};
  assert_false(hamming_scan(rows, 600, &query, 1, 0, count_hit, &tally));
  assert_int_equal(tally.hits, 300);
}

static double distances_per_second(hamming_kernel kernel, const uint8_t *rows, size_t count, const uint8_t *query,
                                   unsigned radius) {
  struct hamming_hit hits[HAMMING_BLOCK_ROWS];
  size_t done = 0;
  const double start = clock_seconds();
  double elapsed = 0;
  while (elapsed < 0.05) {
    for (size_t first = 0; first < count; first += HAMMING_BLOCK_ROWS) {
      kernel(rows + first * HAMMING_ROW_BYTES, HAMMING_BLOCK_ROWS, query, radius, hits);
      done += HAMMING_BLOCK_ROWS;
    }
    elapsed = clock_seconds() - start;
  }
  return (double)done / elapsed;
}

static void test_speed(void **unused) {
  (void)unused;
  const size_t count = 16 * HAMMING_BLOCK_ROWS;
  uint8_t *rows = malloc(count * HAMMING_ROW_BYTES);
  assert_non_null(rows);
  fill_random(rows, count * HAMMING_ROW_BYTES, 6);
  uint8_t query[HAMMING_ROW_BYTES];
  fill_random(query, sizeof query, 7);
  for (enum cpu_tier tier = CPU_SCALAR; tier <= CPU_AVX512; tier++) {
    if (tier > CPU_SCALAR && (cpu_detected() == CPU_NEON || tier > cpu_detected())) continue;
    const hamming_kernel kernel = hamming_kernel_for(tier);
    print_message("hamming %-6s radius 31: %6.0f M distances/s, radius 127: %6.0f M distances/s\n", tier_names[tier],
                  distances_per_second(kernel, rows, count, query, 31) * 1e-6,
                  distances_per_second(kernel, rows, count, query, 127) * 1e-6);
  }
  free(rows);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_distance), cmocka_unit_test(test_tiers),
                                     cmocka_unit_test(test_scan), cmocka_unit_test(test_stop),
                                     cmocka_unit_test(test_speed)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
