/* SPDX-License-Identifier: Apache-2.0 */
/* Video luma: what a sample stands for, against its definition in double; the exact level against the naive reference
 * over these values; the fast level against the exact one and its own bound; planes that end at an unmapped page;
 * arguments that are refused; and a speed line a tier. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../oracles/naive_pdq.h"
#include "../support/expect.h"
#include "../support/guard.h"
#include "../support/operator.h"
#include "../support/paint.h"
#include "../support/random.h"
#include "../support/tiers.h"
#include "base/clock.h"
#include "pdq/fast.h"
#include "pdq/luma.h"
#include "pdq/pdq.h"
#include "pdq/rounding.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* The definition of hashscan.h, rounded to a float once. A double holds the quotient so well that rounding it again
 * gives the float next to the true one. */
static float value_of(unsigned sample, unsigned bits, hashscan_luma_range range) {
  const double black = range == HASHSCAN_LUMA_RANGE_LIMITED ? 16.0 * pow(2.0, bits - 8.0) : 0.0;
  const double white = range == HASHSCAN_LUMA_RANGE_LIMITED ? 235.0 * pow(2.0, bits - 8.0) : pow(2.0, bits) - 1.0;
  return (float)(255.0 * (fmin(fmax(sample, black), white) - black) / (white - black));
}

/* ---- Kernels ----------------------------------------------------------------------------------------------------- */

static bool check_values(const struct pdq_luma_kernels *kernels, unsigned bits, hashscan_luma_range range) {
  const struct pdq_luma_range ends = pdq_luma_range(bits, range == HASHSCAN_LUMA_RANGE_LIMITED);
  const size_t n = bits == 8 ? 256 : 65536;
  uint8_t *samples = malloc(2 * n);
  uint8_t *offsets = malloc(2 * n);
  float *values = malloc(n * sizeof *values);
  for (size_t s = 0; s < n; s++) {
    if (bits == 8) samples[s] = (uint8_t)s;
    else ((uint16_t *)(void *)samples)[s] = (uint16_t)s;
  }
  kernels->values(&ends, samples, n, values);
  kernels->offsets(&ends, samples, n, offsets);
  bool same = true;
  for (size_t s = 0; s < n; s++) {
    const unsigned offset = bits == 8 ? offsets[s] : ((uint16_t *)(void *)offsets)[s];
    same = same && values[s] == value_of((unsigned)s, bits, range);
    same = same && offset == (unsigned)lround((double)values[s] * (double)(ends.white - ends.black) / 255.0);
  }
  free(samples);
  free(offsets);
  free(values);
  return same;
}

/* Rows of every length that end at an unmapped page, and are read and written no further. */
static bool check_ends(const struct pdq_luma_kernels *kernels, unsigned bits) {
  const struct pdq_luma_range ends = pdq_luma_range(bits, true);
  struct random_state state = random_seeded(bits);
  bool same = true;
  for (size_t n = 0; n < 100; n++) {
    struct guard samples = guard_alloc(n * ends.bytes);
    struct guard offsets = guard_alloc(n * ends.bytes);
    struct guard values = guard_alloc(n * sizeof(float));
    for (size_t k = 0; k < n * ends.bytes; k++) samples.bytes[k] = (uint8_t)random_next(&state);
    kernels->values(&ends, samples.bytes, n, (float *)(void *)values.bytes);
    kernels->offsets(&ends, samples.bytes, n, offsets.bytes);
    for (size_t x = 0; x < n; x++) {
      const unsigned sample = bits == 8 ? samples.bytes[x] : ((uint16_t *)(void *)samples.bytes)[x];
      same = same && ((float *)(void *)values.bytes)[x] == value_of(sample, bits, HASHSCAN_LUMA_RANGE_LIMITED);
    }
    guard_free(&samples);
    guard_free(&offsets);
    guard_free(&values);
  }
  return same;
}

enum { SPEED_WIDTH = 1920, SPEED_ROWS = 1080 };

