/* SPDX-License-Identifier: Apache-2.0 */
/* Hamming distance over 256-bit and 64-bit hashes: rows and queries in, every pair within a radius out.
 *
 * A scan is exact and complete. It walks the rows in blocks that stay in the first-level cache while all queries pass
 * over them, and a kernel compares one query with one block. Bits that a query marks as unknown differ from nothing.
 * hamming.c holds the scalar reference; x86/ and arm/ override it. Rows are read where they lie, as the index maps
 * them; sliced.h is the faster way over rows that are worth a copy in memory. */
#ifndef HASHSCAN_HAMMING_HAMMING_H
#define HASHSCAN_HAMMING_HAMMING_H

#include <assert.h>
#include <stdbool.h>

#include "base/cpu.h"
#include "hashscan.h"

#define HAMMING_MAX_ROW_BYTES 32
#define HAMMING_MAX_RADIUS 256
/* 256 rows are at most 8 KiB: a quarter of the smallest first-level data cache around. */
#define HAMMING_BLOCK_ROWS 256

struct hamming_hit {
  uint32_t row; /* in the block */
  uint32_t distance;
};

/* Compares `query` with `count` rows (at most HAMMING_BLOCK_ROWS, contiguous, no alignment needed) in the bits set in
 * `known` and writes those within `radius`, in row order, to `hits`, which has room for `count`. Returns how many. */
typedef size_t (*hamming_kernel)(const uint8_t *rows, size_t count, const uint8_t *query, const uint8_t *known,
                                 unsigned radius, struct hamming_hit *hits);

/* What every kernel asserts at its entry. */
static inline void hamming_assert_block(size_t count, unsigned radius) {
  assert(count <= HAMMING_BLOCK_ROWS);
  assert(radius <= HAMMING_MAX_RADIUS);
  (void)count;
  (void)radius;
}

/* The kernel of `tier` for rows of 32 or 8 bytes; a tier without one of its own gets that of the next lower one. The
 * machine must have it. */
hamming_kernel hamming_kernel_for(enum cpu_tier tier, size_t row_bytes);

/* The distance of one row and `query` in the bits set in `known`. */
typedef unsigned (*hamming_distance)(const uint8_t *row, const uint8_t *query, const uint8_t *known);
hamming_distance hamming_distance_for(enum cpu_tier tier, size_t row_bytes);

/* The bits of a hash that count: all but those set in `unknown`, which may be NULL. */
void hamming_known(const uint8_t *unknown, size_t row_bytes, uint8_t known[HAMMING_MAX_ROW_BYTES]);

/* Called for each pair within the radius; false ends the scan. */
typedef bool (*hamming_visit)(void *user, size_t row, uint32_t query, unsigned distance);

/* Compares every query with every row; both are contiguous and row_bytes long, 32 or 8. `unknown` holds row_bytes for
 * each query, or is NULL when all bits are known. False when `visit` ended it. Any thread. */
bool hamming_scan(const uint8_t *rows, size_t row_count, size_t row_bytes, const uint8_t *queries,
                  const uint8_t *unknown, uint32_t query_count, unsigned radius, hamming_visit visit, void *user);

#endif
