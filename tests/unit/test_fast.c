/* SPDX-License-Identifier: Apache-2.0 */
/* The fast level: tents against the box passes they stand for, pixels against the exact level, masks, and the kernels
 * of every tier against scalar (tests/support/fast_checks.c, which tests/neon/ runs as well). Blocks are in
 * test_fast_blocks.c. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../support/fast_checks.h"
#include "../support/guard.h"
#include "../support/operator.h"
#include "../support/paint.h"
#include "../support/random.h"
#include "../support/tiers.h"
#include "pdq/certainty.h"
#include "pdq/fast.h"
#include "pdq/kernels.h"
#include "pdq/pdq.h"
#include "pdq/rounding.h"
#include "pdq/spectrum.h"
#include "pdq/tent.h"

/* ---- Tents ------------------------------------------------------------------------------------------------------- */

static void check_tents(size_t n) {
  double *weights = malloc(tent_weights_size(n) * sizeof *weights);
  double *dense = calloc(PDQ_SIDE * n, sizeof *dense);
  double *unit = calloc(n, sizeof *unit);
  double *once = malloc(n * sizeof *once);
  double *twice = malloc(n * sizeof *twice);
  struct tent_axis axis;
  tent_build(&axis, n, weights);
  for (size_t cell = 0; cell < PDQ_SIDE; cell++)
    for (size_t k = 0; k < axis.count[cell]; k++)
      dense[cell * n + axis.first[cell] + k] = axis.unit * weights[cell * axis.stride + k];
  /* Column x of the matrix is what a unit at sample x becomes. */
  for (size_t x = 0; x < n; x++) {
    unit[x] = 1.0;
    operator_box(unit, once, n);
    operator_box(once, twice, n);
    unit[x] = 0.0;
    for (size_t cell = 0; cell < PDQ_SIDE; cell++) {
      const double expected = twice[(size_t)(((double)cell + 0.5) * (double)n / 64)];
      if (fabs(dense[cell * n + x] - expected) > 1e-14)
        fail_msg("n %zu, cell %zu, sample %zu: %.17g, not %.17g", n, cell, x, dense[cell * n + x], expected);
    }
  }
  for (size_t cell = 2; cell < PDQ_SIDE; cell++)
    if (n >= 128) assert_true(axis.first[cell] >= axis.first[cell - 2] + axis.count[cell - 2]);
  free(weights);
  free(dense);
  free(unit);
  free(once);
  free(twice);
}

static void test_tents_are_the_adjoint(void **unused) {
  (void)unused;
  static const size_t sizes[] = {255, 256, 257, 383, 384, 385, 511, 512, 513, 640, 1000, 1024, 1025, 1281, 4000};
  for (size_t n = 5; n <= 200; n++) check_tents(n);
  for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) check_tents(sizes[s]);
}

/* Coefficient u of a block alone, as samples, weighed by the tent. */
static void test_projection_is_the_inverse_dct(void **unused) {
  (void)unused;
  static const size_t sizes[] = {5, 8, 61, 127, 200, 512, 1003};
  const double pi = acos(-1.0);
  for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
    const size_t n = sizes[s];
    double *weights = malloc(tent_weights_size(n) * sizeof *weights);
    struct tent_axis axis;
    tent_build(&axis, n, weights);
    for (size_t cell = 0; cell < PDQ_SIDE; cell++) {
      for (size_t block = 0; block < (n + 7) / 8; block++) {
        double projected[8];
        tent_project(&axis, cell, block, projected);
        for (size_t u = 0; u < 8; u++) {
          double expected = 0.0;
          for (size_t x = 0; x < 8; x++) {
            const size_t sample = 8 * block + x;
            if (sample < axis.first[cell] || sample >= axis.first[cell] + axis.count[cell]) continue;
            const double basis = (u == 0 ? sqrt(0.5) : 1.0) / 2 * cos((2 * (double)x + 1) * (double)u * pi / 16);
            expected += basis * weights[cell * axis.stride + sample - axis.first[cell]];
          }
          assert_true(fabs(projected[u] - expected) < 1e-12 * (double)(axis.window * axis.window));
        }
      }
    }
    free(weights);
  }
}

/* ---- Pixels ------------------------------------------------------------------------------------------------------ */

/* The 64x64 picture and its transform in double, from the box passes themselves. */
struct oracle {
  double picture[64 * 64];
  double coefficients[16 * 16];
};

