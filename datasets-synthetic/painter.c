/* SPDX-License-Identifier: Apache-2.0 */
/* Painting a row of coverage: first the gradient position of each pixel, then the texture's grain, then the composite;
 * three simple loops rather than one with branches inside. Shadows are drawn at a quarter of the resolution, blurred
 * there, and spread back by bilinear interpolation. */
#include "painter.h"

#include <stdlib.h>
#include <string.h>

bool painter_create(struct painter *painter, struct canvas *canvas) {
  *painter = (struct painter){.canvas = canvas};
  size_t width = (size_t)canvas->width;
  painter->blend = malloc(width * sizeof *painter->blend);
  painter->grain = malloc(width * sizeof *painter->grain);
  return raster_create(&painter->raster, canvas->width) && painter->blend != NULL && painter->grain != NULL;
}

void painter_free(struct painter *painter) {
  raster_free(&painter->raster);
  free(painter->blend);
  free(painter->grain);
}

struct colour colour_of(int hue, int saturation, int value) {
  int sector = (hue & 0x7fffffff) % 1536 / 256, part = hue & 255;
  int low = value * (255 - saturation) / 255;
  int up = low + (value - low) * part / 255, down = value - (value - low) * part / 255;
  int red = sector == 0 || sector == 5 ? value : sector == 1 ? down : sector == 4 ? up : low;
  int green = sector == 1 || sector == 2 ? value : sector == 0 ? up : sector == 3 ? down : low;
  int blue = sector == 3 || sector == 4 ? value : sector == 2 ? up : sector == 5 ? down : low;
  return (struct colour){clamp_byte(red), clamp_byte(green), clamp_byte(blue)};
}

static uint8_t mix_byte(int a, int b, int share) {
  return (uint8_t)(a + (b - a) * share / 256);
}

struct colour colour_mix(struct colour a, struct colour b, int share_of_b) {
  return (struct colour){mix_byte(a.red, b.red, share_of_b), mix_byte(a.green, b.green, share_of_b),
                         mix_byte(a.blue, b.blue, share_of_b)};
}

struct paint paint_flat(struct colour colour) {
  return (struct paint){.from = colour, .to = colour, .opacity = 256};
}

struct paint paint_linear(struct colour from, struct colour to, struct point start, struct point end) {
  return (struct paint){
      .from = from, .to = to, .gradient = GRADIENT_LINEAR, .start = start, .end = end, .opacity = 256};
}

struct paint paint_radial(struct colour from, struct colour to, struct point centre, int radius) {
  struct point rim = point_at(centre.x + radius, centre.y);
  return (struct paint){
      .from = from, .to = to, .gradient = GRADIENT_RADIAL, .start = centre, .end = rim, .opacity = 256};
}

/* ---- Filling ---- */

static void blend_linear(int16_t *blend, const struct paint *paint, int y, int x0, int count) {
  int64_t x_start = paint->start.x >> 8, y_start = paint->start.y >> 8;
  int64_t dx = (paint->end.x >> 8) - x_start, dy = (paint->end.y >> 8) - y_start;
  int64_t square = dx * dx + dy * dy;
  if (square == 0) square = 1;
  int64_t slope = dx * (1 << 24) / square;
  int64_t position = ((x0 - x_start) * dx + (y - y_start) * dy) * (1 << 24) / square;
  for (int i = 0; i < count; i++, position += slope) {
    int64_t share = position >> 16;
    blend[i] = (int16_t)(share < 0 ? 0 : share > 256 ? 256 : share);
  }
}

static void blend_radial(int16_t *blend, const struct paint *paint, int y, int x0, int count) {
  int64_t radius = (paint->end.x - paint->start.x) >> 8;
  uint64_t inverse = ((uint64_t)1 << 32) / (uint64_t)(radius * radius > 0 ? radius * radius : 1);
  int64_t dx = x0 - (paint->start.x >> 8), dy = y - (paint->start.y >> 8);
  for (int i = 0; i < count; i++, dx++) {
    uint64_t share = ((uint64_t)(dx * dx + dy * dy) * inverse) >> 24;
    blend[i] = (int16_t)(share > 256 ? 256 : share);
  }
}

static int woven(int value, enum weave weave) {
  if (weave == WEAVE_RIDGED) return clamp_int(96 - 4 * abs(value), -127, 127);
  if (weave == WEAVE_BANDED) return clamp_int(2 * abs(((value * 6) & 255) - 128) - 128, -127, 127);
  return value;
}

