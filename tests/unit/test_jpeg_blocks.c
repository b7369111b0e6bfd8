/* SPDX-License-Identifier: Apache-2.0 */
/* Coefficients read by the library equal libjpeg-turbo's, for every kind of file that is in reach. A file in reach that
 * the decoder steps aside from fails the test: otherwise nothing would have been compared. */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../support/coefficients.h"
#include "../support/encode.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static const unsigned keeps[] = {1, 3, 6, 10, 15, 21, 28, 64};

struct layout {
  const char *name;
  J_COLOR_SPACE stored;
  int h, v;
};

static const struct layout layouts[] = {
    {"grey", JCS_GRAYSCALE, 1, 1}, {"4:4:4", JCS_YCbCr, 1, 1}, {"4:2:2", JCS_YCbCr, 2, 1},
    {"4:4:0", JCS_YCbCr, 1, 2},    {"4:2:0", JCS_YCbCr, 2, 2}, {"4:1:1", JCS_YCbCr, 4, 1},
};

/* ---- Making files ------------------------------------------------------------------------------------------------ */

static struct jpeg_recipe recipe_of(const struct layout *layout, uint32_t width, uint32_t height) {
  return (struct jpeg_recipe){.width = width,
                              .height = height,
                              .pixels = layout->stored == JCS_GRAYSCALE ? JCS_GRAYSCALE : JCS_RGB,
                              .stored = layout->stored,
                              .h = layout->h,
                              .v = layout->v};
}

/* ---- Checking them ----------------------------------------------------------------------------------------------- */

/* The bytes are read as blocks, and as libjpeg reads them. Returns the bits missing of coefficient 1. */
static unsigned expect_equal(const struct encoded *jpeg, unsigned keep, const char *what) {
  struct libjpeg_read truth;
  libjpeg_read(&truth, jpeg->bytes, jpeg->size);
  assert_false(truth.failed || truth.odd_warnings > 0 || truth.entropy_warnings > 0);
  assert_true(truth.y_is_full);
  struct blocks_read read = {0};
  blocks_read(&read, jpeg->bytes, jpeg->size, keep, NULL);
  if (!read.handled) fail_msg("%s, keep %u: stepped aside", what, keep);
  assert_int_equal(read.status, HASHSCAN_STATUS_OK);
  const char *difference = coefficients_difference(&read.coefficients, &truth.coefficients);
  if (difference != NULL) fail_msg("%s, keep %u: %s", what, keep, difference);
  if (!truth.progressive)
    for (size_t k = 0; k < COUNT(read.coefficients.blocks.missing); k++)
      assert_int_equal(read.coefficients.blocks.missing[k], 0);
  const unsigned missing = read.coefficients.blocks.missing[1];
  coefficients_free(&read.coefficients);
  coefficients_free(&truth.coefficients);
  return missing;
}

static void expect_recipe_equal(const struct jpeg_recipe *recipe, enum texture texture, unsigned keep,
                                const char *layout) {
  char what[200];
  snprintf(what, sizeof what, "%s %ux%u quality %d progressive %d optimised %d restart %u/%d texture %d", layout,
           recipe->width, recipe->height, recipe->quality, recipe->progressive, recipe->optimised, recipe->restart,
           recipe->restart_rows, (int)texture);
  const struct encoded jpeg = encode_textured_jpeg(recipe, texture);
  expect_equal(&jpeg, keep, what);
  free(jpeg.bytes);
}

static void expect_aside(const struct encoded *jpeg, const char *what) {
  struct blocks_read read = {0};
  blocks_read(&read, jpeg->bytes, jpeg->size, 6, NULL);
  if (read.handled) fail_msg("%s: did not step aside", what);
  coefficients_free(&read.coefficients);
}

/* ---- Pictures and settings --------------------------------------------------------------------------------------- */

