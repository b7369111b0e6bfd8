/* SPDX-License-Identifier: Apache-2.0 */
/* What people see of a PNG: every kind of pixel with every kind of transparency, with gamma, interlaced and cut, in
 * every view, against a plain computation in floating point from the samples; and the chunks that make a picture other
 * than its pixels, in right and wrong places. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <png.h>

#include "../support/decoded.h"
#include "../support/encode.h"
#include "../support/png_ways.h"
#include "../support/random.h"
#include "base/bytes.h"

enum { GAMMA_LINEAR = 100000, GAMMA_USUAL = 45455 };

#define BIT(view) (1u << HASHSCAN_VIEW_##view)

/* A picture and what is beside its pixels. */
struct picture {
  struct png_recipe recipe;
  uint16_t *samples;
  size_t step; /* samples a pixel */
  uint8_t transparency[256];
  size_t transparency_bytes; /* 0: no tRNS */
  uint32_t gamma;            /* 0: no gAMA */
  struct encoded png;
};

static size_t samples_of(int color_type) {
  static const size_t samples[] = {1, 0, 3, 1, 2, 0, 4};
  return samples[color_type];
}

static const uint8_t (*palette_colors(void))[3] {
  static uint8_t palette[256][3];
  for (unsigned i = 0; i < 256; i++)
    for (unsigned c = 0; c < 3; c++) palette[i][c] = (uint8_t)(i * (31 + 40 * c) + 17 * c);
  return (const uint8_t(*)[3])palette;
}

static void add_chunk(struct encoded *png, const char *before, const char *type, const void *data, size_t size) {
  const struct encoded more = encode_png_with_chunk(png, encode_png_find(png, before), type, data, size);
  free(png->bytes);
  *png = more;
}

static void add_number(struct encoded *png, const char *before, const char *type, uint32_t value) {
  uint8_t data[4];
  store_be32(data, value);
  add_chunk(png, before, type, data, sizeof data);
}

static void picture_encode(struct picture *picture) {
  picture->recipe.palette = palette_colors();
  picture->step = samples_of(picture->recipe.color_type);
  picture->png = encode_png(&picture->recipe, picture->samples);
  if (picture->gamma != 0)
    add_number(&picture->png, picture->recipe.color_type == 3 ? "PLTE" : "IDAT", "gAMA", picture->gamma);
  if (picture->transparency_bytes > 0)
    add_chunk(&picture->png, "IDAT", "tRNS", picture->transparency, picture->transparency_bytes);
}

static void picture_free(struct picture *picture) {
  free(picture->samples);
  free(picture->png.bytes);
}

/* ---- The plain computation --------------------------------------------------------------------------------------- */

static size_t colors_of(const struct picture *picture) {
  return (picture->recipe.color_type & PNG_COLOR_MASK_COLOR) != 0 ? 3 : 1;
}

static unsigned to_8_bits(unsigned sample, int depth) {
  return (unsigned)lround(sample * 255.0 / ((1u << depth) - 1));
}

static double exponent_of(const struct picture *picture) {
  return 1 / (picture->gamma / 100000.0 * 2.2);
}

static double color_at(const struct picture *picture, size_t pixel, size_t c, bool gamma) {
  const uint16_t sample = picture->samples[pixel * picture->step + (picture->recipe.color_type == 3 ? 0 : c)];
  double value = to_8_bits(sample, picture->recipe.depth) / 255.0;
  if (picture->recipe.color_type == 3) value = picture->recipe.palette[sample][c] / 255.0;
  if (gamma && picture->recipe.depth == 16) value = sample / 65535.0;
  return gamma ? floor(pow(value, exponent_of(picture)) * 255 + 0.5) : value * 255;
}

static unsigned key_of(const struct picture *picture, size_t c) {
  const unsigned key = (unsigned)picture->transparency[2 * c] << 8 | picture->transparency[2 * c + 1];
  return key & ((1u << picture->recipe.depth) - 1);
}

static unsigned alpha_at(const struct picture *picture, size_t pixel) {
  const uint16_t *samples = picture->samples + pixel * picture->step;
  const size_t colors = colors_of(picture);
  if ((picture->recipe.color_type & PNG_COLOR_MASK_ALPHA) != 0)
    return to_8_bits(samples[colors], picture->recipe.depth);
  if (picture->transparency_bytes == 0) return 255;
  if (picture->recipe.color_type == 3)
    return samples[0] < picture->transparency_bytes ? picture->transparency[samples[0]] : 255;
  for (size_t c = 0; c < colors; c++)
    if (samples[c] != key_of(picture, c)) return 255;
  return 0;
}

