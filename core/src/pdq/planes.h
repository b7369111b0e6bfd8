/* SPDX-License-Identifier: Apache-2.0 */
/* Planes of a JPEG, weighed as the pixels that libjpeg-turbo would make of them, without these ever being written to
 * memory. The arithmetic is libjpeg-turbo's to the last bit (jdsample.c, jdcolor.c), because those are the pixels that
 * the exact level hashes. Kernels are as in fast_kernels.h. */
#ifndef HASHSCAN_PDQ_PLANES_H
#define HASHSCAN_PDQ_PLANES_H

#include <stdbool.h>

#include "base/cpu.h"
#include "image/image.h"

/* Sums of a row: those of R from the start, of G from `plane` on, of B from 2 * plane on. */
struct pdq_planes_kernels {
  /* Whether this is faster than to have libjpeg-turbo make the pixels. */
  bool pays;

  /* sums[c * plane + x] += scale * (weights[0] * channel c of pixel x of row `row` + weights[1] * ... row + 1 + ...)
   * for x < width. `row` counts from planes->first; `count` and `weights` as pdq_fast_kernels.weigh has them. `plane`
   * is at least the next multiple of 32 pixels, up to which sums become something finite; 64-byte aligned. */
  void (*weigh)(const struct image_planes *planes, size_t row, size_t count, const uint8_t *weights, float scale,
                size_t width, float *sums, size_t plane);

  /* sums[x] = luma of the three sums for x < n, a multiple of 8. */
  void (*luma)(float *sums, size_t plane, size_t n);
};

struct pdq_planes_kernels pdq_planes_kernels_for(enum cpu_tier tier);

#endif