/* Grain is a factor's distance from one, in 1/256. Beyond its edges the field goes on as in a mirror, without seams. */
static void grain_row(int16_t *grain, const struct paint *paint, int y, int x0, int count) {
  const struct noise_field *field = paint->texture;
  int row = (y + paint->shift_y) % (2 * field->height), column = (x0 + paint->shift_x) % (2 * field->width);
  if (row >= field->height) row = 2 * field->height - 1 - row;
  const int8_t *values = field->values + (size_t)row * (size_t)field->width;
  for (int done = 0; done < count;) {
    bool forward = column < field->width;
    int left = (forward ? field->width : 2 * field->width) - column;
    int run = count - done < left ? count - done : left;
    const int8_t *start = values + (forward ? column : 2 * field->width - 1 - column);
    int step = forward ? 1 : -1;
    for (int i = 0; i < run; i++) {
      grain[done + i] = (int16_t)((woven(start[i * step], paint->weave) * paint->strength) >> 7);
    }
    done += run;
    column = (column + run) % (2 * field->width);
  }
}

static uint8_t tinted(int from, int to, int share, int grain) {
  int value = from + (((to - from) * share) >> 8);
  /* The offset keeps some texture in the dark. */
  return clamp_byte(value + (((value + 24) * grain) >> 8));
}

static void composite(uint8_t *pixel, const struct painter *painter, const struct paint *paint, int count,
                      const uint16_t *coverage) {
  struct colour from = paint->from, to = paint->to;
  int opacity = paint->opacity;
  for (int i = 0; i < count; i++, pixel += 3) {
    int opaque = (coverage[i] * opacity) >> 8, share = painter->blend[i], grain = painter->grain[i];
    int red = tinted(from.red, to.red, share, grain);
    int green = tinted(from.green, to.green, share, grain);
    int blue = tinted(from.blue, to.blue, share, grain);
    pixel[0] = (uint8_t)(pixel[0] + (((red - pixel[0]) * opaque) >> 8));
    pixel[1] = (uint8_t)(pixel[1] + (((green - pixel[1]) * opaque) >> 8));
    pixel[2] = (uint8_t)(pixel[2] + (((blue - pixel[2]) * opaque) >> 8));
  }
}

struct filling {
  struct painter *painter;
  const struct paint *paint;
};

static void fill_row(void *user, int y, int x0, int x1, const uint16_t *coverage) {
  const struct filling *filling = user;
  struct painter *painter = filling->painter;
  const struct paint *paint = filling->paint;
  int count = x1 - x0;
  if (paint->gradient == GRADIENT_LINEAR) blend_linear(painter->blend, paint, y, x0, count);
  else if (paint->gradient == GRADIENT_RADIAL) blend_radial(painter->blend, paint, y, x0, count);
  else memset(painter->blend, 0, (size_t)count * sizeof *painter->blend);
  if (paint->texture != NULL) grain_row(painter->grain, paint, y, x0, count);
  else memset(painter->grain, 0, (size_t)count * sizeof *painter->grain);
  composite(canvas_row(painter->canvas, y) + x0 * 3, painter, paint, count, coverage);
}

void painter_fill(struct painter *painter, const struct outline *outline, const struct paint *paint) {
  struct filling filling = {painter, paint};
  raster_fill(&painter->raster, outline, painter->canvas->width, painter->canvas->height, fill_row, &filling);
}

void painter_fill_all(struct painter *painter, const struct paint *paint) {
  struct outline outline;
  outline_rectangle(&outline, point_at(0, 0), painter->canvas->width * PIXEL, painter->canvas->height * PIXEL);
  painter_fill(painter, &outline, paint);
}

/* ---- Shadows ---- */

enum { SHADOW_SCALE = 4 };

/* A part of the canvas at a quarter of its resolution; pixel (0, 0) lies at (x, y) of the reduced canvas. */
struct shade {
  int x, y, width, height;
  uint8_t *values;
};

static void shade_row(void *user, int y, int x0, int x1, const uint16_t *coverage) {
  struct shade *shade = user;
  uint8_t *row = shade->values + (size_t)y * (size_t)shade->width;
  for (int x = x0; x < x1; x++) row[x] = (uint8_t)(coverage[x - x0] > 255 ? 255 : coverage[x - x0]);
}

static void shade_blur_line(uint8_t *values, uint8_t *line, int count, int stride, int radius) {
  int window = 2 * radius + 1, sum = 0;
  for (int i = 0; i < count; i++) line[i] = values[(ptrdiff_t)i * stride];
  for (int i = 0; i < radius && i < count; i++) sum += line[i];
  for (int i = 0; i < count; i++) {
    if (i + radius < count) sum += line[i + radius];
    values[(ptrdiff_t)i * stride] = (uint8_t)(sum / window);
    if (i - radius >= 0) sum -= line[i - radius];
  }
}

static void shade_blur(struct shade *shade, uint8_t *line, int radius) {
  for (int pass = 0; pass < 2; pass++) {
    for (int y = 0; y < shade->height; y++) {
      shade_blur_line(shade->values + (ptrdiff_t)y * shade->width, line, shade->width, 1, radius);
    }
    for (int x = 0; x < shade->width; x++) {
      shade_blur_line(shade->values + x, line, shade->height, shade->width, radius);
    }
  }
}

