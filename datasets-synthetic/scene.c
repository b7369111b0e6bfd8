/* SPDX-License-Identifier: Apache-2.0 */
/* Stage and darkroom. The stage: noise fields, colour scheme, direction of light. The darkroom, for photographs only: a
 * touch of lens blur, uneven light, contrast and colour grade, sensor noise. */
#include "scene.h"

#include <stdlib.h>

static const struct {
  const char *name;
  void (*paint)(struct scene *scene);
  bool photograph;
} KINDS[SCENE_KINDS] = {
    [SCENE_LANDSCAPE] = {"landscape", scene_landscape, true},
    [SCENE_STREET] = {"street", scene_street, true},
    [SCENE_STILL_LIFE] = {"still-life", scene_still_life, true},
    [SCENE_CLOSE_UP] = {"close-up", scene_close_up, true},
    [SCENE_SURFACE] = {"surface", scene_surface, true},
    [SCENE_COLLAGE] = {"collage", scene_collage, false},
    [SCENE_PAGE] = {"page", scene_page, true},
    [SCENE_DIAGRAM] = {"diagram", scene_diagram, false},
    [SCENE_FLAT] = {"flat", scene_flat, false},
};

const char *scene_name(enum scene_kind kind) {
  return KINDS[kind].name;
}

int scene_length(const struct scene *scene, int permille) {
  return (int)((int64_t)scene->unit * permille / 1000);
}

struct point scene_point(const struct scene *scene, int permille_x, int permille_y) {
  int64_t x = (int64_t)scene->width * permille_x / 1000, y = (int64_t)scene->height * permille_y / 1000;
  return point_at((int)x, (int)y);
}

struct point scene_place(struct scene *scene, int left, int right, int top, int bottom) {
  int x = random_range(&scene->random, left, right);
  int y = random_range(&scene->random, top, bottom);
  return scene_point(scene, x, y);
}

struct colour scene_colour(struct scene *scene, int saturation_low, int saturation_high, int value_low,
                           int value_high) {
  int hue = scene->hue + random_range(&scene->random, -180, 180);
  if (random_percent(&scene->random, 25)) hue += 768;
  else if (random_percent(&scene->random, 15)) hue += random_below(&scene->random, 1536);
  int saturation = random_range(&scene->random, saturation_low, saturation_high);
  int value = random_range(&scene->random, value_low, value_high);
  return colour_of(hue + 1536, saturation, value);
}

void scene_texture(struct scene *scene, struct paint *paint, int strength) {
  int drawn = random_below(&scene->random, 100);
  paint->texture = drawn < 45 ? &scene->coarse : drawn < 75 ? &scene->fine : &scene->streaks;
  paint->weave = drawn % 9 == 0 ? WEAVE_RIDGED : drawn % 11 == 0 ? WEAVE_BANDED : WEAVE_PLAIN;
  paint->strength = strength;
  paint->shift_x = random_below(&scene->random, scene->coarse.width);
  paint->shift_y = random_below(&scene->random, scene->coarse.height);
}

void scene_cover(struct scene *scene, struct paint *paint, int strength) {
  scene_texture(scene, paint, strength);
  paint->shift_x = paint->shift_y = 0;
}

void scene_shadow(struct scene *scene, const struct outline *outline, int strength) {
  struct point offset = point_at(scene_length(scene, scene->shadow.x), scene_length(scene, scene->shadow.y));
  painter_shadow(&scene->painter, outline, offset, scene_length(scene, 12) / PIXEL, strength);
}

void scene_write(struct scene *scene, struct point origin, int width, int dot, int angle, struct colour colour) {
  char text[TEXT_MAX];
  struct paint paint = paint_flat(colour);
  if (dot < PIXEL / 8) return; /* a grey smear at best */
  text_invent(&scene->random, text, clamp_int(width / (6 * dot), 1, TEXT_MAX - 1));
  text_draw(&scene->painter, text, origin, dot, angle, &paint);
}

/* ---- Stage ---- */

static bool stage_noise(struct scene *scene, const struct canvas *canvas, uint64_t seed, uint64_t number) {
  struct random_stream random = random_open(seed, RANDOM_NOISE, number);
  int longest = canvas->width > canvas->height ? canvas->width : canvas->height;
  struct noise_shape coarse = {.octaves = 1}, fine = {.octaves = 3, .persistence = 180}, streaks = {.octaves = 4};
  coarse.cell_x = coarse.cell_y = longest * 10 / random_range(&random, 25, 90) + 1;
  while (coarse.octaves < NOISE_MAX_OCTAVES - 1 && coarse.cell_x >> coarse.octaves >= 2) coarse.octaves++;
  coarse.persistence = random_range(&random, 125, 190);
  fine.cell_x = fine.cell_y = random_range(&random, 6, 24);
  int lengthwise = longest / random_range(&random, 3, 9) + 2;
  int crosswise = lengthwise / random_range(&random, 5, 16) + 2;
  bool upright = random_percent(&random, 35);
  streaks.cell_x = upright ? crosswise : lengthwise;
  streaks.cell_y = upright ? lengthwise : crosswise;
  streaks.persistence = random_range(&random, 140, 200);
  uint64_t seeds[3];
  for (int i = 0; i < 3; i++) seeds[i] = random_next(&random);
  return noise_create(&scene->coarse, canvas->width, canvas->height, &coarse, seeds[0]) &&
         noise_create(&scene->fine, canvas->width, canvas->height, &fine, seeds[1]) &&
         noise_create(&scene->streaks, canvas->width, canvas->height, &streaks, seeds[2]);
}

