/* SPDX-License-Identifier: Apache-2.0 */
/* Searching a pigeonring for thousands of queries in one walk over its tables. */
#ifndef HASHSCAN_INDEX_SEARCH_PIGEONRING_SWEEP_H
#define HASHSCAN_INDEX_SEARCH_PIGEONRING_SWEEP_H

#include "index/search/pigeonring_plan.h"

#define PIGEONRING_SWEEP_MAX_QUERIES 65536

/* Searches `count` queries with all bits known, `queries` one after the other. The radius must be in the pigeonring's
 * reach. `budget` as in pigeonring_search. PIGEONRING_HEAVY also when there are very many hits, or too little memory.
 */
enum pigeonring_outcome pigeonring_sweep(const struct pigeonring *ring, const uint8_t *queries, uint32_t count,
                                         unsigned radius, double budget, const hashscan_control *control,
                                         pigeonring_visit visit, void *user);

#endif
