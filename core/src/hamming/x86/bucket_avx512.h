/* SPDX-License-Identifier: Apache-2.0 */
/* AVX-512 bucket kernel: VPOPCNTW counts thirty-two words at a time, and sixteen at the end of a bucket: a full-width
 * load there would nearly always reach into a cache line that holds nothing of the bucket and that nobody has asked
 * for. Included by bucket.c alone. */
#define AVX512 __attribute__((target("avx512f,avx512bw,avx512vl,avx512bitalg")))

AVX512 static inline size_t append_avx512(uint32_t close, uint32_t first, uint32_t *found, size_t count) {
  for (; close != 0; close &= close - 1) found[count++] = first + (uint32_t)__builtin_ctz(close);
  return count;
}

AVX512 static size_t bucket_avx512(const uint16_t *words, uint32_t begin, uint32_t end, uint16_t query, uint16_t known,
                                   unsigned limit, uint32_t *found) {
  const __m512i queries = _mm512_set1_epi16((short)query);
  const __m512i knowns = _mm512_set1_epi16((short)known);
  const __m512i limits = _mm512_set1_epi16((short)limit);
  size_t count = 0;
  uint32_t i = begin;
  for (; end - i >= 32; i += 32) {
    const __m512i word = _mm512_loadu_si512(words + i);
    const __m512i bits = _mm512_popcnt_epi16(_mm512_and_si512(_mm512_xor_si512(word, queries), knowns));
    count = append_avx512(_mm512_cmple_epu16_mask(bits, limits), i, found, count);
  }
  for (; i < end; i += 16) {
    const __m256i word = _mm256_loadu_si256((const __m256i *)(words + i));
    const __m256i differ =
        _mm256_and_si256(_mm256_xor_si256(word, _mm512_castsi512_si256(queries)), _mm512_castsi512_si256(knowns));
    uint32_t close = _mm256_cmple_epu16_mask(_mm256_popcnt_epi16(differ), _mm512_castsi512_si256(limits));
    if (end - i < 16) close &= (1u << (end - i)) - 1;
    count = append_avx512(close, i, found, count);
  }
  return count;
}

#undef AVX512
