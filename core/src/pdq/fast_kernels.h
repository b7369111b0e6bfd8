/* SPDX-License-Identifier: Apache-2.0 */
/* The inner loops of the fast level. The scalar versions in fast_kernels.c are the reference; x86/ and arm/ override
 * them with the same results: sums of bytes are exact, and float operations keep the reference's order.
 *
 * Sums along a row keep eight lanes, element k in lane k % 8, which are added up in the end as
 * ((0 + 1) + (2 + 3)) + ((4 + 5) + (6 + 7)). */
#ifndef HASHSCAN_PDQ_FAST_KERNELS_H
#define HASHSCAN_PDQ_FAST_KERNELS_H

#include <stddef.h>
#include <stdint.h>

#include "base/cpu.h"
#include "pdq/fast_weights.h"
#include "pdq/kernels.h"
#include "pdq/spectrum.h"

#define PDQ_GROUP_ROWS 16
#define PDQ_MISSING_MAX 13
#define PDQ_COEFFICIENT_MAX                                                                                            \
  12000                      /* far beyond blocks of 8-bit samples; twice it and 2^PDQ_MISSING_MAX are an int16_t */
#define PDQ_GROUP_WEIGHT 257 /* times 255 is the largest 16-bit number */

/* The DCT matrix, arranged for pdq_fast_kernels.transform, which halves the work by the symmetry of its rows:
 * coefficient (i, 63 - k) is that of (i, k), negated when i is even (frequency i + 1 is odd). */
struct pdq_folded_dct {
  float rows[PDQ_COEFFICIENTS][PDQ_SIDE / 2];    /* (i, k) */
  float columns[PDQ_SIDE / 2][PDQ_COEFFICIENTS]; /* (k, i): those of even i come first */
};

/* What the kernels assert at their entry, whatever the tier. */
static inline void pdq_fast_assert_sums(const float *sums) {
  assert(is_aligned(sums, 64));
  (void)sums;
}

/* Coefficients of blocks, `lanes` beside each other, and what is made of them. */
static inline void pdq_fast_assert_lanes(size_t lanes, size_t stride) {
  assert(lanes > 0 && lanes % 8 == 0 && stride >= lanes);
  (void)lanes;
  (void)stride;
}

struct pdq_fast_kernels {
  /* sums[x] += weights[0] * row 0 [x] + weights[1] * row 1 [x] + ... for x < n. At most PDQ_GROUP_ROWS rows, `stride`
   * bytes apart; no weight over PDQ_WHOLE_MAX, and no more than PDQ_GROUP_WEIGHT together. Exact while sums stay under
   * 2^24. Reads n bytes a row; sums is 64-byte aligned. */
  void (*weigh)(const uint8_t *rows, size_t stride, size_t count, const uint8_t *weights, size_t n, float *sums);

  /* The same for any weights and any number of rows, one row after the other. */
  void (*weigh_float)(const uint8_t *rows, size_t stride, size_t count, const float *weights, size_t n, float *sums);

  /* out[cell] = scale * (the sum, in eight lanes, of column weights times sums). */
  void (*gather)(const struct pdq_weights *columns, const float *sums, float scale, float out[PDQ_SIDE]);

  /* partial[cell * lanes + k] = sum over blocks of coefficient k times its weight for the cell. Reads `lanes`
   * coefficients of each block. */
  void (*gather_blocks)(const struct pdq_weights *columns, const int16_t *blocks, size_t stride, float *partial);

  /* For `count` blocks: out[k] = 2 c, plus half[k] where c > 0, minus half[k] where c < 0; c is the coefficient, cut
   * off at PDQ_COEFFICIENT_MAX. Blocks of `lanes` are written behind each other; `out` may be `blocks` where those are.
   */
  void (*centre)(const int16_t *blocks, size_t stride, size_t count, const int16_t *half, size_t lanes, int16_t *out);

  /* sums[cell * lanes + k] += weights[k] * partial[cell * lanes + k]. */
  void (*spread)(const float *partial, const float *weights, size_t lanes, float *sums);

  /* out[cell] = 128 + (the sum, in eight lanes, of steps[k] * sums[cell * lanes + k]). */
  void (*collect)(const float *sums, const float *steps, size_t lanes, float out[PDQ_SIDE]);

  /* coefficients = dct * picture * transpose(dct). */
  void (*transform)(const struct pdq_folded_dct *dct, const float *picture, float *coefficients);

  /* pdq_quality_within() of spectrum.h. */
  void (*quality)(const float *picture, float across, float down, struct pdq_quality *quality);
};

void pdq_folded_dct(const float dct[PDQ_COEFFICIENTS * PDQ_SIDE], struct pdq_folded_dct *folded);

/* The kernels of a tier; a tier that one of them has no version for gets that of the next lower one. */
struct pdq_fast_kernels pdq_fast_kernels_for(enum cpu_tier tier);

#endif
