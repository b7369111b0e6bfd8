/* SPDX-License-Identifier: Apache-2.0 */
/* Plain pictures that nobody crafted, as near to the quality gate as their contrast can be set: waves, ramps, blurred
 * noise, dithering, in every encoding. A quality that is estimated too low there hides a listed picture. */
#include <math.h>
#include <png.h>
#include <stdlib.h>
#include <string.h>

#include "../support/expect.h"
#include "../support/random.h"
#include "../support/sound.h"

enum { GATE = 50, STEPS = 8 /* of bisection */ };

static float wave_at(const float *waves, uint32_t width, uint32_t x, uint32_t y) {
  return waves[(size_t)y * width + x] - 128.0f;
}

/* What a picture shows at full contrast, -128 to 127 for each channel. */
typedef void (*scene_fn)(const float *waves, uint32_t width, uint32_t height, uint32_t x, uint32_t y, float rgb[3]);

static void grey_waves(const float *waves, uint32_t width, uint32_t height, uint32_t x, uint32_t y, float rgb[3]) {
  (void)height;
  rgb[0] = rgb[1] = rgb[2] = wave_at(waves, width, x, y);
}

static void coloured_waves(const float *waves, uint32_t width, uint32_t height, uint32_t x, uint32_t y, float rgb[3]) {
  rgb[0] = wave_at(waves, width, x, y);
  rgb[1] = wave_at(waves, width, width - 1 - x, y);
  rgb[2] = wave_at(waves, width, x, height - 1 - y);
}

/* Ramps of colour along both axes that start over several times. */
static void colour_ramps(const float *waves, uint32_t width, uint32_t height, uint32_t x, uint32_t y, float rgb[3]) {
  (void)waves;
  rgb[0] = (float)(x * 1024 / width % 256) - 128.0f;
  rgb[1] = (float)(y * 768 / height % 256) - 128.0f;
  rgb[2] = (float)((x + y) * 512 / (width + height) % 256) - 128.0f;
}

static void one_ramp(const float *waves, uint32_t width, uint32_t height, uint32_t x, uint32_t y, float rgb[3]) {
  (void)waves;
  const float hue = (float)x / (float)width * 6.2832f;
  for (unsigned c = 0; c < 3; c++) rgb[c] = 127.0f * cosf(hue + (float)c * 2.0944f) * (float)y / (float)height;
}

/* Squares with soft edges. */
static void soft_squares(const float *waves, uint32_t width, uint32_t height, uint32_t x, uint32_t y, float rgb[3]) {
  (void)waves, (void)width, (void)height;
  const float value = tanhf(3.0f * sinf((float)x / 23.0f)) * tanhf(3.0f * sinf((float)y / 31.0f));
  rgb[0] = rgb[1] = rgb[2] = 120.0f * value;
}

/* Only the contrast between black and white dots is dithered: the mean follows the waves. */
static void dithered(const float *waves, uint32_t width, uint32_t height, uint32_t x, uint32_t y, float rgb[3]) {
  (void)height;
  static const uint8_t order[4][4] = {{0, 8, 2, 10}, {12, 4, 14, 6}, {3, 11, 1, 9}, {15, 7, 13, 5}};
  const float threshold = (float)order[y % 4][x % 4] * 16.0f + 8.0f - 128.0f;
  rgb[0] = rgb[1] = rgb[2] = wave_at(waves, width, x, y) > threshold ? 127.0f : -128.0f;
}

static const struct {
  const char *name;
  scene_fn scene;
} scenes[] = {{"waves", grey_waves},  {"coloured waves", coloured_waves}, {"colour ramps", colour_ramps},
              {"one ramp", one_ramp}, {"soft squares", soft_squares},     {"dithered", dithered}};

/* ---- Encodings --------------------------------------------------------------------------------------------------- */

struct encoding {
  const char *name;
  bool png;
  int quality, h, v;
  bool progressive, grey;
  int color_type, depth; /* of a PNG */
  bool interlaced;
};

