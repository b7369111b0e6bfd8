/* SPDX-License-Identifier: Apache-2.0 */
/* Plans draw every parameter from a stream of their own; applying a plan is integer arithmetic without chance, so a
 * copy's pixels before encoding are the same on every machine. */
#include "alter.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "painter.h"

const char *alter_name(enum alteration alteration) {
#define NAME(constant, name) name,
  static const char *const names[ALTERATIONS] = {EACH_ALTERATION(NAME)};
#undef NAME
  return names[alteration];
}

/* ---- Plans ---- */

__attribute__((format(printf, 2, 3))) static void describe(struct alter_plan *plan, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(plan->parameter, sizeof plan->parameter, format, arguments);
  va_end(arguments);
}

/* low to high with either sign. */
static int draw_signed(struct random_stream *random, int low, int high) {
  int drawn = random_range(random, low, high);
  return random_percent(random, 50) ? -drawn : drawn;
}

static void plan_resize(struct alter_plan *plan, struct random_stream *random, int width, int height) {
  int percent = random_range(random, 25, 150);
  if (percent >= 97 && percent <= 103) percent = 90;
  plan->width = clamp_int(width * percent / 100, 8, 32767);
  plan->height = clamp_int(height * percent / 100, 8, 32767);
  describe(plan, "%dx%d", plan->width, plan->height);
}

/* One to four percent of each axis in all, cut off at any of the edges. */
static void plan_crop(struct alter_plan *plan, struct random_stream *random, int width, int height) {
  int lost_x = width * random_range(random, 10, 40) / 1000, lost_y = height * random_range(random, 10, 40) / 1000;
  plan->x = random_range(random, 0, lost_x);
  plan->y = random_range(random, 0, lost_y);
  plan->width = width - lost_x;
  plan->height = height - lost_y;
  describe(plan, "%dx%d+%d+%d", plan->width, plan->height, plan->x, plan->y);
}

static void plan_border(struct alter_plan *plan, struct random_stream *random, int width, int height) {
  static const int greys[] = {0, 255, 255, 128, 32};
  int shorter = width < height ? width : height;
  plan->amount = clamp_int(shorter * random_range(random, 5, 25) / 1000, 1, 1000);
  plan->x = greys[random_below(random, sizeof greys / sizeof greys[0])];
  describe(plan, "%dpx grey %d", plan->amount, plan->x);
}

static void plan_recipe(struct alter_plan *plan, struct random_stream *random) {
  plan->recipe = (struct recipe){.layout = LAYOUT_420};
  plan->recipe.quality = random_range(random, 84, 94);
  plan->recipe.progressive = random_percent(random, 15);
  bool png = random_percent(random, 10);
  if (plan->alteration == ALTER_REENCODE) {
    plan->recipe.quality = random_range(random, 30, 90);
    describe(plan, "q%d", plan->recipe.quality);
  } else if (png) {
    plan->recipe = (struct recipe){.png = true, .layout = LAYOUT_RGB};
  }
}

struct alter_plan alter_plan(enum alteration alteration, uint64_t seed, uint64_t number, int width, int height) {
  struct random_stream random = random_open(seed, RANDOM_ALTER, number * ALTERATIONS + (uint64_t)alteration);
  struct alter_plan plan = {.alteration = alteration};
  plan_recipe(&plan, &random);
  int longer = width > height ? width : height;
  switch (alteration) {
  case ALTER_RESIZE:
    plan_resize(&plan, &random, width, height);
    break;
  case ALTER_CROP:
    plan_crop(&plan, &random, width, height);
    break;
  case ALTER_BORDER:
    plan_border(&plan, &random, width, height);
    break;
  case ALTER_BLUR:
    plan.amount = clamp_int(random_range(&random, 1, 1 + longer / 400), 1, 16);
    describe(&plan, "radius %d", plan.amount);
    break;
  case ALTER_SHARPEN:
    plan.amount = random_range(&random, 40, 160);
    describe(&plan, "%d%%", plan.amount);
    break;
  case ALTER_BRIGHTNESS:
    plan.amount = draw_signed(&random, 8, 40);
    describe(&plan, "%+d", plan.amount);
    break;
  case ALTER_CONTRAST:
    plan.amount = 100 + draw_signed(&random, 12, 40);
    describe(&plan, "%d%%", plan.amount);
    break;
  case ALTER_WATERMARK:
    text_invent(&random, plan.parameter, random_range(&random, 6, 18));
    plan.amount = random_range(&random, 70, 170);
    plan.random = random;
    break;
  default:
    break;
  }
  return plan;
}

/* ---- Pixels ---- */

static bool crop(const struct alter_plan *plan, const struct canvas *source, struct canvas *result) {
  if (!canvas_create(result, plan->width, plan->height)) return false;
  for (int y = 0; y < result->height; y++) {
    memcpy(canvas_row(result, y), canvas_row(source, y + plan->y) + plan->x * 3, (size_t)result->width * 3);
  }
  return true;
}

