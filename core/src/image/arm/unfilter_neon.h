/* SPDX-License-Identifier: Apache-2.0 */
/* NEON kernels of PNG rows. Up and Sub go 16 bytes at a time, Sub as a prefix sum; Average and Paeth depend on the
 * pixel before, so one pixel a step with as short a chain as can be. Included by unfilter.c alone. */
#include <arm_neon.h>
#include <string.h>

#define UNFILTER_NEON_INLINE __attribute__((always_inline)) static inline

static void undo_up_neon(uint8_t *row, const uint8_t *above, size_t bytes, size_t pixel_bytes) {
  unfilter_assert_row(bytes, pixel_bytes);
  (void)pixel_bytes;
  size_t i = 0;
  for (; i + 16 <= bytes; i += 16) vst1q_u8(row + i, vaddq_u8(vld1q_u8(row + i), vld1q_u8(above + i)));
  undo_up_from(i, row, above, bytes);
}

/* ---- Sub --------------------------------------------------------------------------------------------------------- */

/* x with every byte moved up by `n` places, which must be a constant. */
#define SHIFTED(x, n) vextq_u8(vdupq_n_u8(0), x, 16 - (n))

/* Sums over all pixels of the vector up to each. */
UNFILTER_NEON_INLINE uint8x16_t prefix_sum(uint8x16_t x, const int pixel_bytes) {
  if (pixel_bytes == 3) {
    x = vaddq_u8(x, SHIFTED(x, 3));
    x = vaddq_u8(x, SHIFTED(x, 6));
    return vaddq_u8(x, SHIFTED(x, 12));
  }
  if (pixel_bytes == 1) x = vaddq_u8(x, SHIFTED(x, 1));
  if (pixel_bytes <= 2) x = vaddq_u8(x, SHIFTED(x, 2));
  x = vaddq_u8(x, SHIFTED(x, 4));
  return vaddq_u8(x, SHIFTED(x, 8));
}

/* A step is five pixels of three bytes, or 16 bytes. Of the former the 16th byte is the next step's and kept. */
UNFILTER_NEON_INLINE void sub_steps(uint8_t *row, size_t bytes, const int pixel_bytes) {
  const int step = 16 - 16 % pixel_bytes;
  uint8_t lanes[16];
  uint8_t keep[16];
  for (int i = 0; i < 16; i++) {
    lanes[i] = (uint8_t)(step - pixel_bytes + i % pixel_bytes);
    keep[i] = i < step ? 0xff : 0;
  }
  const uint8x16_t last = vld1q_u8(lanes);
  const uint8x16_t whole = vld1q_u8(keep);
  uint8x16_t left = vdupq_n_u8(0);
  size_t i = 0;
  for (; i + 16 <= bytes; i += (size_t)step) {
    const uint8x16_t delta = vld1q_u8(row + i);
    const uint8x16_t sum = vaddq_u8(prefix_sum(delta, pixel_bytes), left);
    left = vqtbl1q_u8(sum, last);
    vst1q_u8(row + i, vbslq_u8(whole, sum, delta));
  }
  undo_sub_from(i == 0 ? (size_t)pixel_bytes : i, row, bytes, (size_t)pixel_bytes);
}

static void undo_sub_neon(uint8_t *row, const uint8_t *above, size_t bytes, size_t pixel_bytes) {
  unfilter_assert_row(bytes, pixel_bytes);
  (void)above;
  if (pixel_bytes == 1) sub_steps(row, bytes, 1);
  else if (pixel_bytes == 2) sub_steps(row, bytes, 2);
  else if (pixel_bytes == 3) sub_steps(row, bytes, 3);
  else sub_steps(row, bytes, 4);
}

/* ---- Average and Paeth ------------------------------------------------------------------------------------------- */

UNFILTER_NEON_INLINE uint8x8_t load_pixel(const uint8_t *pixel, const size_t pixel_bytes) {
  uint32_t value = 0;
  memcpy(&value, pixel, pixel_bytes);
  return vcreate_u8(value);
}

UNFILTER_NEON_INLINE void store_pixel(uint8_t *pixel, uint8x8_t bytes, const size_t pixel_bytes) {
  const uint32_t value = vget_lane_u32(vreinterpret_u32_u8(bytes), 0);
  memcpy(pixel, &value, pixel_bytes);
}

