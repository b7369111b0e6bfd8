/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes to verdict, and batches of files to records.
 *
 *     hasher.c   encoded bytes or pixels -> hashes            one thread's working memory
 *     digest.c   file bytes -> MD5, SHA-1, SHA-256
 *     screen.c   screening hash and its unknown bits -> nothing, or the exact hash
 *     verdict.c  hashes and digests -> verdict                 against one snapshot
 *     matcher.c  policy, and the snapshot that reload swaps
 *     walk.c     paths -> files, in a stable order
 *     place.c    what a walk found, opened as what it was; links
 *     folder_set.c  the folders that a walk entered
 *     dedup.c    equal bytes are decoded once
 *     ring.c     slots from the walker through the workers to the emitter, in order
 *     scan.c     threads around all that
 */
#ifndef HASHSCAN_SCAN_SCAN_H
#define HASHSCAN_SCAN_SCAN_H

#include <pthread.h>
#include <stdbool.h>

#include "hashscan.h"
#include "pdq/fast.h"

struct pdq_stream;

struct hashscan_hasher {
  hashscan_profile profile;
  hashscan_level level;
  bool dihedral;
  hashscan_limits limits;
  struct pdq_stream *stream;     /* exact */
  struct pdq_fast *fast;         /* levels fast and blocks; NULL at level exact */
  bool to_fast;                  /* where the picture under way goes */
  struct pdq_fast_result result; /* of the last picture hashed at fast or blocks */
};

/* hashscan_hash_image of a view of the picture, at a level up to that of the hasher. */
void hasher_hash(hashscan_hasher *hasher, hashscan_level level, hashscan_view view, const void *bytes, size_t size,
                 hashscan_image_hash *out);

/* What matching means; fixed for the life of a matcher. */
struct match_policy {
  unsigned radius;
  bool dihedral;
  int min_quality;
  hashscan_profile profile;
  hashscan_level level;
  hashscan_limits limits;
};

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

/* hashscan_match_image against `snapshot`, whose reference passes to the verdict, or is given back on failure.
 * `verdict` is zeroed before. Errors: MEMORY. */
hashscan_code verdict_compute(const struct match_policy *policy, hashscan_index *snapshot, hashscan_hasher *hasher,
                              const void *bytes, size_t size, hashscan_verdict *verdict, hashscan_error *error);

#endif
