/* SPDX-License-Identifier: Apache-2.0 */
/* Working memory of searches, kept by an index between them: too large for the stack of a small thread, and too
 * expensive to be allocated for each search. As many are kept as have been in use at once, up to a bound. */
#ifndef HASHSCAN_INDEX_SEARCH_SCRATCH_H
#define HASHSCAN_INDEX_SEARCH_SCRATCH_H

#include "index/search/pigeonring_search.h"

struct scratch_pool;

struct scratch_pool *scratch_pool_create(void); /* NULL when out of memory */

/* Nothing may be acquired. */
void scratch_pool_destroy(struct scratch_pool *pool);

/* Any number of threads may acquire and release. NULL when out of memory. */
struct pigeonring_scratch *scratch_acquire(struct scratch_pool *pool);
void scratch_release(struct scratch_pool *pool, struct pigeonring_scratch *scratch);

#endif
