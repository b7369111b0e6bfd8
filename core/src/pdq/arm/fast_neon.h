/* SPDX-License-Identifier: Apache-2.0 */
/* NEON kernels of the fast level; included by fast_kernels.c alone. Products and sums stay apart (no VFMA), as in the
 * scalar reference. */
#ifndef HASHSCAN_PDQ_ARM_FAST_NEON_H
#define HASHSCAN_PDQ_ARM_FAST_NEON_H

#include <arm_neon.h>

/* Eight lanes. */
struct eight_neon {
  float32x4_t low;
  float32x4_t high;
};

static inline struct eight_neon load8_neon(const float *from) {
  return (struct eight_neon){vld1q_f32(from), vld1q_f32(from + 4)};
}

static inline struct eight_neon words8_neon(const int16_t *from) {
  const int16x8_t words = vld1q_s16(from);
  return (struct eight_neon){vcvtq_f32_s32(vmovl_s16(vget_low_s16(words))),
                             vcvtq_f32_s32(vmovl_s16(vget_high_s16(words)))};
}

static inline struct eight_neon add_product8_neon(struct eight_neon sum, struct eight_neon a, struct eight_neon b) {
  return (struct eight_neon){vaddq_f32(sum.low, vmulq_f32(a.low, b.low)),
                             vaddq_f32(sum.high, vmulq_f32(a.high, b.high))};
}

static inline void store8_neon(float *to, struct eight_neon v) {
  vst1q_f32(to, v.low);
  vst1q_f32(to + 4, v.high);
}

static const struct eight_neon zero8_neon = {{0}, {0}};

static inline void add_words_neon(uint16x8_t words, float *sums) {
  const float32x4_t low = vcvtq_f32_u32(vmovl_u16(vget_low_u16(words)));
  const float32x4_t high = vcvtq_f32_u32(vmovl_u16(vget_high_u16(words)));
  vst1q_f32(sums, vaddq_f32(vld1q_f32(sums), low));
  vst1q_f32(sums + 4, vaddq_f32(vld1q_f32(sums + 4), high));
}

static void weigh_neon(const uint8_t *rows, size_t stride, size_t count, const uint8_t *weights, size_t n,
                       float *sums) {
  assert(count <= PDQ_GROUP_ROWS);
  pdq_fast_assert_sums(sums);
  size_t x = 0;
  for (; x + 16 <= n; x += 16) {
    uint16x8_t low = vdupq_n_u16(0);
    uint16x8_t high = vdupq_n_u16(0);
    for (size_t r = 0; r < count; r++) {
      const uint8x16_t pixels = vld1q_u8(rows + r * stride + x);
      low = vmlal_u8(low, vget_low_u8(pixels), vdup_n_u8(weights[r]));
      high = vmlal_u8(high, vget_high_u8(pixels), vdup_n_u8(weights[r]));
    }
    add_words_neon(low, sums + x);
    add_words_neon(high, sums + x + 8);
  }
  weigh_rest(rows + x, stride, count, weights, n - x, sums + x);
}

static void weigh_float_neon(const uint8_t *rows, size_t stride, size_t count, const float *weights, size_t n,
                             float *sums) {
  pdq_fast_assert_sums(sums);
  size_t x = 0;
  for (; x + 8 <= n; x += 8) {
    struct eight_neon sum = load8_neon(sums + x);
    for (size_t r = 0; r < count; r++) {
      const uint16x8_t pixels = vmovl_u8(vld1_u8(rows + r * stride + x));
      const float32x4_t weight = vdupq_n_f32(weights[r]);
      const struct eight_neon floats = {vcvtq_f32_u32(vmovl_u16(vget_low_u16(pixels))),
                                        vcvtq_f32_u32(vmovl_u16(vget_high_u16(pixels)))};
      sum = add_product8_neon(sum, (struct eight_neon){weight, weight}, floats);
    }
    store8_neon(sums + x, sum);
  }
  weigh_float_rest(rows + x, stride, count, weights, n - x, sums + x);
}

/* Adds up the lanes of each of four. */
static inline float32x4_t add_lanes_neon(const struct eight_neon v[4]) {
  const float32x4_t low = vpaddq_f32(vpaddq_f32(v[0].low, v[1].low), vpaddq_f32(v[2].low, v[3].low));
  const float32x4_t high = vpaddq_f32(vpaddq_f32(v[0].high, v[1].high), vpaddq_f32(v[2].high, v[3].high));
  return vaddq_f32(low, high);
}

static void gather_neon(const struct pdq_weights *columns, const float *sums, float scale, float out[PDQ_SIDE]) {
  assert(columns->use == PDQ_WEIGHTS_COLUMNS);
  for (size_t cell = 0; cell < PDQ_SIDE; cell += 4) {
    struct eight_neon lanes[4];
    for (size_t c = 0; c < 4; c++) {
      const float *weights = columns->values + (cell + c) * columns->stride;
      const float *from = sums + columns->first[cell + c];
      lanes[c] = zero8_neon;
      for (size_t k = 0; k < columns->count[cell + c]; k += 8)
        lanes[c] = add_product8_neon(lanes[c], load8_neon(weights + k), load8_neon(from + k));
    }
    vst1q_f32(out + cell, vmulq_n_f32(add_lanes_neon(lanes), scale));
  }
}

