/* SPDX-License-Identifier: Apache-2.0 */
/* Pictures about which the rounding of float sums decides: coefficients that are equal, or zero by symmetry, so that
 * many lie at the median; cells whose steps are whole numbers of the quality's units, so that each truncation is a
 * tie; long rows whose running sums round the same way all along. PNGs, so that the pixels are what was drawn. */
#include <math.h>
#include <png.h>
#include <stdlib.h>
#include <string.h>

#include "../support/expect.h"
#include "../support/random.h"
#include "../support/sound.h"
#include "pdq/shape.h"

enum { CELLS = 64 };

struct drawing {
  uint32_t width, height;
  unsigned channels; /* 1 or 3 */
  uint16_t *samples;
};

static struct drawing new_drawing(uint32_t width, uint32_t height, unsigned channels) {
  struct drawing drawing = {width, height, channels, calloc((size_t)width * height * channels, sizeof(uint16_t))};
  assert_non_null(drawing.samples);
  return drawing;
}

static uint16_t *pixel_of(const struct drawing *drawing, uint32_t x, uint32_t y) {
  return drawing->samples + ((size_t)y * drawing->width + x) * drawing->channels;
}

static void set_grey(const struct drawing *drawing, uint32_t x, uint32_t y, int value) {
  const int cut = value < 0 ? 0 : value > 255 ? 255 : value;
  for (unsigned c = 0; c < drawing->channels; c++) pixel_of(drawing, x, y)[c] = (uint16_t)cut;
}

/* Checks the drawing and frees it. */
static void check(const char *kind, struct drawing *drawing) {
  const struct png_recipe recipe = {.width = drawing->width,
                                    .height = drawing->height,
                                    .color_type = drawing->channels == 1 ? PNG_COLOR_TYPE_GRAY : PNG_COLOR_TYPE_RGB,
                                    .depth = 8};
  sound_check_encoded(kind, encode_png(&recipe, drawing->samples));
  free(drawing->samples);
}

/* Sides whose box windows are 1 to 9, 16 and 20 wide, of whole cells and not. */
static const uint32_t sides[][2] = {{128, 128}, {192, 256},  {320, 384},  {448, 512}, {640, 576},
                                    {768, 896}, {513, 1100}, {2048, 150}, {131, 257}, {1024, 1024}};
enum { SIDES = sizeof sides / sizeof *sides };

/* ---- Coefficients at the median ---------------------------------------------------------------------------------- */

/* All 256 coefficients of the hash are `amplitude` or its negative, up to the rounding of pixels. */
static struct drawing equal_coefficients(uint64_t seed, uint32_t width, uint32_t height, float amplitude) {
  struct drawing drawing = new_drawing(width, height, seed % 3 == 0 ? 3 : 1);
  struct random_state random = random_seeded(seed);
  float *rows = calloc((size_t)16 * width, sizeof *rows);
  float *cosines = malloc((size_t)16 * width * sizeof *cosines);
  assert_true(rows != NULL && cosines != NULL);
  for (uint32_t j = 0; j < 16; j++)
    for (uint32_t x = 0; x < width; x++)
      cosines[j * width + x] = cosf(3.14159265f * (float)(j + 1) * ((float)x + 0.5f) / (float)width);
  for (uint32_t i = 0; i < 16; i++)
    for (uint32_t j = 0; j < 16; j++) {
      const float sign = random_next(&random) % 2 == 0 ? amplitude : -amplitude;
      for (uint32_t x = 0; x < width; x++) rows[i * width + x] += sign * cosines[j * width + x];
    }
  for (uint32_t y = 0; y < height; y++) {
    float down[16];
    for (uint32_t i = 0; i < 16; i++) down[i] = cosf(3.14159265f * (float)(i + 1) * ((float)y + 0.5f) / (float)height);
    for (uint32_t x = 0; x < width; x++) {
      float sum = 128.0f + (float)(random_next(&random) % 1024) / 1024.0f - 0.5f; /* dithers */
      for (uint32_t i = 0; i < 16; i++) sum += down[i] * rows[i * width + x];
      set_grey(&drawing, x, y, (int)lrintf(sum));
    }
  }
  free(rows);
  free(cosines);
  return drawing;
}

