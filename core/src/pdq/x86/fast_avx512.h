/* SPDX-License-Identifier: Apache-2.0 */
/* AVX-512 kernel of the fast level; included by fast_kernels.c alone, after fast_avx2.h. The float kernels work on too
 * short runs of elements for longer vectors to help. */
#ifndef HASHSCAN_PDQ_X86_FAST_AVX512_H
#define HASHSCAN_PDQ_X86_FAST_AVX512_H

#include <immintrin.h>

#define FAST_AVX512 __attribute__((target("avx512f,avx512bw,avx512vl")))

FAST_AVX512 static inline void add_words_avx512(__m256i words, float *sums) {
  const __m512 floats = _mm512_cvtepi32_ps(_mm512_cvtepu16_epi32(words));
  _mm512_store_ps(sums, _mm512_add_ps(_mm512_load_ps(sums), floats));
}

/* Unpacking works within 128 bits: `low` holds elements 0 to 7 of each 16, `high` the others. */
FAST_AVX512 static inline void add_sums_avx512(__m512i low, __m512i high, float *sums) {
  const __m512i first = _mm512_permutex2var_epi64(low, _mm512_setr_epi64(0, 1, 8, 9, 2, 3, 10, 11), high);
  const __m512i last = _mm512_permutex2var_epi64(low, _mm512_setr_epi64(4, 5, 12, 13, 6, 7, 14, 15), high);
  add_words_avx512(_mm512_castsi512_si256(first), sums);
  add_words_avx512(_mm512_extracti64x4_epi64(first, 1), sums + 16);
  add_words_avx512(_mm512_castsi512_si256(last), sums + 32);
  add_words_avx512(_mm512_extracti64x4_epi64(last, 1), sums + 48);
}

/* The elements behind the last one stay what they are: zero weighs nothing. Rows that are not aligned are left to AVX2,
 * which measured as fast there: every load of 64 bytes would cross a cache line. */
FAST_AVX512 static void weigh_avx512(const uint8_t *rows, size_t stride, size_t count, const uint8_t *weights, size_t n,
                                     float *sums) {
  assert(count <= PDQ_GROUP_ROWS);
  pdq_fast_assert_sums(sums);
  if (((uintptr_t)rows | stride) % 64 != 0) {
    weigh_avx2(rows, stride, count, weights, n, sums);
    return;
  }
  struct weighed_pairs pairs;
  pair_rows(&pairs, rows, stride, count, weights);
  for (size_t x = 0; x < n; x += 64) {
    const __mmask64 within = n - x >= 64 ? ~(__mmask64)0 : ((__mmask64)1 << (n - x)) - 1;
    __m512i low = _mm512_setzero_si512();
    __m512i high = _mm512_setzero_si512();
    for (size_t p = 0; p < pairs.count; p++) {
      const __m512i weight = _mm512_set1_epi32(pairs.weights[p]);
      const __m512i a = _mm512_maskz_loadu_epi8(within, pairs.rows[2 * p] + x);
      const __m512i b = _mm512_maskz_loadu_epi8(within, pairs.rows[2 * p + 1] + x);
      low = _mm512_add_epi16(low, _mm512_maddubs_epi16(_mm512_unpacklo_epi8(a, b), weight));
      high = _mm512_add_epi16(high, _mm512_maddubs_epi16(_mm512_unpackhi_epi8(a, b), weight));
    }
    add_sums_avx512(low, high, sums + x);
  }
}

static void fast_kernels_avx512(struct pdq_fast_kernels *kernels) {
  kernels->weigh = weigh_avx512;
}

#endif
