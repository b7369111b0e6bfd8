/* SPDX-License-Identifier: Apache-2.0 */
/* A policy, and the snapshots that reload swaps. */
#ifndef HASHSCAN_MATCH_MATCHER_H
#define HASHSCAN_MATCH_MATCHER_H

#include <pthread.h>

#include "match/policy.h"
#include "match/snapshots.h"

struct hashscan_matcher {
  struct match_policy policy;
  pthread_mutex_t reloading; /* reloads one after the other, so that an older index never replaces a newer one */
  pthread_mutex_t lock;      /* of what follows; held to copy a pointer, never while an index is opened or searched */
  struct snapshots *snapshots;
};

/* The current snapshots, with a reference for the caller. */
struct snapshots *matcher_current(hashscan_matcher *matcher);

#endif