static void coefficients_are_equal(void **state) {
  (void)state;
  static const float amplitudes[] = {4.0f, 0.5f, 0.05f, 0.0f};
  for (size_t s = 0; s < SIDES; s++)
    for (size_t a = 0; a < 4; a++) {
      struct drawing drawing = equal_coefficients(4 * s + a, sides[s][0], sides[s][1], amplitudes[a]);
      check("equal coefficients", &drawing);
    }
  sound_expect_hashed();
  sound_end("coefficients that are equal");
}

enum symmetry { MIRRORED_X, MIRRORED_Y, TURNED, TRANSPOSED, PERIODIC, ROWS_ALIKE, COLUMNS_ALIKE, FLAT, SYMMETRIES };

/* Where the pixel at (x, y) has its value from. */
static void source_of(enum symmetry symmetry, const struct drawing *drawing, uint32_t *x, uint32_t *y) {
  const uint32_t right = drawing->width - 1 - *x, bottom = drawing->height - 1 - *y;
  if (symmetry == MIRRORED_X && right < *x) *x = right;
  if (symmetry == MIRRORED_Y && bottom < *y) *y = bottom;
  if (symmetry == TURNED && bottom < *y) *x = right, *y = bottom;
  if (symmetry == TRANSPOSED && *y > *x) {
    const uint32_t swap = *x;
    *x = *y, *y = swap;
  }
  if (symmetry == PERIODIC) *x %= 40, *y %= 24;
  if (symmetry == ROWS_ALIKE || symmetry == FLAT) *y = 0;
  if (symmetry == COLUMNS_ALIKE || symmetry == FLAT) *x = 0;
}

/* Coefficients of half the places, or all of them, are zero but for rounding. */
static void coefficients_are_zero(void **state) {
  (void)state;
  for (size_t s = 0; s < SIDES; s++)
    for (unsigned symmetry = 0; symmetry < SYMMETRIES; symmetry++) {
      const uint32_t width = sides[s][0], height = symmetry == TRANSPOSED ? width : sides[s][1];
      const unsigned channels = (s + symmetry) % 2 == 0 ? 1 : 3;
      struct drawing drawing = new_drawing(width, height, channels);
      uint8_t *noise = malloc((size_t)width * height * channels);
      assert_non_null(noise);
      struct random_state random = random_seeded(s);
      for (size_t i = 0; i < (size_t)width * height * channels; i++) noise[i] = (uint8_t)random_next(&random);
      for (uint32_t y = 0; y < height; y++)
        for (uint32_t x = 0; x < width; x++) {
          uint32_t from_x = x, from_y = y;
          source_of((enum symmetry)symmetry, &drawing, &from_x, &from_y);
          /* Coarse as well as fine. */
          const uint8_t *coarse = noise + ((size_t)(from_y / 16) * width + from_x / 16) * channels;
          const uint8_t *fine = noise + ((size_t)from_y * width + from_x) * channels;
          for (unsigned c = 0; c < channels; c++)
            pixel_of(&drawing, x, y)[c] = (uint16_t)((3u * coarse[c] + fine[c]) / 4u);
        }
      check("symmetric pictures", &drawing);
      free(noise);
    }
  sound_expect_hashed();
  sound_end("coefficients that are zero by symmetry");
}

