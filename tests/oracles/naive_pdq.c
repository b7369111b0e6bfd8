/* SPDX-License-Identifier: Apache-2.0 */
/* PDQ written plainly, in the order of operations that the reference implementation publishes:
 * whole float pictures, one-dimensional box filters with a stride, a 16x64 by 64x64 by 64x16 product, bit loops. It
 * shares no code with core/src/pdq, so that agreement means something, and it is what "times faster" refers to. */
#include "naive_pdq.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Running mean of `window` inputs around each of `n` samples that lie `stride` apart; the window shrinks at the ends.
 */
static void box_1d(const float *in, float *out, size_t n, size_t stride, size_t window) {
  const size_t half = (window + 2) / 2;
  size_t right = 0;
  size_t left = 0;
  size_t at = 0;
  float sum = 0.0f;
  int held = 0;
  for (size_t i = 0; i < half - 1; i++, right++) {
    sum += in[right * stride];
    held++;
  }
  for (size_t i = 0; i < window - half + 1; i++, right++, at++) {
    sum += in[right * stride];
    held++;
    out[at * stride] = sum / (float)held;
  }
  for (size_t i = 0; i < n - window; i++, right++, left++, at++) {
    sum += in[right * stride];
    sum -= in[left * stride];
    out[at * stride] = sum / (float)held;
  }
  for (size_t i = 0; i < half - 1; i++, left++, at++) {
    sum -= in[left * stride];
    held--;
    out[at * stride] = sum / (float)held;
  }
}

static void jarosz(float *picture, float *scratch, size_t width, size_t height) {
  const size_t along = (width + 127) / 128;
  const size_t across = (height + 127) / 128;
  for (int pass = 0; pass < 2; pass++) {
    for (size_t y = 0; y < height; y++) box_1d(picture + y * width, scratch + y * width, width, 1, along);
    for (size_t x = 0; x < width; x++) box_1d(scratch + x, picture + x, height, width, across);
  }
}

static void decimate(const float *picture, size_t width, size_t height, float out[64][64]) {
  for (int i = 0; i < 64; i++) {
    const size_t y = (size_t)((i + 0.5) * (double)height / 64);
    for (int j = 0; j < 64; j++) out[i][j] = picture[y * width + (size_t)((j + 0.5) * (double)width / 64)];
  }
}

static int quality_of(float a[64][64]) {
  int sum = 0;
  for (int i = 0; i < 63; i++)
    for (int j = 0; j < 64; j++) sum += abs((int)((a[i][j] - a[i + 1][j]) * 100 / 255));
  for (int i = 0; i < 64; i++)
    for (int j = 0; j < 63; j++) sum += abs((int)((a[i][j] - a[i][j + 1]) * 100 / 255));
  return sum / 90 > 100 ? 100 : sum / 90;
}

static void dct(float a[64][64], float b[16][16]) {
  static const double pi = 3.14159265358979323846;
  float d[16][64];
  float t[16][64];
  const float scale = (float)sqrt(2.0 / 64);
  for (int i = 0; i < 16; i++)
    for (int j = 0; j < 64; j++) d[i][j] = (float)((double)scale * cos((pi / 2 / 64) * (i + 1) * (2 * j + 1)));
  for (int i = 0; i < 16; i++) {
    for (int j = 0; j < 64; j++) {
      float sum = 0.0f;
      for (int k = 0; k < 64; k++) sum += d[i][k] * a[k][j];
      t[i][j] = sum;
    }
  }
  for (int i = 0; i < 16; i++) {
    for (int j = 0; j < 16; j++) {
      float sum = 0.0f;
      for (int k = 0; k < 64; k++) sum += t[i][k] * d[j][k];
      b[i][j] = sum;
    }
  }
}

static int compare_floats(const void *a, const void *b) {
  const float x = *(const float *)a;
  const float y = *(const float *)b;
  return (x > y) - (x < y);
}

static void hash_bits(float b[16][16], hashscan_pdq *hash) {
  float sorted[256];
  memcpy(sorted, b, sizeof sorted);
  qsort(sorted, 256, sizeof *sorted, compare_floats);
  memset(hash, 0, sizeof *hash);
  for (int k = 0; k < 256; k++)
    if (b[k / 16][k % 16] > sorted[127]) hash->bytes[31 - k / 8] |= (uint8_t)(1 << (k % 8));
}

static float transformed(float b[16][16], int transform, int i, int j, int *to_i, int *to_j) {
  const float v = b[i][j];
  const bool i_even = i % 2 == 0;
  const bool j_even = j % 2 == 0;
  const bool odd = (i + j) % 2 != 0;
  const bool transposed = transform == HASHSCAN_TRANSFORM_ROT90 || transform == HASHSCAN_TRANSFORM_ROT270 ||
                          transform == HASHSCAN_TRANSFORM_FLIPPLUS1 || transform == HASHSCAN_TRANSFORM_FLIPMINUS1;
  *to_i = transposed ? j : i;
  *to_j = transposed ? i : j;
  switch (transform) {
  case HASHSCAN_TRANSFORM_ROT90:
  case HASHSCAN_TRANSFORM_FLIPY:
    return j_even ? -v : v;
  case HASHSCAN_TRANSFORM_ROT180:
  case HASHSCAN_TRANSFORM_FLIPMINUS1:
    return odd ? -v : v;
  case HASHSCAN_TRANSFORM_ROT270:
  case HASHSCAN_TRANSFORM_FLIPX:
    return i_even ? -v : v;
  default:
    return v;
  }
}

static void dihedral_hash(float b[16][16], int transform, hashscan_pdq *hash) {
  float out[16][16];
  for (int i = 0; i < 16; i++) {
    for (int j = 0; j < 16; j++) {
      int to_i;
      int to_j;
      const float v = transformed(b, transform, i, j, &to_i, &to_j);
      out[to_i][to_j] = v;
    }
  }
  hash_bits(out, hash);
}

void naive_pdq_from_luma(float *luma, float *scratch, size_t width, size_t height, bool dihedral, hashscan_pdq *hashes,
                         int *quality) {
  float a[64][64];
  float b[16][16];
  memset(hashes, 0, (dihedral ? 8 : 1) * sizeof *hashes);
  *quality = 0;
  if (width < 5 || height < 5) return;
  const bool is_64x64 = width == 64 && height == 64;
  if (is_64x64) {
    memcpy(a, luma, sizeof a);
    dct(a, b);
    hash_bits(b, &hashes[0]);
    *quality = quality_of(a);
    if (!dihedral) return;
  }
  jarosz(luma, scratch, width, height);
  decimate(luma, width, height, a);
  dct(a, b);
  if (!is_64x64) {
    *quality = quality_of(a);
    hash_bits(b, &hashes[0]);
  }
  for (int t = 1; dihedral && t < 8; t++) dihedral_hash(b, t, &hashes[t]);
}

bool naive_pdq(const uint8_t *pixels, size_t width, size_t height, unsigned channels, bool dihedral,
               hashscan_pdq *hashes, int *quality) {
  float *luma = malloc(width * height * sizeof *luma);
  float *scratch = malloc(width * height * sizeof *scratch);
  const bool fits = luma != NULL && scratch != NULL;
  for (size_t k = 0; fits && k < width * height; k++) {
    const uint8_t *p = pixels + k * channels;
    luma[k] = channels == 1 ? (float)p[0] : 0.299f * (float)p[0] + 0.587f * (float)p[1] + 0.114f * (float)p[2];
  }
  if (fits) naive_pdq_from_luma(luma, scratch, width, height, dihedral, hashes, quality);
  free(luma);
  free(scratch);
  return fits;
}
