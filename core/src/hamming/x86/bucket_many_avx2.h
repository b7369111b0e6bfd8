/* SPDX-License-Identifier: Apache-2.0 */
/* AVX2 kernel for many queries to one bucket: sixteen words at a time. Included by bucket_many.c alone. */
#include "hamming/x86/popcount_avx2.h"

#define AVX2 __attribute__((target("avx2")))

/* All ones for each of sixteen words beyond the limit. */
AVX2 static inline __m256i far_words_avx2(const uint16_t *words, __m256i query, __m256i limit) {
  const __m256i differ = _mm256_xor_si256(_mm256_loadu_si256((const __m256i *)(const void *)words), query);
  return _mm256_cmpgt_epi16(word_counts_avx2(differ), limit);
}

/* Which of 32 words are within the limit. A line without a word inside is not read: it may lie beyond the table. */
AVX2 static inline uint64_t close_line_avx2(const uint16_t *words, uint32_t inside, __m256i query, __m256i limit) {
  if (inside == 0) return 0;
  const __m256i far = _mm256_packs_epi16(far_words_avx2(words, query, limit), far_words_avx2(words + 16, query, limit));
  return ~(uint32_t)_mm256_movemask_epi8(_mm256_permute4x64_epi64(far, 0xd8)) & inside;
}

AVX2 static size_t bucket_many_avx2(const uint16_t *words, struct bucket_span span, const struct bucket_probe *probes,
                                    size_t count, struct bucket_group *groups) {
  uint64_t inside[BUCKET_MANY_GROUPS];
  uint32_t first;
  const size_t group_count = bucket_groups(span, &first, inside);
  size_t found = 0;
  for (size_t k = 0; k < count; k++) {
    const __m256i query = _mm256_set1_epi16((short)probes[k].query);
    const __m256i limit = _mm256_set1_epi16(probes[k].limit);
    const uint32_t tag = probes[k].tag;
    for (size_t g = 0; g < group_count; g++) {
      const uint32_t at = first + (uint32_t)g * BUCKET_GROUP_WORDS;
      const uint64_t low = close_line_avx2(words + at, (uint32_t)inside[g], query, limit);
      const uint64_t high = close_line_avx2(words + at + 32, (uint32_t)(inside[g] >> 32), query, limit);
      const uint64_t close = low | high << 32;
      groups[found] = (struct bucket_group){close, at, tag};
      found += close != 0;
    }
  }
  return found;
}

#undef AVX2