/* Almost nothing in a flat picture: the smallest coefficients that there are. */
static void lone_dots(void **state) {
  (void)state;
  for (size_t s = 0; s < SIDES; s++)
    for (unsigned dots = 1; dots <= 40; dots += 13) {
      struct drawing drawing = new_drawing(sides[s][0], sides[s][1], dots % 2 == 0 ? 1 : 3);
      struct random_state random = random_seeded(s * 100 + dots);
      const int ground = (int)(random_next(&random) % 256);
      for (uint32_t y = 0; y < drawing.height; y++)
        for (uint32_t x = 0; x < drawing.width; x++) set_grey(&drawing, x, y, ground);
      for (unsigned i = 0; i < dots; i++)
        set_grey(&drawing, (uint32_t)(random_next(&random) % drawing.width),
                 (uint32_t)(random_next(&random) % drawing.height), ground < 128 ? 255 : 0);
      check("lone dots", &drawing);
    }
  sound_expect_hashed();
  sound_end("lone dots on flat ground");
}

/* ---- Qualities made of ties -------------------------------------------------------------------------------------- */

/* A step of 51 levels between neighbouring cells is 20 units of quality, or 19 where rounding makes it a little less;
 * 90 units are a point. 225 steps are a quality of 50, or of 47. */
enum { STEP = 51, STEPS_AT_GATE = 225 };

/* Whole cells of the ground's colour, and of one that is a step away, with `edges` steps between neighbours or a few
 * more. A cell alone has four. */
static struct drawing cells_apart(uint64_t seed, uint32_t cell, unsigned channels, unsigned edges, int ground) {
  struct drawing drawing = new_drawing(CELLS * cell, CELLS * cell, channels);
  struct random_state random = random_seeded(seed);
  uint8_t raised[CELLS][CELLS] = {{0}};
  for (unsigned made = 0; made < edges;) {
    const uint32_t row = 1 + (uint32_t)(random_next(&random) % (CELLS - 2));
    const uint32_t column = 1 + (uint32_t)(random_next(&random) % (CELLS - 2));
    const bool alone = !raised[row][column] && !raised[row - 1][column] && !raised[row + 1][column] &&
                       !raised[row][column - 1] && !raised[row][column + 1];
    if (!alone) continue;
    raised[row][column] = 1;
    made += 4;
  }
  for (uint32_t y = 0; y < drawing.height; y++)
    for (uint32_t x = 0; x < drawing.width; x++) set_grey(&drawing, x, y, ground + STEP * raised[y / cell][x / cell]);
  return drawing;
}

static void truncations_are_ties(void **state) {
  (void)state;
  for (uint32_t cell = 2; cell <= 12; cell++)
    for (unsigned way = 0; way < 6; way++) {
      const unsigned edges = STEPS_AT_GATE - 9 + 4 * way;
      struct drawing drawing =
          cells_apart(cell * 10 + way, cell, way % 2 == 0 ? 1 : 3, edges, (int)(cell * 17 + way * 5) % 200);
      check("ties", &drawing);
    }
  sound_expect_hashed();
  sound_end("quality gates made of ties");
}

/* The same from a JPEG of 8-pixel cells: each block has DC alone, in the luma of colour files. */
/* The luma of this step is 2.55 levels, one unit of quality: each of the 8,064 steps between neighbouring cells counts
 * one more or less as its float is rounded up or down, 89 points in all. */
static const int unit_step[3] = {1, 5, -6};

static struct drawing cells_of_units(uint64_t seed, uint32_t cell, unsigned most) {
  struct drawing drawing = new_drawing(CELLS * cell, CELLS * cell, 3);
  struct random_state random = random_seeded(seed);
  const int ground[3] = {(int)(random_next(&random) % 200), (int)(random_next(&random) % 100),
                         100 + (int)(random_next(&random) % 150)};
  int heights[CELLS][CELLS];
  for (unsigned row = 0; row < CELLS; row++)
    for (unsigned column = 0; column < CELLS; column++)
      heights[row][column] = most == 1 ? (int)(row + column) % 2 : (int)(random_next(&random) % (most + 1));
  for (uint32_t y = 0; y < drawing.height; y++)
    for (uint32_t x = 0; x < drawing.width; x++)
      for (unsigned c = 0; c < 3; c++)
        pixel_of(&drawing, x, y)[c] = (uint16_t)(ground[c] + heights[y / cell][x / cell] * unit_step[c]);
  return drawing;
}

