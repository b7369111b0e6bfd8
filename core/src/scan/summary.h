/* SPDX-License-Identifier: Apache-2.0 */
/* What became of many inputs, counted. */
#ifndef HASHSCAN_SCAN_SUMMARY_H
#define HASHSCAN_SCAN_SUMMARY_H

#include <stdbool.h>

#include "hashscan.h"

struct hashscan_summary {
  uint64_t inputs;
  uint64_t by_outcome[HASHSCAN_OUTCOME_COUNT];
  uint64_t by_status[HASHSCAN_STATUS_COUNT];
  uint64_t by_method[HASHSCAN_METHOD_COUNT];
  uint64_t duplicates;
  uint64_t bytes;
  double seconds;
  bool stopped;
};

/* hashscan_summary_count for a verdict that this library made. */
void summary_count(hashscan_summary *summary, const hashscan_verdict *verdict, uint64_t bytes, bool duplicate);

#endif
