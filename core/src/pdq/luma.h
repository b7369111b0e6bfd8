/* SPDX-License-Identifier: Apache-2.0 */
/* Luma as video decoders hold it: integer samples of 8 bits, or of 9 to 16 in words of 16, of which a range stands for
 * black to white. What a sample stands for in levels, and so what PDQ hashes, is
 *
 *     value(s) = 255 * (min(max(s, black), white) - black) / (white - black)
 *
 * in float32: the product is below 2^24 and so exact, the division rounds once. */
#ifndef HASHSCAN_PDQ_LUMA_H
#define HASHSCAN_PDQ_LUMA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cpu.h"

struct pdq_luma_range {
  unsigned bytes; /* of a sample: 1, or 2 in the byte order of this machine */
  uint32_t black;
  uint32_t white; /* over black */
};

/* The range of samples of `bits` bits, 8 to 16: all of it, or the limited one of Rec. ITU-R BT.601 and BT.709 (16 to
 * 235, times 2^(bits - 8)). */
struct pdq_luma_range pdq_luma_range(unsigned bits, bool limited);

/* Whether samples are levels as they are, as those of a grey picture. */
bool pdq_luma_is_grey(const struct pdq_luma_range *range);

/* `samples` of two bytes are aligned to two. Reads exactly n of them. */
struct pdq_luma_kernels {
  /* values[x] = value(samples[x]) */
  void (*values)(const struct pdq_luma_range *range, const void *samples, size_t n, float *values);

  /* offsets[x] = min(max(samples[x], black), white) - black, in as many bytes */
  void (*offsets)(const struct pdq_luma_range *range, const void *samples, size_t n, void *offsets);
};

struct pdq_luma_kernels pdq_luma_kernels_for(enum cpu_tier tier);

#endif
