/* SPDX-License-Identifier: Apache-2.0 */
/* Scalar kernels of PDQ, and the choice of a tier. */
#include "pdq/kernels.h"

static void luma_scalar(const uint8_t *pixels, size_t n, unsigned channels, float *luma) {
  pdq_assert_channels(channels);
  if (channels == 1) {
    for (size_t x = 0; x < n; x++) luma[x] = (float)pixels[x];
    return;
  }
  for (size_t x = 0; x < n; x++, pixels += channels)
    luma[x] = 0.299f * (float)pixels[0] + 0.587f * (float)pixels[1] + 0.114f * (float)pixels[2];
}

static void filter_along(const struct pdq_strip *strip, size_t r) {
  const struct pdq_box *box = strip->along;
  const float *row = strip->luma + r * strip->stride;
  float sum = 0.0f;
  for (size_t x = 0; x < box->lead; x++) sum += row[x];
  for (size_t x = 0; x < box->n; x++) {
    const size_t entering = x + box->lead;
    if (entering < box->n) sum += row[entering];
    if (entering >= box->window) sum -= row[entering - box->window];
    strip->entering[r][x] = sum / box->count[x];
  }
}

static void filter_across(const struct pdq_strip *strip, size_t r) {
  for (size_t x = 0; x < strip->along->n; x++) {
    if (r < strip->rows) strip->sum[x] += strip->entering[r][x];
    strip->sum[x] -= strip->leaving[r][x];
    strip->between[PDQ_STRIP * x + r] = strip->sum[x] / strip->count[r];
  }
}

static void filter_along_sampled(const struct pdq_strip *strip, size_t r) {
  const struct pdq_box *box = strip->along;
  const float *row = strip->between + r;
  float sum = 0.0f;
  size_t entering = 0;
  for (size_t j = 0; j < PDQ_SIDE; j++) {
    for (; entering <= strip->samples[j] + box->lead; entering++) {
      sum += row[PDQ_STRIP * entering];
      if (entering >= box->window) sum -= row[PDQ_STRIP * (entering - box->window)];
    }
    strip->out[r][j] = sum / box->count[strip->samples[j]];
  }
}

static void filter_scalar(const struct pdq_strip *strip) {
  pdq_assert_strip(strip);
  for (size_t r = 0; r < PDQ_STRIP; r++) filter_along(strip, r);
  for (size_t r = 0; r < PDQ_STRIP; r++) filter_across(strip, r);
  for (size_t r = 0; r < PDQ_STRIP; r++) filter_along_sampled(strip, r);
}

static void transform_scalar(const float *dct, const float *picture, float *coefficients) {
  assert(is_aligned(picture, 32));
  float half[PDQ_COEFFICIENTS][PDQ_SIDE];
  for (size_t i = 0; i < PDQ_COEFFICIENTS; i++) {
    for (size_t j = 0; j < PDQ_SIDE; j++) {
      float sum = 0.0f;
      for (size_t k = 0; k < PDQ_SIDE; k++) sum += dct[i * PDQ_SIDE + k] * picture[k * PDQ_SIDE + j];
      half[i][j] = sum;
    }
  }
  for (size_t i = 0; i < PDQ_COEFFICIENTS; i++) {
    for (size_t j = 0; j < PDQ_COEFFICIENTS; j++) {
      float sum = 0.0f;
      for (size_t k = 0; k < PDQ_SIDE; k++) sum += half[i][k] * dct[j * PDQ_SIDE + k];
      coefficients[i * PDQ_COEFFICIENTS + j] = sum;
    }
  }
}

#if defined(__x86_64__)
#include "pdq/x86/kernels_avx2.h"
#endif

struct pdq_kernels pdq_kernels_for(enum cpu_tier tier) {
  struct pdq_kernels kernels = {
      .luma = luma_scalar,
      .filter = filter_scalar,
      .transform = transform_scalar,
  };
#if defined(__x86_64__)
  if (tier < CPU_AVX2) return kernels;
  kernels_avx2(&kernels);
#endif
  (void)tier;
  return kernels;
}
