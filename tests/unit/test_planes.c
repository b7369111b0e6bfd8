/* SPDX-License-Identifier: Apache-2.0 */
/* JPEGs as planes: that they become libjpeg-turbo's pixels to the last bit, on every tier, with the same status for
 * every damaged file. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../support/decoded.h"
#include "../support/encode.h"
#include "../support/guard.h"
#include "../support/planed.h"
#include "../support/random.h"
#include "../support/tiers.h"
#include "pdq/fast_kernels.h"
#include "pdq/planes.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static const struct {
  int h, v;
  enum image_sampling sampling;
} samplings[] = {{1, 1, IMAGE_444}, {2, 1, IMAGE_422}, {2, 2, IMAGE_420}};

static struct jpeg_recipe recipe_of(uint32_t width, uint32_t height, size_t sampling) {
  return (struct jpeg_recipe){.width = width,
                              .height = height,
                              .pixels = JCS_RGB,
                              .stored = JCS_YCbCr,
                              .h = samplings[sampling].h,
                              .v = samplings[sampling].v};
}

/* ---- Pixels ------------------------------------------------------------------------------------------------------ */

/* What a picture is made of: noise; the ends of the range, which clip; slopes, of which blocks keep a little. */
static struct encoded encode_noise(const struct jpeg_recipe *recipe, uint64_t seed) {
  struct random_state state = random_seeded(seed);
  const size_t bytes = (size_t)recipe->width * recipe->height * 3;
  uint8_t *pixels = malloc(bytes);
  assert_non_null(pixels);
  for (size_t k = 0; k < bytes; k++) {
    const uint8_t noise = (uint8_t)(random_next(&state) >> 11);
    pixels[k] = seed % 3 == 0 ? noise : seed % 3 == 1 ? (noise & 1 ? 255 : 0) : (uint8_t)(k * seed / 7 + noise % 9);
  }
  const struct encoded jpeg = encode_jpeg(recipe, pixels);
  free(pixels);
  return jpeg;
}

static void fail_at(const struct decoded *rows, const struct planed *planed, const char *what) {
  const size_t bytes = rows->row_bytes * rows->info.height;
  size_t k = 0;
  while (k < bytes && rows->pixels[k] == planed->pixels[k]) k++;
  fail_msg("%s, %s: %ux%u, row %zu, column %zu, channel %zu is %u, not %u", what, tier_name(planed->tier),
           rows->info.width, rows->info.height, k / rows->row_bytes, k % rows->row_bytes / 3, k % 3, planed->pixels[k],
           rows->pixels[k]);
}

/* Whether the file came as planes. */
static bool expect_same(const uint8_t *bytes, size_t size, const char *what) {
  struct decoded rows = decoded_from(bytes, size, NULL);
  struct planed planed = {0};
  bool as_planes = false;
  for (enum cpu_tier tier = CPU_SCALAR; tier <= CPU_NEON; tier++) {
    if (!tiers_has(tier)) continue;
    planed.tier = tier;
    planed_again(&planed, bytes, size, NULL);
    as_planes = planed.as_planes;
    assert_int_equal(planed.status, rows.status);
    assert_string_equal(planed.reason, rows.reason);
    assert_memory_equal(&planed.info, &rows.info, sizeof rows.info);
    const bool complete = rows.status == HASHSCAN_STATUS_OK || rows.status == HASHSCAN_STATUS_DAMAGED;
    if (complete && memcmp(planed.pixels, rows.pixels, rows.row_bytes * rows.info.height) != 0)
      fail_at(&rows, &planed, what);
  }
  planed_free(&planed);
  decoded_free(&rows);
  return as_planes;
}

static void check_picture(const struct jpeg_recipe *recipe, uint64_t seed, bool planes) {
  const struct encoded jpeg = encode_noise(recipe, seed);
  char what[64];
  snprintf(what, sizeof what, "%dx%d, seed %u", recipe->h, recipe->v, (unsigned)seed);
  assert_int_equal(expect_same(jpeg.bytes, jpeg.size, what), planes);
  free(jpeg.bytes);
}

