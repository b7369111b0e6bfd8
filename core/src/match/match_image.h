/* SPDX-License-Identifier: Apache-2.0 */
/* Hashing and matching in one: the only place that knows both bytes and snapshots. */
#ifndef HASHSCAN_MATCH_MATCH_IMAGE_H
#define HASHSCAN_MATCH_MATCH_IMAGE_H

#include "match/policy.h"
#include "match/snapshots.h"

/* hashscan_match_image against `snapshots`. Errors: MEMORY; *verdict is then NULL. */
hashscan_code match_bytes(const struct match_policy *policy, struct snapshots *snapshots, hashscan_hasher *hasher,
                          const void *bytes, size_t size, hashscan_verdict **verdict, hashscan_error *error);

#endif
