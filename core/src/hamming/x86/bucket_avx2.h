/* SPDX-License-Identifier: Apache-2.0 */
/* AVX2 bucket kernel: sixteen words at a time. Included by bucket.c alone. */
#include "hamming/x86/popcount_avx2.h"

#define AVX2 __attribute__((target("avx2")))

/* Bit 2 * k tells whether words[k] is within the limit. */
AVX2 static inline uint32_t close_avx2(const uint16_t *words, __m256i query, __m256i known, __m256i limit) {
  const __m256i word = _mm256_loadu_si256((const __m256i *)(const void *)words);
  const __m256i differ = _mm256_and_si256(_mm256_xor_si256(word, query), known);
  return ~(uint32_t)_mm256_movemask_epi8(_mm256_cmpgt_epi16(word_counts_avx2(differ), limit)) & 0x55555555u;
}

AVX2 static size_t bucket_avx2(struct bucket *buckets, size_t count, struct bucket_hit *hits, size_t *hit_count,
                               size_t room) {
  assert(*hit_count <= room);
  enum { STEP = 16 };
  size_t found = *hit_count;
  size_t done = 0;
  for (; done < count; done++) {
    struct bucket *bucket = &buckets[done];
    if (count - done > BUCKET_AHEAD) bucket_prefetch(bucket + BUCKET_AHEAD);
    const __m256i query = _mm256_set1_epi16((short)bucket->query);
    const __m256i known = _mm256_set1_epi16((short)bucket->known);
    const __m256i limit = _mm256_set1_epi16((short)bucket->limit);
    const uint32_t end = bucket->end;
    uint32_t i = bucket->begin & ~(STEP - 1u);
    uint32_t inside = UINT32_MAX << (2 * (bucket->begin & (STEP - 1u)));
    for (; i < end && room - found >= BUCKET_HITS_AT_ONCE; i += STEP, inside = UINT32_MAX) {
      if (end - i < STEP) inside &= (1u << (2 * (end - i))) - 1;
      const uint32_t close = close_avx2(bucket->words + i, query, known, limit) & inside;
      if (close != 0) found = bucket_append(bucket, close, 2, i, hits, found);
    }
    if (i >= end) continue;
    if (i > bucket->begin) bucket->begin = i;
    break;
  }
  *hit_count = found;
  return done;
}

#undef AVX2
