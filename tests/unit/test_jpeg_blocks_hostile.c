/* SPDX-License-Identifier: Apache-2.0 */
/* Damaged and odd JPEGs: the library's own decoder agrees with libjpeg-turbo or steps aside, and what it handles
 * libjpeg-turbo reads without a warning. Only in scans of a progressive file that are skipped can damage hide: it then
 * changes nothing of what is read.
 *
 * Each test counts the files that were handled all the same, so that stepping aside from everything would fail. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../support/coefficients.h"
#include "../support/decoded.h"
#include "../support/encode.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

enum { KEEP = 6, SOF2 = 0xc2, DHT = 0xc4, SOI = 0xd8, EOI = 0xd9, SOS = 0xda, DQT = 0xdb, DRI = 0xdd };

/* ---- Small files of each kind ------------------------------------------------------------------------------------ */

static const jpeg_scan_info components_alone[] = {{1, {0}, 0, 63, 0, 0}, {1, {1}, 0, 63, 0, 0}, {1, {2}, 0, 63, 0, 0}};
static const jpeg_scan_info low_band_refined[] = {
    {3, {0, 1, 2}, 0, 0, 0, 1}, {1, {0}, 1, 5, 0, 1},  {1, {0}, 6, 63, 0, 0},     {1, {0}, 1, 5, 1, 0},
    {1, {1}, 1, 63, 0, 0},      {1, {2}, 1, 63, 0, 0}, {3, {0, 1, 2}, 0, 0, 1, 0}};

#define COLOUR .pixels = JCS_RGB, .stored = JCS_YCbCr, .h = 2, .v = 2

static const struct jpeg_recipe recipes[] = {
    {.width = 19, .height = 12, .pixels = JCS_GRAYSCALE, .stored = JCS_GRAYSCALE, .optimised = true},
    {.width = 35, .height = 18, .quality = 60, COLOUR},
    {.width = 50, .height = 33, .quality = 40, .restart = 1, .optimised = true, COLOUR},
    {.width = 20, .height = 20, .quality = 50, .optimised = true, .scans = components_alone, .scan_count = 3, COLOUR},
    {.width = 26, .height = 20, .quality = 40, .progressive = true, COLOUR},
    {.width = 26, .height = 20, .quality = 40, .progressive = true, .restart = 2, COLOUR},
    {.width = 40, .height = 20, .quality = 60, .scans = low_band_refined, .scan_count = 7, COLOUR},
};

static struct encoded small_jpeg(size_t kind) {
  return encode_textured_jpeg(&recipes[kind], TEXTURE_MIXED);
}

/* Of the settings above. */
static bool is_progressive(size_t kind) {
  return kind >= 4;
}

/* A marker with its segment and, behind a scan header, the entropy-coded data. */
struct piece {
  uint8_t marker;
  size_t start, data, end; /* `data`: where the entropy-coded data begins; `end` if there is none */
  bool hides;              /* damage in it may show in a scan that is skipped, and only there */
};

enum { MAX_PIECES = 64 };

struct pieces {
  size_t count;
  struct piece all[MAX_PIECES];
};

static bool is_marker(const uint8_t *bytes) {
  return bytes[0] == 0xff && bytes[1] != 0 && bytes[1] != 0xff && (bytes[1] < 0xd0 || bytes[1] > 0xd7);
}

static bool is_luma_ac(const uint8_t *scan) {
  return scan[4] == 1 && scan[5] == 1 && scan[7] > 0;
}

static bool is_skipped(const uint8_t *scan) {
  const uint8_t first = scan[7], last = scan[8], high = scan[9] >> 4;
  if (scan[4] != 1 || first == 0) return false;
  return !is_luma_ac(scan) || first >= KEEP || (high > 0 && last >= KEEP);
}

