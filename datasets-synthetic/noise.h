/* SPDX-License-Identifier: Apache-2.0 */
/* Multi-octave value noise: the raw material of every texture. */
#ifndef DATASET_NOISE_H
#define DATASET_NOISE_H

#include <stdbool.h>
#include <stdint.h>

/* One value a pixel, -127 to 127, mean near 0. */
struct noise_field {
  int width, height;
  int8_t *values;
};

/* The lattice of the first octave in pixels; each further octave halves it. Different sides give streaks. */
struct noise_shape {
  int cell_x, cell_y;
  int octaves;     /* 1 to NOISE_MAX_OCTAVES */
  int persistence; /* amplitude of an octave relative to the one before, in 1/256 */
};

enum { NOISE_MAX_OCTAVES = 10 };

/* False when memory is short; the field is then empty. */
bool noise_create(struct noise_field *field, int width, int height, const struct noise_shape *shape, uint64_t seed);
void noise_free(struct noise_field *field);

#endif
