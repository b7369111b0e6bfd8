/* SPDX-License-Identifier: Apache-2.0 */
/* The geometry of PDQ's reduction, which every file of this room agrees on: a box filter twice along each axis of n
 * samples, then 64 sample points, and 16 frequencies of the 64. */
#ifndef HASHSCAN_PDQ_SHAPE_H
#define HASHSCAN_PDQ_SHAPE_H

#include <stddef.h>

#define PDQ_SIDE 64         /* cells along a side of the decimated picture */
#define PDQ_COEFFICIENTS 16 /* DCT coefficients kept along each axis: 16 times 16 are the bits of a hash */
#define PDQ_MINIMUM_SIDE 5  /* a picture with a shorter side has no hash: all bits are zero and quality is 0 */

/* Samples that a box filter takes together. */
static inline size_t pdq_window(size_t n) {
  return (n + 127) / 128;
}

/* How far the window of an output reaches beyond it. */
static inline size_t pdq_lead(size_t window) {
  return window / 2;
}

/* The sample at which cell `cell` looks. */
static inline size_t pdq_sample(size_t n, size_t cell) {
  return (size_t)(((double)cell + 0.5) * (double)n / PDQ_SIDE);
}

/* Samples `begin` to `end` - 1. */
struct pdq_span {
  size_t begin;
  size_t end;
};

/* The samples in the window of an output, of which edges leave fewer than `window`. */
static inline struct pdq_span pdq_window_span(size_t n, size_t window, size_t output) {
  const size_t end = output + pdq_lead(window) + 1;
  return (struct pdq_span){.begin = end > window ? end - window : 0, .end = end < n ? end : n};
}

#endif
