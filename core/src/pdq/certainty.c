/* SPDX-License-Identifier: Apache-2.0 */
/* Pixels: the proven bound of rounding.c.
 *
 * Blocks: what was not read is estimated, so this is a measurement and no bound. Epsilon is
 *
 *     deviations * base(i + j) * (1 + 4 clamped) + missing
 *
 * - base follows the measured error of pictures of 512 px and more: rounding to 8-bit RGB in the reference's decoder,
 *   frequencies left out, and clipping, which is largest at low frequencies;
 * - clamped is the estimate of what clipping to RGB changes (fast.h);
 * - missing is the most that the unread bits of a progressive file can cause (fast.h).
 *
 * `deviations` is the table below: by path and by the shorter side, at least 1.5 times the most that any bit of any
 * transform of any picture needed in `hashscan-bench calibrate --level blocks` over generated pictures, altered copies
 * of them, photographs and the conformance pictures. Its last column shows what part of the table's number was needed.
 */
#include "pdq/certainty.h"

#include <math.h>
#include <string.h>

#include "pdq/rounding.h"

enum { SIZES = 5 };
static const uint32_t size_from[SIZES] = {0, 512, 1024, 1280, 1700};
static const float deviations[][SIZES] = {
    [PDQ_FAST_BLOCKS] = {8.0f, 3.5f, 3.5f, 5.5f, 3.5f},
    [PDQ_FAST_PROGRESSIVE] = {8.0f, 3.5f, 3.5f, 5.5f, 3.5f},
};

static float base(unsigned frequency) {
  return 0.12f + 0.9f / (1.0f + 0.25f * (float)frequency);
}

/* Nothing is certain under this quality: the rounding of the decoder's pixels decides about so small coefficients. */
#define FLAT_QUALITY 40

static float of_blocks(const struct pdq_fast_result *result, unsigned size, size_t i, size_t j) {
  if (result->quality < FLAT_QUALITY) return INFINITY;
  const float deviation = base((unsigned)(i + j)) * (1.0f + 4.0f * result->clamped);
  return deviations[result->path][size] * deviation + result->missing[16 * i + j];
}

void pdq_epsilon(const struct pdq_fast_result *result, uint32_t width, uint32_t height,
                 float epsilon[PDQ_COEFFICIENTS * PDQ_COEFFICIENTS]) {
  if (result->path == PDQ_FAST_PIXELS) {
    memcpy(epsilon, result->rounding->coefficients, sizeof result->rounding->coefficients);
    return;
  }
  const uint32_t shorter = width < height ? width : height;
  unsigned size = SIZES - 1;
  while (shorter < size_from[size]) size--;
  for (size_t i = 0; i < 16; i++)
    for (size_t j = 0; j < 16; j++) epsilon[16 * i + j] = of_blocks(result, size, i, j);
}
