/* SPDX-License-Identifier: Apache-2.0 */
/* MANIFEST: the file that makes a folder an index, and names its segment. */
#ifndef HASHSCAN_INDEX_MANIFEST_H
#define HASHSCAN_INDEX_MANIFEST_H

#include "index/format.h"

struct manifest {
  uint8_t digest[INDEX_DIGEST_BYTES]; /* of MANIFEST itself: the digest of the index */
  uint8_t segment_digest[INDEX_DIGEST_BYTES];
  uint64_t segment_size;
  uint64_t entries;
};

/* Checks every byte. `source` is for messages. Errors: FORMAT, VERSION. */
hashscan_code manifest_decode(const char *source, const uint8_t *bytes, size_t size, struct manifest *manifest,
                              hashscan_error *error);

/* Writes INDEX_MANIFEST_BYTES and sets manifest->digest. */
void manifest_encode(struct manifest *manifest, uint8_t *bytes);

/* Reads the MANIFEST of the folder `dirfd`. Errors: FORMAT (also when there is none), VERSION, IO. */
hashscan_code manifest_read(const char *source, int dirfd, struct manifest *manifest, hashscan_error *error);

#endif
