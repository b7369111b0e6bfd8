/* SPDX-License-Identifier: Apache-2.0 */
/* JPEG: every colour model, sampling and scan script against libjpeg called plainly; scan counts, refused variants,
 * files cut at every byte. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../support/decoded.h"
#include "../support/encode.h"
#include "../support/random.h"

/* Smooth enough that upsampling matters, varied enough that every channel does. */
static uint8_t *make_pixels(uint32_t width, uint32_t height, size_t channels) {
  uint8_t *pixels = malloc((size_t)width * height * channels);
  assert_non_null(pixels);
  struct random_state state = random_seeded(width + 1000 * channels);
  for (size_t y = 0; y < height; y++)
    for (size_t x = 0; x < width; x++)
      for (size_t c = 0; c < channels; c++)
        pixels[(y * width + x) * channels + c] =
            (uint8_t)((x * (3 + 2 * c) + y * (7 - c)) % 230 + random_next(&state) % 26);
  return pixels;
}

static struct encoded make_jpeg(const struct jpeg_recipe *recipe) {
  const size_t channels = recipe->pixels == JCS_GRAYSCALE ? 1 : recipe->pixels == JCS_CMYK ? 4 : 3;
  uint8_t *pixels = make_pixels(recipe->width, recipe->height, channels);
  const struct encoded jpeg = encode_jpeg(recipe, pixels);
  free(pixels);
  return jpeg;
}

/* libjpeg as its example shows it, straight to `model`. */
static uint8_t *decode_plainly(const struct encoded *jpeg, J_COLOR_SPACE model) {
  struct jpeg_decompress_struct decoder;
  struct jpeg_error_mgr errors;
  decoder.err = jpeg_std_error(&errors);
  jpeg_create_decompress(&decoder);
  jpeg_mem_src(&decoder, jpeg->bytes, jpeg->size);
  jpeg_read_header(&decoder, TRUE);
  decoder.out_color_space = model;
  decoder.dct_method = JDCT_ISLOW;
  decoder.do_fancy_upsampling = TRUE;
  jpeg_start_decompress(&decoder);
  const size_t row_bytes = (size_t)decoder.output_width * (size_t)decoder.output_components;
  uint8_t *pixels = malloc(row_bytes * decoder.output_height);
  assert_non_null(pixels);
  while (decoder.output_scanline < decoder.output_height) {
    uint8_t *row = pixels + decoder.output_scanline * row_bytes;
    jpeg_read_scanlines(&decoder, &row, 1);
  }
  jpeg_finish_decompress(&decoder);
  jpeg_destroy_decompress(&decoder);
  return pixels;
}

static struct decoded decode_ok(const struct encoded *jpeg, const struct jpeg_recipe *recipe, hashscan_format format,
                                unsigned channels) {
  const struct decoded decoded = decoded_from(jpeg->bytes, jpeg->size, NULL);
  assert_string_equal(decoded.reason, "");
  assert_int_equal(decoded.status, HASHSCAN_STATUS_OK);
  assert_int_equal(decoded.info.format, format);
  assert_int_equal(decoded.info.width, recipe->width);
  assert_int_equal(decoded.info.height, recipe->height);
  assert_int_equal(decoded.info.channels, channels);
  return decoded;
}

static void check_recipe(struct jpeg_recipe recipe) {
  static const uint32_t sizes[][2] = {{1, 1}, {8, 8}, {17, 33}, {71, 46}};
  for (size_t i = 0; i < 2 * sizeof sizes / sizeof *sizes; i++) {
    recipe.width = sizes[i / 2][0];
    recipe.height = sizes[i / 2][1];
    recipe.progressive = i % 2 == 1;
    const struct encoded jpeg = make_jpeg(&recipe);
    const bool grey = recipe.stored == JCS_GRAYSCALE;
    struct decoded decoded = decode_ok(&jpeg, &recipe, HASHSCAN_FORMAT_JPEG, grey ? 1 : 3);
    uint8_t *expected = decode_plainly(&jpeg, grey ? JCS_GRAYSCALE : JCS_RGB);
    assert_memory_equal(decoded.pixels, expected, decoded.row_bytes * decoded.rows);
    free(expected);
    decoded_free(&decoded);
    free(jpeg.bytes);
  }
}

