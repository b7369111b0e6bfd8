/* SPDX-License-Identifier: Apache-2.0 */
/* AVX-512 bucket kernel: VPOPCNTW counts a cache line of words at a time, the two ends of a bucket under a mask.
 * Included by bucket.c alone. */
#include <immintrin.h>

#define AVX512 __attribute__((target("avx512f,avx512bw,avx512bitalg,bmi,bmi2")))

AVX512 static size_t bucket_avx512(struct bucket *buckets, size_t count, struct bucket_hit *hits, size_t *hit_count,
                                   size_t room) {
  assert(*hit_count <= room);
  size_t found = *hit_count;
  size_t done = 0;
  for (; done < count; done++) {
    struct bucket *bucket = &buckets[done];
    if (count - done > BUCKET_AHEAD) bucket_prefetch(bucket + BUCKET_AHEAD);
    const __m512i query = _mm512_set1_epi16((short)bucket->query);
    const __m512i known = _mm512_set1_epi16((short)bucket->known);
    const __m512i limit = _mm512_set1_epi16((short)bucket->limit);
    const uint32_t end = bucket->end;
    uint32_t i = bucket->begin & ~(BUCKET_LINE_WORDS - 1u);
    uint32_t inside = UINT32_MAX << (bucket->begin & (BUCKET_LINE_WORDS - 1u));
    for (; i < end && room - found >= BUCKET_HITS_AT_ONCE; i += BUCKET_LINE_WORDS, inside = UINT32_MAX) {
      inside = _bzhi_u32(inside, end - i < BUCKET_LINE_WORDS ? end - i : BUCKET_LINE_WORDS);
      const __m512i differ = _mm512_and_si512(_mm512_xor_si512(_mm512_loadu_si512(bucket->words + i), query), known);
      const uint32_t close = _mm512_mask_cmple_epu16_mask(inside, _mm512_popcnt_epi16(differ), limit);
      if (close != 0) found = bucket_append(bucket, close, 1, i, hits, found);
    }
    if (i >= end) continue;
    if (i > bucket->begin) bucket->begin = i;
    break;
  }
  *hit_count = found;
  return done;
}
#undef AVX512
