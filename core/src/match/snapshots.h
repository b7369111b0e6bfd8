/* SPDX-License-Identifier: Apache-2.0 */
/* The indexes that a matcher answers from at one time: one or several, opened together, immutable, shared by reference.
 * Verdicts hold a reference, so what their matches point to outlives reloads. */
#ifndef HASHSCAN_MATCH_SNAPSHOTS_H
#define HASHSCAN_MATCH_SNAPSHOTS_H

#include <stdatomic.h>
#include <stdbool.h>

#include "hashscan.h"

struct snapshots {
  atomic_size_t references;
  uint64_t generation; /* counts reloads: two equal numbers mean the same snapshots, which equal pointers do not */
  size_t count;
  hashscan_index **indexes;
  const char **paths; /* as they were given */
};

/* Opens all or none, with one reference for the caller. Errors: those of hashscan_index_open. */
hashscan_code snapshots_open(const char *const *paths, size_t count, struct snapshots **snapshots,
                             hashscan_error *error);
struct snapshots *snapshots_retain(struct snapshots *snapshots);
void snapshots_release(struct snapshots *snapshots);

/* Whether one of the indexes has entries of `kind`. */
bool snapshots_have(const struct snapshots *snapshots, hashscan_kind kind);

#endif