/* Baseline, progressive, and baseline with restart markers in turn. */
static void expect_size_equal(const struct layout *layout, uint32_t width, uint32_t height) {
  struct jpeg_recipe recipe = recipe_of(layout, width, height);
  const unsigned turn = width + height;
  recipe.progressive = turn % 3 == 1;
  recipe.restart = turn % 3 == 2 ? 2 : 0;
  expect_recipe_equal(&recipe, TEXTURE_MIXED, keeps[turn % COUNT(keeps)], layout->name);
}

static void test_sizes(void **state) {
  (void)state;
  for (size_t i = 0; i < COUNT(layouts); i++)
    for (uint32_t side = 1; side <= 70; side++) {
      expect_size_equal(&layouts[i], side, 1 + side * 29 % 70);
      expect_size_equal(&layouts[i], 1 + side * 31 % 70, side);
    }
  for (uint32_t width = 1; width <= 70; width += 3)
    for (uint32_t height = 1; height <= 70; height += 3) expect_size_equal(&layouts[4], width, height);
}

static void test_qualities(void **state) {
  (void)state;
  for (int quality = 1; quality <= 100; quality++)
    for (size_t i = 0; i < COUNT(layouts); i++) {
      struct jpeg_recipe recipe = recipe_of(&layouts[i], 45, 38);
      recipe.quality = quality;
      recipe.optimised = quality % 2 == 0;
      recipe.progressive = quality % 4 == 3;
      expect_recipe_equal(&recipe, i % 2 == 0 ? TEXTURE_MIXED : TEXTURE_BLACK_AND_WHITE,
                          keeps[(size_t)quality % COUNT(keeps)], layouts[i].name);
    }
}

static void test_keeps(void **state) {
  (void)state;
  for (unsigned keep = 1; keep <= 64; keep++)
    for (unsigned mode = 0; mode < 6; mode++) {
      const struct layout *layout = &layouts[mode % 2 == 0 ? 4 : 0];
      struct jpeg_recipe recipe = recipe_of(layout, 50, 41);
      recipe.progressive = mode / 2 == 1;
      recipe.optimised = mode / 2 == 2;
      recipe.quality = 95;
      expect_recipe_equal(&recipe, TEXTURE_MIXED, keep, layout->name);
    }
}

static void test_restart_intervals(void **state) {
  (void)state;
  static const unsigned intervals[] = {1, 2, 5, 7, 300, 65535, 0};
  for (size_t i = 0; i < COUNT(intervals); i++)
    for (size_t j = 0; j < COUNT(layouts); j++)
      for (unsigned mode = 0; mode < 4; mode++) {
        struct jpeg_recipe recipe = recipe_of(&layouts[j], 70, 61);
        recipe.restart = intervals[i];
        recipe.restart_rows = intervals[i] == 0 ? 1 : 0;
        recipe.progressive = mode >= 2;
        recipe.quality = 90;
        expect_recipe_equal(&recipe, mode % 2 == 0 ? TEXTURE_MIXED : TEXTURE_FLAT, keeps[(i + j + mode) % COUNT(keeps)],
                            layouts[j].name);
      }
}

/* Large enough for long zero runs of blocks, and for more than one buffer of entropy-coded data. */
static void test_larger_pictures(void **state) {
  (void)state;
  for (size_t i = 0; i < COUNT(layouts); i++)
    for (unsigned mode = 0; mode < 8; mode++) {
      struct jpeg_recipe recipe = recipe_of(&layouts[i], 1201, 363);
      recipe.progressive = mode % 2 == 1;
      recipe.quality = mode / 2 == 3 ? 10 : 98;
      recipe.restart = mode / 2 == 1 ? 11 : 0;
      expect_recipe_equal(&recipe, mode / 2 == 2 ? TEXTURE_FLAT : TEXTURE_MIXED, 6, layouts[i].name);
    }
}

/* ---- Scan scripts ------------------------------------------------------------------------------------------------ */

#define SCAN_OF(ss, se, ah, al, ...)                                                                                   \
  { sizeof((int[]){__VA_ARGS__}) / sizeof(int), {__VA_ARGS__}, ss, se, ah, al }