static void oracle_from(const uint8_t *pixels, size_t width, size_t height, unsigned channels, struct oracle *oracle) {
  double *luma = malloc(width * height * sizeof *luma);
  for (size_t k = 0; k < width * height; k++) {
    const uint8_t *p = pixels + k * channels;
    luma[k] = channels == 1 ? p[0] : 0.299 * p[0] + 0.587 * p[1] + 0.114 * p[2];
  }
  operator_picture(luma, width, height, oracle->picture);
  float dct[16 * 64];
  pdq_dct_matrix(dct);
  double half[16][64] = {0};
  for (size_t i = 0; i < 16; i++)
    for (size_t k = 0; k < 64; k++)
      for (size_t j = 0; j < 64; j++) half[i][j] += (double)dct[i * 64 + k] * oracle->picture[k * 64 + j];
  for (size_t i = 0; i < 16; i++) {
    for (size_t j = 0; j < 16; j++) {
      double sum = 0.0;
      for (size_t k = 0; k < 64; k++) sum += half[i][k] * (double)dct[j * 64 + k];
      oracle->coefficients[i * 16 + j] = sum;
    }
  }
  free(luma);
}

static void fast_from(struct pdq_fast *fast, const uint8_t *pixels, size_t width, size_t height, unsigned channels,
                      size_t rows_at_once, struct pdq_fast_result *result) {
  const size_t stride = width * channels;
  assert_true(pdq_fast_begin(fast, (uint32_t)width, (uint32_t)height, channels));
  for (size_t y = 0; y < height; y += rows_at_once) {
    const size_t rows = height - y < rows_at_once ? height - y : rows_at_once;
    if (rows == 1) pdq_fast_row(fast, pixels + y * stride);
    else pdq_fast_rows(fast, pixels + y * stride, stride, rows);
  }
  pdq_fast_finish(fast, result);
}

/* Float rounding alone: sums over rows are exact up to windows of 256 rows, sums along rows and of the transform are
 * not. Beyond 32,768 rows, sums of 1023 terms reach 2^18 * 255, of which a float keeps 24 bits. */
#define PICTURE_TOLERANCE 0.0002
#define TALL_FACTOR 10
#define COEFFICIENT_TOLERANCE 0.003f

static void check_pixels(struct pdq_fast *fast, size_t width, size_t height, unsigned channels, uint64_t seed) {
  struct guard guard = guard_alloc(width * height * channels);
  paint_blocks(guard.bytes, width, height, channels, 100, seed);
  struct oracle *oracle = malloc(sizeof *oracle);
  struct pdq_fast_result *result = malloc(2 * sizeof *result);
  const double tolerance = PICTURE_TOLERANCE * (height > 32768 ? TALL_FACTOR : 1);
  oracle_from(guard.bytes, width, height, channels, oracle);
  fast_from(fast, guard.bytes, width, height, channels, height, &result[0]);
  for (size_t k = 0; k < 64 * 64; k++)
    if (!(fabs((double)result->picture[k] - oracle->picture[k]) < tolerance))
      fail_msg("%zux%zux%u: pixel %zu is %g, not %g", width, height, channels, k, (double)result->picture[k],
               oracle->picture[k]);
  for (size_t k = 0; k < 256; k++)
    if (!(fabs((double)result->coefficients[k] - oracle->coefficients[k]) < (double)COEFFICIENT_TOLERANCE))
      fail_msg("%zux%zux%u: coefficient %zu is %g, not %g", width, height, channels, k, (double)result->coefficients[k],
               oracle->coefficients[k]);
  assert_int_equal(result->path, PDQ_FAST_PIXELS);

  /* However the rows arrive, and in whatever state the buffers were left. */
  const size_t at_once = 1 + seed % 7;
  assert_true(pdq_fast_begin(fast, (uint32_t)width + 9, (uint32_t)height, channels));
  fast_from(fast, guard.bytes, width, height, channels, at_once, &result[1]);
  for (size_t k = 0; k < 64 * 64; k++)
    assert_true(fabsf(result[1].picture[k] - result[0].picture[k]) < (float)tolerance);
  free(oracle);
  free(result);
  guard_free(&guard);
}