static void test_grey_ycbcr_and_rgb(void **state) {
  (void)state;
  check_recipe((struct jpeg_recipe){.pixels = JCS_GRAYSCALE, .stored = JCS_GRAYSCALE});
  check_recipe((struct jpeg_recipe){.pixels = JCS_GRAYSCALE, .stored = JCS_GRAYSCALE, .h = 2, .v = 2});
  check_recipe((struct jpeg_recipe){.pixels = JCS_RGB, .stored = JCS_GRAYSCALE});
  check_recipe((struct jpeg_recipe){.pixels = JCS_RGB, .stored = JCS_RGB});
  static const int samplings[][2] = {{1, 1}, {2, 1}, {1, 2}, {2, 2}, {4, 1}, {4, 2}};
  for (size_t i = 0; i < sizeof samplings / sizeof *samplings; i++)
    check_recipe((struct jpeg_recipe){
        .pixels = JCS_RGB, .stored = JCS_YCbCr, .h = samplings[i][0], .v = samplings[i][1], .quality = 90});
}

/* The light that ink leaves, in floating point, rounded half up. */
static uint8_t ink_to_light(uint8_t ink, uint8_t key, bool inverted) {
  const double a = inverted ? ink / 255.0 : 1 - ink / 255.0;
  const double b = inverted ? key / 255.0 : 1 - key / 255.0;
  return (uint8_t)(a * b * 255 + 0.5);
}

static void check_cmyk(J_COLOR_SPACE stored, bool adobe) {
  const struct jpeg_recipe recipe = {.width = 61,
                                     .height = 35,
                                     .pixels = JCS_CMYK,
                                     .stored = stored,
                                     .h = stored == JCS_YCCK ? 2 : 1,
                                     .v = stored == JCS_YCCK ? 2 : 1,
                                     .no_adobe_marker = !adobe};
  const struct encoded jpeg = make_jpeg(&recipe);
  struct decoded decoded = decode_ok(&jpeg, &recipe, HASHSCAN_FORMAT_JPEG_CMYK, 3);
  uint8_t *cmyk = decode_plainly(&jpeg, JCS_CMYK);
  for (size_t i = 0; i < (size_t)recipe.width * recipe.height; i++)
    for (size_t c = 0; c < 3; c++)
      assert_int_equal(decoded.pixels[3 * i + c], ink_to_light(cmyk[4 * i + c], cmyk[4 * i + 3], adobe));
  assert_int_equal(decoded.info.views, 1u << HASHSCAN_VIEW_OTHER_COLORS);
  decoded_free(&decoded);
  decoded = decoded_view(HASHSCAN_VIEW_OTHER_COLORS, jpeg.bytes, jpeg.size);
  assert_int_equal(decoded.status, HASHSCAN_STATUS_OK);
  for (size_t i = 0; i < (size_t)recipe.width * recipe.height; i++)
    for (size_t c = 0; c < 3; c++)
      assert_int_equal(decoded.pixels[3 * i + c], ink_to_light(cmyk[4 * i + c], cmyk[4 * i + 3], !adobe));
  free(cmyk);
  decoded_free(&decoded);
  free(jpeg.bytes);
}

/* JFIF and Adobe markers that say the same, or not; the second view is the other reading of the components. */
static void check_markers(unsigned transform, bool jfif, bool contradiction) {
  struct jpeg_recipe recipe = {.width = 40, .height = 30, .pixels = JCS_RGB, .stored = JCS_YCbCr};
  const struct encoded plain = make_jpeg(&recipe);
  static const uint8_t adobe[] = "\xff\xee\0\x0e"
                                 "Adobe\0\x64\0\0\0\0";
  const size_t app0 = jfif ? 20 : 2; /* libjpeg writes SOI and a JFIF marker of 18 bytes */
  struct encoded jpeg = {malloc(plain.size + 16), app0};
  assert_non_null(jpeg.bytes);
  memcpy(jpeg.bytes, plain.bytes, app0);
  memcpy(jpeg.bytes + app0, adobe, 15);
  jpeg.bytes[app0 + 15] = (uint8_t)transform;
  memcpy(jpeg.bytes + app0 + 16, plain.bytes + 20, plain.size - 20);
  jpeg.size = app0 + 16 + plain.size - 20;
  struct decoded stored = decode_ok(&jpeg, &recipe, HASHSCAN_FORMAT_JPEG, 3);
  struct decoded other = decoded_view(HASHSCAN_VIEW_OTHER_COLORS, jpeg.bytes, jpeg.size);
  uint8_t *as_libjpeg = decode_plainly(&jpeg, JCS_RGB);
  uint8_t *components = decode_plainly(&plain, JCS_YCbCr);
  assert_int_equal(stored.info.views, contradiction ? 1u << HASHSCAN_VIEW_OTHER_COLORS : 0);
  assert_memory_equal(stored.pixels, as_libjpeg, stored.row_bytes * stored.rows);
  assert_memory_equal(other.pixels, contradiction ? components : as_libjpeg, stored.row_bytes * stored.rows);
  free(components);
  free(as_libjpeg);
  decoded_free(&stored);
  decoded_free(&other);
  free(jpeg.bytes);
  free(plain.bytes);
}

