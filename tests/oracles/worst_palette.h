/* SPDX-License-Identifier: Apache-2.0 */
/* Colours of a narrow range of luma, drawn evenly from all there are. */
#ifndef HASHSCAN_ORACLES_WORST_PALETTE_H
#define HASHSCAN_ORACLES_WORST_PALETTE_H

#include <stdbool.h>
#include <stdint.h>

#include "index_random.h"

enum { WORST_COLOURS = 4096 };

struct worst_palette {
  uint8_t colours[WORST_COLOURS][4]; /* red, green, blue, 0; or grey four times */
  float luma[WORST_COLOURS];         /* as the exact level computes it */
};

/* Luma at least `low` and less than `high`; grey with one channel. When no colour lies in the range, takes the grey
 * nearest to `low`. False when out of memory. */
bool worst_palette_fill(struct worst_palette *palette, unsigned channels, float low, float high,
                        struct random_stream *random);

#endif
