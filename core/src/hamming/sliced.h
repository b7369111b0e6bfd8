/* SPDX-License-Identifier: Apache-2.0 */
/* Bit-sliced flat scan: every row within a radius, exactly, from a copy of the rows turned on its side.
 *
 * Rows stand in blocks of 512. A plane holds one bit of each of them side by side, so a few wide bitwise operations a
 * plane bound the distances of 512 rows at once. Nearly every row is out by that bound at the radii in use; the few
 * rows left are compared in full. For small lists and fresh entries, where it beats hamming_scan() and a sublinear
 * index. Where bounds are no use, at large radii or with most bits unknown, all rows are compared as by hamming_scan().
 */
#ifndef HASHSCAN_HAMMING_SLICED_H
#define HASHSCAN_HAMMING_SLICED_H

#include "hamming/hamming.h"

/* Immutable; any number of threads. */
struct sliced;

/* Slices `row_count` contiguous rows of 32 or 8 bytes, for the kernels of `tier`, which the machine must have. The rows
 * stay with the caller and must outlive the result, which takes four thirds of their memory again. NULL when there is
 * not enough. */
struct sliced *sliced_create(const uint8_t *rows, size_t row_count, size_t row_bytes, enum cpu_tier tier);
void sliced_destroy(struct sliced *sliced);

/* The memory that the planes take. */
size_t sliced_bytes(const struct sliced *sliced);

/* Answers like hamming_scan() over the rows given to sliced_create(): it visits the same pairs, for each query in
 * ascending order of rows, queries interleaved. SLICED_BATCH queries at a time pass over a block while it is in the
 * cache. */
#define SLICED_BATCH 16
bool sliced_search(const struct sliced *sliced, const uint8_t *queries, const uint8_t *unknown, uint32_t query_count,
                   unsigned radius, hamming_visit visit, void *user);

#endif