static void speed_line(enum cpu_tier tier, const struct pdq_luma_kernels *kernels, unsigned bits) {
  const struct pdq_luma_range ends = pdq_luma_range(bits, true);
  static uint16_t samples[SPEED_WIDTH], offsets[SPEED_WIDTH];
  static float values[SPEED_WIDTH];
  double best[2] = {INFINITY, INFINITY};
  for (int round = 0; round < 5; round++) {
    const double start = clock_seconds();
    for (int row = 0; row < SPEED_ROWS; row++) kernels->values(&ends, samples, SPEED_WIDTH, values);
    const double middle = clock_seconds();
    for (int row = 0; row < SPEED_ROWS; row++) kernels->offsets(&ends, samples, SPEED_WIDTH, offsets);
    best[0] = fmin(best[0], middle - start);
    best[1] = fmin(best[1], clock_seconds() - middle);
  }
  print_message("%-6s %2u bits, 1920x1080: values %.0f us, offsets %.0f us\n", tier_name(tier), bits, best[0] * 1e6,
                best[1] * 1e6);
}

static bool check_kernels(enum cpu_tier tier) {
  const struct pdq_luma_kernels kernels = pdq_luma_kernels_for(tier);
  bool good = true;
  for (unsigned bits = 8; bits <= 16; bits++)
    good = good && check_values(&kernels, bits, HASHSCAN_LUMA_RANGE_FULL) &&
           check_values(&kernels, bits, HASHSCAN_LUMA_RANGE_LIMITED) && check_ends(&kernels, bits);
  speed_line(tier, &kernels, 8);
  speed_line(tier, &kernels, 10);
  return good;
}

static void test_kernels_of_every_tier(void **unused) {
  (void)unused;
  tiers_each(check_kernels);
}

/* ---- Planes ------------------------------------------------------------------------------------------------------ */

/* A plane whose last row ends at an unmapped page, and the levels it stands for. */
struct plane {
  hashscan_luma luma;
  struct guard guard;
  float *values;
};

static unsigned sample_at(const struct plane *plane, size_t x, size_t y) {
  const uint8_t *row = plane->guard.bytes + y * plane->luma.stride;
  return plane->luma.bits == 8 ? row[x] : ((const uint16_t *)(const void *)row)[x];
}

static void set_sample(struct plane *plane, size_t x, size_t y, unsigned sample) {
  uint8_t *row = plane->guard.bytes + y * plane->luma.stride;
  if (plane->luma.bits == 8) row[x] = (uint8_t)sample;
  else ((uint16_t *)(void *)row)[x] = (uint16_t)sample;
}

static void find_values(struct plane *plane) {
  const size_t width = plane->luma.width;
  for (size_t y = 0; y < plane->luma.height; y++)
    for (size_t x = 0; x < width; x++)
      plane->values[y * width + x] = value_of(sample_at(plane, x, y), plane->luma.bits, plane->luma.range);
}

/* Blocks and noise over the whole range of the words, so that some samples lie outside of what stands for black to
 * white. `apart` bytes are between the rows. */
static struct plane plane_painted(size_t width, size_t height, unsigned bits, hashscan_luma_range range, size_t apart,
                                  uint64_t seed) {
  const size_t bytes = bits == 8 ? 1 : 2;
  const size_t stride = width * bytes + apart * bytes;
  struct plane plane = {.luma = HASHSCAN_LUMA_INIT,
                        .guard = guard_alloc(height * stride - apart * bytes),
                        .values = malloc(width * height * sizeof(float))};
  struct random_state state = random_seeded(seed);
  uint8_t *painted = malloc(width * height);
  paint_blocks(painted, width, height, 1, 60, seed);
  plane.luma.samples = plane.guard.bytes;
  plane.luma.stride = stride;
  plane.luma.width = (uint32_t)width;
  plane.luma.height = (uint32_t)height;
  plane.luma.bits = bits;
  plane.luma.range = range;
  for (size_t y = 0; y < height; y++)
    for (size_t x = 0; x < width; x++) {
      unsigned sample = (unsigned)painted[y * width + x] << (bits - 8);
      if (bits > 8) sample |= (unsigned)random_next(&state) & ((1u << (bits - 8)) - 1);
      set_sample(&plane, x, y, sample);
    }
  free(painted);
  find_values(&plane);
  return plane;
}

static void plane_free(struct plane *plane) {
  guard_free(&plane->guard);
  free(plane->values);
}

static hashscan_hasher *new_hasher(hashscan_level level, hashscan_profile profile) {
  hashscan_hash_options options = HASHSCAN_HASH_OPTIONS_INIT;
  options.level = level;
  options.profile = profile;
  options.dihedral = 1;
  hashscan_hasher *hasher;
  assert_int_equal(hashscan_hasher_create(&options, &hasher, NULL), HASHSCAN_SUCCESS);
  return hasher;
}

