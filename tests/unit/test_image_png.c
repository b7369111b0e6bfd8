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

static void check_palette_index_without_color(bool interlaced) {
  uint8_t palette[256][3];
  fill_palette(palette);
  const struct png_recipe recipe = {.width = 4,
                                    .height = 4,
                                    .color_type = PNG_COLOR_TYPE_PALETTE,
                                    .depth = 2,
                                    .interlaced = interlaced,
                                    .palette = palette};
  const uint16_t samples[16] = {0, 1, 0, 3, 1, 1, 0, 0, 2, 1, 3, 0, 1, 0, 1, 0};
  const struct encoded png = encode_png(&recipe, samples);
  const size_t plte = encode_png_find(&png, "PLTE");
  png.bytes[plte + 3] = 3;
  memmove(png.bytes + plte + 11, png.bytes + plte + 20, png.size - plte - 20);
  encode_png_seal(png.bytes, png.size - 9);
  struct decoded decoded = decoded_from(png.bytes, png.size - 9, NULL);
  assert_int_equal(decoded.status, HASHSCAN_STATUS_OK);
  for (size_t i = 0; i < 16; i++)
    for (size_t c = 0; c < 3; c++) assert_int_equal(decoded.pixels[3 * i + c], samples[i] == 0 ? palette[0][c] : 0);
  decoded_free(&decoded);
  free(png.bytes);
}

