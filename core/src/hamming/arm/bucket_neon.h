/* SPDX-License-Identifier: Apache-2.0 */
/* NEON bucket kernel: VCNT counts eight words at a time. Included by bucket.c alone. */
#include <arm_neon.h>

/* Bit 8 * k tells whether words[k] is within the limit. NEON has no movemask: narrowing leaves a byte a word, of which
 * one bit is kept. */
static inline uint64_t close_neon(const uint16_t *words, uint16x8_t query, uint16x8_t known, uint16x8_t limit) {
  const uint16x8_t differ = vandq_u16(veorq_u16(vld1q_u16(words), query), known);
  const uint16x8_t bits = vpaddlq_u8(vcntq_u8(vreinterpretq_u8_u16(differ)));
  const uint8x8_t within = vmovn_u16(vcleq_u16(bits, limit));
  return vget_lane_u64(vreinterpret_u64_u8(within), 0) & 0x0101010101010101u;
}

static size_t bucket_neon(struct bucket *buckets, size_t count, struct bucket_hit *hits, size_t *hit_count,
                          size_t room) {
  assert(*hit_count <= room);
  enum { STEP = 8 };
  size_t found = *hit_count;
  size_t done = 0;
  for (; done < count; done++) {
    struct bucket *bucket = &buckets[done];
    if (count - done > BUCKET_AHEAD) bucket_prefetch(bucket + BUCKET_AHEAD);
    const uint16x8_t query = vdupq_n_u16(bucket->query);
    const uint16x8_t known = vdupq_n_u16(bucket->known);
    const uint16x8_t limit = vdupq_n_u16(bucket->limit);
    const uint32_t end = bucket->end;
    uint32_t i = bucket->begin & ~(STEP - 1u);
    uint64_t inside = UINT64_MAX << (8 * (bucket->begin & (STEP - 1u)));
    for (; i < end && room - found >= BUCKET_HITS_AT_ONCE; i += STEP, inside = UINT64_MAX) {
      if (end - i < STEP) inside &= ((uint64_t)1 << (8 * (end - i))) - 1;
      const uint64_t close = close_neon(bucket->words + i, query, known, limit) & inside;
      if (close != 0) found = bucket_append(bucket, close, 8, i, hits, found);
    }
    if (i >= end) continue;
    if (i > bucket->begin) bucket->begin = i;
    break;
  }
  *hit_count = found;
  return done;
}
