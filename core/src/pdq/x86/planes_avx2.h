/* SPDX-License-Identifier: Apache-2.0 */
/* AVX2 kernels for planes; included by planes.c alone.
 *
 * 32 pixels of a few rows at a time, even and odd ones apart: two vectors of 16-bit lanes, which is how chroma that is
 * halved along the row comes, and 16-bit sums of the six of them stay in registers all the way down. Rows go two by two
 * because VPMADDUBSW weighs bytes two by two; those of a 4:2:0 picture so that both lie between the same two rows of
 * chroma. Multiplications by VPMULHRSW are exact for the 256 values of a chroma sample (tests/unit/test_planes.c tries
 * all of them). */
#ifndef HASHSCAN_PDQ_X86_PLANES_AVX2_H
#define HASHSCAN_PDQ_X86_PLANES_AVX2_H

#include <immintrin.h>

#define PLANES_AVX2 __attribute__((target("avx2")))
#define PLANES_INLINE PLANES_AVX2 static inline __attribute__((always_inline))
#define PLANES_UNROLL _Pragma("GCC unroll 8")

/* Two rows of luma and two of each chroma: their own, or the ones above and below both. A row that is missing has the
 * other one's samples, and weight zero. */
struct row_pair {
  const uint8_t *luma[2];
  const uint8_t *chroma[2][2]; /* Cb and Cr */
  int32_t weights;             /* as two bytes, twice */
};

struct row_pairs {
  size_t count;
  struct row_pair pairs[PDQ_GROUP_ROWS / 2 + 1];
};

static void pair_planes(struct row_pairs *pairs, const struct image_planes *planes, size_t row, size_t count,
                        const uint8_t *weights) {
  const bool between = planes->sampling == IMAGE_420;
  const size_t end = row + count;
  pairs->count = 0;
  for (size_t r = row; r < end;) {
    struct row_pair *pair = &pairs->pairs[pairs->count++];
    const bool has_first = !between || (planes->first + r) % 2 == 1;
    const size_t first = r;
    const size_t second = has_first && r + 1 < end ? r + 1 : r;
    const int32_t both =
        (has_first ? weights[first - row] : 0) | (has_first && second == first ? 0 : weights[second - row]) << 8;
    pair->weights = both | both << 16;
    pair->luma[0] = planes->luma + first * planes->luma_stride;
    pair->luma[1] = planes->luma + second * planes->luma_stride;
    const size_t upper = between ? chroma_above(planes, r) : first;
    const size_t lower = between ? upper + 1 : second;
    for (size_t c = 0; c < 2; c++) {
      pair->chroma[c][0] = planes->chroma[c] + upper * planes->chroma_stride;
      pair->chroma[c][1] = planes->chroma[c] + lower * planes->chroma_stride;
    }
    r = second + 1;
  }
}

/* 16-bit lanes of the even and of the odd pixels of 32. */
struct halves {
  __m256i of[2];
};

PLANES_INLINE __m256i load_samples(const uint8_t *samples) {
  return _mm256_cvtepu8_epi16(_mm_loadu_si128((const __m128i *)samples));
}

PLANES_INLINE struct halves load_halves(const uint8_t *samples) {
  const __m256i bytes = _mm256_loadu_si256((const __m256i *)samples);
  return (struct halves){{_mm256_and_si256(bytes, _mm256_set1_epi16(0xff)), _mm256_srli_epi16(bytes, 8)}};
}

/* The triangle filter along a row, without its division by 4. */
PLANES_INLINE struct halves filter_row(const uint8_t *chroma) {
  const __m256i here = load_samples(chroma);
  const __m256i thrice = _mm256_add_epi16(_mm256_add_epi16(here, here), here);
  return (struct halves){
      {_mm256_add_epi16(thrice, load_samples(chroma - 1)), _mm256_add_epi16(thrice, load_samples(chroma + 1))}};
}

/* Twice the chroma, which is 128 less than its sample, from samples with `bits` bits behind the point. */
PLANES_INLINE __m256i twice_chroma(__m256i sample, int bits) {
  return _mm256_and_si256(_mm256_srai_epi16(sample, bits - 1), _mm256_set1_epi16(-2));
}

