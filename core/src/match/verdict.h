/* SPDX-License-Identifier: Apache-2.0 */
/* The answer for one image against one snapshot. */
#ifndef HASHSCAN_MATCH_VERDICT_H
#define HASHSCAN_MATCH_VERDICT_H

#include "match/policy.h"

/* hashscan_match_image against `snapshot`, whose reference passes to the verdict, or is given back on failure.
 * `verdict` is zeroed before. Errors: MEMORY. */
hashscan_code verdict_compute(const struct match_policy *policy, hashscan_index *snapshot, hashscan_hasher *hasher,
                              const void *bytes, size_t size, hashscan_verdict *verdict, hashscan_error *error);

#endif