static void test_pixels_equal_the_operator(void **unused) {
  (void)unused;
  static const size_t sides[] = {5, 17, 63, 64, 65, 127, 128, 129, 200, 257, 384, 512, 513, 640, 1000, 1025};
  static const unsigned channels[] = {1, 3, 4};
  struct pdq_fast *fast = pdq_fast_create();
  size_t n = 0;
  for (size_t i = 0; i < sizeof sides / sizeof *sides; i++)
    for (size_t j = 0; j < sizeof sides / sizeof *sides; j++, n++)
      check_pixels(fast, sides[i], sides[j], channels[n % 3], n);
  check_pixels(fast, 5, 4000, 1, 1);
  check_pixels(fast, 4000, 5, 4, 2);
  check_pixels(fast, 65500, 5, 3, 3);
  check_pixels(fast, 5, 65500, 3, 4);
  check_pixels(fast, 70, 8193, 1, 5);
  check_pixels(fast, 70, 8192, 1, 6);
  check_pixels(fast, 2048, 70, 1, 7);
  check_pixels(fast, 70, 2049, 3, 8);
  pdq_fast_destroy(fast);
}

/* The bound of a picture is its own, whatever the same object hashed before: RGBX has more terms in a sum than RGB. */
static void test_bounds_do_not_depend_on_what_came_before(void **unused) {
  (void)unused;
  static const unsigned channels[] = {3, 4, 1};
  struct random_state state = random_seeded(3);
  const size_t width = 1024, height = 128;
  uint8_t *pixels = malloc(width * height * 4);
  for (size_t k = 0; k < width * height * 4; k++) pixels[k] = (uint8_t)random_next(&state);
  struct pdq_fast *used = pdq_fast_create();
  struct pdq_fast_result *results = malloc(2 * sizeof *results);
  for (size_t i = 0; i < 3; i++) {
    struct pdq_fast *fresh = pdq_fast_create();
    fast_from(used, pixels, width, height, channels[i], height, &results[0]);
    fast_from(fresh, pixels, width, height, channels[i], height, &results[1]);
    assert_memory_equal(results[0].rounding, results[1].rounding, sizeof *results[0].rounding);
    pdq_fast_destroy(fresh);
  }
  pdq_fast_destroy(used);
  free(results);
  free(pixels);
}

/* ---- Hashes and masks -------------------------------------------------------------------------------------------- */

/* The picture at both levels. */
struct both {
  struct pdq_fast_result result;
  hashscan_pdq exact[HASHSCAN_TRANSFORM_COUNT];
  int quality;
};

static void hash_both(struct pdq_fast *fast, struct pdq_stream *stream, const uint8_t *pixels, size_t width,
                      size_t height, unsigned channels, struct both *both) {
  assert_true(pdq_stream_begin(stream, (uint32_t)width, (uint32_t)height, channels, HASHSCAN_PROFILE_FULL));
  for (size_t y = 0; y < height; y++) pdq_stream_row(stream, pixels + y * width * channels);
  pdq_stream_finish(stream, true, both->exact, &both->quality);
  fast_from(fast, pixels, width, height, channels, height, &both->result);
}

static size_t count_bits(const hashscan_pdq *bits) {
  static const hashscan_pdq none;
  return hashscan_pdq_distance(bits, &none);
}

static void test_certain_bits_are_those_of_exact(void **unused) {
  (void)unused;
  static const size_t sizes[][2] = {{65, 127},  {128, 128},  {300, 401}, {512, 512},
                                    {640, 480}, {1025, 700}, {1300, 257}};
  struct pdq_fast *fast = pdq_fast_create();
  struct pdq_stream *stream = pdq_stream_create();
  struct both *both = malloc(sizeof *both);
  size_t wrong = 0;
  size_t unknown_bits = 0;
  for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
    for (unsigned channels = 1; channels <= 3; channels += 2) {
      const size_t width = sizes[s][0], height = sizes[s][1];
      uint8_t *pixels = malloc(width * height * channels);
      paint_blocks(pixels, width, height, channels, 100, s + 100);
      hash_both(fast, stream, pixels, width, height, channels, both);
      assert_in_range(both->quality, both->result.quality_low, both->result.quality_high);
      assert_in_range(both->result.quality, both->result.quality_low, both->result.quality_high);
      float epsilon[256];
      hashscan_pdq hashes[HASHSCAN_TRANSFORM_COUNT], unknown[HASHSCAN_TRANSFORM_COUNT], plain;
      pdq_epsilon(&both->result, (uint32_t)width, (uint32_t)height, epsilon);
      pdq_hash_within(both->result.coefficients, epsilon, HASHSCAN_TRANSFORM_COUNT, hashes, unknown);
      for (int t = 0; t < HASHSCAN_TRANSFORM_COUNT; t++) {
        pdq_hash_of(both->result.coefficients, (hashscan_transform)t, &plain);
        assert_memory_equal(&hashes[t], &plain, sizeof plain);
        for (size_t b = 0; b < 32; b++)
          wrong += (size_t)__builtin_popcount(
              (unsigned)((hashes[t].bytes[b] ^ both->exact[t].bytes[b]) & ~unknown[t].bytes[b]));
        unknown_bits += count_bits(&unknown[t]);
      }
      free(pixels);
    }
  }
  assert_int_equal(wrong, 0);
  /* Only now and then are two coefficients about equal at the median. */
  assert_true(unknown_bits < 7 * 2 * 8 * 8);
  free(both);
  pdq_stream_destroy(stream);
  pdq_fast_destroy(fast);
}

