/* SPDX-License-Identifier: Apache-2.0 */
/* PNG: every colour type, depth and interlacing against pixels computed from the samples without libpng; chunks beside
 * the pixels; files cut at every byte. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <png.h>

#include "../support/decoded.h"
#include "../support/encode.h"
#include "../support/random.h"

static size_t channels_of(int color_type) {
  static const size_t channels[] = {1, 0, 3, 1, 2, 0, 4};
  return channels[color_type];
}

static void fill_palette(uint8_t palette[256][3]) {
  for (unsigned i = 0; i < 256; i++)
    for (unsigned c = 0; c < 3; c++) palette[i][c] = (uint8_t)(i * (31 + 40 * c) + 17 * c);
}

static uint16_t *random_samples(const struct png_recipe *recipe) {
  const size_t count = (size_t)recipe->width * recipe->height * channels_of(recipe->color_type);
  uint16_t *samples = malloc(count * sizeof *samples);
  assert_non_null(samples);
  struct random_state state = random_seeded(recipe->width * 1000 + recipe->height);
  for (size_t i = 0; i < count; i++) samples[i] = (uint16_t)(random_next(&state) & ((1u << recipe->depth) - 1));
  return samples;
}

/* The nearest 8-bit value. */
static uint8_t to_8_bits(uint16_t sample, int depth) {
  const unsigned max = (1u << depth) - 1;
  return (uint8_t)((2u * sample * 255u + max) / (2u * max));
}

static void check_pixels(const struct decoded *decoded, const struct png_recipe *recipe, const uint16_t *samples) {
  const size_t channels = channels_of(recipe->color_type);
  const bool color = (recipe->color_type & PNG_COLOR_MASK_COLOR) != 0;
  assert_int_equal(decoded->info.format, HASHSCAN_FORMAT_PNG);
  assert_int_equal(decoded->info.width, recipe->width);
  assert_int_equal(decoded->info.height, recipe->height);
  assert_int_equal(decoded->info.channels, color ? 3 : 1);
  const uint8_t *actual = decoded->pixels;
  for (size_t i = 0; i < (size_t)recipe->width * recipe->height; i++)
    for (size_t c = 0; c < decoded->info.channels; c++) {
      const uint8_t expected = recipe->color_type == PNG_COLOR_TYPE_PALETTE
                                   ? recipe->palette[samples[i]][c]
                                   : to_8_bits(samples[i * channels + c], recipe->depth);
      if (*actual++ != expected) fail_msg("pixel %zu channel %zu: %d, not %d", i, c, actual[-1], expected);
    }
}

static void check_recipe(const struct png_recipe *recipe) {
  uint16_t *samples = random_samples(recipe);
  const struct encoded png = encode_png(recipe, samples);
  struct decoded decoded = decoded_from(png.bytes, png.size, NULL);
  assert_int_equal(decoded.status, HASHSCAN_STATUS_OK);
  check_pixels(&decoded, recipe, samples);
  decoded_free(&decoded);
  free(png.bytes);
  free(samples);
}

static void check_sizes(struct png_recipe recipe) {
  static const uint32_t sizes[][2] = {{1, 1}, {2, 1}, {1, 7}, {4, 5}, {33, 21}, {67, 3}};
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
    recipe.width = sizes[i][0];
    recipe.height = sizes[i][1];
    check_recipe(&recipe);
  }
}

static void test_every_kind_of_pixel(void **state) {
  (void)state;
  static const struct {
    int color_type, depth;
  } kinds[] = {{0, 1}, {0, 2}, {0, 4}, {0, 8}, {0, 16}, {2, 8}, {2, 16}, {3, 1},
               {3, 2}, {3, 4}, {3, 8}, {4, 8}, {4, 16}, {6, 8}, {6, 16}};
  uint8_t palette[256][3];
  fill_palette(palette);
  for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
    for (int variant = 0; variant < 4; variant++) {
      const bool has_alpha = (kinds[i].color_type & PNG_COLOR_MASK_ALPHA) != 0;
      check_sizes((struct png_recipe){.color_type = kinds[i].color_type,
                                      .depth = kinds[i].depth,
                                      .interlaced = (variant & 1) != 0,
                                      .transparent = (variant & 2) != 0 && !has_alpha,
                                      .palette = palette});
    }
}

static void test_every_16_bit_value(void **state) {
  (void)state;
  const struct png_recipe recipe = {.width = 256, .height = 256, .color_type = PNG_COLOR_TYPE_GRAY, .depth = 16};
  uint16_t *samples = malloc(65536 * sizeof *samples);
  assert_non_null(samples);
  for (size_t i = 0; i < 65536; i++) samples[i] = (uint16_t)i;
  const struct encoded png = encode_png(&recipe, samples);
  struct decoded decoded = decoded_from(png.bytes, png.size, NULL);
  check_pixels(&decoded, &recipe, samples);
  decoded_free(&decoded);
  free(png.bytes);
  free(samples);
}

