/* SPDX-License-Identifier: Apache-2.0 */
/* Scalar kernel for many queries to one bucket, and the choice of a tier. */
#include "hamming/bucket_many.h"

static size_t bucket_many_scalar(const uint16_t *words, struct bucket_span span, const struct bucket_probe *probes,
                                 size_t count, struct bucket_group *groups) {
  uint64_t inside[BUCKET_MANY_GROUPS];
  uint32_t first;
  const size_t group_count = bucket_groups(span, &first, inside);
  size_t found = 0;
  for (size_t k = 0; k < count; k++) {
    for (size_t g = 0; g < group_count; g++) {
      uint64_t close = 0;
      for (uint64_t left = inside[g]; left != 0; left &= left - 1) {
        const unsigned i = (unsigned)__builtin_ctzll(left);
        const unsigned differ = (unsigned)(words[first + g * BUCKET_GROUP_WORDS + i] ^ probes[k].query);
        close |= (uint64_t)((unsigned)__builtin_popcount(differ) <= probes[k].limit) << i;
      }
      groups[found] = (struct bucket_group){close, first + (uint32_t)g * BUCKET_GROUP_WORDS, probes[k].tag};
      found += close != 0;
    }
  }
  return found;
}

#if defined(__x86_64__)
#include "hamming/x86/bucket_many_avx2.h"
#include "hamming/x86/bucket_many_avx512.h"
#elif defined(__aarch64__)
#include "hamming/arm/bucket_many_neon.h"
#endif

bucket_many_kernel bucket_many_kernel_for(enum cpu_tier tier) {
  bucket_many_kernel kernel = bucket_many_scalar;
#if defined(__x86_64__)
  if (tier < CPU_AVX2) return kernel;
  kernel = bucket_many_avx2;
  if (tier < CPU_AVX512) return kernel;
  kernel = bucket_many_avx512;
#elif defined(__aarch64__)
  if (tier != CPU_NEON) return kernel;
  kernel = bucket_many_neon;
#endif
  (void)tier;
  return kernel;
}
