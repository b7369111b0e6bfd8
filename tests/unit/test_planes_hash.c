/* SPDX-License-Identifier: Apache-2.0 */
/* JPEGs as planes at the fast level: hashed as their pixels are, within the proven bound of the exact level. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <dirent.h>

#include "../support/decoded.h"
#include "../support/encode.h"
#include "../support/planed.h"
#include "base/cpu.h"
#include "pdq/certainty.h"
#include "pdq/fast.h"
#include "pdq/pdq.h"
#include "pdq/rounding.h"
#include "pdq/spectrum.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* One picture in three ways: exactly, and at the fast level as rows and as planes. */
struct three {
  struct pdq_stream *stream;
  struct pdq_fast *fast;
  hashscan_pdq exact[HASHSCAN_TRANSFORM_COUNT];
  int quality;
  struct pdq_fast_result rows, planes;
  float rows_epsilon[256], planes_epsilon[256], planes_margin;
  size_t files, wrong, unknown_rows, unknown_planes;
};

static bool want_planes(void *user, const struct image_info *info) {
  (void)user;
  (void)info;
  return true;
}

static bool on_begin_planes(void *user, const struct image_info *info) {
  struct three *three = user;
  return pdq_fast_begin_planes(three->fast, info->width, info->height);
}

static bool on_planes(void *user, const struct image_planes *planes) {
  struct three *three = user;
  pdq_fast_planes(three->fast, planes);
  return true;
}

static void hash_planes(struct three *three, const struct encoded *jpeg) {
  const hashscan_limits limits = HASHSCAN_LIMITS_INIT;
  const struct image_sink sink = {
      .user = three, .want_planes = want_planes, .begin_planes = on_begin_planes, .planes = on_planes};
  struct image_info info;
  char reason[HASHSCAN_REASON_SIZE];
  assert_int_equal(image_decode(jpeg->bytes, jpeg->size, &limits, &sink, &info, reason), HASHSCAN_STATUS_OK);
  pdq_fast_finish(three->fast, &three->planes);
  pdq_epsilon(&three->planes, info.width, info.height, three->planes_epsilon);
  three->planes_margin = three->planes.rounding->picture;
}

static void hash_rows(struct three *three, const struct encoded *jpeg) {
  struct decoded decoded = decoded_from(jpeg->bytes, jpeg->size, NULL);
  const struct image_info *info = &decoded.info;
  assert_true(pdq_stream_begin(three->stream, info->width, info->height, 3, HASHSCAN_PROFILE_FULL));
  for (size_t y = 0; y < info->height; y++) pdq_stream_row(three->stream, decoded.pixels + y * decoded.row_bytes);
  pdq_stream_finish(three->stream, true, three->exact, &three->quality);
  assert_true(pdq_fast_begin(three->fast, info->width, info->height, 3));
  pdq_fast_rows(three->fast, decoded.pixels, decoded.row_bytes, info->height);
  pdq_fast_finish(three->fast, &three->rows);
  pdq_epsilon(&three->rows, info->width, info->height, three->rows_epsilon);
  decoded_free(&decoded);
}

static size_t count_bits(const hashscan_pdq *bits) {
  static const hashscan_pdq none;
  return hashscan_pdq_distance(bits, &none);
}

/* The two differ by the fast level's own rounding alone, which is far less than the exact level's. */
#define SAME_LEVEL 0.0005f

static void compare(struct three *three) {
  for (size_t k = 0; k < 64 * 64; k++)
    assert_true(fabsf(three->planes.picture[k] - three->rows.picture[k]) < SAME_LEVEL);
  assert_true(three->planes_margin > 0.0f);
  hashscan_pdq rows[HASHSCAN_TRANSFORM_COUNT], rows_unknown[HASHSCAN_TRANSFORM_COUNT];
  hashscan_pdq planes[HASHSCAN_TRANSFORM_COUNT], planes_unknown[HASHSCAN_TRANSFORM_COUNT];
  pdq_hash_within(three->rows.coefficients, three->rows_epsilon, HASHSCAN_TRANSFORM_COUNT, rows, rows_unknown);
  pdq_hash_within(three->planes.coefficients, three->planes_epsilon, HASHSCAN_TRANSFORM_COUNT, planes, planes_unknown);
  for (size_t t = 0; t < HASHSCAN_TRANSFORM_COUNT; t++) {
    for (size_t b = 0; b < 32; b++) {
      const unsigned off = planes[t].bytes[b] ^ three->exact[t].bytes[b];
      const unsigned apart = planes[t].bytes[b] ^ rows[t].bytes[b];
      const unsigned known = (unsigned)~planes_unknown[t].bytes[b];
      const unsigned both = known & ~(unsigned)rows_unknown[t].bytes[b];
      three->wrong += (size_t)__builtin_popcount(((off & known) | (apart & both)) & 0xff);
    }
    three->unknown_rows += count_bits(&rows_unknown[t]);
    three->unknown_planes += count_bits(&planes_unknown[t]);
  }
  assert_in_range(three->quality, three->planes.quality_low, three->planes.quality_high);
  three->files++;
}

static void check_three(struct three *three, const struct encoded *jpeg) {
  hash_rows(three, jpeg);
  hash_planes(three, jpeg);
  compare(three);
}

