/* SPDX-License-Identifier: Apache-2.0 */
/* AVX-512 kernel for many queries to one bucket: VPOPCNTW counts a cache line of words at a time. Included by
 * bucket_many.c alone. */
#include <immintrin.h>

#define AVX512 __attribute__((target("avx512f,avx512bw,avx512bitalg")))

/* Which of 32 words are within the limit. Words outside are not read. */
AVX512 static inline uint64_t close_line_avx512(const uint16_t *words, uint32_t inside, __m512i query, __m512i limit) {
  const __m512i differ = _mm512_xor_si512(_mm512_maskz_loadu_epi16(inside, words), query);
  return _mm512_mask_cmple_epu16_mask(inside, _mm512_popcnt_epi16(differ), limit);
}

AVX512 static size_t bucket_many_avx512(const uint16_t *words, struct bucket_span span,
                                        const struct bucket_probe *probes, size_t count, struct bucket_group *groups) {
  uint64_t inside[BUCKET_MANY_GROUPS];
  uint32_t first;
  const size_t group_count = bucket_groups(span, &first, inside);
  size_t found = 0;
  for (size_t k = 0; k < count; k++) {
    const __m512i query = _mm512_set1_epi16((short)probes[k].query);
    const __m512i limit = _mm512_set1_epi16(probes[k].limit);
    const uint32_t tag = probes[k].tag;
    for (size_t g = 0; g < group_count; g++) {
      const uint32_t at = first + (uint32_t)g * BUCKET_GROUP_WORDS;
      const uint64_t low = close_line_avx512(words + at, (uint32_t)inside[g], query, limit);
      const uint64_t high = close_line_avx512(words + at + 32, (uint32_t)(inside[g] >> 32), query, limit);
      const uint64_t close = low | high << 32;
      groups[found] = (struct bucket_group){close, at, tag};
      found += close != 0;
    }
  }
  return found;
}

#undef AVX512