static int shade_at(const struct shade *shade, int x, int y) {
  bool inside = x >= 0 && y >= 0 && x < shade->width && y < shade->height;
  return inside ? shade->values[(size_t)y * (size_t)shade->width + (size_t)x] : 0;
}

static void shade_apply_row(const struct shade *shade, struct canvas *canvas, int y, int strength) {
  int x0 = clamp_int(shade->x * SHADOW_SCALE, 0, canvas->width);
  int x1 = clamp_int((shade->x + shade->width) * SHADOW_SCALE, 0, canvas->width);
  /* Quarter pixels have their centres at 4 i + 2: position in eighths of them. */
  int down = 2 * y + 1 - SHADOW_SCALE - 2 * SHADOW_SCALE * shade->y;
  int row = down >> 3, below = down & 7;
  uint8_t *pixel = canvas_row(canvas, y) + x0 * 3;
  for (int x = x0; x < x1; x++, pixel += 3) {
    int along = 2 * x + 1 - SHADOW_SCALE - 2 * SHADOW_SCALE * shade->x;
    int column = along >> 3, right = along & 7;
    int upper = shade_at(shade, column, row) * (8 - right) + shade_at(shade, column + 1, row) * right;
    int lower = shade_at(shade, column, row + 1) * (8 - right) + shade_at(shade, column + 1, row + 1) * right;
    int kept = 256 - ((((upper * (8 - below) + lower * below) >> 6) * strength) >> 8);
    for (int channel = 0; channel < 3; channel++) pixel[channel] = (uint8_t)((pixel[channel] * kept) >> 8);
  }
}

/* The part of the reduced canvas that the shadow of `outline` (already moved) can reach; empty when it is off canvas.
 */
static struct shade shade_around(const struct outline *outline, const struct canvas *canvas, int margin) {
  struct extent extent = outline_extent(outline);
  int x0 = clamp_int(extent.x0 / SHADOW_SCALE - margin, -margin, canvas->width / SHADOW_SCALE);
  int y0 = clamp_int(extent.y0 / SHADOW_SCALE - margin, -margin, canvas->height / SHADOW_SCALE);
  int x1 = clamp_int(extent.x1 / SHADOW_SCALE + 1 + margin, 0, canvas->width / SHADOW_SCALE + 1 + margin);
  int y1 = clamp_int(extent.y1 / SHADOW_SCALE + 1 + margin, 0, canvas->height / SHADOW_SCALE + 1 + margin);
  return (struct shade){.x = x0, .y = y0, .width = x1 - x0, .height = y1 - y0};
}

static void shade_draw(struct shade *shade, const struct outline *moved, int radius, struct painter *painter) {
  struct outline reduced = {.count = moved->count};
  for (int i = 0; i < moved->count; i++) {
    reduced.points[i].x = moved->points[i].x / SHADOW_SCALE - shade->x * PIXEL;
    reduced.points[i].y = moved->points[i].y / SHADOW_SCALE - shade->y * PIXEL;
  }
  struct raster raster = {0};
  size_t longest = (size_t)(shade->width > shade->height ? shade->width : shade->height);
  uint8_t *line = malloc(longest);
  if (line != NULL && raster_create(&raster, shade->width)) {
    raster_fill(&raster, &reduced, shade->width, shade->height, shade_row, shade);
    shade_blur(shade, line, radius);
  } else {
    painter->out_of_memory = true;
  }
  raster_free(&raster);
  free(line);
}

void painter_shadow(struct painter *painter, const struct outline *outline, struct point offset, int softness,
                    int strength) {
  struct canvas *canvas = painter->canvas;
  struct outline moved = {.count = outline->count};
  for (int i = 0; i < outline->count; i++) {
    moved.points[i] = point_at(outline->points[i].x + offset.x, outline->points[i].y + offset.y);
  }
  int radius = softness / SHADOW_SCALE > 0 ? softness / SHADOW_SCALE : 1;
  struct shade shade = shade_around(&moved, canvas, 2 * radius + 1);
  if (shade.width <= 0 || shade.height <= 0) return;
  shade.values = calloc((size_t)shade.width * (size_t)shade.height, 1);
  if (shade.values == NULL) {
    painter->out_of_memory = true;
    return;
  }
  shade_draw(&shade, &moved, radius, painter);
  int y0 = clamp_int(shade.y * SHADOW_SCALE, 0, canvas->height);
  int y1 = clamp_int((shade.y + shade.height) * SHADOW_SCALE, 0, canvas->height);
  for (int y = y0; y < y1; y++) shade_apply_row(&shade, canvas, y, strength);
  free(shade.values);
}
