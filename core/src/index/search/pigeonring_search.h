/* SPDX-License-Identifier: Apache-2.0 */
/* Searching a pigeonring for a few queries, probe by probe. */
#ifndef HASHSCAN_INDEX_SEARCH_PIGEONRING_SEARCH_H
#define HASHSCAN_INDEX_SEARCH_PIGEONRING_SEARCH_H

#include "index/search/pigeonring_plan.h"

/* The working memory of one search at a time, some 136 KB. What it holds between searches does not matter. */
struct pigeonring_scratch;
struct pigeonring_scratch *pigeonring_scratch_create(void); /* NULL when out of memory */
void pigeonring_scratch_destroy(struct pigeonring_scratch *scratch);

/* Searches `count` queries (at most PIGEONRING_BATCH) with their plans, interleaved. `budget` is the cost, in
 * nanoseconds a query, beyond which PIGEONRING_HEAVY is returned. Queries whose plans add up to more than
 * PIGEONRING_PROBES probes take longer together than apart. */
#define PIGEONRING_BATCH 4
#define PIGEONRING_PROBES 2304 /* a plan for 256 bits and radius 47 takes 2192, four for radius 31 half as many */
enum pigeonring_outcome pigeonring_search(struct pigeonring_scratch *scratch, const struct pigeonring *ring,
                                          const struct pigeonring_query *queries, const struct pigeonring_plan *plans,
                                          size_t count, unsigned radius, double budget, const hashscan_control *control,
                                          pigeonring_visit visit, void *user);

#endif
