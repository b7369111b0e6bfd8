/* SPDX-License-Identifier: Apache-2.0 */
/* Planes of a JPEG, weighed as the pixels that libjpeg-turbo would make of them, without these ever being written to
 * memory. The arithmetic is libjpeg-turbo's to the last bit (jdsample.c, jdcolor.c), because those are the pixels that
 * the exact level hashes. Kernels are as in fast_kernels.h. */
#ifndef HASHSCAN_PDQ_PLANES_H
#define HASHSCAN_PDQ_PLANES_H

#include <assert.h>
#include <stdbool.h>

#include "base/aligned.h"
#include "base/cpu.h"
#include "image/image.h"
#include "pdq/fast_kernels.h"

/* What every `weigh` asserts at its entry. */
static inline void pdq_planes_assert(const struct image_planes *planes, size_t row, size_t count, size_t width,
                                     const float *sums, size_t plane) {
  assert(row + count <= planes->count && count <= PDQ_GROUP_ROWS);
  assert(plane >= (width + 31) / 32 * 32 && plane % 16 == 0);
  assert(is_aligned(sums, 64));
  (void)planes, (void)row, (void)count, (void)width, (void)sums, (void)plane;
}

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