/* Chroma of two rows from the rows above and below both. */
PLANES_INLINE void filter_down(const struct halves *above, const struct halves *below, struct halves rows[2]) {
  PLANES_UNROLL
  for (int h = 0; h < 2; h++) {
    const __m256i rounding = _mm256_set1_epi16((short)(8 - h - 16 * 128));
    const __m256i sum = _mm256_add_epi16(_mm256_add_epi16(above->of[h], below->of[h]), rounding);
    const __m256i upper = _mm256_add_epi16(sum, _mm256_add_epi16(above->of[h], above->of[h]));
    const __m256i lower = _mm256_add_epi16(sum, _mm256_add_epi16(below->of[h], below->of[h]));
    rows[0].of[h] = twice_chroma(upper, 4);
    rows[1].of[h] = twice_chroma(lower, 4);
  }
}

PLANES_INLINE struct halves upsample_row(const uint8_t *chroma) {
  struct halves row = filter_row(chroma);
  PLANES_UNROLL
  for (int h = 0; h < 2; h++)
    row.of[h] = twice_chroma(_mm256_add_epi16(row.of[h], _mm256_set1_epi16((short)(1 + h - 4 * 128))), 2);
  return row;
}

PLANES_INLINE struct halves whole_row(const uint8_t *chroma) {
  struct halves row = load_halves(chroma);
  PLANES_UNROLL
  for (int h = 0; h < 2; h++)
    row.of[h] = _mm256_sub_epi16(_mm256_add_epi16(row.of[h], row.of[h]), _mm256_set1_epi16(256));
  return row;
}

PLANES_INLINE __m256i red(__m256i luma, __m256i cr) {
  return _mm256_add_epi16(luma, _mm256_mulhrs_epi16(cr, _mm256_set1_epi16(22970)));
}

PLANES_INLINE __m256i blue(__m256i luma, __m256i cb) {
  return _mm256_add_epi16(luma, _mm256_mulhrs_epi16(cb, _mm256_set1_epi16(29033)));
}

/* Both products are rounded together, so this one needs 32 bits. */
PLANES_INLINE __m256i green(__m256i luma, __m256i cb, __m256i cr) {
  const __m256i factors = _mm256_set1_epi32((int)((uint16_t)-11277 | (uint32_t)(uint16_t)-23401 << 16));
  const __m256i half = _mm256_set1_epi32(32768);
  const __m256i low = _mm256_madd_epi16(_mm256_unpacklo_epi16(cb, cr), factors);
  const __m256i high = _mm256_madd_epi16(_mm256_unpackhi_epi16(cb, cr), factors);
  return _mm256_add_epi16(luma, _mm256_packs_epi32(_mm256_srai_epi32(_mm256_add_epi32(low, half), 16),
                                                   _mm256_srai_epi32(_mm256_add_epi32(high, half), 16)));
}

/* Clamps to bytes, and weighs the two rows. */
PLANES_INLINE __m256i weigh_pair(__m256i first, __m256i second, __m256i weights) {
  const __m256i together = _mm256_setr_epi8(0, 8, 1, 9, 2, 10, 3, 11, 4, 12, 5, 13, 6, 14, 7, 15, 0, 8, 1, 9, 2, 10, 3,
                                            11, 4, 12, 5, 13, 6, 14, 7, 15);
  return _mm256_maddubs_epi16(_mm256_shuffle_epi8(_mm256_packus_epi16(first, second), together), weights);
}

PLANES_INLINE void add_pair(const struct row_pair *pair, size_t x, const struct halves cb[2], const struct halves cr[2],
                            struct halves sums[3]) {
  const struct halves first = load_halves(pair->luma[0] + x);
  const struct halves second = load_halves(pair->luma[1] + x);
  const __m256i weights = _mm256_set1_epi32(pair->weights);
  PLANES_UNROLL
  for (int h = 0; h < 2; h++) {
    const __m256i y0 = first.of[h], y1 = second.of[h];
    const __m256i cb0 = cb[0].of[h], cb1 = cb[1].of[h], cr0 = cr[0].of[h], cr1 = cr[1].of[h];
    sums[0].of[h] = _mm256_add_epi16(sums[0].of[h], weigh_pair(red(y0, cr0), red(y1, cr1), weights));
    sums[1].of[h] = _mm256_add_epi16(sums[1].of[h], weigh_pair(green(y0, cb0, cr0), green(y1, cb1, cr1), weights));
    sums[2].of[h] = _mm256_add_epi16(sums[2].of[h], weigh_pair(blue(y0, cb0), blue(y1, cb1), weights));
  }
}

