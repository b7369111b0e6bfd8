/* SPDX-License-Identifier: Apache-2.0 */
/* The matrix, the scalar kernels, and the choice of a tier. */
#include "image/islow.h"

#include <string.h>

enum { POINT = 13, COLUMN_BITS = 2, COLUMN_SHIFT = POINT - COLUMN_BITS, ROW_SHIFT = POINT + COLUMN_BITS + 3 };

/* The constants of the algorithm, times 2^13. */
enum {
  FIX_0_298631336 = 2446,
  FIX_0_390180644 = 3196,
  FIX_0_541196100 = 4433,
  FIX_0_765366865 = 6270,
  FIX_0_899976223 = 7373,
  FIX_1_175875602 = 9633,
  FIX_1_501321110 = 12299,
  FIX_1_847759065 = 15137,
  FIX_1_961570560 = 16069,
  FIX_2_053119869 = 16819,
  FIX_2_562915447 = 20995,
  FIX_3_072711026 = 25172
};

/* Coefficients 0, 2, 4 and 6 make outputs 0 to 3 and their mirror images 7 to 4 alike: E_0 = A + B, E_3 = A - B,
 * E_1 = C + D, E_2 = C - D, where A and C are the sum and the difference of coefficients 0 and 4, and */
enum {
  B_2 = FIX_0_541196100 + FIX_0_765366865,
  B_6 = FIX_0_541196100,
  D_2 = FIX_0_541196100,
  D_6 = FIX_0_541196100 - FIX_1_847759065
};

/* The others are added to outputs 0 to 3 and taken from 7 to 4: O_n is the sum over k of O_n_k times coefficient k. */
enum {
  O_0_1 = FIX_1_501321110 - FIX_0_899976223 - FIX_0_390180644 + FIX_1_175875602,
  O_0_3 = FIX_1_175875602,
  O_0_5 = FIX_1_175875602 - FIX_0_390180644,
  O_0_7 = FIX_1_175875602 - FIX_0_899976223,
  O_1_1 = FIX_1_175875602,
  O_1_3 = FIX_3_072711026 - FIX_2_562915447 - FIX_1_961570560 + FIX_1_175875602,
  O_1_5 = FIX_1_175875602 - FIX_2_562915447,
  O_1_7 = FIX_1_175875602 - FIX_1_961570560,
  O_2_1 = FIX_1_175875602 - FIX_0_390180644,
  O_2_3 = FIX_1_175875602 - FIX_2_562915447,
  O_2_5 = FIX_2_053119869 - FIX_2_562915447 - FIX_0_390180644 + FIX_1_175875602,
  O_2_7 = FIX_1_175875602,
  O_3_1 = FIX_1_175875602 - FIX_0_899976223,
  O_3_3 = FIX_1_175875602 - FIX_1_961570560,
  O_3_5 = FIX_1_175875602,
  O_3_7 = FIX_0_298631336 - FIX_0_899976223 - FIX_1_961570560 + FIX_1_175875602
};

/* Eight values `step` apart, in place. Sums stay in 31 bits (islow.h). */
static void transform(int32_t *values, size_t step, unsigned shift) {
  const int32_t *const v = values;
  const int32_t round = 1 << (shift - 1);
  const int32_t a = (v[0] + v[4 * step]) * (1 << POINT) + round;
  const int32_t c = (v[0] - v[4 * step]) * (1 << POINT) + round;
  const int32_t b = v[2 * step] * B_2 + v[6 * step] * B_6;
  const int32_t d = v[2 * step] * D_2 + v[6 * step] * D_6;
  const int32_t even[4] = {a + b, c + d, c - d, a - b};
  const int32_t odd[4] = {v[step] * O_0_1 + v[3 * step] * O_0_3 + v[5 * step] * O_0_5 + v[7 * step] * O_0_7,
                          v[step] * O_1_1 + v[3 * step] * O_1_3 + v[5 * step] * O_1_5 + v[7 * step] * O_1_7,
                          v[step] * O_2_1 + v[3 * step] * O_2_3 + v[5 * step] * O_2_5 + v[7 * step] * O_2_7,
                          v[step] * O_3_1 + v[3 * step] * O_3_3 + v[5 * step] * O_3_5 + v[7 * step] * O_3_7};
  for (size_t n = 0; n < 4; n++) {
    values[n * step] = (even[n] + odd[n]) >> shift;
    values[(7 - n) * step] = (even[n] - odd[n]) >> shift;
  }
}

static bool in_range(const int32_t *values, int32_t range) {
  int32_t beyond = 0;
  for (size_t i = 0; i < ISLOW_COEFFICIENTS; i++) beyond |= (values[i] < -range) | (values[i] >= range);
  return beyond == 0;
}

static uint8_t clip(int32_t sample) {
  return (uint8_t)(sample < 0 ? 0 : sample > 255 ? 255 : sample);
}

static bool transform_block(const struct islow_task *task, const int16_t *steps, size_t stride) {
  int32_t values[ISLOW_COEFFICIENTS];
  for (size_t i = 0; i < ISLOW_COEFFICIENTS; i++) values[i] = task->block[i] * steps[i];
  memset(task->block, 0, ISLOW_COEFFICIENTS * sizeof *task->block);
  if (!in_range(values, ISLOW_RANGE)) return false;
  for (size_t x = 0; x < ISLOW_SIDE; x++) transform(values + x, ISLOW_SIDE, COLUMN_SHIFT);
  if (!in_range(values, ISLOW_RANGE)) return false;
  for (size_t y = 0; y < ISLOW_SIDE; y++) transform(values + y * ISLOW_SIDE, 1, ROW_SHIFT);
  if (!in_range(values, ISLOW_CLIPS)) return false;
  for (size_t y = 0; y < ISLOW_SIDE; y++)
    for (size_t x = 0; x < ISLOW_SIDE; x++) task->out[y * stride + x] = clip(values[y * ISLOW_SIDE + x] + 128);
  return true;
}

static bool whole_scalar(const struct islow_task *tasks, size_t count, const int16_t *steps, size_t stride) {
  for (size_t i = 0; i < count; i++)
    if (!transform_block(&tasks[i], steps, stride)) return false;
  return true;
}

/* A lone mean m leaves the columns as 4 m, and the rows as (m + 4) >> 3 everywhere. */
static bool mean_scalar(const struct islow_task *tasks, size_t count, const int16_t *steps, size_t stride) {
  for (size_t i = 0; i < count; i++) {
    const int32_t mean = tasks[i].block[0] * steps[0];
    const int32_t sample = (mean + 4) >> 3;
    tasks[i].block[0] = 0;
    if (mean < -ISLOW_RANGE / 4 || mean >= ISLOW_RANGE / 4 || sample >= ISLOW_CLIPS) return false;
    for (size_t y = 0; y < ISLOW_SIDE; y++) memset(tasks[i].out + y * stride, clip(sample + 128), ISLOW_SIDE);
  }
  return true;
}

#if defined(__x86_64__)
#include "image/x86/islow_avx2.h"
#endif

struct islow_kernels islow_kernels_for(enum cpu_tier tier) {
#if defined(__x86_64__)
  if (tier >= CPU_AVX2) return (struct islow_kernels){mean_scalar, corner_avx2, whole_avx2};
#endif
  (void)tier;
  return (struct islow_kernels){mean_scalar, whole_scalar, whole_scalar};
}
