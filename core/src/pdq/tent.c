/* SPDX-License-Identifier: Apache-2.0 */
/* The tents of an axis, and their projection on the cosine basis of JPEG blocks. */
#include "pdq/tent.h"

#include <math.h>
#include <string.h>

static struct pdq_span window_around(const struct tent_axis *axis, size_t output) {
  return pdq_window_span(axis->n, axis->window, output);
}

/* The weight of each sample of a window, in units of 1 / axis->window. */
static double weight_in(const struct tent_axis *axis, struct pdq_span window) {
  return (double)axis->window / (double)(window.end - window.begin);
}

size_t tent_weights_size(size_t n) {
  return PDQ_SIDE * 2 * pdq_window(n);
}

/* The weight that each output of the first pass puts on the samples of its window is added where the window begins and
 * subtracted behind its end; the running sum of these marks is the tent. */
static void build_tent(struct tent_axis *axis, size_t cell) {
  const struct pdq_span outputs = window_around(axis, pdq_sample(axis->n, cell));
  const size_t first = window_around(axis, outputs.begin).begin;
  const size_t end = window_around(axis, outputs.end - 1).end;
  double *weights = axis->weights + cell * axis->stride;
  memset(weights, 0, axis->stride * sizeof *weights);
  for (size_t o = outputs.begin; o < outputs.end; o++) {
    const struct pdq_span inputs = window_around(axis, o);
    const double weight = weight_in(axis, outputs) * weight_in(axis, inputs);
    weights[inputs.begin - first] += weight;
    weights[inputs.end - first] -= weight;
  }
  for (size_t x = 1; x < end - first; x++) weights[x] += weights[x - 1];
  axis->first[cell] = (uint32_t)first;
  axis->count[cell] = (uint32_t)(end - first);
}

void tent_build(struct tent_axis *axis, size_t n, double *weights) {
  axis->n = n;
  axis->window = pdq_window(n);
  axis->unit = 1.0 / ((double)axis->window * (double)axis->window);
  axis->stride = 2 * axis->window; /* one mark more than samples */
  axis->weights = weights;
  for (size_t cell = 0; cell < PDQ_SIDE; cell++) build_tent(axis, cell);
}

/* cos(k pi / 16) for k = 0 to 8; the rest of the circle follows by symmetry. */
static double sixteenth_cosine(unsigned k) {
  static const double quarter[] = {1.0,
                                   0.98078528040323044913,
                                   0.92387953251128675613,
                                   0.83146961230254523708,
                                   0.70710678118654752440,
                                   0.55557023301960222474,
                                   0.38268343236508977173,
                                   0.19509032201612826785,
                                   0.0};
  k %= 32;
  if (k > 16) k = 32 - k;
  return k <= 8 ? quarter[k] : -quarter[16 - k];
}

void tent_project(const struct tent_axis *axis, size_t cell, size_t block, double weights[TENT_BLOCK]) {
  const double *tent = axis->weights + cell * axis->stride;
  const size_t first = axis->first[cell];
  const size_t end = first + axis->count[cell];
  memset(weights, 0, TENT_BLOCK * sizeof *weights);
  for (unsigned x = 0; x < TENT_BLOCK; x++) {
    const size_t sample = block * TENT_BLOCK + x;
    if (sample < first || sample >= end) continue;
    for (unsigned u = 0; u < TENT_BLOCK; u++)
      weights[u] += tent[sample - first] * sixteenth_cosine((2 * x + 1) * u) / 2.0;
  }
  weights[0] *= 0.70710678118654752440;
}
