/* SPDX-License-Identifier: Apache-2.0 */
/* Verdicts on pictures that show another picture than their stored pixels: each view that people see is compared, and
 * where that cannot be done the picture is unexamined, never cleared. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <math.h>
#include <png.h>

#include "../support/encode.h"
#include "../support/matching.h"
#include "base/bytes.h"

enum { SIDE = 256 };

static char folder[FIXTURE_PATH_SIZE];
static char index_path[FIXTURE_PATH_SIZE];
static uint8_t grey[SIDE * SIDE]; /* the picture that the list knows */

/* The grey picture by itself, as a PNG of the given kind made from one sample function. */
typedef void (*sample_fn)(uint8_t level, uint16_t *samples);

static struct encoded encode(int color_type, int depth, size_t step, sample_fn sample) {
  const struct png_recipe recipe = {.width = SIDE, .height = SIDE, .color_type = color_type, .depth = depth};
  uint16_t *samples = malloc(SIDE * SIDE * step * sizeof *samples);
  assert_non_null(samples);
  for (size_t i = 0; i < SIDE * SIDE; i++) sample(grey[i], samples + i * step);
  const struct encoded png = encode_png(&recipe, samples);
  free(samples);
  return png;
}

static void plain(uint8_t level, uint16_t *samples) {
  samples[0] = level;
}

/* Black ink whose opacity is the picture: seen on a white page alone. */
static void black_ink(uint8_t level, uint16_t *samples) {
  samples[0] = 0;
  samples[1] = (uint16_t)(255 - level);
}

/* White ink, seen on a black page. */
static void white_ink(uint8_t level, uint16_t *samples) {
  samples[0] = samples[1] = samples[2] = 255;
  samples[3] = level;
}

/* So bright that it is flat until gAMA darkens it. */
static void bright(uint8_t level, uint16_t *samples) {
  samples[0] = (uint16_t)lround(65535.0 * pow(level / 255.0, 1 / 30.0));
}

static void white(uint8_t level, uint16_t *samples) {
  (void)level;
  samples[0] = 255;
}

static void list_knows_the_picture(void) {
  const struct encoded png = encode(PNG_COLOR_TYPE_GRAY, 8, 1, plain);
  hashscan_hash_options options = HASHSCAN_HASH_OPTIONS_INIT;
  hashscan_hasher *hasher;
  hashscan_image_hash hash = HASHSCAN_IMAGE_HASH_INIT;
  assert_int_equal(hashscan_hasher_create(&options, &hasher, NULL), HASHSCAN_SUCCESS);
  assert_int_equal(hashscan_hash_image(hasher, png.bytes, png.size, &hash, NULL), HASHSCAN_SUCCESS);
  hashscan_hasher_destroy(hasher);
  assert_int_equal(hash.status, HASHSCAN_STATUS_OK);
  fixture_index(index_path, hash.hashes, 1);
  free(png.bytes);
}

static int set_up(void **state) {
  (void)state;
  fixture_folder(folder);
  fixture_join(index_path, folder, "index");
  struct fixture_picture busy = fixture_busy(21, SIDE, SIDE);
  for (size_t i = 0; i < SIDE * SIDE; i++) grey[i] = busy.pixels[3 * i];
  fixture_picture_free(&busy);
  list_knows_the_picture();
  return 0;
}

static int tear_down(void **state) {
  (void)state;
  fixture_remove(folder);
  return 0;
}

/* The verdict at each level is the same one; returns that of the default. */
static hashscan_verdict *match(const struct encoded *file) {
  hashscan_match_options options = HASHSCAN_MATCH_OPTIONS_INIT;
  hashscan_verdict *found = matching_once(index_path, &options, file->bytes, file->size);
  options.level = HASHSCAN_LEVEL_EXACT;
  hashscan_verdict *exact = matching_once(index_path, &options, file->bytes, file->size);
  assert_int_equal(found->outcome, exact->outcome);
  assert_int_equal(found->status, exact->status);
  if (exact->outcome == HASHSCAN_OUTCOME_UNEXAMINED) assert_string_equal(found->reason, exact->reason);
  assert_int_equal(found->match_count, exact->match_count);
  for (size_t i = 0; i < exact->match_count; i++) {
    assert_int_equal(found->matches[i]->view, exact->matches[i]->view);
    assert_int_equal(found->matches[i]->distance, exact->matches[i]->distance);
    assert_int_equal(found->matches[i]->transform, exact->matches[i]->transform);
  }
  hashscan_verdict_destroy(exact);
  return found;
}

/* Gives the file back. */
static void expect_match(struct encoded file, hashscan_view view) {
  hashscan_verdict *verdict = match(&file);
  if (verdict->outcome != HASHSCAN_OUTCOME_MATCH) fail_msg("%s: %s", hashscan_view_name(view), verdict->reason);
  assert_int_equal(verdict->match_count, 1);
  assert_int_equal(verdict->matches[0]->view, view);
  assert_int_equal(verdict->matches[0]->transform, HASHSCAN_TRANSFORM_NONE);
  assert_true(verdict->matches[0]->distance <= 2);
  hashscan_verdict_destroy(verdict);
  free(file.bytes);
}

