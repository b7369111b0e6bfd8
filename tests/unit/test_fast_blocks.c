/* SPDX-License-Identifier: Apache-2.0 */
/* The fast level from the blocks of a JPEG: against an inverse DCT in double and the operator over its pixels, with any
 * number of coefficients kept and any bits missing; what clamping costs; how many coefficients a size is given. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../support/coefficients.h"
#include "../support/encode.h"
#include "../support/guard.h"
#include "../support/operator.h"
#include "../support/paint.h"
#include "../support/random.h"
#include "pdq/fast.h"

/* Blocks of a JPEG as the decoder gives them out, read by libjpeg. */
struct blocks {
  struct image_info info;
  struct image_blocks shape;
  int16_t *coefficients; /* shape.wide blocks of shape.stride, shape.high rows */
};

/* `missing` low bits of each magnitude are cut off. */
static struct blocks blocks_from(const struct encoded *jpeg, unsigned keep, size_t stride, uint8_t missing) {
  struct libjpeg_read read = {0};
  libjpeg_read(&read, jpeg->bytes, jpeg->size);
  assert_false(read.failed);
  struct blocks blocks = {.info = read.coefficients.info, .shape = read.coefficients.blocks};
  blocks.shape.keep = keep;
  blocks.shape.stride = stride;
  memset(blocks.shape.missing, missing, sizeof blocks.shape.missing);
  const size_t count = (size_t)blocks.shape.wide * blocks.shape.high;
  blocks.coefficients = calloc(count * stride, sizeof(int16_t));
  for (size_t block = 0; block < count; block++) {
    for (size_t k = 0; k < keep; k++) {
      const int value = read.coefficients.luma[block * 64 + k];
      blocks.coefficients[block * stride + k] =
          (int16_t)(value < 0 ? -(-value >> missing << missing) : value >> missing << missing);
    }
  }
  coefficients_free(&read.coefficients);
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
    sum += value * blocks->shape.quant[k] * basis[coefficients_natural_order[k] / 8][y % 8] *
           basis[coefficients_natural_order[k] % 8][x % 8];
  }
  return sum;
}

static void check_blocks(struct pdq_fast *fast, size_t width, size_t height, unsigned keep, size_t stride,
                         uint8_t missing, uint64_t seed) {
  uint8_t *pixels = malloc(width * height);
  paint_blocks(pixels, width, height, 1, 100, seed);
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
  for (size_t k = 0; k < 256; k++) assert_true((result->missing[k] > 0.0f) == (missing > 0));

  double basis[8][8];
  for (size_t u = 0; u < 8; u++)
    for (size_t x = 0; x < 8; x++)
      basis[u][x] = (u == 0 ? sqrt(0.5) : 1.0) / 2 * cos((2 * (double)x + 1) * (double)u * acos(-1.0) / 16);
  double *luma = malloc(width * height * sizeof *luma);
  for (size_t y = 0; y < height; y++)
    for (size_t x = 0; x < width; x++) luma[y * width + x] = decoded_pixel(&blocks, x, y, (const double(*)[8])basis);
  double picture[64 * 64];
  operator_picture(luma, width, height, picture);
  for (size_t cell = 0; cell < 64 * 64; cell++)
    if (!(fabs((double)result->picture[cell] - picture[cell]) < 0.001))
      fail_msg("%zux%zu, %u coefficients: cell %zu is %g, not %g", width, height, keep, cell,
               (double)result->picture[cell], picture[cell]);
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
  const struct image_info info = {.format = HASHSCAN_FORMAT_JPEG, .width = SIDE, .height = SIDE, .channels = 3};
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
    for (size_t x = 0; x < WIDE * 8; x++) luma[x] = x % 32 == 0 || x % 32 == 8 ? cases[c].y : 0;
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

/* Every block misses the same bits of the same coefficient, as a file that was written for it could have it: no
 * coefficient of the hash moves by more than `missing` says, and one that follows its sign everywhere by all of it. */
static void test_missing_is_the_worst_that_unread_bits_can_do(void **unused) {
  (void)unused;
  enum { WIDE = 40, HIGH = 24, KEEP = 6 };
  struct image_blocks shape = {.wide = WIDE, .high = HIGH, .keep = KEEP, .stride = 8};
  const struct image_info info = {.format = HASHSCAN_FORMAT_JPEG, .width = 8 * WIDE, .height = 8 * HIGH, .channels = 1};
  struct pdq_fast *fast = pdq_fast_create();
  struct pdq_fast_result *as_read = malloc(sizeof *as_read);
  struct pdq_fast_result *in_full = malloc(sizeof *in_full);
  struct random_state random = random_seeded(77);
  for (size_t k = 0; k < KEEP; k++) shape.quant[k] = (uint16_t)(3 + k);
  float most = 0.0f;
  for (unsigned round = 0; round < 64; round++) {
    const size_t chosen = 1 + round % (KEEP - 1);
    int16_t *blocks = calloc(WIDE * HIGH * 8, sizeof *blocks);
    struct blocks picture = {info, shape, blocks};
    for (size_t b = 0; b < WIDE * HIGH; b++)
      for (size_t k = 0; k < KEEP; k++) blocks[8 * b + k] = (int16_t)(random_next(&random) % 41 - 20) * 4;
    picture.shape.missing[chosen] = 2;
    fast_from_blocks(fast, &picture, as_read);
    /* Waves of some frequency along and across. */
    const unsigned along = round % 9, across = round / 9;
    for (size_t b = 0; b < WIDE * HIGH; b++) {
      const double wave = cos(3.14159 * (double)(along * (b % WIDE)) / WIDE + 0.3) *
                          cos(3.14159 * (double)(across * (b / WIDE)) / HIGH + 0.7);
      const int16_t read = blocks[8 * b + chosen];
      const int16_t sign = read > 0 ? 1 : read < 0 ? -1 : wave > 0.0 ? 1 : -1;
      if (read == 0 || (sign > 0) == (wave > 0.0)) blocks[8 * b + chosen] = (int16_t)(read + sign * 3);
    }
    picture.shape.missing[chosen] = 0;
    fast_from_blocks(fast, &picture, in_full);
    for (size_t c = 0; c < 256; c++) {
      const float moved = fabsf(as_read->coefficients[c] - in_full->coefficients[c]);
      assert_true(moved <= as_read->missing[c] + 0.01f);
      if (moved / as_read->missing[c] > most) most = moved / as_read->missing[c];
    }
    free(blocks);
  }
  assert_true(most > 0.3f);
  free(in_full);
  free(as_read);
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

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_blocks_equal_the_operator),
      cmocka_unit_test(test_clamped_measures_the_gamut),
      cmocka_unit_test(test_missing_is_the_worst_that_unread_bits_can_do),
      cmocka_unit_test(test_keep_falls_with_size),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