/* UHADD rounds down as PNG does. */
UNFILTER_NEON_INLINE void average_pixels(uint8_t *row, const uint8_t *above, size_t bytes, const size_t pixel_bytes) {
  uint8x8_t a = vdup_n_u8(0);
  for (size_t i = 0; i < bytes; i += pixel_bytes) {
    a = vadd_u8(vhadd_u8(a, load_pixel(above + i, pixel_bytes)), load_pixel(row + i, pixel_bytes));
    store_pixel(row + i, a, pixel_bytes);
  }
}

static void undo_average_neon(uint8_t *row, const uint8_t *above, size_t bytes, size_t pixel_bytes) {
  unfilter_assert_row(bytes, pixel_bytes);
  if (pixel_bytes == 1) average_pixels(row, above, bytes, 1);
  else if (pixel_bytes == 2) average_pixels(row, above, bytes, 2);
  else if (pixel_bytes == 3) average_pixels(row, above, bytes, 3);
  else average_pixels(row, above, bytes, 4);
}

/* Paeth's choice by two comparisons (F. Giesen for stb_image): with t = 3c - a - b, the neighbour nearest to a + b - c,
 * ties as PNG wants them, is max(a, b) if t <= min(a, b), else min(a, b) if t >= max(a, b), else c. 16-bit lanes. */
UNFILTER_NEON_INLINE void paeth_pixels(uint8_t *row, const uint8_t *above, size_t bytes, const size_t pixel_bytes) {
  int16x4_t a = vdup_n_s16(0);
  int16x4_t c = vdup_n_s16(0);
  const int16x4_t byte = vdup_n_s16(255);
  for (size_t i = 0; i < bytes; i += pixel_bytes) {
    const int16x4_t b = vreinterpret_s16_u16(vget_low_u16(vmovl_u8(load_pixel(above + i, pixel_bytes))));
    const int16x4_t delta = vreinterpret_s16_u16(vget_low_u16(vmovl_u8(load_pixel(row + i, pixel_bytes))));
    const int16x4_t t = vsub_s16(vsub_s16(vmul_n_s16(c, 3), b), a);
    const int16x4_t low = vmin_s16(a, b);
    const int16x4_t high = vmax_s16(a, b);
    const int16x4_t low_or_c = vbsl_s16(vcgt_s16(high, t), c, low);
    const int16x4_t nearest = vbsl_s16(vcgt_s16(t, low), low_or_c, high);
    a = vand_s16(vadd_s16(nearest, delta), byte);
    c = b;
    store_pixel(row + i, vmovn_u16(vreinterpretq_u16_s16(vcombine_s16(a, a))), pixel_bytes);
  }
}

static void undo_paeth_neon(uint8_t *row, const uint8_t *above, size_t bytes, size_t pixel_bytes) {
  unfilter_assert_row(bytes, pixel_bytes);
  if (pixel_bytes == 1) paeth_pixels(row, above, bytes, 1);
  else if (pixel_bytes == 2) paeth_pixels(row, above, bytes, 2);
  else if (pixel_bytes == 3) paeth_pixels(row, above, bytes, 3);
  else paeth_pixels(row, above, bytes, 4);
}

/* ---- Alpha ------------------------------------------------------------------------------------------------------- */

static void drop_alpha_neon(uint8_t *out, const uint8_t *pixels, size_t n, size_t channels) {
  assert(channels == 2 || channels == 4);
  size_t x = 0;
  for (; x + 16 <= n; x += 16) {
    if (channels == 2) {
      vst1q_u8(out + x, vld2q_u8(pixels + 2 * x).val[0]);
    } else {
      const uint8x16x4_t rgba = vld4q_u8(pixels + 4 * x);
      vst3q_u8(out + 3 * x, (uint8x16x3_t){{rgba.val[0], rgba.val[1], rgba.val[2]}});
    }
  }
  drop_alpha_from(x, out, pixels, n, channels);
}

static void unfilter_kernels_neon(struct unfilter_kernels *kernels) {
  kernels->undo[1] = undo_sub_neon;
  kernels->undo[2] = undo_up_neon;
  kernels->undo[3] = undo_average_neon;
  kernels->undo[4] = undo_paeth_neon;
  kernels->drop_alpha = drop_alpha_neon;
}