static bool has_gamma(hashscan_view view) {
  return view == HASHSCAN_VIEW_GAMMA || view == HASHSCAN_VIEW_GAMMA_ON_WHITE || view == HASHSCAN_VIEW_GAMMA_ON_BLACK;
}

static unsigned expected_at(const struct picture *picture, hashscan_view view, size_t pixel, size_t c) {
  const double color = color_at(picture, pixel, c, picture->gamma != 0 && has_gamma(view));
  if (view == HASHSCAN_VIEW_STORED || view == HASHSCAN_VIEW_GAMMA) return (unsigned)lround(color);
  const bool white = view == HASHSCAN_VIEW_ON_WHITE || view == HASHSCAN_VIEW_GAMMA_ON_WHITE;
  const double alpha = alpha_at(picture, pixel) / 255.0;
  return (unsigned)lround(color * alpha + (white ? 255 : 0) * (1 - alpha));
}

/* Returns whether the view differs from the stored pixels. */
static bool check_view(const struct picture *picture, hashscan_view view) {
  struct decoded decoded = decoded_view(view, picture->png.bytes, picture->png.size);
  assert_int_equal(decoded.status, HASHSCAN_STATUS_OK);
  assert_int_equal(decoded.info.channels, colors_of(picture));
  bool differs = false;
  for (size_t i = 0; i < decoded.row_bytes * decoded.rows; i++) {
    const size_t pixel = i / decoded.info.channels;
    const size_t c = i % decoded.info.channels;
    const unsigned expected = expected_at(picture, view, pixel, c);
    differs |= expected != expected_at(picture, HASHSCAN_VIEW_STORED, pixel, c);
    if (decoded.pixels[i] != expected)
      fail_msg("type %d depth %d view %d pixel %zu channel %zu: %u, not %u", picture->recipe.color_type,
               picture->recipe.depth, view, pixel, c, decoded.pixels[i], expected);
  }
  decoded_free(&decoded);
  return differs;
}

static bool is_opaque(const struct picture *picture) {
  for (size_t i = 0; i < (size_t)picture->recipe.width * picture->recipe.height; i++)
    if (alpha_at(picture, i) != 255) return false;
  return true;
}

/* The views that are announced are those that differ; with gamma, those with and without it on both pages. */
static unsigned check_picture(struct picture *picture) {
  picture_encode(picture);
  unsigned views = 0;
  assert_false(check_view(picture, HASHSCAN_VIEW_STORED));
  for (hashscan_view view = 1; view <= HASHSCAN_VIEW_GAMMA_ON_BLACK; view++)
    views |= (unsigned)check_view(picture, view) << view;
  const unsigned with_gamma = BIT(GAMMA) | BIT(GAMMA_ON_WHITE) | BIT(GAMMA_ON_BLACK);
  views &= ~with_gamma;
  if (picture->gamma != 0 && picture->gamma != GAMMA_USUAL)
    views |= is_opaque(picture) ? BIT(GAMMA) : BIT(GAMMA_ON_WHITE) | BIT(GAMMA_ON_BLACK);
  struct decoded stored = decoded_from(picture->png.bytes, picture->png.size, NULL);
  assert_int_equal(stored.info.views, views);
  assert_null(stored.info.unseen);
  decoded_free(&stored);
  hashscan_status status;
  png_ways_agree(picture->png.bytes, picture->png.size, &status);
  assert_int_equal(status, HASHSCAN_STATUS_OK);
  return views;
}

/* ---- Every kind -------------------------------------------------------------------------------------------------- */

/* Few values, so that a key is met; alpha in runs, so that some rows are opaque. */
static void fill(struct picture *picture, unsigned seed, bool opaque) {
  const struct png_recipe *recipe = &picture->recipe;
  const size_t step = samples_of(recipe->color_type);
  const unsigned max = (1u << recipe->depth) - 1;
  picture->samples = malloc((size_t)recipe->width * recipe->height * step * sizeof *picture->samples);
  assert_non_null(picture->samples);
  struct random_state state = random_seeded(seed);
  for (size_t i = 0; i < (size_t)recipe->width * recipe->height * step; i++) {
    const bool is_alpha = (recipe->color_type & PNG_COLOR_MASK_ALPHA) != 0 && i % step == step - 1;
    const unsigned value = (unsigned)random_next(&state) & max;
    if (is_alpha && (opaque || i / step / recipe->width % 3 == 0)) picture->samples[i] = (uint16_t)max;
    else picture->samples[i] = (uint16_t)(is_alpha || i / step % 2 == 0 ? value : max & 0x5a5au);
  }
}