static struct encoded encode_script(size_t layout, const jpeg_scan_info *scans, size_t count) {
  struct jpeg_recipe recipe = recipe_of(&layouts[layout], 66, 43);
  recipe.scans = scans;
  recipe.scan_count = (int)count;
  recipe.quality = 92;
  recipe.restart = layout % 3 == 0 ? 3 : 0;
  return encode_textured_jpeg(&recipe, TEXTURE_MIXED);
}

/* With `keep` coefficients. */
static void expect_script_handled(const jpeg_scan_info *scans, size_t count, unsigned keep, unsigned missing,
                                  const char *what) {
  for (size_t i = 1; i < COUNT(layouts); i++) {
    const struct encoded jpeg = encode_script(i, scans, count);
    assert_int_equal(expect_equal(&jpeg, keep, what), missing);
    free(jpeg.bytes);
  }
}

/* And with any other number of them. */
static void expect_script_equal(const jpeg_scan_info *scans, size_t count, unsigned keep, unsigned missing,
                                const char *what) {
  expect_script_handled(scans, count, keep, missing, what);
  for (size_t i = 1; i < COUNT(layouts); i++) {
    const struct encoded jpeg = encode_script(i, scans, count);
    for (size_t k = 0; k < COUNT(keeps); k++) expect_equal(&jpeg, keeps[k], what);
    free(jpeg.bytes);
  }
}

static void test_sequential_scripts(void **state) {
  (void)state;
  static const jpeg_scan_info each_alone[] = {SCAN_OF(0, 63, 0, 0, 0), SCAN_OF(0, 63, 0, 0, 1),
                                              SCAN_OF(0, 63, 0, 0, 2)};
  static const jpeg_scan_info luma_last[] = {SCAN_OF(0, 63, 0, 0, 2), SCAN_OF(0, 63, 0, 0, 1), SCAN_OF(0, 63, 0, 0, 0)};
  static const jpeg_scan_info chroma_paired[] = {SCAN_OF(0, 63, 0, 0, 0), SCAN_OF(0, 63, 0, 0, 1, 2)};
  static const jpeg_scan_info luma_paired[] = {SCAN_OF(0, 63, 0, 0, 0, 1), SCAN_OF(0, 63, 0, 0, 2)};
  expect_script_equal(each_alone, COUNT(each_alone), 6, 0, "each component alone");
  expect_script_equal(luma_last, COUNT(luma_last), 6, 0, "luma last");
  expect_script_equal(chroma_paired, COUNT(chroma_paired), 6, 0, "chroma paired");
  expect_script_equal(luma_paired, COUNT(luma_paired), 6, 0, "luma paired");
}

#define CHROMA_AC SCAN_OF(1, 63, 0, 0, 1), SCAN_OF(1, 63, 0, 0, 2)

