/* SPDX-License-Identifier: Apache-2.0 */
/* AVX-512 block kernel: VPOPCNTQ counts the first halves of eight rows, 256-bit registers throughout; otherwise like
 * x86/hamming_avx2.h, which it shares the confirmation with. */
#define AVX512 __attribute__((target("avx2,popcnt,avx512f,avx512bw,avx512dq,avx512vl,avx512vpopcntdq")))

/* Four counts of 64 bits: the first halves of `row` (lanes 0, 1) and of the row after it (lanes 2, 3). */
AVX512 static inline __m256i half_counts_avx512(const uint8_t *row, __m256i query) {
  const __m128i first = _mm_loadu_si128((const __m128i *)row);
  const __m128i second = _mm_loadu_si128((const __m128i *)(row + HAMMING_ROW_BYTES));
  return _mm256_popcnt_epi64(
      _mm256_xor_si256(_mm256_inserti128_si256(_mm256_castsi128_si256(first), second, 1), query));
}

AVX512 static inline unsigned candidates_avx512(const uint8_t *rows, __m256i query, __m256i radius) {
  const __m256i a = half_counts_avx512(rows, query);
  const __m256i b = half_counts_avx512(rows + 2 * HAMMING_ROW_BYTES, query);
  const __m256i c = half_counts_avx512(rows + 4 * HAMMING_ROW_BYTES, query);
  const __m256i d = half_counts_avx512(rows + 6 * HAMMING_ROW_BYTES, query);
  const __m256i ab = _mm256_add_epi64(_mm256_unpacklo_epi64(a, b), _mm256_unpackhi_epi64(a, b)); /* rows 0 2 1 3 */
  const __m256i cd = _mm256_add_epi64(_mm256_unpacklo_epi64(c, d), _mm256_unpackhi_epi64(c, d)); /* rows 4 6 5 7 */
  return (unsigned)_mm256_cmple_epu64_mask(ab, radius) | (unsigned)_mm256_cmple_epu64_mask(cd, radius) << 4;
}

AVX512 static size_t block_avx512(const uint8_t *rows, size_t count, const uint8_t *query, unsigned radius,
                                  struct hamming_hit *hits) {
  static const uint8_t bit_of_row[8] = {0, 2, 1, 3, 4, 6, 5, 7};
  const __m256i half = _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)query));
  const __m256i limit = _mm256_set1_epi64x((long long)radius);
  size_t found = 0;
  size_t i = 0;
  for (; i + 8 <= count; i += 8) {
    const unsigned candidates = candidates_avx512(rows + i * HAMMING_ROW_BYTES, half, limit);
    if (__builtin_expect(candidates == 0, 1)) continue;
    for (unsigned row = 0; row < 8; row++)
      if (candidates >> bit_of_row[row] & 1) found = confirm_avx2(rows, i + row, query, radius, hits, found);
  }
  for (; i < count; i++) found = confirm_avx2(rows, i, query, radius, hits, found);
  return found;
}

#undef AVX512
