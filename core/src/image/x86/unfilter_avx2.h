/* SPDX-License-Identifier: Apache-2.0 */
/* AVX2 kernels of PNG rows. Up has no dependence along the row and goes 32 bytes at a time. Sub is a prefix sum in
 * 16-byte steps. Average and Paeth depend on the pixel before, so what counts is the length of that chain: two
 * operations a pixel for Average, five for Paeth. Included by unfilter.c alone. */
#include <immintrin.h>
#include <string.h>

#define UNFILTER_AVX2 __attribute__((target("avx2"))) static
#define UNFILTER_AVX2_INLINE __attribute__((target("avx2"), always_inline)) static inline

UNFILTER_AVX2 void undo_up_avx2(uint8_t *row, const uint8_t *above, size_t bytes, size_t pixel_bytes) {
  unfilter_assert_row(bytes, pixel_bytes);
  (void)pixel_bytes;
  size_t i = 0;
  for (; i + 32 <= bytes; i += 32) {
    const __m256i delta = _mm256_loadu_si256((const __m256i *)(row + i));
    const __m256i up = _mm256_loadu_si256((const __m256i *)(above + i));
    _mm256_storeu_si256((__m256i *)(row + i), _mm256_add_epi8(delta, up));
  }
  undo_up_from(i, row, above, bytes);
}

/* ---- Sub --------------------------------------------------------------------------------------------------------- */

/* Sums over all pixels of the vector up to each. */
UNFILTER_AVX2_INLINE __m128i prefix_sum(__m128i x, const int pixel_bytes) {
  switch (pixel_bytes) {
  case 1:
    x = _mm_add_epi8(x, _mm_slli_si128(x, 1));
    __attribute__((fallthrough));
  case 2:
    x = _mm_add_epi8(x, _mm_slli_si128(x, 2));
    __attribute__((fallthrough));
  case 4:
    x = _mm_add_epi8(x, _mm_slli_si128(x, 4));
    return _mm_add_epi8(x, _mm_slli_si128(x, 8));
  default:
    x = _mm_add_epi8(x, _mm_slli_si128(x, 3));
    x = _mm_add_epi8(x, _mm_slli_si128(x, 6));
    return _mm_add_epi8(x, _mm_slli_si128(x, 12));
  }
}

/* Byte i of the result is byte `step` - pixel_bytes + i % pixel_bytes of the operand: the last pixel everywhere. */
UNFILTER_AVX2_INLINE __m128i last_pixel(const int step, const int pixel_bytes) {
  uint8_t lanes[16];
  for (int i = 0; i < 16; i++) lanes[i] = (uint8_t)(step - pixel_bytes + i % pixel_bytes);
  return _mm_loadu_si128((const __m128i *)lanes);
}

/* A step is five pixels of three bytes, or 16 bytes. The next step is loaded before this one is stored: the stored 16th
 * byte may be the next one's first, which keeps its value, and the processor need not forward it. */
UNFILTER_AVX2_INLINE void sub_steps(uint8_t *row, size_t bytes, const int pixel_bytes) {
  const int step = 16 - 16 % pixel_bytes;
  const __m128i last = last_pixel(step, pixel_bytes);
  const __m128i whole =
      _mm_cmpgt_epi8(_mm_set1_epi8((char)step), _mm_setr_epi8(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15));
  __m128i left = _mm_setzero_si128();
  size_t i = 0;
  if (bytes >= 16) {
    __m128i next = _mm_loadu_si128((const __m128i *)row);
    for (; i + 16 <= bytes; i += (size_t)step) {
      const __m128i delta = next;
      if (i + (size_t)step + 16 <= bytes) next = _mm_loadu_si128((const __m128i *)(row + i + step));
      const __m128i sum = _mm_add_epi8(prefix_sum(delta, pixel_bytes), left);
      left = _mm_shuffle_epi8(sum, last);
      _mm_storeu_si128((__m128i *)(row + i), _mm_blendv_epi8(delta, sum, whole));
    }
  }
  undo_sub_from(i == 0 ? (size_t)pixel_bytes : i, row, bytes, (size_t)pixel_bytes);
}

UNFILTER_AVX2 void undo_sub_avx2(uint8_t *row, const uint8_t *above, size_t bytes, size_t pixel_bytes) {
  unfilter_assert_row(bytes, pixel_bytes);
  (void)above;
  if (pixel_bytes == 1) sub_steps(row, bytes, 1);
  else if (pixel_bytes == 2) sub_steps(row, bytes, 2);
  else if (pixel_bytes == 3) sub_steps(row, bytes, 3);
  else sub_steps(row, bytes, 4);
}

/* ---- Average and Paeth ------------------------------------------------------------------------------------------- */

/* Three bytes are read as two and one: compilers make a copy of three through memory, where it waits for itself. */
UNFILTER_AVX2_INLINE __m128i load_pixel(const uint8_t *pixel, const size_t pixel_bytes) {
  uint32_t value = 0;
  memcpy(&value, pixel, pixel_bytes == 3 ? 2 : pixel_bytes);
  if (pixel_bytes == 3) value |= (uint32_t)pixel[2] << 16;
  return _mm_cvtsi32_si128((int)value);
}

UNFILTER_AVX2_INLINE void store_pixel(uint8_t *pixel, __m128i bytes, const size_t pixel_bytes) {
  const uint32_t value = (uint32_t)_mm_cvtsi128_si32(bytes);
  memcpy(pixel, &value, pixel_bytes);
}