static void test_progressive_scripts(void **state) {
  (void)state;
  static const jpeg_scan_info spectral[] = {SCAN_OF(0, 0, 0, 0, 0, 1, 2), SCAN_OF(1, 2, 0, 0, 0),
                                            SCAN_OF(3, 9, 0, 0, 0), SCAN_OF(10, 63, 0, 0, 0), CHROMA_AC};
  static const jpeg_scan_info dc_refined[] = {SCAN_OF(0, 0, 0, 3, 0, 1, 2),
                                              SCAN_OF(0, 0, 3, 2, 0, 1, 2),
                                              SCAN_OF(1, 63, 0, 0, 0),
                                              SCAN_OF(0, 0, 2, 1, 0, 1, 2),
                                              CHROMA_AC,
                                              SCAN_OF(0, 0, 1, 0, 0, 1, 2)};
  static const jpeg_scan_info low_band_refined[] = {SCAN_OF(0, 0, 0, 1, 0, 1, 2), SCAN_OF(1, 5, 0, 2, 0),
                                                    SCAN_OF(1, 5, 2, 1, 0),       SCAN_OF(6, 63, 0, 0, 0),
                                                    SCAN_OF(1, 5, 1, 0, 0),       CHROMA_AC,
                                                    SCAN_OF(0, 0, 1, 0, 0, 1, 2)};
  static const jpeg_scan_info whole_band_refined[] = {
      SCAN_OF(0, 0, 0, 0, 0, 1, 2), SCAN_OF(1, 63, 0, 3, 0), CHROMA_AC,
      SCAN_OF(1, 63, 3, 2, 0),      SCAN_OF(1, 63, 2, 1, 0), SCAN_OF(1, 63, 1, 0, 0)};
  static const jpeg_scan_info refined_whole_then_low[] = {SCAN_OF(0, 0, 0, 0, 0, 1, 2), SCAN_OF(1, 63, 0, 2, 0),
                                                          SCAN_OF(1, 63, 2, 1, 0),      SCAN_OF(1, 5, 1, 0, 0),
                                                          SCAN_OF(6, 63, 1, 0, 0),      CHROMA_AC};
  static const jpeg_scan_info components_alone[] = {
      SCAN_OF(0, 0, 0, 1, 0),  SCAN_OF(0, 0, 0, 1, 2), SCAN_OF(0, 0, 0, 0, 1), SCAN_OF(0, 0, 1, 0, 0),
      SCAN_OF(6, 63, 0, 0, 0), SCAN_OF(0, 0, 1, 0, 2), SCAN_OF(1, 5, 0, 0, 0), CHROMA_AC};
  static const jpeg_scan_info components_paired[] = {SCAN_OF(0, 0, 0, 1, 0, 2), SCAN_OF(0, 0, 0, 0, 1),
                                                     SCAN_OF(0, 0, 1, 0, 0, 2), SCAN_OF(1, 63, 0, 0, 0), CHROMA_AC};
  static const jpeg_scan_info high_band_withheld[] = {SCAN_OF(0, 0, 0, 1, 0, 1, 2), SCAN_OF(1, 9, 0, 0, 0),
                                                      SCAN_OF(10, 63, 0, 2, 0), CHROMA_AC};
  expect_script_equal(spectral, COUNT(spectral), 6, 0, "spectral selection");
  expect_script_equal(dc_refined, COUNT(dc_refined), 6, 0, "DC refined");
  expect_script_equal(low_band_refined, COUNT(low_band_refined), 6, 0, "low band refined");
  expect_script_equal(low_band_refined, COUNT(low_band_refined), 3, 2, "low band refined, less kept");
  expect_script_equal(whole_band_refined, COUNT(whole_band_refined), 6, 3, "whole band refined");
  expect_script_equal(whole_band_refined, COUNT(whole_band_refined), 64, 0, "whole band refined, all kept");
  expect_script_handled(refined_whole_then_low, COUNT(refined_whole_then_low), 6, 2,
                        "refined as a whole, then in part");
  expect_script_equal(components_alone, COUNT(components_alone), 6, 0, "components alone");
  expect_script_equal(components_paired, COUNT(components_paired), 6, 0, "components paired");
  expect_script_equal(high_band_withheld, COUNT(high_band_withheld), 6, 0, "high band withheld");
}

/* A refinement that cannot be read, since one before it was skipped, may write what follows its band: unless that is
 * not kept, the file is left to libjpeg-turbo. */
static void test_skipped_refinement_before_kept_coefficients_steps_aside(void **state) {
  (void)state;
  static const jpeg_scan_info scans[] = {SCAN_OF(0, 0, 0, 0, 0, 1, 2), SCAN_OF(1, 63, 0, 2, 0), SCAN_OF(1, 63, 2, 1, 0),
                                         SCAN_OF(1, 5, 1, 0, 0),       SCAN_OF(6, 63, 1, 0, 0), CHROMA_AC};
  static const struct {
    unsigned keep;
    bool handled;
  } expected[] = {{3, true}, {6, true}, {7, false}, {10, false}};
  const struct encoded jpeg = encode_script(4, scans, COUNT(scans));
  for (size_t i = 0; i < COUNT(expected); i++) {
    struct blocks_read read = {0};
    blocks_read(&read, jpeg.bytes, jpeg.size, expected[i].keep, NULL);
    assert_int_equal(read.handled, expected[i].handled);
    coefficients_free(&read.coefficients);
  }
  free(jpeg.bytes);
}