static void each_step_is_a_tie(void **state) {
  (void)state;
  static const uint32_t cells[] = {2, 5, 6, 9, 10, 13, 14, 17}; /* of sizes where tents lie within them */
  for (size_t i = 0; i < sizeof cells / sizeof *cells; i++)
    for (unsigned way = 0; way < 6; way++) {
      const uint32_t cell = cells[i];
      struct drawing drawing = cells_of_units(cell * 10 + way, cell, 1 + way / 2);
      check("ties of units", &drawing);
    }
  sound_expect_hashed();
  sound_end("quality gates where each step is a tie");
}

static void truncations_are_ties_in_jpegs(void **state) {
  (void)state;
  for (unsigned way = 0; way < 12; way++) {
    struct drawing drawing = cells_apart(900 + way, 8, 1, STEPS_AT_GATE - 13 + 3 * way, 40 + 7 * (int)way);
    struct craft craft;
    craft_open(&craft, drawing.width, drawing.height, way % 2 == 0 ? 1 : 3,
               (const struct craft_sampling[]){{1, 1}, {1, 1}, {1, 1}});
    for (unsigned c = 1; c < craft.count; c++) craft.quant[1][0] = 8;
    for (uint32_t y = 0; y < CELLS; y++)
      for (uint32_t x = 0; x < CELLS; x++) {
        craft_block(&craft, 0, x, y)[0] = (int16_t)(8 * ((int)*pixel_of(&drawing, 8 * x, 8 * y) - 128));
        for (unsigned c = 1; c < craft.count; c++) craft_block(&craft, c, x, y)[0] = (int16_t)(way * c);
      }
    craft_header(&craft, CRAFT_SOF0);
    craft_sequential(&craft);
    sound_check_encoded("ties in JPEGs", craft_end(&craft));
    craft_close(&craft);
    free(drawing.samples);
  }
  sound_expect_hashed();
  sound_end("quality gates made of ties, in JPEGs");
}

/* The steps of units again, from JPEGs that store RGB with steps of 1. */
static void each_step_is_a_tie_in_jpegs(void **state) {
  (void)state;
  static const uint32_t cells[] = {5, 6, 9, 10};
  for (unsigned i = 0; i < 16; i++) {
    struct drawing drawing = cells_of_units(700 + i, cells[i % 4], 1 + i / 8);
    struct craft craft;
    craft_open(&craft, drawing.width, drawing.height, 3, (const struct craft_sampling[]){{1, 1}, {1, 1}, {1, 1}});
    const size_t count = (size_t)drawing.width * drawing.height;
    float *plane = malloc(count * sizeof *plane);
    assert_non_null(plane);
    for (unsigned c = 0; c < 3; c++) {
      craft.components[c].id = (uint8_t) "RGB"[c];
      for (size_t p = 0; p < count; p++) plane[p] = (float)drawing.samples[3 * p + c];
      craft_plane(&craft, c, plane);
    }
    craft_marker(&craft, CRAFT_SOI);
    craft_tables(&craft, 0);
    craft_tables(&craft, 1);
    craft_frame(&craft, CRAFT_SOF0, craft.height);
    craft_sequential(&craft);
    sound_check_encoded("ties of units in JPEGs", craft_end(&craft));
    craft_close(&craft);
    free(plane);
    free(drawing.samples);
  }
  sound_expect_hashed();
  sound_end("quality gates where each step is a tie, in JPEGs");
}

/* ---- Sums that drift --------------------------------------------------------------------------------------------- */

static float luma_of(const uint8_t rgb[3]) {
  return 0.299f * (float)rgb[0] + 0.587f * (float)rgb[1] + 0.114f * (float)rgb[2];
}

