/* SPDX-License-Identifier: Apache-2.0 */
/* PDQ: every SIMD tier against the naive oracle, bit for bit; kernels on buffers that end at an unmapped
 * page; the division trick over every mantissa; and a speed line a tier. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../oracles/naive_pdq.h"
#include "../support/guard.h"
#include "../support/paint.h"
#include "../support/random.h"
#include "base/clock.h"
#include "pdq/kernels.h"
#include "pdq/pdq.h"
#include "pdq/spectrum.h"

#if defined(__x86_64__)
#include "pdq/x86/divide_avx2.h"
#endif

static void stream_hash(struct pdq_stream *stream, const uint8_t *pixels, size_t width, size_t height,
                        unsigned channels, hashscan_profile profile, hashscan_pdq hashes[8], int *quality) {
  assert_true(pdq_stream_begin(stream, (uint32_t)width, (uint32_t)height, channels, profile));
  for (size_t y = 0; y < height; y++) pdq_stream_row(stream, pixels + y * width * channels);
  pdq_stream_finish(stream, true, hashes, quality);
}

static void check_size(struct pdq_stream *stream, size_t width, size_t height, unsigned channels, uint64_t seed) {
  const size_t size = width * height * channels;
  struct guard guard = guard_alloc(size);
  uint8_t *pixels = guard.bytes;
  paint_blocks(pixels, width, height, channels, 200, seed);
  hashscan_pdq expected[8];
  hashscan_pdq actual[8];
  int expected_quality;
  int quality;
  assert_true(naive_pdq(pixels, width, height, channels, true, expected, &expected_quality));
  stream_hash(stream, pixels, width, height, channels, HASHSCAN_PROFILE_FULL, actual, &quality);
  if (memcmp(expected, actual, sizeof expected) != 0 || quality != expected_quality)
    fail_msg("%zux%zu, %u channels, seed %llu: differs from the naive reference", width, height, channels,
             (unsigned long long)seed);
  guard_free(&guard);
}

static void test_equals_naive_at_small_sizes(void **unused) {
  (void)unused;
  struct pdq_stream *stream = pdq_stream_create();
  for (size_t width = 1; width <= 70; width++)
    for (size_t height = 1; height <= 70; height += 1 + (width * height) % 3)
      check_size(stream, width, height, (width + height) % 2 ? 3 : 1, width * 1000 + height);
  pdq_stream_destroy(stream);
}

static void test_equals_naive_around_window_sizes(void **unused) {
  (void)unused;
  static const size_t sides[] = {5,   63,  64,  65,  127, 128,  129,  255,  256,
                                 257, 383, 512, 513, 640, 1000, 1024, 1025, 1281};
  const size_t count = sizeof sides / sizeof *sides;
  struct pdq_stream *stream = pdq_stream_create();
  for (size_t i = 0; i < count; i++)
    for (size_t j = 0; j < count; j++) check_size(stream, sides[i], sides[j], i % 2 ? 1 : 3, i * 100 + j);
  pdq_stream_destroy(stream);
}

static void test_equals_naive_at_extreme_shapes(void **unused) {
  (void)unused;
  struct pdq_stream *stream = pdq_stream_create();
  check_size(stream, 65500, 5, 3, 1);
  check_size(stream, 5, 65500, 3, 2);
  check_size(stream, 65500, 4, 1, 3);
  check_size(stream, 20011, 67, 1, 4);
  check_size(stream, 67, 20011, 1, 5);
  pdq_stream_destroy(stream);
}

static void test_uniform_and_saturated_pictures(void **unused) {
  (void)unused;
  struct pdq_stream *stream = pdq_stream_create();
  uint8_t *pixels = malloc(200 * 150);
  for (int value = 0; value <= 255; value += 85) {
    memset(pixels, value, 200 * 150);
    hashscan_pdq expected[8];
    hashscan_pdq actual[8];
    int expected_quality;
    int quality;
    assert_true(naive_pdq(pixels, 200, 150, 1, true, expected, &expected_quality));
    stream_hash(stream, pixels, 200, 150, 1, HASHSCAN_PROFILE_FULL, actual, &quality);
    assert_memory_equal(expected, actual, sizeof expected);
    assert_int_equal(quality, 0);
  }
  free(pixels);
  pdq_stream_destroy(stream);
}

/* RGBX ignores its fourth byte; the nn512 profile hashes what a plain resize would give. */
static void test_rgbx_and_nn512(void **unused) {
  (void)unused;
  static const size_t sizes[][2] = {{513, 100}, {100, 513}, {1024, 768}, {777, 2000}, {512, 512}, {511, 300}};
  struct pdq_stream *stream = pdq_stream_create();
  for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
    const size_t width = sizes[s][0];
    const size_t height = sizes[s][1];
    uint8_t *rgb = malloc(width * height * 3);
    uint8_t *rgbx = malloc(width * height * 4);
    paint_blocks(rgb, width, height, 3, 200, s);
    for (size_t k = 0; k < width * height; k++) {
      memcpy(rgbx + 4 * k, rgb + 3 * k, 3);
      rgbx[4 * k + 3] = (uint8_t)(k * 31);
    }
    const bool resize = width > 512 || height > 512;
    const size_t to_width = resize ? 512 : width;
    const size_t to_height = resize ? 512 : height;
    uint8_t *resized = malloc(to_width * to_height * 3);
    for (size_t y = 0; y < to_height; y++)
      for (size_t x = 0; x < to_width; x++)
        memcpy(resized + (y * to_width + x) * 3, rgb + (y * height / to_height * width + x * width / to_width) * 3, 3);

    hashscan_pdq expected[8];
    hashscan_pdq actual[8];
    int expected_quality;
    int quality;
    assert_true(naive_pdq(resized, to_width, to_height, 3, true, expected, &expected_quality));
    stream_hash(stream, rgbx, width, height, 4, HASHSCAN_PROFILE_NN512, actual, &quality);
    assert_memory_equal(expected, actual, sizeof expected);
    assert_int_equal(quality, expected_quality);
    stream_hash(stream, rgbx, width, height, 4, HASHSCAN_PROFILE_FULL, actual, &quality);
    assert_true(naive_pdq(rgb, width, height, 3, true, expected, &expected_quality));
    assert_memory_equal(expected, actual, sizeof expected);
    free(rgb);
    free(rgbx);
    free(resized);
  }
  pdq_stream_destroy(stream);
}

