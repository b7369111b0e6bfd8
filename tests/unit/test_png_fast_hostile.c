/* SPDX-License-Identifier: Apache-2.0 */
/* The fast way of PNG against libpng's for what it must leave alone, what is over a limit, and what is damaged: the
 * same status, size and pixels where it takes a file, untouched sinks where it does not. Which of both it is to be is
 * said in each test. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <libdeflate.h>

#include "../support/encode.h"
#include "../support/guard.h"
#include "../support/png_compose.h"
#include "../support/png_ways.h"
#include "base/bytes.h"

/* ---- What is left to libpng -------------------------------------------------------------------------------------- */

/* The small RGB picture with something about it changed. */
struct change {
  const char *what;
  const char *chunk; /* whose bytes are changed; the checksum is put right, or */
  size_t offset;     /* from its length field on */
  uint8_t value;
  hashscan_status status; /* libpng's */
};

static void test_changed_bytes(void **state) {
  (void)state;
  static const struct change changes[] = {
      {"depth 16", "IHDR", 16, 16, HASHSCAN_STATUS_DAMAGED},
      {"color type 1", "IHDR", 17, 1, HASHSCAN_STATUS_CORRUPT},
      {"palette without PLTE", "IHDR", 17, 3, HASHSCAN_STATUS_CORRUPT},
      {"compression method", "IHDR", 18, 1, HASHSCAN_STATUS_CORRUPT},
      {"filter method", "IHDR", 19, 64, HASHSCAN_STATUS_CORRUPT},
      {"interlace method", "IHDR", 20, 2, HASHSCAN_STATUS_CORRUPT},
      {"width 0", "IHDR", 11, 0, HASHSCAN_STATUS_CORRUPT},
      {"height 6: a row too many", "IHDR", 15, 6, HASHSCAN_STATUS_DAMAGED},
      {"height 8: a row too few", "IHDR", 15, 8, HASHSCAN_STATUS_DAMAGED},
      {"width over the limit", "IHDR", 8, 1, HASHSCAN_STATUS_LIMIT},
      {"zlib method", "IDAT", 8, 0x79, HASHSCAN_STATUS_CORRUPT},
      {"zlib check bits", "IDAT", 9, 0, HASHSCAN_STATUS_CORRUPT},
      {"zlib preset dictionary", "IDAT", 9, 0x20, HASHSCAN_STATUS_CORRUPT},
      {"name with a digit", "IEND", 7, '0', HASHSCAN_STATUS_DAMAGED},
      {"signature", "IHDR", (size_t)-3, 'x', HASHSCAN_STATUS_CORRUPT},
  };
  for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
    struct encoded png = png_compose_small(&png_kinds[PNG_RGB]);
    const size_t chunk = encode_png_find(&png, changes[i].chunk);
    png.bytes[chunk + changes[i].offset] = changes[i].value;
    encode_png_seal(png.bytes, png.size);
    png_ways_expect(&png, false, changes[i].status, changes[i].what);
    free(png.bytes);
  }
}

static void test_added_chunks(void **state) {
  (void)state;
  static const struct {
    const char *before, *type;
    size_t size;
    hashscan_status status;
  } added[] = {
      {"IHDR", "tEXt", 3, HASHSCAN_STATUS_OK},        {"IDAT", "IHDR", 13, HASHSCAN_STATUS_CORRUPT},
      {"IDAT", "ABCD", 1, HASHSCAN_STATUS_CORRUPT},   {"IEND", "ABCD", 1, HASHSCAN_STATUS_OK},
      {"IDAT", "PLTE", 4, HASHSCAN_STATUS_DAMAGED},   {"IDAT", "PLTE", 0, HASHSCAN_STATUS_CORRUPT},
      {"IEND", "PLTE", 3, HASHSCAN_STATUS_OK},        {"IDAT", "IEND", 0, HASHSCAN_STATUS_CORRUPT},
      {"IEND", "IDAT", 1, HASHSCAN_STATUS_OK},        {"IDAT", "IDAT", 1, HASHSCAN_STATUS_CORRUPT},
      {"IDAT", "PLTE", 771, HASHSCAN_STATUS_DAMAGED}, {"IDAT", "ab1d", 1, HASHSCAN_STATUS_CORRUPT},
      {"IEND", "IEND", 1, HASHSCAN_STATUS_DAMAGED},
  };
  static const uint8_t zeros[800];
  for (size_t i = 0; i < sizeof added / sizeof *added; i++) {
    struct encoded png = png_compose_small(&png_kinds[PNG_RGB]);
    struct encoded more =
        encode_png_with_chunk(&png, encode_png_find(&png, added[i].before), added[i].type, zeros, added[i].size);
    png_ways_expect(&more, false, added[i].status, added[i].type);
    free(png.bytes);
    free(more.bytes);
  }
}