/* Coefficient k of a hash's bits. */
static int bit_of(const hashscan_pdq *bits, size_t k) {
  return bits->bytes[31 - k / 8] >> k % 8 & 1;
}

static bool is_transposing(int transform) {
  return transform == HASHSCAN_TRANSFORM_ROT90 || transform == HASHSCAN_TRANSFORM_ROT270 ||
         transform == HASHSCAN_TRANSFORM_FLIPPLUS1 || transform == HASHSCAN_TRANSFORM_FLIPMINUS1;
}

/* Where coefficient k is in the hash of a transformed picture. */
static size_t place_of(int transform, size_t k) {
  return is_transposing(transform) ? k % 16 * 16 + k / 16 : k;
}

/* What the transform multiplies each coefficient by: of a picture with one coefficient of 1, that bit alone is set
 * unless it becomes -1. */
static void signs_of(int transform, float signs[256]) {
  for (size_t k = 0; k < 256; k++) {
    float alone[256] = {0};
    hashscan_pdq hash;
    alone[k] = 1.0f;
    pdq_hash_of(alone, (hashscan_transform)transform, &hash);
    signs[k] = bit_of(&hash, place_of(transform, k)) ? 1.0f : -1.0f;
  }
}

/* The bit of k when it is moved by `own` epsilons and all others by `others`, after the transform. */
static int bit_when_moved(const float *coefficients, const float *epsilon, int transform, const float *signs, size_t k,
                          float own, float others) {
  float moved[256];
  hashscan_pdq hash;
  for (size_t i = 0; i < 256; i++) moved[i] = coefficients[i] + signs[i] * (i == k ? own : others) * epsilon[i];
  pdq_hash_of(moved, (hashscan_transform)transform, &hash);
  return bit_of(&hash, place_of(transform, k));
}

/* A bit can be 0 exactly when it is 0 with its own coefficient as low and all others as high as may be, and likewise 1;
 * so unknown bits are exactly those that can be both. */
static void test_unknown_bits_are_those_that_can_change(void **unused) {
  (void)unused;
  struct random_state state = random_seeded(31);
  size_t unknown_bits = 0;
  float signs[HASHSCAN_TRANSFORM_COUNT][256];
  for (int t = 0; t < HASHSCAN_TRANSFORM_COUNT; t++) signs_of(t, signs[t]);
  for (int round = 0; round < 40; round++) {
    float coefficients[256], epsilon[256];
    for (size_t k = 0; k < 256; k++) {
      /* Whole numbers up to 2^12, so that sums are exact and ties happen. */
      coefficients[k] = (float)(random_next(&state) % 1000) - 500.0f;
      epsilon[k] = round == 0 ? 0.0f : (float)(random_next(&state) % (4 * (uint32_t)round));
    }
    hashscan_pdq hashes[HASHSCAN_TRANSFORM_COUNT], unknown[HASHSCAN_TRANSFORM_COUNT];
    pdq_hash_within(coefficients, epsilon, HASHSCAN_TRANSFORM_COUNT, hashes, unknown);
    for (int t = 0; t < HASHSCAN_TRANSFORM_COUNT; t++) {
      for (size_t k = 0; k < 256; k++) {
        const int low = bit_when_moved(coefficients, epsilon, t, signs[t], k, -1.0f, 1.0f);
        const int high = bit_when_moved(coefficients, epsilon, t, signs[t], k, 1.0f, -1.0f);
        const int is_unknown = bit_of(&unknown[t], place_of(t, k));
        if (epsilon[k] > 0.0f) assert_int_equal(is_unknown, low != high);
        else assert_true(is_unknown >= (low != high));
      }
      if (round == 0) assert_int_equal(count_bits(&unknown[t]), 0);
      unknown_bits += count_bits(&unknown[t]);
    }
  }
  assert_true(unknown_bits > 0);
}