static void hash_luma(hashscan_hasher *hasher, const struct plane *plane, hashscan_image_hash *out) {
  hashscan_error error = {0};
  if (hashscan_hash_luma(hasher, &plane->luma, out, &error) != HASHSCAN_SUCCESS) fail_msg("%s", error.message);
  assert_int_equal(out->status, HASHSCAN_STATUS_OK);
  assert_int_equal(out->format, HASHSCAN_FORMAT_UNKNOWN);
  assert_int_equal(out->width, plane->luma.width);
  assert_int_equal(out->height, plane->luma.height);
  assert_int_equal(out->hash_count, HASHSCAN_TRANSFORM_COUNT);
}

/* Nearest neighbours, as profile nn512 has them. */
static float *resized(const float *values, size_t width, size_t height) {
  float *to = malloc(512 * 512 * sizeof *to);
  for (size_t y = 0; y < 512; y++)
    for (size_t x = 0; x < 512; x++) to[y * 512 + x] = values[y * height / 512 * width + x * width / 512];
  return to;
}

static void expect_naive(const struct plane *plane, hashscan_profile profile, const hashscan_image_hash *hashed) {
  size_t width = plane->luma.width, height = plane->luma.height;
  float *values;
  if (profile == HASHSCAN_PROFILE_NN512 && (width > 512 || height > 512)) {
    values = resized(plane->values, width, height);
    width = height = 512;
  } else {
    values = malloc(width * height * sizeof *values);
    memcpy(values, plane->values, width * height * sizeof *values);
  }
  float *scratch = malloc(width * height * sizeof *scratch);
  hashscan_pdq hashes[HASHSCAN_TRANSFORM_COUNT];
  int quality;
  naive_pdq_from_luma(values, scratch, width, height, true, hashes, &quality);
  if (memcmp(hashes, hashed->hashes, sizeof hashes) != 0 || quality != hashed->quality)
    fail_msg("%ux%u, %u bits, range %d: differs from the naive reference", plane->luma.width, plane->luma.height,
             plane->luma.bits, (int)plane->luma.range);
  free(values);
  free(scratch);
}

static void check_exact(hashscan_hasher *hasher, hashscan_profile profile, size_t width, size_t height, unsigned bits,
                        hashscan_luma_range range, size_t apart) {
  struct plane plane = plane_painted(width, height, bits, range, apart, width * 31 + height + bits);
  hashscan_image_hash hashed = HASHSCAN_IMAGE_HASH_INIT;
  hash_luma(hasher, &plane, &hashed);
  assert_int_equal(hashed.level, HASHSCAN_LEVEL_EXACT);
  assert_int_equal(hashed.quality_low, hashed.quality);
  assert_int_equal(hashed.quality_high, hashed.quality);
  expect_naive(&plane, profile, &hashed);
  plane_free(&plane);
}

static const hashscan_luma_range ranges[] = {HASHSCAN_LUMA_RANGE_FULL, HASHSCAN_LUMA_RANGE_LIMITED};

static void test_exact_equals_naive(void **unused) {
  (void)unused;
  static const size_t sides[] = {1, 4, 5, 31, 63, 64, 65, 127, 129, 257, 512, 640, 1025};
  static const unsigned bits[] = {8, 10, 8, 12, 16, 9};
  hashscan_hasher *hasher = new_hasher(HASHSCAN_LEVEL_EXACT, HASHSCAN_PROFILE_FULL);
  size_t n = 0;
  for (size_t i = 0; i < COUNT(sides); i++)
    for (size_t j = 0; j < COUNT(sides); j++, n++)
      check_exact(hasher, HASHSCAN_PROFILE_FULL, sides[i], sides[j], bits[n % COUNT(bits)], ranges[n / COUNT(bits) % 2],
                  n % 5 * 7);
  for (unsigned b = 8; b <= 16; b++)
    for (size_t r = 0; r < COUNT(ranges); r++) check_exact(hasher, HASHSCAN_PROFILE_FULL, 300, 201, b, ranges[r], 3);
  hashscan_hasher_destroy(hasher);
}

