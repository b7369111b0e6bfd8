/* SPDX-License-Identifier: Apache-2.0 */
/* Pictures from formulas, against rounding in the ways that do not look at it: long sums, jumps, near ties. */
#ifndef HASHSCAN_ORACLES_WORST_PAINT_H
#define HASHSCAN_ORACLES_WORST_PAINT_H

#include "worst_measure.h"

enum worst_paint_kind {
  WORST_PAINT_STEP, /* one half bright, the other dark: what the sums gathered while large stays when they are small */
  WORST_PAINT_DOTS, /* white with isolated pixels of any colour */
  WORST_PAINT_GRADIENT, /* colour ramps along both axes */
  WORST_PAINT_STRIPES,  /* two colours by turns, with periods about the window's */
  WORST_PAINT_NOISE,
  WORST_PAINT_TIES, /* cells of the 64x64 picture whose luma differs by a hundredth of 255: quality truncates there */
  WORST_PAINT_KINDS
};

extern const char *const worst_paint_names[WORST_PAINT_KINDS];

struct worst_paint;

/* NULL when out of memory. The source lives as long as the painting. */
struct worst_paint *worst_paint_open(enum worst_paint_kind kind, uint32_t width, uint32_t height, unsigned channels,
                                     uint64_t seed, struct worst_source *source);
void worst_paint_close(struct worst_paint *paint);

#endif
