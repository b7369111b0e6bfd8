/* SPDX-License-Identifier: Apache-2.0 */
/* JPEG files that screening from blocks once took for other pictures: values that wrap when dequantised, skipped scans
 * that change coefficients, clipping that is driven by frequencies nobody read, wide quantisation steps. Each kind hid
 * a listed picture; each must have the verdict of exact. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../support/expect.h"
#include "../support/random.h"
#include "../support/sound.h"

enum { PATCH = 8 /* blocks */, SAMPLES = 32 /* blocks along an axis that a clipping estimate looked at */ };

static const struct craft_sampling grey[] = {{1, 1}};
static const struct craft_sampling full[] = {{1, 1}, {1, 1}, {1, 1}};
static const struct craft_sampling halved[] = {{2, 2}, {1, 1}, {1, 1}};

/* A picture of waves whose luma is quantised at `quality`, without colour. */
static void open_waves(struct craft *craft, uint32_t side, unsigned count, const struct craft_sampling *sampling,
                       int quality) {
  craft_open(craft, side, side, count, sampling);
  craft_quality(craft, 0, quality, false);
  for (unsigned k = 0; k < CRAFT_BLOCK; k++) craft->quant[1][k] = 16;
}

static void fill_waves(struct craft *craft, uint64_t seed, float deviation) {
  float *plane = craft_waves(seed, craft->width, craft->height, 17, deviation);
  craft_plane(craft, 0, plane);
  free(plane);
}

/* Whether the estimate of earlier versions looked at this luma block. */
static bool is_sampled(const struct craft *craft, uint32_t x, uint32_t y) {
  const uint32_t step = craft->components[0].across / SAMPLES;
  return step < 2 || (x % step == 0 && y % step == 0);
}

/* Level blocks, too, leaves such a file to those who look at its pixels. */
static void check_refused_by_blocks(const char *kind, struct encoded file) {
  hashscan_hash_options options = HASHSCAN_HASH_OPTIONS_INIT;
  hashscan_hasher *hasher;
  hashscan_image_hash hash = HASHSCAN_IMAGE_HASH_INIT;
  options.level = HASHSCAN_LEVEL_BLOCKS;
  assert_int_equal(hashscan_hasher_create(&options, &hasher, NULL), HASHSCAN_SUCCESS);
  assert_int_equal(hashscan_hash_image(hasher, file.bytes, file.size, &hash, NULL), HASHSCAN_SUCCESS);
  hashscan_hasher_destroy(hasher);
  if (hash.hash_count > 0 && hash.level == HASHSCAN_LEVEL_BLOCKS) fail_msg("%s: hashed from blocks", kind);
  sound_check_encoded(kind, file);
}

/* Some patches of blocks and not others. */
static bool in_patch(uint64_t seed, uint32_t x, uint32_t y) {
  struct random_state random = random_seeded(seed * 7919 + y / PATCH * 131 + x / PATCH);
  return random_next(&random) % 2 == 0;
}

#define EACH_BLOCK(craft, x, y)                                                                                        \
  for (uint32_t y = 0; y < (craft)->components[0].down; y++)                                                           \
    for (uint32_t x = 0; x < (craft)->components[0].across; x++)

static void dc_wraps(void **state) {
  (void)state;
  static const struct craft_scan script[] = {
      {.count = 3, .components = {0, 1, 2}, .low = 2},
      {.count = 3, .components = {0, 1, 2}, .high = 2, .low = 1},
      {.count = 3, .components = {0, 1, 2}, .high = 1},
      {.count = 1, .components = {0}, .first = 1, .last = 63},
      {.count = 1, .components = {1}, .first = 1, .last = 63},
      {.count = 1, .components = {2}, .first = 1, .last = 63},
  };
  for (uint64_t seed = 0; seed < 6; seed++) {
    struct craft craft;
    open_waves(&craft, seed % 2 == 0 ? 512 : 768, 3, halved, 50);
    fill_waves(&craft, seed, 45.0f);
    EACH_BLOCK(&craft, x, y) {
      if (in_patch(seed, x, y) && !is_sampled(&craft, x, y))
        craft_block(&craft, 0, x, y)[0] += (int16_t)(65536 / craft.quant[0][0]);
    }
    craft_header(&craft, CRAFT_SOF2);
    craft_script(&craft, script, sizeof script / sizeof *script);
    check_refused_by_blocks("a1 DC wraps", craft_end(&craft));
    craft_close(&craft);
  }
  sound_expect_hashed();
  sound_end("a1 DC wraps");
}

