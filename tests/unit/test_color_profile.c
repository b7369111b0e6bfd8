/* SPDX-License-Identifier: Apache-2.0 */
/* Which colour profiles count as everyday ones, as bytes and in the files that carry them, and that no bytes whatever
 * make the reader leave them. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <libdeflate.h>
#include <png.h>

#include "../support/decoded.h"
#include "../support/encode.h"
#include "../support/guard.h"
#include "../support/random.h"
#include "base/bytes.h"
#include "image/color_profile.h"

enum { MAX_TAGS = 12, MAX_BYTES = 20000 };

/* A profile that grows tag by tag: header, table of MAX_TAGS entries, data. */
struct profile {
  uint8_t bytes[MAX_BYTES];
  size_t size;
};

static struct profile profile_start(const char *space, const char *connection) {
  struct profile profile = {.size = 132 + 12 * MAX_TAGS};
  memcpy(profile.bytes + 12, "mntr", 4);
  memcpy(profile.bytes + 16, space, 4);
  memcpy(profile.bytes + 20, connection, 4);
  memcpy(profile.bytes + 36, "acsp", 4);
  return profile;
}

/* Returns where the data is. */
static uint8_t *add_tag(struct profile *profile, const char *name, const char *type, size_t size) {
  const uint32_t count = profile->bytes[131];
  uint8_t *entry = profile->bytes + 132 + 12 * count;
  uint8_t *data = profile->bytes + profile->size;
  assert_true(count < MAX_TAGS && profile->size + size <= MAX_BYTES);
  memcpy(entry, name, 4);
  store_be32(entry + 4, (uint32_t)profile->size);
  store_be32(entry + 8, (uint32_t)size);
  store_be32(profile->bytes + 128, count + 1);
  memcpy(data, type, 4);
  profile->size += size;
  store_be32(profile->bytes, (uint32_t)profile->size);
  return data;
}

static void add_numbers(struct profile *profile, const char *name, const char *type, size_t header, size_t count,
                        const double *values) {
  uint8_t *data = add_tag(profile, name, type, header + 4 * count);
  for (size_t i = 0; i < count; i++) store_be32(data + header + 4 * i, (uint32_t)(int32_t)lround(values[i] * 65536));
}

typedef double (*curve)(double x);

static void add_table(struct profile *profile, const char *name, curve function, uint32_t count) {
  uint8_t *data = add_tag(profile, name, "curv", 12 + 2 * (size_t)count);
  store_be32(data + 8, count);
  for (uint32_t i = 0; i < count; i++) {
    const unsigned value = (unsigned)lround(65535 * function((double)i / (count - 1)));
    data[12 + 2 * i] = (uint8_t)(value >> 8);
    data[13 + 2 * i] = (uint8_t)value;
  }
}

static void add_gamma(struct profile *profile, const char *name, double gamma) {
  uint8_t *data = add_tag(profile, name, "curv", 14);
  store_be32(data + 8, 1);
  store_be32(data + 10, (1u << 16) | (uint32_t)lround(gamma * 256));
}

static void add_parametric(struct profile *profile, const char *name, unsigned type, size_t count,
                           const double *values) {
  add_numbers(profile, name, "para", 12, count, values);
  profile->bytes[profile->size - 4 * count - 3] = (uint8_t)type;
}

static const double srgb_primaries[3][3] = {{0.436, 0.222, 0.014}, {0.385, 0.717, 0.097}, {0.143, 0.061, 0.714}};
static const double srgb_curve[7] = {2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045, 0, 0};

static struct profile with_primaries(const double primaries[3][3]) {
  struct profile profile = profile_start("RGB ", "XYZ ");
  add_numbers(&profile, "rXYZ", "XYZ ", 8, 3, primaries[0]);
  add_numbers(&profile, "gXYZ", "XYZ ", 8, 3, primaries[1]);
  add_numbers(&profile, "bXYZ", "XYZ ", 8, 3, primaries[2]);
  return profile;
}

static struct profile srgb(void) {
  struct profile profile = with_primaries(srgb_primaries);
  add_parametric(&profile, "rTRC", 3, 5, srgb_curve);
  add_parametric(&profile, "gTRC", 3, 5, srgb_curve);
  add_parametric(&profile, "bTRC", 3, 5, srgb_curve);
  return profile;
}

