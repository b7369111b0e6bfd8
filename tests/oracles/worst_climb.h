/* SPDX-License-Identifier: Apache-2.0 */
/* Hill climbing: a picture in memory, changed at random, kept when the fast level is further from the exact one. */
#ifndef HASHSCAN_ORACLES_WORST_CLIMB_H
#define HASHSCAN_ORACLES_WORST_CLIMB_H

#include "worst_measure.h"

/* Copies the picture of `start`, makes `steps` changes to pixels, rows, columns, blocks or to every pixel of a period
 * of the window, and fills `result` with the best. False when out of memory. */
bool worst_climb(struct worst_meter *meter, const struct worst_source *start, size_t steps, uint64_t seed,
                 struct worst_result *result);

#endif
