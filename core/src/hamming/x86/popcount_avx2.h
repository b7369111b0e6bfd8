/* SPDX-License-Identifier: Apache-2.0 */
/* Bits set in bytes by a table of nibbles (W. Mula, N. Kurz and D. Lemire, "Faster Population Counts Using AVX2
 * Instructions", 2018), for the AVX2 kernels of this room. */
#ifndef HASHSCAN_HAMMING_X86_POPCOUNT_AVX2_H
#define HASHSCAN_HAMMING_X86_POPCOUNT_AVX2_H

#include <immintrin.h>

/* Bits set in each byte. */
__attribute__((target("avx2"), always_inline)) static inline __m256i byte_counts_avx2(__m256i bits) {
  const __m256i table =
      _mm256_setr_epi8(0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4, 0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4);
  const __m256i nibble = _mm256_set1_epi8(15);
  const __m256i low = _mm256_shuffle_epi8(table, _mm256_and_si256(bits, nibble));
  const __m256i high = _mm256_shuffle_epi8(table, _mm256_and_si256(_mm256_srli_epi16(bits, 4), nibble));
  return _mm256_add_epi8(low, high);
}

/* Bits set in each word of 16 bits. */
__attribute__((target("avx2"), always_inline)) static inline __m256i word_counts_avx2(__m256i bits) {
  return _mm256_maddubs_epi16(byte_counts_avx2(bits), _mm256_set1_epi8(1));
}

#endif
