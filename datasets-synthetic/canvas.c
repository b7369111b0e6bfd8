/* SPDX-License-Identifier: Apache-2.0 */
/* Canvas memory, box blur and resizing. Both filters are separable: each works along rows into a second canvas, then
 * across them. */
#include "canvas.h"

#include <stdlib.h>
#include <string.h>

bool canvas_create(struct canvas *canvas, int width, int height) {
  *canvas = (struct canvas){.width = width, .height = height};
  canvas->pixels = calloc(canvas_size(canvas), 1);
  if (canvas->pixels == NULL) *canvas = (struct canvas){0};
  return canvas->pixels != NULL;
}

bool canvas_copy(struct canvas *copy, const struct canvas *canvas) {
  if (!canvas_create(copy, canvas->width, canvas->height)) return false;
  memcpy(copy->pixels, canvas->pixels, canvas_size(canvas));
  return true;
}

void canvas_free(struct canvas *canvas) {
  free(canvas->pixels);
  *canvas = (struct canvas){0};
}

/* ---- Blur ---- */

/* `padded` has room for the row and `radius` repeated pixels at either end. */
static void blur_row(const uint8_t *in, uint8_t *out, uint8_t *padded, int width, int radius, uint32_t reciprocal) {
  size_t row_bytes = (size_t)width * 3, margin = (size_t)radius * 3, window = 2 * margin + 3;
  memcpy(padded + margin, in, row_bytes);
  for (size_t i = 0; i < margin; i++) {
    padded[i] = in[i % 3];
    padded[margin + row_bytes + i] = in[row_bytes - 3 + i % 3];
  }
  uint32_t sums[3] = {0, 0, 0};
  for (size_t i = 0; i < window - 3; i++) sums[i % 3] += padded[i];
  for (size_t i = 0; i < row_bytes; i += 3) {
    for (size_t channel = 0; channel < 3; channel++) {
      sums[channel] += padded[i + window - 3 + channel];
      out[i + channel] = (uint8_t)((sums[channel] * reciprocal + 32768) >> 16);
      sums[channel] -= padded[i + channel];
    }
  }
}

static void blur_columns(const struct canvas *in, struct canvas *out, uint32_t *sums, int radius, uint32_t reciprocal) {
  int last = in->height - 1;
  size_t row_bytes = (size_t)in->width * 3;
  memset(sums, 0, row_bytes * sizeof *sums);
  for (int y = -radius; y <= radius; y++) {
    const uint8_t *row = canvas_row(in, clamp_int(y, 0, last));
    for (size_t i = 0; i < row_bytes; i++) sums[i] += row[i];
  }
  for (int y = 0; y < in->height; y++) {
    uint8_t *target = canvas_row(out, y);
    const uint8_t *entering = canvas_row(in, clamp_int(y + radius + 1, 0, last));
    const uint8_t *leaving = canvas_row(in, clamp_int(y - radius, 0, last));
    for (size_t i = 0; i < row_bytes; i++) {
      target[i] = (uint8_t)((sums[i] * reciprocal + 32768) >> 16);
      sums[i] += (uint32_t)entering[i] - leaving[i];
    }
  }
}

bool canvas_blur(struct canvas *canvas, int radius) {
  struct canvas rows;
  if (!canvas_create(&rows, canvas->width, canvas->height)) return false;
  uint32_t *sums = malloc((size_t)canvas->width * 3 * sizeof *sums);
  uint8_t *padded = malloc(((size_t)canvas->width + 2 * (size_t)radius) * 3);
  bool done = sums != NULL && padded != NULL;
  if (done) {
    /* Rounded down, so that 255 times the window never exceeds 255. */
    uint32_t reciprocal = 65536 / (uint32_t)(2 * radius + 1);
    for (int y = 0; y < canvas->height; y++) {
      blur_row(canvas_row(canvas, y), canvas_row(&rows, y), padded, canvas->width, radius, reciprocal);
    }
    blur_columns(&rows, canvas, sums, radius, reciprocal);
  }
  canvas_free(&rows);
  free(sums);
  free(padded);
  return done;
}

/* ---- Resize ---- */

enum { WEIGHT_ONE = 4096 };

/* Which source pixels make one target pixel; the weights sum to WEIGHT_ONE. */
struct taps {
  int start, count;
  uint16_t *weights;
};

struct axis {
  struct taps *taps;
  uint16_t *weights;
};