/* The tables of all three channels. */
static struct profile with_table(curve function, uint32_t count) {
  struct profile profile = with_primaries(srgb_primaries);
  add_table(&profile, "rTRC", function, count);
  add_table(&profile, "gTRC", function, count);
  add_table(&profile, "bTRC", function, count);
  return profile;
}

/* From a copy that ends at an unmapped page. */
static bool is_usual(const struct profile *profile, unsigned steps) {
  struct guard input = guard_alloc(profile->size);
  memcpy(input.bytes, profile->bytes, profile->size);
  const bool usual = color_profile_unseen(input.bytes, profile->size, steps) == NULL;
  guard_free(&input);
  return usual;
}

static void expect(const struct profile *profile, bool usual, const char *what) {
  if (is_usual(profile, 255) != usual || is_usual(profile, COLOR_PROFILE_MAX_STEPS) != usual)
    fail_msg("%s: not %s", what, usual ? "usual" : "unusual");
}

/* ---- Curves and primaries ---------------------------------------------------------------------------------------- */

static void test_gammas(void **state) {
  (void)state;
  for (double gamma = 0.5; gamma < 4; gamma += 0.1) {
    struct profile profile = with_primaries(srgb_primaries);
    add_gamma(&profile, "rTRC", 2.2);
    add_gamma(&profile, "gTRC", gamma);
    add_gamma(&profile, "bTRC", 2.2);
    if (gamma > 1.55 && gamma < 2.85) expect(&profile, true, "gamma");
    if (gamma < 1.35 || gamma > 3.45) expect(&profile, false, "gamma");
  }
  struct profile profile = profile_start("GRAY", "XYZ ");
  add_gamma(&profile, "kTRC", 2.2);
  expect(&profile, true, "grey");
  profile = profile_start("GRAY", "XYZ ");
  add_gamma(&profile, "kTRC", 1);
  expect(&profile, false, "linear grey");
  profile = profile_start("GRAY", "Lab ");
  add_gamma(&profile, "kTRC", 1);
  expect(&profile, true, "grey of L*");
}

static double srgb_to_light(double x) {
  return x < 0.04045 ? x / 12.92 : pow((x + 0.055) / 1.055, 2.4);
}

static double rec709_to_light(double x) {
  return x < 0.081 ? x / 4.5 : pow((x + 0.099) / 1.099, 1 / 0.45);
}

static double lightness_to_light(double x) {
  return x < 0.08 ? x / 9.033 : pow((x + 0.16) / 1.16, 3);
}

/* Contrast for one shade of 256, as a hidden picture needs it. */
static double one_step(double x) {
  return pow(x < 0.5 ? x * 0.85 : x, 2.2);
}

/* Many small steps around the curve, of which each is steep. */
static double staircase(double x) {
  return pow(floor(x * 25) / 25, 2.2);
}

/* Nearly three times the contrast for 38 shades, and little for the others: a faint picture in them is seen. */
static double stretch(double x) {
  const double low = 100.0 / 255, high = 138.0 / 255, gap = 0.14;
  const double shown = x < low    ? x * (low - gap) / low
                       : x < high ? low - gap + (x - low) * (high - low + 2 * gap) / (high - low)
                                  : high + gap + (x - high) * (1 - high - gap) / (1 - high);
  return pow(shown, 2.2);
}

static double falling(double x) {
  return pow(x < 0.5 ? x : x < 0.55 ? 1 - x : x, 2.2);
}

/* The exponent of `a10_gama.png`. */
static double faint(double x) {
  return pow(x, 66);
}

static void test_tables(void **state) {
  (void)state;
  static const struct {
    curve function;
    bool usual;
    const char *what;
  } tables[] = {{srgb_to_light, true, "sRGB"}, {rec709_to_light, true, "Rec. 709"}, {lightness_to_light, true, "L*"},
                {one_step, false, "one step"}, {staircase, false, "staircase"},     {falling, false, "falling"},
                {faint, false, "faint"},       {stretch, false, "stretch"}};
  static const uint32_t counts[] = {256, 1024, 2900};
  for (size_t i = 0; i < sizeof tables / sizeof *tables; i++)
    for (size_t c = 0; c < 3; c++) {
      struct profile profile = with_table(tables[i].function, counts[c]);
      expect(&profile, tables[i].usual, tables[i].what);
    }
  struct profile two = with_table(srgb_to_light, 2); /* a straight line */
  expect(&two, false, "linear light");
}