static void test_markers_that_contradict_each_other(void **state) {
  (void)state;
  check_markers(0, true, true);
  check_markers(1, true, false);
  check_markers(0, false, false);
  check_markers(1, false, false);
}

static void test_cmyk_and_ycck(void **state) {
  (void)state;
  check_cmyk(JCS_CMYK, true);
  check_cmyk(JCS_CMYK, false);
  check_cmyk(JCS_YCCK, true);
}

static struct encoded small_jpeg(bool progressive) {
  return make_jpeg(&(struct jpeg_recipe){.width = 40,
                                         .height = 25,
                                         .pixels = JCS_RGB,
                                         .stored = JCS_YCbCr,
                                         .h = 2,
                                         .v = 2,
                                         .quality = 50,
                                         .progressive = progressive});
}

static size_t find_marker(const struct encoded *jpeg, uint8_t marker) {
  for (size_t i = 0; i + 1 < jpeg->size; i++)
    if (jpeg->bytes[i] == 0xff && jpeg->bytes[i + 1] == marker) return i;
  fail_msg("no marker %02x", marker);
  return 0;
}

static void expect_scans(int scans, uint32_t max_scans, hashscan_status status) {
  const struct encoded jpeg = encode_many_scans(48, 40, scans);
  hashscan_limits limits = HASHSCAN_LIMITS_INIT;
  limits.max_jpeg_scans = max_scans;
  struct decoded decoded = decoded_from(jpeg.bytes, jpeg.size, &limits);
  assert_int_equal(decoded.status, status);
  if (status == HASHSCAN_STATUS_LIMIT) assert_non_null(strstr(decoded.reason, "max_jpeg_scans"));
  decoded_free(&decoded);
  free(jpeg.bytes);
}

static void test_scans_are_counted(void **state) {
  (void)state;
  expect_scans(500, 100, HASHSCAN_STATUS_LIMIT);
  expect_scans(500, 499, HASHSCAN_STATUS_LIMIT);
  expect_scans(500, 500, HASHSCAN_STATUS_OK);
  expect_scans(101, 100, HASHSCAN_STATUS_LIMIT);
  expect_scans(100, 100, HASHSCAN_STATUS_OK);
}

/* Patches the frame header's marker (0: leave) and precision (0: leave). */
static void expect_frame(uint8_t marker, uint8_t precision, hashscan_status status) {
  const struct encoded jpeg = small_jpeg(false);
  const size_t frame = find_marker(&jpeg, 0xc0);
  if (marker != 0) jpeg.bytes[frame + 1] = marker;
  if (precision != 0) jpeg.bytes[frame + 4] = precision;
  struct decoded decoded = decoded_from(jpeg.bytes, jpeg.size, NULL);
  if (decoded.status != status)
    fail_msg("%02x/%d: %s (%s)", marker, precision, hashscan_status_name(decoded.status), decoded.reason);
  assert_int_equal(decoded.info.format, HASHSCAN_FORMAT_JPEG);
  decoded_free(&decoded);
  free(jpeg.bytes);
}

static void test_refused_variants(void **state) {
  (void)state;
  expect_frame(0, 12, HASHSCAN_STATUS_UNSUPPORTED);    /* 12 bits */
  expect_frame(0xc1, 12, HASHSCAN_STATUS_UNSUPPORTED); /* 12 bits, extended */
  static const uint8_t markers[] = {0xc5,           0xc6, 0xc7, 0xcd, 0xce, 0xcf /* hierarchical */,
                                    0xde /* DHP */, 0xf7 /* JPEG-LS */};
  for (size_t i = 0; i < sizeof markers; i++) expect_frame(markers[i], 0, HASHSCAN_STATUS_UNSUPPORTED);
  expect_frame(0xc1, 0, HASHSCAN_STATUS_OK);      /* extended, which baseline is a part of */
  expect_frame(0xf0, 0, HASHSCAN_STATUS_CORRUPT); /* reserved */
}

