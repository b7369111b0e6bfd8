/* SPDX-License-Identifier: Apache-2.0 */
/* The fast way of PNG against libpng's for the pictures that it is for, and the row kernels of every tier that this
 * machine has. That each is handled is part of the test, so that stepping aside is no way to pass. Files that it must
 * leave to libpng, and damaged ones, are in test_png_fast_hostile.c. */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../support/encode.h"
#include "../support/guard.h"
#include "../support/png_compose.h"
#include "../support/png_ways.h"
#include "../support/tiers.h"
#include "../support/unfilter_checks.h"

/* ---- Kernels ----------------------------------------------------------------------------------------------------- */

static void test_rows(void **state) {
  (void)state;
  tiers_each(unfilter_check_rows);
}

static void test_paeth(void **state) {
  (void)state;
  tiers_each(unfilter_check_paeth);
}

static void test_alpha(void **state) {
  (void)state;
  tiers_each(unfilter_check_alpha);
}

/* ---- What is handled --------------------------------------------------------------------------------------------- */

static void test_every_kind_filter_and_size(void **state) {
  (void)state;
  for (size_t k = 0; k < PNG_KINDS; k++)
    for (unsigned filter = 0; filter <= 5; filter++)
      for (uint32_t side = 1; side <= 70; side++) {
        const struct png_composition wide =
            png_composition_of(&png_kinds[k], side, 1 + (side + 7 * filter) % 5, filter);
        const struct png_composition high =
            png_composition_of(&png_kinds[k], 1 + (side + 3 * filter) % 7, side, filter);
        png_ways_expect_handled(&wide);
        png_ways_expect_handled(&high);
      }
}

static void test_large_pictures(void **state) {
  (void)state;
  for (size_t k = 0; k < PNG_KINDS; k++) {
    const struct png_composition large = png_composition_of(&png_kinds[k], 1021, 347, 5);
    png_ways_expect_handled(&large);
  }
  const struct png_composition huge = png_composition_of(&png_kinds[PNG_RGBA], 3001, 2999, 4); /* over 32 MiB */
  png_ways_expect_handled(&huge);
}

static void test_every_cut_into_idats(void **state) {
  (void)state;
  static const size_t cuts[] = {1, 2, 3, 7, 100, 8192, 0};
  for (size_t k = 0; k < PNG_KINDS; k++)
    for (size_t i = 0; i < 2 * sizeof cuts / sizeof *cuts; i++)
      for (int level = 0; level <= 12; level += 3) {
        struct png_composition cut = png_composition_of(&png_kinds[k], 60, 23, 5);
        cut.idat_bytes = cuts[i / 2];
        cut.empty_idats = i % 2 != 0;
        cut.level = level;
        png_ways_expect_handled(&cut);
      }
}

static void test_chunks_in_between(void **state) {
  (void)state;
  static const char *const types[] = {"tRNS", "gAMA", "tEXt", "eXIf", "acTL", "fcTL", "fdAT", "zzZz"};
  static const char *const before[] = {"IDAT", "IEND"};
  for (size_t k = 0; k < PNG_KINDS; k++)
    for (size_t t = 0; t < sizeof types / sizeof *types; t++)
      for (size_t b = 0; b < 2; b++) {
        struct encoded png = png_compose_small(&png_kinds[k]);
        struct encoded more =
            encode_png_with_chunk(&png, encode_png_find(&png, before[b]), types[t], (const uint8_t *)"\1\2\3\4\5", 5);
        png_ways_expect(&more, true, HASHSCAN_STATUS_OK, types[t]);
        free(png.bytes);
        free(more.bytes);
      }
}

static void test_bytes_after_the_end(void **state) {
  (void)state;
  struct encoded png = png_compose_small(&png_kinds[PNG_RGB]);
  png_append(&png, "IDAT", (const uint8_t *)"abc", 3);
  png_ways_expect(&png, true, HASHSCAN_STATUS_OK, "a chunk after IEND");
  free(png.bytes);
}

/* They come from an encoder of which this library knows nothing. */
static void test_conformance_pictures(void **state) {
  (void)state;
  static const char folder[] = "../shared/conformance/png";
  DIR *listing = opendir(folder);
  if (listing == NULL) {
    print_message("SKIPPED: no %s\n", folder);
    skip();
  }
  size_t count = 0;
  for (struct dirent *entry; (entry = readdir(listing)) != NULL;) {
    if (strstr(entry->d_name, ".png") == NULL) continue;
    const struct encoded png = encoded_read(folder, entry->d_name);
    png_ways_expect(&png, true, HASHSCAN_STATUS_OK, entry->d_name);
    free(png.bytes);
    count++;
  }
  closedir(listing);
  assert_true(count > 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_rows),
      cmocka_unit_test(test_paeth),
      cmocka_unit_test(test_alpha),
      cmocka_unit_test(test_every_kind_filter_and_size),
      cmocka_unit_test(test_large_pictures),
      cmocka_unit_test(test_every_cut_into_idats),
      cmocka_unit_test(test_chunks_in_between),
      cmocka_unit_test(test_bytes_after_the_end),
      cmocka_unit_test(test_conformance_pictures),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
