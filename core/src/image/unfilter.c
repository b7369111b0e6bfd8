/* SPDX-License-Identifier: Apache-2.0 */
/* Scalar kernels, and the choice of a tier. */
#include "image/unfilter.h"

static void undo_none(uint8_t *row, const uint8_t *above, size_t bytes, size_t pixel_bytes) {
  (void)row;
  (void)above;
  (void)bytes;
  (void)pixel_bytes;
}

static void undo_sub_from(size_t first, uint8_t *row, size_t bytes, size_t pixel_bytes) {
  for (size_t i = first; i < bytes; i++) row[i] = (uint8_t)(row[i] + row[i - pixel_bytes]);
}

static void undo_sub_scalar(uint8_t *row, const uint8_t *above, size_t bytes, size_t pixel_bytes) {
  unfilter_assert_row(bytes, pixel_bytes);
  (void)above;
  undo_sub_from(pixel_bytes, row, bytes, pixel_bytes);
}

static void undo_up_from(size_t first, uint8_t *row, const uint8_t *above, size_t bytes) {
  for (size_t i = first; i < bytes; i++) row[i] = (uint8_t)(row[i] + above[i]);
}

static void undo_up_scalar(uint8_t *row, const uint8_t *above, size_t bytes, size_t pixel_bytes) {
  unfilter_assert_row(bytes, pixel_bytes);
  (void)pixel_bytes;
  undo_up_from(0, row, above, bytes);
}

static void undo_average_scalar(uint8_t *row, const uint8_t *above, size_t bytes, size_t pixel_bytes) {
  unfilter_assert_row(bytes, pixel_bytes);
  for (size_t i = 0; i < pixel_bytes && i < bytes; i++) row[i] = (uint8_t)(row[i] + above[i] / 2);
  for (size_t i = pixel_bytes; i < bytes; i++) row[i] = (uint8_t)(row[i] + (row[i - pixel_bytes] + above[i]) / 2);
}

/* The predictor as the specification writes it (9.4); the other tiers use a shorter equivalent. */
static int paeth(int a, int b, int c) {
  const int p = a + b - c;
  const int pa = p > a ? p - a : a - p;
  const int pb = p > b ? p - b : b - p;
  const int pc = p > c ? p - c : c - p;
  if (pa <= pb && pa <= pc) return a;
  return pb <= pc ? b : c;
}

static void undo_paeth_scalar(uint8_t *row, const uint8_t *above, size_t bytes, size_t pixel_bytes) {
  unfilter_assert_row(bytes, pixel_bytes);
  for (size_t i = 0; i < pixel_bytes && i < bytes; i++) row[i] = (uint8_t)(row[i] + above[i]);
  for (size_t i = pixel_bytes; i < bytes; i++)
    row[i] = (uint8_t)(row[i] + paeth(row[i - pixel_bytes], above[i], above[i - pixel_bytes]));
}

static void drop_alpha_from(size_t first, uint8_t *out, const uint8_t *pixels, size_t n, size_t channels) {
  const size_t kept = channels - 1;
  for (size_t x = first; x < n; x++)
    for (size_t c = 0; c < kept; c++) out[x * kept + c] = pixels[x * channels + c];
}

static void drop_alpha_scalar(uint8_t *out, const uint8_t *pixels, size_t n, size_t channels) {
  assert(channels == 2 || channels == 4);
  drop_alpha_from(0, out, pixels, n, channels);
}

#if defined(__x86_64__)
#include "image/x86/unfilter_avx2.h"
#elif defined(__aarch64__)
#include "image/arm/unfilter_neon.h"
#endif

struct unfilter_kernels unfilter_kernels_for(enum cpu_tier tier) {
  struct unfilter_kernels kernels = {
      .undo = {undo_none, undo_sub_scalar, undo_up_scalar, undo_average_scalar, undo_paeth_scalar},
      .drop_alpha = drop_alpha_scalar,
  };
#if defined(__x86_64__)
  if (tier < CPU_AVX2) return kernels;
  unfilter_kernels_avx2(&kernels);
#elif defined(__aarch64__)
  if (tier != CPU_NEON) return kernels;
  unfilter_kernels_neon(&kernels);
#endif
  (void)tier;
  return kernels;
}
