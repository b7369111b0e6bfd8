/* SPDX-License-Identifier: Apache-2.0 */
/* The inner loops of PDQ. The scalar versions in kernels.c are the reference; x86/ overrides them, bit-identically:
 * every lane does the reference's float operations in the reference's order, so lanes run across
 * rows or columns and never along a sum.
 *
 * Adding 0.0f is exact, so the edges of a filter need no code of their own: what does not exist is zero. */
#ifndef HASHSCAN_PDQ_KERNELS_H
#define HASHSCAN_PDQ_KERNELS_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include "base/aligned.h"
#include "base/cpu.h"
#include "pdq/shape.h"

#define PDQ_STRIP 8 /* rows in a strip */

/* A box filter along an axis of `n` samples. The output at o is the mean of those inputs o + lead - window + 1 to
 * o + lead that exist; `count` says how many, and `reciprocal` is 1 / count, correctly rounded. */
struct pdq_box {
  size_t n;
  size_t window;
  size_t lead;
  float *count;
  float *reciprocal;
};

/* Eight rows of luma on their way through the first three filter passes: along rows, across rows, and along rows again
 * for the sampled columns. Row r of the strip enters the window across rows and row entering - window leaves it; the
 * output row is the one `lead` rows above.
 *
 * Interleaved scratch holds a column of eight rows together, scratch[8 * x + row], so that a filter along rows advances
 * eight rows with one vector operation. */
struct pdq_strip {
  const struct pdq_box *along; /* count and reciprocal padded with ones to a multiple of 8 */
  const float *luma;           /* eight rows, `stride` floats apart; rows from `rows` on are without meaning */
  size_t stride;               /* a multiple of 8, at least along->n */
  size_t rows;                 /* rows that exist, 0 to 8; the others count as zero across rows */
  float *before;               /* interleaved; `window` zero columns in front of it, `lead` + 8 behind its last tile */
  float *between;              /* interleaved; `window` columns in front of it; both may be overwritten */
  float *const *entering;      /* eight rows for the results of pass one; written up to a multiple of 8 columns */
  const float *const *leaving; /* eight rows of the same kind; one may be a row of `entering` */
  float *sum;                  /* running sums across rows, along->n of them padded to a multiple of 8 */
  const float *count;          /* rows in the window of each of the eight outputs, at least 1 */
  const float *reciprocal;
  const uint32_t *samples; /* PDQ_SIDE ascending columns, each + lead less than along->n */
  float (*out)[PDQ_SIDE];  /* eight rows */
};

/* What every `luma` and every `filter` asserts at its entry. */
static inline void pdq_assert_channels(unsigned channels) {
  assert(channels == 1 || channels == 3 || channels == 4);
  (void)channels;
}

static inline void pdq_assert_strip(const struct pdq_strip *strip) {
  assert(strip->stride % PDQ_STRIP == 0 && strip->stride >= strip->along->n);
  assert(strip->rows <= PDQ_STRIP && strip->along->lead == pdq_lead(strip->along->window));
  assert(is_aligned(strip->luma, 32) && is_aligned(strip->sum, 32));
  assert(is_aligned(strip->before, 32) && is_aligned(strip->between, 32));
  (void)strip;
}

/* Whole columns of a strip, and rows of the picture, are 32-byte aligned. */
struct pdq_kernels {
  /* n pixels of 1, 3 or 4 bytes to luma. Reads exactly n * channels bytes. */
  void (*luma)(const uint8_t *pixels, size_t n, unsigned channels, float *luma);

  void (*filter)(const struct pdq_strip *strip);

  /* coefficients = dct * picture * transpose(dct): 16x64, 64x64, 16x64 in, 16x16 out. */
  void (*transform)(const float *dct, const float *picture, float *coefficients);
};

/* The kernels of a tier; a tier that PDQ has no kernels for gets those of the next lower one. */
struct pdq_kernels pdq_kernels_for(enum cpu_tier tier);

#endif
