/* SPDX-License-Identifier: Apache-2.0 */
/* A picture is the sum of value noise in octaves, whose amplitude falls with frequency as it does in photographs, a
 * gradient, and a few shapes with edges; how much of each differs from picture to picture. */
#include "index_pictures.h"

#include <stddef.h>
#include <string.h>

#include "index_random.h"

enum { SIDE = PICTURE_SIDE, OCTAVES = 5, MAX_GRID = 34, MAX_SHAPES = 5, PURPOSE_PICTURE = 9 };

typedef float canvas[SIDE][SIDE];

/* Where each pixel lies between two points of a grid. */
struct axis {
  uint8_t point[SIDE];
  float part[SIDE];
};

static void axis_fill(struct axis *axis, float cells, float offset) {
  for (int i = 0; i < SIDE; i++) {
    const float at = offset + (float)i * (cells / SIDE);
    const float part = at - (float)(int)at;
    axis->point[i] = (uint8_t)at;
    axis->part[i] = part * part * (3 - 2 * part);
  }
}

static void add_octave(canvas out, struct random_stream *random, float cells, float amplitude) {
  float grid[MAX_GRID][MAX_GRID];
  struct axis across;
  struct axis down;
  const int points = (int)cells + 3;
  for (int y = 0; y < points; y++)
    for (int x = 0; x < points; x++) grid[y][x] = random_between(random, -amplitude, amplitude);
  axis_fill(&across, cells, random_between(random, 0, 1));
  axis_fill(&down, cells, random_between(random, 0, 1));
  for (int y = 0; y < SIDE; y++) {
    float line[MAX_GRID] = {0};
    const float *above = grid[down.point[y]];
    const float *below = grid[down.point[y] + 1];
    for (int x = 0; x < points; x++) line[x] = above[x] + (below[x] - above[x]) * down.part[y];
    for (int x = 0; x < SIDE; x++) {
      const float left = line[across.point[x]];
      out[y][x] += left + (line[across.point[x] + 1] - left) * across.part[x];
    }
  }
}

static void add_gradient(canvas out, struct random_stream *random) {
  const float across = random_between(random, -60, 60) / SIDE;
  const float down = random_between(random, -60, 60) / SIDE;
  for (int y = 0; y < SIDE; y++)
    for (int x = 0; x < SIDE; x++) out[y][x] += across * (float)(x - SIDE / 2) + down * (float)(y - SIDE / 2);
}

/* An ellipse or a rectangle laid over what is there. */
static void add_shape(canvas out, struct random_stream *random) {
  const float x0 = random_between(random, 0, SIDE);
  const float y0 = random_between(random, 0, SIDE);
  const float width = 1 / random_between(random, 3, 24);
  const float height = 1 / random_between(random, 3, 24);
  const float value = random_between(random, -90, 90);
  const float cover = random_between(random, 0.3f, 1);
  const int is_ellipse = random_below(random, 2) == 0;
  for (int y = 0; y < SIDE; y++) {
    const float v = ((float)y - y0) * height;
    for (int x = 0; x < SIDE; x++) {
      const float u = ((float)x - x0) * width;
      const int inside = is_ellipse ? u * u + v * v < 1 : u * u < 1 && v * v < 1;
      out[y][x] += inside ? (value - out[y][x]) * cover : 0;
    }
  }
}

void picture_paint(uint64_t seed, uint64_t number, uint8_t pixels[PICTURE_SIDE * PICTURE_SIDE]) {
  struct random_stream random = random_open(seed, PURPOSE_PICTURE, number);
  canvas out;
  memset(out, 0, sizeof out);
  float amplitude = random_between(&random, 40, 90);
  const float falls = random_between(&random, 0.4f, 0.7f);
  float cells = random_between(&random, 1, 1.9f);
  for (int octave = 0; octave < OCTAVES; octave++, amplitude *= falls, cells *= 2)
    add_octave(out, &random, cells, amplitude);
  add_gradient(out, &random);
  for (unsigned left = random_below(&random, MAX_SHAPES + 1); left > 0; left--) add_shape(out, &random);
  const float brightness = random_between(&random, 80, 170);
  for (size_t i = 0; i < SIDE * SIDE; i++) {
    const float value = out[i / SIDE][i % SIDE] + brightness;
    pixels[i] = (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value);
  }
}