static void test_two_components_are_unsupported(void **state) {
  (void)state;
  const struct encoded jpeg =
      make_jpeg(&(struct jpeg_recipe){.width = 16, .height = 16, .pixels = JCS_GRAYSCALE, .stored = JCS_GRAYSCALE});
  const size_t frame = find_marker(&jpeg, 0xc0);
  uint8_t *changed = malloc(jpeg.size + 3);
  assert_non_null(changed);
  const size_t end = frame + 13;
  memcpy(changed, jpeg.bytes, end);
  memcpy(changed + end, "\x02\x11\x00", 3);
  memcpy(changed + end + 3, jpeg.bytes + end, jpeg.size - end);
  changed[frame + 3] = 14;
  changed[frame + 9] = 2;
  struct decoded decoded = decoded_from(changed, jpeg.size + 3, NULL);
  assert_int_equal(decoded.status, HASHSCAN_STATUS_UNSUPPORTED);
  assert_string_equal(decoded.reason, "colour model of 2 components");
  decoded_free(&decoded);
  free(changed);
  free(jpeg.bytes);
}

/* Cut inside the scan header, libjpeg takes its own end marker for the rest of it: either status will do there. */
static bool fits_cut(hashscan_status status, size_t cut, size_t scan, size_t data) {
  if (cut >= data) return status == HASHSCAN_STATUS_DAMAGED;
  return status == HASHSCAN_STATUS_CORRUPT || (cut > scan + 2 && status == HASHSCAN_STATUS_DAMAGED);
}

static void test_baseline_cut_at_every_byte(void **state) {
  (void)state;
  const struct encoded jpeg = small_jpeg(false);
  const size_t scan = find_marker(&jpeg, 0xda);
  const size_t data = scan + 2 + jpeg.bytes[scan + 3];
  for (size_t cut = 1; cut < jpeg.size; cut++) {
    struct decoded decoded = decoded_from(jpeg.bytes, cut, NULL);
    if (!fits_cut(decoded.status, cut, scan, data))
      fail_msg("cut at %zu of %zu: %s (%s)", cut, jpeg.size, hashscan_status_name(decoded.status), decoded.reason);
    decoded_free(&decoded);
  }
  free(jpeg.bytes);
}

/* Tables stand between the scans. A cut there is an error to libjpeg, but the scans before it are a picture. */
static void test_progressive_cut_at_every_byte(void **state) {
  (void)state;
  const struct encoded jpeg = small_jpeg(true);
  const size_t scan = find_marker(&jpeg, 0xda);
  const size_t data = scan + 2 + jpeg.bytes[scan + 3];
  for (size_t cut = 2; cut < jpeg.size; cut++) {
    struct decoded decoded = decoded_from(jpeg.bytes, cut, NULL);
    if (cut <= scan + 2) assert_int_equal(decoded.status, HASHSCAN_STATUS_CORRUPT);
    else if (cut >= data) assert_int_equal(decoded.status, HASHSCAN_STATUS_DAMAGED);
    decoded_free(&decoded);
  }
  free(jpeg.bytes);
}

/* An error in the headers of a later scan leaves the picture as it was before that scan. */
static void test_broken_scan_leaves_those_before_it(void **state) {
  (void)state;
  const struct encoded jpeg = small_jpeg(true);
  const size_t first = find_marker(&jpeg, 0xda);
  unsigned broken = 0;
  for (size_t at = first + 2; at + 1 < jpeg.size; at++) {
    if (jpeg.bytes[at] != 0xff || (jpeg.bytes[at + 1] != 0xc4 && jpeg.bytes[at + 1] != 0xda)) continue;
    const uint8_t kept = jpeg.bytes[at + 4];
    struct decoded before = decoded_from(jpeg.bytes, at, NULL);
    jpeg.bytes[at + 4] = 0x77; /* no such table, and no such number of components */
    struct decoded decoded = decoded_from(jpeg.bytes, jpeg.size, NULL);
    assert_int_equal(before.status, HASHSCAN_STATUS_DAMAGED);
    assert_int_equal(decoded.status, HASHSCAN_STATUS_DAMAGED);
    assert_non_null(strstr(decoded.reason, "(after the first scan)"));
    assert_memory_equal(decoded.pixels, before.pixels, before.row_bytes * before.rows);
    jpeg.bytes[at + 4] = kept;
    decoded_free(&before);
    decoded_free(&decoded);
    broken++;
  }
  assert_true(broken > 10);
  free(jpeg.bytes);
}

