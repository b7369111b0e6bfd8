/* SPDX-License-Identifier: Apache-2.0 */
/* The fast level: tents against the box passes they stand for, pixels against the exact level, blocks against pixels,
 * masks, and the kernels of every tier against scalar (tests/support/fast_checks.c, which tests/neon/ runs as well). */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../support/encode.h"
#include "../support/fast_checks.h"
#include "../support/guard.h"
#include "../support/hamming_checks.h"
#include "../support/random.h"
#include "pdq/fast.h"
#include "pdq/kernels.h"
#include "pdq/pdq.h"
#include "pdq/spectrum.h"
#include "pdq/tent.h"

/* ---- Tents ------------------------------------------------------------------------------------------------------- */

/* One box pass over n samples as section 4 of DESIGN.md words it, window by window, in double. */
static void box(const double *in, double *out, size_t n) {
  const ptrdiff_t window = (ptrdiff_t)((n + 127) / 128);
  const ptrdiff_t half = (window + 2) / 2;
  for (ptrdiff_t o = 0; o < (ptrdiff_t)n; o++) {
    double sum = 0.0;
    int count = 0;
    for (ptrdiff_t x = o + half - window; x < o + half; x++) {
      if (x < 0 || x >= (ptrdiff_t)n) continue;
      sum += in[x];
      count++;
    }
    out[o] = sum / count;
  }
}

