/* SPDX-License-Identifier: Apache-2.0 */
/* Box passes and sampling. */
#include "operator.h"

#include <stdlib.h>

void operator_box(const double *in, double *out, size_t n) {
  const ptrdiff_t window = (ptrdiff_t)((n + 127) / 128);
  const ptrdiff_t half = (window + 2) / 2;
  for (ptrdiff_t o = 0; o < (ptrdiff_t)n; o++) {
    double sum = 0.0;
    int count = 0;
    for (ptrdiff_t x = o + half - window; x < o + half; x++) {
      if (x < 0 || x >= (ptrdiff_t)n) continue;
      sum += in[x];
      count++;
    }
    out[o] = sum / count;
  }
}

static void filter(double *values, size_t n, size_t lines, size_t step, size_t line_step) {
  double *in = malloc(n * sizeof *in);
  double *out = malloc(n * sizeof *out);
  for (size_t line = 0; line < lines; line++) {
    for (size_t k = 0; k < n; k++) in[k] = values[line * line_step + k * step];
    operator_box(in, out, n);
    operator_box(out, in, n);
    for (size_t k = 0; k < n; k++) values[line * line_step + k * step] = in[k];
  }
  free(in);
  free(out);
}

void operator_picture(double *luma, size_t width, size_t height, double picture[64 * 64]) {
  filter(luma, width, height, 1, width);
  filter(luma, height, width, width, 1);
  for (size_t i = 0; i < 64; i++)
    for (size_t j = 0; j < 64; j++)
      picture[i * 64 + j] = luma[(size_t)(((double)i + 0.5) * (double)height / 64) * width +
                                 (size_t)(((double)j + 0.5) * (double)width / 64)];
}