static void ac_wraps(void **state) {
  (void)state;
  for (uint64_t seed = 0; seed < 6; seed++) {
    struct craft craft;
    open_waves(&craft, seed % 2 == 0 ? 512 : 768, 3, halved, 75);
    craft.quant[0][1] = 64;
    craft.quant[0][63] = 1; /* so that large categories are none of the table's */
    fill_waves(&craft, seed, 45.0f);
    EACH_BLOCK(&craft, x, y) {
      int16_t *block = craft_block(&craft, 0, x, y);
      block[63] = 0;
      const int sign = in_patch(seed, x, y) == (x % 2 == 0) ? 1 : -1;
      if (!is_sampled(&craft, x, y)) block[1] = (int16_t)(block[1] + sign * 1024);
    }
    craft_header(&craft, CRAFT_SOF0);
    craft_sequential(&craft);
    check_refused_by_blocks("a2 AC wraps", craft_end(&craft));
    craft_close(&craft);
  }
  sound_expect_hashed();
  sound_end("a2 AC wraps");
}

/* ---- Clipping ---------------------------------------------------------------------------------------------------- */

/* Dots of a block, four white and four black, whose sums over the first six frequencies but DC are all zero. */
static const uint8_t white[][2] = {{0, 3}, {7, 4}, {3, 7}, {4, 0}};
static const uint8_t black[][2] = {{0, 4}, {7, 3}, {3, 0}, {4, 7}};
enum { DOTS = 4 };

/* Drives the dots beyond white and black where the block's mean, as coefficients have it, shall go from `mean` to
 * `wanted`: the picture stays as it is. */
static void drive_dots(float *plane, uint32_t width, uint32_t x, uint32_t y, float wanted) {
  float mean = 0.0f;
  for (unsigned i = 0; i < DOTS; i++) {
    plane[(y + white[i][1]) * width + x + white[i][0]] = 255.0f;
    plane[(y + black[i][1]) * width + x + black[i][0]] = 0.0f;
  }
  for (uint32_t v = 0; v < 8; v++)
    for (uint32_t u = 0; u < 8; u++) mean += plane[(y + v) * width + x + u] / 64.0f;
  float change = (wanted - mean) * 64.0f / DOTS;
  change = change > 1700.0f ? 1700.0f : change < -1700.0f ? -1700.0f : change;
  for (unsigned i = 0; i < DOTS; i++) {
    const uint8_t *dot = change > 0.0f ? white[i] : black[i];
    plane[(y + dot[1]) * width + x + dot[0]] += change;
  }
}

/* What the coefficients that were read show: another picture, or a flat one. */
static void check_clipping(const char *kind, uint64_t seed, bool flat) {
  struct craft craft;
  open_waves(&craft, 768, 1, grey, 100);
  float *plane = craft_waves(seed, 768, 768, 17, 40.0f);
  float *other = craft_waves(seed + 1000, 768, 768, 17, 35.0f);
  for (uint32_t y = 0; y < 768; y += 8)
    for (uint32_t x = 0; x < 768; x += 8) drive_dots(plane, 768, x, y, flat ? 128.0f : other[(y + 4) * 768 + x + 4]);
  for (unsigned k = 0; k < CRAFT_BLOCK; k++) craft.quant[0][k] = 1;
  craft_plane(&craft, 0, plane);
  craft_header(&craft, CRAFT_SOF0);
  craft_sequential(&craft);
  sound_check_encoded(kind, craft_end(&craft));
  craft_close(&craft);
  free(plane);
  free(other);
}

static void clipping_moves_the_mean(void **state) {
  (void)state;
  for (uint64_t seed = 0; seed < 4; seed++) check_clipping("a3 clipping shows another picture", seed, false);
  sound_expect_hashed();
  sound_end("a3 clipping shows another picture");
}

