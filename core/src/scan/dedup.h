/* SPDX-License-Identifier: Apache-2.0 */
/* Equal bytes are decoded once in a scan. */
#ifndef HASHSCAN_SCAN_DEDUP_H
#define HASHSCAN_SCAN_DEDUP_H

#include <stdbool.h>

#include "hashscan.h"

/* A finished verdict, immutable and counted by reference. */
struct result;

/* A result with one reference, which owns the verdict from now on. NULL when out of memory; the caller then still owns
 * it. */
struct result *result_take(hashscan_verdict *verdict);
void result_release(struct result *result);

/* Lives as long as the result. */
hashscan_verdict *result_verdict(const struct result *result);

/* True from the second call on: how the emitter tells the first input with these bytes from later ones. Only one thread
 * may call it. */
bool result_was_reported(struct result *result);

struct dedup;
struct dedup_node;

/* Errors: MEMORY, IO (the system has no random numbers). */
hashscan_code dedup_create(struct dedup **dedup, hashscan_error *error);
void dedup_destroy(struct dedup *dedup);

enum dedup_answer {
  DEDUP_KNOWN, /* *result is the answer, with a reference for the caller */
  DEDUP_OWNER, /* nobody has it: compute it and call dedup_end(*node), whatever happens */
  DEDUP_ALONE  /* compute it; there is nothing to end */
};

/* Looks the bytes up among the results for the same snapshot generation. Waits while another thread is computing the
 * answer for equal bytes. Any thread. */
enum dedup_answer dedup_begin(struct dedup *dedup, const void *bytes, size_t size, uint64_t generation,
                              struct dedup_node **node, struct result **result);

/* Hands the owner's result to those who wait and to later equal inputs; the caller keeps its reference. NULL: the
 * result must not stand for others, who then compute their own. */
void dedup_end(struct dedup *dedup, struct dedup_node *node, struct result *result);

#endif
