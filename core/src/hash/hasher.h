/* SPDX-License-Identifier: Apache-2.0 */
/* One thread's hashing: encoded bytes or pixels in, image hashes out. It knows no index. */
#ifndef HASHSCAN_HASH_HASHER_H
#define HASHSCAN_HASH_HASHER_H

#include <stdbool.h>

#include "hashscan.h"
#include "pdq/fast.h"

struct pdq_stream;

struct hashscan_hasher {
  hashscan_profile profile;
  hashscan_level level;
  bool dihedral;
  uint32_t digests;
  hashscan_limits limits;
  const hashscan_control *control; /* may end a call; NULL: none */
  struct pdq_stream *stream;       /* exact */
  struct pdq_fast *fast;           /* levels fast and blocks; NULL at level exact */
  bool to_fast;                    /* where the picture under way goes */
  struct pdq_fast_result result;   /* of the last picture hashed at fast or blocks */
};

/* hashscan_hash_requested for a request that is valid and an `out` of full size. */
hashscan_code hasher_hash(hashscan_hasher *hasher, const hashscan_hash_request *request, const void *bytes, size_t size,
                          hashscan_image_hash *out, hashscan_error *error);

#endif
