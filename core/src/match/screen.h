/* SPDX-License-Identifier: Apache-2.0 */
/* Screening (core/doc/DESIGN.md): can an image hash of level fast or blocks alone say that nothing matches? Decisions
 * about one image hash; match.c searches. */
#ifndef HASHSCAN_MATCH_SCREEN_H
#define HASHSCAN_MATCH_SCREEN_H

#include "match/policy.h"
#include "match/snapshots.h"

/* Whether one of the hashes has so many unknown bits that a search with them costs more than one without. */
bool screen_is_vague(const hashscan_image_hash *image);

/* What a screening hash leads to. */
enum screen_step {
  SCREEN_FLAT,   /* its quality is under the minimum for certain: not compared */
  SCREEN_SEARCH, /* search it with its unknown bits as wildcards: no candidate, no match */
  SCREEN_OPEN    /* only a more exact hash tells */
};

/* `hash_count` of the hashes are compared. *method is the verdict's if the hash settles it, which it does unless the
 * step is SCREEN_OPEN or a search finds a candidate; see screen_method_after. */
enum screen_step screen_step_of(const struct match_policy *policy, const struct snapshots *snapshots,
                                const hashscan_image_hash *image, uint32_t hash_count, hashscan_method *method);

/* The method of a verdict from the exact hash that this screening hash did not settle: fast-confirmed, or exact when it
 * was of no use. */
hashscan_method screen_method_after(const struct match_policy *policy, const struct snapshots *snapshots,
                                    const hashscan_image_hash *image, uint32_t hash_count);

/* Whether a verdict with this method was settled without the exact hash. */
bool screen_settled(hashscan_method method);

/* The level that decides what a hash of `level` leaves open. */
hashscan_level screen_next_level(hashscan_level level);

#endif
