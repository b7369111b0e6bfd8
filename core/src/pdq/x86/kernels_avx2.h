/* SPDX-License-Identifier: Apache-2.0 */
/* AVX2 kernels of PDQ; included by kernels.c alone.
 *
 * The luma and transform kernels leave FMA out of their target, so that no compiler flag can fuse what the reference
 * rounds twice. The box kernels use FMA on purpose and in one place only, the division. */
#ifndef HASHSCAN_PDQ_X86_KERNELS_AVX2_H
#define HASHSCAN_PDQ_X86_KERNELS_AVX2_H

#include <immintrin.h>
#include <stdbool.h>
#include <string.h>

#include "pdq/x86/divide_avx2.h"

#define PDQ_AVX2 __attribute__((target("avx2")))
/* Keeps small arrays of vectors in registers; gcc does not unroll such loops by itself at -O2. */
#define PDQ_UNROLL _Pragma("GCC unroll 8")

PDQ_AVX2 static void luma_grey_avx2(const uint8_t *pixels, size_t n, float *luma) {
  size_t x = 0;
  for (; x + 8 <= n; x += 8) {
    const __m128i bytes = _mm_loadl_epi64((const __m128i *)(pixels + x));
    _mm256_storeu_ps(luma + x, _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(bytes)));
  }
  luma_scalar(pixels + x, n - x, 1, luma + x);
}

/* Two 16-byte loads hold eight pixels, four in each half; a byte shuffle spreads one channel over the lanes. The second
 * load of RGB reads two pixels past the eighth. */
PDQ_AVX2 static void luma_avx2(const uint8_t *pixels, size_t n, unsigned channels, float *luma) {
  pdq_assert_channels(channels);
  if (channels == 1) {
    luma_grey_avx2(pixels, n, luma);
    return;
  }
  const char step = (char)channels;
  const __m128i red_of_four =
      _mm_setr_epi8(0, -1, -1, -1, step, -1, -1, -1, (char)(2 * step), -1, -1, -1, (char)(3 * step), -1, -1, -1);
  const __m256i red = _mm256_broadcastsi128_si256(red_of_four);
  const __m256i one = _mm256_set1_epi32(1); /* the unused lane bytes stay negative: only the lowest byte changes */
  const __m256i green = _mm256_add_epi8(red, one);
  const __m256i blue = _mm256_add_epi8(green, one);
  const __m256 red_weight = _mm256_set1_ps(0.299f);
  const __m256 green_weight = _mm256_set1_ps(0.587f);
  const __m256 blue_weight = _mm256_set1_ps(0.114f);

  size_t x = 0;
  for (; x + 10 <= n; x += 8) {
    const uint8_t *p = pixels + x * channels;
    const __m128i low = _mm_loadu_si128((const __m128i *)p);
    const __m128i high = _mm_loadu_si128((const __m128i *)(p + 4 * (size_t)channels));
    const __m256i eight = _mm256_inserti128_si256(_mm256_castsi128_si256(low), high, 1);
    const __m256 r = _mm256_cvtepi32_ps(_mm256_shuffle_epi8(eight, red));
    const __m256 g = _mm256_cvtepi32_ps(_mm256_shuffle_epi8(eight, green));
    const __m256 b = _mm256_cvtepi32_ps(_mm256_shuffle_epi8(eight, blue));
    const __m256 rg = _mm256_add_ps(_mm256_mul_ps(red_weight, r), _mm256_mul_ps(green_weight, g));
    _mm256_storeu_ps(luma + x, _mm256_add_ps(rg, _mm256_mul_ps(blue_weight, b)));
  }
  luma_scalar(pixels + x * channels, n - x, channels, luma + x);
}

PDQ_AVX2 static inline void transpose8_avx2(__m256 v[8]) {
  __m256 a[8], b[8];
  PDQ_UNROLL
  for (int i = 0; i < 8; i += 2) {
    a[i] = _mm256_unpacklo_ps(v[i], v[i + 1]);
    a[i + 1] = _mm256_unpackhi_ps(v[i], v[i + 1]);
  }
  PDQ_UNROLL
  for (int i = 0; i < 8; i += 4) {
    b[i] = _mm256_shuffle_ps(a[i], a[i + 2], 0x44);
    b[i + 1] = _mm256_shuffle_ps(a[i], a[i + 2], 0xee);
    b[i + 2] = _mm256_shuffle_ps(a[i + 1], a[i + 3], 0x44);
    b[i + 3] = _mm256_shuffle_ps(a[i + 1], a[i + 3], 0xee);
  }
  PDQ_UNROLL
  for (int i = 0; i < 4; i++) {
    v[i] = _mm256_permute2f128_ps(b[i], b[i + 4], 0x20);
    v[i + 4] = _mm256_permute2f128_ps(b[i], b[i + 4], 0x31);
  }
}

