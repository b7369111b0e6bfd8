/* SPDX-License-Identifier: Apache-2.0 */
/* A policy, and the snapshot that reload swaps. */
#ifndef HASHSCAN_MATCH_MATCHER_H
#define HASHSCAN_MATCH_MATCHER_H

#include <pthread.h>

#include "match/policy.h"

struct hashscan_matcher {
  char *path;
  struct match_policy policy;
  pthread_mutex_t reloading; /* reloads one after the other, so that an older index never replaces a newer one */
  pthread_mutex_t lock;      /* of what follows; held to copy a pointer, never while an index is opened or searched */
  hashscan_index *snapshot;
  uint64_t generation; /* counts reloads: two equal numbers mean the same snapshot, which equal pointers do not */
};

/* The current snapshot with a reference for the caller, and its generation. */
hashscan_index *matcher_current(hashscan_matcher *matcher, uint64_t *generation);

#endif
