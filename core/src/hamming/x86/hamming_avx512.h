/* SPDX-License-Identifier: Apache-2.0 */
/* AVX-512 block kernels: VPOPCNTQ counts the halves of eight rows, or whole rows where halves would not do, in 256-bit
 * registers throughout; otherwise they work like those of x86/hamming_avx2.h, whose confirmation they use. */
#define AVX512 __attribute__((target("avx2,popcnt,avx512f,avx512bw,avx512dq,avx512vl,avx512vpopcntdq")))

/* Four counts of 64 bits: the halves at `row` (lanes 0, 1) and 32 bytes on (lanes 2, 3). */
AVX512 static inline __m256i half_counts_avx512(const uint8_t *row, __m256i query, __m256i known) {
  return _mm256_popcnt_epi64(_mm256_and_si256(_mm256_xor_si256(load_halves_avx2(row), query), known));
}

AVX512 static inline unsigned candidates_avx512(const uint8_t *halves, __m256i query, __m256i known, __m256i radius) {
  const __m256i a = half_counts_avx512(halves, query, known);
  const __m256i b = half_counts_avx512(halves + 2 * 32, query, known);
  const __m256i c = half_counts_avx512(halves + 4 * 32, query, known);
  const __m256i d = half_counts_avx512(halves + 6 * 32, query, known);
  const __m256i ab = _mm256_add_epi64(_mm256_unpacklo_epi64(a, b), _mm256_unpackhi_epi64(a, b)); /* rows 0 2 1 3 */
  const __m256i cd = _mm256_add_epi64(_mm256_unpacklo_epi64(c, d), _mm256_unpackhi_epi64(c, d)); /* rows 4 6 5 7 */
  return (unsigned)_mm256_cmple_epu64_mask(ab, radius) | (unsigned)_mm256_cmple_epu64_mask(cd, radius) << 4;
}

/* Bits that differ in each of four lanes: of a row of 32 bytes, or of four rows of 8. */
AVX512 static inline __m256i row_counts_avx512(const uint8_t *row, __m256i query, __m256i known) {
  const __m256i bits = _mm256_loadu_si256((const __m256i *)row);
  return _mm256_popcnt_epi64(_mm256_and_si256(_mm256_xor_si256(bits, query), known));
}

/* Appends those of four rows from `i` on whose distance, a 64-bit lane each, is within the radius. A hit is a lane too:
 * the row below, the distance above. Reaches no further in `hits` than row i + 3 would. */
AVX512 static inline size_t append_avx512(__m256i distance, size_t i, __m256i radius, struct hamming_hit *hits,
                                          size_t found) {
  const __mmask8 within = _mm256_cmple_epu64_mask(distance, radius);
  if (within == 0) return found;
  const __m256i row = _mm256_add_epi64(_mm256_set1_epi64x((long long)i), _mm256_setr_epi64x(0, 1, 2, 3));
  const __m256i hit = _mm256_or_si256(_mm256_slli_epi64(distance, 32), row);
  _mm256_storeu_si256((__m256i *)(hits + found), _mm256_maskz_compress_epi64(within, hit));
  return found + (unsigned)__builtin_popcount(within);
}

/* The distances of four rows. */
AVX512 static inline __m256i distances_avx512(const uint8_t *rows, __m256i query, __m256i known) {
  const __m256i a = row_counts_avx512(rows, query, known);
  const __m256i b = row_counts_avx512(rows + 32, query, known);
  const __m256i c = row_counts_avx512(rows + 2 * 32, query, known);
  const __m256i d = row_counts_avx512(rows + 3 * 32, query, known);
  const __m256i ab = _mm256_add_epi64(_mm256_unpacklo_epi64(a, b), _mm256_unpackhi_epi64(a, b)); /* rows 0 1 0 1 */
  const __m256i cd = _mm256_add_epi64(_mm256_unpacklo_epi64(c, d), _mm256_unpackhi_epi64(c, d)); /* rows 2 3 2 3 */
  return _mm256_add_epi64(_mm256_permute2x128_si256(ab, cd, 0x20), _mm256_permute2x128_si256(ab, cd, 0x31));
}

AVX512 static size_t block32_whole_avx512(const uint8_t *rows, size_t count, const uint8_t *query, const uint8_t *known,
                                          unsigned radius, struct hamming_hit *hits) {
  const __m256i queries = _mm256_loadu_si256((const __m256i *)query);
  const __m256i knowns = _mm256_loadu_si256((const __m256i *)known);
  const __m256i limit = _mm256_set1_epi64x((long long)radius);
  size_t found = 0;
  size_t i = 0;
  for (; i + 4 <= count; i += 4)
    found = append_avx512(distances_avx512(rows + i * 32, queries, knowns), i, limit, hits, found);
  return confirm_rest_avx2(rows, i, count, query, known, 32, radius, hits, found);
}

AVX512 static size_t block32_avx512(const uint8_t *rows, size_t count, const uint8_t *query, const uint8_t *known,
                                    unsigned radius, struct hamming_hit *hits) {
  hamming_assert_block(count, radius);
  static const uint8_t bit_of_row[8] = {0, 2, 1, 3, 4, 6, 5, 7};
  size_t half;
  if (!choose_half_avx2(known, radius, &half)) return block32_whole_avx512(rows, count, query, known, radius, hits);
  const __m256i query_half = _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)(query + half)));
  const __m256i known_half = _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)(known + half)));
  const __m256i limit = _mm256_set1_epi64x((long long)radius);
  size_t found = 0;
  size_t i = 0;
  for (; i + 8 <= count; i += 8) {
    const unsigned candidates = candidates_avx512(rows + i * 32 + half, query_half, known_half, limit);
    if (__builtin_expect(candidates == 0, 1)) continue;
    for (unsigned row = 0; row < 8; row++)
      if (candidates >> bit_of_row[row] & 1) found = confirm_avx2(rows, i + row, query, known, 32, radius, hits, found);
  }
  return confirm_rest_avx2(rows, i, count, query, known, 32, radius, hits, found);
}

AVX512 static size_t block8_avx512(const uint8_t *rows, size_t count, const uint8_t *query, const uint8_t *known,
                                   unsigned radius, struct hamming_hit *hits) {
  hamming_assert_block(count, radius);
  const __m256i queries = _mm256_set1_epi64x((long long)load_le64(query));
  const __m256i knowns = _mm256_set1_epi64x((long long)load_le64(known));
  const __m256i limit = _mm256_set1_epi64x((long long)radius);
  size_t found = 0;
  size_t i = 0;
  for (; i + 4 <= count; i += 4)
    found = append_avx512(row_counts_avx512(rows + i * 8, queries, knowns), i, limit, hits, found);
  return confirm_rest_avx2(rows, i, count, query, known, 8, radius, hits, found);
}

#undef AVX512
