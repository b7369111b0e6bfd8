/* SPDX-License-Identifier: Apache-2.0 */
/* Epsilon is a number of standard deviations of the error of a coefficient (i, j) against the exact level's:
 *
 *     deviation^2 = (base(i + j) * (1 + 4 clamped))^2 + missing^2
 *
 * - base follows the measured error of pictures of 512 px and more: rounding to 8-bit RGB in the reference's decoder,
 *   frequencies left out, and clipping, which is largest at low frequencies;
 * - clamped is the estimate of what clipping to RGB changes (fast.h);
 * - missing is what the unread bits of a progressive file can cause (fast.h).
 *
 * How many deviations is the table below: by path and by the shorter side, at least 1.5 times the most that any bit of
 * any transform of any picture needed in `hashscan-bench calibrate` over generated pictures, altered copies of them and
 * the conformance pictures. Its last column shows what part of the table's number was needed. */
#include "pdq/certainty.h"

#include <math.h>

enum { SIZES = 5 };
static const uint32_t size_from[SIZES] = {0, 512, 1024, 1280, 1700};
static const float deviations[][SIZES] = {
    [PDQ_FAST_BLOCKS] = {11.0f, 8.5f, 6.5f, 8.5f, 6.5f},
    [PDQ_FAST_PROGRESSIVE] = {7.0f, 6.5f, 7.0f, 7.0f, 7.0f},
};

/* Pixels are the exact level's own: what is left is the rounding of float sums, which grows with their number. */
#define PIXELS_EPSILON 0.05f
#define PIXELS_SIDE 4096

static float base(unsigned frequency) {
  return 0.12f + 0.9f / (1.0f + 0.25f * (float)frequency);
}

static float of_pixels(uint32_t longer) {
  return longer <= PIXELS_SIDE ? PIXELS_EPSILON : PIXELS_EPSILON * (float)longer / PIXELS_SIDE;
}

/* Nothing is certain under this quality: the rounding of the decoder's pixels decides about so small coefficients. */
#define FLAT_QUALITY 40

static float of_blocks(const struct pdq_fast_result *result, unsigned size, unsigned frequency) {
  if (result->quality < FLAT_QUALITY) return INFINITY;
  const float deviation = base(frequency) * (1.0f + 4.0f * result->clamped);
  return deviations[result->path][size] * sqrtf(deviation * deviation + result->missing * result->missing);
}

void pdq_epsilon(const struct pdq_fast_result *result, uint32_t width, uint32_t height, float epsilon[16 * 16]) {
  const uint32_t shorter = width < height ? width : height;
  unsigned size = SIZES - 1;
  while (shorter < size_from[size]) size--;
  for (unsigned i = 0; i < 16; i++)
    for (unsigned j = 0; j < 16; j++)
      epsilon[16 * i + j] =
          result->path == PDQ_FAST_PIXELS ? of_pixels(width < height ? height : width) : of_blocks(result, size, i + j);
}
