/* SPDX-License-Identifier: Apache-2.0 */
/* Small grey pictures by number, for PDQ hashes whose bits are correlated as those of photographs are. */
#ifndef HASHSCAN_ORACLES_INDEX_PICTURES_H
#define HASHSCAN_ORACLES_INDEX_PICTURES_H

#include <stdint.h>

/* The side at which PDQ hashes pixels as they are: painting larger would only cost time. */
#define PICTURE_SIDE 64

/* Paints picture `number` of `seed`: the same pixels every time. */
void picture_paint(uint64_t seed, uint64_t number, uint8_t pixels[PICTURE_SIDE * PICTURE_SIDE]);

#endif