/* A stream that hashed a large picture gives the same answer for a small one as a fresh stream does. */
static void test_stream_is_reusable(void **unused) {
  (void)unused;
  struct pdq_stream *stream = pdq_stream_create();
  check_size(stream, 900, 700, 3, 9);
  check_size(stream, 64, 64, 3, 10);
  check_size(stream, 3, 3, 3, 11);
  check_size(stream, 33, 950, 1, 12);
  pdq_stream_destroy(stream);
}

/* ---- Kernels, tier by tier --------------------------------------------------------------------------------------- */

static void fill_floats(float *values, size_t n, struct random_state *state) {
  for (size_t k = 0; k < n; k++) values[k] = (float)(random_next(state) >> 40) * (255.0f / 16777216.0f);
}

static void check_luma(const struct pdq_kernels *tier, const struct pdq_kernels *scalar) {
  struct random_state state = random_seeded(7);
  static const unsigned channel_counts[] = {1, 3, 4};
  for (size_t i = 0; i < 3; i++) {
    for (size_t n = 0; n < 70; n++) {
      const unsigned channels = channel_counts[i];
      struct guard pixels = guard_alloc(n * channels);
      struct guard actual = guard_alloc(n * sizeof(float));
      float expected[70];
      for (size_t k = 0; k < n * channels; k++) pixels.bytes[k] = (uint8_t)random_next(&state);
      scalar->luma(pixels.bytes, n, channels, expected);
      tier->luma(pixels.bytes, n, channels, (float *)(void *)actual.bytes);
      assert_memory_equal(actual.bytes, expected, n * sizeof(float));
      guard_free(&pixels);
      guard_free(&actual);
    }
  }
}

/* Every colour there is: 2^24 luma values. */
static void check_luma_exhaustively(const struct pdq_kernels *tier, const struct pdq_kernels *scalar) {
  uint8_t *pixels = malloc(3 * 65536);
  float *expected = malloc(65536 * sizeof *expected);
  float *actual = malloc(65536 * sizeof *actual);
  for (unsigned red = 0; red < 256; red++) {
    for (unsigned k = 0; k < 65536; k++) {
      pixels[3 * k] = (uint8_t)red;
      pixels[3 * k + 1] = (uint8_t)(k >> 8);
      pixels[3 * k + 2] = (uint8_t)k;
    }
    scalar->luma(pixels, 65536, 3, expected);
    tier->luma(pixels, 65536, 3, actual);
    assert_memory_equal(expected, actual, 65536 * sizeof *expected);
  }
  free(pixels);
  free(expected);
  free(actual);
}

