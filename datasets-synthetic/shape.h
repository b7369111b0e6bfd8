/* SPDX-License-Identifier: Apache-2.0 */
/* Outlines (polygons in 1/256 pixel) and their anti-aliased coverage, in integers. */
#ifndef DATASET_SHAPE_H
#define DATASET_SHAPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "random.h"

enum { PIXEL = 256, OUTLINE_MAX = 320, COVERED = 256 };

struct point {
  int x, y; /* 1/256 pixel; within +-2^28, so that sums of a few stay in an int */
};

struct outline {
  int count;
  struct point points[OUTLINE_MAX];
};

/* Pixels x0 to x1 - 1 and y0 to y1 - 1. */
struct extent {
  int x0, y0, x1, y1;
};

/* Sine and cosine of angle/1024 of a turn, times 16384 (Bhaskara's approximation, off by at most 0.2 %). */
int turn_sine(int angle);
int turn_cosine(int angle);

static inline struct point point_at(int x, int y) {
  return (struct point){x, y};
}

/* `offset` turned by `angle`, put at `origin`. */
struct point point_turned(struct point origin, struct point offset, int angle);

/* Each replaces the outline. Radii and sizes in 1/256 pixel, angles in 1/1024 turns. */
void outline_ellipse(struct outline *outline, struct point centre, int radius_x, int radius_y, int angle);
void outline_rectangle(struct outline *outline, struct point corner, int width, int height);
void outline_quad(struct outline *outline, struct point a, struct point b, struct point c, struct point d);
void outline_box(struct outline *outline, struct point centre, int width, int height, int angle);
void outline_line(struct outline *outline, struct point from, struct point to, int thickness);
void outline_rounded(struct outline *outline, struct point corner, int width, int height, int radius);
void outline_regular(struct outline *outline, struct point centre, int radius, int corners, int inner_percent,
                     int angle);
/* An ellipse whose radius wanders by up to `roughness` percent. */
void outline_blob(struct outline *outline, struct random_stream *random, struct point centre, int radius_x,
                  int radius_y, int roughness);

/* Scratch memory for filling; it serves any width up to the one it was made for. */
struct raster {
  int32_t *steps;
  uint16_t *coverage;
};

bool raster_create(struct raster *raster, int width);
void raster_free(struct raster *raster);

/* One row of a filled outline: coverage[x - x0], 0 to COVERED, for x0 <= x < x1. */
typedef void (*raster_row)(void *user, int y, int x0, int x1, const uint16_t *coverage);

/* Calls `row` for each pixel row that the outline (even-odd rule) may touch inside a canvas of width x height. */
void raster_fill(struct raster *raster, const struct outline *outline, int width, int height, raster_row row,
                 void *user);

/* Whole pixels around the outline, not clipped. */
struct extent outline_extent(const struct outline *outline);

#endif