static bool blur(const struct alter_plan *plan, const struct canvas *source, struct canvas *result) {
  return canvas_copy(result, source) && canvas_blur(result, plan->amount) && canvas_blur(result, plan->amount);
}

/* Unsharp masking. */
static bool sharpen(const struct alter_plan *plan, const struct canvas *source, struct canvas *result) {
  if (!canvas_copy(result, source) || !canvas_blur(result, 1)) return false;
  size_t size = canvas_size(source);
  for (size_t i = 0; i < size; i++) {
    int value = source->pixels[i];
    result->pixels[i] = clamp_byte(value + (value - result->pixels[i]) * plan->amount / 100);
  }
  return true;
}

static bool tone(const struct alter_plan *plan, const struct canvas *source, struct canvas *result) {
  if (!canvas_copy(result, source)) return false;
  uint8_t curve[256];
  for (int i = 0; i < 256; i++) {
    bool shift = plan->alteration == ALTER_BRIGHTNESS;
    curve[i] = clamp_byte(shift ? i + plan->amount : 128 + (i - 128) * plan->amount / 100);
  }
  size_t size = canvas_size(source);
  for (size_t i = 0; i < size; i++) result->pixels[i] = curve[source->pixels[i]];
  return true;
}

/* One line of half-transparent letters, over a third to two thirds of the width. */
static bool watermark(const struct alter_plan *plan, const struct canvas *source, struct canvas *result) {
  struct painter painter;
  if (!canvas_copy(result, source)) return false;
  bool done = painter_create(&painter, result);
  if (done) {
    struct random_stream random = plan->random;
    int width = result->width * PIXEL, height = result->height * PIXEL;
    int dot = width / text_width(plan->parameter, 100) * random_range(&random, 33, 66) + PIXEL / 8;
    int x = random_range(&random, width / 40, width - width / 40 - text_width(plan->parameter, dot));
    int y = random_range(&random, height / 40, height - height / 40 - 7 * dot);
    bool white = random_percent(&random, 70);
    struct paint paint = paint_flat(white ? (struct colour){255, 255, 255} : (struct colour){0, 0, 0});
    paint.opacity = plan->amount;
    text_draw(&painter, plan->parameter, point_at(x, y), dot, 0, &paint);
  }
  painter_free(&painter);
  return done;
}

static bool border(const struct alter_plan *plan, const struct canvas *source, struct canvas *result) {
  int wide = plan->amount;
  if (!canvas_create(result, source->width + 2 * wide, source->height + 2 * wide)) return false;
  memset(result->pixels, plan->x, canvas_size(result));
  for (int y = 0; y < source->height; y++) {
    memcpy(canvas_row(result, y + wide) + wide * 3, canvas_row(source, y), (size_t)source->width * 3);
  }
  return true;
}

/* Each member of the dihedral group is a transposition or not, then mirrorings of the result. */
static bool turn(const struct alter_plan *plan, const struct canvas *source, struct canvas *result) {
  static const struct {
    bool transpose, mirror_x, mirror_y;
  } parts[ALTERATIONS] = {
      [ALTER_ROT90] = {true, false, true},     [ALTER_ROT180] = {false, true, true},
      [ALTER_ROT270] = {true, true, false},    [ALTER_FLIPX] = {false, false, true},
      [ALTER_FLIPY] = {false, true, false},    [ALTER_FLIPPLUS1] = {true, false, false},
      [ALTER_FLIPMINUS1] = {true, true, true},
  };
  bool transpose = parts[plan->alteration].transpose;
  int width = transpose ? source->height : source->width, height = transpose ? source->width : source->height;
  if (!canvas_create(result, width, height)) return false;
  for (int y = 0; y < height; y++) {
    uint8_t *pixel = canvas_row(result, y);
    int row = parts[plan->alteration].mirror_y ? height - 1 - y : y;
    for (int x = 0; x < width; x++, pixel += 3) {
      int column = parts[plan->alteration].mirror_x ? width - 1 - x : x;
      memcpy(pixel, transpose ? canvas_row(source, column) + row * 3 : canvas_row(source, row) + column * 3, 3);
    }
  }
  return true;
}

bool alter_apply(const struct alter_plan *plan, const struct canvas *source, struct canvas *result,
                 struct failure *failure) {
  bool done;
  switch (plan->alteration) {
  case ALTER_REENCODE:
    done = canvas_copy(result, source);
    break;
  case ALTER_RESIZE:
    done = canvas_resize(result, source, plan->width, plan->height);
    break;
  case ALTER_CROP:
    done = crop(plan, source, result);
    break;
  case ALTER_BLUR:
    done = blur(plan, source, result);
    break;
  case ALTER_SHARPEN:
    done = sharpen(plan, source, result);
    break;
  case ALTER_BRIGHTNESS:
  case ALTER_CONTRAST:
    done = tone(plan, source, result);
    break;
  case ALTER_WATERMARK:
    done = watermark(plan, source, result);
    break;
  case ALTER_BORDER:
    done = border(plan, source, result);
    break;
  default:
    done = turn(plan, source, result);
    break;
  }
  if (!done) canvas_free(result);
  return done || failure_set(failure, "out of memory");
}