/* libjpeg's own script: the low band of luma lacks two bits after its first scan, and its refinements go with all of
 * the other coefficients. */
static void test_bits_missing_of_the_usual_script(void **state) {
  (void)state;
  struct jpeg_recipe recipe = recipe_of(&layouts[4], 70, 70);
  recipe.progressive = true;
  const struct encoded jpeg = encode_textured_jpeg(&recipe, TEXTURE_MIXED);
  static const struct { unsigned keep, missing; } expected[] = {{3, 2}, {6, 2}, {28, 2}, {64, 0}};
  for (size_t i = 0; i < COUNT(expected); i++)
    assert_int_equal(expect_equal(&jpeg, expected[i].keep, "the usual script"), expected[i].missing);
  free(jpeg.bytes);
}

static void test_many_scans(void **state) {
  (void)state;
  static const int scans[] = {73, 90, 100};
  for (size_t i = 0; i < COUNT(scans); i++) {
    const struct encoded jpeg = encode_many_scans(48, 40, scans[i]);
    for (size_t k = 0; k < COUNT(keeps); k++) expect_equal(&jpeg, keeps[k], "one coefficient and bit a scan");
    free(jpeg.bytes);
  }
}

/* libjpeg smooths between blocks when a file ends before coefficients 1 to 9 are whole: then they are not the truth. */
static void test_low_band_withheld_steps_aside(void **state) {
  (void)state;
  static const jpeg_scan_info dc_only[] = {SCAN_OF(0, 0, 0, 0, 0, 1, 2)};
  static const jpeg_scan_info band_missing[] = {SCAN_OF(0, 0, 0, 0, 0, 1, 2), SCAN_OF(1, 5, 0, 0, 0), CHROMA_AC};
  static const jpeg_scan_info bit_missing[] = {SCAN_OF(0, 0, 0, 0, 0, 1, 2), SCAN_OF(1, 63, 0, 2, 0),
                                               SCAN_OF(1, 63, 2, 1, 0), CHROMA_AC};
  static const struct {
    const jpeg_scan_info *scans;
    int count;
  } scripts[] = {{dc_only, COUNT(dc_only)}, {band_missing, COUNT(band_missing)}, {bit_missing, COUNT(bit_missing)}};
  for (size_t i = 0; i < COUNT(scripts); i++) {
    struct jpeg_recipe recipe = recipe_of(&layouts[4], 40, 40);
    recipe.scans = scripts[i].scans;
    recipe.scan_count = scripts[i].count;
    const struct encoded jpeg = encode_textured_jpeg(&recipe, TEXTURE_MIXED);
    expect_aside(&jpeg, "script that ends early");
    free(jpeg.bytes);
  }
}

/* ---- Out of scope, and limits ------------------------------------------------------------------------------------ */

static void expect_recipe_aside(struct jpeg_recipe recipe, const char *what) {
  recipe.width = 40;
  recipe.height = 33;
  const struct encoded jpeg = encode_textured_jpeg(&recipe, TEXTURE_MIXED);
  expect_aside(&jpeg, what);
  free(jpeg.bytes);
}

static void patch_frame(struct encoded *jpeg, size_t offset, uint8_t value) {
  for (size_t i = 0; i + 1 < jpeg->size; i++)
    if (jpeg->bytes[i] == 0xff && (jpeg->bytes[i + 1] & 0xfc) == 0xc0 && jpeg->bytes[i + 1] != 0xc4) {
      jpeg->bytes[i + offset] = value;
      return;
    }
  fail_msg("no frame header");
}

