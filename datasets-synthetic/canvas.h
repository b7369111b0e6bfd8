/* SPDX-License-Identifier: Apache-2.0 */
/* A picture in memory: 8-bit RGB, rows from top to bottom without padding. All arithmetic on it is integer. */
#ifndef DATASET_CANVAS_H
#define DATASET_CANVAS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct colour {
  uint8_t red, green, blue;
};

struct canvas {
  int width, height;
  uint8_t *pixels;
};

/* False when memory is short; the canvas is then empty. Pixels start black. */
bool canvas_create(struct canvas *canvas, int width, int height);
bool canvas_copy(struct canvas *copy, const struct canvas *canvas);
void canvas_free(struct canvas *canvas);

/* Box blur over (2 radius + 1)^2 pixels, edges repeated; radius 1 to 64. Run it twice for a near-Gaussian. */
bool canvas_blur(struct canvas *canvas, int radius);

/* Area average where an axis shrinks, bilinear where it grows. `result` is a new canvas. */
bool canvas_resize(struct canvas *result, const struct canvas *canvas, int width, int height);

static inline uint8_t *canvas_row(const struct canvas *canvas, int y) {
  return canvas->pixels + (size_t)y * (size_t)canvas->width * 3;
}

static inline size_t canvas_size(const struct canvas *canvas) {
  return (size_t)canvas->width * (size_t)canvas->height * 3;
}

static inline int clamp_int(int value, int low, int high) {
  return value < low ? low : value > high ? high : value;
}

static inline uint8_t clamp_byte(int value) {
  return (uint8_t)clamp_int(value, 0, 255);
}

/* Rec. 601 luma in integers. */
static inline uint8_t luma_of(const uint8_t *pixel) {
  return (uint8_t)((77 * pixel[0] + 150 * pixel[1] + 29 * pixel[2] + 128) >> 8);
}

#endif