static void test_palettes(void **state) {
  (void)state;
  static const uint8_t colors[768];
  const struct {
    size_t kind, size;
    bool handled;
    hashscan_status status;
  } added[] = {
      {PNG_GREY, 3, false, HASHSCAN_STATUS_DAMAGED},     /* beside grey */
      {PNG_RGB, 768, true, HASHSCAN_STATUS_OK},          /* a suggestion beside RGB */
      {PNG_RGBA, 3, true, HASHSCAN_STATUS_OK},           /* and RGBA */
      {PNG_PALETTE, 768, false, HASHSCAN_STATUS_CORRUPT} /* the second of a palette picture */
  };
  for (size_t i = 0; i < sizeof added / sizeof *added; i++) {
    struct encoded png = png_compose_small(&png_kinds[added[i].kind]);
    struct encoded more = encode_png_with_chunk(&png, encode_png_find(&png, "IDAT"), "PLTE", colors, added[i].size);
    png_ways_expect(&more, added[i].handled, added[i].status, "PLTE");
    free(png.bytes);
    free(more.bytes);
  }
  /* More colours than two bits can name are no error. */
  const struct png_kind many = {3, 2, 256};
  struct encoded png = png_compose_small(&many);
  png_ways_expect(&png, true, HASHSCAN_STATUS_OK, "256 colours at depth 2");
  free(png.bytes);
}

static void test_filters_data_and_order(void **state) {
  (void)state;
  struct png_composition c = png_composition_of(&png_kinds[PNG_RGB], 11, 7, 5);
  c.missing = 1;
  struct encoded png = png_compose(&c);
  png_ways_expect(&png, false, HASHSCAN_STATUS_DAMAGED, "a byte short");
  free(png.bytes);
  c.missing = 0;
  c.extra = 1;
  png = png_compose(&c);
  png_ways_expect(&png, false, HASHSCAN_STATUS_DAMAGED, "a byte too many");
  free(png.bytes);
  c.extra = 0;
  c.level = 0; /* stored: rows begin 7 bytes into the data */
  png = png_compose(&c);
  const size_t idat = encode_png_find(&png, "IDAT");
  const size_t rows = idat + 8 + 7;
  const size_t adler = encode_png_find(&png, "IEND") - 8;
  for (unsigned filter = 0; filter < 256; filter++) {
    png.bytes[rows + 6 * (11 * 3 + 1)] = (uint8_t)filter;
    const uint32_t sum = libdeflate_adler32(1, png.bytes + rows, 7 * (11 * 3 + 1));
    store_be32(png.bytes + adler, sum);
    encode_png_seal(png.bytes, png.size);
    png_ways_expect(&png, filter < 5, filter < 5 ? HASHSCAN_STATUS_OK : HASHSCAN_STATUS_DAMAGED, "filter type");
  }
  png.bytes[rows + 6 * (11 * 3 + 1)] = 0;
  png.bytes[adler] ^= 1;
  encode_png_seal(png.bytes, png.size);
  png_ways_expect(&png, false, HASHSCAN_STATUS_DAMAGED, "Adler-32");
  free(png.bytes);
}

static void test_idats_apart(void **state) {
  (void)state;
  struct png_composition c = png_composition_of(&png_kinds[PNG_RGB], 11, 7, 5);
  c.idat_bytes = 40;
  struct encoded png = png_compose(&c);
  static const uint8_t text[5000]; /* longer than all of the IDATs */
  struct encoded apart = encode_png_with_chunk(&png, encode_png_find(&png, "IDAT") + 52, "tEXt", text, sizeof text);
  png_ways_expect(&apart, false, HASHSCAN_STATUS_CORRUPT, "a chunk between IDATs");
  free(png.bytes);
  free(apart.bytes);
}

static void test_other_kinds(void **state) {
  (void)state;
  static const uint16_t samples[16 * 16 * 4];
  static const struct png_recipe recipes[] = {
      {.width = 16, .height = 16, .color_type = 0, .depth = 4},
      {.width = 16, .height = 16, .color_type = 0, .depth = 16},
      {.width = 16, .height = 16, .color_type = 6, .depth = 16},
      {.width = 16, .height = 16, .color_type = 2, .depth = 8, .interlaced = true},
  };
  for (size_t i = 0; i < sizeof recipes / sizeof *recipes; i++) {
    struct encoded png = encode_png(&recipes[i], samples);
    png_ways_expect(&png, false, HASHSCAN_STATUS_OK, "kind");
    free(png.bytes);
  }
}

/* ---- Limits and sinks -------------------------------------------------------------------------------------------- */

