/* SPDX-License-Identifier: Apache-2.0 */
/* Hamming distance over 256-bit hashes: rows and queries in, every pair within a radius out.
 *
 * A scan is exact and complete. It walks the rows in blocks that stay in the first-level cache while all queries pass
 * over them, and a kernel compares one query with one block. hamming.c holds the scalar reference; x86/ overrides it.
 * Faster ways to the same answer (bit-sliced planes, a sublinear index) belong behind hamming_scan(). */
#ifndef HASHSCAN_HAMMING_HAMMING_H
#define HASHSCAN_HAMMING_HAMMING_H

#include <stdbool.h>

#include "base/cpu.h"
#include "hashscan.h"

#define HAMMING_ROW_BYTES 32
#define HAMMING_MAX_RADIUS 256
/* 256 rows are 8 KiB: a quarter of the smallest first-level data cache around. */
#define HAMMING_BLOCK_ROWS 256

struct hamming_hit {
  uint32_t row; /* in the block */
  uint32_t distance;
};

/* Compares `query` with `count` rows (at most HAMMING_BLOCK_ROWS, contiguous, no alignment needed) and writes those
 * within `radius`, in row order, to `hits`, which has room for `count`. Returns how many. */
typedef size_t (*hamming_kernel)(const uint8_t *rows, size_t count, const uint8_t *query, unsigned radius,
                                 struct hamming_hit *hits);

/* The kernel of `tier`; a tier without one of its own gets that of the next lower one. The machine must have it. */
hamming_kernel hamming_kernel_for(enum cpu_tier tier);

/* Called for each pair within the radius; false ends the scan. */
typedef bool (*hamming_visit)(void *user, size_t row, uint32_t query, unsigned distance);

/* Compares every query with every row. False when `visit` ended it. Any thread. */
bool hamming_scan(const uint8_t *rows, size_t row_count, const hashscan_pdq *queries, uint32_t query_count,
                  unsigned radius, hamming_visit visit, void *user);

#endif
