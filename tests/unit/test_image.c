/* SPDX-License-Identifier: Apache-2.0 */
/* image_decode() whatever the format: limits, deadlines, sinks that refuse, and a few thousand damaged files
 * (the same ones in every run), each checked against the contract by support/decoded.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <png.h>

#include "../support/decoded.h"
#include "../support/encode.h"
#include "../support/random.h"

enum { MUTATIONS = 500, CUTS = 16 };

static struct encoded make_jpeg(uint32_t width, uint32_t height, J_COLOR_SPACE pixels, bool progressive) {
  const size_t size = (size_t)width * height * (pixels == JCS_GRAYSCALE ? 1 : pixels == JCS_CMYK ? 4 : 3);
  uint8_t *values = malloc(size);
  assert_non_null(values);
  for (size_t i = 0; i < size; i++) values[i] = (uint8_t)(i * i >> 7 ^ i);
  const J_COLOR_SPACE stored = pixels == JCS_RGB ? JCS_YCbCr : pixels == JCS_CMYK ? JCS_YCCK : JCS_GRAYSCALE;
  const struct jpeg_recipe recipe = {
      .width = width, .height = height, .pixels = pixels, .stored = stored, .h = 2, .v = 2, .progressive = progressive};
  const struct encoded jpeg = encode_jpeg(&recipe, values);
  free(values);
  return jpeg;
}

static struct encoded make_png(uint32_t width, uint32_t height, int color_type, int depth, bool interlaced) {
  static const uint8_t palette[256][3] = {{1, 2, 3}, {200, 100, 50}, {9, 99, 199}, {255, 0, 255}};
  const size_t size = (size_t)width * height * 4;
  uint16_t *samples = malloc(size * sizeof *samples);
  assert_non_null(samples);
  for (size_t i = 0; i < size; i++) samples[i] = (uint16_t)((i * i >> 7 ^ i) & ((1u << depth) - 1));
  const struct png_recipe recipe = {.width = width,
                                    .height = height,
                                    .color_type = color_type,
                                    .depth = depth,
                                    .interlaced = interlaced,
                                    .palette = palette};
  const struct encoded png = encode_png(&recipe, samples);
  free(samples);
  return png;
}

static void expect(const void *bytes, size_t size, const hashscan_limits *limits, hashscan_status status,
                   const char *reason) {
  struct decoded decoded = decoded_from(bytes, size, limits);
  if (decoded.status != status || strstr(decoded.reason, reason) == NULL)
    fail_msg("%s (%s), not %s (%s)", hashscan_status_name(decoded.status), decoded.reason, hashscan_status_name(status),
             reason);
  decoded_free(&decoded);
}

static void test_random_bytes(void **state) {
  (void)state;
  static const char *const starts[] = {"", "\xff\xd8\xff", "\xff\xd8\xff\xc0", "\x89PNG\r\n\x1a\n"};
  struct random_state random = random_seeded(11);
  for (int round = 0; round < 400; round++) {
    uint8_t bytes[600];
    const char *start = starts[round % 4];
    const size_t size = random_next(&random) % sizeof bytes;
    for (size_t i = 0; i < sizeof bytes; i++) bytes[i] = (uint8_t)random_next(&random);
    memcpy(bytes, start, strlen(start));
    struct decoded decoded = decoded_from(bytes, size, NULL);
    assert_int_not_equal(decoded.status, HASHSCAN_STATUS_OK);
    decoded_free(&decoded);
  }
}

static void test_limits_on_the_size(void **state) {
  (void)state;
  const struct encoded jpeg = make_jpeg(40, 30, JCS_RGB, false);
  const struct encoded png = make_png(40, 30, PNG_COLOR_TYPE_RGB, 8, false);
  hashscan_limits limits = HASHSCAN_LIMITS_INIT;
  limits.max_pixels = 1200;
  limits.max_side = limits.max_jpeg_side = 40;
  expect(jpeg.bytes, jpeg.size, &limits, HASHSCAN_STATUS_OK, "");
  expect(png.bytes, png.size, &limits, HASHSCAN_STATUS_OK, "");
  limits.max_pixels = 1199;
  expect(jpeg.bytes, jpeg.size, &limits, HASHSCAN_STATUS_LIMIT, "40x30, over the limit of 1199 pixels (max_pixels)");
  expect(png.bytes, png.size, &limits, HASHSCAN_STATUS_LIMIT, "40x30, over the limit of 1199 pixels (max_pixels)");
  limits.max_pixels = 1200;
  limits.max_side = limits.max_jpeg_side = 39;
  expect(jpeg.bytes, jpeg.size, &limits, HASHSCAN_STATUS_LIMIT, "over the limit of 39 pixels a side (max_jpeg_side)");
  expect(png.bytes, png.size, &limits, HASHSCAN_STATUS_LIMIT, "over the limit of 39 pixels a side (max_side)");
  free(jpeg.bytes);
  free(png.bytes);
}

/* Sizes far beyond the data: refused by the header alone, or decoded to the end without memory of that size. */
static void test_sizes_that_are_claimed(void **state) {
  (void)state;
  const struct encoded png = make_png(40, 30, PNG_COLOR_TYPE_RGB, 8, true);
  memcpy(png.bytes + 16, "\0\0\xea\x60\0\0\xea\x60", 8);
  encode_png_seal(png.bytes, png.size);
  expect(png.bytes, png.size, NULL, HASHSCAN_STATUS_LIMIT,
         "picture is 60000x60000, over the limit of 32768 pixels a side (max_side)");
  memcpy(png.bytes + 16, "\xff\xff\xff\xff\0\0\0\1", 8);
  encode_png_seal(png.bytes, png.size);
  expect(png.bytes, png.size, NULL, HASHSCAN_STATUS_CORRUPT, "");
  memset(png.bytes + 16, 0, 8);
  encode_png_seal(png.bytes, png.size);
  expect(png.bytes, png.size, NULL, HASHSCAN_STATUS_CORRUPT, "");
  free(png.bytes);

  const struct encoded jpeg = make_jpeg(40, 30, JCS_RGB, true);
  uint8_t *frame = memmem(jpeg.bytes, jpeg.size, "\xff\xc2", 2);
  assert_non_null(frame);
  memcpy(frame + 5, "\xff\xff\xff\xff", 4);
  expect(jpeg.bytes, jpeg.size, NULL, HASHSCAN_STATUS_LIMIT, "65535x65535, over the limit of 65500 pixels a side");
  memcpy(frame + 5, "\xea\x60\xea\x60", 4);
  expect(jpeg.bytes, jpeg.size, NULL, HASHSCAN_STATUS_LIMIT, "60000x60000, over the limit of 100000000 pixels");
  free(jpeg.bytes);
}