static struct encoded with_number(struct encoded png, const char *type, uint32_t value) {
  uint8_t data[4];
  store_be32(data, value);
  const struct encoded more = encode_png_with_chunk(&png, encode_png_find(&png, "IDAT"), type, data, sizeof data);
  free(png.bytes);
  return more;
}

static void what_is_stored_matches_as_stored(void **state) {
  (void)state;
  expect_match(encode(PNG_COLOR_TYPE_GRAY, 8, 1, plain), HASHSCAN_VIEW_STORED);
}

static void a_picture_in_alpha_is_seen_on_a_page(void **state) {
  (void)state;
  expect_match(encode(PNG_COLOR_TYPE_GRAY_ALPHA, 8, 2, black_ink), HASHSCAN_VIEW_ON_WHITE);
  expect_match(encode(PNG_COLOR_TYPE_RGB_ALPHA, 8, 4, white_ink), HASHSCAN_VIEW_ON_BLACK);
}

static void a_picture_in_gamma_is_seen_with_it(void **state) {
  (void)state;
  const uint32_t gamma = (uint32_t)(100000 / 2.2 / 30);
  expect_match(with_number(encode(PNG_COLOR_TYPE_GRAY, 16, 1, bright), "gAMA", gamma), HASHSCAN_VIEW_GAMMA);
}

static struct encoded animated(struct encoded png, bool shows_default, uint32_t frames) {
  const uint8_t control[26] = {[6] = SIDE >> 8, [10] = SIDE >> 8, [21] = 1, [23] = 1};
  const uint8_t animation[8] = {[3] = (uint8_t)frames};
  struct encoded more = encode_png_with_chunk(&png, encode_png_find(&png, "IDAT"), "acTL", animation, sizeof animation);
  free(png.bytes);
  if (!shows_default) return more;
  png = more;
  more = encode_png_with_chunk(&png, encode_png_find(&png, "IDAT"), "fcTL", control, sizeof control);
  free(png.bytes);
  return more;
}

static void frames_that_are_not_decoded_leave_it_unexamined(void **state) {
  (void)state;
  static const struct {
    bool shows_default;
    uint32_t frames;
    hashscan_outcome outcome;
  } kinds[] = {{true, 1, HASHSCAN_OUTCOME_NO_MATCH},
               {true, 2, HASHSCAN_OUTCOME_UNEXAMINED},
               {false, 1, HASHSCAN_OUTCOME_UNEXAMINED}};
  for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
    struct encoded file = animated(encode(PNG_COLOR_TYPE_GRAY, 8, 1, white), kinds[i].shows_default, kinds[i].frames);
    hashscan_verdict *verdict = match(&file);
    assert_int_equal(verdict->outcome, kinds[i].outcome);
    assert_int_equal(verdict->image->unseen != 0, kinds[i].outcome == HASHSCAN_OUTCOME_UNEXAMINED);
    if (verdict->image->unseen) assert_non_null(strstr(verdict->reason, "animated PNG"));
    hashscan_verdict_destroy(verdict);
    free(file.bytes);
    /* What is decoded is compared all the same. */
    expect_match(animated(encode(PNG_COLOR_TYPE_GRAY, 8, 1, plain), kinds[i].shows_default, kinds[i].frames),
                 HASHSCAN_VIEW_STORED);
  }
}

/* An Adobe marker says that inks are stored inverted, and not every program believes it. */
static void inks_of_either_polarity_are_compared(void **state) {
  (void)state;
  uint8_t *inks = calloc(SIDE * SIDE, 4);
  assert_non_null(inks);
  for (size_t i = 0; i < SIDE * SIDE; i++) inks[4 * i + 3] = 255;
  for (int marked = 0; marked < 2; marked++) {
    const struct jpeg_recipe recipe = {.width = SIDE,
                                       .height = SIDE,
                                       .pixels = JCS_CMYK,
                                       .stored = JCS_CMYK,
                                       .quality = 98,
                                       .no_adobe_marker = marked == 0};
    for (int inverted = 0; inverted < 2; inverted++) {
      for (size_t i = 0; i < SIDE * SIDE; i++) {
        for (size_t c = 0; c < 3; c++) inks[4 * i + c] = inverted ? grey[i] : (uint8_t)(255 - grey[i]);
        inks[4 * i + 3] = inverted ? 255 : 0;
      }
      expect_match(encode_jpeg(&recipe, inks), inverted == marked ? HASHSCAN_VIEW_STORED : HASHSCAN_VIEW_OTHER_COLORS);
    }
  }
  free(inks);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(what_is_stored_matches_as_stored),
      cmocka_unit_test(a_picture_in_alpha_is_seen_on_a_page),
      cmocka_unit_test(a_picture_in_gamma_is_seen_with_it),
      cmocka_unit_test(frames_that_are_not_decoded_leave_it_unexamined),
      cmocka_unit_test(inks_of_either_polarity_are_compared),
  };
  return cmocka_run_group_tests(tests, set_up, tear_down);
}
