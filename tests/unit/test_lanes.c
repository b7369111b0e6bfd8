/* SPDX-License-Identifier: Apache-2.0 */
/* Own decoding of JPEGs to planes: every sample that of libjpeg-turbo's jpeg_read_raw_data, however many lanes there
 * are and wherever they begin. What it must not decode is in test_lanes_hostile.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <dirent.h>

#include "../support/encode.h"
#include "../support/random.h"
#include "../support/raw.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static const struct { int h, v; } samplings[] = {{1, 1}, {2, 1}, {2, 2}};

/* From one lane to all, from sections of a block to the longest. Lanes of one byte begin in the last bytes, and begin
 * again behind each other. */
static const struct lanes_tuning tunings[] = {
    {.lanes = 1, .planned_blocks = 256, .meeting_blocks = 0, .min_lane_bits = 8},
    {.lanes = 1, .planned_blocks = 1, .meeting_blocks = 0, .min_lane_bits = 8},
    {.lanes = 2, .planned_blocks = 1, .meeting_blocks = 0, .min_lane_bits = 8},
    {.lanes = 2, .planned_blocks = 40, .meeting_blocks = 3, .min_lane_bits = 64},
    {.lanes = 3, .planned_blocks = 2, .meeting_blocks = 1, .min_lane_bits = 8},
    {.lanes = 3, .planned_blocks = 17, .meeting_blocks = 0, .min_lane_bits = 8},
    {.lanes = 4, .planned_blocks = 1, .meeting_blocks = 0, .min_lane_bits = 8},
    {.lanes = 4, .planned_blocks = 7, .meeting_blocks = 30, .min_lane_bits = 8},
    {.lanes = 4, .planned_blocks = 100, .meeting_blocks = 14, .min_lane_bits = 8},
    {.lanes = 4, .planned_blocks = LANES_BLOCKS - LANES_ROUND, .meeting_blocks = 14, .min_lane_bits = 8},
};

static void expect_same(const struct encoded *jpeg, const struct lanes_tuning *tuning, const char *what) {
  bool handled;
  const char *difference = raw_difference(jpeg->bytes, jpeg->size, tuning, NULL, &handled);
  if (difference != NULL) fail_msg("%s, %u lanes of %u: %s", what, tuning->lanes, tuning->planned_blocks, difference);
  if (!handled) fail_msg("%s, %u lanes of %u: not handled", what, tuning->lanes, tuning->planned_blocks);
}

static void check_recipe(const struct jpeg_recipe *recipe, enum texture texture, const struct lanes_tuning *tuning) {
  const struct encoded jpeg = encode_textured_jpeg(recipe, texture);
  char what[128];
  snprintf(what, sizeof what, "%ux%u, %dx%d, quality %d, restarts %u, texture %d", recipe->width, recipe->height,
           recipe->h, recipe->v, recipe->quality, recipe->restart, (int)texture);
  expect_same(&jpeg, tuning, what);
  free(jpeg.bytes);
}

static struct jpeg_recipe recipe_of(uint32_t width, uint32_t height, size_t sampling) {
  return (struct jpeg_recipe){.width = width,
                              .height = height,
                              .pixels = JCS_RGB,
                              .stored = JCS_YCbCr,
                              .h = samplings[sampling].h,
                              .v = samplings[sampling].v,
                              .quality = 75};
}

/* Chroma rows of one or two samples are upsampled in another way: libjpeg-turbo's. */
static void test_sizes(void **unused) {
  (void)unused;
  size_t n = 0;
  for (uint32_t height = 1; height <= 70; height++) {
    for (uint32_t width = 1; width <= 70; width++, n++) {
      const size_t sampling = (width + height) % COUNT(samplings);
      if (sampling > 0 && width <= 4) continue;
      struct jpeg_recipe recipe = recipe_of(width, height, sampling);
      recipe.quality = 1 + (int)(n * 37 % 100);
      recipe.optimised = n % 5 == 0;
      recipe.restart = n % 7 == 0 ? 1 + (unsigned)n % 9 : 0;
      check_recipe(&recipe, (enum texture)(n % 11 % 3), &tunings[n % COUNT(tunings)]);
    }
  }
}

static void test_long_sides(void **unused) {
  (void)unused;
  static const uint32_t sizes[][2] = {{65500, 9}, {16385, 17}, {1023, 300}, {9, 65500}, {17, 8191}, {2049, 33}};
  for (size_t i = 0; i < COUNT(sizes); i++)
    for (size_t s = 0; s < COUNT(samplings); s++) {
      const struct jpeg_recipe recipe = recipe_of(sizes[i][0], sizes[i][1], s);
      check_recipe(&recipe, TEXTURE_MIXED, &lanes_best_tuning);
      check_recipe(&recipe, TEXTURE_MIXED, &tunings[(i + s) % COUNT(tunings)]);
    }
}

static void test_qualities(void **unused) {
  (void)unused;
  for (int quality = 1; quality <= 100; quality++) {
    for (size_t s = 0; s < COUNT(samplings); s++) {
      struct jpeg_recipe recipe = recipe_of(150, 130, s);
      recipe.quality = quality;
      recipe.optimised = quality % 2 == 0;
      check_recipe(&recipe, quality % 3 == 0 ? TEXTURE_BLACK_AND_WHITE : TEXTURE_MIXED, &lanes_best_tuning);
      check_recipe(&recipe, TEXTURE_MIXED, &tunings[(size_t)quality % COUNT(tunings)]);
    }
  }
}