static void test_small_pictures(void **unused) {
  (void)unused;
  for (size_t s = 0; s < COUNT(samplings); s++) {
    for (uint32_t height = 1; height <= 40; height++) {
      for (uint32_t width = 1; width <= 40; width++) {
        struct jpeg_recipe recipe = recipe_of(width, height, s);
        recipe.quality = width % 2 == 0 ? 100 : 60;
        recipe.progressive = (width + height) % 5 == 0;
        check_picture(&recipe, width + 41 * height, s == 0 || width > 4);
      }
    }
  }
}

/* Bands, MCUs and vectors end everywhere. */
static void test_larger_pictures(void **unused) {
  (void)unused;
  struct random_state state = random_seeded(8);
  for (size_t s = 0; s < COUNT(samplings); s++) {
    for (uint32_t i = 0; i < 48; i++) {
      const uint32_t width = 41 + (uint32_t)(random_next(&state) % 300);
      const uint32_t height = 32 + i + (uint32_t)(random_next(&state) % 4) * 32;
      struct jpeg_recipe recipe = recipe_of(width, height, s);
      recipe.quality = 20 + (int)(random_next(&state) % 81);
      recipe.progressive = i % 4 == 0;
      recipe.restart = i % 7;
      check_picture(&recipe, random_next(&state) % 1000, true);
    }
  }
  struct jpeg_recipe wide = recipe_of(16384, 3, 2);
  check_picture(&wide, 1, true);
  struct jpeg_recipe tall = recipe_of(5, 16384, 2);
  check_picture(&tall, 2, true);
}

/* Everything that libjpeg-turbo upsamples in another way, or not at all, or whose colours are others. */
static void test_others_come_as_rows(void **unused) {
  (void)unused;
  static const struct jpeg_recipe others[] = {
      {.width = 40, .height = 40, .pixels = JCS_RGB, .stored = JCS_YCbCr, .h = 1, .v = 2},
      {.width = 40, .height = 40, .pixels = JCS_RGB, .stored = JCS_YCbCr, .h = 4, .v = 1},
      {.width = 40, .height = 40, .pixels = JCS_RGB, .stored = JCS_YCbCr, .h = 4, .v = 2},
      {.width = 40, .height = 40, .pixels = JCS_RGB, .stored = JCS_YCbCr, .h = 3, .v = 1},
      {.width = 40, .height = 40, .pixels = JCS_RGB, .stored = JCS_YCbCr, .h = 1, .v = 4},
      {.width = 40, .height = 40, .pixels = JCS_RGB, .stored = JCS_YCbCr, .h = 2, .v = 3},
      {.width = 40, .height = 40, .pixels = JCS_RGB, .stored = JCS_YCbCr, .h = 2, .v = 4},
      {.width = 4, .height = 40, .pixels = JCS_RGB, .stored = JCS_YCbCr, .h = 2, .v = 2},
      {.width = 40, .height = 40, .pixels = JCS_RGB, .stored = JCS_RGB},
      {.width = 40, .height = 40, .pixels = JCS_GRAYSCALE, .stored = JCS_GRAYSCALE},
      {.width = 40, .height = 40, .pixels = JCS_CMYK, .stored = JCS_YCCK},
  };
  for (size_t i = 0; i < COUNT(others); i++) {
    const struct encoded jpeg = encode_textured_jpeg(&others[i], TEXTURE_MIXED);
    assert_false(expect_same(jpeg.bytes, jpeg.size, "others"));
    free(jpeg.bytes);
  }
}