static void test_limits(void **state) {
  (void)state;
  struct encoded png = png_compose_small(&png_kinds[PNG_RGB]);
  struct guard input = guard_alloc(png.size);
  memcpy(input.bytes, png.bytes, png.size);
  hashscan_status status;
  for (int i = 0; i < 4; i++) {
    hashscan_limits limits = HASHSCAN_LIMITS_INIT;
    if (i == 1) limits.max_side = 10;
    if (i == 2) limits.max_pixels = 11 * 7 - 1;
    if (i == 3) limits.max_decoder_bytes = 1 << 10;
    assert_int_equal(png_ways_compare(&input, png.size, &limits, (struct png_outcome){0}, 100, &status), i == 0);
    assert_int_equal(status, i == 0 ? HASHSCAN_STATUS_OK : HASHSCAN_STATUS_LIMIT);
  }
  const hashscan_limits limits = HASHSCAN_LIMITS_INIT;
  assert_true(png_ways_compare(&input, png.size, &limits, (struct png_outcome){0}, -1, &status));
  assert_int_equal(status, HASHSCAN_STATUS_TIMEOUT);
  assert_true(png_ways_compare(&input, png.size, &limits, (struct png_outcome){.refuse_begin = true}, 100, &status));
  assert_int_equal(status, HASHSCAN_STATUS_LIMIT);
  for (uint32_t row = 1; row <= 7; row++) {
    assert_true(png_ways_compare(&input, png.size, &limits, (struct png_outcome){.refused_row = row}, 100, &status));
    assert_int_equal(status, HASHSCAN_STATUS_LIMIT);
  }
  guard_free(&input);
  free(png.bytes);
}

/* ---- Damage ------------------------------------------------------------------------------------------------------ */

static void test_cut_at_every_byte(void **state) {
  (void)state;
  hashscan_status status;
  for (size_t k = 0; k < PNG_KINDS; k++) {
    struct encoded png = png_compose_small(&png_kinds[k]);
    for (size_t size = 0; size < png.size; size++) assert_false(png_ways_agree(png.bytes, size, &status));
    free(png.bytes);
  }
}

/* With `sealed` the checksums of chunks are put right, so that header, palette and compressed data take the damage. */
static size_t count_handled_flips(struct encoded *png, bool sealed) {
  size_t handled = 0;
  hashscan_status status;
  uint8_t *bytes = malloc(png->size);
  assert_non_null(bytes);
  for (size_t bit = 0; bit < 8 * png->size; bit++) {
    memcpy(bytes, png->bytes, png->size);
    bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
    if (sealed) encode_png_seal(bytes, png->size);
    handled += png_ways_agree(bytes, png->size, &status);
  }
  free(bytes);
  return handled;
}

static void test_every_bit_flipped(void **state) {
  (void)state;
  for (size_t k = 0; k < PNG_KINDS; k++) {
    struct encoded png = png_compose_small(&png_kinds[k]);
    assert_int_equal(count_handled_flips(&png, false), 0);
    assert_true(count_handled_flips(&png, true) > 0); /* colours, names of the zlib level, ... */
    free(png.bytes);
  }
}

/* Puts the Adler-32 at the end of the only IDAT right, if what stands before it inflates to as many bytes as before. */
static bool set_adler(struct encoded *png, size_t idat, size_t size) {
  uint8_t rows[1000];
  size_t used;
  size_t made;
  struct libdeflate_decompressor *decompressor = libdeflate_alloc_decompressor();
  const uint8_t *data = png->bytes + idat + 8;
  const enum libdeflate_result result =
      libdeflate_deflate_decompress_ex(decompressor, data + 2, size - 6, rows, sizeof rows, &used, &made);
  libdeflate_free_decompressor(decompressor);
  const uint32_t sum = libdeflate_adler32(1, rows, result == LIBDEFLATE_SUCCESS ? made : 0);
  store_be32(png->bytes + idat + 8 + size - 4, sum);
  return result == LIBDEFLATE_SUCCESS && used == size - 6;
}

/* Damage within deflate that no checksum tells. */
static void test_every_bit_of_deflate_flipped(void **state) {
  (void)state;
  size_t handled = 0;
  hashscan_status status;
  for (size_t k = 0; k < PNG_KINDS; k++)
    for (int level = 1; level <= 12; level += 11) {
      struct png_composition c = png_composition_of(&png_kinds[k], 11, 7, 5);
      c.level = level;
      struct encoded png = png_compose(&c);
      const size_t idat = encode_png_find(&png, "IDAT");
      const size_t size = encode_png_find(&png, "IEND") - idat - 12;
      for (size_t bit = 8 * (idat + 10); bit < 8 * (idat + 8 + size - 4); bit++) {
        png.bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        if (set_adler(&png, idat, size)) {
          encode_png_seal(png.bytes, png.size);
          handled += png_ways_agree(png.bytes, png.size, &status);
        }
        png.bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
      }
      free(png.bytes);
    }
  assert_true(handled > 1000);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_changed_bytes),
      cmocka_unit_test(test_added_chunks),
      cmocka_unit_test(test_palettes),
      cmocka_unit_test(test_filters_data_and_order),
      cmocka_unit_test(test_idats_apart),
      cmocka_unit_test(test_other_kinds),
      cmocka_unit_test(test_limits),
      cmocka_unit_test(test_cut_at_every_byte),
      cmocka_unit_test(test_every_bit_flipped),
      cmocka_unit_test(test_every_bit_of_deflate_flipped),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
