/* SPDX-License-Identifier: Apache-2.0 */
/* AVX2 kernels of the fast level; included by fast_kernels.c alone. FMA stays out of the target, so that no compiler
 * flag can fuse what the scalar reference rounds twice. */
#ifndef HASHSCAN_PDQ_X86_FAST_AVX2_H
#define HASHSCAN_PDQ_X86_FAST_AVX2_H

#include <immintrin.h>

#define FAST_AVX2 __attribute__((target("avx2")))
/* Keeps small arrays of vectors in registers; gcc does not unroll such loops by itself at -O2. */
#define FAST_UNROLL _Pragma("GCC unroll 8")

/* Rows go two by two: interleaved bytes meet byte weights in VPMADDUBSW. pairs[p] is the weights of rows 2p and 2p + 1
 * four times over; a last row without a partner pairs with itself and weight zero. */
struct weighed_pairs {
  size_t count;
  int32_t weights[PDQ_GROUP_ROWS / 2];
  const uint8_t *rows[PDQ_GROUP_ROWS];
};

static inline void pair_rows(struct weighed_pairs *pairs, const uint8_t *rows, size_t stride, size_t count,
                             const uint8_t *weights) {
  pairs->count = (count + 1) / 2;
  for (size_t p = 0; p < pairs->count; p++) {
    const size_t second = 2 * p + 1 < count ? 2 * p + 1 : 2 * p;
    const int32_t both = weights[2 * p] | (second == 2 * p ? 0 : weights[second]) << 8;
    pairs->weights[p] = both | both << 16;
    pairs->rows[2 * p] = rows + 2 * p * stride;
    pairs->rows[2 * p + 1] = rows + second * stride;
  }
}

FAST_AVX2 static inline void add_words_avx2(__m128i words, float *sums) {
  const __m256 floats = _mm256_cvtepi32_ps(_mm256_cvtepu16_epi32(words));
  _mm256_store_ps(sums, _mm256_add_ps(_mm256_load_ps(sums), floats));
}

/* `low` holds elements 0 to 7 and 16 to 23, `high` the others. */
FAST_AVX2 static inline void add_sums_avx2(__m256i low, __m256i high, float *sums) {
  add_words_avx2(_mm256_castsi256_si128(low), sums);
  add_words_avx2(_mm256_castsi256_si128(high), sums + 8);
  add_words_avx2(_mm256_extracti128_si256(low, 1), sums + 16);
  add_words_avx2(_mm256_extracti128_si256(high, 1), sums + 24);
}

FAST_AVX2 static inline __m256i load_bytes_avx2(const uint8_t *bytes) {
  return _mm256_loadu_si256((const __m256i *)bytes);
}

/* A whole cache line of every row at a time, so that rows that fall on the same cache sets are read only once. */
FAST_AVX2 static void weigh_avx2(const uint8_t *rows, size_t stride, size_t count, const uint8_t *weights, size_t n,
                                 float *sums) {
  assert(count <= PDQ_GROUP_ROWS);
  pdq_fast_assert_sums(sums);
  struct weighed_pairs pairs;
  pair_rows(&pairs, rows, stride, count, weights);
  size_t x = 0;
  for (; x + 64 <= n; x += 64) {
    __m256i low[2] = {_mm256_setzero_si256(), _mm256_setzero_si256()};
    __m256i high[2] = {_mm256_setzero_si256(), _mm256_setzero_si256()};
    for (size_t p = 0; p < pairs.count; p++) {
      const __m256i weight = _mm256_set1_epi32(pairs.weights[p]);
      FAST_UNROLL
      for (size_t h = 0; h < 2; h++) {
        const __m256i a = load_bytes_avx2(pairs.rows[2 * p] + x + 32 * h);
        const __m256i b = load_bytes_avx2(pairs.rows[2 * p + 1] + x + 32 * h);
        low[h] = _mm256_add_epi16(low[h], _mm256_maddubs_epi16(_mm256_unpacklo_epi8(a, b), weight));
        high[h] = _mm256_add_epi16(high[h], _mm256_maddubs_epi16(_mm256_unpackhi_epi8(a, b), weight));
      }
    }
    add_sums_avx2(low[0], high[0], sums + x);
    add_sums_avx2(low[1], high[1], sums + x + 32);
  }
  for (; x + 8 <= n; x += 8) {
    __m128i sum = _mm_setzero_si128();
    for (size_t p = 0; p < pairs.count; p++) {
      const __m128i a = _mm_loadl_epi64((const __m128i *)(pairs.rows[2 * p] + x));
      const __m128i b = _mm_loadl_epi64((const __m128i *)(pairs.rows[2 * p + 1] + x));
      const __m128i weight = _mm_set1_epi32(pairs.weights[p]);
      sum = _mm_add_epi16(sum, _mm_maddubs_epi16(_mm_unpacklo_epi8(a, b), weight));
    }
    add_words_avx2(sum, sums + x);
  }
  weigh_rest(rows + x, stride, count, weights, n - x, sums + x);
}