/* A small RGB picture for the tests of the container. */
static struct encoded small_png(bool interlaced) {
  const struct png_recipe recipe = {
      .width = 13, .height = 11, .color_type = PNG_COLOR_TYPE_RGB, .depth = 8, .interlaced = interlaced};
  uint16_t *samples = random_samples(&recipe);
  const struct encoded png = encode_png(&recipe, samples);
  free(samples);
  return png;
}

static void expect_chunk(const char *before, const char *type, const char *data, size_t size, hashscan_status status) {
  const struct encoded png = small_png(false);
  const struct encoded changed =
      encode_png_with_chunk(&png, encode_png_find(&png, before), type, (const uint8_t *)data, size);
  struct decoded plain = decoded_from(png.bytes, png.size, NULL);
  struct decoded decoded = decoded_from(changed.bytes, changed.size, NULL);
  if (decoded.status != status) fail_msg("%s: %s (%s)", type, hashscan_status_name(decoded.status), decoded.reason);
  if (decoded.rows > 0) assert_memory_equal(decoded.pixels, plain.pixels, plain.row_bytes * plain.rows);
  decoded_free(&plain);
  decoded_free(&decoded);
  free(changed.bytes);
  free(png.bytes);
}

/* Malformed, but none of these chunks has a say in the pixels. */
static void test_chunks_beside_pixels_are_no_damage(void **state) {
  (void)state;
  static const char *const types[] = {"iCCP", "sRGB", "gAMA", "cHRM", "tEXt", "zTXt", "iTXt",
                                      "tIME", "pHYs", "sPLT", "hIST", "bKGD", "eXIf", "sBIT",
                                      "tRNS", "cICP", "acTL", "fcTL", "fdAT", "caNv", "abCd"};
  for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
    expect_chunk("IDAT", types[i], "\0\xff?", 3, HASHSCAN_STATUS_OK);
    expect_chunk("IDAT", types[i], "", 0, HASHSCAN_STATUS_OK);
    expect_chunk("IEND", types[i], "\0\xff?", 3, HASHSCAN_STATUS_OK);
  }
}

/* An unknown critical chunk says that the pixels mean something else; after the pixels it is too late for that. */
static void test_critical_chunks_count(void **state) {
  (void)state;
  expect_chunk("IDAT", "ABCD", "x", 1, HASHSCAN_STATUS_CORRUPT);
  expect_chunk("IEND", "ABCD", "x", 1, HASHSCAN_STATUS_OK);
  expect_chunk("IDAT", "IEND", "", 0, HASHSCAN_STATUS_CORRUPT);
  expect_chunk("IHDR", "CgBI", "\x50\0\x20\2", 4, HASHSCAN_STATUS_UNSUPPORTED);
}

/* libpng skips unknown chunks before IHDR, so the size must be checked after it, too. */
static void test_size_behind_another_chunk_is_checked(void **state) {
  (void)state;
  const struct encoded png = small_png(false);
  const struct encoded changed = encode_png_with_chunk(&png, encode_png_find(&png, "IHDR"), "iHDR", NULL, 0);
  hashscan_limits limits = HASHSCAN_LIMITS_INIT;
  struct decoded decoded = decoded_from(changed.bytes, changed.size, &limits);
  assert_int_equal(decoded.status, HASHSCAN_STATUS_OK);
  assert_int_equal(decoded.info.width, 13);
  limits.max_pixels = 13 * 11 - 1;
  decoded_again(&decoded, changed.bytes, changed.size, &limits);
  assert_int_equal(decoded.status, HASHSCAN_STATUS_LIMIT);
  decoded_free(&decoded);
  free(changed.bytes);
  free(png.bytes);
}

static void test_flipped_ancillary_checksum_is_damage(void **state) {
  (void)state;
  const struct encoded png = small_png(false);
  const size_t offset = encode_png_find(&png, "IDAT");
  const struct encoded changed = encode_png_with_chunk(&png, offset, "tEXt", (const uint8_t *)"a\0b", 3);
  changed.bytes[offset + 8] ^= 1;
  struct decoded decoded = decoded_from(changed.bytes, changed.size, NULL);
  assert_int_equal(decoded.status, HASHSCAN_STATUS_DAMAGED);
  assert_non_null(strstr(decoded.reason, "CRC"));
  decoded_free(&decoded);
  free(changed.bytes);
  free(png.bytes);
}

