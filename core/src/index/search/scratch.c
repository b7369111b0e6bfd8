/* SPDX-License-Identifier: Apache-2.0 */
/* A few slots that are exchanged atomically. There is no list to walk and so nothing that could be taken twice; a
 * search that finds all slots empty allocates, and one that finds them all full frees. */
#include "index/search/scratch.h"

#include <stdatomic.h>
#include <stdlib.h>

enum { SCRATCH_KEPT = 32 };

struct scratch_pool {
  _Atomic(struct pigeonring_scratch *) kept[SCRATCH_KEPT];
};

struct scratch_pool *scratch_pool_create(void) {
  return calloc(1, sizeof(struct scratch_pool));
}

struct pigeonring_scratch *scratch_acquire(struct scratch_pool *pool) {
  for (size_t i = 0; i < SCRATCH_KEPT; i++) {
    if (atomic_load_explicit(&pool->kept[i], memory_order_relaxed) == NULL) continue;
    /* Acquires what the search before it wrote, so that the sanitizers see the order that there is. */
    struct pigeonring_scratch *scratch = atomic_exchange_explicit(&pool->kept[i], NULL, memory_order_acquire);
    if (scratch != NULL) return scratch;
  }
  return pigeonring_scratch_create();
}

void scratch_release(struct scratch_pool *pool, struct pigeonring_scratch *scratch) {
  for (size_t i = 0; i < SCRATCH_KEPT && scratch != NULL; i++) {
    struct pigeonring_scratch *empty = NULL;
    if (atomic_compare_exchange_strong_explicit(&pool->kept[i], &empty, scratch, memory_order_release,
                                                memory_order_relaxed))
      return;
  }
  pigeonring_scratch_destroy(scratch);
}

void scratch_pool_destroy(struct scratch_pool *pool) {
  if (pool == NULL) return;
  for (size_t i = 0; i < SCRATCH_KEPT; i++)
    pigeonring_scratch_destroy(atomic_exchange_explicit(&pool->kept[i], NULL, memory_order_acquire));
  free(pool);
}