/* An Adobe marker behind libjpeg's JFIF marker: a contradiction when it says RGB. */
static void expect_marker_aside(const struct encoded *jpeg, uint8_t transform, bool aside) {
  static const uint8_t adobe[15] = {0xff, 0xee, 0, 14, 'A', 'd', 'o', 'b', 'e', 0, 100};
  struct encoded marked = {malloc(jpeg->size + 16), jpeg->size + 16};
  assert_non_null(marked.bytes);
  memcpy(marked.bytes, jpeg->bytes, 20);
  memcpy(marked.bytes + 20, adobe, sizeof adobe);
  marked.bytes[35] = transform;
  memcpy(marked.bytes + 36, jpeg->bytes + 20, jpeg->size - 20);
  struct blocks_read read = {0};
  blocks_read(&read, marked.bytes, marked.size, 6, NULL);
  assert_int_equal(read.handled, !aside);
  coefficients_free(&read.coefficients);
  free(marked.bytes);
}

static void test_out_of_scope_steps_aside(void **state) {
  (void)state;
  expect_recipe_aside((struct jpeg_recipe){.pixels = JCS_CMYK, .stored = JCS_CMYK}, "CMYK");
  expect_recipe_aside((struct jpeg_recipe){.pixels = JCS_CMYK, .stored = JCS_YCCK}, "YCCK");
  expect_recipe_aside((struct jpeg_recipe){.pixels = JCS_RGB, .stored = JCS_RGB}, "RGB");
  expect_recipe_aside((struct jpeg_recipe){.pixels = JCS_RGB, .stored = JCS_RGB, .no_adobe_marker = true},
                      "RGB by component names");
  expect_recipe_aside((struct jpeg_recipe){.pixels = JCS_RGB, .stored = JCS_YCbCr, .arithmetic = true}, "arithmetic");
  struct jpeg_recipe plain = {.width = 40, .height = 33, .pixels = JCS_RGB, .stored = JCS_YCbCr};
  const struct encoded ycc = encode_textured_jpeg(&plain, TEXTURE_MIXED);
  expect_marker_aside(&ycc, 0, true);
  expect_marker_aside(&ycc, 1, false);
  free(ycc.bytes);
  static const struct {
    size_t offset;
    uint8_t value;
    const char *what;
  } patches[] = {{4, 12, "12 bits"},         {6, 0, "height below"},        {8, 0, "width"},
                 {1, 0xc3, "lossless"},      {11, 0x11, "luma subsampled"}, {11, 0x31, "fractional sampling"},
                 {14, 0x12, "chroma unlike"}};
  for (size_t i = 0; i < COUNT(patches); i++) {
    struct jpeg_recipe recipe = recipe_of(&layouts[2], 64, 20);
    struct encoded jpeg = encode_textured_jpeg(&recipe, TEXTURE_FLAT);
    patch_frame(&jpeg, patches[i].offset, patches[i].value);
    if (i == 4) patch_frame(&jpeg, 14, 0x22);
    if (i == 1) patch_frame(&jpeg, 5, 0);
    if (i == 2) patch_frame(&jpeg, 7, 0);
    expect_aside(&jpeg, patches[i].what);
    free(jpeg.bytes);
  }
}

/* Over a limit: libjpeg's path names it. */
static void test_limits(void **state) {
  (void)state;
  struct jpeg_recipe recipe = recipe_of(&layouts[4], 64, 40);
  recipe.progressive = true;
  const struct encoded jpeg = encode_textured_jpeg(&recipe, TEXTURE_MIXED);
  for (unsigned i = 0; i < 6; i++) {
    hashscan_limits limits = HASHSCAN_LIMITS_INIT;
    if (i == 1) limits.max_pixels = 64 * 40 - 1;
    if (i == 2) limits.max_jpeg_side = 63;
    if (i == 3) limits.max_jpeg_scans = 9; /* libjpeg's script has ten */
    if (i == 4) limits.max_decoder_bytes = 64;
    if (i == 5) limits.max_jpeg_scans = 10;
    struct blocks_read read = {0};
    blocks_read(&read, jpeg.bytes, jpeg.size, 6, &limits);
    assert_int_equal(read.handled, i == 0 || i == 5);
    coefficients_free(&read.coefficients);
  }
  free(jpeg.bytes);
}

