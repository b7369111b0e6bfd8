/* SPDX-License-Identifier: Apache-2.0 */
/* Screening (core/doc/DESIGN.md): can the hash of level fast or blocks alone say that nothing matches? */
#ifndef HASHSCAN_MATCH_SCREEN_H
#define HASHSCAN_MATCH_SCREEN_H

#include "match/policy.h"

/* Whether one of the hashes has so many unknown bits that a search with them costs more than one without. */
bool screen_is_vague(const hashscan_image_hash *image);

/* Whether a verdict with this method was settled without the exact hash. */
bool screen_settled(hashscan_method method);

/* Hashes a view of the picture as the policy says. With method fast or blocks, no PDQ entry of `snapshot` is within the
 * radius or the quality is under the minimum; otherwise the hashes are exact and still to be searched. Errors: MEMORY.
 */
hashscan_code screen_view(const struct match_policy *policy, const hashscan_index *snapshot, hashscan_hasher *hasher,
                          hashscan_view view, const void *bytes, size_t size, hashscan_image_hash *image,
                          hashscan_method *method, hashscan_error *error);

#endif
