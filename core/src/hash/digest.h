/* SPDX-License-Identifier: Apache-2.0 */
/* Cryptographic digests of a file's bytes, as lists publish them. */
#ifndef HASHSCAN_HASH_DIGEST_H
#define HASHSCAN_HASH_DIGEST_H

#include "hashscan.h"

/* A bit for each kind that is a digest. */
#define DIGEST_KINDS (1u << HASHSCAN_KIND_MD5 | 1u << HASHSCAN_KIND_SHA1 | 1u << HASHSCAN_KIND_SHA256)

/* Errors: ARGUMENT when `digests` holds a bit of anything else. */
hashscan_code digests_check(uint32_t digests, hashscan_error *error);

/* Computes the digests named in `digests` through libcrypto, and adds them to those of `hash`. Any thread. Errors:
 * MEMORY, which also stands for an algorithm that this machine's libcrypto refuses (MD5 under a FIPS policy): no digest
 * must never read as no match; STOPPED or TIMEOUT when `control`, which may be NULL, ended it. */
hashscan_code digests_compute(uint32_t digests, const void *bytes, size_t size, const hashscan_control *control,
                              hashscan_image_hash *hash, hashscan_error *error);

/* Where `hash` has its digest of `kind`; NULL for a kind that is none. */
uint8_t *digest_of(hashscan_image_hash *hash, hashscan_kind kind);
const uint8_t *digest_read(const hashscan_image_hash *hash, hashscan_kind kind);

#endif