/* What the exact level's box filter adds to a running sum it subtracts a window further on, and both are rounded to the
 * sum's grid. Lumas half a grid step off it are ties, rounded to even, so that with lumas on the grid between them, of
 * the right parity, both ways are rounded to the same side: half of the picture's length in grid steps. */
enum { COLOURS = 48, SPREAD = 29 };

struct palette {
  uint8_t colours[2][COLOURS][3]; /* half a step off the grid; on it */
  size_t count[2];
};

/* Colours near a grey whose luma is as far off the grid as it must be; where there are none, all that are near it. */
static struct palette new_palette(int level, double grid) {
  struct palette palette = {.count = {0}};
  for (unsigned kind = 0; kind < 2; kind++)
    for (unsigned any = 0; any < 2 && palette.count[kind] == 0; any++)
      for (unsigned i = 0; i < SPREAD * SPREAD * SPREAD && palette.count[kind] < COLOURS; i++) {
        const unsigned at = i * 7919u % (SPREAD * SPREAD * SPREAD); /* in a scattered order */
        const int reach = SPREAD / 2;
        const uint8_t colour[3] = {(uint8_t)(level - reach + (int)(at % SPREAD)),
                                   (uint8_t)(level - reach + (int)(at / SPREAD % SPREAD)),
                                   (uint8_t)(level - reach + (int)(at / SPREAD / SPREAD))};
        const double luma = (double)luma_of(colour);
        const bool fits = any != 0 || fmod(luma, grid) / grid == (kind == 0 ? 0.5 : 0.0);
        if (fits && fabs(luma - level) <= 5.0) memcpy(palette.colours[kind][palette.count[kind]++], colour, 3);
      }
  return palette;
}

/* Colours along an axis that drift to one side and whose mean follows `levels` (one a cell), which are near `base`. */
static void choose_drift(uint8_t (*colours)[3], size_t length, int base, const float levels[CELLS], int direction) {
  const size_t window = pdq_window(length);
  const double grid = ldexp(1.0, (int)floor(log2((double)base * (double)window)) - 23);
  const struct palette palette = new_palette(base, grid);
  float sum = 0.0f;
  double balance = 0.0; /* of the lumas chosen against the levels */
  assert_true(palette.count[0] > 0 && palette.count[1] > 0);
  for (size_t x = 0; x < length; x++) {
    const double level = (double)levels[x * CELLS / length];
    const float leaving = x >= window ? luma_of(colours[x - window]) : 0.0f;
    double best = -INFINITY;
    const unsigned kind = x % 2;
    for (size_t i = 0; i < palette.count[kind]; i++) {
      const float luma = luma_of(palette.colours[kind][i]);
      const float added = sum + luma;
      const double error = (double)(added - leaving) - ((double)sum + (double)luma - (double)leaving);
      const double off = balance + (double)luma - level;
      const double score = direction * error / grid - 0.001 * off * off;
      if (score <= best) continue;
      best = score;
      memcpy(colours[x], palette.colours[kind][i], 3);
    }
    const float luma = luma_of(colours[x]);
    balance += (double)luma - level;
    sum = sum + luma;
    sum = sum - leaving;
  }
}

enum { BANDS = 8 };

/* A band's levels along the axis: low frequencies of `signal` levels, none of them in the mean. */
static void choose_levels(float levels[CELLS], int base, float signal, struct random_state *random) {
  for (unsigned i = 0; i < CELLS; i++) levels[i] = (float)base;
  for (unsigned frequency = 1; frequency <= 16; frequency++) {
    const float sign = random_next(random) % 2 == 0 ? signal : -signal;
    for (unsigned i = 0; i < CELLS; i++)
      levels[i] += sign * cosf(3.14159265f * (float)frequency * ((float)i + 0.5f) / CELLS);
  }
}

struct drift {
  uint32_t along, across;
  bool upright;
  int base;
  float signal;
  int apart; /* between neighbouring rows of cells: gives quality, and no low frequency along the axis */
};