static void gather_blocks_neon(const struct pdq_weights *columns, const int16_t *blocks, size_t stride,
                               float *partial) {
  assert(columns->use == PDQ_WEIGHTS_BLOCK_COLUMNS && is_aligned(partial, 32));
  pdq_fast_assert_lanes(columns->layout, stride);
  const size_t lanes = columns->layout;
  for (size_t cell = 0; cell < PDQ_SIDE; cell++) {
    for (size_t k = 0; k < lanes; k += 8) {
      const float *weights = columns->values + cell * columns->stride + k;
      const int16_t *block = blocks + columns->first[cell] * stride + k;
      struct eight_neon sum = zero8_neon;
      for (size_t b = 0; b < columns->count[cell]; b++, weights += lanes, block += stride)
        sum = add_product8_neon(sum, load8_neon(weights), words8_neon(block));
      store8_neon(partial + cell * lanes + k, sum);
    }
  }
}

static void centre_neon(const int16_t *blocks, size_t stride, size_t count, const int16_t *half, size_t lanes,
                        int16_t *out) {
  pdq_fast_assert_lanes(lanes, stride);
  const int16x8_t most = vdupq_n_s16(PDQ_COEFFICIENT_MAX);
  const int16x8_t least = vdupq_n_s16(-PDQ_COEFFICIENT_MAX);
  for (size_t b = 0; b < count; b++, blocks += stride, out += lanes) {
    for (size_t k = 0; k < lanes; k += 8) {
      const int16x8_t value = vmaxq_s16(vminq_s16(vld1q_s16(blocks + k), most), least);
      const int16x8_t added = vandq_s16(vld1q_s16(half + k), vreinterpretq_s16_u16(vcgtzq_s16(value)));
      const int16x8_t taken = vandq_s16(vld1q_s16(half + k), vreinterpretq_s16_u16(vcltzq_s16(value)));
      vst1q_s16(out + k, vsubq_s16(vaddq_s16(vaddq_s16(value, value), added), taken));
    }
  }
}

static void spread_neon(const float *partial, const float *weights, size_t lanes, float *sums) {
  assert(is_aligned(partial, 32) && is_aligned(sums, 32));
  pdq_fast_assert_lanes(lanes, lanes);
  for (size_t at = 0; at < PDQ_SIDE * lanes; at += 8)
    store8_neon(sums + at,
                add_product8_neon(load8_neon(sums + at), load8_neon(weights + at % lanes), load8_neon(partial + at)));
}

static void collect_neon(const float *sums, const float *steps, size_t lanes, float out[PDQ_SIDE]) {
  assert(is_aligned(sums, 32));
  pdq_fast_assert_lanes(lanes, lanes);
  for (size_t cell = 0; cell < PDQ_SIDE; cell += 4) {
    struct eight_neon added[4];
    for (size_t c = 0; c < 4; c++) {
      added[c] = zero8_neon;
      for (size_t k = 0; k < lanes; k += 8)
        added[c] = add_product8_neon(added[c], load8_neon(steps + k), load8_neon(sums + (cell + c) * lanes + k));
    }
    vst1q_f32(out + cell, vaddq_f32(vdupq_n_f32(128.0f), add_lanes_neon(added)));
  }
}

static inline float32x4_t fold_neon(float32x4_t a, float32x4_t b, size_t i) {
  return i % 2 == 0 ? vsubq_f32(a, b) : vaddq_f32(a, b);
}

static void transform_neon(const struct pdq_folded_dct *dct, const float *picture, float *coefficients) {
  float half[PDQ_COEFFICIENTS][PDQ_SIDE];
  for (size_t i = 0; i < PDQ_COEFFICIENTS; i++) {
    for (size_t j = 0; j < PDQ_SIDE; j += 16) {
      float32x4_t sum[4] = {vdupq_n_f32(0), vdupq_n_f32(0), vdupq_n_f32(0), vdupq_n_f32(0)};
      for (size_t k = 0; k < PDQ_SIDE / 2; k++) {
        const float *near = picture + k * PDQ_SIDE + j;
        const float *far = picture + (PDQ_SIDE - 1 - k) * PDQ_SIDE + j;
        for (size_t h = 0; h < 4; h++) {
          const float32x4_t fold = fold_neon(vld1q_f32(near + 4 * h), vld1q_f32(far + 4 * h), i);
          sum[h] = vaddq_f32(sum[h], vmulq_n_f32(fold, dct->rows[i][k]));
        }
      }
      for (size_t h = 0; h < 4; h++) vst1q_f32(&half[i][j + 4 * h], sum[h]);
    }
  }
  for (size_t i = 0; i < PDQ_COEFFICIENTS; i++) {
    struct eight_neon even = zero8_neon;
    struct eight_neon odd = zero8_neon;
    for (size_t k = 0; k < PDQ_SIDE / 2; k++) {
      const float32x4_t minus = vdupq_n_f32(half[i][k] - half[i][PDQ_SIDE - 1 - k]);
      const float32x4_t plus = vdupq_n_f32(half[i][k] + half[i][PDQ_SIDE - 1 - k]);
      even = add_product8_neon(even, (struct eight_neon){minus, minus}, load8_neon(dct->columns[k]));
      odd = add_product8_neon(odd, (struct eight_neon){plus, plus}, load8_neon(dct->columns[k] + 8));
    }
    float *out = coefficients + i * PDQ_COEFFICIENTS;
    vst2q_f32(out, (float32x4x2_t){{even.low, odd.low}});
    vst2q_f32(out + 8, (float32x4x2_t){{even.high, odd.high}});
  }
}

static void fast_kernels_neon(struct pdq_fast_kernels *kernels) {
  kernels->weigh = weigh_neon;
  kernels->weigh_float = weigh_float_neon;
  kernels->gather = gather_neon;
  kernels->gather_blocks = gather_blocks_neon;
  kernels->centre = centre_neon;
  kernels->spread = spread_neon;
  kernels->collect = collect_neon;
  kernels->transform = transform_neon;
}

#endif