static const struct encoding encodings[] = {
    {.name = "JPEG 4:2:0", .quality = 75, .h = 2, .v = 2},
    {.name = "JPEG 4:4:4", .quality = 95, .h = 1, .v = 1},
    {.name = "JPEG of low quality", .quality = 30, .h = 2, .v = 1},
    {.name = "grey JPEG", .quality = 88, .grey = true},
    {.name = "progressive", .quality = 85, .h = 2, .v = 2, .progressive = true},
    {.name = "grey progressive", .quality = 60, .progressive = true, .grey = true},
    {.name = "PNG", .png = true, .color_type = PNG_COLOR_TYPE_RGB, .depth = 8},
    {.name = "grey PNG", .png = true, .color_type = PNG_COLOR_TYPE_GRAY, .depth = 8},
    {.name = "PNG of 16 bits", .png = true, .color_type = PNG_COLOR_TYPE_RGB, .depth = 16},
    {.name = "interlaced PNG", .png = true, .color_type = PNG_COLOR_TYPE_RGB, .depth = 8, .interlaced = true},
    {.name = "opaque PNG with alpha", .png = true, .color_type = PNG_COLOR_TYPE_RGB_ALPHA, .depth = 8},
};

/* A picture at full contrast, three floats a pixel. */
struct canvas {
  uint32_t width, height;
  float *pixels;
};

static struct canvas new_canvas(scene_fn scene, uint32_t width, uint32_t height, uint64_t seed) {
  struct canvas canvas = {width, height, malloc((size_t)width * height * 3 * sizeof(float))};
  assert_non_null(canvas.pixels);
  float *waves = craft_waves(seed, width, height, 12, 60.0f);
  for (uint32_t y = 0; y < height; y++)
    for (uint32_t x = 0; x < width; x++) scene(waves, width, height, x, y, canvas.pixels + ((size_t)y * width + x) * 3);
  free(waves);
  return canvas;
}

static float sample_of(const struct canvas *canvas, size_t pixel, float contrast, unsigned channel) {
  const float value = 128.0f + contrast * canvas->pixels[3 * pixel + channel];
  return value < 0.0f ? 0.0f : value > 255.0f ? 255.0f : value;
}

static struct encoded as_jpeg(const struct canvas *canvas, const struct encoding *encoding, float contrast) {
  const unsigned channels = encoding->grey ? 1 : 3;
  uint8_t *pixels = malloc((size_t)canvas->width * canvas->height * channels), *next = pixels;
  assert_non_null(pixels);
  for (size_t i = 0; i < (size_t)canvas->width * canvas->height; i++)
    for (unsigned c = 0; c < channels; c++) *next++ = (uint8_t)lrintf(sample_of(canvas, i, contrast, c));
  const struct jpeg_recipe recipe = {.width = canvas->width,
                                     .height = canvas->height,
                                     .pixels = encoding->grey ? JCS_GRAYSCALE : JCS_RGB,
                                     .stored = encoding->grey ? JCS_GRAYSCALE : JCS_YCbCr,
                                     .h = encoding->h,
                                     .v = encoding->v,
                                     .quality = encoding->quality,
                                     .progressive = encoding->progressive};
  const struct encoded file = encode_jpeg(&recipe, pixels);
  free(pixels);
  return file;
}

static struct encoded as_png(const struct canvas *canvas, const struct encoding *encoding, float contrast) {
  const struct png_recipe recipe = {.width = canvas->width,
                                    .height = canvas->height,
                                    .color_type = encoding->color_type,
                                    .depth = encoding->depth,
                                    .interlaced = encoding->interlaced};
  const float most = encoding->depth == 16 ? 257.0f : 1.0f;
  const unsigned channels = encoding->color_type == PNG_COLOR_TYPE_GRAY        ? 1
                            : encoding->color_type == PNG_COLOR_TYPE_RGB_ALPHA ? 4
                                                                               : 3;
  uint16_t *samples = malloc((size_t)canvas->width * canvas->height * channels * 2), *next = samples;
  assert_non_null(samples);
  for (size_t i = 0; i < (size_t)canvas->width * canvas->height; i++)
    for (unsigned c = 0; c < channels; c++)
      *next++ = c == 3 ? 255 : (uint16_t)lrintf(most * sample_of(canvas, i, contrast, c));
  const struct encoded file = encode_png(&recipe, samples);
  free(samples);
  return file;
}