/* VPAVGB rounds up and PNG down. On complements it does what PNG wants: ~floor((a + b) / 2) is the mean of ~a and ~b
 * rounded up, so the complement of delta + floor((a + b) / 2) is that mean less delta. */
UNFILTER_AVX2_INLINE void average_pixels(uint8_t *row, const uint8_t *above, size_t bytes, const size_t pixel_bytes) {
  const __m128i ones = _mm_set1_epi8(-1);
  __m128i a = ones;
  for (size_t i = 0; i < bytes; i += pixel_bytes) {
    const __m128i b = _mm_xor_si128(load_pixel(above + i, pixel_bytes), ones);
    a = _mm_sub_epi8(_mm_avg_epu8(a, b), load_pixel(row + i, pixel_bytes));
    store_pixel(row + i, _mm_xor_si128(a, ones), pixel_bytes);
  }
}

UNFILTER_AVX2 void undo_average_avx2(uint8_t *row, const uint8_t *above, size_t bytes, size_t pixel_bytes) {
  unfilter_assert_row(bytes, pixel_bytes);
  if (pixel_bytes == 1) average_pixels(row, above, bytes, 1);
  else if (pixel_bytes == 2) average_pixels(row, above, bytes, 2);
  else if (pixel_bytes == 3) average_pixels(row, above, bytes, 3);
  else average_pixels(row, above, bytes, 4);
}

/* Paeth's choice by two comparisons (F. Giesen for stb_image): with t = 3c - a - b, the neighbour nearest to a + b - c,
 * ties as PNG wants them, is max(a, b) if t <= min(a, b), else min(a, b) if t >= max(a, b), else c. 16-bit lanes. */
UNFILTER_AVX2_INLINE void paeth_pixels(uint8_t *row, const uint8_t *above, size_t bytes, const size_t pixel_bytes) {
  __m128i a = _mm_setzero_si128();
  __m128i c = _mm_setzero_si128();
  for (size_t i = 0; i < bytes; i += pixel_bytes) {
    const __m128i b = _mm_cvtepu8_epi16(load_pixel(above + i, pixel_bytes));
    const __m128i delta = _mm_cvtepu8_epi16(load_pixel(row + i, pixel_bytes));
    /* Nothing saturates here, but such a subtraction is not moved by compilers: that of a must come last. */
    const __m128i t = _mm_subs_epi16(_mm_subs_epi16(_mm_add_epi16(_mm_add_epi16(c, c), c), b), a);
    const __m128i low = _mm_min_epi16(a, b);
    const __m128i high = _mm_max_epi16(a, b);
    const __m128i low_or_c = _mm_blendv_epi8(low, c, _mm_cmpgt_epi16(high, t));
    const __m128i nearest = _mm_blendv_epi8(high, low_or_c, _mm_cmpgt_epi16(t, low));
    a = _mm_add_epi8(nearest, delta); /* the upper bytes of the lanes stay zero */
    c = b;
    store_pixel(row + i, _mm_packus_epi16(a, a), pixel_bytes);
  }
}

UNFILTER_AVX2 void undo_paeth_avx2(uint8_t *row, const uint8_t *above, size_t bytes, size_t pixel_bytes) {
  unfilter_assert_row(bytes, pixel_bytes);
  if (pixel_bytes == 1) paeth_pixels(row, above, bytes, 1);
  else if (pixel_bytes == 2) paeth_pixels(row, above, bytes, 2);
  else if (pixel_bytes == 3) paeth_pixels(row, above, bytes, 3);
  else paeth_pixels(row, above, bytes, 4);
}

/* ---- Alpha ------------------------------------------------------------------------------------------------------- */

UNFILTER_AVX2 void drop_alpha_avx2(uint8_t *out, const uint8_t *pixels, size_t n, size_t channels) {
  assert(channels == 2 || channels == 4);
  size_t x = 0;
  if (channels == 2) {
    const __m128i low_bytes = _mm_set1_epi16(255);
    for (; x + 16 <= n; x += 16) {
      const __m128i first = _mm_loadu_si128((const __m128i *)(pixels + 2 * x));
      const __m128i second = _mm_loadu_si128((const __m128i *)(pixels + 2 * x + 16));
      const __m128i grey = _mm_packus_epi16(_mm_and_si128(first, low_bytes), _mm_and_si128(second, low_bytes));
      _mm_storeu_si128((__m128i *)(out + x), grey);
    }
  } else {
    /* 12 bytes of each 16 are wanted; the other 4 are overwritten by the next store, so room for them must be left. */
    const __m128i rgb = _mm_setr_epi8(0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, -1, -1, -1, -1);
    for (; x + 6 <= n; x += 4) {
      const __m128i rgba = _mm_loadu_si128((const __m128i *)(pixels + 4 * x));
      _mm_storeu_si128((__m128i *)(out + 3 * x), _mm_shuffle_epi8(rgba, rgb));
    }
  }
  drop_alpha_from(x, out, pixels, n, channels);
}

static void unfilter_kernels_avx2(struct unfilter_kernels *kernels) {
  kernels->undo[1] = undo_sub_avx2;
  kernels->undo[2] = undo_up_avx2;
  kernels->undo[3] = undo_average_avx2;
  kernels->undo[4] = undo_paeth_avx2;
  kernels->drop_alpha = drop_alpha_avx2;
}
