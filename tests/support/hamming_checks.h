/* SPDX-License-Identifier: Apache-2.0 */
/* Checks of the Hamming kernels of one tier against counting bit by bit. They need no test library, so that
 * tests/neon/ can run them under an emulator; a check that fails prints what differed and returns false. Buffers end at
 * an unmapped page. The machine must have the tier. */
#ifndef HASHSCAN_TESTS_HAMMING_CHECKS_H
#define HASHSCAN_TESTS_HAMMING_CHECKS_H

#include <stdbool.h>

#include "base/cpu.h"

/* The distance of two PDQ hashes, at every distance. */
bool hamming_check_distance(void);

/* Bucket kernel: lengths 0 to 100 and some longer ones, limits 0 to 16, known masks, many buckets in a call, little
 * room for hits, exactly BUCKET_OVERREAD bytes behind the words. */
bool hamming_check_bucket(enum cpu_tier tier);

/* The kernel for many probes of one bucket: spans of every length to 100 and some longer ones, at every place in a
 * line, limits 0 to 16, no more room than is promised, and nothing readable beyond BUCKET_OVERREAD bytes. */
bool hamming_check_bucket_many(enum cpu_tier tier);

/* Block kernels for rows of 32 and 8 bytes: every radius, a row at every distance, counts 0 to 33 and a full block. */
bool hamming_check_block(enum cpu_tier tier);

/* hamming_scan() of the tier in use: numbers of rows 0 to 10,000, radii 0 to 256, masks of 0 to 256 unknown bits. */
bool hamming_check_scan(void);

/* The same of sliced_search(), singly and in batches. */
bool hamming_check_sliced(enum cpu_tier tier);

/* Which rows sliced_search() compares in full (sliced_bounds.c). */
bool hamming_check_bounds(enum cpu_tier tier);

/* Both ways stop when the visitor says so. */
bool hamming_check_stop(enum cpu_tier tier);

#endif