static struct encoded encode(const struct canvas *canvas, const struct encoding *encoding, float contrast) {
  return (encoding->png ? as_png : as_jpeg)(canvas, encoding, contrast);
}

/* ---- At the gate ------------------------------------------------------------------------------------------------- */

static int quality_of(const struct encoded *file) {
  hashscan_image_hash hash = HASHSCAN_IMAGE_HASH_INIT;
  assert_int_equal(hashscan_hash_image(sound_oracle.exact, file->bytes, file->size, &hash, NULL), HASHSCAN_SUCCESS);
  assert_int_equal(hash.status, HASHSCAN_STATUS_OK);
  return hash.quality;
}

/* Halves the contrast between a picture under the gate and one that is not, and checks the last few of both. */
static void check_at_gate(const char *kind, const struct canvas *canvas, const struct encoding *encoding) {
  float low = 0.0f, high = 1.0f;
  for (unsigned step = 0; step < STEPS; step++) {
    const float middle = (low + high) / 2.0f;
    struct encoded file = encode(canvas, encoding, middle);
    const int quality = quality_of(&file);
    if (step + 3 >= STEPS || quality == GATE) sound_check(kind, file.bytes, file.size);
    *(quality < GATE ? &low : &high) = middle;
    free(file.bytes);
    if (quality == GATE && step + 2 >= STEPS) break;
  }
}

static void check_encoding(const struct encoding *encoding) {
  for (size_t i = 0; i < sizeof scenes / sizeof *scenes; i++) {
    const uint32_t width = 320 + 96 * (uint32_t)(i % 4), height = 261 + 128 * (uint32_t)(i % 3);
    const struct canvas canvas = new_canvas(scenes[i].scene, width, height, i);
    check_at_gate(encoding->name, &canvas, encoding);
    free(canvas.pixels);
  }
  sound_expect_hashed();
}

static void at_the_gate(const char *kind, bool png, bool progressive) {
  for (size_t i = 0; i < sizeof encodings / sizeof *encodings; i++)
    if (encodings[i].png == png && encodings[i].progressive == progressive) check_encoding(&encodings[i]);
  sound_end(kind);
}

static void sequential_jpegs_at_the_gate(void **state) {
  (void)state;
  at_the_gate("plain sequential JPEGs at the quality gate", false, false);
}

static void progressive_jpegs_at_the_gate(void **state) {
  (void)state;
  at_the_gate("plain progressive JPEGs at the quality gate", false, true);
}

static void pngs_at_the_gate(void **state) {
  (void)state;
  at_the_gate("plain PNGs at the quality gate", true, false);
}

/* Full contrast, each encoding, sizes of all sorts. */
static void sizes_of_all_sorts(void **state) {
  (void)state;
  static const uint32_t sizes[][2] = {{5, 5},     {63, 64},    {127, 400},  {128, 128}, {129, 131},
                                      {512, 512}, {513, 1023}, {1600, 140}, {140, 2600}};
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
    for (size_t e = i % 2; e < sizeof encodings / sizeof *encodings; e += 2) {
      const struct canvas canvas = new_canvas(e % 4 < 2 ? coloured_waves : grey_waves, sizes[i][0], sizes[i][1], i + e);
      sound_check_encoded("sizes", encode(&canvas, &encodings[e], 0.8f));
      free(canvas.pixels);
    }
  sound_expect_hashed();
  sound_end("plain pictures of all sizes");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(sequential_jpegs_at_the_gate),
      cmocka_unit_test(progressive_jpegs_at_the_gate),
      cmocka_unit_test(pngs_at_the_gate),
      cmocka_unit_test(sizes_of_all_sorts),
  };
  return cmocka_run_group_tests(tests, sound_set_up, sound_tear_down);
}
