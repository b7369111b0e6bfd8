/* SPDX-License-Identifier: Apache-2.0 */
/* Scalar bucket kernel, and the choice of a tier. */
#include "hamming/bucket.h"

static size_t bucket_scalar(struct bucket *buckets, size_t count, struct bucket_hit *hits, size_t *hit_count,
                            size_t room) {
  assert(*hit_count <= room);
  size_t found = *hit_count;
  size_t done = 0;
  for (; done < count; done++) {
    struct bucket *bucket = &buckets[done];
    if (count - done > BUCKET_AHEAD) bucket_prefetch(bucket + BUCKET_AHEAD);
    uint32_t i = bucket->begin;
    for (; i < bucket->end && room - found >= BUCKET_HITS_AT_ONCE; i++) {
      const unsigned differ = (unsigned)(bucket->words[i] ^ bucket->query) & bucket->known;
      const bool close = (unsigned)__builtin_popcount(differ) <= bucket->limit;
      found = bucket_append(bucket, close, 1, i, hits, found);
    }
    bucket->begin = i;
    if (i < bucket->end) break;
  }
  *hit_count = found;
  return done;
}

#if defined(__x86_64__)
#include "hamming/x86/bucket_avx2.h"
#include "hamming/x86/bucket_avx512.h"
#elif defined(__aarch64__)
#include "hamming/arm/bucket_neon.h"
#endif

bucket_kernel bucket_kernel_for(enum cpu_tier tier) {
  bucket_kernel kernel = bucket_scalar;
#if defined(__x86_64__)
  if (tier < CPU_AVX2) return kernel;
  kernel = bucket_avx2;
  if (tier < CPU_AVX512) return kernel;
  kernel = bucket_avx512;
#elif defined(__aarch64__)
  if (tier != CPU_NEON) return kernel;
  kernel = bucket_neon;
#endif
  (void)tier;
  return kernel;
}
