/* SPDX-License-Identifier: Apache-2.0 */
/* Outlines and scan conversion. Four sample lines a pixel row; along a line coverage is exact: each crossing adds a
 * step to a row of differences, whose running sum is the coverage. */
#include "shape.h"

#include <stdlib.h>
#include <string.h>

int turn_sine(int angle) {
  int half = angle & 511;
  int product = half * (512 - half);
  int sine = (int)((int64_t)16384 * 4 * product / (327680 - product));
  return angle & 512 ? -sine : sine;
}

int turn_cosine(int angle) {
  return turn_sine(angle + 256);
}

struct point point_turned(struct point origin, struct point offset, int angle) {
  int64_t sine = turn_sine(angle), cosine = turn_cosine(angle);
  int64_t x = (offset.x * cosine - offset.y * sine) / 16384;
  int64_t y = (offset.x * sine + offset.y * cosine) / 16384;
  return point_at(origin.x + (int)x, origin.y + (int)y);
}

static void outline_add(struct outline *outline, struct point point) {
  if (outline->count < OUTLINE_MAX) outline->points[outline->count++] = point;
}

/* Enough corners that an arc of this radius looks round. */
static int corners_of_radius(int radius) {
  int pixels = radius / PIXEL;
  return pixels < 4 ? 10 : pixels < 24 ? 20 : pixels < 120 ? 40 : 80;
}

static struct point on_ellipse(int radius_x, int radius_y, int angle) {
  int64_t x = (int64_t)radius_x * turn_cosine(angle) / 16384, y = (int64_t)radius_y * turn_sine(angle) / 16384;
  return point_at((int)x, (int)y);
}

void outline_ellipse(struct outline *outline, struct point centre, int radius_x, int radius_y, int angle) {
  int corners = corners_of_radius(radius_x > radius_y ? radius_x : radius_y);
  outline->count = 0;
  for (int i = 0; i < corners; i++) {
    outline_add(outline, point_turned(centre, on_ellipse(radius_x, radius_y, i * 1024 / corners), angle));
  }
}

void outline_quad(struct outline *outline, struct point a, struct point b, struct point c, struct point d) {
  outline->count = 0;
  outline_add(outline, a);
  outline_add(outline, b);
  outline_add(outline, c);
  outline_add(outline, d);
}

void outline_rectangle(struct outline *outline, struct point corner, int width, int height) {
  int right = corner.x + width, bottom = corner.y + height;
  outline_quad(outline, corner, point_at(right, corner.y), point_at(right, bottom), point_at(corner.x, bottom));
}

void outline_box(struct outline *outline, struct point centre, int width, int height, int angle) {
  int x = width / 2, y = height / 2;
  outline_quad(outline, point_turned(centre, point_at(-x, -y), angle), point_turned(centre, point_at(x, -y), angle),
               point_turned(centre, point_at(x, y), angle), point_turned(centre, point_at(-x, y), angle));
}

static int64_t square_root(int64_t value) {
  int64_t root = 0;
  for (int64_t bit = (int64_t)1 << 30; bit > 0; bit >>= 1) {
    if ((root + bit) * (root + bit) <= value) root += bit;
  }
  return root;
}

void outline_line(struct outline *outline, struct point from, struct point to, int thickness) {
  int64_t dx = to.x - from.x, dy = to.y - from.y;
  int64_t length = square_root(dx * dx + dy * dy);
  if (length == 0) length = 1;
  int across_x = (int)(-dy * thickness / (2 * length)), across_y = (int)(dx * thickness / (2 * length));
  outline_quad(outline, point_at(from.x + across_x, from.y + across_y), point_at(to.x + across_x, to.y + across_y),
               point_at(to.x - across_x, to.y - across_y), point_at(from.x - across_x, from.y - across_y));
}

void outline_rounded(struct outline *outline, struct point corner, int width, int height, int radius) {
  if (radius > width / 2) radius = width / 2;
  if (radius > height / 2) radius = height / 2;
  int arc = corners_of_radius(radius) / 4;
  outline->count = 0;
  for (int quarter = 0; quarter < 4; quarter++) {
    int x = corner.x + (quarter == 0 || quarter == 3 ? width - radius : radius);
    int y = corner.y + (quarter < 2 ? height - radius : radius);
    for (int i = 0; i <= arc; i++) {
      struct point offset = on_ellipse(radius, radius, quarter * 256 + i * 256 / arc);
      outline_add(outline, point_at(x + offset.x, y + offset.y));
    }
  }
}

void outline_regular(struct outline *outline, struct point centre, int radius, int corners, int inner_percent,
                     int angle) {
  outline->count = 0;
  for (int i = 0; i < 2 * corners; i++) {
    int reach = i % 2 == 0 ? radius : radius * inner_percent / 100;
    struct point offset = on_ellipse(reach, reach, angle + i * 512 / corners);
    outline_add(outline, point_at(centre.x + offset.x, centre.y + offset.y));
  }
}

