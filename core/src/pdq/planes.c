/* SPDX-License-Identifier: Apache-2.0 */
/* Scalar kernels for planes, and the choice of a tier. */
#include "pdq/planes.h"

/* Row of chroma above row `row` of luma in a 4:2:0 picture, counting from planes->chroma; the one below follows. Rows
 * 2k - 1 and 2k of luma are those between chroma rows k - 1 and k. */
static size_t chroma_above(const struct image_planes *planes, size_t row) {
  return (planes->first + row + 1) / 2 - ((size_t)planes->first + 1) / 2;
}

/* The triangle filter down: the row of chroma nearer to the luma has 3/4 of the weight. */
static int sum_down(const struct image_planes *planes, const uint8_t *chroma, size_t row, ptrdiff_t at) {
  const uint8_t *above = chroma + chroma_above(planes, row) * planes->chroma_stride;
  const uint8_t *below = above + planes->chroma_stride;
  const bool nearer_above = (planes->first + row) % 2 == 1;
  return above[at] + below[at] + 2 * (nearer_above ? above : below)[at];
}

/* And along. The roundings go up and down in turn, so that they do not shift the picture. */
static int upsampled(const struct image_planes *planes, const uint8_t *chroma, size_t row, size_t x) {
  const ptrdiff_t near = (ptrdiff_t)x / 2;
  const ptrdiff_t far = x % 2 == 0 ? near - 1 : near + 1;
  const int odd = (int)(x % 2);
  switch (planes->sampling) {
  case IMAGE_420:
    return (3 * sum_down(planes, chroma, row, near) + sum_down(planes, chroma, row, far) + 8 - odd) >> 4;
  case IMAGE_422:
    chroma += row * planes->chroma_stride;
    return (3 * chroma[near] + chroma[far] + 1 + odd) >> 2;
  default:
    return chroma[row * planes->chroma_stride + x];
  }
}

static uint8_t clamped(int value) {
  return (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value);
}

/* T.871's factors in units of 2^-16. */
static void pixel_of(const struct image_planes *planes, size_t row, size_t x, uint8_t rgb[3]) {
  const int y = planes->luma[row * planes->luma_stride + x];
  const int cb = upsampled(planes, planes->chroma[0], row, x) - 128;
  const int cr = upsampled(planes, planes->chroma[1], row, x) - 128;
  rgb[0] = clamped(y + ((91881 * cr + 32768) >> 16));
  rgb[1] = clamped(y + ((-22554 * cb - 46802 * cr + 32768) >> 16));
  rgb[2] = clamped(y + ((116130 * cb + 32768) >> 16));
}

static void weigh_planes_scalar(const struct image_planes *planes, size_t row, size_t count, const uint8_t *weights,
                                float scale, size_t width, float *sums, size_t plane) {
  pdq_planes_assert(planes, row, count, width, sums, plane);
  for (size_t x = 0; x < width; x++) {
    uint32_t sum[3] = {0};
    for (size_t r = 0; r < count; r++) {
      uint8_t rgb[3];
      pixel_of(planes, row + r, x, rgb);
      for (size_t c = 0; c < 3; c++) sum[c] += (uint32_t)weights[r] * rgb[c];
    }
    for (size_t c = 0; c < 3; c++) sums[c * plane + x] += scale * (float)sum[c];
  }
}

static void luma_scalar(float *sums, size_t plane, size_t n) {
  assert(n % 8 == 0 && is_aligned(sums, 32));
  for (size_t x = 0; x < n; x++) sums[x] = 0.299f * sums[x] + 0.587f * sums[plane + x] + 0.114f * sums[2 * plane + x];
}

#if defined(__x86_64__)
#include "pdq/x86/planes_avx2.h"
#endif

struct pdq_planes_kernels pdq_planes_kernels_for(enum cpu_tier tier) {
  struct pdq_planes_kernels kernels = {.pays = false, .weigh = weigh_planes_scalar, .luma = luma_scalar};
#if defined(__x86_64__)
  if (tier < CPU_AVX2) return kernels;
  planes_kernels_avx2(&kernels);
#endif
  (void)tier;
  return kernels;
}