/* Columns x to x + 7 of the eight rows, interleaved. Columns from n on become zero. */
PDQ_AVX2 static inline void interleave_avx2(const struct pdq_strip *strip, size_t x) {
  __m256 v[8];
  PDQ_UNROLL
  for (size_t r = 0; r < 8; r++) v[r] = _mm256_load_ps(strip->luma + r * strip->stride + x);
  transpose8_avx2(v);
  PDQ_UNROLL
  for (size_t c = 0; c < 8; c++) _mm256_store_ps(strip->before + 8 * (x + c), v[c]);
  for (size_t c = strip->along->n; c < x + 8; c++) _mm256_store_ps(strip->before + 8 * c, _mm256_setzero_ps());
}

/* All three passes over one 8x8 tile after the other, so that a tile's values stay in registers from pass to pass and
 * the three running sums advance side by side. Pass three has no use for a column of `between` once it has left the
 * window, and keeps its own sum there. */
PDQ_AVX2_FMA __attribute__((always_inline)) static inline void filter_tiles_avx2(const struct pdq_strip *strip,
                                                                                 bool all_rows) {
  const struct pdq_box *box = strip->along;
  const size_t lead = box->lead;
  const size_t ahead = (lead + 7) / 8 * 8;
  for (size_t x = 0; x < ahead && x < box->n; x += 8) interleave_avx2(strip, x);
  const float *entering = strip->before + 8 * lead;
  const float *leaving = entering - 8 * box->window;
  float *between_leaving = strip->between - 8 * box->window;
  memset(between_leaving, 0, 8 * box->window * sizeof(float));

  __m256 along = _mm256_setzero_ps();
  __m256 sampled = _mm256_setzero_ps();
  for (size_t x = 0; x < lead; x++) along = _mm256_add_ps(along, _mm256_load_ps(strip->before + 8 * x));
  for (size_t x = 0; x < box->n; x += 8) {
    if (x + ahead < box->n) interleave_avx2(strip, x + ahead);
    __m256 v[8];
    PDQ_UNROLL
    for (size_t c = 0; c < 8; c++) {
      along = _mm256_add_ps(along, _mm256_load_ps(entering + 8 * (x + c)));
      along = _mm256_sub_ps(along, _mm256_load_ps(leaving + 8 * (x + c)));
      v[c] = divide_avx2(along, _mm256_broadcast_ss(box->count + x + c), _mm256_broadcast_ss(box->reciprocal + x + c));
    }
    transpose8_avx2(v);
    PDQ_UNROLL
    for (size_t r = 0; r < 8; r++) _mm256_store_ps(strip->entering[r] + x, v[r]);

    __m256 across = _mm256_load_ps(strip->sum + x);
    PDQ_UNROLL
    for (size_t r = 0; r < 8; r++) {
      if (all_rows || r < strip->rows) across = _mm256_add_ps(across, v[r]);
      across = _mm256_sub_ps(across, _mm256_load_ps(strip->leaving[r] + x));
      v[r] = divide_avx2(across, _mm256_broadcast_ss(strip->count + r), _mm256_broadcast_ss(strip->reciprocal + r));
    }
    _mm256_store_ps(strip->sum + x, across);
    transpose8_avx2(v);

    PDQ_UNROLL
    for (size_t c = 0; c < 8; c++) _mm256_store_ps(strip->between + 8 * (x + c), v[c]);
    PDQ_UNROLL
    for (size_t c = 0; c < 8; c++) {
      sampled = _mm256_add_ps(sampled, v[c]);
      sampled = _mm256_sub_ps(sampled, _mm256_load_ps(between_leaving + 8 * (x + c)));
      _mm256_store_ps(between_leaving + 8 * (x + c), sampled);
    }
  }
}