FAST_AVX2 static void weigh_float_avx2(const uint8_t *rows, size_t stride, size_t count, const float *weights, size_t n,
                                       float *sums) {
  pdq_fast_assert_sums(sums);
  size_t x = 0;
  for (; x + 8 <= n; x += 8) {
    __m256 sum = _mm256_load_ps(sums + x);
    for (size_t r = 0; r < count; r++) {
      const __m128i bytes = _mm_loadl_epi64((const __m128i *)(rows + r * stride + x));
      const __m256 pixels = _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(bytes));
      sum = _mm256_add_ps(sum, _mm256_mul_ps(_mm256_broadcast_ss(weights + r), pixels));
    }
    _mm256_store_ps(sums + x, sum);
  }
  weigh_float_rest(rows + x, stride, count, weights, n - x, sums + x);
}

/* Adds up the lanes of each of four vectors. */
FAST_AVX2 static inline __m128 add_lanes_avx2(__m256 a, __m256 b, __m256 c, __m256 d) {
  const __m256 quarters = _mm256_hadd_ps(_mm256_hadd_ps(a, b), _mm256_hadd_ps(c, d));
  return _mm_add_ps(_mm256_castps256_ps128(quarters), _mm256_extractf128_ps(quarters, 1));
}

FAST_AVX2 static void gather_avx2(const struct pdq_weights *columns, const float *sums, float scale,
                                  float out[PDQ_SIDE]) {
  assert(columns->use == PDQ_WEIGHTS_COLUMNS);
  for (size_t cell = 0; cell < PDQ_SIDE; cell += 4) {
    __m256 lanes[4];
    FAST_UNROLL
    for (size_t c = 0; c < 4; c++) {
      const float *weights = columns->values + (cell + c) * columns->stride;
      const float *from = sums + columns->first[cell + c];
      lanes[c] = _mm256_setzero_ps();
      for (size_t k = 0; k < columns->count[cell + c]; k += 8)
        lanes[c] = _mm256_add_ps(lanes[c], _mm256_mul_ps(_mm256_loadu_ps(weights + k), _mm256_loadu_ps(from + k)));
    }
    const __m128 added = add_lanes_avx2(lanes[0], lanes[1], lanes[2], lanes[3]);
    _mm_storeu_ps(out + cell, _mm_mul_ps(_mm_set1_ps(scale), added));
  }
}

FAST_AVX2 static void gather_blocks_avx2(const struct pdq_weights *columns, const int16_t *blocks, size_t stride,
                                         float *partial) {
  assert(columns->use == PDQ_WEIGHTS_BLOCK_COLUMNS && is_aligned(partial, 32));
  pdq_fast_assert_lanes(columns->layout, stride);
  const size_t lanes = columns->layout;
  for (size_t cell = 0; cell < PDQ_SIDE; cell++) {
    const size_t count = columns->count[cell];
    for (size_t k = 0; k < lanes; k += 8) {
      const float *weights = columns->values + cell * columns->stride + k;
      const int16_t *block = blocks + columns->first[cell] * stride + k;
      __m256 sum = _mm256_setzero_ps();
      for (size_t b = 0; b < count; b++, weights += lanes, block += stride) {
        const __m256i words = _mm256_cvtepi16_epi32(_mm_loadu_si128((const __m128i *)block));
        sum = _mm256_add_ps(sum, _mm256_mul_ps(_mm256_loadu_ps(weights), _mm256_cvtepi32_ps(words)));
      }
      _mm256_store_ps(partial + cell * lanes + k, sum);
    }
  }
}