static void test_parametric_curves(void **state) {
  (void)state;
  static const struct {
    unsigned type;
    size_t count;
    double values[7];
    bool usual;
  } curves[] = {{0, 1, {2.2}, true},
                {0, 1, {20}, false},
                {1, 3, {2.2, 1, 0}, true},
                {1, 3, {2.2, 2, -1}, false}, /* black up to half */
                {1, 3, {2.2, 0, 1}, false},
                {2, 4, {2.2, 1, 0, 0}, true},
                {2, 4, {2.2, 1, 0, 0.5}, false},
                {3, 5, {2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045}, true},
                {3, 5, {2.4, 1 / 1.055, 0.055 / 1.055, 0, 0.5}, false},
                {4, 7, {2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045, 0, 0}, true},
                {4, 7, {2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045, 0.3, 0}, false},
                {5, 7, {2.2, 1}, false}};
  for (size_t i = 0; i < sizeof curves / sizeof *curves; i++) {
    struct profile profile = profile_start("GRAY", "XYZ ");
    add_parametric(&profile, "kTRC", curves[i].type, curves[i].count, curves[i].values);
    expect(&profile, curves[i].usual, "parametric");
    profile.size--;
    store_be32(profile.bytes + 132 + 8, 12 + 4 * (uint32_t)curves[i].count - 1);
    expect(&profile, false, "parametric, cut");
  }
}

static void test_primaries(void **state) {
  (void)state;
  static const double usual[][3][3] = {
      {{0.610, 0.311, 0.019}, {0.205, 0.626, 0.061}, {0.149, 0.063, 0.745}},  /* Adobe RGB */
      {{0.515, 0.241, -0.001}, {0.292, 0.692, 0.042}, {0.157, 0.067, 0.784}}, /* Display P3 */
      {{0.673, 0.279, -0.002}, {0.166, 0.675, 0.030}, {0.125, 0.046, 0.797}}, /* BT.2020 */
      {{0.798, 0.288, 0}, {0.135, 0.712, 0}, {0.031, 0, 0.825}},              /* ProPhoto */
      {{0.476, 0.255, 0.019}, {0.340, 0.673, 0.113}, {0.149, 0.073, 0.693}}}; /* Apple RGB */
  for (size_t i = 0; i < sizeof usual / sizeof *usual; i++) {
    struct profile profile = with_primaries(usual[i]);
    add_gamma(&profile, "rTRC", 2.2);
    add_gamma(&profile, "gTRC", 2.2);
    add_gamma(&profile, "bTRC", 2.2);
    expect(&profile, true, "primaries");
  }
  for (size_t i = 0; i < 3; i++) { /* every pair of channels exchanged */
    double exchanged[3][3];
    memcpy(exchanged, srgb_primaries, sizeof exchanged);
    memcpy(exchanged[i], srgb_primaries[(i + 1) % 3], sizeof exchanged[i]);
    memcpy(exchanged[(i + 1) % 3], srgb_primaries[i], sizeof exchanged[i]);
    struct profile profile = with_primaries((const double(*)[3])exchanged);
    add_gamma(&profile, "rTRC", 2.2);
    add_gamma(&profile, "gTRC", 2.2);
    add_gamma(&profile, "bTRC", 2.2);
    expect(&profile, false, "channels exchanged");
  }
}

/* ---- Profiles as a whole ----------------------------------------------------------------------------------------- */

static void test_what_overrides_curves(void **state) {
  (void)state;
  static const char *const tables[] = {"A2B0", "A2B1", "A2B2", "D2B0", "D2B1", "D2B2", "D2B3"};
  for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
    struct profile profile = srgb();
    add_tag(&profile, tables[i], "mft2", 52);
    expect(&profile, false, tables[i]);
  }
  struct profile profile = srgb();
  add_tag(&profile, "B2A0", "mft2", 52);
  expect(&profile, true, "a table for the other direction");
  profile = srgb();
  memcpy(add_tag(&profile, "cicp", "cicp", 12) + 8, "\11\20\0\1", 4);
  expect(&profile, false, "PQ");
  profile = srgb();
  memcpy(add_tag(&profile, "cicp", "cicp", 12) + 8, "\1\15\0\1", 4);
  expect(&profile, true, "sRGB's code points");
}

