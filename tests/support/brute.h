/* SPDX-License-Identifier: Apache-2.0 */
/* The distance that brute force counts. It shares nothing with the library, and takes the CPU's instruction where there
 * is one: without it, counting bits is most of what the searching tests cost. */
#ifndef HASHSCAN_TESTS_BRUTE_H
#define HASHSCAN_TESTS_BRUTE_H

#include <stddef.h>
#include <stdint.h>

/* Bits in which two hashes of `bytes` bytes, a multiple of 8, differ, without those set in `unknown` (NULL: none). */
unsigned brute_distance(const uint8_t *a, const uint8_t *b, const uint8_t *unknown, size_t bytes);

#endif