/* tRNS of each kind; `which` 0 none, 1 one that is met, 2 one with bits above the depth, 3 one that is not met. */
static void set_transparency(struct picture *picture, unsigned which) {
  const int depth = picture->recipe.depth;
  const unsigned max = (1u << depth) - 1;
  const size_t colors = colors_of(picture);
  if (which == 0) return;
  if (picture->recipe.color_type == PNG_COLOR_TYPE_PALETTE) {
    picture->transparency_bytes = which == 1 ? 1 + max : (1 + max) / 2;
    for (size_t i = 0; i <= max; i++) picture->transparency[i] = (uint8_t)(which == 3 ? 255 : i * 77);
    return;
  }
  picture->transparency_bytes = 2 * colors;
  for (size_t c = 0; c < colors; c++) {
    unsigned key = max & 0x5a5au;
    if (which == 2) key |= ~max & 0xffff;
    if (which == 3) key ^= 3 & max;
    picture->transparency[2 * c] = (uint8_t)(key >> 8);
    picture->transparency[2 * c + 1] = (uint8_t)key;
  }
}

static unsigned check_kind(int color_type, int depth, unsigned variant) {
  static const uint32_t gammas[] = {0, GAMMA_LINEAR, 20000, GAMMA_USUAL};
  static const uint32_t sizes[][2] = {{1, 1}, {13, 9}, {37, 6}, {64, 4}};
  struct picture picture = {.recipe = {.width = sizes[variant % 4][0],
                                       .height = sizes[variant % 4][1],
                                       .color_type = color_type,
                                       .depth = depth,
                                       .interlaced = variant / 4 % 2 != 0},
                            .gamma = gammas[variant / 8 % 4]};
  fill(&picture, variant, variant / 32 % 2 != 0);
  if ((color_type & PNG_COLOR_MASK_ALPHA) == 0) set_transparency(&picture, variant / 32 % 4);
  const unsigned views = check_picture(&picture);
  picture_free(&picture);
  return views;
}

static void test_every_kind(void **state) {
  (void)state;
  static const int kinds[][2] = {{0, 1}, {0, 2}, {0, 4}, {0, 8}, {0, 16}, {2, 8}, {2, 16}, {3, 1},
                                 {3, 2}, {3, 4}, {3, 8}, {4, 8}, {4, 16}, {6, 8}, {6, 16}};
  for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
    unsigned seen = 0;
    for (unsigned variant = 0; variant < 128; variant++) seen |= check_kind(kinds[i][0], kinds[i][1], variant);
    const unsigned all = BIT(ON_WHITE) | BIT(ON_BLACK) | BIT(GAMMA) | BIT(GAMMA_ON_WHITE) | BIT(GAMMA_ON_BLACK);
    const bool blackless = kinds[i][0] == 0 && kinds[i][1] == 1; /* the key is black: no difference on black */
    assert_int_equal(seen | (blackless ? BIT(ON_BLACK) : 0), all);
  }
}

/* Every alpha over every colour, of which each pixel that is not opaque must show somewhere. */
static void test_every_alpha(void **state) {
  (void)state;
  struct picture picture = {
      .recipe = {.width = 256, .height = 256, .color_type = PNG_COLOR_TYPE_GRAY_ALPHA, .depth = 8}};
  picture.samples = malloc(2 * 65536 * sizeof *picture.samples);
  assert_non_null(picture.samples);
  for (unsigned i = 0; i < 65536; i++) {
    picture.samples[2 * i] = (uint16_t)(i % 256);
    picture.samples[2 * i + 1] = (uint16_t)(i / 256);
  }
  assert_int_equal(check_picture(&picture), BIT(ON_WHITE) | BIT(ON_BLACK));
  picture_free(&picture);
}

