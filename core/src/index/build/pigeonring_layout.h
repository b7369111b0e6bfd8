/* SPDX-License-Identifier: Apache-2.0 */
/* Choosing which word of a pigeonring each bit belongs to. */
#ifndef HASHSCAN_INDEX_BUILD_PIGEONRING_LAYOUT_H
#define HASHSCAN_INDEX_BUILD_PIGEONRING_LAYOUT_H

#include "index/format/pigeonring.h"

/* Chooses a layout from `count` sample rows, so that bits that tend to agree land in different words, mixed with
 * `secret`, so that nobody can craft rows that fall into one bucket. False when out of memory. */
bool pigeonring_layout_choose(struct pigeonring_layout *layout, unsigned words, const uint8_t *samples, size_t count,
                              uint64_t secret);

#endif