static void test_exact_equals_naive_at_extreme_shapes(void **unused) {
  (void)unused;
  hashscan_hasher *hasher = new_hasher(HASHSCAN_LEVEL_EXACT, HASHSCAN_PROFILE_FULL);
  check_exact(hasher, HASHSCAN_PROFILE_FULL, 65500, 5, 8, HASHSCAN_LUMA_RANGE_LIMITED, 1);
  check_exact(hasher, HASHSCAN_PROFILE_FULL, 5, 65500, 10, HASHSCAN_LUMA_RANGE_LIMITED, 1);
  check_exact(hasher, HASHSCAN_PROFILE_FULL, 20011, 67, 16, HASHSCAN_LUMA_RANGE_FULL, 0);
  check_exact(hasher, HASHSCAN_PROFILE_FULL, 67, 20011, 8, HASHSCAN_LUMA_RANGE_LIMITED, 0);
  hashscan_hasher_destroy(hasher);
}

static void test_nn512_equals_naive(void **unused) {
  (void)unused;
  static const size_t sizes[][2] = {{513, 100}, {100, 513}, {1920, 1080}, {512, 512}, {300, 200}};
  static const hashscan_level levels[] = {HASHSCAN_LEVEL_EXACT, HASHSCAN_LEVEL_FAST};
  for (size_t l = 0; l < COUNT(levels); l++) {
    hashscan_hasher *hasher = new_hasher(levels[l], HASHSCAN_PROFILE_NN512);
    for (size_t i = 0; i < (levels[l] == HASHSCAN_LEVEL_EXACT ? COUNT(sizes) : 3); i++) {
      check_exact(hasher, HASHSCAN_PROFILE_NN512, sizes[i][0], sizes[i][1], 8, HASHSCAN_LUMA_RANGE_LIMITED, 5);
      check_exact(hasher, HASHSCAN_PROFILE_NN512, sizes[i][0], sizes[i][1], 10, HASHSCAN_LUMA_RANGE_FULL, 5);
    }
    hashscan_hasher_destroy(hasher);
  }
}

/* ---- The fast level ---------------------------------------------------------------------------------------------- */

/* Scaling moves no bit of a hash, so the hash alone would not tell a wrong factor. */
static void check_operator(struct pdq_fast *fast, size_t width, size_t height, unsigned bits,
                           hashscan_luma_range range) {
  struct plane plane = plane_painted(width, height, bits, range, 3, width + height * 3 + bits);
  const struct pdq_luma_range ends = pdq_luma_range(bits, range == HASHSCAN_LUMA_RANGE_LIMITED);
  double *values = malloc(width * height * sizeof *values);
  double *picture = malloc(64 * 64 * sizeof *picture);
  struct pdq_fast_result *result = malloc(sizeof *result);
  for (size_t k = 0; k < width * height; k++) values[k] = (double)plane.values[k];
  operator_picture(values, width, height, picture);
  assert_true(pdq_fast_begin_luma(fast, (uint32_t)width, (uint32_t)height, &ends));
  /* In two calls, the first of which ends within a group of rows. */
  const size_t first = height < 21 ? height : 21;
  pdq_fast_rows(fast, plane.guard.bytes, plane.luma.stride, first);
  pdq_fast_rows(fast, plane.guard.bytes + first * plane.luma.stride, plane.luma.stride, height - first);
  pdq_fast_finish(fast, result);
  for (size_t k = 0; k < 64 * 64; k++)
    if (!(fabs((double)result->picture[k] - picture[k]) < (width + height > 32768 ? 0.002 : 0.0002)))
      fail_msg("%zux%zu, %u bits: pixel %zu is %g, not %g", width, height, bits, k, (double)result->picture[k],
               picture[k]);
  free(values);
  free(picture);
  free(result);
  plane_free(&plane);
}

static void test_fast_equals_the_operator(void **unused) {
  (void)unused;
  static const size_t sides[] = {5, 17, 64, 129, 200, 513, 1000};
  struct pdq_fast *fast = pdq_fast_create();
  size_t n = 0;
  for (size_t i = 0; i < COUNT(sides); i++)
    for (size_t j = 0; j < COUNT(sides); j++, n++)
      check_operator(fast, sides[i], sides[j], 8 + (unsigned)(n % 9), ranges[n % 2]);
  check_operator(fast, 4000, 5, 8, HASHSCAN_LUMA_RANGE_LIMITED);
  check_operator(fast, 65500, 5, 16, HASHSCAN_LUMA_RANGE_FULL);
  check_operator(fast, 5, 65500, 10, HASHSCAN_LUMA_RANGE_LIMITED);
  pdq_fast_destroy(fast);
}