static void test_limit_on_memory(void **state) {
  (void)state;
  const struct encoded progressive = make_jpeg(800, 600, JCS_RGB, true);
  const struct encoded interlaced = make_png(400, 300, PNG_COLOR_TYPE_RGB, 8, true);
  const struct encoded streamed = make_png(400, 300, PNG_COLOR_TYPE_RGB, 8, false);
  hashscan_limits limits = HASHSCAN_LIMITS_INIT;
  limits.max_decoder_bytes = 300 << 10;
  expect(progressive.bytes, progressive.size, &limits, HASHSCAN_STATUS_LIMIT,
         "more than 307200 bytes (max_decoder_bytes)");
  expect(interlaced.bytes, interlaced.size, &limits, HASHSCAN_STATUS_LIMIT, "more than 307200 bytes");
  expect(streamed.bytes, streamed.size, &limits, HASHSCAN_STATUS_OK, "");
  for (limits.max_decoder_bytes = 1; limits.max_decoder_bytes < 65536; limits.max_decoder_bytes *= 2) {
    struct decoded decoded = decoded_from(streamed.bytes, streamed.size, &limits);
    assert_true(decoded.status == HASHSCAN_STATUS_LIMIT || decoded.status == HASHSCAN_STATUS_OK);
    decoded_free(&decoded);
  }
  free(progressive.bytes);
  free(interlaced.bytes);
  free(streamed.bytes);
}

static size_t make_all(struct encoded files[8]) {
  files[0] = make_jpeg(64, 50, JCS_GRAYSCALE, false);
  files[1] = make_jpeg(64, 50, JCS_RGB, false);
  files[2] = make_jpeg(64, 50, JCS_RGB, true);
  files[3] = make_jpeg(64, 50, JCS_CMYK, false);
  files[4] = make_png(31, 50, PNG_COLOR_TYPE_RGB, 8, false);
  files[5] = make_png(31, 50, PNG_COLOR_TYPE_RGB_ALPHA, 16, true);
  files[6] = make_png(31, 50, PNG_COLOR_TYPE_PALETTE, 2, true);
  files[7] = make_png(31, 50, PNG_COLOR_TYPE_GRAY, 4, false);
  return 8;
}

static void free_all(struct encoded files[8]) {
  for (size_t i = 0; i < 8; i++) free(files[i].bytes);
}

