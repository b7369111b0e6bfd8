/* SPDX-License-Identifier: Apache-2.0 */
/* Blues are counted for each pair of red and green; a colour is then a number below the sum of the counts. */
#include "worst_palette.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { PAIRS = 256 * 256 };

static float luma_of(unsigned red, unsigned green, unsigned blue) {
  return 0.299f * (float)red + 0.587f * (float)green + 0.114f * (float)blue;
}

/* The first blue whose luma is not under `bound`, 256 when none is. */
static unsigned first_blue(unsigned red, unsigned green, float bound) {
  const float guess = (bound - luma_of(red, green, 0)) / 0.114f;
  unsigned blue = guess < 2.0f ? 0 : guess > 256.0f ? 254 : (unsigned)guess - 2;
  while (blue < 256 && luma_of(red, green, blue) < bound) blue++;
  return blue;
}

static uint32_t count_colours(float low, float high, uint32_t *before) {
  uint32_t count = 0;
  for (unsigned pair = 0; pair < PAIRS; pair++) {
    before[pair] = count;
    count += first_blue(pair >> 8, pair & 255, high) - first_blue(pair >> 8, pair & 255, low);
  }
  before[PAIRS] = count;
  return count;
}

static void take_colour(struct worst_palette *palette, size_t at, float low, const uint32_t *before, uint32_t number) {
  unsigned pair = 0;
  for (unsigned step = PAIRS / 2; step > 0; step /= 2)
    if (before[pair + step] <= number) pair += step;
  const unsigned blue = first_blue(pair >> 8, pair & 255, low) + (number - before[pair]);
  const uint8_t colour[4] = {(uint8_t)(pair >> 8), (uint8_t)pair, (uint8_t)blue, 0};
  memcpy(palette->colours[at], colour, sizeof colour);
  palette->luma[at] = luma_of(colour[0], colour[1], colour[2]);
}

static void fill_grey(struct worst_palette *palette, unsigned channels, float low, float high,
                      struct random_stream *random) {
  const unsigned first = low >= 255.0f ? 255 : (unsigned)ceilf(low);
  const unsigned end = high > 256.0f ? 256 : (unsigned)ceilf(high);
  for (size_t k = 0; k < WORST_COLOURS; k++) {
    const unsigned grey = first + (end > first + 1 ? random_below(random, end - first) : 0);
    memset(palette->colours[k], (int)grey, sizeof palette->colours[k]);
    palette->luma[k] = channels == 1 ? (float)grey : luma_of(grey, grey, grey);
  }
}

bool worst_palette_fill(struct worst_palette *palette, unsigned channels, float low, float high,
                        struct random_stream *random) {
  if (channels == 1) {
    fill_grey(palette, channels, low, high, random);
    return true;
  }
  uint32_t *before = malloc((PAIRS + 1) * sizeof *before);
  if (before == NULL) return false;
  const uint32_t count = count_colours(low, high, before);
  if (count == 0) fill_grey(palette, channels, low, low, random);
  for (size_t k = 0; count > 0 && k < WORST_COLOURS; k++)
    take_colour(palette, k, low, before, (uint32_t)(((random_next(random) >> 32) * count) >> 32));
  free(before);
  return true;
}