PLANES_INLINE void add_scaled(__m128i words, __m256 scale, float *sums) {
  const __m256 floats = _mm256_cvtepi32_ps(_mm256_cvtepu16_epi32(words));
  _mm256_store_ps(sums, _mm256_add_ps(_mm256_load_ps(sums), _mm256_mul_ps(scale, floats)));
}

PLANES_INLINE void add_halves(const struct halves *words, __m256 scale, float *sums) {
  const __m256i low = _mm256_unpacklo_epi16(words->of[0], words->of[1]);
  const __m256i high = _mm256_unpackhi_epi16(words->of[0], words->of[1]);
  add_scaled(_mm256_castsi256_si128(low), scale, sums);
  add_scaled(_mm256_castsi256_si128(high), scale, sums + 8);
  add_scaled(_mm256_extracti128_si256(low, 1), scale, sums + 16);
  add_scaled(_mm256_extracti128_si256(high, 1), scale, sums + 24);
}

PLANES_INLINE void chroma_of_pair(enum image_sampling sampling, const uint8_t *const chroma[2], size_t x,
                                  struct halves *above, struct halves rows[2]) {
  if (sampling == IMAGE_420) {
    const struct halves below = filter_row(chroma[1] + x / 2);
    filter_down(above, &below, rows);
    *above = below;
  } else if (sampling == IMAGE_422) {
    rows[0] = upsample_row(chroma[0] + x / 2);
    rows[1] = upsample_row(chroma[1] + x / 2);
  } else {
    rows[0] = whole_row(chroma[0] + x);
    rows[1] = whole_row(chroma[1] + x);
  }
}

PLANES_INLINE void weigh_pairs(enum image_sampling sampling, const struct row_pairs *pairs, float scale, size_t width,
                               float *sums, size_t plane) {
  const __m256 scales = _mm256_set1_ps(scale);
  for (size_t x = 0; x < width; x += 32) {
    struct halves words[3];
    struct halves above[2];
    for (size_t c = 0; c < 3; c++) words[c].of[0] = words[c].of[1] = _mm256_setzero_si256();
    for (size_t c = 0; c < 2 && sampling == IMAGE_420; c++) above[c] = filter_row(pairs->pairs[0].chroma[c][0] + x / 2);
    for (size_t p = 0; p < pairs->count; p++) {
      const struct row_pair *pair = &pairs->pairs[p];
      struct halves cb[2], cr[2];
      chroma_of_pair(sampling, pair->chroma[0], x, &above[0], cb);
      chroma_of_pair(sampling, pair->chroma[1], x, &above[1], cr);
      add_pair(pair, x, cb, cr, words);
    }
    for (size_t c = 0; c < 3; c++) add_halves(&words[c], scales, sums + c * plane + x);
  }
}

PLANES_AVX2 static void weigh_planes_avx2(const struct image_planes *planes, size_t row, size_t count,
                                          const uint8_t *weights, float scale, size_t width, float *sums,
                                          size_t plane) {
  pdq_planes_assert(planes, row, count, width, sums, plane);
  struct row_pairs pairs;
  pair_planes(&pairs, planes, row, count, weights);
  switch (planes->sampling) {
  case IMAGE_420:
    weigh_pairs(IMAGE_420, &pairs, scale, width, sums, plane);
    break;
  case IMAGE_422:
    weigh_pairs(IMAGE_422, &pairs, scale, width, sums, plane);
    break;
  default:
    weigh_pairs(IMAGE_444, &pairs, scale, width, sums, plane);
    break;
  }
}

PLANES_AVX2 static void luma_avx2(float *sums, size_t plane, size_t n) {
  assert(n % 8 == 0 && is_aligned(sums, 32));
  for (size_t x = 0; x < n; x += 8) {
    const __m256 r = _mm256_mul_ps(_mm256_set1_ps(0.299f), _mm256_load_ps(sums + x));
    const __m256 g = _mm256_mul_ps(_mm256_set1_ps(0.587f), _mm256_load_ps(sums + plane + x));
    const __m256 b = _mm256_mul_ps(_mm256_set1_ps(0.114f), _mm256_load_ps(sums + 2 * plane + x));
    _mm256_store_ps(sums + x, _mm256_add_ps(_mm256_add_ps(r, g), b));
  }
}

static void planes_kernels_avx2(struct pdq_planes_kernels *kernels) {
  kernels->pays = true;
  kernels->weigh = weigh_planes_avx2;
  kernels->luma = luma_avx2;
}

#endif
