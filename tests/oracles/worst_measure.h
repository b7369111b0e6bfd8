/* SPDX-License-Identifier: Apache-2.0 */
/* One picture at both levels and in real arithmetic: how far rounding takes each of them. Also linked by
 * tests/unit/test_fast_worst.c. */
#ifndef HASHSCAN_ORACLES_WORST_MEASURE_H
#define HASHSCAN_ORACLES_WORST_MEASURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A picture row by row, so that it need not be kept: `row` is called once for each row, top to bottom, and what it
 * returns lives until the next call. */
struct worst_source {
  uint32_t width;
  uint32_t height;
  unsigned channels; /* 1, 3 or 4 */
  const uint8_t *(*row)(void *user, size_t y);
  void *user;
};

/* Which two are compared. `real` is the reference's linear operator without rounding: double arithmetic, whose own
 * error is a millionth of what is measured here. The matrix of the DCT is the reference's, in float. */
enum worst_pair { WORST_EXACT_REAL, WORST_FAST_REAL, WORST_FAST_EXACT, WORST_PAIRS };

struct worst_result {
  double picture[WORST_PAIRS];     /* largest error of the 64x64 luma */
  double coefficient[WORST_PAIRS]; /* largest error of the 256 coefficients */
  double ratio;                    /* largest error of a coefficient, fast against exact, in epsilons of it */
  double picture_ratio;            /* the same of the 64x64 luma and of differences in it, in their bounds */
  bool quality_missed;             /* exact's is outside fast's interval */
  unsigned wrong_certain;          /* bits of all eight hashes that differ from exact's and are not marked unknown */
  int quality_exact;
  int quality_fast;
};

struct worst_meter;

/* NULL when out of memory. One thread at a time. */
struct worst_meter *worst_meter_create(void);
void worst_meter_destroy(struct worst_meter *meter);

/* Both sides of the picture are at least 5. False when out of memory. */
bool worst_measure(struct worst_meter *meter, const struct worst_source *source, struct worst_result *result);

#endif
