/* SPDX-License-Identifier: Apache-2.0 */
/* Scalar bucket kernel, and the choice of a tier. */
#include "hamming/bucket.h"

static size_t bucket_scalar(const uint16_t *words, uint32_t begin, uint32_t end, uint16_t query, uint16_t known,
                            unsigned limit, uint32_t *found) {
  size_t count = 0;
  for (uint32_t i = begin; i < end; i++) {
    found[count] = i;
    count += (unsigned)__builtin_popcount((words[i] ^ query) & known) <= limit;
  }
  return count;
}

#if defined(__x86_64__)
#include "hamming/x86/bucket_avx2.h"
#include "hamming/x86/bucket_avx512.h"
#elif defined(__aarch64__)
#include "hamming/arm/bucket_neon.h"
#endif

bucket_kernel bucket_kernel_for(enum cpu_tier tier) {
#if defined(__x86_64__)
  if (tier == CPU_AVX512) return bucket_avx512;
  if (tier == CPU_AVX2) return bucket_avx2;
#elif defined(__aarch64__)
  if (tier == CPU_NEON) return bucket_neon;
#endif
  (void)tier;
  return bucket_scalar;
}
