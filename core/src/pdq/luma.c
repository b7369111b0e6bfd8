/* SPDX-License-Identifier: Apache-2.0 */
/* Ranges of video luma, scalar kernels for them, and the choice of a tier. */
#include "pdq/luma.h"

#include <assert.h>

#define WHITE_LEVEL 255.0f

struct pdq_luma_range pdq_luma_range(unsigned bits, bool limited) {
  assert(bits >= 8 && bits <= 16);
  const unsigned scale = bits - 8;
  return (struct pdq_luma_range){
      .bytes = bits == 8 ? 1 : 2,
      .black = limited ? UINT32_C(16) << scale : 0,
      .white = limited ? UINT32_C(235) << scale : (UINT32_C(1) << bits) - 1,
  };
}

bool pdq_luma_is_grey(const struct pdq_luma_range *range) {
  return range->bytes == 1 && range->black == 0 && range->white == 255;
}

static uint32_t offset_of(const struct pdq_luma_range *range, uint32_t sample) {
  if (sample < range->black) return 0;
  return (sample < range->white ? sample : range->white) - range->black;
}

static float value_of(const struct pdq_luma_range *range, uint32_t sample) {
  return WHITE_LEVEL * (float)offset_of(range, sample) / (float)(range->white - range->black);
}

static void values_scalar(const struct pdq_luma_range *range, const void *samples, size_t n, float *values) {
  const uint8_t *bytes = samples;
  const uint16_t *words = samples;
  if (range->bytes == 1)
    for (size_t x = 0; x < n; x++) values[x] = value_of(range, bytes[x]);
  else
    for (size_t x = 0; x < n; x++) values[x] = value_of(range, words[x]);
}

static void offsets_scalar(const struct pdq_luma_range *range, const void *samples, size_t n, void *offsets) {
  const uint8_t *bytes = samples;
  const uint16_t *words = samples;
  uint8_t *byte_offsets = offsets;
  uint16_t *word_offsets = offsets;
  if (range->bytes == 1)
    for (size_t x = 0; x < n; x++) byte_offsets[x] = (uint8_t)offset_of(range, bytes[x]);
  else
    for (size_t x = 0; x < n; x++) word_offsets[x] = (uint16_t)offset_of(range, words[x]);
}

#if defined(__x86_64__)
#include "pdq/x86/luma_avx2.h"
#endif

struct pdq_luma_kernels pdq_luma_kernels_for(enum cpu_tier tier) {
  struct pdq_luma_kernels kernels = {.values = values_scalar, .offsets = offsets_scalar};
#if defined(__x86_64__)
  if (tier < CPU_AVX2) return kernels;
  kernels.values = values_avx2;
  kernels.offsets = offsets_avx2;
#else
  (void)tier;
#endif
  return kernels;
}