static void check_transform(const struct pdq_kernels *tier, const struct pdq_kernels *scalar) {
  struct random_state state = random_seeded(8);
  _Alignas(64) static float dct[16 * 64];
  _Alignas(64) static float picture[64 * 64];
  float expected[256];
  float actual[256];
  pdq_dct_matrix(dct);
  for (int round = 0; round < 20; round++) {
    fill_floats(picture, 64 * 64, &state);
    scalar->transform(dct, picture, expected);
    tier->transform(dct, picture, actual);
    assert_memory_equal(expected, actual, sizeof expected);
  }
}

/* Everything that the strip filter touches, laid out as kernels.h asks, every buffer before an unmapped page. */
struct filter_job {
  struct pdq_strip strip;
  struct guard luma, before, between, entering, leaving, sum;
  float *entering_rows[8];
  const float *leaving_rows[8];
  float count[8], reciprocal[8];
  float out[8][PDQ_SIDE];
};

static float *floats_of(const struct guard *guard) {
  return (float *)(void *)guard->bytes;
}

static void job_open(struct filter_job *job, const struct pdq_box *box, const uint32_t *samples, size_t rows) {
  const size_t width = (box->n + 7) / 8 * 8;
  job->luma = guard_alloc(8 * width * sizeof(float));
  job->before = guard_alloc((box->window + width + box->lead + 8) * 8 * sizeof(float));
  job->between = guard_alloc((box->window + width) * 8 * sizeof(float));
  job->entering = guard_alloc(8 * width * sizeof(float));
  job->leaving = guard_alloc(8 * width * sizeof(float));
  job->sum = guard_alloc(width * sizeof(float));
  struct random_state state = random_seeded(box->n * 9 + rows);
  fill_floats(floats_of(&job->luma), 8 * width, &state);
  fill_floats(floats_of(&job->leaving), 8 * width, &state);
  fill_floats(floats_of(&job->sum), width, &state);
  for (size_t r = 0; r < 8; r++) {
    job->entering_rows[r] = floats_of(&job->entering) + r * width;
    job->leaving_rows[r] = floats_of(&job->leaving) + r * width;
    job->count[r] = (float)(1 + random_next(&state) % 512);
    job->reciprocal[r] = 1.0f / job->count[r];
  }
  job->leaving_rows[7] = job->entering_rows[2];
  job->strip = (struct pdq_strip){
      .along = box,
      .luma = floats_of(&job->luma),
      .stride = width,
      .rows = rows,
      .before = floats_of(&job->before) + 8 * box->window,
      .between = floats_of(&job->between) + 8 * box->window,
      .entering = job->entering_rows,
      .leaving = job->leaving_rows,
      .sum = floats_of(&job->sum),
      .count = job->count,
      .reciprocal = job->reciprocal,
      .samples = samples,
      .out = job->out,
  };
}

static void job_close(struct filter_job *job) {
  struct guard *all[] = {&job->luma, &job->before, &job->between, &job->entering, &job->leaving, &job->sum};
  for (size_t i = 0; i < sizeof all / sizeof *all; i++) guard_free(all[i]);
}

static void check_filter(const struct pdq_kernels *tier, const struct pdq_kernels *scalar, size_t n, size_t rows) {
  float count[1400];
  float reciprocal[1400];
  uint32_t samples[PDQ_SIDE];
  struct pdq_box box = {.n = n, .window = pdq_window(n), .count = count, .reciprocal = reciprocal};
  box.lead = pdq_lead(box.window);
  for (size_t x = 0; x < (n + 7) / 8 * 8; x++) {
    count[x] = (float)(1 + x % box.window);
    reciprocal[x] = 1.0f / count[x];
  }
  for (size_t j = 0; j < PDQ_SIDE; j++) samples[j] = (uint32_t)(((double)j + 0.5) * (double)n / 64);
  static struct filter_job expected;
  static struct filter_job actual;
  job_open(&expected, &box, samples, rows);
  job_open(&actual, &box, samples, rows);
  for (int round = 0; round < 3; round++) {
    scalar->filter(&expected.strip);
    tier->filter(&actual.strip);
    for (size_t r = 0; r < 8; r++)
      assert_memory_equal(expected.entering_rows[r], actual.entering_rows[r], n * sizeof(float));
    assert_memory_equal(expected.sum.bytes, actual.sum.bytes, n * sizeof(float));
    assert_memory_equal(expected.out, actual.out, sizeof expected.out);
  }
  job_close(&expected);
  job_close(&actual);
}

