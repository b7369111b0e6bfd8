/* SPDX-License-Identifier: Apache-2.0 */
/* Scalar kernels of the fast level, and the choice of a tier. */
#include "pdq/fast_kernels.h"

#include <string.h>

/* Also the last columns of every other tier, which begin anywhere. */
static void weigh_rest(const uint8_t *rows, size_t stride, size_t count, const uint8_t *weights, size_t n,
                       float *sums) {
  for (size_t x = 0; x < n; x++) {
    uint32_t sum = 0;
    for (size_t r = 0; r < count; r++) sum += (uint32_t)weights[r] * rows[r * stride + x];
    sums[x] += (float)sum;
  }
}

static void weigh_scalar(const uint8_t *rows, size_t stride, size_t count, const uint8_t *weights, size_t n,
                         float *sums) {
  assert(count <= PDQ_GROUP_ROWS);
  pdq_fast_assert_sums(sums);
  weigh_rest(rows, stride, count, weights, n, sums);
}

static void weigh_float_rest(const uint8_t *rows, size_t stride, size_t count, const float *weights, size_t n,
                             float *sums) {
  for (size_t x = 0; x < n; x++)
    for (size_t r = 0; r < count; r++) sums[x] += weights[r] * (float)rows[r * stride + x];
}

static void weigh_float_scalar(const uint8_t *rows, size_t stride, size_t count, const float *weights, size_t n,
                               float *sums) {
  pdq_fast_assert_sums(sums);
  weigh_float_rest(rows, stride, count, weights, n, sums);
}

static float add_lanes(const float lanes[8]) {
  return ((lanes[0] + lanes[1]) + (lanes[2] + lanes[3])) + ((lanes[4] + lanes[5]) + (lanes[6] + lanes[7]));
}

static void gather_scalar(const struct pdq_weights *columns, const float *sums, float scale, float out[PDQ_SIDE]) {
  assert(columns->use == PDQ_WEIGHTS_COLUMNS);
  for (size_t cell = 0; cell < PDQ_SIDE; cell++) {
    const float *weights = columns->values + cell * columns->stride;
    const float *from = sums + columns->first[cell];
    float lanes[8] = {0};
    for (size_t k = 0; k < columns->count[cell]; k++) lanes[k % 8] += weights[k] * from[k];
    out[cell] = scale * add_lanes(lanes);
  }
}

static void gather_blocks_scalar(const struct pdq_weights *columns, const int16_t *blocks, size_t stride,
                                 float *partial) {
  assert(columns->use == PDQ_WEIGHTS_BLOCK_COLUMNS && is_aligned(partial, 32));
  pdq_fast_assert_lanes(columns->layout, stride);
  const size_t lanes = columns->layout;
  for (size_t cell = 0; cell < PDQ_SIDE; cell++) {
    const float *weights = columns->values + cell * columns->stride;
    float *to = partial + cell * lanes;
    memset(to, 0, lanes * sizeof *to);
    for (size_t b = 0; b < columns->count[cell]; b++) {
      const int16_t *block = blocks + (columns->first[cell] + b) * stride;
      for (size_t k = 0; k < lanes; k++) to[k] += weights[b * lanes + k] * (float)block[k];
    }
  }
}

static void centre_scalar(const int16_t *blocks, size_t stride, size_t count, const int16_t *half, size_t lanes,
                          int16_t *out) {
  pdq_fast_assert_lanes(lanes, stride);
  for (size_t b = 0; b < count; b++) {
    for (size_t k = 0; k < lanes; k++) {
      int value = blocks[b * stride + k];
      if (value > PDQ_COEFFICIENT_MAX) value = PDQ_COEFFICIENT_MAX;
      if (value < -PDQ_COEFFICIENT_MAX) value = -PDQ_COEFFICIENT_MAX;
      out[b * lanes + k] = (int16_t)(2 * value + ((value > 0) - (value < 0)) * half[k]);
    }
  }
}

