/* SPDX-License-Identifier: Apache-2.0 */
/* Scalar distance, the flat scan, and the choice of a kernel. */
#include "hamming/hamming.h"

#include <string.h>

static unsigned distance_scalar(const uint8_t *a, const uint8_t *b) {
  unsigned distance = 0;
  for (size_t i = 0; i < HAMMING_ROW_BYTES; i += sizeof(uint64_t)) {
    uint64_t x, y;
    memcpy(&x, a + i, sizeof x);
    memcpy(&y, b + i, sizeof y);
    distance += (unsigned)__builtin_popcountll(x ^ y);
  }
  return distance;
}

unsigned hashscan_pdq_distance(const hashscan_pdq *a, const hashscan_pdq *b) {
  return distance_scalar(a->bytes, b->bytes);
}

static size_t block_scalar(const uint8_t *rows, size_t count, const uint8_t *query, unsigned radius,
                           struct hamming_hit *hits) {
  size_t found = 0;
  for (size_t i = 0; i < count; i++) {
    const unsigned distance = distance_scalar(rows + i * HAMMING_ROW_BYTES, query);
    if (distance <= radius) hits[found++] = (struct hamming_hit){(uint32_t)i, distance};
  }
  return found;
}

#if defined(__x86_64__)
#include "hamming/x86/hamming_avx2.h"
#include "hamming/x86/hamming_avx512.h"
#endif

hamming_kernel hamming_kernel_for(enum cpu_tier tier) {
#if defined(__x86_64__)
  if (tier == CPU_AVX512) return block_avx512;
  if (tier == CPU_AVX2) return block_avx2;
#endif
  (void)tier;
  return block_scalar;
}

bool hamming_scan(const uint8_t *rows, size_t row_count, const hashscan_pdq *queries, uint32_t query_count,
                  unsigned radius, hamming_visit visit, void *user) {
  const hamming_kernel kernel = hamming_kernel_for(cpu_tier());
  struct hamming_hit hits[HAMMING_BLOCK_ROWS];
  for (size_t first = 0; first < row_count; first += HAMMING_BLOCK_ROWS) {
    const size_t left = row_count - first;
    const size_t count = left < HAMMING_BLOCK_ROWS ? left : HAMMING_BLOCK_ROWS;
    for (uint32_t query = 0; query < query_count; query++) {
      const size_t found = kernel(rows + first * HAMMING_ROW_BYTES, count, queries[query].bytes, radius, hits);
      for (size_t i = 0; i < found; i++)
        if (!visit(user, first + hits[i].row, query, hits[i].distance)) return false;
    }
  }
  return true;
}
