/* SPDX-License-Identifier: Apache-2.0 */
/* The pigeonring section of a segment. */
#ifndef HASHSCAN_INDEX_BUILD_PIGEONRING_BUILD_H
#define HASHSCAN_INDEX_BUILD_PIGEONRING_BUILD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Builds the pigeonring of `row_count` distinct rows and hands the section's bytes to `put` from front to back. Works
 * on all CPUs; needs two bytes for each word of a row, and for each CPU a table. False when out of memory. The layout
 * depends on a secret drawn for the occasion, so two pigeonrings of the same rows differ. */
bool pigeonring_write(const uint8_t *rows, size_t row_count, size_t row_bytes,
                      void (*put)(void *user, const void *bytes, size_t size), void *user);

#endif
