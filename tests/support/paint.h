/* SPDX-License-Identifier: Apache-2.0 */
/* Pixels that hashes can be told apart by. */
#ifndef HASHSCAN_TESTS_PAINT_H
#define HASHSCAN_TESTS_PAINT_H

#include <stddef.h>
#include <stdint.h>

/* Blocks of one size with less than `most_noise` levels of noise on them: structure at two scales, hard edges,
 * saturated spots. */
void paint_blocks(uint8_t *pixels, size_t width, size_t height, unsigned channels, unsigned most_noise, uint64_t seed);

#endif