static struct three *three_create(void) {
  struct three *three = calloc(1, sizeof *three);
  assert_non_null(three);
  three->stream = pdq_stream_create();
  three->fast = pdq_fast_create();
  return three;
}

/* As many bits are unknown as with rows, give or take a tenth. */
static void three_finish(struct three *three) {
  print_message("%zu pictures: %zu bits unknown of planes, %zu of rows\n", three->files, three->unknown_planes,
                three->unknown_rows);
  assert_int_equal(three->wrong, 0);
  assert_true(three->unknown_planes * 10 <= three->unknown_rows * 11 + 100);
  pdq_stream_destroy(three->stream);
  pdq_fast_destroy(three->fast);
  free(three);
}

static void test_hashes(void **unused) {
  (void)unused;
  static const uint32_t sizes[][2] = {{65, 127},   {128, 128},  {300, 401},  {512, 512}, {640, 480},
                                      {1025, 700}, {1300, 257}, {150, 2100}, {128, 8193}};
  static const struct { int h, v; } samplings[] = {{1, 1}, {2, 1}, {2, 2}};
  struct three *three = three_create();
  for (size_t i = 0; i < COUNT(sizes); i++) {
    for (size_t s = 0; s < COUNT(samplings); s++) {
      const struct jpeg_recipe recipe = {.width = sizes[i][0],
                                         .height = sizes[i][1],
                                         .pixels = JCS_RGB,
                                         .stored = JCS_YCbCr,
                                         .h = samplings[s].h,
                                         .v = samplings[s].v};
      const struct encoded jpeg = encode_textured_jpeg(&recipe, TEXTURE_MIXED);
      check_three(three, &jpeg);
      free(jpeg.bytes);
    }
  }
  three_finish(three);
}

/* Luma of sums, after the weighing and before the gathering: four roundings, which are those of a constant, a product
 * and two sums. */
static void test_luma_of_sums_counts_in_the_bound(void **unused) {
  (void)unused;
  static const size_t sizes[] = {128, 640, 1024, 4000};
  float dct[PDQ_COEFFICIENTS * PDQ_SIDE];
  struct pdq_rounding_dct *constants = malloc(sizeof *constants);
  struct pdq_weights_cache cache = {0};
  struct pdq_rounding rgb, planes;
  pdq_dct_matrix(dct);
  pdq_rounding_dct_build(constants, dct);
  for (size_t i = 0; i < COUNT(sizes); i++) {
    const struct pdq_weights *down = pdq_weights_get(&cache, PDQ_WEIGHTS_ROWS, sizes[i], 1);
    const struct pdq_weights *along = pdq_weights_get(&cache, PDQ_WEIGHTS_COLUMNS, 1024, 1);
    pdq_rounding_bound(constants, down, along, PDQ_ROUNDING_RGB, &rgb);
    pdq_rounding_bound(constants, down, along, PDQ_ROUNDING_PLANES, &planes);
    const float four = 4 * 0x1p-24f * 255.0f;
    assert_true(planes.picture >= rgb.picture + four);
    assert_true(planes.across >= rgb.across + 2 * four && planes.down >= rgb.down + 2 * four);
    for (size_t k = 0; k < 256; k++) {
      const double moved = constants->size[k / 16] * constants->size[k % 16] * (double)four;
      assert_true((double)planes.coefficients[k] >= (double)rgb.coefficients[k] + moved);
    }
  }
  pdq_weights_clear(&cache);
  free(constants);
}

/* Whether the file came as planes; their pixels are those of its rows. */
static bool expect_same_pixels(const struct encoded *jpeg, const char *name) {
  struct decoded rows = decoded_from(jpeg->bytes, jpeg->size, NULL);
  struct planed planed = {.tier = cpu_tier()};
  planed_again(&planed, jpeg->bytes, jpeg->size, NULL);
  const bool as_planes = planed.as_planes;
  assert_int_equal(planed.status, rows.status);
  if (memcmp(planed.pixels, rows.pixels, rows.row_bytes * rows.info.height) != 0) fail_msg("%s: other pixels", name);
  planed_free(&planed);
  decoded_free(&rows);
  return as_planes;
}

/* Tests run from the repository's root. */
static void test_photographs(void **unused) {
  (void)unused;
  static const char *const folders[] = {"j1024", "j640", "prog1024", "c480-q60-420", "c800-q95-422", "c1600-q92-444"};
  struct three *three = three_create();
  for (size_t i = 0; i < COUNT(folders); i++) {
    char path[512];
    snprintf(path, sizeof path, "../shared/photos/%s", folders[i]);
    DIR *folder = opendir(path);
    if (folder == NULL) {
      print_message("SKIPPED, NOT CHECKED: no photographs at %s\n", path);
      continue;
    }
    size_t files = 0;
    for (struct dirent *entry; files < 12 && (entry = readdir(folder)) != NULL;) {
      if (entry->d_name[0] == '.') continue;
      const struct encoded jpeg = encoded_read(path, entry->d_name);
      if (expect_same_pixels(&jpeg, entry->d_name)) check_three(three, &jpeg);
      free(jpeg.bytes);
      files++;
    }
    closedir(folder);
  }
  const bool any = three->files > 0;
  three_finish(three);
  if (!any) skip();
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_hashes),
      cmocka_unit_test(test_luma_of_sums_counts_in_the_bound),
      cmocka_unit_test(test_photographs),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