static void spread_scalar(const float *partial, const float *weights, size_t lanes, float *sums) {
  assert(is_aligned(partial, 32) && is_aligned(sums, 32));
  pdq_fast_assert_lanes(lanes, lanes);
  for (size_t cell = 0; cell < PDQ_SIDE; cell++)
    for (size_t k = 0; k < lanes; k++) sums[cell * lanes + k] += weights[k] * partial[cell * lanes + k];
}

static void collect_scalar(const float *sums, const float *steps, size_t lanes, float out[PDQ_SIDE]) {
  assert(is_aligned(sums, 32));
  pdq_fast_assert_lanes(lanes, lanes);
  for (size_t cell = 0; cell < PDQ_SIDE; cell++) {
    float added[8] = {0};
    for (size_t k = 0; k < lanes; k++) added[k % 8] += steps[k] * sums[cell * lanes + k];
    out[cell] = 128.0f + add_lanes(added);
  }
}

static float folded(float a, float b, size_t i) {
  return i % 2 == 0 ? a - b : a + b;
}

static void transform_scalar(const struct pdq_folded_dct *dct, const float *picture, float *coefficients) {
  float half[PDQ_COEFFICIENTS][PDQ_SIDE] = {0};
  for (size_t i = 0; i < PDQ_COEFFICIENTS; i++)
    for (size_t k = 0; k < PDQ_SIDE / 2; k++)
      for (size_t j = 0; j < PDQ_SIDE; j++)
        half[i][j] +=
            dct->rows[i][k] * folded(picture[k * PDQ_SIDE + j], picture[(PDQ_SIDE - 1 - k) * PDQ_SIDE + j], i);
  for (size_t i = 0; i < PDQ_COEFFICIENTS; i++) {
    for (size_t j = 0; j < PDQ_COEFFICIENTS; j++) {
      float sum = 0.0f;
      for (size_t k = 0; k < PDQ_SIDE / 2; k++)
        sum += folded(half[i][k], half[i][PDQ_SIDE - 1 - k], j) * dct->rows[j][k];
      coefficients[i * PDQ_COEFFICIENTS + j] = sum;
    }
  }
}

void pdq_folded_dct(const float dct[PDQ_COEFFICIENTS * PDQ_SIDE], struct pdq_folded_dct *folded) {
  for (size_t i = 0; i < PDQ_COEFFICIENTS; i++) {
    for (size_t k = 0; k < PDQ_SIDE / 2; k++) {
      folded->rows[i][k] = dct[i * PDQ_SIDE + k];
      folded->columns[k][i % 2 * PDQ_COEFFICIENTS / 2 + i / 2] = dct[i * PDQ_SIDE + k];
    }
  }
}

#if defined(__x86_64__)
#include "pdq/x86/fast_avx2.h"
#include "pdq/x86/fast_avx512.h"
#elif defined(__aarch64__)
#include "pdq/arm/fast_neon.h"
#endif

struct pdq_fast_kernels pdq_fast_kernels_for(enum cpu_tier tier) {
  struct pdq_fast_kernels kernels = {
      .weigh = weigh_scalar,
      .weigh_float = weigh_float_scalar,
      .gather = gather_scalar,
      .gather_blocks = gather_blocks_scalar,
      .centre = centre_scalar,
      .spread = spread_scalar,
      .collect = collect_scalar,
      .transform = transform_scalar,
      .quality = pdq_quality_within,
  };
#if defined(__x86_64__)
  if (tier < CPU_AVX2) return kernels;
  fast_kernels_avx2(&kernels);
  if (tier < CPU_AVX512) return kernels;
  fast_kernels_avx512(&kernels);
#elif defined(__aarch64__)
  if (tier != CPU_NEON) return kernels;
  fast_kernels_neon(&kernels);
#endif
  (void)tier;
  return kernels;
}