/* How a refinement is to be read depends on what was read of luma before. */
static void mark_hiding(struct pieces *pieces, const uint8_t *bytes) {
  bool refined = false;
  for (size_t i = pieces->count; i-- > 0;) {
    struct piece *piece = &pieces->all[i];
    const uint8_t *scan = bytes + piece->start;
    if (piece->marker == SOS) {
      refined |= is_luma_ac(scan) && is_skipped(scan) && scan[9] >> 4 > 0;
      piece->hides = is_skipped(scan) || (refined && is_luma_ac(scan));
    }
    if (piece->marker == DHT) piece->hides = pieces->all[i + 1].hides;
    if (piece->marker == SOF2 || piece->marker == DRI) piece->hides = true;
  }
}

static struct pieces cut_up(const struct encoded *jpeg, bool progressive) {
  struct pieces pieces = {0};
  for (size_t at = 0; at < jpeg->size;) {
    struct piece piece = {.marker = jpeg->bytes[at + 1], .start = at};
    const bool bare = piece.marker == SOI || piece.marker == EOI;
    piece.data = piece.end = at + 2 + (bare ? 0 : (size_t)jpeg->bytes[at + 2] << 8 | jpeg->bytes[at + 3]);
    while (piece.marker == SOS && !is_marker(jpeg->bytes + piece.end)) piece.end++;
    assert_true(pieces.count < MAX_PIECES && piece.end <= jpeg->size);
    pieces.all[pieces.count++] = piece;
    at = piece.end;
  }
  if (progressive) mark_hiding(&pieces, jpeg->bytes);
  return pieces;
}

/* A marker that is damaged belongs to the data before it. */
static bool may_hide(const struct pieces *pieces, size_t piece, size_t at) {
  return pieces->all[piece].hides || (at < pieces->all[piece].start + 2 && pieces->all[piece - 1].hides);
}

/* ---- The rule ---------------------------------------------------------------------------------------------------- */

static void expect_no_warning(const struct libjpeg_read *truth, bool hidden, const char *what, size_t where) {
  if (truth->failed || truth->odd_warnings > 0 || (!hidden && truth->entropy_warnings > 0))
    fail_msg("%s %zu: handled, but libjpeg says: %s", what, where, truth->text);
}

/* Rows of pixels of the same file: what libjpeg would have made of it, were it asked row by row. */
static void expect_rows_ok(const uint8_t *bytes, size_t size, const char *what, size_t where) {
  struct decoded decoded = decoded_from(bytes, size, NULL);
  if (decoded.status != HASHSCAN_STATUS_OK) fail_msg("%s %zu: handled, but decoded as %s", what, where, decoded.reason);
  decoded_free(&decoded);
}

/* Whether the bytes were handled. `hidden`: damage may lie where it is not read. */
static bool agrees_or_steps_aside(const uint8_t *bytes, size_t size, bool hidden, const char *what, size_t where) {
  struct blocks_read read = {0};
  blocks_read(&read, bytes, size, KEEP, NULL);
  if (!read.handled) {
    coefficients_free(&read.coefficients);
    return false;
  }
  assert_int_equal(read.status, HASHSCAN_STATUS_OK);
  struct libjpeg_read truth;
  libjpeg_read(&truth, bytes, size);
  expect_no_warning(&truth, hidden, what, where);
  assert_true(truth.y_is_full);
  const char *difference = coefficients_difference(&read.coefficients, &truth.coefficients);
  if (difference != NULL) fail_msg("%s %zu: %s", what, where, difference);
  if (!hidden) expect_rows_ok(bytes, size, what, where);
  coefficients_free(&read.coefficients);
  coefficients_free(&truth.coefficients);
  return true;
}

/* ---- Damage ------------------------------------------------------------------------------------------------------ */

static void test_cut_at_every_byte(void **state) {
  (void)state;
  for (size_t kind = 0; kind < COUNT(recipes); kind++) {
    const struct encoded jpeg = small_jpeg(kind);
    assert_true(agrees_or_steps_aside(jpeg.bytes, jpeg.size, false, "whole", kind));
    for (size_t cut = 0; cut < jpeg.size; cut++)
      if (cut >= 2) assert_false(agrees_or_steps_aside(jpeg.bytes, cut, true, "cut at", cut));
    free(jpeg.bytes);
  }
}

