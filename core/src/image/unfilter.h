/* SPDX-License-Identifier: Apache-2.0 */
/* Undoing PNG's row filters (PNG specification, clause 9), and turning rows of samples into grey or RGB. The scalar
 * versions in unfilter.c are the reference; x86/ and arm/ override them. Every byte is exact. */
#ifndef HASHSCAN_IMAGE_UNFILTER_H
#define HASHSCAN_IMAGE_UNFILTER_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cpu.h"

#define UNFILTER_COUNT 5 /* none, sub, up, average, paeth: PNG's numbers */

/* Undoes the filter of `row` in place. `above` is the unfiltered row before it, zeros for the first; `bytes` is the
 * size of both, a multiple of `pixel_bytes`, which is 1 to 4. Reads and writes nothing outside the two. */
typedef void (*unfilter_kernel)(uint8_t *row, const uint8_t *above, size_t bytes, size_t pixel_bytes);

/* What every one of them asserts at its entry. */
static inline void unfilter_assert_row(size_t bytes, size_t pixel_bytes) {
  assert(pixel_bytes >= 1 && pixel_bytes <= 4);
  assert(bytes % pixel_bytes == 0);
  (void)bytes;
  (void)pixel_bytes;
}

struct unfilter_kernels {
  unfilter_kernel undo[UNFILTER_COUNT];

  /* n pixels of grey and alpha to grey, or of RGBA to RGB: `channels` is 2 or 4, one of them is dropped. */
  void (*drop_alpha)(uint8_t *out, const uint8_t *pixels, size_t n, size_t channels);
};

/* The kernels of `tier`; a tier without some of its own gets those of the next lower one. The machine must have it. */
struct unfilter_kernels unfilter_kernels_for(enum cpu_tier tier);

#endif
