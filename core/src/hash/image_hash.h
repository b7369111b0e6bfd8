/* SPDX-License-Identifier: Apache-2.0 */
/* Image hashes that come from somewhere else: what is a possible answer of a hasher, and what is not. */
#ifndef HASHSCAN_HASH_IMAGE_HASH_H
#define HASHSCAN_HASH_IMAGE_HASH_H

#include "hashscan.h"

/* Whether `hash`, of this library's size, holds what a hasher could have filled in: each value in its range, and those
 * that depend on each other consistent. Errors: ARGUMENT, with the field that is wrong. */
hashscan_code image_hash_check(const hashscan_image_hash *hash, hashscan_error *error);

/* Brings a caller's image hash, of the size that it says, to this library's size: `known` is one by _INIT. Errors:
 * ARGUMENT, also for a size that leaves out hashes, unknown bits or digests, which would read as none. */
hashscan_code image_hash_copy(hashscan_image_hash *known, const hashscan_image_hash *given, hashscan_error *error);

#endif
