/* SPDX-License-Identifier: Apache-2.0 */
/* AVX2 block kernels. Of a row of 256 bits one half is counted, the one of which the query knows more: a row that
 * differs there in more than the radius is out, which is nearly every row at the radii in use; the others get their
 * full distance by POPCNT. Where most halves would pass, every row is counted by POPCNT. Included by hamming.c alone.
 */
#include "hamming/x86/popcount_avx2.h"

#define AVX2 __attribute__((target("avx2,popcnt")))

AVX2 static inline unsigned distance_popcnt(const uint8_t *a, const uint8_t *b, const uint8_t *known,
                                            size_t row_bytes) {
  int distance = __builtin_popcountll(differing(a, b, known, 0));
  if (row_bytes == 32)
    distance += __builtin_popcountll(differing(a, b, known, 8)) + __builtin_popcountll(differing(a, b, known, 16)) +
                __builtin_popcountll(differing(a, b, known, 24));
  return (unsigned)distance;
}

AVX2 static unsigned distance32_popcnt(const uint8_t *row, const uint8_t *query, const uint8_t *known) {
  return distance_popcnt(row, query, known, 32);
}

AVX2 static unsigned distance8_popcnt(const uint8_t *row, const uint8_t *query, const uint8_t *known) {
  return distance_popcnt(row, query, known, 8);
}

/* Appends row `i` when its full distance is within the radius. */
AVX2 static inline size_t confirm_avx2(const uint8_t *rows, size_t i, const uint8_t *query, const uint8_t *known,
                                       size_t row_bytes, unsigned radius, struct hamming_hit *hits, size_t found) {
  const unsigned distance = distance_popcnt(rows + i * row_bytes, query, known, row_bytes);
  hits[found] = (struct hamming_hit){(uint32_t)i, distance};
  return found + (distance <= radius);
}

/* Appends those of the rows `i` to count - 1 that are within the radius, each by its full distance. */
AVX2 static inline size_t confirm_rest_avx2(const uint8_t *rows, size_t i, size_t count, const uint8_t *query,
                                            const uint8_t *known, size_t row_bytes, unsigned radius,
                                            struct hamming_hit *hits, size_t found) {
  /* Copies that no store to `hits` can touch stay in registers. */
  uint8_t query_copy[HAMMING_MAX_ROW_BYTES];
  uint8_t known_copy[HAMMING_MAX_ROW_BYTES];
  memcpy(query_copy, query, row_bytes);
  memcpy(known_copy, known, row_bytes);
  for (; i < count; i++) found = confirm_avx2(rows, i, query_copy, known_copy, row_bytes, radius, hits, found);
  return found;
}

/* Chooses the half of a hash, at byte 0 or 16, that has more known bits. Returns whether it sorts out most rows: fair
 * coins differ in half of the bits, and 8 fewer is one row in twelve. */
AVX2 static inline bool choose_half_avx2(const uint8_t *known, unsigned radius, size_t *half) {
  const int low = __builtin_popcountll(load_le64(known)) + __builtin_popcountll(load_le64(known + 8));
  const int high = __builtin_popcountll(load_le64(known + 16)) + __builtin_popcountll(load_le64(known + 24));
  *half = low >= high ? 0 : 16;
  return radius + 8 < (unsigned)(low >= high ? low : high) / 2;
}

/* Bits set in each 64-bit lane. */
AVX2 static inline __m256i lane_sums_avx2(__m256i bits) {
  return _mm256_sad_epu8(byte_counts_avx2(bits), _mm256_setzero_si256());
}

AVX2 static inline __m256i load_halves_avx2(const uint8_t *row) {
  const __m128i first = _mm_loadu_si128((const __m128i *)row);
  const __m128i second = _mm_loadu_si128((const __m128i *)(row + 32));
  return _mm256_inserti128_si256(_mm256_castsi128_si256(first), second, 1);
}

/* Four sums of 64 bits: the differing bits in the halves at `row` (lanes 0, 1) and 32 bytes on (lanes 2, 3). */
AVX2 static inline __m256i half_sums_avx2(const uint8_t *row, __m256i query, __m256i known) {
  return lane_sums_avx2(_mm256_and_si256(_mm256_xor_si256(load_halves_avx2(row), query), known));
}

/* One bit for each of eight rows whose half is within the radius. */
AVX2 static inline unsigned candidates_avx2(const uint8_t *halves, __m256i query, __m256i known, __m256i radius) {
  const __m256i a = half_sums_avx2(halves, query, known);
  const __m256i b = half_sums_avx2(halves + 2 * 32, query, known);
  const __m256i c = half_sums_avx2(halves + 4 * 32, query, known);
  const __m256i d = half_sums_avx2(halves + 6 * 32, query, known);
  /* Sums are at most 64, so two fit one 64-bit lane; the horizontal add joins the two words of each row. */
  const __m256i ab = _mm256_packus_epi32(a, b);
  const __m256i cd = _mm256_packus_epi32(c, d);
  const __m256i sums = _mm256_hadd_epi32(ab, cd); /* rows 0 2 4 6 | 1 3 5 7 */
  const int over = _mm256_movemask_ps(_mm256_castsi256_ps(_mm256_cmpgt_epi32(sums, radius)));
  return ~(unsigned)over & 255u;
}

AVX2 static size_t block32_avx2(const uint8_t *rows, size_t count, const uint8_t *query, const uint8_t *known,
                                unsigned radius, struct hamming_hit *hits) {
  hamming_assert_block(count, radius);
  size_t half;
  const size_t by_halves = choose_half_avx2(known, radius, &half) ? count : 0;
  const __m256i query_half = _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)(query + half)));
  const __m256i known_half = _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)(known + half)));
  const __m256i limit = _mm256_set1_epi32((int)radius);
  size_t found = 0;
  size_t i = 0;
  for (; i + 8 <= by_halves; i += 8) {
    const unsigned candidates = candidates_avx2(rows + i * 32 + half, query_half, known_half, limit);
    if (__builtin_expect(candidates == 0, 1)) continue;
    for (unsigned row = 0; row < 8; row++)
      if (candidates >> (row / 2 + row % 2 * 4) & 1)
        found = confirm_avx2(rows, i + row, query, known, 32, radius, hits, found);
  }
  return confirm_rest_avx2(rows, i, count, query, known, 32, radius, hits, found);
}

AVX2 static size_t block8_avx2(const uint8_t *rows, size_t count, const uint8_t *query, const uint8_t *known,
                               unsigned radius, struct hamming_hit *hits) {
  hamming_assert_block(count, radius);
  const __m256i queries = _mm256_set1_epi64x((long long)load_le64(query));
  const __m256i knowns = _mm256_set1_epi64x((long long)load_le64(known));
  const __m256i limit = _mm256_set1_epi64x((long long)radius);
  size_t found = 0;
  size_t i = 0;
  for (; i + 4 <= count; i += 4) {
    const __m256i row = _mm256_loadu_si256((const __m256i *)(rows + i * 8));
    const __m256i sums = lane_sums_avx2(_mm256_and_si256(_mm256_xor_si256(row, queries), knowns));
    const int over = _mm256_movemask_pd(_mm256_castsi256_pd(_mm256_cmpgt_epi64(sums, limit)));
    for (unsigned within = ~(unsigned)over & 15u; within != 0; within &= within - 1)
      found = confirm_avx2(rows, i + (unsigned)__builtin_ctz(within), query, known, 8, radius, hits, found);
  }
  return confirm_rest_avx2(rows, i, count, query, known, 8, radius, hits, found);
}

#undef AVX2