/* Equal blocks, whose lanes never meet unless they begin right; codes of one bit; blocks of all coefficients. */
static void test_every_tuning(void **unused) {
  (void)unused;
  for (size_t t = 0; t < COUNT(tunings); t++) {
    for (size_t s = 0; s < COUNT(samplings); s++) {
      for (int texture = TEXTURE_MIXED; texture <= TEXTURE_FLAT; texture++) {
        struct jpeg_recipe recipe = recipe_of(300, 211, s);
        recipe.quality = texture == TEXTURE_MIXED ? 85 : 100;
        check_recipe(&recipe, (enum texture)texture, &tunings[t]);
        recipe.optimised = true;
        check_recipe(&recipe, (enum texture)texture, &tunings[t]);
      }
    }
  }
}

static void test_restarts(void **unused) {
  (void)unused;
  static const unsigned intervals[] = {1, 2, 3, 7, 19, 64, 100, 400, 65535};
  for (size_t i = 0; i < COUNT(intervals); i++) {
    for (size_t t = 0; t < COUNT(tunings); t++) {
      struct jpeg_recipe recipe = recipe_of(300, 211, (i + t) % COUNT(samplings));
      recipe.restart = intervals[i];
      check_recipe(&recipe, TEXTURE_MIXED, &tunings[t]);
      check_recipe(&recipe, t % 2 == 0 ? TEXTURE_FLAT : TEXTURE_BLACK_AND_WHITE, &tunings[t]);
    }
  }
}

/* Markers between which there may be anything, as jpeg_markers.c allows; components that share their tables. */
static void test_shared_tables(void **unused) {
  (void)unused;
  struct random_state state = random_seeded(5);
  const struct jpeg_recipe recipe = recipe_of(200, 150, 2);
  const struct encoded jpeg = encode_textured_jpeg(&recipe, TEXTURE_MIXED);
  uint8_t *sos = NULL;
  for (size_t i = 0; i + 14 < jpeg.size && sos == NULL; i++)
    if (jpeg.bytes[i] == 0xff && jpeg.bytes[i + 1] == 0xda) sos = jpeg.bytes + i;
  assert_non_null(sos);
  size_t handled_files = 0;
  for (size_t i = 0; i < 64; i++) {
    /* Any of the tables for any component: other pictures, most of them broken. */
    for (size_t c = 0; c < 3; c++)
      sos[6 + 2 * c] = (uint8_t)((random_next(&state) & 1) << 4 | (random_next(&state) & 1));
    bool handled;
    const char *difference = raw_difference(jpeg.bytes, jpeg.size, &tunings[i % COUNT(tunings)], NULL, &handled);
    if (difference != NULL) fail_msg("tables exchanged: %s", difference);
    handled_files += handled;
  }
  assert_in_range(handled_files, 0, 63);
  free(jpeg.bytes);
}

static struct encoded read_file(const char *folder, const char *name) {
  char path[1024];
  snprintf(path, sizeof path, "%s/%s", folder, name);
  FILE *file = fopen(path, "rb");
  assert_non_null(file);
  fseek(file, 0, SEEK_END);
  struct encoded encoded = {.size = (size_t)ftell(file)};
  rewind(file);
  encoded.bytes = malloc(encoded.size);
  assert_non_null(encoded.bytes);
  assert_int_equal(fread(encoded.bytes, 1, encoded.size, file), encoded.size);
  fclose(file);
  return encoded;
}

/* Returns how many files of the folder were handled. */
static size_t check_folder(const char *path, size_t *files) {
  DIR *folder = opendir(path);
  size_t handled_files = 0;
  if (folder == NULL) {
    print_message("SKIPPED, NOT CHECKED: no pictures at %s\n", path);
    return 0;
  }
  for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
    if (entry->d_name[0] == '.') continue;
    const struct encoded jpeg = read_file(path, entry->d_name);
    bool handled;
    const struct lanes_tuning *choices[] = {&lanes_best_tuning, &tunings[*files % COUNT(tunings)]};
    for (size_t i = 0; i < COUNT(choices); i++) {
      const char *difference = raw_difference(jpeg.bytes, jpeg.size, choices[i], NULL, &handled);
      if (difference != NULL) fail_msg("%s/%s: %s", path, entry->d_name, difference);
    }
    handled_files += handled;
    ++*files;
    free(jpeg.bytes);
  }
  closedir(folder);
  return handled_files;
}

/* Tests run from the repository's root. Of the photographs a few are grey, and 43 are progressive. */
static void test_photographs(void **unused) {
  (void)unused;
  static const char *const folders[] = {"photos/j1024",         "photos/j640",         "photos/prog1024",
                                        "photos/c480-q60-420",  "photos/c800-q95-422", "photos/c1600-q92-444",
                                        "photos/c2048-q80-420", "conformance/jpeg"};
  size_t files = 0, handled = 0;
  for (size_t i = 0; i < COUNT(folders); i++) {
    char path[512];
    snprintf(path, sizeof path, "../shared/%s", folders[i]);
    handled += check_folder(path, &files);
  }
  print_message("%zu of %zu files handled\n", handled, files);
  if (files == 0) skip();
  assert_true(handled > 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_sizes),        cmocka_unit_test(test_long_sides), cmocka_unit_test(test_qualities),
      cmocka_unit_test(test_every_tuning), cmocka_unit_test(test_restarts),   cmocka_unit_test(test_shared_tables),
      cmocka_unit_test(test_photographs),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
