/* SPDX-License-Identifier: Apache-2.0 */
/* Building and keeping the weights of the fast level. */
#include "pdq/fast_weights.h"

#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "pdq/kernels.h"

/* Vertical frequency * 8 + horizontal frequency of each coefficient of a block (T.81 figure A.6). */
static const uint8_t zigzag[64] = {0,  1,  8,  16, 9,  2,  3,  10, 17, 24, 32, 25, 18, 11, 4,  5,
                                   12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6,  7,  14, 21, 28,
                                   35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51,
                                   58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63};

static float *values_of(const struct pdq_weights *weights, size_t cell) {
  return weights->values + cell * weights->stride;
}

static bool allocate_values(struct pdq_weights *weights, size_t stride) {
  weights->stride = stride;
  weights->values = memory_allocate_zeroed(PDQ_SIDE * stride, sizeof *weights->values);
  return weights->values != NULL;
}

static bool build_rows(struct pdq_weights *weights, const struct tent_axis *axis) {
  if (!allocate_values(weights, axis->stride)) return false;
  weights->whole = memory_allocate_zeroed(PDQ_SIDE, axis->stride);
  if (weights->whole == NULL) return false;
  for (size_t cell = 0; cell < PDQ_SIDE; cell++) {
    const double *tent = axis->weights + cell * axis->stride;
    weights->first[cell] = axis->first[cell];
    weights->count[cell] = axis->count[cell];
    weights->is_whole[cell] = axis->window <= PDQ_WHOLE_MAX;
    for (size_t k = 0; k < axis->count[cell]; k++) {
      values_of(weights, cell)[k] = (float)tent[k];
      if (tent[k] != floor(tent[k])) weights->is_whole[cell] = false;
    }
    for (size_t k = 0; weights->is_whole[cell] && k < axis->count[cell]; k++)
      weights->whole[cell * weights->stride + k] = (uint8_t)tent[k];
  }
  return true;
}

static bool build_columns(struct pdq_weights *weights, const struct tent_axis *axis) {
  static const double grey[] = {1.0};
  static const double luma[] = {0.299, 0.587, 0.114, 0.0};
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
  static const double word[] = {1.0, 256.0};
#else
  static const double word[] = {256.0, 1.0};
#endif
  const size_t channels = weights->layout;
  const double *shares = channels == 1 ? grey : channels == 2 ? word : luma;
  if (!allocate_values(weights, (axis->stride * channels + 7) / 8 * 8)) return false;
  for (size_t cell = 0; cell < PDQ_SIDE; cell++) {
    const double *tent = axis->weights + cell * axis->stride;
    weights->first[cell] = axis->first[cell] * (uint32_t)channels;
    weights->count[cell] = (axis->count[cell] * (uint32_t)channels + 7) / 8 * 8;
    for (size_t k = 0; k < axis->count[cell]; k++)
      for (size_t c = 0; c < channels; c++) values_of(weights, cell)[k * channels + c] = (float)(tent[k] * shares[c]);
  }
  return true;
}

static bool build_blocks(struct pdq_weights *weights, const struct tent_axis *axis) {
  const size_t lanes = weights->layout;
  const bool down = weights->use == PDQ_WEIGHTS_BLOCK_ROWS;
  const size_t most = (axis->stride + TENT_BLOCK - 2) / TENT_BLOCK + 1; /* blocks that stride - 1 samples can touch */
  if (!allocate_values(weights, most * lanes)) return false;
  for (size_t cell = 0; cell < PDQ_SIDE; cell++) {
    const uint32_t first = axis->first[cell] / TENT_BLOCK;
    weights->first[cell] = first;
    weights->count[cell] = (axis->first[cell] + axis->count[cell] - 1) / TENT_BLOCK + 1 - first;
    for (size_t b = 0; b < weights->count[cell]; b++) {
      double projected[TENT_BLOCK];
      tent_project(axis, cell, first + b, projected);
      float *to = values_of(weights, cell) + b * lanes;
      for (size_t k = 0; k < lanes; k++) to[k] = (float)projected[down ? zigzag[k] / 8 : zigzag[k] % 8];
    }
  }
  return true;
}

static void discard(struct pdq_weights *weights) {
  memory_release(weights->values);
  memory_release(weights->whole);
  memory_release(weights->gains);
  *weights = (struct pdq_weights){0};
}

static bool build(struct pdq_weights *weights) {
  struct tent_axis axis;
  double *tents = memory_allocate(tent_weights_size(weights->n) * sizeof *tents);
  if (tents == NULL) return false;
  tent_build(&axis, weights->n, tents);
  weights->unit = (float)axis.unit;
  const bool built = weights->use == PDQ_WEIGHTS_ROWS      ? build_rows(weights, &axis)
                     : weights->use == PDQ_WEIGHTS_COLUMNS ? build_columns(weights, &axis)
                                                           : build_blocks(weights, &axis);
  memory_release(tents);
  return built;
}

struct pdq_weights *pdq_weights_get(struct pdq_weights_cache *cache, enum pdq_weights_use use, size_t n,
                                    size_t layout) {
  struct pdq_weights *oldest = &cache->kept[0];
  for (size_t i = 0; i < PDQ_WEIGHTS_KEPT; i++) {
    struct pdq_weights *kept = &cache->kept[i];
    if (kept->last_used != 0 && kept->use == use && kept->n == n && kept->layout == layout) {
      kept->last_used = ++cache->clock;
      return kept;
    }
    if (kept->last_used < oldest->last_used) oldest = kept;
  }
  discard(oldest);
  *oldest = (struct pdq_weights){.use = use, .n = n, .layout = layout};
  if (!build(oldest)) {
    discard(oldest);
    return NULL;
  }
  oldest->last_used = ++cache->clock;
  return oldest;
}

void pdq_weights_clear(struct pdq_weights_cache *cache) {
  for (size_t i = 0; i < PDQ_WEIGHTS_KEPT; i++) discard(&cache->kept[i]);
}

/* One frequency of the DCT after the other: what it makes of each coefficient of each block. */
static void sum_gains(const struct pdq_weights *weights, const float *dct, float *effect, size_t effects) {
  const size_t lanes = weights->layout;
  for (size_t p = 0; p < PDQ_COEFFICIENTS; p++) {
    float *gains = weights->gains + p * lanes;
    memset(effect, 0, effects * sizeof *effect);
    for (size_t cell = 0; cell < PDQ_SIDE; cell++) {
      float *to = effect + weights->first[cell] * lanes;
      const float *from = values_of(weights, cell);
      const float factor = dct[p * PDQ_SIDE + cell];
      for (size_t k = 0; k < weights->count[cell] * lanes; k++) to[k] += factor * from[k];
    }
    for (size_t k = 0; k < effects; k++) gains[k % lanes] += fabsf(effect[k]);
    for (size_t k = 0; k < lanes; k++) gains[k] *= weights->unit;
  }
}

const float *pdq_weights_gains(struct pdq_weights *weights, const float *dct) {
  if (weights->gains != NULL) return weights->gains;
  const size_t blocks = (weights->n + TENT_BLOCK - 1) / TENT_BLOCK;
  float *effect = memory_allocate(blocks * weights->layout * sizeof *effect);
  weights->gains = memory_allocate_zeroed(PDQ_COEFFICIENTS * weights->layout, sizeof *weights->gains);
  if (effect == NULL || weights->gains == NULL) {
    memory_release(weights->gains);
    weights->gains = NULL;
  } else {
    sum_gains(weights, dct, effect, blocks * weights->layout);
  }
  memory_release(effect);
  return weights->gains;
}