static void clipping_hides_the_contrast(void **state) {
  (void)state;
  for (uint64_t seed = 0; seed < 4; seed++) check_clipping("a6 clipping shows a flat picture", seed, true);
  sound_expect_hashed();
  sound_end("a6 clipping shows a flat picture");
}

/* Lowest and highest of an 8x8 block of the plane. */
static void range_of(const float *plane, uint32_t width, uint32_t x, uint32_t y, float range[2]) {
  range[0] = range[1] = plane[8 * y * width + 8 * x];
  for (uint32_t v = 0; v < 8; v++)
    for (uint32_t u = 0; u < 8; u++) {
      const float value = plane[(8 * y + v) * width + 8 * x + u];
      range[0] = fminf(range[0], value);
      range[1] = fmaxf(range[1], value);
    }
}

static void saturated_blocks_overshoot(void **state) {
  (void)state;
  for (uint64_t seed = 0; seed < 6; seed++) {
    const uint32_t side = seed % 2 == 0 ? 512 : 768;
    struct craft craft;
    open_waves(&craft, side, 3, halved, 90);
    float *plane = craft_waves(seed, side, side, 17, 160.0f);
    craft_plane(&craft, 0, plane);
    EACH_BLOCK(&craft, x, y) {
      float range[2];
      range_of(plane, side, x, y, range);
      int16_t *block = craft_block(&craft, 0, x, y);
      if (range[0] < 250.0f && range[1] > 5.0f) continue;
      const int sign = range[0] >= 250.0f ? 1 : -1;
      const bool beyond = !is_sampled(&craft, x, y) && in_patch(seed, x, y) == (sign > 0);
      memset(block, 0, CRAFT_BLOCK * sizeof *block);
      block[0] = (int16_t)(sign * ((beyond ? 2040 : 1024) / craft.quant[0][0] + (beyond ? 0 : 1)));
    }
    craft_header(&craft, CRAFT_SOF0);
    craft_sequential(&craft);
    sound_check_encoded("a5 white and black overshoot", craft_end(&craft));
    craft_close(&craft);
    free(plane);
  }
  sound_expect_hashed();
  sound_end("a5 white and black overshoot");
}

/* Luma after clipping RGB where chroma is a chequerboard of +-127 around grey. */
static float luma_of_chequer(float y) {
  float sum = 0.0f;
  for (int sign = -1; sign <= 1; sign += 2) {
    const float chroma = 127.0f * (float)sign;
    const float red = fminf(fmaxf(y + 1.402f * chroma, 0.0f), 255.0f);
    const float green = fminf(fmaxf(y - 1.05848f * chroma, 0.0f), 255.0f);
    const float blue = fminf(fmaxf(y + 1.772f * chroma, 0.0f), 255.0f);
    sum += 0.299f * red + 0.587f * green + 0.114f * blue;
  }
  return sum / 2.0f;
}

/* The Y that a chequerboard turns into `wanted`, by bisection: luma_of_chequer never decreases. */
static float luma_for(float wanted) {
  float low = 0.0f, high = 255.0f;
  for (unsigned i = 0; i < 20; i++) {
    const float middle = (low + high) / 2.0f;
    *(luma_of_chequer(middle) < wanted ? &low : &high) = middle;
  }
  return (low + high) / 2.0f;
}

static void chroma_clips_rgb(void **state) {
  (void)state;
  const float lowest = luma_of_chequer(0.0f) + 1.0f, highest = luma_of_chequer(255.0f) - 1.0f;
  for (uint64_t seed = 0; seed < 4; seed++) {
    struct craft craft;
    craft_open(&craft, 768, 768, 3, full);
    float *luma = craft_waves(seed, 768, 768, 17, 30.0f);
    float *chroma = craft_waves(seed, 768, 768, 2, 0.0f);
    for (uint32_t y = 0; y < 768; y++)
      for (uint32_t x = 0; x < 768; x++) {
        float *value = &luma[y * 768 + x];
        *value = fminf(fmaxf(*value, lowest), highest);
        const bool chequered = in_patch(seed, x / 8, y / 8);
        if (chequered) *value = luma_for(*value);
        chroma[y * 768 + x] = !chequered ? 128.0f : (x + y) % 2 == 0 ? 255.0f : 1.0f;
      }
    craft_plane(&craft, 0, luma);
    craft_plane(&craft, 1, chroma);
    craft_plane(&craft, 2, chroma);
    craft_header(&craft, CRAFT_SOF0);
    craft_sequential(&craft);
    sound_check_encoded("a9 chroma clips RGB", craft_end(&craft));
    craft_close(&craft);
    free(luma);
    free(chroma);
  }
  sound_expect_hashed();
  sound_end("a9 chroma clips RGB");
}