void outline_blob(struct outline *outline, struct random_stream *random, struct point centre, int radius_x,
                  int radius_y, int roughness) {
  int corners = corners_of_radius(radius_x > radius_y ? radius_x : radius_y);
  int turn = random_below(random, 1024);
  int lobes = random_range(random, 2, 5);
  outline->count = 0;
  for (int i = 0; i < corners; i++) {
    int angle = i * 1024 / corners;
    int lobe = turn_sine(angle * lobes + turn) * roughness / 16384;
    int scale = 100 + lobe / 2 + random_range(random, -roughness / 2, roughness / 2);
    struct point offset = on_ellipse(radius_x, radius_y, angle);
    int x = (int)((int64_t)offset.x * scale / 100), y = (int)((int64_t)offset.y * scale / 100);
    outline_add(outline, point_at(centre.x + x, centre.y + y));
  }
}

struct extent outline_extent(const struct outline *outline) {
  struct extent extent = {1 << 28, 1 << 28, -(1 << 28), -(1 << 28)};
  for (int i = 0; i < outline->count; i++) {
    struct point point = outline->points[i];
    if (point.x < extent.x0) extent.x0 = point.x;
    if (point.x > extent.x1) extent.x1 = point.x;
    if (point.y < extent.y0) extent.y0 = point.y;
    if (point.y > extent.y1) extent.y1 = point.y;
  }
  return (struct extent){extent.x0 >> 8, extent.y0 >> 8, (extent.x1 >> 8) + 1, (extent.y1 >> 8) + 1};
}

/* ---- Scan conversion ---- */

enum { LINES = 4, LINE_COVERED = COVERED / LINES };

bool raster_create(struct raster *raster, int width) {
  raster->steps = malloc(((size_t)width + 2) * sizeof *raster->steps);
  raster->coverage = malloc(((size_t)width + 2) * sizeof *raster->coverage);
  return raster->steps != NULL && raster->coverage != NULL;
}

void raster_free(struct raster *raster) {
  free(raster->steps);
  free(raster->coverage);
  *raster = (struct raster){0};
}

static int line_crossings(const struct outline *outline, int y, int *crossings) {
  int count = 0;
  struct point from = outline->points[outline->count - 1];
  for (int i = 0; i < outline->count; i++) {
    struct point to = outline->points[i];
    if ((from.y <= y) != (to.y <= y)) {
      int x = from.x + (int)((int64_t)(to.x - from.x) * (y - from.y) / (to.y - from.y));
      int place = count++;
      for (; place > 0 && crossings[place - 1] > x; place--) crossings[place] = crossings[place - 1];
      crossings[place] = x;
    }
    from = to;
  }
  return count;
}

/* From `x` (1/256 pixel from the left end) on, coverage rises by one line; `sign` -1 lets it fall. */
static void line_step(int32_t *steps, int x, int sign) {
  int pixel = x >> 8;
  int first = (COVERED - (x & 255)) / LINES;
  steps[pixel] += sign * first;
  steps[pixel + 1] += sign * (LINE_COVERED - first);
}

static bool row_steps(int32_t *steps, const struct outline *outline, int y, int x0, int x1) {
  int crossings[OUTLINE_MAX];
  bool touched = false;
  for (int line = 0; line < LINES; line++) {
    int count = line_crossings(outline, y * PIXEL + (2 * line + 1) * PIXEL / (2 * LINES), crossings);
    for (int i = 0; i + 1 < count; i += 2) {
      int left = crossings[i] < x0 * PIXEL ? 0 : crossings[i] - x0 * PIXEL;
      int right = (crossings[i + 1] > x1 * PIXEL ? x1 * PIXEL : crossings[i + 1]) - x0 * PIXEL;
      if (left >= right) continue;
      line_step(steps, left, 1);
      line_step(steps, right, -1);
      touched = true;
    }
  }
  return touched;
}

void raster_fill(struct raster *raster, const struct outline *outline, int width, int height, raster_row row,
                 void *user) {
  struct extent extent = outline_extent(outline);
  int x0 = extent.x0 < 0 ? 0 : extent.x0, x1 = extent.x1 > width ? width : extent.x1;
  int y0 = extent.y0 < 0 ? 0 : extent.y0, y1 = extent.y1 > height ? height : extent.y1;
  if (outline->count < 3 || x0 >= x1) return;
  for (int y = y0; y < y1; y++) {
    memset(raster->steps, 0, ((size_t)(x1 - x0) + 2) * sizeof *raster->steps);
    if (!row_steps(raster->steps, outline, y, x0, x1)) continue;
    int32_t covered = 0;
    for (int i = 0; i < x1 - x0; i++) {
      covered += raster->steps[i];
      raster->coverage[i] = (uint16_t)covered;
    }
    row(user, y, x0, x1, raster->coverage);
  }
}