static void test_what_is_no_profile_for_pixels(void **state) {
  (void)state;
  struct profile profile = srgb();
  profile.bytes[36] = 'x';
  expect(&profile, true, "no signature");
  profile = profile_start("CMYK", "Lab ");
  add_tag(&profile, "A2B0", "mft2", 52);
  expect(&profile, true, "inks");
  profile = srgb();
  for (profile.size = 0; profile.size < 132; profile.size++) expect(&profile, true, "no header");
  for (; profile.size < 400; profile.size++) expect(&profile, false, "cut");
  profile = profile_start("RGB ", "XYZ ");
  expect(&profile, false, "no tags");
}

static void test_random_damage(void **state) {
  (void)state;
  struct random_state random = random_seeded(77);
  unsigned unusual = 0;
  for (int round = 0; round < 4000; round++) {
    struct profile profile = round % 2 == 0 ? srgb() : with_table(srgb_to_light, 300);
    for (uint64_t flips = 1 + random_next(&random) % 8; flips > 0; flips--)
      profile.bytes[128 + random_next(&random) % (profile.size - 128)] = (uint8_t)random_next(&random);
    if (random_next(&random) % 3 == 0) profile.size = random_next(&random) % profile.size;
    unusual += !is_usual(&profile, 255);
  }
  assert_in_range(unusual, 1000, 3999);
}

/* ---- In files ---------------------------------------------------------------------------------------------------- */

static struct encoded append(struct encoded file, const void *bytes, size_t size) {
  file.bytes = realloc(file.bytes, file.size + size);
  assert_non_null(file.bytes);
  if (size > 0) memcpy(file.bytes + file.size, bytes, size);
  file.size += size;
  return file;
}

static struct encoded append_piece(struct encoded file, unsigned number, unsigned count, const uint8_t *data,
                                   size_t size) {
  const size_t length = 2 + 14 + size;
  const uint8_t header[] = {0xff, 0xe2, (uint8_t)(length >> 8), (uint8_t)length};
  const uint8_t place[] = {(uint8_t)number, (uint8_t)count};
  file = append(file, header, sizeof header);
  file = append(file, "ICC_PROFILE", 12);
  return append(append(file, place, 2), data, size);
}

/* The profile in `pieces` pieces of which the first is numbered `first`, and those from `missing` on are left out. */
static struct encoded jpeg_with(const struct profile *profile, unsigned pieces, unsigned first, unsigned missing) {
  const struct jpeg_recipe recipe = {.width = 24, .height = 16, .pixels = JCS_RGB, .stored = JCS_YCbCr};
  const struct encoded plain = encode_textured_jpeg(&recipe, TEXTURE_MIXED);
  struct encoded file = append((struct encoded){0}, plain.bytes, 20);
  for (unsigned i = 0; i < pieces && i < missing; i++) {
    const size_t from = profile->size * i / pieces;
    file = append_piece(file, first + i, pieces, profile->bytes + from, profile->size * (i + 1) / pieces - from);
  }
  file = append(file, plain.bytes + 20, plain.size - 20);
  free(plain.bytes);
  return file;
}

/* Frees the file. Like `part` of the reason, or NULL. */
static void expect_file(struct encoded file, const char *part) {
  struct decoded decoded = decoded_from(file.bytes, file.size, NULL);
  assert_int_equal(decoded.status, HASHSCAN_STATUS_OK);
  if (part == NULL) assert_null(decoded.info.unseen);
  else assert_true(decoded.info.unseen != NULL && strstr(decoded.info.unseen, part) != NULL);
  decoded_free(&decoded);
  free(file.bytes);
}

static void test_jpeg(void **state) {
  (void)state;
  const struct profile usual = srgb();
  const struct profile unusual = with_table(faint, 256);
  expect_file(jpeg_with(&usual, 0, 1, 1), NULL);
  for (unsigned pieces = 1; pieces < 256; pieces += 127) {
    expect_file(jpeg_with(&usual, pieces, 1, pieces), NULL);
    expect_file(jpeg_with(&unusual, pieces, 1, pieces), "unusual");
  }
  expect_file(jpeg_with(&usual, 3, 1, 2), "in pieces");
  expect_file(jpeg_with(&usual, 3, 2, 3), "in pieces");
  expect_file(jpeg_with(&usual, 3, 0, 3), "in pieces");
  const struct encoded once = jpeg_with(&usual, 1, 1, 1);
  struct encoded twice = append((struct encoded){0}, once.bytes, 20);
  twice = append_piece(twice, 1, 1, unusual.bytes, unusual.size);
  twice = append(twice, once.bytes + 20, once.size - 20);
  expect_file(twice, "in pieces");
  /* After the scan it is no profile of this picture. */
  struct encoded after = append((struct encoded){0}, once.bytes, once.size);
  expect_file(append_piece(after, 1, 1, unusual.bytes, unusual.size), NULL);
  free(once.bytes);
}

