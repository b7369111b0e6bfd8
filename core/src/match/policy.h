/* SPDX-License-Identifier: Apache-2.0 */
/* What matching means; fixed for the life of a matcher. */
#ifndef HASHSCAN_MATCH_POLICY_H
#define HASHSCAN_MATCH_POLICY_H

#include <stdbool.h>

#include "hashscan.h"

struct match_policy {
  unsigned radius;
  bool dihedral;
  int min_quality;
  hashscan_profile profile;
  hashscan_level level;
  hashscan_limits limits;
};

#endif