static bool flip_bit(const struct encoded *jpeg, size_t bit, bool hidden) {
  jpeg->bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
  const bool handled = agrees_or_steps_aside(jpeg->bytes, jpeg->size, hidden, "flipped bit", bit);
  jpeg->bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
  return handled;
}

static void test_every_bit_flipped(void **state) {
  (void)state;
  for (size_t kind = 0; kind < COUNT(recipes); kind++) {
    const struct encoded jpeg = small_jpeg(kind);
    const struct pieces pieces = cut_up(&jpeg, is_progressive(kind));
    size_t of_headers = 0, of_data = 0;
    for (size_t i = 1; i < pieces.count; i++)
      for (size_t bit = 8 * pieces.all[i].start; bit < 8 * pieces.all[i].end; bit++) {
        const bool handled = flip_bit(&jpeg, bit, may_hide(&pieces, i, bit / 8));
        if (bit / 8 < pieces.all[i].data) of_headers += handled;
        else of_data += handled;
      }
    assert_true(of_headers > 0 && of_data > 0);
    free(jpeg.bytes);
  }
}

/* Every byte that is not entropy-coded takes every value: lengths, sizes, sampling, tables, selectors, scripts. */
static void test_every_header_byte_replaced(void **state) {
  (void)state;
  static const size_t kinds[] = {0, 2, 4};
  for (size_t k = 0; k < COUNT(kinds); k++) {
    const size_t kind = kinds[k];
    const struct encoded jpeg = small_jpeg(kind);
    const struct pieces pieces = cut_up(&jpeg, is_progressive(kind));
    size_t handled = 0;
    for (size_t i = 1; i < pieces.count; i++)
      for (size_t at = pieces.all[i].start; at < pieces.all[i].data; at++) {
        const uint8_t was = jpeg.bytes[at];
        const bool coarse = pieces.all[i].marker == DQT || (pieces.all[i].marker == DHT && kind != 0);
        for (unsigned value = 0; value < 256; value += coarse ? 15 : 1) {
          jpeg.bytes[at] = (uint8_t)value;
          handled += agrees_or_steps_aside(jpeg.bytes, jpeg.size, may_hide(&pieces, i, at), "changed byte", at);
        }
        jpeg.bytes[at] = was;
      }
    assert_true(handled > 256);
    free(jpeg.bytes);
  }
}

/* ---- Pieces put together wrongly --------------------------------------------------------------------------------- */

static void append(struct encoded *to, const struct encoded *from, const struct piece *piece) {
  const size_t size = piece->end - piece->start;
  memcpy(to->bytes + to->size, from->bytes + piece->start, size);
  to->size += size;
}

/* The file's pieces in the order given. */
static bool in_order(const struct encoded *jpeg, const struct pieces *pieces, const size_t *order, size_t count,
                     const char *what, size_t where) {
  struct encoded other = {.bytes = malloc(3 * jpeg->size)};
  assert_non_null(other.bytes);
  for (size_t i = 0; i < count; i++) append(&other, jpeg, &pieces->all[order[i]]);
  const bool handled = agrees_or_steps_aside(other.bytes, other.size, true, what, where);
  free(other.bytes);
  return handled;
}

static size_t move_pieces(const struct encoded *jpeg, const struct pieces *pieces) {
  size_t order[MAX_PIECES + 1], handled = 0;
  const size_t count = pieces->count;
  for (size_t from = 1; from < count; from++) {
    for (size_t i = 0, n = 0; i < count; i++)
      if (i != from) order[n++] = i;
    handled += in_order(jpeg, pieces, order, count - 1, "without piece", from);
    for (size_t to = 1; to < count; to++) {
      for (size_t i = 0, n = 0; i < count; i++) {
        if (i == to) order[n++] = from;
        order[n++] = i;
      }
      handled += in_order(jpeg, pieces, order, count + 1, "repeated piece", from * 100 + to);
      for (size_t i = 0; i < count; i++) order[i] = i == from ? to : i == to ? from : i;
      handled += in_order(jpeg, pieces, order, count, "swapped pieces", from * 100 + to);
    }
  }
  return handled;
}