/* Coefficients of both levels are no further apart than the bound, which is not loose beyond use. */
static void check_bound(struct pdq_fast *fast, struct pdq_stream *stream, const struct plane *plane) {
  const hashscan_luma *luma = &plane->luma;
  const struct pdq_luma_range ends = pdq_luma_range(luma->bits, luma->range == HASHSCAN_LUMA_RANGE_LIMITED);
  struct pdq_fast_result *result = malloc(sizeof *result);
  float exact[16 * 16];
  hashscan_pdq hash;
  int quality;
  assert_true(pdq_fast_begin_luma(fast, luma->width, luma->height, &ends));
  pdq_fast_rows(fast, luma->samples, luma->stride, luma->height);
  pdq_fast_finish(fast, result);
  assert_true(pdq_stream_begin_luma(stream, luma->width, luma->height, &ends, HASHSCAN_PROFILE_FULL));
  for (size_t y = 0; y < luma->height; y++) pdq_stream_row(stream, plane->guard.bytes + y * luma->stride);
  pdq_stream_finish(stream, false, &hash, &quality);
  pdq_stream_coefficients(stream, exact);
  for (size_t k = 0; k < 16 * 16; k++)
    assert_true(fabsf(exact[k] - result->coefficients[k]) <= result->rounding->coefficients[k]);
  for (size_t k = 0; k < 64 * 64; k++)
    assert_true(fabsf(pdq_stream_picture(stream)[k] - result->picture[k]) <= result->rounding->picture);
  assert_true(result->rounding->coefficients[0] < 3.0f);
  free(result);
}

static unsigned wrong_bits(const hashscan_image_hash *fast, const hashscan_image_hash *exact) {
  unsigned wrong = 0;
  for (size_t t = 0; t < HASHSCAN_TRANSFORM_COUNT; t++)
    for (size_t b = 0; b < sizeof fast->hashes[t].bytes; b++)
      wrong += (unsigned)__builtin_popcount(
          (unsigned)((fast->hashes[t].bytes[b] ^ exact->hashes[t].bytes[b]) & ~fast->unknown[t].bytes[b]));
  return wrong;
}

static void test_certain_bits_are_those_of_exact(void **unused) {
  (void)unused;
  static const size_t sizes[][2] = {{128, 128}, {300, 401}, {640, 480}, {1025, 700}, {1920, 1080}, {257, 2100}};
  hashscan_hasher *fast = new_hasher(HASHSCAN_LEVEL_FAST, HASHSCAN_PROFILE_FULL);
  hashscan_hasher *exact = new_hasher(HASHSCAN_LEVEL_EXACT, HASHSCAN_PROFILE_FULL);
  struct pdq_fast *bare_fast = pdq_fast_create();
  struct pdq_stream *bare_exact = pdq_stream_create();
  for (size_t s = 0; s < COUNT(sizes); s++) {
    for (unsigned bits = 8; bits <= 16; bits += bits == 12 ? 4 : 2) {
      for (size_t r = 0; r < COUNT(ranges); r++) {
        struct plane plane = plane_painted(sizes[s][0], sizes[s][1], bits, ranges[r], s, s * 100 + bits);
        hashscan_image_hash of_fast = HASHSCAN_IMAGE_HASH_INIT, of_exact = HASHSCAN_IMAGE_HASH_INIT;
        hash_luma(fast, &plane, &of_fast);
        hash_luma(exact, &plane, &of_exact);
        assert_int_equal(of_fast.level, HASHSCAN_LEVEL_FAST);
        assert_int_equal(wrong_bits(&of_fast, &of_exact), 0);
        assert_in_range(of_exact.quality, of_fast.quality_low, of_fast.quality_high);
        check_bound(bare_fast, bare_exact, &plane);
        plane_free(&plane);
      }
    }
  }
  pdq_stream_destroy(bare_exact);
  pdq_fast_destroy(bare_fast);
  hashscan_hasher_destroy(exact);
  hashscan_hasher_destroy(fast);
}

/* ---- What samples stand for -------------------------------------------------------------------------------------- */