static void check_tents(size_t n) {
  double *weights = malloc(tent_weights_size(n) * sizeof *weights);
  double *dense = calloc(TENT_CELLS * n, sizeof *dense);
  double *unit = calloc(n, sizeof *unit);
  double *once = malloc(n * sizeof *once);
  double *twice = malloc(n * sizeof *twice);
  struct tent_axis axis;
  tent_build(&axis, n, weights);
  for (size_t cell = 0; cell < TENT_CELLS; cell++)
    for (size_t k = 0; k < axis.count[cell]; k++)
      dense[cell * n + axis.first[cell] + k] = axis.unit * weights[cell * axis.stride + k];
  /* Column x of the matrix is what a unit at sample x becomes. */
  for (size_t x = 0; x < n; x++) {
    unit[x] = 1.0;
    box(unit, once, n);
    box(once, twice, n);
    unit[x] = 0.0;
    for (size_t cell = 0; cell < TENT_CELLS; cell++) {
      const double expected = twice[(size_t)(((double)cell + 0.5) * (double)n / 64)];
      if (fabs(dense[cell * n + x] - expected) > 1e-14)
        fail_msg("n %zu, cell %zu, sample %zu: %.17g, not %.17g", n, cell, x, dense[cell * n + x], expected);
    }
  }
  for (size_t cell = 2; cell < TENT_CELLS; cell++)
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
    for (size_t cell = 0; cell < TENT_CELLS; cell++) {
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

/* Blocks of one size with noise, saturated spots included. */
static void paint(uint8_t *pixels, size_t width, size_t height, unsigned channels, uint64_t seed) {
  struct random_state state = random_seeded(seed);
  const unsigned coarse = 1 + (unsigned)(random_next(&state) % 37);
  const unsigned noise = (unsigned)(random_next(&state) % 100);
  for (size_t y = 0; y < height; y++) {
    for (size_t x = 0; x < width; x++) {
      const unsigned block = (unsigned)((x / coarse * 7919 + y / coarse * 104729 + seed) % 251);
      for (unsigned c = 0; c < channels; c++) {
        const unsigned value = block + 40 * c + (unsigned)(random_next(&state) % (noise + 1));
        pixels[(y * width + x) * channels + c] = (uint8_t)(value > 255 ? 255 : value);
      }
    }
  }
}

/* The 64x64 picture and its transform in double, from the box passes themselves. */
struct oracle {
  double picture[64 * 64];
  double coefficients[16 * 16];
};

static void oracle_filter(double *values, size_t n, size_t lines, size_t step, size_t line_step) {
  double *in = malloc(n * sizeof *in);
  double *out = malloc(n * sizeof *out);
  for (size_t line = 0; line < lines; line++) {
    for (size_t k = 0; k < n; k++) in[k] = values[line * line_step + k * step];
    box(in, out, n);
    box(out, in, n);
    for (size_t k = 0; k < n; k++) values[line * line_step + k * step] = in[k];
  }
  free(in);
  free(out);
}

static void oracle_from(const uint8_t *pixels, size_t width, size_t height, unsigned channels, struct oracle *oracle) {
  double *luma = malloc(width * height * sizeof *luma);
  for (size_t k = 0; k < width * height; k++) {
    const uint8_t *p = pixels + k * channels;
    luma[k] = channels == 1 ? p[0] : 0.299 * p[0] + 0.587 * p[1] + 0.114 * p[2];
  }
  oracle_filter(luma, width, height, 1, width);
  oracle_filter(luma, height, width, width, 1);
  for (size_t i = 0; i < 64; i++)
    for (size_t j = 0; j < 64; j++)
      oracle->picture[i * 64 + j] = luma[(size_t)(((double)i + 0.5) * (double)height / 64) * width +
                                         (size_t)(((double)j + 0.5) * (double)width / 64)];
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
  paint(guard.bytes, width, height, channels, seed);
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

/* ---- Hashes and masks -------------------------------------------------------------------------------------------- */

/* The exact hash agrees on each bit that is further from the median than both levels' rounding. */
/* The same for all coefficients. */
static const float *epsilons(float epsilon) {
  static float all[256];
  for (size_t k = 0; k < 256; k++) all[k] = epsilon;
  return all;
}

static void test_certain_bits_are_those_of_exact(void **unused) {
  (void)unused;
  static const size_t sizes[][2] = {{64, 64}, {65, 127}, {300, 401}, {512, 512}, {640, 480}, {1025, 700}, {1300, 257}};
  struct pdq_fast *fast = pdq_fast_create();
  struct pdq_stream *stream = pdq_stream_create();
  struct pdq_fast_result *result = malloc(sizeof *result);
  size_t wrong = 0;
  size_t unknown_bits = 0;
  for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
    for (unsigned channels = 1; channels <= 3; channels += 2) {
      const size_t width = sizes[s][0], height = sizes[s][1];
      uint8_t *pixels = malloc(width * height * channels);
      paint(pixels, width, height, channels, s + 100);
      hashscan_pdq exact[HASHSCAN_TRANSFORM_COUNT];
      int quality;
      assert_true(pdq_stream_begin(stream, (uint32_t)width, (uint32_t)height, channels, HASHSCAN_PROFILE_FULL));
      for (size_t y = 0; y < height; y++) pdq_stream_row(stream, pixels + y * width * channels);
      pdq_stream_finish(stream, true, exact, &quality);
      fast_from(fast, pixels, width, height, channels, height, result);
      assert_true(abs(result->quality - quality) <= 1);
      for (int t = 0; t < HASHSCAN_TRANSFORM_COUNT; t++) {
        hashscan_pdq hash;
        hashscan_pdq plain;
        hashscan_pdq unknown;
        pdq_hash_masked(result->coefficients, (hashscan_transform)t, epsilons(0.02f), &hash, &unknown);
        pdq_hash_of(result->coefficients, (hashscan_transform)t, &plain);
        assert_memory_equal(&hash, &plain, sizeof hash);
        for (size_t b = 0; b < 32; b++) {
          wrong += (size_t)__builtin_popcount((unsigned)((hash.bytes[b] ^ exact[t].bytes[b]) & ~unknown.bytes[b]));
          unknown_bits += (size_t)__builtin_popcount(unknown.bytes[b]);
        }
      }
      free(pixels);
    }
  }
  assert_int_equal(wrong, 0);
  /* Only now and then are two coefficients about equal at the median. */
  assert_true(unknown_bits < 7 * 2 * 8 * 8);
  free(result);
  pdq_stream_destroy(stream);
  pdq_fast_destroy(fast);
}

static void test_mask_is_the_distance_from_the_median(void **unused) {
  (void)unused;
  float coefficients[256];
  for (int k = 0; k < 256; k++) coefficients[k] = (float)((k * 77) % 256 - 100); /* the 128th smallest is 27 */
  hashscan_pdq hash;
  hashscan_pdq unknown;
  for (int epsilon = 0; epsilon < 200; epsilon += epsilon == 0 ? 1 : 13) { /* within 1 there is the median alone */
    pdq_hash_masked(coefficients, HASHSCAN_TRANSFORM_NONE, epsilons((float)epsilon), &hash, &unknown);
    for (size_t k = 0; k < 256; k++) {
      const float from_median = coefficients[k] - 27.0f;
      assert_int_equal(hash.bytes[31 - k / 8] >> k % 8 & 1, from_median > 0.0f);
      assert_int_equal(unknown.bytes[31 - k / 8] >> k % 8 & 1, epsilon > 1 && fabsf(from_median) < (float)epsilon);
    }
  }
}

/* ---- Blocks ------------------------------------------------------------------------------------------------------ */

/* Blocks of a JPEG as the decoder gives them out, read by libjpeg. */
struct blocks {
  struct image_info info;
  struct image_blocks shape;
  int16_t *coefficients; /* shape.wide blocks of shape.stride, shape.high rows */
};

/* Where libjpeg keeps each coefficient of zigzag order. */
static const uint8_t natural_order[64] = {0,  1,  8,  16, 9,  2,  3,  10, 17, 24, 32, 25, 18, 11, 4,  5,
                                          12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6,  7,  14, 21, 28,
                                          35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51,
                                          58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63};

/* `missing` low bits of each magnitude are cut off. */
static struct blocks blocks_from(const struct encoded *jpeg, unsigned keep, size_t stride, uint8_t missing) {
  struct jpeg_decompress_struct decoder;
  struct jpeg_error_mgr errors;
  decoder.err = jpeg_std_error(&errors);
  jpeg_create_decompress(&decoder);
  jpeg_mem_src(&decoder, jpeg->bytes, jpeg->size);
  jpeg_read_header(&decoder, TRUE);
  jvirt_barray_ptr *arrays = jpeg_read_coefficients(&decoder);
  struct blocks blocks = {.info = {HASHSCAN_FORMAT_JPEG, decoder.image_width, decoder.image_height, 1}};
  blocks.shape = (struct image_blocks){
      .wide = (decoder.image_width + 7) / 8, .high = (decoder.image_height + 7) / 8, .keep = keep, .stride = stride};
  for (size_t k = 0; k < 64; k++) {
    blocks.shape.quant[k] = decoder.comp_info[0].quant_table->quantval[natural_order[k]];
    blocks.shape.missing[k] = missing;
  }
  blocks.coefficients = calloc((size_t)blocks.shape.wide * blocks.shape.high * stride, sizeof(int16_t));
  int16_t *to = blocks.coefficients;
  for (uint32_t y = 0; y < blocks.shape.high; y++) {
    JBLOCKARRAY row = decoder.mem->access_virt_barray((j_common_ptr)&decoder, arrays[0], y, 1, FALSE);
    for (uint32_t x = 0; x < blocks.shape.wide; x++, to += stride) {
      for (size_t k = 0; k < keep; k++) {
        const int value = row[0][x][natural_order[k]];
        to[k] = (int16_t)(value < 0 ? -(-value >> missing << missing) : value >> missing << missing);
      }
    }
  }
  jpeg_destroy_decompress(&decoder);
  return blocks;
}

/* The row that ends at an unmapped page is the last one. */
static void fast_from_blocks(struct pdq_fast *fast, const struct blocks *blocks, struct pdq_fast_result *result) {
  const size_t row_size = blocks->shape.wide * blocks->shape.stride;
  struct guard guard = guard_alloc(row_size * blocks->shape.high * sizeof(int16_t));
  memcpy(guard.bytes, blocks->coefficients, row_size * blocks->shape.high * sizeof(int16_t));
  const int16_t *rows = (const int16_t *)(const void *)guard.bytes;
  assert_true(pdq_fast_begin_blocks(fast, &blocks->info, &blocks->shape));
  for (uint32_t y = 0; y < blocks->shape.high;) {
    const uint32_t left = blocks->shape.high - y;
    struct image_block_rows few = {.first = y, .count = left < 1 + y % 4 ? left : 1 + y % 4};
    for (unsigned r = 0; r < few.count; r++) few.luma[r] = rows + (y + r) * row_size;
    pdq_fast_blocks(fast, &few);
    y += few.count;
  }
  pdq_fast_finish(fast, result);
  guard_free(&guard);
}

/* The picture in double by the inverse DCT without rounding or clamping. */
static double decoded_pixel(const struct blocks *blocks, size_t x, size_t y, const double basis[8][8]) {
  const int16_t *block = blocks->coefficients + (y / 8 * blocks->shape.wide + x / 8) * blocks->shape.stride;
  double sum = 128.0;
  for (size_t k = 0; k < blocks->shape.keep; k++) {
    const unsigned m = blocks->shape.missing[k];
    const double sign = (block[k] > 0) - (block[k] < 0);
    const double value = block[k] + sign * ((1 << m) - 1) / 2.0;
    sum += value * blocks->shape.quant[k] * basis[natural_order[k] / 8][y % 8] * basis[natural_order[k] % 8][x % 8];
  }
  return sum;
}

static void check_blocks(struct pdq_fast *fast, size_t width, size_t height, unsigned keep, size_t stride,
                         uint8_t missing, uint64_t seed) {
  uint8_t *pixels = malloc(width * height);
  paint(pixels, width, height, 1, seed);
  const struct jpeg_recipe recipe = {.width = (uint32_t)width,
                                     .height = (uint32_t)height,
                                     .pixels = JCS_GRAYSCALE,
                                     .stored = JCS_GRAYSCALE,
                                     .quality = 80};
  struct encoded jpeg = encode_jpeg(&recipe, pixels);
  struct blocks blocks = blocks_from(&jpeg, keep, stride, missing);
  struct pdq_fast_result *result = malloc(sizeof *result);
  fast_from_blocks(fast, &blocks, result);
  assert_int_equal(result->path, missing == 0 ? PDQ_FAST_BLOCKS : PDQ_FAST_PROGRESSIVE);
  assert_true((result->missing > 0.0f) == (missing > 0));

  double basis[8][8];
  for (size_t u = 0; u < 8; u++)
    for (size_t x = 0; x < 8; x++)
      basis[u][x] = (u == 0 ? sqrt(0.5) : 1.0) / 2 * cos((2 * (double)x + 1) * (double)u * acos(-1.0) / 16);
  double *luma = malloc(width * height * sizeof *luma);
  for (size_t y = 0; y < height; y++)
    for (size_t x = 0; x < width; x++) luma[y * width + x] = decoded_pixel(&blocks, x, y, (const double(*)[8])basis);
  oracle_filter(luma, width, height, 1, width);
  oracle_filter(luma, height, width, width, 1);
  for (size_t i = 0; i < 64; i++) {
    for (size_t j = 0; j < 64; j++) {
      const double expected = luma[(size_t)(((double)i + 0.5) * (double)height / 64) * width +
                                   (size_t)(((double)j + 0.5) * (double)width / 64)];
      if (!(fabs((double)result->picture[i * 64 + j] - expected) < 0.001))
        fail_msg("%zux%zu, %u coefficients: cell %zu, %zu is %g, not %g", width, height, keep, i, j,
                 (double)result->picture[i * 64 + j], expected);
    }
  }
  free(luma);
  free(result);
  free(blocks.coefficients);
  free(jpeg.bytes);
  free(pixels);
}

static void test_blocks_equal_the_operator(void **unused) {
  (void)unused;
  static const size_t sides[] = {5, 8, 61, 64, 127, 130, 257, 513, 640};
  static const unsigned keeps[] = {64, 1, 3, 6, 10, 16, 21};
  struct pdq_fast *fast = pdq_fast_create();
  size_t n = 0;
  for (size_t i = 0; i < sizeof sides / sizeof *sides; i++) {
    for (size_t j = 0; j < sizeof sides / sizeof *sides; j++, n++) {
      const unsigned keep = keeps[n % (sizeof keeps / sizeof *keeps)];
      check_blocks(fast, sides[i], sides[j], keep, n % 2 ? keep : (keep + 7) / 8 * 8,
                   (uint8_t)(n % 5 == 0 ? 1 + n % 3 : 0), n);
    }
  }
  check_blocks(fast, 5, 2000, 64, 64, 0, 1);
  check_blocks(fast, 2000, 11, 6, 16, 2, 2);
  pdq_fast_destroy(fast);
}

/* Every other chroma block has the colour of the case, the others are neutral: the deviation of what is clipped is half
 * of what the case clips. Grey and mild colours clip nothing. */
static void test_clamped_measures_the_gamut(void **unused) {
  (void)unused;
  enum { WIDE = 16, SIDE = 8 * WIDE };
  struct image_blocks shape = {.wide = WIDE,
                               .high = WIDE,
                               .keep = 1,
                               .stride = 8,
                               .chroma_wide = WIDE / 2,
                               .chroma_high = WIDE / 2,
                               .chroma_quant = {8, 8}};
  shape.quant[0] = 8;
  const struct image_info info = {HASHSCAN_FORMAT_JPEG, SIDE, SIDE, 3};
  struct pdq_fast *fast = pdq_fast_create();
  struct pdq_fast_result *result = malloc(sizeof *result);
  static const struct {
    int16_t y, cb, cr; /* levels from 128 */
    float clamped;
  } cases[] = {{0, 0, 0, 0.0f},
               {0, 50, 50, 0.0f},
               {100, 0, 100, 0.299f * (228.0f + 140.2f - 255.0f)},
               {-128, 0, 0, 0.0f},
               {-128, 100, 0, 0.587f * 34.4136f}};
  for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
    int16_t luma[WIDE * 8];
    int16_t blue[WIDE / 2], red[WIDE / 2];
    for (size_t x = 0; x < WIDE * 8; x++) luma[x] = x % 32 == 0 ? cases[c].y : 0;
    for (size_t x = 0; x < WIDE / 2; x++) {
      blue[x] = x % 2 == 0 ? cases[c].cb : 0;
      red[x] = x % 2 == 0 ? cases[c].cr : 0;
    }
    assert_true(pdq_fast_begin_blocks(fast, &info, &shape));
    for (uint32_t y = 0; y < WIDE; y += 2) {
      const struct image_block_rows rows = {.first = y,
                                            .count = 2,
                                            .luma = {luma, luma},
                                            .chroma_first = y / 2,
                                            .chroma_count = 1,
                                            .chroma = {{blue}, {red}}};
      pdq_fast_blocks(fast, &rows);
    }
    pdq_fast_finish(fast, result);
    assert_true(fabsf(result->clamped - cases[c].clamped / 2) < 0.01f);
  }
  free(result);
  pdq_fast_destroy(fast);
}

static void test_keep_falls_with_size(void **unused) {
  (void)unused;
  assert_int_equal(pdq_fast_keep(5, 5), 64);
  assert_int_equal(pdq_fast_keep(300, 4000), 64);
  unsigned last = 64;
  for (uint32_t side = 5; side < 66000; side += 61) {
    const unsigned keep = pdq_fast_keep(side, side);
    assert_true(keep >= 1 && keep <= last);
    last = keep;
  }
}

/* ---- Tiers ------------------------------------------------------------------------------------------------------- */

static void each_tier(bool (*check)(enum cpu_tier)) {
  const enum cpu_tier most = cpu_detected();
  for (enum cpu_tier tier = CPU_AVX2; tier <= CPU_NEON; tier++) {
    if (tier == most || (most != CPU_NEON && tier < most)) assert_true(check(tier));
    else if (tier != CPU_NEON) print_message("SKIPPED: this machine has no %s\n", hamming_tier_name(tier));
  }
}

static void test_weigh(void **unused) {
  (void)unused;
  each_tier(fast_check_weigh);
}

static void test_gather(void **unused) {
  (void)unused;
  each_tier(fast_check_gather);
}

static void test_block_kernels(void **unused) {
  (void)unused;
  each_tier(fast_check_blocks);
}

static void test_spectrum(void **unused) {
  (void)unused;
  each_tier(fast_check_spectrum);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_tents_are_the_adjoint),
      cmocka_unit_test(test_projection_is_the_inverse_dct),
      cmocka_unit_test(test_pixels_equal_the_operator),
      cmocka_unit_test(test_certain_bits_are_those_of_exact),
      cmocka_unit_test(test_mask_is_the_distance_from_the_median),
      cmocka_unit_test(test_blocks_equal_the_operator),
      cmocka_unit_test(test_clamped_measures_the_gamut),
      cmocka_unit_test(test_keep_falls_with_size),
      cmocka_unit_test(test_weigh),
      cmocka_unit_test(test_gather),
      cmocka_unit_test(test_block_kernels),
      cmocka_unit_test(test_spectrum),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