/* ---- Scans and steps --------------------------------------------------------------------------------------------- */

/* Refinement 2 of luma goes over its band, 1 to 1, into coefficient 2, which is large in the file until then. */
static void refinement_runs_over_its_band(void **state) {
  (void)state;
  for (uint64_t seed = 0; seed < 6; seed++) {
    struct craft craft;
    open_waves(&craft, seed % 2 == 0 ? 512 : 768, 3, halved, 75);
    fill_waves(&craft, seed, 45.0f);
    int8_t *overrun = calloc((size_t)craft.components[0].across * craft.components[0].down, 1);
    assert_non_null(overrun);
    EACH_BLOCK(&craft, x, y) {
      int16_t *block = craft_block(&craft, 0, x, y);
      for (unsigned k = 1; k < CRAFT_BLOCK; k++) block[k] = (int16_t)(block[k] / 4 * 4);
      if (is_sampled(&craft, x, y)) continue;
      overrun[(size_t)y * craft.components[0].across + x] = block[2] < 0 ? -1 : 1;
      block[2] = (int16_t)(in_patch(seed, x, y) == (y % 2 == 0) ? 508 : -508);
    }
    const struct craft_scan script[] = {
        {.count = 3, .components = {0, 1, 2}},
        {.count = 1, .components = {0}, .first = 1, .last = 63, .low = 2},
        {.count = 1, .components = {0}, .first = 1, .last = 63, .high = 2, .low = 1},
        {.count = 1, .components = {0}, .first = 1, .last = 1, .high = 1, .overrun = overrun},
        {.count = 1, .components = {0}, .first = 2, .last = 63, .high = 1},
        {.count = 1, .components = {1}, .first = 1, .last = 63},
        {.count = 1, .components = {2}, .first = 1, .last = 63},
    };
    craft_header(&craft, CRAFT_SOF2);
    craft_script(&craft, script, sizeof script / sizeof *script);
    check_refused_by_blocks("a4 refinement overruns", craft_end(&craft));
    craft_close(&craft);
    free(overrun);
  }
  sound_expect_hashed();
  sound_end("a4 refinement overruns");
}

static void steps_of_16_bits(void **state) {
  (void)state;
  for (uint64_t seed = 0; seed < 6; seed++) {
    struct craft craft;
    struct random_state random = random_seeded(seed);
    open_waves(&craft, 512, 3, halved, 90);
    craft.quant[0][1] = 32768;
    craft.quant[0][63] = 1;
    fill_waves(&craft, seed, 45.0f);
    EACH_BLOCK(&craft, x, y) {
      int16_t *block = craft_block(&craft, 0, x, y);
      block[1] = block[63] = 0;
      const int value = 2 * ((int)(random_next(&random) % 2001) - 1000);
      if (!is_sampled(&craft, x, y)) block[1] = (int16_t)value;
    }
    craft_header(&craft, CRAFT_SOF1);
    craft_sequential(&craft);
    check_refused_by_blocks("a7 16-bit steps", craft_end(&craft));
    craft_close(&craft);
  }
  sound_expect_hashed();
  sound_end("a7 16-bit steps");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(dc_wraps),
      cmocka_unit_test(ac_wraps),
      cmocka_unit_test(clipping_moves_the_mean),
      cmocka_unit_test(clipping_hides_the_contrast),
      cmocka_unit_test(refinement_runs_over_its_band),
      cmocka_unit_test(saturated_blocks_overshoot),
      cmocka_unit_test(steps_of_16_bits),
      cmocka_unit_test(chroma_clips_rgb),
  };
  return cmocka_run_group_tests(tests, sound_set_up, sound_tear_down);
}
