/* SPDX-License-Identifier: Apache-2.0 */
/* NEON block kernels: VCNT counts bytes, whole rows. Included by hamming.c alone. */
#include <arm_neon.h>

static inline uint8x16_t counts_neon(uint8x16_t row, uint8x16_t query, uint8x16_t known) {
  return vcntq_u8(vandq_u8(veorq_u8(row, query), known));
}

static unsigned distance32_neon(const uint8_t *row, const uint8_t *query, const uint8_t *known) {
  const uint8x16_t low = counts_neon(vld1q_u8(row), vld1q_u8(query), vld1q_u8(known));
  const uint8x16_t high = counts_neon(vld1q_u8(row + 16), vld1q_u8(query + 16), vld1q_u8(known + 16));
  return vaddlvq_u8(vaddq_u8(low, high));
}

static unsigned distance8_neon(const uint8_t *row, const uint8_t *query, const uint8_t *known) {
  return vaddv_u8(vcnt_u8(vand_u8(veor_u8(vld1_u8(row), vld1_u8(query)), vld1_u8(known))));
}

static size_t block32_neon(const uint8_t *rows, size_t count, const uint8_t *query, const uint8_t *known,
                           unsigned radius, struct hamming_hit *hits) {
  hamming_assert_block(count, radius);
  const uint8x16_t query_low = vld1q_u8(query), query_high = vld1q_u8(query + 16);
  const uint8x16_t known_low = vld1q_u8(known), known_high = vld1q_u8(known + 16);
  size_t found = 0;
  for (size_t i = 0; i < count; i++) {
    const uint8x16_t low = counts_neon(vld1q_u8(rows + i * 32), query_low, known_low);
    const uint8x16_t high = counts_neon(vld1q_u8(rows + i * 32 + 16), query_high, known_high);
    const unsigned distance = vaddlvq_u8(vaddq_u8(low, high));
    if (distance <= radius) hits[found++] = (struct hamming_hit){(uint32_t)i, distance};
  }
  return found;
}

static size_t block8_neon(const uint8_t *rows, size_t count, const uint8_t *query, const uint8_t *known,
                          unsigned radius, struct hamming_hit *hits) {
  hamming_assert_block(count, radius);
  const uint8x8_t query_row = vld1_u8(query), known_row = vld1_u8(known);
  const uint8x16_t queries = vcombine_u8(query_row, query_row);
  const uint8x16_t knowns = vcombine_u8(known_row, known_row);
  size_t found = 0;
  size_t i = 0;
  for (; i + 2 <= count; i += 2) {
    const uint8x16_t counts = counts_neon(vld1q_u8(rows + i * 8), queries, knowns);
    const unsigned first = vaddv_u8(vget_low_u8(counts));
    const unsigned second = vaddv_u8(vget_high_u8(counts));
    if (first <= radius) hits[found++] = (struct hamming_hit){(uint32_t)i, first};
    if (second <= radius) hits[found++] = (struct hamming_hit){(uint32_t)i + 1, second};
  }
  if (i < count) {
    const unsigned distance = distance8_neon(rows + i * 8, query, known);
    if (distance <= radius) hits[found++] = (struct hamming_hit){(uint32_t)i, distance};
  }
  return found;
}
