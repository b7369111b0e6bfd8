/* SPDX-License-Identifier: Apache-2.0 */
/* NEON kernel for many queries to one bucket: VCNT counts eight words at a time. Included by bucket_many.c alone. */
#include <arm_neon.h>

/* Which of 64 words are within the limit. Lines without a word inside are not read: they may lie beyond the table. */
static inline uint64_t close_group_neon(const uint16_t *words, uint64_t inside, uint16x8_t query, uint16x8_t limit) {
  static const uint16_t places[8] = {1, 2, 4, 8, 16, 32, 64, 128};
  const uint16x8_t place = vld1q_u16(places);
  uint64_t close = 0;
  for (unsigned i = 0; i < BUCKET_GROUP_WORDS && inside >> i != 0; i += 8) {
    const uint16x8_t differ = veorq_u16(vld1q_u16(words + i), query);
    const uint16x8_t bits = vpaddlq_u8(vcntq_u8(vreinterpretq_u8_u16(differ)));
    close |= (uint64_t)vaddvq_u16(vandq_u16(vcleq_u16(bits, limit), place)) << i;
  }
  return close & inside;
}

static size_t bucket_many_neon(const uint16_t *words, struct bucket_span span, const struct bucket_probe *probes,
                               size_t count, struct bucket_group *groups) {
  uint64_t inside[BUCKET_MANY_GROUPS];
  uint32_t first;
  const size_t group_count = bucket_groups(span, &first, inside);
  size_t found = 0;
  for (size_t k = 0; k < count; k++) {
    const uint16x8_t query = vdupq_n_u16(probes[k].query);
    const uint16x8_t limit = vdupq_n_u16(probes[k].limit);
    for (size_t g = 0; g < group_count; g++) {
      const uint32_t at = first + (uint32_t)g * BUCKET_GROUP_WORDS;
      const uint64_t close = close_group_neon(words + at, inside[g], query, limit);
      groups[found] = (struct bucket_group){close, at, probes[k].tag};
      found += close != 0;
    }
  }
  return found;
}