/* One pixel that is not opaque, at each place of a row: none is overlooked. */
static void test_one_pixel(void **state) {
  (void)state;
  static const int kinds[][2] = {{4, 8}, {6, 8}, {6, 16}};
  for (size_t k = 0; k < 3; k++)
    for (uint32_t width = 1; width < 40; width++)
      for (uint32_t x = 0; x < width; x++) {
        struct picture picture = {
            .recipe = {.width = width, .height = 2, .color_type = kinds[k][0], .depth = kinds[k][1]}};
        fill(&picture, width, true);
        const size_t step = samples_of(kinds[k][0]);
        memset(picture.samples + step * (width + x), 0, 2 * (step - 1));
        picture.samples[step * (width + x) + step - 1] = kinds[k][1] == 8 ? 254 : 65000;
        picture_encode(&picture);
        struct decoded decoded = decoded_from(picture.png.bytes, picture.png.size, NULL);
        assert_int_equal(decoded.info.views, BIT(ON_WHITE)); /* black is black on black */
        decoded_free(&decoded);
        picture_free(&picture);
      }
}

/* A picture with nothing but alpha, in black ink; and one with as good as no contrast that gAMA restores. */
static void test_hidden_pictures(void **state) {
  (void)state;
  struct picture ink = {.recipe = {.width = 64, .height = 48, .color_type = PNG_COLOR_TYPE_GRAY_ALPHA, .depth = 8}};
  struct picture faint = {.recipe = {.width = 64, .height = 48, .color_type = PNG_COLOR_TYPE_GRAY, .depth = 16},
                          .gamma = 1515};
  fill(&ink, 3, false);
  fill(&faint, 3, false);
  for (size_t i = 0; i < 64 * 48; i++) {
    const unsigned shade = (unsigned)(i * 7 + i / 64 * 3) % 256;
    ink.samples[2 * i] = 0;
    ink.samples[2 * i + 1] = (uint16_t)(255 - shade);
    faint.samples[i] = (uint16_t)lround(65535 * pow(shade / 255.0, 2.2 * 0.01515));
  }
  picture_encode(&ink);
  picture_encode(&faint);
  struct decoded page = decoded_view(HASHSCAN_VIEW_ON_WHITE, ink.png.bytes, ink.png.size);
  struct decoded bright = decoded_view(HASHSCAN_VIEW_GAMMA, faint.png.bytes, faint.png.size);
  for (size_t i = 0; i < 64 * 48; i++) {
    const unsigned shade = (unsigned)(i * 7 + i / 64 * 3) % 256;
    assert_int_equal(page.pixels[i], shade);
    assert_int_equal(bright.pixels[i], shade);
  }
  decoded_free(&page);
  decoded_free(&bright);
  picture_free(&ink);
  picture_free(&faint);
}

/* What is missing is as transparent as it can be: the page is seen. */
static void test_cut_pictures(void **state) {
  (void)state;
  for (int kind = 0; kind < 4; kind++) {
    struct picture picture = {.recipe = {.width = 40,
                                         .height = 30,
                                         .color_type = kind % 2 == 0 ? PNG_COLOR_TYPE_RGB : PNG_COLOR_TYPE_RGB_ALPHA,
                                         .depth = 8,
                                         .plain = true},
                              .gamma = kind < 2 ? 0 : GAMMA_LINEAR};
    fill(&picture, 5, true);
    picture_encode(&picture);
    const size_t row = 1 + 40 * samples_of(picture.recipe.color_type);
    const size_t cut = encode_png_find(&picture.png, "IDAT") + 8 + 7 + 12 * row;
    for (hashscan_view view = 0; view <= HASHSCAN_VIEW_GAMMA_ON_BLACK; view++) {
      struct decoded decoded = decoded_view(view, picture.png.bytes, cut);
      const bool white = view == HASHSCAN_VIEW_ON_WHITE || view == HASHSCAN_VIEW_GAMMA_ON_WHITE;
      assert_int_equal(decoded.status, HASHSCAN_STATUS_DAMAGED);
      for (size_t i = 0; i < decoded.row_bytes * decoded.rows; i++)
        assert_int_equal(decoded.pixels[i],
                         i < 12 * decoded.row_bytes ? expected_at(&picture, view, i / 3, i % 3) : (white ? 255u : 0u));
      if (view == HASHSCAN_VIEW_STORED)
        assert_int_equal(decoded.info.views,
                         BIT(ON_WHITE) | (kind < 2 ? 0 : BIT(GAMMA_ON_WHITE) | BIT(GAMMA_ON_BLACK)));
      decoded_free(&decoded);
    }
    picture_free(&picture);
  }
}