/* Tables and frame headers that are missing, repeated or late; scans that repeat, withhold or come in another order. */
static void test_pieces_removed_repeated_and_swapped(void **state) {
  (void)state;
  for (size_t kind = 0; kind < COUNT(recipes); kind++) {
    const struct encoded jpeg = small_jpeg(kind);
    const struct pieces pieces = cut_up(&jpeg, is_progressive(kind));
    const size_t handled = move_pieces(&jpeg, &pieces);
    assert_true(handled > pieces.count);
    free(jpeg.bytes);
  }
}

/* Scans and tables of one file in another of the same frame. */
static void test_scans_of_another_file(void **state) {
  (void)state;
  struct jpeg_recipe recipe = recipes[4];
  const struct encoded one = encode_textured_jpeg(&recipe, TEXTURE_MIXED);
  recipe.quality = 90;
  const struct encoded two = encode_textured_jpeg(&recipe, TEXTURE_BLACK_AND_WHITE);
  const struct pieces a = cut_up(&one, true), b = cut_up(&two, true);
  assert_int_equal(a.count, b.count);
  struct encoded mixed = {.bytes = malloc(one.size + two.size)};
  for (size_t from = 1; from < a.count; from++)
    for (size_t to = from; to < a.count; to++) {
      mixed.size = 0;
      for (size_t i = 0; i < a.count; i++) {
        const bool other = i >= from && i <= to;
        append(&mixed, other ? &two : &one, other ? &b.all[i] : &a.all[i]);
      }
      agrees_or_steps_aside(mixed.bytes, mixed.size, true, "pieces of another file", from * 100 + to);
    }
  free(mixed.bytes);
  free(one.bytes);
  free(two.bytes);
}

/* ---- What stands between ----------------------------------------------------------------------------------------- */

/* `size` bytes put before each piece of each file in turn. */
static size_t insert_everywhere(const uint8_t *bytes, size_t size, const char *what) {
  size_t handled = 0;
  for (size_t kind = 0; kind < COUNT(recipes); kind++) {
    const struct encoded jpeg = small_jpeg(kind);
    const struct pieces pieces = cut_up(&jpeg, is_progressive(kind));
    uint8_t *longer = malloc(jpeg.size + size);
    assert_non_null(longer);
    for (size_t i = 1; i < pieces.count; i++) {
      const size_t at = pieces.all[i].start;
      memcpy(longer, jpeg.bytes, at);
      memcpy(longer + at, bytes, size);
      memcpy(longer + at + size, jpeg.bytes + at, jpeg.size - at);
      handled += agrees_or_steps_aside(longer, jpeg.size + size, is_progressive(kind), what, i);
    }
    free(longer);
    free(jpeg.bytes);
  }
  return handled;
}

static void test_inserted_bytes(void **state) {
  (void)state;
  assert_true(insert_everywhere((const uint8_t[]){0xff}, 1, "fill byte") > 0);
  assert_true(insert_everywhere((const uint8_t[]){0xff, 0xfe, 0, 3, 'x'}, 5, "comment") > 0);
  assert_true(insert_everywhere((const uint8_t[]){0xff, 0xe3, 0, 2}, 4, "application data") > 0);
  insert_everywhere((const uint8_t[]){0}, 1, "zero");
  insert_everywhere((const uint8_t[]){0xff, 0}, 2, "stuffed byte");
  insert_everywhere((const uint8_t[]){0xff, 0xd0}, 2, "restart marker");
  insert_everywhere((const uint8_t[]){0xff, 0xd8}, 2, "second start");
  insert_everywhere((const uint8_t[]){0xff, 0xd9}, 2, "early end");
  insert_everywhere((const uint8_t[]){0xff, 0x01}, 2, "TEM");
  insert_everywhere((const uint8_t[]){0xff, 0xdc, 0, 4, 0, 20}, 6, "DNL");
  insert_everywhere((const uint8_t[]){0xff, 0xdd, 0, 4, 0, 0}, 6, "no restarts");
  insert_everywhere((const uint8_t[]){0xff, 0xdd, 0, 4, 0, 1}, 6, "restarts");
  insert_everywhere((const uint8_t[]){0xff, 0xcc, 0, 4, 0, 0x10}, 6, "DAC");
}