static void test_deadline(void **state) {
  (void)state;
  struct encoded files[8];
  const size_t count = make_all(files);
  hashscan_limits limits = HASHSCAN_LIMITS_INIT;
  for (size_t i = 0; i < count; i++) {
    limits.max_seconds = 1e-9;
    expect(files[i].bytes, files[i].size, &limits, HASHSCAN_STATUS_TIMEOUT, "max_seconds");
    limits.max_seconds = 0.05;
    struct decoded decoded = {.seconds_a_row = 0.01};
    decoded_again(&decoded, files[i].bytes, files[i].size, &limits);
    assert_int_equal(decoded.status, HASHSCAN_STATUS_TIMEOUT);
    assert_true(decoded.rows < 25);
    decoded_free(&decoded);
  }
  free_all(files);
}

static void test_sink_that_refuses(void **state) {
  (void)state;
  struct encoded files[8];
  const size_t count = make_all(files);
  static const uint32_t refused_rows[] = {0, 1, 2, 25, 50};
  for (size_t i = 0; i < count * 5; i++) {
    const struct encoded *file = &files[i / 5];
    struct decoded decoded = {.refuse_row = refused_rows[i % 5], .refuse_begin = i % 5 == 0};
    decoded_again(&decoded, file->bytes, file->size, NULL);
    assert_int_equal(decoded.status, HASHSCAN_STATUS_LIMIT);
    assert_string_equal(decoded.reason, "out of memory");
    assert_int_equal(decoded.rows, i % 5 == 0 ? 0 : refused_rows[i % 5] - 1);
    decoded_free(&decoded);
  }
  free_all(files);
}

static void test_cut_at_sixteen_places(void **state) {
  (void)state;
  struct encoded files[8];
  const size_t count = make_all(files);
  for (size_t i = 0; i < count; i++)
    for (size_t cut = 1; cut <= CUTS; cut++) {
      struct decoded decoded = decoded_from(files[i].bytes, files[i].size * cut / (CUTS + 1), NULL);
      assert_true(decoded.status == HASHSCAN_STATUS_CORRUPT || decoded.status == HASHSCAN_STATUS_DAMAGED);
      if (cut > CUTS / 2) assert_int_equal(decoded.status, HASHSCAN_STATUS_DAMAGED);
      decoded_free(&decoded);
    }
  free_all(files);
}

/* Flips up to eight bits, sets up to two bytes, sometimes cuts the end off. */
static size_t mutate(uint8_t *bytes, size_t size, struct random_state *random) {
  for (uint64_t flips = random_next(random) % 9; flips > 0; flips--)
    bytes[random_next(random) % size] ^= (uint8_t)(1u << random_next(random) % 8);
  for (uint64_t sets = random_next(random) % 3; sets > 0; sets--)
    bytes[random_next(random) % size] = (uint8_t)random_next(random);
  return random_next(random) % 4 == 0 ? random_next(random) % size : size;
}

/* Half of the damaged PNGs get right checksums again, or none would reach the code behind the checksum. */
static void test_mutations(void **state) {
  (void)state;
  struct encoded files[8];
  const size_t count = make_all(files);
  struct random_state random = random_seeded(2026);
  hashscan_limits limits = HASHSCAN_LIMITS_INIT;
  limits.max_pixels = 1 << 20;
  unsigned by_status[HASHSCAN_STATUS_COUNT] = {0};
  for (size_t i = 0; i < count * MUTATIONS; i++) {
    const struct encoded *file = &files[i % count];
    uint8_t *bytes = malloc(file->size);
    assert_non_null(bytes);
    memcpy(bytes, file->bytes, file->size);
    const size_t size = mutate(bytes, file->size, &random);
    if (random_next(&random) % 2 == 0 && bytes[0] == 0x89) encode_png_seal(bytes, size);
    struct decoded decoded = decoded_from(bytes, size, &limits);
    by_status[decoded.status]++;
    decoded_free(&decoded);
    free(bytes);
  }
  assert_true(by_status[HASHSCAN_STATUS_DAMAGED] > 100 && by_status[HASHSCAN_STATUS_CORRUPT] > 100);
  free_all(files);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_random_bytes),
      cmocka_unit_test(test_limits_on_the_size),
      cmocka_unit_test(test_sizes_that_are_claimed),
      cmocka_unit_test(test_limit_on_memory),
      cmocka_unit_test(test_deadline),
      cmocka_unit_test(test_sink_that_refuses),
      cmocka_unit_test(test_cut_at_sixteen_places),
      cmocka_unit_test(test_mutations),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