static void stage_set(struct scene *scene, const struct canvas *canvas) {
  scene->width = canvas->width * PIXEL;
  scene->height = canvas->height * PIXEL;
  scene->unit = scene->width < scene->height ? scene->width : scene->height;
  scene->hue = random_below(&scene->random, 1536);
  scene->shadow.x = random_range(&scene->random, -40, 40);
  scene->shadow.y = random_range(&scene->random, 5, 40);
}

/* ---- Darkroom ---- */

/* A tone curve for each channel: exposure, contrast and a warm or cold cast. */
static void grade_curves(struct random_stream *random, uint8_t curves[3][256]) {
  int contrast = random_range(random, 205, 310);
  int lift = random_range(random, -22, 22);
  int warmth = random_range(random, -24, 24);
  for (int channel = 0; channel < 3; channel++) {
    int gain = 256 + (channel == 0 ? warmth : channel == 2 ? -warmth : 0);
    for (int i = 0; i < 256; i++) {
      curves[channel][i] = clamp_byte((((i - 128) * contrast / 256) + 128 + lift) * gain / 256);
    }
  }
}

struct light {
  int slope_x, slope_y; /* change of the factor over the whole side, in 1/256 */
  int vignette;         /* loss in the corners, in 1/256 */
  int patches;          /* uneven light from the coarse field, 0 to 256 */
  int noise;            /* sensor noise, plus or minus */
};

/* The part of the light's factor that depends on one axis, at `place` of `count`. */
static int axis_factor(int place, int count, int slope, int vignette) {
  int along = (2 * place - count) * 256 / count; /* -256 to 256 from edge to edge */
  return slope * along / 512 - vignette * (along * along / 256) / 512;
}

static void develop_row(const struct scene *scene, const struct light *light, int y, uint64_t noise_seed,
                        uint8_t curves[3][256]) {
  const struct canvas *canvas = scene->painter.canvas;
  const int8_t *patches = scene->coarse.values + (size_t)y * (size_t)canvas->width;
  const int16_t *column_factors = scene->painter.blend;
  int row_factor = 256 + axis_factor(y, canvas->height, light->slope_y, light->vignette);
  uint8_t *pixel = canvas_row(canvas, y);
  uint64_t bits = 0;
  for (int x = 0; x < canvas->width; x++, pixel += 3, bits >>= 8) {
    if (x % 8 == 0) bits = splitmix_mix(noise_seed + (uint64_t)x);
    int factor = row_factor + column_factors[x] + ((patches[x] * light->patches) >> 8);
    int noise = (((int)(bits & 255) - 128) * light->noise) >> 7;
    for (int channel = 0; channel < 3; channel++) {
      pixel[channel] = curves[channel][clamp_byte(((pixel[channel] * factor) >> 8) + noise)];
    }
  }
}

static void develop_grey(const struct canvas *canvas) {
  uint8_t *end = canvas->pixels + canvas_size(canvas);
  for (uint8_t *pixel = canvas->pixels; pixel < end; pixel += 3) pixel[0] = pixel[1] = pixel[2] = luma_of(pixel);
}

static bool develop(struct scene *scene) {
  struct random_stream *random = &scene->random;
  struct canvas *canvas = scene->painter.canvas;
  uint8_t curves[3][256];
  struct light light;
  if (random_percent(random, 55) && !canvas_blur(canvas, 1)) return false;
  light.slope_x = random_range(random, -90, 90);
  light.slope_y = random_range(random, -70, 70);
  light.vignette = random_range(random, 0, 90);
  light.patches = random_range(random, 0, 110);
  light.noise = random_range(random, 0, 7);
  grade_curves(random, curves);
  uint64_t noise_seed = random_next(random);
  for (int x = 0; x < canvas->width; x++) {
    scene->painter.blend[x] = (int16_t)axis_factor(x, canvas->width, light.slope_x, light.vignette);
  }
  for (int y = 0; y < canvas->height; y++) {
    develop_row(scene, &light, y, splitmix_mix(noise_seed + (uint64_t)y * SPLITMIX_STEP), curves);
  }
  if (random_percent(random, 6)) develop_grey(canvas);
  return true;
}

bool scene_paint(struct canvas *canvas, enum scene_kind kind, uint64_t seed, uint64_t number) {
  struct scene scene = {.random = random_open(seed, RANDOM_SCENE, number)};
  stage_set(&scene, canvas);
  bool done = painter_create(&scene.painter, canvas) && stage_noise(&scene, canvas, seed, number);
  if (done) {
    KINDS[kind].paint(&scene);
    done = !scene.painter.out_of_memory && (!KINDS[kind].photograph || develop(&scene));
  }
  noise_free(&scene.coarse);
  noise_free(&scene.fine);
  noise_free(&scene.streaks);
  painter_free(&scene.painter);
  return done;
}
