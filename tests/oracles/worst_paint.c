/* SPDX-License-Identifier: Apache-2.0 */
/* Each kind is a function of a pixel's place, two random colours and random numbers. */
#include "worst_paint.h"

#include <stdlib.h>
#include <string.h>

#include "index_random.h"
#include "pdq/kernels.h"
#include "pdq/tent.h"

const char *const worst_paint_names[WORST_PAINT_KINDS] = {"step", "dots", "gradient", "stripes", "noise", "ties"};

struct worst_paint {
  enum worst_paint_kind kind;
  uint32_t width;
  uint32_t height;
  unsigned channels;
  struct random_stream random;
  uint8_t colours[2][4];
  bool turned;        /* along the other axis */
  unsigned period;    /* of stripes */
  bool *is_second[2]; /* columns and rows of every other tent */
  int slope[2][4];    /* of gradients: levels across the picture */
  uint8_t *row;
};

static bool second_half(const struct worst_paint *paint, size_t x, size_t y) {
  return paint->turned ? y >= paint->height / 2 : x >= paint->width / 2;
}

static bool second_stripe(const struct worst_paint *paint, size_t x, size_t y) {
  const size_t at = paint->turned ? y : x;
  return at % paint->period >= paint->period / 2;
}

static bool second_cell(const struct worst_paint *paint, size_t x, size_t y) {
  return paint->is_second[0][x] != paint->is_second[1][y];
}

static uint8_t ramp(const struct worst_paint *paint, size_t x, size_t y, unsigned c) {
  const int64_t value = paint->colours[0][c] + (int64_t)x * paint->slope[0][c] / (int64_t)paint->width +
                        (int64_t)y * paint->slope[1][c] / (int64_t)paint->height;
  return (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value);
}

static void put(struct worst_paint *paint, size_t x, size_t y, uint8_t *pixel) {
  const uint64_t noise = random_next(&paint->random);
  for (unsigned c = 0; c < paint->channels; c++) {
    const uint8_t any = (uint8_t)(noise >> 8 * c);
    switch (paint->kind) {
    case WORST_PAINT_STEP:
      pixel[c] = second_half(paint, x, y) ? any / 16 : 240 + any / 16;
      break;
    case WORST_PAINT_DOTS:
      pixel[c] = noise >> 56 < 4 ? any : 255;
      break;
    case WORST_PAINT_GRADIENT:
      pixel[c] = ramp(paint, x, y, c);
      break;
    case WORST_PAINT_STRIPES:
      pixel[c] = paint->colours[second_stripe(paint, x, y)][c];
      break;
    case WORST_PAINT_TIES:
      pixel[c] = paint->colours[second_cell(paint, x, y)][c];
      break;
    case WORST_PAINT_NOISE:
    case WORST_PAINT_KINDS:
      pixel[c] = any;
    }
  }
}

static const uint8_t *paint_row(void *user, size_t y) {
  struct worst_paint *paint = user;
  for (size_t x = 0; x < paint->width; x++) put(paint, x, y, paint->row + x * paint->channels);
  return paint->row;
}

static void random_colour(struct random_stream *random, uint8_t colour[4]) {
  for (unsigned c = 0; c < 4; c++) colour[c] = (uint8_t)random_below(random, 256);
}

/* Two colours whose luma differs by 2.55, one hundredth: 299 r + 587 g + 114 b = 2550. Grey has 51, twenty hundredths.
 */
static void tie_colours(struct random_stream *random, unsigned channels, uint8_t colours[2][4]) {
  for (;;) {
    random_colour(random, colours[0]);
    const int red = (int)random_below(random, 256) - colours[0][0];
    const int green = (int)random_below(random, 256) - colours[0][1];
    const int scaled = 2550 - 299 * red - 587 * green;
    const int blue = colours[0][2] + scaled / 114;
    if (channels > 1 && (scaled % 114 != 0 || blue < 0 || blue > 255)) continue;
    if (channels == 1 && colours[0][0] > 255 - 51) continue;
    colours[1][0] = (uint8_t)(channels == 1 ? colours[0][0] + 51 : colours[0][0] + red);
    colours[1][1] = (uint8_t)(colours[0][1] + green);
    colours[1][2] = (uint8_t)blue;
    return;
  }
}

/* Tents hardly overlap; what no tent reaches does not matter. */
static bool *every_other_tent(size_t n) {
  bool *is_second = calloc(n, sizeof *is_second);
  double *weights = malloc(tent_weights_size(n) * sizeof *weights);
  struct tent_axis axis;
  if (weights != NULL) tent_build(&axis, n, weights);
  for (size_t cell = 1; is_second != NULL && weights != NULL && cell < PDQ_SIDE; cell += 2)
    memset(is_second + axis.first[cell], true, axis.count[cell]);
  free(weights);
  if (weights != NULL) return is_second;
  free(is_second);
  return NULL;
}

struct worst_paint *worst_paint_open(enum worst_paint_kind kind, uint32_t width, uint32_t height, unsigned channels,
                                     uint64_t seed, struct worst_source *source) {
  struct worst_paint *paint = calloc(1, sizeof *paint);
  if (paint == NULL) return NULL;
  struct random_stream random = random_open(seed, 2, (uint64_t)kind);
  *paint = (struct worst_paint){.kind = kind, .width = width, .height = height, .channels = channels};
  paint->turned = random_below(&random, 2) != 0;
  const unsigned window = (unsigned)pdq_window(paint->turned ? height : width);
  paint->period = 2 + random_below(&random, 2 * window + 2);
  for (unsigned c = 0; c < 4; c++)
    for (size_t axis = 0; axis < 2; axis++) paint->slope[axis][c] = (int)random_below(&random, 511) - 255;
  random_colour(&random, paint->colours[0]);
  random_colour(&random, paint->colours[1]);
  if (kind == WORST_PAINT_TIES) tie_colours(&random, channels, paint->colours);
  paint->random = random;
  paint->row = malloc((size_t)width * channels);
  paint->is_second[0] = every_other_tent(width);
  paint->is_second[1] = every_other_tent(height);
  if (paint->row == NULL || paint->is_second[0] == NULL || paint->is_second[1] == NULL) {
    worst_paint_close(paint);
    return NULL;
  }
  *source = (struct worst_source){width, height, channels, paint_row, paint};
  return paint;
}

void worst_paint_close(struct worst_paint *paint) {
  if (paint == NULL) return;
  free(paint->row);
  free(paint->is_second[0]);
  free(paint->is_second[1]);
  free(paint);
}