static void test_palette_index_without_color_is_black(void **state) {
  (void)state;
  check_palette_index_without_color(false);
  check_palette_index_without_color(true);
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

/* ---- Cut and broken files ---------------------------------------------------------------------------------------- */

/* Rows of a pass: filter type and samples. */
struct pass_rows {
  size_t x, y, step_x, step_y; /* its pixels */
  size_t wide, high;           /* what each stands for until the next pass */
};

/* The whole picture as one pass, and the seven of Adam7 (PNG specification, 8.2). */
static const struct pass_rows plain_pass = {0, 0, 1, 1, 1, 1};
static const struct pass_rows adam7[7] = {{0, 0, 8, 8, 8, 8}, {4, 0, 8, 8, 4, 8}, {0, 4, 4, 8, 4, 4},
                                          {2, 0, 4, 4, 2, 4}, {0, 2, 2, 4, 2, 2}, {1, 0, 2, 2, 1, 2},
                                          {0, 1, 1, 2, 1, 1}};

/* What a viewer shows that paints each pixel as a block as soon as its row is there: `bytes` of filtered rows are. */
static size_t paint_pass(uint8_t *out, const struct decoded *whole, const struct pass_rows *pass, size_t pixel_bytes,
                         size_t *bytes) {
  const size_t width = whole->info.width;
  const size_t channels = whole->info.channels;
  const size_t columns = width > pass->x ? (width - pass->x + pass->step_x - 1) / pass->step_x : 0;
  size_t rows = 0;
  for (size_t y = pass->y; columns > 0 && y < whole->info.height; y += pass->step_y, rows++) {
    if (*bytes < 1 + columns * pixel_bytes) {
      *bytes = 0;
      return rows;
    }
    *bytes -= 1 + columns * pixel_bytes;
    for (size_t x = pass->x; x < width; x += pass->step_x)
      for (size_t v = y; v < y + pass->high && v < whole->info.height; v++)
        for (size_t u = x; u < x + pass->wide && u < width; u++)
          memcpy(out + (v * width + u) * channels, whole->pixels + (y * width + x) * channels, channels);
  }
  return rows;
}

/* Returns the number of rows read, in all passes. */
static size_t paint(uint8_t *out, const struct decoded *whole, bool interlaced, size_t pixel_bytes, size_t bytes) {
  memset(out, 0, whole->row_bytes * whole->rows);
  if (!interlaced) return paint_pass(out, whole, &plain_pass, pixel_bytes, &bytes);
  size_t rows = 0;
  for (size_t i = 0; i < 7; i++) rows += paint_pass(out, whole, &adam7[i], pixel_bytes, &bytes);
  return rows;
}

/* Bytes of rows in the first `size` bytes of a zlib stream of stored blocks (RFC 1950, RFC 1951 3.2.4). */
static size_t stored_bytes(const uint8_t *data, size_t size) {
  size_t rows = 0;
  for (size_t at = 2; at + 5 <= size;) {
    const size_t length = data[at + 1] | (size_t)data[at + 2] << 8;
    const bool last = data[at] == 1;
    at += 5;
    rows += length < size - at ? length : size - at;
    at += length;
    if (last) break;
  }
  return rows;
}

static void check_cut(const struct encoded *png, const struct decoded *whole, size_t cut, bool interlaced,
                      size_t pixel_bytes, uint8_t *expected) {
  const size_t data = encode_png_find(png, "IDAT") + 8;
  const size_t rows =
      paint(expected, whole, interlaced, pixel_bytes, cut > data ? stored_bytes(png->bytes + data, cut - data) : 0);
  struct decoded decoded = decoded_from(png->bytes, cut, NULL);
  const hashscan_status status = rows > 0   ? HASHSCAN_STATUS_DAMAGED
                                 : cut == 0 ? HASHSCAN_STATUS_NOT_IMAGE
                                            : HASHSCAN_STATUS_CORRUPT;
  if (decoded.status != status)
    fail_msg("cut at %zu: %s (%s)", cut, hashscan_status_name(decoded.status), decoded.reason);
  if (rows > 0 && memcmp(decoded.pixels, expected, whole->row_bytes * whole->rows) != 0)
    fail_msg("cut at %zu, %zu rows: other pixels", cut, rows);
  decoded_free(&decoded);
}

static void check_cut_at_every_byte(uint32_t width, uint32_t height, int color_type, int depth, bool interlaced) {
  const struct png_recipe recipe = {.width = width,
                                    .height = height,
                                    .color_type = color_type,
                                    .depth = depth,
                                    .interlaced = interlaced,
                                    .plain = true};
  uint16_t *samples = random_samples(&recipe);
  const struct encoded png = encode_png(&recipe, samples);
  struct decoded whole = decoded_from(png.bytes, png.size, NULL);
  assert_int_equal(whole.status, HASHSCAN_STATUS_OK);
  uint8_t *expected = malloc(whole.row_bytes * whole.rows);
  assert_non_null(expected);
  for (size_t cut = 0; cut < png.size; cut++)
    check_cut(&png, &whole, cut, interlaced, channels_of(color_type) * (size_t)depth / 8, expected);
  free(expected);
  decoded_free(&whole);
  free(png.bytes);
  free(samples);
}

/* Every row that is in the file is seen, wherever it ends, and a file without a row is corrupt. */
static void test_cut_at_every_byte(void **state) {
  (void)state;
  static const uint32_t sizes[][2] = {{13, 11}, {1, 9}, {4, 17}, {9, 1}, {5, 5}};
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
    for (int interlaced = 0; interlaced < 2; interlaced++) {
      check_cut_at_every_byte(sizes[i][0], sizes[i][1], PNG_COLOR_TYPE_RGB, 8, interlaced != 0);
      check_cut_at_every_byte(sizes[i][0], sizes[i][1], PNG_COLOR_TYPE_GRAY, 8, interlaced != 0);
      check_cut_at_every_byte(sizes[i][0], sizes[i][1], PNG_COLOR_TYPE_RGB_ALPHA, 16, interlaced != 0);
    }
}

/* Larger than libpng's buffers, compressed, and cut into IDAT chunks: what is there grows with the file. */
static void test_cut_when_compressed(void **state) {
  (void)state;
  const struct png_recipe recipe = {.width = 211, .height = 160, .color_type = PNG_COLOR_TYPE_RGB, .depth = 8};
  uint16_t *samples = random_samples(&recipe);
  const struct encoded png = encode_png(&recipe, samples);
  struct decoded whole = decoded_from(png.bytes, png.size, NULL);
  size_t before = 0;
  for (size_t cut = 100; cut < png.size; cut += 487) {
    struct decoded decoded = decoded_from(png.bytes, cut, NULL);
    size_t same = 0;
    while (decoded.rows > 0 && same < whole.rows &&
           memcmp(decoded.pixels + same * whole.row_bytes, whole.pixels + same * whole.row_bytes, whole.row_bytes) == 0)
      same++;
    /* Random samples do not compress: the share of rows is that of bytes, but for the header and a deflate block. */
    assert_true(same >= before && (same + 25) * png.size > cut * whole.rows);
    assert_int_equal(decoded.status, same > 0 ? HASHSCAN_STATUS_DAMAGED : HASHSCAN_STATUS_CORRUPT);
    for (size_t i = same * whole.row_bytes; decoded.rows > 0 && i < whole.rows * whole.row_bytes; i++)
      assert_int_equal(decoded.pixels[i], 0);
    before = same;
    decoded_free(&decoded);
  }
  assert_true(before > whole.rows - 5);
  decoded_free(&whole);
  free(png.bytes);
  free(samples);
}

static void expect_rows(const struct encoded *png, const struct decoded *whole, size_t rows, const char *reason) {
  struct decoded decoded = decoded_from(png->bytes, png->size, NULL);
  if (decoded.status != HASHSCAN_STATUS_DAMAGED || strstr(decoded.reason, reason) == NULL)
    fail_msg("%s: %s (%s)", reason, hashscan_status_name(decoded.status), decoded.reason);
  assert_memory_equal(decoded.pixels, whole->pixels, rows * whole->row_bytes);
  for (size_t i = rows * whole->row_bytes; i < whole->rows * whole->row_bytes; i++)
    assert_int_equal(decoded.pixels[i], 0);
  decoded_free(&decoded);
}

static void test_errors_in_the_pixels_are_damage(void **state) {
  (void)state;
  const struct png_recipe recipe = {
      .width = 13, .height = 11, .color_type = PNG_COLOR_TYPE_RGB, .depth = 8, .plain = true};
  const size_t row = 1 + 3 * 13;
  uint16_t *samples = random_samples(&recipe);
  const struct encoded png = encode_png(&recipe, samples);
  struct decoded whole = decoded_from(png.bytes, png.size, NULL);
  uint8_t *data = png.bytes + encode_png_find(&png, "IDAT") + 8;
  uint8_t *end = png.bytes + encode_png_find(&png, "IEND");
  end[-1] ^= 1;
  expect_rows(&png, &whole, 11, "CRC error");
  end[-1] ^= 1;
  end[-8] ^= 1; /* Adler-32: libpng loses the row that it belongs to */
  encode_png_seal(png.bytes, png.size);
  expect_rows(&png, &whole, 10, "incorrect data check (after row 10 of 11)");
  end[-8] ^= 1;
  data[7 + 4 * row] = 9;
  encode_png_seal(png.bytes, png.size);
  expect_rows(&png, &whole, 4, "bad adaptive filter value (after row 4 of 11)");
  data[7] = 9;
  encode_png_seal(png.bytes, png.size);
  struct decoded decoded = decoded_from(png.bytes, png.size, NULL);
  assert_int_equal(decoded.status, HASHSCAN_STATUS_CORRUPT);
  decoded_free(&decoded);
  decoded_free(&whole);
  free(png.bytes);
  free(samples);
}

/* Breaks the row whose filter type lies `bytes` into the rows of the passes: of the rows before it, blocks are seen. */
static void check_broken_pass(struct encoded *png, const struct decoded *whole, size_t bytes) {
  uint8_t *filter = png->bytes + encode_png_find(png, "IDAT") + 8 + 7 + bytes;
  uint8_t expected[13 * 11 * 3];
  const size_t rows = paint(expected, whole, true, 3, bytes);
  *filter = 9;
  encode_png_seal(png->bytes, png->size);
  struct decoded decoded = decoded_from(png->bytes, png->size, NULL);
  *filter = 0;
  assert_int_equal(decoded.status, rows > 0 ? HASHSCAN_STATUS_DAMAGED : HASHSCAN_STATUS_CORRUPT);
  assert_int_equal(decoded.begun, 1);
  if (rows > 0) {
    assert_non_null(strstr(decoded.reason, "(in an interlaced picture)"));
    assert_memory_equal(decoded.pixels, expected, sizeof expected);
  }
  decoded_free(&decoded);
}

static void test_errors_in_a_pass_leave_blocks(void **state) {
  (void)state;
  const struct png_recipe recipe = {
      .width = 13, .height = 11, .color_type = PNG_COLOR_TYPE_RGB, .depth = 8, .interlaced = true, .plain = true};
  uint16_t *samples = random_samples(&recipe);
  struct encoded png = encode_png(&recipe, samples);
  struct decoded whole = decoded_from(png.bytes, png.size, NULL);
  size_t bytes = 0;
  for (size_t i = 0; i < 7; i++)
    for (size_t y = adam7[i].y; y < recipe.height; y += adam7[i].step_y) {
      check_broken_pass(&png, &whole, bytes);
      bytes += 1 + 3 * ((recipe.width - adam7[i].x + adam7[i].step_x - 1) / adam7[i].step_x);
    }
  encode_png_seal(png.bytes, png.size);
  struct decoded again = decoded_from(png.bytes, png.size, NULL);
  assert_int_equal(again.status, HASHSCAN_STATUS_OK);
  assert_memory_equal(again.pixels, whole.pixels, whole.rows * whole.row_bytes);
  decoded_free(&again);
  decoded_free(&whole);
  free(png.bytes);
  free(samples);
}

/* Programs disagree about such chunks; the pixels are there. */
static void test_wrong_checksum_of_pixels_loses_none(void **state) {
  (void)state;
  const struct png_recipe recipe = {.width = 211, .height = 160, .color_type = PNG_COLOR_TYPE_RGB, .depth = 8};
  uint16_t *samples = random_samples(&recipe);
  const struct encoded png = encode_png(&recipe, samples);
  struct decoded whole = decoded_from(png.bytes, png.size, NULL);
  const size_t idat = encode_png_find(&png, "IDAT");
  const size_t length = (size_t)png.bytes[idat + 2] << 8 | png.bytes[idat + 3];
  assert_memory_equal(png.bytes + idat + 16 + length, "IDAT", 4); /* not the last one */
  png.bytes[idat + 8 + length] ^= 1;
  expect_rows(&png, &whole, whole.rows, "CRC error");
  decoded_free(&whole);
  free(png.bytes);
  free(samples);
}

/* A sink that refuses a row that is missing, and time that runs out there, count as they do elsewhere. */
static void test_missing_rows_and_limits(void **state) {
  (void)state;
  for (int interlaced = 0; interlaced < 2; interlaced++) {
    const struct encoded png = small_png(interlaced != 0);
    struct decoded decoded = {.refuse_row = 11};
    decoded_again(&decoded, png.bytes, encode_png_find(&png, "IDAT") + 200, NULL);
    assert_int_equal(decoded.status, HASHSCAN_STATUS_LIMIT);
    assert_int_equal(decoded.rows, 10);
    hashscan_limits limits = HASHSCAN_LIMITS_INIT;
    limits.max_seconds = 0.05;
    decoded.refuse_row = 0;
    decoded.seconds_a_row = 0.01;
    decoded_again(&decoded, png.bytes, encode_png_find(&png, "IDAT") + 200, &limits);
    assert_int_equal(decoded.status, HASHSCAN_STATUS_TIMEOUT);
    decoded_free(&decoded);
    free(png.bytes);
  }
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
      cmocka_unit_test(test_cut_when_compressed),
      cmocka_unit_test(test_errors_in_the_pixels_are_damage),
      cmocka_unit_test(test_errors_in_a_pass_leave_blocks),
      cmocka_unit_test(test_wrong_checksum_of_pixels_loses_none),
      cmocka_unit_test(test_missing_rows_and_limits),
      cmocka_unit_test(test_bytes_after_the_end_are_fine),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
