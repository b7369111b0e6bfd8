/* SPDX-License-Identifier: Apache-2.0 */
/* AVX2 bucket kernel: sixteen words at a time, bits counted by a nibble table (W. Mula, N. Kurz and D. Lemire, "Faster
 * Population Counts Using AVX2 Instructions", 2018). Included by bucket.c alone. */
#include <immintrin.h>

__attribute__((target("avx2"))) static size_t bucket_avx2(const uint16_t *words, uint32_t begin, uint32_t end,
                                                          uint16_t query, uint16_t known, unsigned limit,
                                                          uint32_t *found) {
  const __m256i table =
      _mm256_setr_epi8(0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4, 0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4);
  const __m256i nibble = _mm256_set1_epi8(15);
  const __m256i low_byte = _mm256_set1_epi16(255);
  const __m256i queries = _mm256_set1_epi16((short)query);
  const __m256i knowns = _mm256_set1_epi16((short)known);
  const __m256i limits = _mm256_set1_epi16((short)limit);
  size_t count = 0;
  for (uint32_t i = begin; i < end; i += 16) {
    const __m256i word = _mm256_loadu_si256((const __m256i *)(words + i));
    const __m256i differ = _mm256_and_si256(_mm256_xor_si256(word, queries), knowns);
    const __m256i low = _mm256_shuffle_epi8(table, _mm256_and_si256(differ, nibble));
    const __m256i high = _mm256_shuffle_epi8(table, _mm256_and_si256(_mm256_srli_epi16(differ, 4), nibble));
    const __m256i bytes = _mm256_add_epi8(low, high);
    const __m256i bits = _mm256_add_epi16(_mm256_and_si256(bytes, low_byte), _mm256_srli_epi16(bytes, 8));
    uint32_t close = ~(uint32_t)_mm256_movemask_epi8(_mm256_cmpgt_epi16(bits, limits));
    if (end - i < 16) close &= (1u << (2 * (end - i))) - 1;
    for (close &= 0x55555555u; close != 0; close &= close - 1) found[count++] = i + (uint32_t)__builtin_ctz(close) / 2;
  }
  return count;
}
