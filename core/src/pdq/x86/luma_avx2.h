/* SPDX-License-Identifier: Apache-2.0 */
/* AVX2 kernels for video luma; included by luma.c alone. A saturating subtraction of black and a minimum clamp a sample
 * at both ends. FMA is left out of the target: values round the product and the quotient one by one. */
#ifndef HASHSCAN_PDQ_X86_LUMA_AVX2_H
#define HASHSCAN_PDQ_X86_LUMA_AVX2_H

#include <immintrin.h>

#define LUMA_AVX2 __attribute__((target("avx2")))

LUMA_AVX2 static inline __m256 scaled_avx2(__m256i offsets, float span) {
  const __m256 product = _mm256_mul_ps(_mm256_set1_ps(WHITE_LEVEL), _mm256_cvtepi32_ps(offsets));
  return _mm256_div_ps(product, _mm256_set1_ps(span));
}

LUMA_AVX2 static void values8_avx2(const struct pdq_luma_range *range, const uint8_t *samples, size_t n,
                                   float *values) {
  const __m128i black = _mm_set1_epi8((char)range->black);
  const __m128i span = _mm_set1_epi8((char)(range->white - range->black));
  size_t x = 0;
  for (; x + 8 <= n; x += 8) {
    const __m128i bytes = _mm_loadl_epi64((const __m128i *)(const void *)(samples + x));
    const __m128i offsets = _mm_min_epu8(_mm_subs_epu8(bytes, black), span);
    _mm256_storeu_ps(values + x, scaled_avx2(_mm256_cvtepu8_epi32(offsets), (float)(range->white - range->black)));
  }
  values_scalar(range, samples + x, n - x, values + x);
}

LUMA_AVX2 static void values16_avx2(const struct pdq_luma_range *range, const uint16_t *samples, size_t n,
                                    float *values) {
  const __m128i black = _mm_set1_epi16((short)range->black);
  const __m128i span = _mm_set1_epi16((short)(range->white - range->black));
  size_t x = 0;
  for (; x + 8 <= n; x += 8) {
    const __m128i words = _mm_loadu_si128((const __m128i *)(const void *)(samples + x));
    const __m128i offsets = _mm_min_epu16(_mm_subs_epu16(words, black), span);
    _mm256_storeu_ps(values + x, scaled_avx2(_mm256_cvtepu16_epi32(offsets), (float)(range->white - range->black)));
  }
  values_scalar(range, samples + x, n - x, values + x);
}

LUMA_AVX2 static void values_avx2(const struct pdq_luma_range *range, const void *samples, size_t n, float *values) {
  if (range->bytes == 1) values8_avx2(range, samples, n, values);
  else values16_avx2(range, samples, n, values);
}

LUMA_AVX2 static void offsets8_avx2(const struct pdq_luma_range *range, const uint8_t *samples, size_t n,
                                    uint8_t *offsets) {
  const __m256i black = _mm256_set1_epi8((char)range->black);
  const __m256i span = _mm256_set1_epi8((char)(range->white - range->black));
  size_t x = 0;
  for (; x + 32 <= n; x += 32) {
    const __m256i bytes = _mm256_loadu_si256((const __m256i *)(const void *)(samples + x));
    _mm256_storeu_si256((__m256i *)(void *)(offsets + x), _mm256_min_epu8(_mm256_subs_epu8(bytes, black), span));
  }
  offsets_scalar(range, samples + x, n - x, offsets + x);
}

LUMA_AVX2 static void offsets16_avx2(const struct pdq_luma_range *range, const uint16_t *samples, size_t n,
                                     uint16_t *offsets) {
  const __m256i black = _mm256_set1_epi16((short)range->black);
  const __m256i span = _mm256_set1_epi16((short)(range->white - range->black));
  size_t x = 0;
  for (; x + 16 <= n; x += 16) {
    const __m256i words = _mm256_loadu_si256((const __m256i *)(const void *)(samples + x));
    _mm256_storeu_si256((__m256i *)(void *)(offsets + x), _mm256_min_epu16(_mm256_subs_epu16(words, black), span));
  }
  offsets_scalar(range, samples + x, n - x, offsets + x);
}

LUMA_AVX2 static void offsets_avx2(const struct pdq_luma_range *range, const void *samples, size_t n, void *offsets) {
  if (range->bytes == 1) offsets8_avx2(range, samples, n, offsets);
  else offsets16_avx2(range, samples, n, offsets);
}

#endif