/* ---- Chunks ------------------------------------------------------------------------------------------------------ */

static struct encoded opaque_picture(void) {
  struct picture picture = {.recipe = {.width = 9, .height = 7, .color_type = PNG_COLOR_TYPE_RGB, .depth = 8}};
  fill(&picture, 1, true);
  picture_encode(&picture);
  free(picture.samples);
  return picture.png;
}

/* Frees `png`. NULL: nothing is unseen. */
static void expect_shown(struct encoded *png, unsigned views, const char *unseen) {
  struct decoded decoded = decoded_from(png->bytes, png->size, NULL);
  assert_int_equal(decoded.status, HASHSCAN_STATUS_OK);
  assert_int_equal(decoded.info.views, views);
  const char *found = decoded.info.unseen == NULL ? "" : decoded.info.unseen;
  if ((unseen == NULL) != (decoded.info.unseen == NULL) || (unseen != NULL && strstr(found, unseen) == NULL))
    fail_msg("\"%s\" is unseen, not \"%s\"", found, unseen == NULL ? "" : unseen);
  hashscan_status status;
  assert_true(png_ways_agree(png->bytes, png->size, &status));
  decoded_free(&decoded);
  free(png->bytes);
}

static void test_gamma_values(void **state) {
  (void)state;
  static const struct {
    uint32_t value;
    bool view;
  } values[] = {{0, false},     {1, true},         {20, true},         {43000, true},     {45190, true},
                {45240, false}, {45455, false},    {45670, false},     {45720, true},     {55556, true},
                {100000, true}, {625000001, true}, {0x7fffffff, true}, {0xffffffff, true}};
  for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
    struct encoded png = opaque_picture();
    add_number(&png, "IDAT", "gAMA", values[i].value);
    expect_shown(&png, values[i].view ? BIT(GAMMA) : 0, NULL);
  }
}

static void test_gamma_chunks(void **state) {
  (void)state;
  struct encoded png = opaque_picture();
  add_chunk(&png, "IDAT", "gAMA", "\0\1\x86\xa0\0", 5);
  expect_shown(&png, 0, NULL);
  png = opaque_picture();
  add_number(&png, "IEND", "gAMA", GAMMA_LINEAR);
  expect_shown(&png, 0, NULL);
  png = opaque_picture();
  add_number(&png, "IDAT", "gAMA", GAMMA_LINEAR);
  add_number(&png, "IDAT", "gAMA", GAMMA_LINEAR);
  expect_shown(&png, BIT(GAMMA), NULL);
  png = opaque_picture();
  add_number(&png, "IDAT", "gAMA", GAMMA_USUAL);
  add_number(&png, "IDAT", "gAMA", GAMMA_LINEAR);
  expect_shown(&png, 0, "two gAMA");
  png = opaque_picture();
  add_number(&png, "IDAT", "gAMA", GAMMA_LINEAR); /* sRGB outranks it in browsers, not everywhere */
  add_chunk(&png, "IDAT", "sRGB", "", 1);
  expect_shown(&png, BIT(GAMMA), NULL);
}

static void test_transparency_chunks(void **state) {
  (void)state;
  static const uint8_t key[8] = {0, 0x5a, 0, 0x5a, 0, 0x5a, 0, 0};
  const unsigned both = BIT(ON_WHITE) | BIT(ON_BLACK);
  static const size_t sizes[] = {0, 1, 5, 6, 8};
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
    struct encoded png = opaque_picture();
    add_chunk(&png, "IDAT", "tRNS", key, sizes[i]);
    expect_shown(&png, sizes[i] < 6 ? 0 : both, NULL);
  }
  struct encoded png = opaque_picture();
  add_chunk(&png, "IDAT", "tRNS", key, 6);
  add_chunk(&png, "IDAT", "tRNS", key, 6);
  expect_shown(&png, both, NULL);
  png = opaque_picture();
  add_chunk(&png, "IDAT", "tRNS", "\0\1\0\2\0\3", 6);
  add_chunk(&png, "IDAT", "tRNS", key, 6);
  expect_shown(&png, 0, "two tRNS");
  png = opaque_picture();
  add_chunk(&png, "IEND", "tRNS", key, 6);
  expect_shown(&png, 0, NULL);
}