/* ---- Values out of range ----------------------------------------------------------------------------------------- */

static void put(struct encoded *to, const void *bytes, size_t size) {
  memcpy(to->bytes + to->size, bytes, size);
  to->size += size;
}

/* `count` times the lowest `length` bits of `pattern`, filled up with ones to whole bytes, and stuffed. */
static void put_bits(struct encoded *to, unsigned pattern, unsigned length, unsigned count) {
  unsigned byte = 0;
  for (unsigned bit = 0; bit < (length * count + 7) / 8 * 8; bit++) {
    const unsigned one = bit < length * count ? pattern >> (length - 1 - bit % length) & 1 : 1;
    byte = (byte << 1 | one) & 0xff;
    if (bit % 8 == 7) put(to, (const uint8_t[]){(uint8_t)byte, 0}, byte == 0xff ? 2 : 1);
  }
}

#define ONE_CODE_OF_ONE_BIT 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0

/* A grey row of `blocks` blocks, each with a DC 2047 above the one before and nothing else. Sequential, or progressive
 * with `low` bits of the DC left out. */
static struct encoded growing_dc(unsigned blocks, bool progressive, uint8_t low) {
  const uint8_t width = (uint8_t)(8 * blocks);
  const uint8_t frame[] = {0xff, progressive ? SOF2 : 0xc0, 0, 11, 8, 0, 8, 0, width, 1, 1, 0x11, 0};
  const uint8_t tables[] = {0xff, DHT, 0, 38, 0x00, ONE_CODE_OF_ONE_BIT, 11, 0x10, ONE_CODE_OF_ONE_BIT, 0};
  struct encoded jpeg = {.bytes = malloc(1000)};
  assert_non_null(jpeg.bytes);
  put(&jpeg, (const uint8_t[]){0xff, SOI, 0xff, DQT, 0, 67, 0}, 7);
  memset(jpeg.bytes + jpeg.size, 1, 64);
  jpeg.size += 64;
  put(&jpeg, frame, sizeof frame);
  put(&jpeg, tables, sizeof tables);
  put(&jpeg, (const uint8_t[]){0xff, SOS, 0, 8, 1, 1, 0, 0, progressive ? 0 : 63, low}, 10);
  if (progressive) {
    put_bits(&jpeg, 0x7ff, 12, blocks);
    put(&jpeg, (const uint8_t[]){0xff, SOS, 0, 8, 1, 1, 0, 1, 63, 0}, 10);
    put_bits(&jpeg, 0, 1, blocks);
  } else {
    put_bits(&jpeg, 0x7ff << 1, 13, blocks);
  }
  put(&jpeg, (const uint8_t[]){0xff, EOI}, 2);
  return jpeg;
}

static void expect_dc(unsigned blocks, bool progressive, uint8_t low, bool expected) {
  const struct encoded jpeg = growing_dc(blocks, progressive, low);
  assert_int_equal(agrees_or_steps_aside(jpeg.bytes, jpeg.size, false, "growing DC, low", low), expected);
  free(jpeg.bytes);
}

static void test_dc_that_grows(void **state) {
  (void)state;
  expect_dc(1, false, 0, true);
  expect_dc(1, true, 0, true);
  expect_dc(1, true, 3, false);
  for (unsigned blocks = 2; blocks < 32; blocks++)
    for (uint8_t low = 0; low < 14; low++) {
      expect_dc(blocks, false, 0, false);
      if (blocks * 2047 << low > 2048) expect_dc(blocks, true, low, false);
    }
}

