/* SPDX-License-Identifier: Apache-2.0 */
/* Pictures against the exact level's running sums, which keep every rounding error from where it was made to the end of
 * their row or column.
 *
 * A value v that enters a sum S and leaves it later leaves ((S + v) - v) - S behind. On average that is nothing; but
 * where S + v lies in a higher binade than S, the first rounding is coarser than the second, and the sign of what stays
 * is the sign of the fraction of v. So all luma is kept where the sum of a window is just below a power of two, and
 * each pixel is that one of many colours whose roundings, in all four passes that it takes part in, do most for one
 * coefficient: up from here, down from there, as the coefficient's cosines have it. Rounding is simulated operation by
 * operation as core/src/pdq/kernels.c does it. */
#ifndef HASHSCAN_ORACLES_WORST_DRIFT_H
#define HASHSCAN_ORACLES_WORST_DRIFT_H

#include <stdint.h>

#include "worst_measure.h"

struct worst_drift_plan {
  uint32_t width;
  uint32_t height;
  unsigned channels;
  unsigned down;  /* frequency of the coefficient, 1 to 16 */
  unsigned along; /* the same along rows */
  float low;      /* luma of the pixels */
  float high;
  unsigned choices; /* colours tried for a pixel */
  bool is_detailed; /* the right tenth of the picture is full of contrast, so that its quality is good */
  uint64_t seed;
};

struct worst_drift;

/* NULL when out of memory. The source lives as long as the drift. */
struct worst_drift *worst_drift_open(const struct worst_drift_plan *plan, struct worst_source *source);
void worst_drift_close(struct worst_drift *drift);

/* The highest luma, below 255, at which the sum of a window of an axis of n samples is just below a power of two, and
 * with one more sample over it. */
void worst_drift_band(uint32_t n, float *low, float *high);

#endif