FAST_AVX2 static void centre_avx2(const int16_t *blocks, size_t stride, size_t count, const int16_t *half, size_t lanes,
                                  int16_t *out) {
  pdq_fast_assert_lanes(lanes, stride);
  const __m128i most = _mm_set1_epi16(PDQ_COEFFICIENT_MAX);
  const __m128i least = _mm_set1_epi16(-PDQ_COEFFICIENT_MAX);
  for (size_t b = 0; b < count; b++, blocks += stride, out += lanes) {
    for (size_t k = 0; k < lanes; k += 8) {
      const __m128i raw = _mm_loadu_si128((const __m128i *)(blocks + k));
      const __m128i value = _mm_max_epi16(_mm_min_epi16(raw, most), least);
      const __m128i signed_half = _mm_sign_epi16(_mm_loadu_si128((const __m128i *)(half + k)), value);
      _mm_storeu_si128((__m128i *)(out + k), _mm_add_epi16(_mm_add_epi16(value, value), signed_half));
    }
  }
}

FAST_AVX2 static void spread_avx2(const float *partial, const float *weights, size_t lanes, float *sums) {
  assert(is_aligned(partial, 32) && is_aligned(sums, 32));
  pdq_fast_assert_lanes(lanes, lanes);
  for (size_t k = 0; k < lanes; k += 8) {
    const __m256 weight = _mm256_loadu_ps(weights + k);
    for (size_t at = k; at < PDQ_SIDE * lanes; at += lanes) {
      const __m256 product = _mm256_mul_ps(weight, _mm256_load_ps(partial + at));
      _mm256_store_ps(sums + at, _mm256_add_ps(_mm256_load_ps(sums + at), product));
    }
  }
}

FAST_AVX2 static void collect_avx2(const float *sums, const float *steps, size_t lanes, float out[PDQ_SIDE]) {
  assert(is_aligned(sums, 32));
  pdq_fast_assert_lanes(lanes, lanes);
  for (size_t cell = 0; cell < PDQ_SIDE; cell += 4) {
    __m256 added[4];
    FAST_UNROLL
    for (size_t c = 0; c < 4; c++) {
      const float *from = sums + (cell + c) * lanes;
      added[c] = _mm256_setzero_ps();
      for (size_t k = 0; k < lanes; k += 8)
        added[c] = _mm256_add_ps(added[c], _mm256_mul_ps(_mm256_loadu_ps(steps + k), _mm256_load_ps(from + k)));
    }
    const __m128 sum = add_lanes_avx2(added[0], added[1], added[2], added[3]);
    _mm_storeu_ps(out + cell, _mm_add_ps(_mm_set1_ps(128.0f), sum));
  }
}

