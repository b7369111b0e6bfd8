/* SPDX-License-Identifier: Apache-2.0 */
/* How far the float rounding of the exact level and of the fast level's pixel path can drive them apart: a proven bound
 * for every picture of a size, crafted ones included (core/doc/DESIGN.md, "What the fast level can be off by"). */
#ifndef HASHSCAN_PDQ_ROUNDING_H
#define HASHSCAN_PDQ_ROUNDING_H

#include <stdint.h>

#include "pdq/fast_weights.h"
#include "pdq/kernels.h"

/* What depends on the DCT matrix alone. `size` is the sum of |D| over a row, `partial` the sum of its partial sums of
 * |D| and of |partial sums of D|, over all 64 terms and over the first 32. */
struct pdq_rounding_dct {
  double rows[PDQ_COEFFICIENTS][PDQ_SIDE];
  double size[PDQ_COEFFICIENTS];
  double partial[PDQ_COEFFICIENTS];
  double partial_folded[PDQ_COEFFICIENTS];
};

void pdq_rounding_dct_build(struct pdq_rounding_dct *constants, const float dct[PDQ_COEFFICIENTS * PDQ_SIDE]);

struct pdq_rounding {
  float coefficients[PDQ_COEFFICIENTS * PDQ_COEFFICIENTS]; /* |fast - exact| of each is at most this */
  float picture;                                           /* the same of a value of the 64x64 picture, in levels */
  float across; /* of the difference of two values beside each other in a row, in levels */
  float down;   /* of two values in a column */
};

/* How the fast level gets the picture: grey; RGB, whose channels carry their weights in luma in `along`; planes, whose
 * channels become luma in between, and `along` is as for grey; or video luma, whose samples are weighed as integers and
 * become levels by a factor in the end, while the exact level scales each of them first. */
enum pdq_rounding_pixels { PDQ_ROUNDING_GREY, PDQ_ROUNDING_RGB, PDQ_ROUNDING_PLANES, PDQ_ROUNDING_SCALED };

/* For a picture of `down->n` rows and `along->n` columns. */
void pdq_rounding_bound(const struct pdq_rounding_dct *constants, const struct pdq_weights *down,
                        const struct pdq_weights *along, enum pdq_rounding_pixels pixels, struct pdq_rounding *bound);

#endif
