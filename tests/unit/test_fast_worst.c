/* SPDX-License-Identifier: Apache-2.0 */
/* The strongest pictures that `hashscan-bench worst` found, against the claims of the fast level: its own rounding is
 * nothing beside the exact level's, none of them takes a coefficient, the luma or a difference in it beyond the bound
 * that is proven for them, no bit that is called certain differs from exact, and exact's quality is in the interval. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "../oracles/worst_attack.h"

/* With what the attack is known to do to a coefficient of the exact level, so that an attack that has lost its edge
 * does not pass for a level that is sound. */
static const struct {
  struct worst_attack attack;
  double reaches;
} attacks[] = {
    {{WORST_CLIMB, 5, 5, 4, 4, 1e4}, 0.001},
    {{WORST_BRIGHT, 63, 63, 3, 1, 1e6}, 0.025},
    {{WORST_ROWS, 128, 128, 3, 1, 1e6}, 0.05},
    {{WORST_DETAIL, 129, 129, 3, 1, 1e6}, 0.06},
    {{WORST_BRIGHT, 256, 256, 3, 1, 2e6}, 0.15},
    {{WORST_ROWS, 512, 512, 3, 1, 4e6}, 0.35},
    {{WORST_COLUMNS, 640, 480, 4, 1, 3e6}, 0.25},
    {{WORST_DETAIL, 1024, 1024, 3, 1, 8e6}, 0.6},
    {{WORST_ROWS, 1024, 1024, 3, 1, 1.6e7}, 0.8},
    {{WORST_ROWS, 1025, 1025, 1, 1, 8e6}, 0.03},
    {{WORST_ROWS, 8192, 128, 3, 1, 8e6}, 2.5},
    {{WORST_COLUMNS, 128, 8192, 3, 1, 8e6}, 2.5},
    {{WORST_ROWS, 32769, 5, 3, 1, 8e6}, 6.0},
    {{WORST_ROWS, 65500, 5, 3, 1, 8e6}, 8.0},
    {{WORST_COLUMNS, 5, 65500, 3, 1, 8e6}, 7.0},
    {{WORST_DETAIL, 2048, 300, 3, 1, 5e6}, 0.1},
    {{(enum worst_family)(WORST_PAINT + WORST_PAINT_GRADIENT), 5, 65500, 3, 1, 0.0}, 0.001},
};

enum { ATTACKS = sizeof attacks / sizeof *attacks };

static struct worst_result results[ATTACKS];

static int run_attacks(void **unused) {
  (void)unused;
  struct worst_meter *meter = worst_meter_create();
  if (meter == NULL) return -1;
  for (size_t i = 0; i < ATTACKS; i++)
    if (!worst_attack_run(meter, &attacks[i].attack, &results[i])) return -1;
  worst_meter_destroy(meter);
  return 0;
}

#define FAIL(i, format, ...)                                                                                           \
  fail_msg("%s, %ux%ux%u: " format, worst_family_name(attacks[i].attack.family), attacks[i].attack.width,              \
           attacks[i].attack.height, attacks[i].attack.channels, __VA_ARGS__)

static void test_attacks_reach_the_running_sums(void **unused) {
  (void)unused;
  for (size_t i = 0; i < ATTACKS; i++)
    if (results[i].coefficient[WORST_EXACT_REAL] < attacks[i].reaches)
      FAIL(i, "a coefficient is off by %g, which was %g", results[i].coefficient[WORST_EXACT_REAL], attacks[i].reaches);
}

/* The tallest pictures are the worst: weighed rows of windows over 64 are summed in float, up to 1,023 of them, and a
 * gradient rounds them all one way. Up to 8,192 rows those sums are exact. */
static void test_fast_rounds_little(void **unused) {
  (void)unused;
  for (size_t i = 0; i < ATTACKS; i++) {
    if (results[i].picture[WORST_FAST_REAL] > 0.003) FAIL(i, "luma is off by %g", results[i].picture[WORST_FAST_REAL]);
    if (results[i].coefficient[WORST_FAST_REAL] > 0.005)
      FAIL(i, "a coefficient is off by %g", results[i].coefficient[WORST_FAST_REAL]);
  }
}

static void test_bounds_hold(void **unused) {
  (void)unused;
  double closest = 0.0;
  for (size_t i = 0; i < ATTACKS; i++) {
    if (!(results[i].ratio <= 1.0)) FAIL(i, "a coefficient is off by %g epsilons", results[i].ratio);
    if (!(results[i].picture_ratio <= 1.0)) FAIL(i, "luma is off by %g bounds", results[i].picture_ratio);
    if (results[i].quality_missed) FAIL(i, "quality %d is outside the interval", results[i].quality_exact);
    if (results[i].ratio > closest) closest = results[i].ratio;
  }
  /* A bound that no attack comes near to would cost bits for nothing. */
  assert_true(closest > 0.4);
}

static void test_no_certain_bit_is_wrong(void **unused) {
  (void)unused;
  for (size_t i = 0; i < ATTACKS; i++)
    if (results[i].wrong_certain != 0) FAIL(i, "%u wrong bits are called certain", results[i].wrong_certain);
}

/* One rounding decides about all 8,064 truncations of the quality at once. */
static void test_near_ties_move_the_quality(void **unused) {
  (void)unused;
  struct worst_meter *meter = worst_meter_create();
  assert_non_null(meter);
  int largest = 0;
  for (uint64_t seed = 0; seed < 100; seed++) {
    const struct worst_attack attack = {(enum worst_family)(WORST_PAINT + WORST_PAINT_TIES), 256, 256, 3, seed, 0.0};
    struct worst_result result;
    assert_true(worst_attack_run(meter, &attack, &result));
    const int difference = abs(result.quality_exact - result.quality_fast);
    if (difference > largest) largest = difference;
    assert_false(result.quality_missed);
  }
  assert_true(largest > 80);
  worst_meter_destroy(meter);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_attacks_reach_the_running_sums),
      cmocka_unit_test(test_fast_rounds_little),
      cmocka_unit_test(test_bounds_hold),
      cmocka_unit_test(test_no_certain_bit_is_wrong),
      cmocka_unit_test(test_near_ties_move_the_quality),
  };
  return cmocka_run_group_tests(tests, run_attacks, NULL);
}