/* Rows i, i + 2, i + 4 and i + 6 of dct * picture, for 16 columns from j on. */
FAST_AVX2 static inline void transform_rows_avx2(const struct pdq_folded_dct *dct, const float *picture, size_t i,
                                                 size_t j, float half[PDQ_COEFFICIENTS][PDQ_SIDE]) {
  __m256 sum[4][2];
  FAST_UNROLL
  for (size_t m = 0; m < 4; m++) sum[m][0] = sum[m][1] = _mm256_setzero_ps();
  for (size_t k = 0; k < PDQ_SIDE / 2; k++) {
    const float *near = picture + k * PDQ_SIDE + j;
    const float *far = picture + (PDQ_SIDE - 1 - k) * PDQ_SIDE + j;
    __m256 fold[2];
    FAST_UNROLL
    for (size_t h = 0; h < 2; h++) {
      const __m256 a = _mm256_loadu_ps(near + 8 * h);
      const __m256 b = _mm256_loadu_ps(far + 8 * h);
      fold[h] = i % 2 == 0 ? _mm256_sub_ps(a, b) : _mm256_add_ps(a, b);
    }
    FAST_UNROLL
    for (size_t m = 0; m < 4; m++) {
      const __m256 weight = _mm256_broadcast_ss(&dct->rows[i + 2 * m][k]);
      sum[m][0] = _mm256_add_ps(sum[m][0], _mm256_mul_ps(weight, fold[0]));
      sum[m][1] = _mm256_add_ps(sum[m][1], _mm256_mul_ps(weight, fold[1]));
    }
  }
  FAST_UNROLL
  for (size_t m = 0; m < 4; m++) {
    _mm256_store_ps(&half[i + 2 * m][j], sum[m][0]);
    _mm256_store_ps(&half[i + 2 * m][j + 8], sum[m][1]);
  }
}

/* One row of the product with transpose(dct): even and odd columns have their own fold of `half` and their own half of
 * dct->columns. */
FAST_AVX2 static inline void transform_columns_avx2(const struct pdq_folded_dct *dct, const float half[PDQ_SIDE],
                                                    float *out) {
  const __m256i reversed = _mm256_setr_epi32(7, 6, 5, 4, 3, 2, 1, 0);
  _Alignas(32) float minus[PDQ_SIDE / 2];
  _Alignas(32) float plus[PDQ_SIDE / 2];
  for (size_t k = 0; k < PDQ_SIDE / 2; k += 8) {
    const __m256 near = _mm256_load_ps(half + k);
    const __m256 far = _mm256_permutevar8x32_ps(_mm256_load_ps(half + PDQ_SIDE - 8 - k), reversed);
    _mm256_store_ps(minus + k, _mm256_sub_ps(near, far));
    _mm256_store_ps(plus + k, _mm256_add_ps(near, far));
  }
  __m256 even = _mm256_setzero_ps();
  __m256 odd = _mm256_setzero_ps();
  for (size_t k = 0; k < PDQ_SIDE / 2; k++) {
    even = _mm256_add_ps(even, _mm256_mul_ps(_mm256_broadcast_ss(minus + k), _mm256_loadu_ps(dct->columns[k])));
    odd = _mm256_add_ps(odd, _mm256_mul_ps(_mm256_broadcast_ss(plus + k), _mm256_loadu_ps(dct->columns[k] + 8)));
  }
  const __m256 low = _mm256_unpacklo_ps(even, odd);
  const __m256 high = _mm256_unpackhi_ps(even, odd);
  _mm256_storeu_ps(out, _mm256_permute2f128_ps(low, high, 0x20));
  _mm256_storeu_ps(out + 8, _mm256_permute2f128_ps(low, high, 0x31));
}

FAST_AVX2 static void transform_fast_avx2(const struct pdq_folded_dct *dct, const float *picture, float *coefficients) {
  _Alignas(32) float half[PDQ_COEFFICIENTS][PDQ_SIDE];
  for (size_t j = 0; j < PDQ_SIDE; j += 16) {
    transform_rows_avx2(dct, picture, 0, j, half);
    transform_rows_avx2(dct, picture, 8, j, half);
    transform_rows_avx2(dct, picture, 1, j, half);
    transform_rows_avx2(dct, picture, 9, j, half);
  }
  for (size_t i = 0; i < PDQ_COEFFICIENTS; i++)
    transform_columns_avx2(dct, half[i], coefficients + i * PDQ_COEFFICIENTS);
}

/* Sums of truncated gradients: as they are, at least, at most. */
struct gradients_avx2 {
  __m256i estimate, low, high;
};

/* VMINPS returns its second operand when one is NaN. */
FAST_AVX2 static inline __m256 bounded_avx2(__m256 sizes) {
  return _mm256_min_ps(sizes, _mm256_set1_ps(PDQ_GRADIENT_MAX));
}

