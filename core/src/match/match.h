/* SPDX-License-Identifier: Apache-2.0 */
/* Matching of a batch of inputs against snapshots, under a policy. It knows image hashes and no bytes. */
#ifndef HASHSCAN_MATCH_MATCH_H
#define HASHSCAN_MATCH_MATCH_H

#include "match/policy.h"
#include "match/snapshots.h"

/* hashscan_match_hashes for image hashes that are valid and of this library's size. On failure all of `verdicts` are
 * NULL. */
hashscan_code match_batch(const struct match_policy *policy, struct snapshots *snapshots,
                          const hashscan_image_hash *const *images, const size_t *image_counts, size_t input_count,
                          const hashscan_control *control, hashscan_verdict **verdicts, hashscan_error *error);

/* The digests that the policy compares and that some index lists, a bit 1 << kind for each. */
uint32_t match_digests(const struct match_policy *policy, const struct snapshots *snapshots);

#endif
