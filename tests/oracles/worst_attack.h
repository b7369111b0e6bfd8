/* SPDX-License-Identifier: Apache-2.0 */
/* The families of attacks on the fast level's claim to differ from exact by little. An attack is one picture or one
 * climb, and depends on its numbers alone. */
#ifndef HASHSCAN_ORACLES_WORST_ATTACK_H
#define HASHSCAN_ORACLES_WORST_ATTACK_H

#include "worst_measure.h"
#include "worst_paint.h"

enum worst_family {
  WORST_ROWS,                                    /* worst_drift.h, in the band of the running sums along rows */
  WORST_COLUMNS,                                 /* the same across rows */
  WORST_BRIGHT,                                  /* the same with luma of any range in the upper half */
  WORST_DETAIL,                                  /* the first or the second, of good quality */
  WORST_PAINT,                                   /* worst_paint.h: a family for each kind */
  WORST_CLIMB = WORST_PAINT + WORST_PAINT_KINDS, /* worst_climb.h; small pictures only */
  WORST_FAMILIES
};

struct worst_attack {
  enum worst_family family;
  uint32_t width;
  uint32_t height;
  unsigned channels;
  uint64_t seed;
  double effort; /* of one picture: about so many colours are tried, or pixels changed */
};

const char *worst_family_name(enum worst_family family);

/* False for a climb on a picture that is too large for the effort. */
bool worst_attack_applies(const struct worst_attack *attack);

/* False when out of memory. */
bool worst_attack_run(struct worst_meter *meter, const struct worst_attack *attack, struct worst_result *result);

#endif
