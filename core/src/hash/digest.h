/* SPDX-License-Identifier: Apache-2.0 */
/* Cryptographic digests of a file's bytes, as lists publish them. */
#ifndef HASHSCAN_HASH_DIGEST_H
#define HASHSCAN_HASH_DIGEST_H

#include "hashscan.h"

/* Computes MD5, SHA1 or SHA256 through libcrypto. Any thread. Errors: MEMORY, which also stands for an algorithm that
 * this machine's libcrypto refuses (MD5 under a FIPS policy): no digest must never read as no match. */
hashscan_code digest_compute(hashscan_kind kind, const void *bytes, size_t size,
                             uint8_t digest[HASHSCAN_MAX_HASH_BYTES], hashscan_error *error);

#endif