/* Files that were cut or written over: libjpeg-turbo fills, smooths, warns or gives up, and says the same. */
static void test_damaged_files(void **unused) {
  (void)unused;
  struct random_state state = random_seeded(9);
  size_t damaged = 0;
  for (size_t s = 0; s < COUNT(samplings); s++) {
    for (int progressive = 0; progressive < 2; progressive++) {
      struct jpeg_recipe recipe = recipe_of(75, 83, s);
      recipe.progressive = progressive;
      recipe.restart = 3;
      const struct encoded jpeg = encode_textured_jpeg(&recipe, TEXTURE_MIXED);
      uint8_t *bytes = malloc(jpeg.size);
      for (size_t i = 0; i < 150; i++) {
        memcpy(bytes, jpeg.bytes, jpeg.size);
        const size_t size = i % 2 == 0 ? random_next(&state) % jpeg.size : jpeg.size;
        for (size_t k = 0; i % 3 != 0 && k < 1 + i % 4; k++)
          bytes[random_next(&state) % jpeg.size] = (uint8_t)(random_next(&state) >> 7);
        damaged += expect_same(bytes, size, "damaged");
      }
      free(bytes);
      free(jpeg.bytes);
    }
  }
  assert_true(damaged > 300);
}

static void test_refusals_and_deadline(void **unused) {
  (void)unused;
  const struct jpeg_recipe recipe = recipe_of(75, 83, 2);
  const struct encoded jpeg = encode_textured_jpeg(&recipe, TEXTURE_MIXED);
  struct planed planed = {.refuse_begin = true};
  planed_again(&planed, jpeg.bytes, jpeg.size, NULL);
  assert_int_equal(planed.status, HASHSCAN_STATUS_LIMIT);
  assert_true(planed.as_planes);
  planed.refuse_begin = false;
  planed.refuse_planes = true;
  planed_again(&planed, jpeg.bytes, jpeg.size, NULL);
  assert_int_equal(planed.status, HASHSCAN_STATUS_LIMIT);
  assert_int_equal(planed.begun, 1);
  planed.refuse_planes = false;
  hashscan_limits limits = HASHSCAN_LIMITS_INIT;
  limits.max_seconds = 1e-9;
  planed_again(&planed, jpeg.bytes, jpeg.size, &limits);
  assert_int_equal(planed.status, HASHSCAN_STATUS_TIMEOUT);
  planed_free(&planed);
  free(jpeg.bytes);
}

/* ---- Kernels ----------------------------------------------------------------------------------------------------- */

static size_t plane_of(size_t width) {
  return (width + 8 + 63) / 64 * 64;
}

static void fill_noise(struct planes_copy *copy, struct random_state *state, bool extreme) {
  for (size_t g = 0; g < 3; g++) {
    const size_t rows = g == 0 ? copy->planes.count : planes_chroma_rows(&copy->planes);
    const size_t bytes = rows * (g == 0 ? copy->planes.luma_stride : copy->planes.chroma_stride);
    for (size_t k = 0; k < bytes; k++) {
      const uint8_t noise = (uint8_t)(random_next(state) >> 13);
      copy->guards[g].bytes[k] = extreme ? (noise & 1 ? 255 : 0) : noise;
    }
  }
}

/* Weights of rows `row` on, the heaviest ones that are allowed for `heavy`. */
static void weights_of(struct random_state *state, size_t count, bool heavy, uint8_t *weights) {
  unsigned left = PDQ_GROUP_WEIGHT;
  for (size_t r = 0; r < count; r++) {
    const unsigned most = left < PDQ_WHOLE_MAX ? left : PDQ_WHOLE_MAX;
    weights[r] = (uint8_t)(heavy ? most : random_next(state) % (most / 3 + 1));
    left -= weights[r];
  }
}

