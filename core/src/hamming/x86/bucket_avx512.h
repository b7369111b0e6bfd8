/* SPDX-License-Identifier: Apache-2.0 */
/* AVX-512 bucket kernel: VPOPCNTW counts thirty-two words at a time. Included by bucket.c alone. */
__attribute__((target("avx512f,avx512bw,avx512bitalg"))) static size_t bucket_avx512(const uint16_t *words,
                                                                                     uint32_t begin, uint32_t end,
                                                                                     uint16_t query, uint16_t known,
                                                                                     unsigned limit, uint32_t *found) {
  const __m512i queries = _mm512_set1_epi16((short)query);
  const __m512i knowns = _mm512_set1_epi16((short)known);
  const __m512i limits = _mm512_set1_epi16((short)limit);
  size_t count = 0;
  for (uint32_t i = begin; i < end; i += 32) {
    const __m512i word = _mm512_loadu_si512(words + i);
    const __m512i bits = _mm512_popcnt_epi16(_mm512_and_si512(_mm512_xor_si512(word, queries), knowns));
    uint32_t close = _mm512_cmple_epu16_mask(bits, limits);
    if (end - i < 32) close &= (1u << (end - i)) - 1;
    for (; close != 0; close &= close - 1) found[count++] = i + (uint32_t)__builtin_ctz(close);
  }
  return count;
}
