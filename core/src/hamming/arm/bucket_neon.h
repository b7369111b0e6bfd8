/* SPDX-License-Identifier: Apache-2.0 */
/* NEON bucket kernel: VCNT counts eight words at a time. Included by bucket.c alone. */
#include <arm_neon.h>

static size_t bucket_neon(const uint16_t *words, uint32_t begin, uint32_t end, uint16_t query, uint16_t known,
                          unsigned limit, uint32_t *found) {
  const uint16x8_t queries = vdupq_n_u16(query);
  const uint16x8_t knowns = vdupq_n_u16(known);
  const uint16x8_t limits = vdupq_n_u16((uint16_t)limit);
  size_t count = 0;
  for (uint32_t i = begin; i < end; i += 8) {
    const uint16x8_t differ = vandq_u16(veorq_u16(vld1q_u16(words + i), queries), knowns);
    const uint16x8_t bits = vpaddlq_u8(vcntq_u8(vreinterpretq_u8_u16(differ)));
    /* NEON has no movemask: narrowing leaves a byte a word, of which one bit is kept. */
    const uint8x8_t within = vmovn_u16(vcleq_u16(bits, limits));
    uint64_t close = vget_lane_u64(vreinterpret_u64_u8(within), 0) & 0x0101010101010101u;
    if (end - i < 8) close &= ((uint64_t)1 << (8 * (end - i))) - 1;
    for (; close != 0; close &= close - 1) found[count++] = i + (uint32_t)__builtin_ctzll(close) / 8;
  }
  return count;
}