/* A grey block of nothing, whose last step is `step`. */
static struct encoded with_last_step(uint16_t step) {
  static const uint8_t rest[] = {0xff,
                                 0xc0,
                                 0,
                                 11,
                                 8,
                                 0,
                                 8,
                                 0,
                                 8,
                                 1,
                                 1,
                                 0x11,
                                 0,
                                 0xff,
                                 DHT,
                                 0,
                                 38,
                                 0x00,
                                 ONE_CODE_OF_ONE_BIT,
                                 0,
                                 0x10,
                                 ONE_CODE_OF_ONE_BIT,
                                 0,
                                 0xff,
                                 SOS,
                                 0,
                                 8,
                                 1,
                                 1,
                                 0,
                                 0,
                                 63,
                                 0,
                                 0x3f,
                                 0xff,
                                 EOI};
  struct encoded jpeg = {.bytes = calloc(1, 1000)};
  assert_non_null(jpeg.bytes);
  put(&jpeg, (const uint8_t[]){0xff, SOI, 0xff, DQT, 0, 131, 0x10}, 7);
  for (unsigned k = 0; k < 63; k++) put(&jpeg, (const uint8_t[]){0, 16}, 2);
  put(&jpeg, (const uint8_t[]){(uint8_t)(step >> 8), (uint8_t)step}, 2);
  put(&jpeg, rest, sizeof rest);
  return jpeg;
}

/* The step belongs to a coefficient that is not kept: its products leave 16 bits all the same. */
static void test_steps_that_no_8_bit_file_needs(void **state) {
  (void)state;
  static const struct {
    uint16_t step;
    bool handled;
  } expected[] = {{16, true}, {255, true}, {256, false}, {65535, false}};
  for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
    const struct encoded jpeg = with_last_step(expected[i].step);
    struct blocks_read read = {0};
    blocks_read(&read, jpeg.bytes, jpeg.size, 6, NULL);
    assert_int_equal(read.handled, expected[i].handled);
    coefficients_free(&read.coefficients);
    free(jpeg.bytes);
  }
}

/* Two grey blocks, a restart marker between them in each scan. The first block's EOB1 names three blocks, which is more
 * than there are; the second has its own symbols all the same: coefficient 1 is -1, then the end. */
static void test_end_of_band_run_over_a_restart(void **state) {
  (void)state;
  static const uint8_t before[] = {0xff, SOF2, 0, 11, 8, 0, 8, 0, 16, 1, 1, 0x11, 0, 0xff, DRI, 0, 4, 0, 1};
  static const uint8_t tables[] = {
      0xff, DHT, 0,    40,   0x00, ONE_CODE_OF_ONE_BIT, 0, 0x10, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
      0,    0,   0x10, 0x01, 0x00};
  struct encoded jpeg = {.bytes = malloc(1000)};
  assert_non_null(jpeg.bytes);
  put(&jpeg, (const uint8_t[]){0xff, SOI, 0xff, DQT, 0, 67, 0}, 7);
  memset(jpeg.bytes + jpeg.size, 1, 64);
  jpeg.size += 64;
  put(&jpeg, before, sizeof before);
  put(&jpeg, tables, sizeof tables);
  put(&jpeg, (const uint8_t[]){0xff, SOS, 0, 8, 1, 1, 0, 0, 0, 0, 0x7f, 0xff, 0xd0, 0x7f}, 14);
  put(&jpeg, (const uint8_t[]){0xff, SOS, 0, 8, 1, 1, 0, 1, 63, 0}, 10);
  put_bits(&jpeg, 0x1, 2, 1); /* 0: EOB1, 1: three blocks */
  put(&jpeg, (const uint8_t[]){0xff, 0xd0}, 2);
  put_bits(&jpeg, 0x16, 6, 1); /* 10: no run, one bit; 0: negative; 110: EOB */
  put(&jpeg, (const uint8_t[]){0xff, EOI}, 2);
  assert_true(agrees_or_steps_aside(jpeg.bytes, jpeg.size, false, "end-of-band run", 0));
  free(jpeg.bytes);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_cut_at_every_byte),
      cmocka_unit_test(test_every_bit_flipped),
      cmocka_unit_test(test_every_header_byte_replaced),
      cmocka_unit_test(test_pieces_removed_repeated_and_swapped),
      cmocka_unit_test(test_scans_of_another_file),
      cmocka_unit_test(test_inserted_bytes),
      cmocka_unit_test(test_dc_that_grows),
      cmocka_unit_test(test_steps_that_no_8_bit_file_needs),
      cmocka_unit_test(test_end_of_band_run_over_a_restart),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
