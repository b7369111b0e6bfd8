/* SPDX-License-Identifier: Apache-2.0 */
/* Scalar distance, the flat scan, and the choice of a kernel. */
#include "hamming/hamming.h"

#include <string.h>

#include "base/bytes.h"

/* Bits that differ in the words at byte `at`. */
static inline uint64_t differing(const uint8_t *a, const uint8_t *b, const uint8_t *known, size_t at) {
  return (load_le64(a + at) ^ load_le64(b + at)) & load_le64(known + at);
}

static inline unsigned distance_scalar(const uint8_t *a, const uint8_t *b, const uint8_t *known, size_t row_bytes) {
  int distance = __builtin_popcountll(differing(a, b, known, 0));
  if (row_bytes == 32)
    distance += __builtin_popcountll(differing(a, b, known, 8)) + __builtin_popcountll(differing(a, b, known, 16)) +
                __builtin_popcountll(differing(a, b, known, 24));
  return (unsigned)distance;
}

static unsigned distance32_scalar(const uint8_t *row, const uint8_t *query, const uint8_t *known) {
  return distance_scalar(row, query, known, 32);
}

static unsigned distance8_scalar(const uint8_t *row, const uint8_t *query, const uint8_t *known) {
  return distance_scalar(row, query, known, 8);
}

unsigned hashscan_pdq_distance(const hashscan_pdq *a, const hashscan_pdq *b) {
  uint8_t known[HAMMING_MAX_ROW_BYTES];
  hamming_known(NULL, sizeof known, known);
  return distance_scalar(a->bytes, b->bytes, known, sizeof known);
}

static inline size_t block_scalar(const uint8_t *rows, size_t count, const uint8_t *query, const uint8_t *known,
                                  size_t row_bytes, unsigned radius, struct hamming_hit *hits) {
  hamming_assert_block(count, radius);
  size_t found = 0;
  for (size_t i = 0; i < count; i++) {
    const unsigned distance = distance_scalar(rows + i * row_bytes, query, known, row_bytes);
    hits[found] = (struct hamming_hit){(uint32_t)i, distance};
    found += distance <= radius;
  }
  return found;
}

static size_t block32_scalar(const uint8_t *rows, size_t count, const uint8_t *query, const uint8_t *known,
                             unsigned radius, struct hamming_hit *hits) {
  return block_scalar(rows, count, query, known, 32, radius, hits);
}

static size_t block8_scalar(const uint8_t *rows, size_t count, const uint8_t *query, const uint8_t *known,
                            unsigned radius, struct hamming_hit *hits) {
  return block_scalar(rows, count, query, known, 8, radius, hits);
}

#if defined(__x86_64__)
#include "hamming/x86/hamming_avx2.h"
#include "hamming/x86/hamming_avx512.h"
#elif defined(__aarch64__)
#include "hamming/arm/hamming_neon.h"
#endif

hamming_kernel hamming_kernel_for(enum cpu_tier tier, size_t row_bytes) {
  const bool wide = row_bytes == 32;
  assert(wide || row_bytes == 8);
  hamming_kernel kernel = wide ? block32_scalar : block8_scalar;
#if defined(__x86_64__)
  if (tier < CPU_AVX2) return kernel;
  kernel = wide ? block32_avx2 : block8_avx2;
  if (tier < CPU_AVX512) return kernel;
  kernel = wide ? block32_avx512 : block8_avx512;
#elif defined(__aarch64__)
  if (tier != CPU_NEON) return kernel;
  kernel = wide ? block32_neon : block8_neon;
#endif
  (void)tier;
  return kernel;
}

hamming_distance hamming_distance_for(enum cpu_tier tier, size_t row_bytes) {
  const bool wide = row_bytes == 32;
  assert(wide || row_bytes == 8);
  hamming_distance distance = wide ? distance32_scalar : distance8_scalar;
#if defined(__x86_64__)
  if (tier < CPU_AVX2) return distance;
  distance = wide ? distance32_popcnt : distance8_popcnt;
#elif defined(__aarch64__)
  if (tier != CPU_NEON) return distance;
  distance = wide ? distance32_neon : distance8_neon;
#endif
  (void)tier;
  return distance;
}

void hamming_known(const uint8_t *unknown, size_t row_bytes, uint8_t known[HAMMING_MAX_ROW_BYTES]) {
  if (unknown == NULL) memset(known, 255, row_bytes);
  else
    for (size_t i = 0; i < row_bytes; i++) known[i] = (uint8_t)~unknown[i];
}

bool hamming_scan(const uint8_t *rows, size_t row_count, size_t row_bytes, const uint8_t *queries,
                  const uint8_t *unknown, uint32_t query_count, unsigned radius, hamming_visit visit, void *user) {
  const hamming_kernel kernel = hamming_kernel_for(cpu_tier(), row_bytes);
  struct hamming_hit hits[HAMMING_BLOCK_ROWS];
  for (size_t first = 0; first < row_count; first += HAMMING_BLOCK_ROWS) {
    const size_t left = row_count - first;
    const size_t count = left < HAMMING_BLOCK_ROWS ? left : HAMMING_BLOCK_ROWS;
    for (uint32_t query = 0; query < query_count; query++) {
      uint8_t known[HAMMING_MAX_ROW_BYTES];
      hamming_known(unknown == NULL ? NULL : unknown + query * row_bytes, row_bytes, known);
      const size_t found = kernel(rows + first * row_bytes, count, queries + query * row_bytes, known, radius, hits);
      for (size_t i = 0; i < found; i++)
        if (!visit(user, first + hits[i].row, query, hits[i].distance)) return false;
    }
  }
  return true;
}
