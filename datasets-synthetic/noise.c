/* SPDX-License-Identifier: Apache-2.0 */
/* Value noise, computed row by row. For each octave the lattice values of the two lattice rows around the current pixel
 * row are kept; they are blended once per lattice column, and then each cell is a run of multiply-adds with the same
 * table of weights, which compilers vectorise. Integers throughout. */
#include "noise.h"

#include <stdlib.h>
#include <string.h>

#include "canvas.h"
#include "random.h"

struct octave {
  int cell_x, cell_y;
  int offset_x, offset_y; /* so that the lattices of octaves and pictures do not line up */
  int columns;
  int amplitude;
  uint64_t seed;
  int32_t *above, *below; /* lattice rows, amplitude included */
  int32_t *blended;
  int16_t *weights; /* smoothstep over a cell, 0 to 256 */
};

static int smoothstep(int position, int cell) {
  int t = position * 256 / cell;
  return (t * t * (768 - 2 * t)) >> 16;
}

static void lattice_row(const struct octave *octave, int row, int32_t *values) {
  uint64_t base = octave->seed + (uint64_t)row * UINT64_C(0xd1342543de82ef95);
  for (int column = 0; column < octave->columns; column += 8) {
    uint64_t bits = splitmix_mix(base + (uint64_t)column * SPLITMIX_STEP);
    int count = octave->columns - column < 8 ? octave->columns - column : 8;
    for (int i = 0; i < count; i++) values[column + i] = ((int)((bits >> (8 * i)) & 255) - 128) * octave->amplitude;
  }
}

static bool octave_create(struct octave *octave, int width) {
  octave->columns = (width + octave->offset_x) / octave->cell_x + 2;
  size_t columns = (size_t)octave->columns;
  octave->above = malloc(columns * sizeof *octave->above);
  octave->below = malloc(columns * sizeof *octave->below);
  octave->blended = malloc(columns * sizeof *octave->blended);
  octave->weights = malloc((size_t)octave->cell_x * sizeof *octave->weights);
  if (!octave->above || !octave->below || !octave->blended || !octave->weights) return false;
  for (int i = 0; i < octave->cell_x; i++) octave->weights[i] = (int16_t)smoothstep(i, octave->cell_x);
  int row = octave->offset_y / octave->cell_y;
  lattice_row(octave, row, octave->above);
  lattice_row(octave, row + 1, octave->below);
  return true;
}

static void octave_free(struct octave *octave) {
  free(octave->above);
  free(octave->below);
  free(octave->blended);
  free(octave->weights);
}

static void octave_advance(struct octave *octave, int y) {
  int position = y + octave->offset_y;
  if (y > 0 && position % octave->cell_y == 0) {
    int32_t *spare = octave->above;
    octave->above = octave->below;
    octave->below = spare;
    lattice_row(octave, position / octave->cell_y + 1, octave->below);
  }
  int weight = smoothstep(position % octave->cell_y, octave->cell_y);
  for (int i = 0; i < octave->columns; i++) {
    octave->blended[i] = octave->above[i] + ((octave->below[i] - octave->above[i]) * weight) / 256;
  }
}

static void octave_add(const struct octave *octave, int32_t *sums, int width) {
  int column = octave->offset_x / octave->cell_x;
  int inside = octave->offset_x % octave->cell_x;
  for (int x = 0; x < width; column++, inside = 0) {
    int run = octave->cell_x - inside;
    if (run > width - x) run = width - x;
    int32_t start = octave->blended[column] * 256;
    int32_t slope = octave->blended[column + 1] - octave->blended[column];
    const int16_t *weights = octave->weights + inside;
    for (int i = 0; i < run; i++) sums[x + i] += (start + slope * weights[i]) >> 8;
    x += run;
  }
}

/* Amplitudes sum to 256, so that a sum of octaves stays within 128 * 256. */
static void octaves_plan(struct octave *octaves, const struct noise_shape *shape, uint64_t seed) {
  int relative[NOISE_MAX_OCTAVES];
  int total = 0;
  for (int i = 0; i < shape->octaves; i++) {
    relative[i] = i == 0 ? 4096 : relative[i - 1] * shape->persistence / 256;
    total += relative[i];
  }
  for (int i = 0; i < shape->octaves; i++) {
    struct octave *octave = &octaves[i];
    octave->cell_x = clamp_int(shape->cell_x >> i, 1, 1 << 14);
    octave->cell_y = clamp_int(shape->cell_y >> i, 1, 1 << 14);
    octave->amplitude = relative[i] * 256 / total;
    octave->seed = splitmix_mix(seed + (uint64_t)i * SPLITMIX_STEP);
    octave->offset_x = (int)(octave->seed % (uint64_t)octave->cell_x);
    octave->offset_y = (int)((octave->seed >> 32) % (uint64_t)octave->cell_y);
  }
}

static void field_fill(struct noise_field *field, struct octave *octaves, int count, int32_t *sums) {
  for (int y = 0; y < field->height; y++) {
    memset(sums, 0, (size_t)field->width * sizeof *sums);
    for (int i = 0; i < count; i++) {
      octave_advance(&octaves[i], y);
      octave_add(&octaves[i], sums, field->width);
    }
    int8_t *row = field->values + (size_t)y * (size_t)field->width;
    /* The sum of octaves rarely leaves the middle half of its range: stretch by 3/2 and cut the rest. */
    for (int x = 0; x < field->width; x++) row[x] = (int8_t)clamp_int((sums[x] * 3) >> 9, -127, 127);
  }
}

bool noise_create(struct noise_field *field, int width, int height, const struct noise_shape *shape, uint64_t seed) {
  struct octave octaves[NOISE_MAX_OCTAVES] = {0};
  octaves_plan(octaves, shape, seed);
  *field = (struct noise_field){.width = width, .height = height};
  field->values = malloc((size_t)width * (size_t)height);
  int32_t *sums = malloc((size_t)width * sizeof *sums);
  bool done = field->values != NULL && sums != NULL;
  for (int i = 0; done && i < shape->octaves; i++) done = octave_create(&octaves[i], width);
  if (done) field_fill(field, octaves, shape->octaves, sums);
  for (int i = 0; i < shape->octaves; i++) octave_free(&octaves[i]);
  free(sums);
  if (!done) noise_free(field);
  return done;
}

void noise_free(struct noise_field *field) {
  free(field->values);
  *field = (struct noise_field){0};
}