static unsigned want_all(void *user, const struct image_info *info) {
  (void)user;
  (void)info;
  return 64;
}

static enum image_answer begin_blocks(void *user, const struct image_info *info, const struct image_blocks *blocks) {
  (void)info;
  (void)blocks;
  *(bool *)user = true;
  return IMAGE_TAKEN;
}

static bool take_blocks(void *user, const struct image_block_rows *rows) {
  (void)user;
  (void)rows;
  return true;
}

static void test_jpeg_as_blocks(void **state) {
  (void)state;
  const struct profile unusual = with_table(faint, 256);
  const struct encoded file = jpeg_with(&unusual, 1, 1, 1);
  const hashscan_limits limits = HASHSCAN_LIMITS_INIT;
  bool begun = false;
  const struct image_sink sink = {
      .user = &begun, .want_blocks = want_all, .begin_blocks = begin_blocks, .blocks = take_blocks};
  struct image_info info;
  char reason[HASHSCAN_REASON_SIZE];
  assert_int_equal(image_decode(file.bytes, file.size, &limits, &sink, &info, reason), HASHSCAN_STATUS_OK);
  assert_true(begun && info.unseen != NULL && strstr(info.unseen, "unusual") != NULL);
  free(file.bytes);
}

/* iCCP with a name of one letter, compressed, or `cut` bytes short of it; zeros added make it large. */
static struct encoded png_with(const struct profile *profile, int depth, size_t cut, size_t zeros) {
  static const uint16_t samples[64];
  const struct png_recipe recipe = {.width = 8, .height = 8, .color_type = PNG_COLOR_TYPE_GRAY, .depth = depth};
  const struct encoded plain = encode_png(&recipe, samples);
  struct libdeflate_compressor *compressor = libdeflate_alloc_compressor(6);
  uint8_t *bytes = calloc(1, profile->size + zeros);
  const size_t bound = libdeflate_zlib_compress_bound(compressor, profile->size + zeros);
  uint8_t *chunk = malloc(3 + bound);
  assert_true(bytes != NULL && chunk != NULL);
  memcpy(bytes, profile->bytes, profile->size);
  memcpy(chunk, "x\0\0", 3);
  const size_t size = 3 + libdeflate_zlib_compress(compressor, bytes, profile->size + zeros, chunk + 3, bound);
  const struct encoded png = encode_png_with_chunk(&plain, encode_png_find(&plain, "IDAT"), "iCCP", chunk, size - cut);
  libdeflate_free_compressor(compressor);
  free(bytes);
  free(chunk);
  free(plain.bytes);
  return png;
}

/* Steps between the shades of 8 bits. */
static double fine_steps(double x) {
  const double place = x * 255 - floor(x * 255);
  return pow((floor(x * 255) + (place > 0.5 ? 1 : 0)) / 255, 2.2) * (place > 0.2 && place < 0.4 ? 0.8 : 1);
}

static void test_png(void **state) {
  (void)state;
  const struct profile usual = srgb();
  const struct profile unusual = with_table(faint, 256);
  const struct profile fine = with_table(fine_steps, 2551);
  expect_file(png_with(&usual, 8, 0, 0), NULL);
  expect_file(png_with(&unusual, 8, 0, 0), "unusual");
  expect_file(png_with(&unusual, 8, 0, 100000), "unusual");
  expect_file(png_with(&usual, 8, 0, COLOR_PROFILE_MAX_BYTES), "4 MiB");
  expect_file(png_with(&unusual, 8, 5, 0), NULL); /* no program can inflate it */
  expect_file(png_with(&fine, 8, 0, 0), NULL);
  expect_file(png_with(&fine, 16, 0, 0), "unusual");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_gammas),
      cmocka_unit_test(test_tables),
      cmocka_unit_test(test_parametric_curves),
      cmocka_unit_test(test_primaries),
      cmocka_unit_test(test_what_overrides_curves),
      cmocka_unit_test(test_what_is_no_profile_for_pixels),
      cmocka_unit_test(test_random_damage),
      cmocka_unit_test(test_jpeg),
      cmocka_unit_test(test_jpeg_as_blocks),
      cmocka_unit_test(test_png),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