static void check_filters(const struct pdq_kernels *tier, const struct pdq_kernels *scalar) {
  for (size_t n = 5; n < 300; n++) check_filter(tier, scalar, n, n % 9);
  for (size_t rows = 0; rows <= 8; rows++) check_filter(tier, scalar, 1391, rows);
}

static void speed_line(const char *name, const struct pdq_kernels *kernels) {
  enum { SIDE = 1024 };
  static uint8_t pixels[SIDE * 3];
  static float luma[SIDE];
  double best = 1e9;
  for (int round = 0; round < 30; round++) {
    const double start = clock_seconds();
    for (int row = 0; row < 256; row++) kernels->luma(pixels, SIDE, 3, luma);
    const double seconds = clock_seconds() - start;
    if (seconds < best) best = seconds;
  }
  print_message("bench: luma %-7s %6.2f ns per 8 pixels\n", name, best * 1e9 / (256.0 * SIDE / 8));
}

static void test_kernels_of_every_tier(void **unused) {
  (void)unused;
  static const char *const names[] = {"scalar", "avx2"};
  const struct pdq_kernels scalar = pdq_kernels_for(CPU_SCALAR);
  speed_line(names[0], &scalar);
#if defined(__x86_64__)
  if (cpu_detected() < CPU_AVX2) {
    print_message("SKIPPED: this CPU has no AVX2, its PDQ kernels were not checked\n");
    return;
  }
  const struct pdq_kernels avx2 = pdq_kernels_for(CPU_AVX2);
  assert_ptr_not_equal(avx2.luma, scalar.luma);
  check_luma(&avx2, &scalar);
  check_luma_exhaustively(&avx2, &scalar);
  check_transform(&avx2, &scalar);
  check_filters(&avx2, &scalar);
  speed_line(names[1], &avx2);
#endif
}

#if defined(__x86_64__)
/* All 2^23 mantissas of a sum times all row counts of a 65,500 px side, 1 to 512, against the divider. Scaling the sum
 * by a power of two changes nothing. */
__attribute__((target("avx2,fma"))) static void check_every_mantissa(void) {
  for (unsigned n = 1; n <= 512; n++) {
    const __m256 count = _mm256_set1_ps((float)n);
    const __m256 reciprocal = _mm256_set1_ps(1.0f / (float)n);
    const __m256i step = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    __m256 wrong = _mm256_setzero_ps();
    for (int mantissa = 0; mantissa < 1 << 23; mantissa += 8) {
      const __m256i bits = _mm256_add_epi32(_mm256_set1_epi32(0x42800000 | mantissa), step);
      const __m256 sum = _mm256_castsi256_ps(bits);
      const __m256 quotient = divide_avx2(sum, count, reciprocal);
      wrong = _mm256_or_ps(wrong, _mm256_cmp_ps(quotient, _mm256_div_ps(sum, count), _CMP_NEQ_UQ));
    }
    assert_int_equal(_mm256_movemask_ps(wrong), 0);
  }
}

static void test_division_is_exact(void **unused) {
  (void)unused;
  if (cpu_detected() < CPU_AVX2) {
    print_message("SKIPPED: this CPU has no AVX2, its division was not checked\n");
    skip();
  }
  check_every_mantissa();
}
#endif

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_equals_naive_at_small_sizes),
    cmocka_unit_test(test_equals_naive_around_window_sizes),
    cmocka_unit_test(test_equals_naive_at_extreme_shapes),
    cmocka_unit_test(test_uniform_and_saturated_pictures),
    cmocka_unit_test(test_rgbx_and_nn512),
    cmocka_unit_test(test_stream_is_reusable),
    cmocka_unit_test(test_kernels_of_every_tier),
#if defined(__x86_64__)
    cmocka_unit_test(test_division_is_exact),
#endif
  };
  return cmocka_run_group_tests_name("pdq", tests, NULL, NULL);
}
