/* SPDX-License-Identifier: Apache-2.0 */
/* Building verdicts. A verdict is one allocation with all that it points to, but for the snapshots, which are shared.
 */
#ifndef HASHSCAN_MATCH_VERDICT_H
#define HASHSCAN_MATCH_VERDICT_H

#include "match/found.h"
#include "match/snapshots.h"

/* What a verdict says; it is copied. */
struct verdict_parts {
  hashscan_outcome outcome;
  hashscan_status status;
  hashscan_method method;
  const char *reason;
  const hashscan_image_hash *image;
  const struct found *found; /* in their final order */
  size_t found_count;
  const hashscan_hash_request *requests;
  size_t request_count;
  struct snapshots *snapshots; /* the verdict takes a reference of its own; NULL without matches */
};

/* Errors: MEMORY; *verdict is then NULL. */
hashscan_code verdict_create(const struct verdict_parts *parts, hashscan_verdict **verdict, hashscan_error *error);

/* The verdict on an input that could not even be read: unexamined. When there is no memory for it, one that says so and
 * that need not be destroyed, but may be. */
hashscan_verdict *verdict_unexamined(hashscan_status status, const char *reason);

/* The memory it takes, without the snapshots. */
size_t verdict_bytes(const hashscan_verdict *verdict);

#endif