static void test_palette_index_without_color_is_black(void **state) {
  (void)state;
  uint8_t palette[256][3];
  fill_palette(palette);
  const struct png_recipe recipe = {
      .width = 4, .height = 4, .color_type = PNG_COLOR_TYPE_PALETTE, .depth = 1, .palette = palette};
  const uint16_t samples[16] = {0, 1, 0, 1, 1, 1, 0, 0, 0, 1, 1, 0, 1, 0, 1, 0};
  const struct encoded png = encode_png(&recipe, samples);
  const size_t plte = encode_png_find(&png, "PLTE");
  png.bytes[plte + 3] = 3;
  memmove(png.bytes + plte + 11, png.bytes + plte + 14, png.size - plte - 14);
  encode_png_seal(png.bytes, png.size - 3);
  struct decoded decoded = decoded_from(png.bytes, png.size - 3, NULL);
  assert_int_equal(decoded.status, HASHSCAN_STATUS_OK);
  for (size_t i = 0; i < 16; i++)
    for (size_t c = 0; c < 3; c++) assert_int_equal(decoded.pixels[3 * i + c], samples[i] == 0 ? palette[0][c] : 0);
  decoded_free(&decoded);
  free(png.bytes);
}

/* The zlib header claims a window of 256 bytes, the data look 601 bytes back. */
static void test_window_smaller_than_used(void **state) {
  (void)state;
  uint8_t palette[256][3];
  fill_palette(palette);
  const struct png_recipe recipe = {
      .width = 600, .height = 4, .color_type = PNG_COLOR_TYPE_PALETTE, .depth = 8, .palette = palette};
  uint16_t *samples = random_samples(&recipe);
  for (size_t i = recipe.width; i < (size_t)recipe.width * recipe.height; i++) samples[i] = samples[i - recipe.width];
  const struct encoded png = encode_png(&recipe, samples);
  uint8_t *zlib_header = png.bytes + encode_png_find(&png, "IDAT") + 8;
  zlib_header[0] = 0x08;
  zlib_header[1] = 31 - 0x0800 % 31;
  encode_png_seal(png.bytes, png.size);
  struct decoded decoded = decoded_from(png.bytes, png.size, NULL);
  assert_int_equal(decoded.status, HASHSCAN_STATUS_OK);
  check_pixels(&decoded, &recipe, samples);
  decoded_free(&decoded);
  free(png.bytes);
  free(samples);
}

static hashscan_status expected_when_cut(size_t cut, size_t after_pixels) {
  if (cut == 0) return HASHSCAN_STATUS_NOT_IMAGE;
  return cut < after_pixels ? HASHSCAN_STATUS_CORRUPT : HASHSCAN_STATUS_DAMAGED;
}

static void check_cut_at_every_byte(bool interlaced) {
  const struct encoded png = small_png(interlaced);
  const size_t after_pixels = encode_png_find(&png, "IEND");
  struct decoded whole = decoded_from(png.bytes, png.size, NULL);
  assert_int_equal(whole.status, HASHSCAN_STATUS_OK);
  for (size_t cut = 0; cut < png.size; cut++) {
    struct decoded decoded = decoded_from(png.bytes, cut, NULL);
    assert_int_equal(decoded.status, expected_when_cut(cut, after_pixels));
    if (decoded.status == HASHSCAN_STATUS_DAMAGED)
      assert_memory_equal(decoded.pixels, whole.pixels, whole.row_bytes * whole.rows);
    decoded_free(&decoded);
  }
  decoded_free(&whole);
  free(png.bytes);
}

static void test_cut_at_every_byte(void **state) {
  (void)state;
  check_cut_at_every_byte(false);
  check_cut_at_every_byte(true);
}

static void test_bytes_after_the_end_are_fine(void **state) {
  (void)state;
  const struct encoded png = small_png(false);
  uint8_t *longer = malloc(png.size + 100);
  assert_non_null(longer);
  memcpy(longer, png.bytes, png.size);
  memset(longer + png.size, 0x5a, 100);
  struct decoded decoded = decoded_from(longer, png.size + 100, NULL);
  assert_int_equal(decoded.status, HASHSCAN_STATUS_OK);
  decoded_free(&decoded);
  free(longer);
  free(png.bytes);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_every_kind_of_pixel),
      cmocka_unit_test(test_every_16_bit_value),
      cmocka_unit_test(test_chunks_beside_pixels_are_no_damage),
      cmocka_unit_test(test_critical_chunks_count),
      cmocka_unit_test(test_size_behind_another_chunk_is_checked),
      cmocka_unit_test(test_flipped_ancillary_checksum_is_damage),
      cmocka_unit_test(test_palette_index_without_color_is_black),
      cmocka_unit_test(test_window_smaller_than_used),
      cmocka_unit_test(test_cut_at_every_byte),
      cmocka_unit_test(test_bytes_after_the_end_are_fine),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