/* The caller frees the samples. */
static struct drawing new_drift(uint64_t seed, const struct drift *drift) {
  struct drawing drawing =
      new_drawing(drift->upright ? drift->across : drift->along, drift->upright ? drift->along : drift->across, 3);
  struct random_state random = random_seeded(seed);
  uint8_t(*bands)[3] = malloc((size_t)BANDS * drift->along * 3);
  assert_non_null(bands);
  for (unsigned i = 0; i < BANDS; i++) {
    float levels[CELLS];
    const int base = drift->base + (i % 2 == 0 ? 0 : drift->apart);
    choose_levels(levels, base, drift->signal, &random);
    choose_drift(bands + (size_t)i * drift->along, drift->along, base, levels, random_next(&random) % 2 == 0 ? 1 : -1);
  }
  uint8_t chosen[CELLS] = {0};
  for (unsigned i = 0; i < CELLS; i++)
    chosen[i] = (uint8_t)(i % 6 < 2 ? random_next(&random) % (BANDS / 2) * 2 + i % 2 : chosen[i - 2]);
  for (uint32_t a = 0; a < drift->across; a++) {
    const uint8_t(*band)[3] = (const uint8_t(*)[3])bands + (size_t)chosen[a * CELLS / drift->across] * drift->along;
    for (uint32_t b = 0; b < drift->along; b++)
      for (unsigned c = 0; c < 3; c++)
        pixel_of(&drawing, drift->upright ? a : b, drift->upright ? b : a)[c] = band[b][c];
  }
  free(bands);
  return drawing;
}

/* Longer than PNGs may be. */
static void check_longest(uint64_t seed, const struct drift *drift) {
  struct drawing drawing = new_drift(seed, drift);
  const size_t count = (size_t)drawing.width * drawing.height * drawing.channels;
  uint8_t *pixels = malloc(count);
  assert_non_null(pixels);
  for (size_t i = 0; i < count; i++) pixels[i] = (uint8_t)drawing.samples[i];
  sound_check_pixels(pixels, drawing.width, drawing.height, drawing.channels);
  free(pixels);
  free(drawing.samples);
}

/* A level from which the sums of a window of it lie well inside one binade. */
static int level_for(uint32_t window) {
  int level = 100;
  for (;; level++) {
    const double place = fmod(log2((double)level * window), 1.0);
    if (place >= 0.2 && place <= 0.3) return level;
  }
}

static void sums_drift(void **state) {
  (void)state;
  static const uint32_t windows[] = {7,  13,  33,
                                     63, 127, 255}; /* odd, so that a tie leaves as what is on the grid enters */
  static const float signals[] = {0.0f, 0.02f, 0.1f, 0.4f};
  for (unsigned i = 0; i < sizeof windows / sizeof *windows; i++)
    for (unsigned way = 0; way < 8; way++) {
      const struct drift drift = {128 * windows[i],     128, way % 2 == 1, level_for(windows[i]), signals[way / 2],
                                  way % 3 == 0 ? 0 : 50};
      if (i == 5 && way % 4 != 2) continue; /* large */
      struct drawing drawing = new_drift(i * 8 + way, &drift);
      check("drift", &drawing);
    }
  for (unsigned way = 0; way < 4; way++) {
    const struct drift drift = {128 * 511, 128, way % 2 == 1, 105, signals[way], 0};
    check_longest(way, &drift);
  }
  sound_expect_hashed();
  sound_end("running sums that drift");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(coefficients_are_equal),
      cmocka_unit_test(coefficients_are_zero),
      cmocka_unit_test(lone_dots),
      cmocka_unit_test(truncations_are_ties),
      cmocka_unit_test(each_step_is_a_tie),
      cmocka_unit_test(truncations_are_ties_in_jpegs),
      cmocka_unit_test(each_step_is_a_tie_in_jpegs),
      cmocka_unit_test(sums_drift),
  };
  return cmocka_run_group_tests(tests, sound_set_up, sound_tear_down);
}