/* 8 bits of full range are a grey picture at every level. */
static void test_full_bytes_are_grey_pixels(void **unused) {
  (void)unused;
  static const hashscan_level levels[] = {HASHSCAN_LEVEL_EXACT, HASHSCAN_LEVEL_FAST, HASHSCAN_LEVEL_BLOCKS};
  struct plane plane = plane_painted(640, 333, 8, HASHSCAN_LUMA_RANGE_FULL, 11, 5);
  for (size_t l = 0; l < COUNT(levels); l++) {
    hashscan_hasher *hasher = new_hasher(levels[l], HASHSCAN_PROFILE_FULL);
    hashscan_image_hash luma = HASHSCAN_IMAGE_HASH_INIT, pixels = HASHSCAN_IMAGE_HASH_INIT;
    hash_luma(hasher, &plane, &luma);
    assert_int_equal(hashscan_hash_pixels(hasher, plane.guard.bytes, 640, 333, 1, plane.luma.stride, &pixels, NULL),
                     HASHSCAN_SUCCESS);
    assert_memory_equal(&luma, &pixels, sizeof luma);
    hashscan_hasher_destroy(hasher);
  }
  plane_free(&plane);
}

/* Ten bits at the upper end of a word are sixteen. */
static void test_p010_is_16_bits(void **unused) {
  (void)unused;
  struct plane plane = plane_painted(400, 300, 10, HASHSCAN_LUMA_RANGE_LIMITED, 0, 6);
  hashscan_image_hash low = HASHSCAN_IMAGE_HASH_INIT, high = HASHSCAN_IMAGE_HASH_INIT;
  hashscan_hasher *hasher = new_hasher(HASHSCAN_LEVEL_EXACT, HASHSCAN_PROFILE_FULL);
  hash_luma(hasher, &plane, &low);
  for (size_t y = 0; y < 300; y++)
    for (size_t x = 0; x < 400; x++) set_sample(&plane, x, y, sample_at(&plane, x, y) << 6);
  plane.luma.bits = 16;
  hash_luma(hasher, &plane, &high);
  assert_memory_equal(&low, &high, sizeof low);
  hashscan_hasher_destroy(hasher);
  plane_free(&plane);
}

/* What is below black, above white or above the bits of a sample changes nothing, at any level. */
static void test_what_nobody_sees_changes_nothing(void **unused) {
  (void)unused;
  static const hashscan_level levels[] = {HASHSCAN_LEVEL_EXACT, HASHSCAN_LEVEL_FAST};
  static const unsigned bits[] = {8, 10, 12};
  for (size_t b = 0; b < COUNT(bits); b++) {
    struct plane plane = plane_painted(300, 260, bits[b], HASHSCAN_LUMA_RANGE_LIMITED, 0, 7);
    const unsigned scale = bits[b] - 8;
    for (size_t l = 0; l < COUNT(levels); l++) {
      hashscan_hasher *hasher = new_hasher(levels[l], HASHSCAN_PROFILE_FULL);
      struct random_state state = random_seeded(l);
      hashscan_image_hash at_ends = HASHSCAN_IMAGE_HASH_INIT, beyond = HASHSCAN_IMAGE_HASH_INIT;
      size_t changed = 0;
      for (size_t k = 0; k < 300 * 260; k++) {
        const unsigned sample = sample_at(&plane, k % 300, k / 300);
        if (sample <= 16u << scale) set_sample(&plane, k % 300, k / 300, 16u << scale);
        if (sample >= 235u << scale) set_sample(&plane, k % 300, k / 300, 235u << scale);
      }
      hash_luma(hasher, &plane, &at_ends);
      for (size_t k = 0; k < 300 * 260; k++) {
        const unsigned sample = sample_at(&plane, k % 300, k / 300);
        const unsigned most = bits[b] == 8 ? 255 : 65535;
        if (sample == 16u << scale) set_sample(&plane, k % 300, k / 300, (unsigned)random_next(&state) % (sample + 1));
        if (sample == 235u << scale)
          set_sample(&plane, k % 300, k / 300, sample + (unsigned)random_next(&state) % (most - sample + 1));
        changed += sample_at(&plane, k % 300, k / 300) != sample;
      }
      assert_true(changed > 100);
      hash_luma(hasher, &plane, &beyond);
      assert_memory_equal(&at_ends, &beyond, sizeof at_ends);
      hashscan_hasher_destroy(hasher);
    }
    plane_free(&plane);
  }
}

/* ---- Arguments --------------------------------------------------------------------------------------------------- */