/* Transposing transforms move epsilons with their coefficients. */
static void test_epsilons_go_with_their_coefficients(void **unused) {
  (void)unused;
  struct random_state state = random_seeded(32);
  float coefficients[256], epsilon[256] = {0};
  for (size_t k = 0; k < 256; k++) coefficients[k] = (float)(random_next(&state) % 1000) - 500.0f;
  coefficients[16 * 3 + 9] = 0.0f;
  epsilon[16 * 3 + 9] = 100.0f;
  hashscan_pdq hashes[HASHSCAN_TRANSFORM_COUNT], unknown[HASHSCAN_TRANSFORM_COUNT];
  pdq_hash_within(coefficients, epsilon, HASHSCAN_TRANSFORM_COUNT, hashes, unknown);
  for (int t = 0; t < HASHSCAN_TRANSFORM_COUNT; t++) {
    assert_int_equal(bit_of(&unknown[t], place_of(t, 16 * 3 + 9)), 1);
  }
}

static void test_nothing_is_known_within_infinity(void **unused) {
  (void)unused;
  float coefficients[256], epsilon[256];
  for (size_t k = 0; k < 256; k++) {
    coefficients[k] = (float)k;
    epsilon[k] = INFINITY;
  }
  hashscan_pdq hash, unknown;
  pdq_hash_within(coefficients, epsilon, 1, &hash, &unknown);
  assert_int_equal(count_bits(&unknown), 256);
}

/* All pictures whose differences are within the margins have a quality in the interval. */
static void test_quality_is_an_interval(void **unused) {
  (void)unused;
  struct random_state state = random_seeded(33);
  for (int round = 0; round < 60; round++) {
    float picture[64 * 64], moved[64 * 64];
    const float margin = 0.002f * (float)(round + 1);
    const uint32_t contrast = 2 + (uint32_t)round % 2;
    for (size_t k = 0; k < 64 * 64; k++) {
      picture[k] = 2.55f * (float)(random_next(&state) % contrast); /* differences are where truncation is undecided */
      moved[k] = picture[k] + margin / 2.0f * ((float)(random_next(&state) % 2001) / 1000.0f - 1.0f);
    }
    struct pdq_quality quality;
    pdq_quality_within(picture, margin, margin, &quality);
    assert_in_range(pdq_quality(moved), quality.low, quality.high);
    assert_int_equal(quality.estimate, pdq_quality(picture));
    assert_true(quality.low < quality.high);
  }
}

static void test_quality_of_any_floats_is_from_0_to_100(void **unused) {
  (void)unused;
  static const float extremes[] = {3e38f, -3e38f, INFINITY, -INFINITY, NAN, 1e12f};
  for (size_t i = 0; i < sizeof extremes / sizeof *extremes; i++) {
    float picture[64 * 64] = {0};
    for (size_t k = 0; k < 64 * 64; k += 3) picture[k] = extremes[i];
    assert_int_equal(pdq_quality(picture), 100);
  }
}

/* ---- Tiers ------------------------------------------------------------------------------------------------------- */

static void test_weigh(void **unused) {
  (void)unused;
  tiers_each(fast_check_weigh);
}

static void test_gather(void **unused) {
  (void)unused;
  tiers_each(fast_check_gather);
}

static void test_block_kernels(void **unused) {
  (void)unused;
  tiers_each(fast_check_blocks);
}

static void test_spectrum(void **unused) {
  (void)unused;
  tiers_each(fast_check_spectrum);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_tents_are_the_adjoint),
      cmocka_unit_test(test_projection_is_the_inverse_dct),
      cmocka_unit_test(test_pixels_equal_the_operator),
      cmocka_unit_test(test_bounds_do_not_depend_on_what_came_before),
      cmocka_unit_test(test_certain_bits_are_those_of_exact),
      cmocka_unit_test(test_unknown_bits_are_those_that_can_change),
      cmocka_unit_test(test_epsilons_go_with_their_coefficients),
      cmocka_unit_test(test_nothing_is_known_within_infinity),
      cmocka_unit_test(test_quality_is_an_interval),
      cmocka_unit_test(test_quality_of_any_floats_is_from_0_to_100),
      cmocka_unit_test(test_weigh),
      cmocka_unit_test(test_gather),
      cmocka_unit_test(test_block_kernels),
      cmocka_unit_test(test_spectrum),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