FAST_AVX2 static inline void add_gradients_avx2(struct gradients_avx2 *sums, __m256 u, __m256 v, __m256 margin,
                                                __m256i within) {
  const __m256 percent = _mm256_mul_ps(_mm256_sub_ps(u, v), _mm256_set1_ps(100.0f));
  const __m256 signless = _mm256_castsi256_ps(_mm256_set1_epi32(0x7fffffff));
  const __m256 sizes = bounded_avx2(_mm256_and_ps(signless, _mm256_div_ps(percent, _mm256_set1_ps(255.0f))));
  const __m256 low = _mm256_max_ps(_mm256_sub_ps(sizes, margin), _mm256_setzero_ps());
  const __m256 high = bounded_avx2(_mm256_add_ps(sizes, margin));
  sums->estimate = _mm256_add_epi32(sums->estimate, _mm256_and_si256(within, _mm256_cvttps_epi32(sizes)));
  sums->low = _mm256_add_epi32(sums->low, _mm256_and_si256(within, _mm256_cvttps_epi32(low)));
  sums->high = _mm256_add_epi32(sums->high, _mm256_and_si256(within, _mm256_cvttps_epi32(high)));
}

FAST_AVX2 static inline int total_avx2(__m256i sums) {
  int32_t lanes[8];
  _mm256_storeu_si256((__m256i *)lanes, sums);
  int total = 0;
  for (size_t k = 0; k < 8; k++) total += lanes[k];
  return total;
}

/* The picture's rows lie behind each other, so a row's last pixel has the next row's first one for a neighbour: those
 * pairs are masked out. */
FAST_AVX2 static void quality_avx2(const float *picture, float across, float down, struct pdq_quality *quality) {
  const __m256 along_row = _mm256_set1_ps(pdq_quality_margin(across));
  const __m256 along_column = _mm256_set1_ps(pdq_quality_margin(down));
  const __m256i all = _mm256_set1_epi32(-1);
  const __m256i but_last = _mm256_setr_epi32(-1, -1, -1, -1, -1, -1, -1, 0);
  struct gradients_avx2 sums = {_mm256_setzero_si256(), _mm256_setzero_si256(), _mm256_setzero_si256()};
  for (size_t i = 0; i < PDQ_SIDE; i++) {
    const float *row = picture + i * PDQ_SIDE;
    for (size_t j = 0; j + 8 < PDQ_SIDE; j += 8)
      add_gradients_avx2(&sums, _mm256_loadu_ps(row + j), _mm256_loadu_ps(row + j + 1), along_row, all);
    const __m256 last = _mm256_loadu_ps(row + PDQ_SIDE - 8);
    const __m256 next = _mm256_permutevar8x32_ps(last, _mm256_setr_epi32(1, 2, 3, 4, 5, 6, 7, 7));
    add_gradients_avx2(&sums, last, next, along_row, but_last);
  }
  for (size_t k = 0; k < (PDQ_SIDE - 1) * PDQ_SIDE; k += 8)
    add_gradients_avx2(&sums, _mm256_loadu_ps(picture + k), _mm256_loadu_ps(picture + k + PDQ_SIDE), along_column, all);
  *quality = (struct pdq_quality){pdq_quality_of(total_avx2(sums.estimate)), pdq_quality_of(total_avx2(sums.low)),
                                  pdq_quality_of(total_avx2(sums.high))};
}

static void fast_kernels_avx2(struct pdq_fast_kernels *kernels) {
  kernels->weigh = weigh_avx2;
  kernels->weigh_float = weigh_float_avx2;
  kernels->gather = gather_avx2;
  kernels->gather_blocks = gather_blocks_avx2;
  kernels->centre = centre_avx2;
  kernels->spread = spread_avx2;
  kernels->collect = collect_avx2;
  kernels->transform = transform_fast_avx2;
  kernels->quality = quality_avx2;
}

#endif