static void test_damage_keeps_the_rows_before_it(void **state) {
  (void)state;
  const struct encoded jpeg = small_jpeg(false);
  struct decoded whole = decoded_from(jpeg.bytes, jpeg.size, NULL);
  struct decoded cut = decoded_from(jpeg.bytes, jpeg.size - 60, NULL);
  assert_int_equal(cut.status, HASHSCAN_STATUS_DAMAGED);
  assert_non_null(strstr(cut.reason, "Premature end"));
  assert_memory_equal(cut.pixels, whole.pixels, 8 * whole.row_bytes);
  assert_memory_not_equal(cut.pixels, whole.pixels, whole.rows * whole.row_bytes);
  decoded_free(&cut);
  decoded_free(&whole);
  free(jpeg.bytes);
}

/* Garbage after the end is fine; a second frame header before the end comes too late to change anything. */
static void test_what_follows_the_last_row(void **state) {
  (void)state;
  static const uint8_t frame[] = {0xff, 0xc0, 0, 11, 8, 0, 99, 0, 99, 1, 1, 0x11, 0, 0xff, 0xd9};
  const struct encoded jpeg = small_jpeg(false);
  uint8_t *longer = malloc(jpeg.size + sizeof frame);
  assert_non_null(longer);
  memcpy(longer, jpeg.bytes, jpeg.size);
  memcpy(longer + jpeg.size, frame, sizeof frame);
  struct decoded decoded = decoded_from(longer, jpeg.size + sizeof frame, NULL);
  assert_int_equal(decoded.status, HASHSCAN_STATUS_OK);
  memcpy(longer + jpeg.size - 2, frame, sizeof frame);
  decoded_again(&decoded, longer, jpeg.size - 2 + sizeof frame, NULL);
  assert_int_equal(decoded.status, HASHSCAN_STATUS_DAMAGED);
  assert_non_null(strstr(decoded.reason, "after the last row"));
  assert_int_equal(decoded.info.height, 25);
  decoded_free(&decoded);
  free(longer);
  free(jpeg.bytes);
}

/* libjpeg skips it, and so shows the picture, as does every viewer that leaves the matter to libjpeg. */
static void test_garbage_behind_the_start(void **state) {
  (void)state;
  const struct encoded jpeg = small_jpeg(false);
  uint8_t *longer = malloc(jpeg.size + 3);
  assert_non_null(longer);
  memcpy(longer, jpeg.bytes, 2);
  memcpy(longer + 2, "\0gi", 3);
  memcpy(longer + 5, jpeg.bytes + 2, jpeg.size - 2);
  struct decoded whole = decoded_from(jpeg.bytes, jpeg.size, NULL);
  struct decoded decoded = decoded_from(longer, jpeg.size + 3, NULL);
  assert_int_equal(decoded.status, HASHSCAN_STATUS_DAMAGED);
  assert_non_null(strstr(decoded.reason, "extraneous bytes"));
  assert_memory_equal(decoded.pixels, whole.pixels, whole.rows * whole.row_bytes);
  decoded_free(&decoded);
  decoded_free(&whole);
  free(longer);
  free(jpeg.bytes);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_grey_ycbcr_and_rgb),
      cmocka_unit_test(test_cmyk_and_ycck),
      cmocka_unit_test(test_markers_that_contradict_each_other),
      cmocka_unit_test(test_scans_are_counted),
      cmocka_unit_test(test_refused_variants),
      cmocka_unit_test(test_two_components_are_unsupported),
      cmocka_unit_test(test_baseline_cut_at_every_byte),
      cmocka_unit_test(test_progressive_cut_at_every_byte),
      cmocka_unit_test(test_broken_scan_leaves_those_before_it),
      cmocka_unit_test(test_damage_keeps_the_rows_before_it),
      cmocka_unit_test(test_what_follows_the_last_row),
      cmocka_unit_test(test_garbage_behind_the_start),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