static void add_animation(struct encoded *png, uint32_t frames) {
  uint8_t data[8] = {0};
  store_be32(data, frames);
  add_chunk(png, "IDAT", "acTL", data, sizeof data);
}

static void test_animations(void **state) {
  (void)state;
  static const uint8_t frame[26] = {[7] = 9, [11] = 7};
  for (unsigned i = 0; i < 32; i++) {
    struct encoded png = opaque_picture();
    const uint32_t frames = i % 4;
    const bool first = (i & 4) != 0;
    const bool data = (i & 8) != 0;
    const bool animated = (i & 16) != 0 && frames > 0;
    if (i & 16) add_animation(&png, frames);
    if (first) add_chunk(&png, "IDAT", "fcTL", frame, sizeof frame);
    if (data) add_chunk(&png, "IEND", "fdAT", frame, sizeof frame);
    const char *unseen = !animated            ? NULL
                         : !first             ? "does not show its default image"
                         : frames > 1 || data ? "one frame is decoded"
                                              : NULL;
    expect_shown(&png, 0, unseen);
  }
  struct encoded png = opaque_picture(); /* too short to be one, and too late */
  add_chunk(&png, "IDAT", "acTL", "\0\0\0\2", 4);
  add_chunk(&png, "IEND", "acTL", "\0\0\0\2\0\0\0\0", 8);
  expect_shown(&png, 0, NULL);
}

/* White, red, green, blue. */
static void add_chromaticities(struct encoded *png, const uint32_t values[8]) {
  uint8_t data[32];
  for (size_t i = 0; i < 32; i++) data[i] = (uint8_t)(values[i / 4] >> (24 - 8 * (i % 4)));
  add_chunk(png, "IDAT", "cHRM", data, sizeof data);
}

static void test_colors(void **state) {
  (void)state;
  static const uint32_t usual[][8] = {{31270, 32900, 64000, 33000, 30000, 60000, 15000, 6000},  /* sRGB */
                                      {31270, 32900, 64000, 33000, 21000, 71000, 15000, 6000},  /* Adobe RGB */
                                      {31270, 32900, 68000, 32000, 26500, 69000, 15000, 6000},  /* Display P3 */
                                      {31270, 32900, 70800, 29200, 17000, 79700, 13100, 4600},  /* BT.2020 */
                                      {34570, 35850, 73470, 26530, 15960, 84040, 3660, 10},     /* ProPhoto */
                                      {31000, 31600, 67000, 33000, 21000, 71000, 14000, 8000}}; /* NTSC */
  for (size_t i = 0; i < sizeof usual / sizeof *usual; i++) {
    struct encoded png = opaque_picture();
    add_chromaticities(&png, usual[i]);
    expect_shown(&png, 0, NULL);
  }
  /* Red and blue exchanged: the brightest channel is another. */
  static const uint32_t exchanged[8] = {31270, 32900, 15000, 6000, 30000, 60000, 64000, 33000};
  struct encoded png = opaque_picture();
  add_chromaticities(&png, exchanged);
  expect_shown(&png, 0, "cHRM");
  png = opaque_picture();
  add_chromaticities(&png, exchanged);
  add_chunk(&png, "IDAT", "sRGB", "", 1);
  expect_shown(&png, 0, NULL);
  png = opaque_picture();
  add_chromaticities(&png, exchanged);
  add_chunk(&png, "IDAT", "sRGB", "\4", 1); /* no such intent */
  expect_shown(&png, 0, "cHRM");
  png = opaque_picture();
  add_chunk(&png, "IDAT", "cICP", "\1\15\0\1", 4);
  expect_shown(&png, 0, NULL);
  png = opaque_picture();
  add_chunk(&png, "IDAT", "cICP", "\11\20\0\1", 4); /* BT.2020, PQ */
  expect_shown(&png, 0, "cICP");
  png = opaque_picture();
  add_chunk(&png, "IDAT", "cICP", "\1\10\0\1", 4); /* linear light */
  expect_shown(&png, 0, "cICP");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_every_kind),      cmocka_unit_test(test_every_alpha),
      cmocka_unit_test(test_one_pixel),       cmocka_unit_test(test_cut_pictures),
      cmocka_unit_test(test_hidden_pictures), cmocka_unit_test(test_gamma_values),
      cmocka_unit_test(test_gamma_chunks),    cmocka_unit_test(test_transparency_chunks),
      cmocka_unit_test(test_animations),      cmocka_unit_test(test_colors),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