/* A sink that is out of memory ends the decode at any call, and a deadline in the past does as well. */
static void test_refusing_sink_and_deadline(void **state) {
  (void)state;
  for (unsigned progressive = 0; progressive < 2; progressive++) {
    struct jpeg_recipe recipe = recipe_of(&layouts[4], 64, 64);
    recipe.progressive = progressive == 1;
    const struct encoded jpeg = encode_textured_jpeg(&recipe, TEXTURE_MIXED);
    struct blocks_read read = {0};
    blocks_read(&read, jpeg.bytes, jpeg.size, 6, NULL);
    const unsigned calls = read.calls;
    assert_true(calls >= 3);
    for (read.refuse_callback = 1; read.refuse_callback <= calls; read.refuse_callback++) {
      blocks_read(&read, jpeg.bytes, jpeg.size, 6, NULL);
      assert_true(read.handled);
      assert_int_equal(read.status, HASHSCAN_STATUS_LIMIT);
      assert_int_equal(read.calls, read.refuse_callback);
    }
    hashscan_limits limits = HASHSCAN_LIMITS_INIT;
    limits.max_seconds = -1;
    read.refuse_callback = 0;
    blocks_read(&read, jpeg.bytes, jpeg.size, 6, &limits);
    assert_true(read.handled);
    assert_int_equal(read.status, HASHSCAN_STATUS_TIMEOUT);
    coefficients_free(&read.coefficients);
    free(jpeg.bytes);
  }
}

/* ---- Files of others --------------------------------------------------------------------------------------------- */

/* HASHSCAN_CONFORMANCE as in tests/cli/test_conformance.py; tests run from the repository's root. */
static const char *conformance_folder(char *path, size_t size) {
  const char *given = getenv("HASHSCAN_CONFORMANCE");
  snprintf(path, size, "%s/jpeg", given != NULL ? given : "../shared/conformance");
  return path;
}

/* Handled exactly when in reach: Huffman-coded (C0, C1, C2 the only frames), no warnings, luma full. */
static bool expect_conforming(const struct encoded *jpeg, const char *name) {
  struct libjpeg_read truth;
  libjpeg_read(&truth, jpeg->bytes, jpeg->size);
  const bool in_reach = truth.y_is_full && strstr(name, "arith") == NULL;
  assert_false(truth.failed || truth.odd_warnings > 0 || truth.entropy_warnings > 0);
  coefficients_free(&truth.coefficients);
  if (!in_reach) expect_aside(jpeg, name);
  for (size_t k = 0; in_reach && k < COUNT(keeps); k++) expect_equal(jpeg, keeps[k], name);
  return in_reach;
}

static void test_conformance_pictures(void **state) {
  (void)state;
  char path[512];
  DIR *folder = opendir(conformance_folder(path, sizeof path));
  if (folder == NULL) {
    print_message("SKIPPED, NOT CHECKED: no reference pictures at %s\n", path);
    skip();
  }
  unsigned files = 0, in_reach = 0;
  for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
    if (entry->d_name[0] == '.') continue;
    const struct encoded jpeg = encoded_read(path, entry->d_name);
    in_reach += expect_conforming(&jpeg, entry->d_name);
    files++;
    free(jpeg.bytes);
  }
  closedir(folder);
  print_message("%u of %u reference JPEGs read as blocks\n", in_reach, files);
  assert_true(in_reach > files / 2);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_sizes),
      cmocka_unit_test(test_qualities),
      cmocka_unit_test(test_keeps),
      cmocka_unit_test(test_restart_intervals),
      cmocka_unit_test(test_larger_pictures),
      cmocka_unit_test(test_sequential_scripts),
      cmocka_unit_test(test_progressive_scripts),
      cmocka_unit_test(test_skipped_refinement_before_kept_coefficients_steps_aside),
      cmocka_unit_test(test_bits_missing_of_the_usual_script),
      cmocka_unit_test(test_many_scans),
      cmocka_unit_test(test_low_band_withheld_steps_aside),
      cmocka_unit_test(test_out_of_scope_steps_aside),
      cmocka_unit_test(test_limits),
      cmocka_unit_test(test_refusing_sink_and_deadline),
      cmocka_unit_test(test_conformance_pictures),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