static void axis_free(struct axis *axis) {
  free(axis->taps);
  free(axis->weights);
}

/* Target pixel i covers [i * from, (i + 1) * from) where source pixel s covers [s * to, (s + 1) * to). */
static void taps_of_area(struct taps *taps, int64_t i, int64_t from, int64_t to) {
  int64_t low = i * from, high = low + from;
  taps->start = (int)(low / to);
  taps->count = (int)((high - 1) / to) - taps->start + 1;
  int64_t covered = 0, given = 0;
  for (int tap = 0; tap < taps->count; tap++) {
    int64_t end = (taps->start + tap + 1) * to;
    covered = (end < high ? end : high) - low;
    int64_t total = covered * WEIGHT_ONE / from; /* running totals, so that the weights sum exactly */
    taps->weights[tap] = (uint16_t)(total - given);
    given = total;
  }
}

static void taps_of_line(struct taps *taps, int64_t i, int64_t from, int64_t to) {
  int64_t position = (2 * i + 1) * from * (WEIGHT_ONE / 2) / to - WEIGHT_ONE / 2;
  if (position < 0) position = 0;
  taps->start = (int)(position / WEIGHT_ONE);
  taps->count = taps->start + 1 < from ? 2 : 1;
  taps->weights[1] = (uint16_t)(taps->count == 2 ? position % WEIGHT_ONE : 0);
  taps->weights[0] = (uint16_t)(WEIGHT_ONE - taps->weights[1]);
}

static bool axis_create(struct axis *axis, int from, int to) {
  size_t most = (size_t)(from / to) + 2;
  axis->taps = calloc((size_t)to, sizeof *axis->taps);
  axis->weights = calloc((size_t)to * most, sizeof *axis->weights);
  if (axis->taps == NULL || axis->weights == NULL) return false;
  for (int i = 0; i < to; i++) {
    axis->taps[i].weights = axis->weights + (size_t)i * most;
    if (to <= from) taps_of_area(&axis->taps[i], i, from, to);
    else taps_of_line(&axis->taps[i], i, from, to);
  }
  return true;
}

static void resize_row(const uint8_t *in, uint8_t *out, int width, const struct axis *axis) {
  for (int x = 0; x < width; x++) {
    const struct taps *taps = &axis->taps[x];
    uint32_t sums[3] = {WEIGHT_ONE / 2, WEIGHT_ONE / 2, WEIGHT_ONE / 2};
    const uint8_t *pixel = in + taps->start * 3;
    for (int tap = 0; tap < taps->count; tap++, pixel += 3) {
      for (int channel = 0; channel < 3; channel++) sums[channel] += (uint32_t)taps->weights[tap] * pixel[channel];
    }
    for (int channel = 0; channel < 3; channel++) out[x * 3 + channel] = (uint8_t)(sums[channel] / WEIGHT_ONE);
  }
}

static void resize_columns(const struct canvas *in, uint8_t *out, uint32_t *sums, const struct taps *taps) {
  size_t row_bytes = (size_t)in->width * 3;
  for (size_t i = 0; i < row_bytes; i++) sums[i] = WEIGHT_ONE / 2;
  for (int tap = 0; tap < taps->count; tap++) {
    const uint8_t *row = canvas_row(in, taps->start + tap);
    for (size_t i = 0; i < row_bytes; i++) sums[i] += (uint32_t)taps->weights[tap] * row[i];
  }
  for (size_t i = 0; i < row_bytes; i++) out[i] = (uint8_t)(sums[i] / WEIGHT_ONE);
}

bool canvas_resize(struct canvas *result, const struct canvas *canvas, int width, int height) {
  struct canvas rows = {0};
  struct axis across = {0}, down = {0};
  uint32_t *sums = malloc((size_t)width * 3 * sizeof *sums);
  bool done = sums != NULL && axis_create(&across, canvas->width, width) && axis_create(&down, canvas->height, height);
  done = done && canvas_create(&rows, width, canvas->height) && canvas_create(result, width, height);
  if (done) {
    for (int y = 0; y < canvas->height; y++) {
      resize_row(canvas_row(canvas, y), canvas_row(&rows, y), width, &across);
    }
    for (int y = 0; y < height; y++) resize_columns(&rows, canvas_row(result, y), sums, &down.taps[y]);
  }
  canvas_free(&rows);
  axis_free(&across);
  axis_free(&down);
  free(sums);
  return done;
}