static bool check_weigh(enum cpu_tier tier, const struct image_planes *planes, size_t row, size_t count, size_t width,
                        bool heavy, struct random_state *state) {
  const struct pdq_planes_kernels scalar = pdq_planes_kernels_for(CPU_SCALAR);
  const struct pdq_planes_kernels kernels = pdq_planes_kernels_for(tier);
  const size_t plane = plane_of(width);
  struct guard expected = guard_alloc(3 * plane * sizeof(float)), actual = guard_alloc(3 * plane * sizeof(float));
  float *wanted = (float *)(void *)expected.bytes, *got = (float *)(void *)actual.bytes;
  uint8_t weights[PDQ_GROUP_ROWS];
  weights_of(state, count, heavy, weights);
  const float scale = heavy ? 1.0f : 0.37f;
  for (size_t k = 0; k < 3 * plane; k++) wanted[k] = got[k] = (float)(k * 17 % 4096);
  scalar.weigh(planes, row, count, weights, scale, width, wanted, plane);
  kernels.weigh(planes, row, count, weights, scale, width, got, plane);
  bool good = true;
  for (size_t c = 0; c < 3; c++) {
    good = good && memcmp(wanted + c * plane, got + c * plane, width * sizeof(float)) == 0;
    for (size_t x = 0; x < plane; x++) good = good && isfinite(got[c * plane + x]);
  }
  scalar.luma(wanted, plane, plane);
  kernels.luma(got, plane, plane);
  good = good && memcmp(wanted, got, width * sizeof(float)) == 0;
  if (!good)
    print_message("%s differs: sampling %d, width %zu, rows %u + %zu to + %zu\n", tier_name(tier),
                  (int)planes->sampling, width, planes->first, row, row + count);
  guard_free(&expected);
  guard_free(&actual);
  return good;
}

static bool check_kernels(enum cpu_tier tier) {
  struct random_state state = random_seeded(3);
  bool good = true;
  for (size_t s = 0; s < COUNT(samplings); s++) {
    for (size_t width = 1; width <= 200; width += width < 70 ? 1 : 13) {
      for (uint32_t first = 0; first < 2; first++) {
        const uint32_t rows = 18;
        struct planes_copy copy;
        planes_blank(&copy, samplings[s].sampling, first, rows, width);
        fill_noise(&copy, &state, width % 3 == 0);
        for (size_t row = 0; row < 3; row++)
          for (size_t count = 1; row + count <= rows && count <= PDQ_GROUP_ROWS; count += 1 + width % 3)
            good = check_weigh(tier, &copy.planes, row, count, width, (count + width) % 2 == 0, &state) && good;
        planes_copy_free(&copy);
      }
    }
  }
  return good;
}

static void test_kernels_of_every_tier(void **unused) {
  (void)unused;
  tiers_each(check_kernels);
}

/* All chroma there is: 256 rows of 256 pixels, Cb along and Cr down, under lumas that clip and that do not. */
static bool check_all_chroma(enum cpu_tier tier) {
  static const uint8_t lumas[] = {0, 1, 63, 128, 200, 254, 255};
  struct random_state state = random_seeded(4);
  struct planes_copy copy;
  bool good = true;
  planes_blank(&copy, IMAGE_444, 0, 256, 256);
  for (size_t row = 0; row < 256; row++) {
    for (size_t x = 0; x < 256; x++) {
      copy.guards[1].bytes[row * copy.planes.chroma_stride + 1 + x] = (uint8_t)x;
      copy.guards[2].bytes[row * copy.planes.chroma_stride + 1 + x] = (uint8_t)row;
    }
  }
  for (size_t i = 0; i < COUNT(lumas); i++) {
    memset(copy.guards[0].bytes, lumas[i], 256 * copy.planes.luma_stride);
    for (size_t row = 0; row < 256; row++) good = check_weigh(tier, &copy.planes, row, 1, 256, true, &state) && good;
  }
  planes_copy_free(&copy);
  return good;
}

static void test_all_chroma(void **unused) {
  (void)unused;
  tiers_each(check_all_chroma);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_small_pictures),
      cmocka_unit_test(test_larger_pictures),
      cmocka_unit_test(test_others_come_as_rows),
      cmocka_unit_test(test_damaged_files),
      cmocka_unit_test(test_refusals_and_deadline),
      cmocka_unit_test(test_kernels_of_every_tier),
      cmocka_unit_test(test_all_chroma),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