static void test_arguments(void **unused) {
  (void)unused;
  _Alignas(2) static uint8_t samples[64 * 64 * 2];
  hashscan_hasher *hasher = new_hasher(HASHSCAN_LEVEL_FAST, HASHSCAN_PROFILE_FULL);
  hashscan_image_hash out = HASHSCAN_IMAGE_HASH_INIT;
  hashscan_luma good;
  hashscan_luma_default(NULL, sizeof good);
  hashscan_luma_default(&good, sizeof good);
  const hashscan_luma initial = HASHSCAN_LUMA_INIT;
  assert_memory_equal(&good, &initial, sizeof good);
  good.samples = samples;
  good.stride = 64;
  good.width = good.height = 64;
  assert_int_equal(hashscan_hash_luma(hasher, &good, &out, NULL), HASHSCAN_SUCCESS);
  EXPECT(HASHSCAN_E_ARGUMENT, hashscan_hash_luma(NULL, &good, &out, error));
  EXPECT(HASHSCAN_E_ARGUMENT, hashscan_hash_luma(hasher, NULL, &out, error));
  EXPECT(HASHSCAN_E_ARGUMENT, hashscan_hash_luma(hasher, &good, NULL, error));

#define EXPECT_LUMA(code, field, value)                                                                                \
  do {                                                                                                                 \
    hashscan_luma bad = good;                                                                                          \
    bad.field = value;                                                                                                 \
    EXPECT(code, hashscan_hash_luma(hasher, &bad, &out, error));                                                       \
  } while (0)
  EXPECT_LUMA(HASHSCAN_E_ARGUMENT, size, 4);
  EXPECT_LUMA(HASHSCAN_E_ARGUMENT, samples, NULL);
  EXPECT_LUMA(HASHSCAN_E_ARGUMENT, bits, 7);
  EXPECT_LUMA(HASHSCAN_E_ARGUMENT, bits, 17);
  EXPECT_LUMA(HASHSCAN_E_ARGUMENT, bits, 0);
  EXPECT_LUMA(HASHSCAN_E_ARGUMENT, range, (hashscan_luma_range)2);
  EXPECT_LUMA(HASHSCAN_E_ARGUMENT, range, (hashscan_luma_range)-1);
  EXPECT_LUMA(HASHSCAN_E_ARGUMENT, width, 0);
  EXPECT_LUMA(HASHSCAN_E_ARGUMENT, height, 0);
  EXPECT_LUMA(HASHSCAN_E_ARGUMENT, stride, 63);
  EXPECT_LUMA(HASHSCAN_E_ARGUMENT, stride, SIZE_MAX);
  EXPECT_LUMA(HASHSCAN_E_ARGUMENT, bits, 10); /* rows of 128 bytes */

  hashscan_luma words = good;
  words.bits = 10;
  words.stride = 128;
  assert_int_equal(hashscan_hash_luma(hasher, &words, &out, NULL), HASHSCAN_SUCCESS);
  words.stride = 129;
  EXPECT(HASHSCAN_E_ARGUMENT, hashscan_hash_luma(hasher, &words, &out, error));
  words.stride = 126;
  EXPECT(HASHSCAN_E_ARGUMENT, hashscan_hash_luma(hasher, &words, &out, error));
  words.stride = 128;
  words.samples = samples + 1;
  words.height = 63;
  EXPECT(HASHSCAN_E_ARGUMENT, hashscan_hash_luma(hasher, &words, &out, error));

  hashscan_luma large = good;
  large.width = 65501;
  large.height = 1;
  large.stride = large.width;
  EXPECT(HASHSCAN_E_LIMIT, hashscan_hash_luma(hasher, &large, &out, error));
  large.width = large.height = 10001;
  large.stride = large.width;
  EXPECT(HASHSCAN_E_LIMIT, hashscan_hash_luma(hasher, &large, &out, error));
  hashscan_hasher_destroy(hasher);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_kernels_of_every_tier),
      cmocka_unit_test(test_exact_equals_naive),
      cmocka_unit_test(test_exact_equals_naive_at_extreme_shapes),
      cmocka_unit_test(test_nn512_equals_naive),
      cmocka_unit_test(test_fast_equals_the_operator),
      cmocka_unit_test(test_certain_bits_are_those_of_exact),
      cmocka_unit_test(test_full_bytes_are_grey_pixels),
      cmocka_unit_test(test_p010_is_16_bits),
      cmocka_unit_test(test_what_nobody_sees_changes_nothing),
      cmocka_unit_test(test_arguments),
  };
  return cmocka_run_group_tests_name("luma", tests, NULL, NULL);
}