PDQ_AVX2_FMA static void filter_avx2(const struct pdq_strip *strip) {
  pdq_assert_strip(strip);
  if (strip->rows == PDQ_STRIP) filter_tiles_avx2(strip, true);
  else filter_tiles_avx2(strip, false);

  const struct pdq_box *box = strip->along;
  const float *sums = strip->between + 8 * box->lead - 8 * box->window;
  for (size_t j = 0; j < PDQ_SIDE; j += 8) {
    __m256 v[8];
    PDQ_UNROLL
    for (size_t c = 0; c < 8; c++) {
      const size_t x = strip->samples[j + c];
      v[c] = _mm256_div_ps(_mm256_load_ps(sums + 8 * x), _mm256_broadcast_ss(box->count + x));
    }
    transpose8_avx2(v);
    PDQ_UNROLL
    for (size_t r = 0; r < 8; r++) _mm256_storeu_ps(strip->out[r] + j, v[r]);
  }
}

/* Both products run their lanes across output columns; the second one needs the DCT matrix transposed. */
PDQ_AVX2 static void transform_avx2(const float *dct, const float *picture, float *coefficients) {
  assert(is_aligned(picture, 32));
  _Alignas(32) float half[PDQ_COEFFICIENTS][PDQ_SIDE];
  _Alignas(32) float dct_columns[PDQ_SIDE][PDQ_COEFFICIENTS];
  for (size_t j = 0; j < PDQ_COEFFICIENTS; j++)
    for (size_t k = 0; k < PDQ_SIDE; k++) dct_columns[k][j] = dct[j * PDQ_SIDE + k];

  for (size_t i = 0; i < PDQ_COEFFICIENTS; i += 4) {
    for (size_t j = 0; j < PDQ_SIDE; j += 16) {
      __m256 sum[4][2];
      PDQ_UNROLL
      for (size_t m = 0; m < 4; m++) sum[m][0] = sum[m][1] = _mm256_setzero_ps();
      for (size_t k = 0; k < PDQ_SIDE; k++) {
        const __m256 left = _mm256_load_ps(picture + k * PDQ_SIDE + j);
        const __m256 right = _mm256_load_ps(picture + k * PDQ_SIDE + j + 8);
        PDQ_UNROLL
        for (size_t m = 0; m < 4; m++) {
          const __m256 weight = _mm256_broadcast_ss(dct + (i + m) * PDQ_SIDE + k);
          sum[m][0] = _mm256_add_ps(sum[m][0], _mm256_mul_ps(weight, left));
          sum[m][1] = _mm256_add_ps(sum[m][1], _mm256_mul_ps(weight, right));
        }
      }
      PDQ_UNROLL
      for (size_t m = 0; m < 4; m++) {
        _mm256_store_ps(&half[i + m][j], sum[m][0]);
        _mm256_store_ps(&half[i + m][j + 8], sum[m][1]);
      }
    }
  }

  for (size_t i = 0; i < PDQ_COEFFICIENTS; i += 4) {
    __m256 sum[4][2];
    PDQ_UNROLL
    for (size_t m = 0; m < 4; m++) sum[m][0] = sum[m][1] = _mm256_setzero_ps();
    for (size_t k = 0; k < PDQ_SIDE; k++) {
      const __m256 left = _mm256_load_ps(dct_columns[k]);
      const __m256 right = _mm256_load_ps(dct_columns[k] + 8);
      PDQ_UNROLL
      for (size_t m = 0; m < 4; m++) {
        const __m256 value = _mm256_broadcast_ss(&half[i + m][k]);
        sum[m][0] = _mm256_add_ps(sum[m][0], _mm256_mul_ps(value, left));
        sum[m][1] = _mm256_add_ps(sum[m][1], _mm256_mul_ps(value, right));
      }
    }
    PDQ_UNROLL
    for (size_t m = 0; m < 4; m++) {
      _mm256_storeu_ps(coefficients + (i + m) * PDQ_COEFFICIENTS, sum[m][0]);
      _mm256_storeu_ps(coefficients + (i + m) * PDQ_COEFFICIENTS + 8, sum[m][1]);
    }
  }
}

static void kernels_avx2(struct pdq_kernels *kernels) {
  kernels->luma = luma_avx2;
  kernels->filter = filter_avx2;
  kernels->transform = transform_avx2;
}

#endif
