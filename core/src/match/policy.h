/* SPDX-License-Identifier: Apache-2.0 */
/* What matching means; fixed for the life of a matcher. */
#ifndef HASHSCAN_MATCH_POLICY_H
#define HASHSCAN_MATCH_POLICY_H

#include "hashscan.h"

struct match_policy {
  unsigned radius;
  hashscan_transforms transforms;
  int min_quality;
  uint32_t kinds; /* a bit 1 << kind for each that is compared */
  hashscan_profile profile;
  hashscan_level level;
  hashscan_limits limits;
};

#endif
