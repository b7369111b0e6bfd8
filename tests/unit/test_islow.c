/* SPDX-License-Identifier: Apache-2.0 */
/* The inverse DCT: kernels against each other, at the ends of what they accept; test_lanes.c compares them with
 * libjpeg-turbo's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../support/guard.h"
#include "../support/random.h"
#include "../support/tiers.h"
#include "image/islow.h"

enum { STRIDE = 40, BLOCKS = 5, SAMPLES = STRIDE * ISLOW_SIDE, GUARD = 0xa5 };

struct blocks {
  _Alignas(32) int16_t coefficients[BLOCKS][ISLOW_COEFFICIENTS];
  _Alignas(16) int16_t steps[ISLOW_COEFFICIENTS];
};

/* Samples of all blocks, side by side. */
static bool run(islow_kernel kernel, const struct blocks *blocks, size_t count, uint8_t *samples) {
  struct blocks copy = *blocks;
  struct islow_task tasks[BLOCKS];
  memset(samples, GUARD, SAMPLES);
  for (size_t i = 0; i < count; i++) tasks[i] = (struct islow_task){copy.coefficients[i], samples + i * ISLOW_SIDE};
  const bool good = kernel(tasks, count, copy.steps, STRIDE);
  static const int16_t zeros[ISLOW_COEFFICIENTS];
  for (size_t i = 0; i < BLOCKS && good; i++) {
    const void *expected = i < count ? zeros : blocks->coefficients[i];
    assert_memory_equal(copy.coefficients[i], expected, sizeof zeros);
  }
  return good;
}

/* Whether the blocks were accepted; both kernels accept the same and give the same. */
static bool expect_equal(islow_kernel expected, islow_kernel actual, const struct blocks *blocks, size_t count) {
  static struct guard got; /* one for all, since mapping takes longer than transforming */
  uint8_t wanted[SAMPLES];
  if (got.bytes == NULL) got = guard_alloc(SAMPLES);
  const bool good = run(expected, blocks, count, wanted);
  assert_int_equal(run(actual, blocks, count, got.bytes), good);
  if (good) assert_memory_equal(got.bytes, wanted, SAMPLES);
  return good;
}

/* Coefficients whose products are up to `most`, in the first `rows` rows and columns. */
static void fill_blocks(struct blocks *blocks, struct random_state *state, int most, unsigned rows, unsigned density) {
  memset(blocks, 0, sizeof *blocks);
  for (size_t k = 0; k < ISLOW_COEFFICIENTS; k++)
    blocks->steps[k] = (int16_t)(1 + random_next(state) % (random_next(state) % 2 == 0 ? 8 : ISLOW_MAX_STEP));
  for (size_t i = 0; i < BLOCKS; i++) {
    for (size_t k = 0; k < ISLOW_COEFFICIENTS; k++) {
      if (k / 8 >= rows || k % 8 >= rows || random_next(state) % 16 >= density) continue;
      int range = most / blocks->steps[k];
      if (range > INT16_MAX) range = INT16_MAX;
      const int extreme = random_next(state) % 2 == 0 ? range : -range;
      const int value = (int)(random_next(state) % (2 * (unsigned)range + 1)) - range;
      blocks->coefficients[i][k] = (int16_t)(random_next(state) % 4 == 0 ? extreme : value);
    }
  }
}

static bool check_tier(enum cpu_tier tier) {
  static const int ranges[] = {8, 100, 1024, 2048, 4096, 8192, 16383, 16384, 16400, 40000, 500000};
  const struct islow_kernels scalar = islow_kernels_for(CPU_SCALAR), kernels = islow_kernels_for(tier);
  struct random_state state = random_seeded(1);
  size_t accepted = 0, refused = 0;
  for (size_t i = 0; i < 60000; i++) {
    struct blocks blocks;
    const size_t count = 1 + i % BLOCKS;
    const unsigned rows = i % 3 == 0 ? 1 : i % 3 == 1 ? 4 : 8;
    fill_blocks(&blocks, &state, ranges[i % 11], rows, 1 + (unsigned)(i / 11) % 16);
    const bool good = expect_equal(scalar.whole, kernels.whole, &blocks, count);
    if (rows <= 4) assert_int_equal(expect_equal(scalar.whole, kernels.corner, &blocks, count), good);
    if (rows == 1) assert_int_equal(expect_equal(scalar.whole, kernels.mean, &blocks, count), good);
    accepted += good;
    refused += !good;
  }
  assert_true(accepted > 10000 && refused > 10000);
  return true;
}

static void test_kernels_of_every_tier(void **unused) {
  (void)unused;
  tiers_each(check_tier);
}

/* Every mean there is, with the step that makes it. */
static bool check_means(enum cpu_tier tier) {
  const struct islow_kernels scalar = islow_kernels_for(CPU_SCALAR), kernels = islow_kernels_for(tier);
  struct blocks blocks = {0};
  for (size_t k = 0; k < ISLOW_COEFFICIENTS; k++) blocks.steps[k] = 1;
  for (int mean = -20000; mean <= 20000; mean++) {
    blocks.coefficients[0][0] = (int16_t)mean;
    const bool good = expect_equal(scalar.whole, kernels.mean, &blocks, 1);
    assert_int_equal(expect_equal(scalar.whole, kernels.whole, &blocks, 1), good);
    assert_int_equal(good, mean >= -4096 && mean < 4092);
  }
  return true;
}

static void test_means(void **unused) {
  (void)unused;
  tiers_each(check_means);
}

/* One coefficient alone, up to where it is refused. */
static bool check_single(enum cpu_tier tier) {
  const struct islow_kernels scalar = islow_kernels_for(CPU_SCALAR), kernels = islow_kernels_for(tier);
  for (size_t k = 0; k < ISLOW_COEFFICIENTS; k++) {
    struct blocks blocks = {0};
    for (size_t i = 0; i < ISLOW_COEFFICIENTS; i++) blocks.steps[i] = 1;
    for (int value = -17000; value <= 17000; value += 7) {
      blocks.coefficients[1][k] = (int16_t)value;
      const bool good = expect_equal(scalar.whole, kernels.whole, &blocks, 3);
      if (k % 8 < 4 && k / 8 < 4) assert_int_equal(expect_equal(scalar.whole, kernels.corner, &blocks, 3), good);
    }
  }
  return true;
}

static void test_single_coefficients(void **unused) {
  (void)unused;
  tiers_each(check_single);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_kernels_of_every_tier),
      cmocka_unit_test(test_means),
      cmocka_unit_test(test_single_coefficients),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
