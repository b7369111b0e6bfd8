/* SPDX-License-Identifier: Apache-2.0 */
/* Radius search over the rows of one kind in one segment, by whichever way is cheapest for each query:
 *
 *     pigeonring  tables of the segment, a small part of the rows is looked at (pigeonring_search.h)
 *     sweep       the same for thousands of queries at once, in one walk over the tables (pigeonring_sweep.h)
 *     sliced      a copy of few rows in bit planes (sliced.h)
 *     scan        every row, where it lies (hamming.h)
 *
 * All give the same answer. */
#ifndef HASHSCAN_INDEX_SEARCH_SEARCHER_H
#define HASHSCAN_INDEX_SEARCH_SEARCHER_H

#include <stdbool.h>

#include "hamming/hamming.h"
#include "index/format/segment.h"
#include "index/search/pigeonring_search.h"

struct searcher;

/* NULL when out of memory. `kind` of `segment` must be perceptual; both stay valid as long as the searcher. */
struct searcher *searcher_create(const struct segment *segment, hashscan_kind kind);
void searcher_destroy(struct searcher *searcher);

/* The memory that a sliced copy takes, besides the segment's bytes; 0 without one. */
size_t searcher_copy_bytes(const struct searcher *searcher);

/* Whether searching needs scratch memory: there is a pigeonring. */
bool searcher_needs_scratch(const struct searcher *searcher);

/* Visits every row within `radius` of each of `count` queries, in any order. `unknown` is NULL or as long as `queries`.
 * `scratch` may be NULL where none is needed. False when `visit` or `control`, which may be NULL, ended the search. Any
 * number of threads, each with a scratch of its own. */
bool searcher_search(const struct searcher *searcher, struct pigeonring_scratch *scratch, const uint8_t *queries,
                     const uint8_t *unknown, uint32_t count, unsigned radius, const hashscan_control *control,
                     hamming_visit visit, void *user);

/* What searcher_search is estimated to take, in nanoseconds of one thread, when nothing ends it. */
double searcher_cost(const struct searcher *searcher, const uint8_t *queries, const uint8_t *unknown, uint32_t count,
                     unsigned radius);

/* Caps what is used, for tests and benchmarks: which ways may be taken, where there is a ring. Not while searches run.
 */
enum searcher_ways {
  SEARCHER_ANY,
  SEARCHER_FLAT_ONLY, /* sliced where there is a copy, else a scan */
  SEARCHER_SCAN_ONLY,
  SEARCHER_PIGEONRING_ONLY, /* whatever it costs */
  SEARCHER_SWEEP_ONLY       /* the same in sweeps, where all bits are known */
};
void searcher_restrict(struct searcher *searcher, enum searcher_ways ways);

#endif
