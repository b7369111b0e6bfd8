/* SPDX-License-Identifier: Apache-2.0 */
/* Quality, DCT matrix, median and hash bits (DESIGN.md section 4, steps 6 to 9). */
#include "pdq/spectrum.h"

#include <math.h>
#include <string.h>

#define COUNT (PDQ_COEFFICIENTS * PDQ_COEFFICIENTS)

void pdq_dct_matrix(float dct[PDQ_COEFFICIENTS * PDQ_SIDE]) {
  const double pi = 3.14159265358979323846;
  const float scale = (float)sqrt(2.0 / PDQ_SIDE);
  for (int i = 0; i < PDQ_COEFFICIENTS; i++)
    for (int j = 0; j < PDQ_SIDE; j++)
      dct[i * PDQ_SIDE + j] = (float)((double)scale * cos((pi / 2.0 / PDQ_SIDE) * (i + 1) * (2 * j + 1)));
}

static int gradient(float u, float v) {
  const int d = (int)((u - v) * 100.0f / 255.0f);
  return d < 0 ? -d : d;
}

int pdq_quality(const float picture[PDQ_SIDE * PDQ_SIDE]) {
  int sum = 0;
  for (size_t i = 0; i < PDQ_SIDE; i++) {
    const float *row = picture + i * PDQ_SIDE;
    for (size_t j = 0; j + 1 < PDQ_SIDE; j++) sum += gradient(row[j], row[j + 1]);
    if (i + 1 == PDQ_SIDE) break;
    for (size_t j = 0; j < PDQ_SIDE; j++) sum += gradient(row[j], row[j + PDQ_SIDE]);
  }
  const int quality = sum / 90;
  return quality > 100 ? 100 : quality;
}

/* The k-th smallest (from 0) of COUNT values, by Hoare's quickselect. The value does not depend on the method. */
static float select_smallest(float values[COUNT], size_t k) {
  size_t low = 0;
  size_t high = COUNT - 1;
  while (low < high) {
    const float pivot = values[low + (high - low) / 2];
    size_t i = low;
    size_t j = high;
    for (;;) {
      while (values[i] < pivot) i++;
      while (pivot < values[j]) j--;
      if (i >= j) break;
      const float swapped = values[i];
      values[i++] = values[j];
      values[j--] = swapped;
    }
    if (k <= j) high = j;
    else low = j + 1;
  }
  return values[k];
}

/* Coefficient (i, j) of the transformed picture lies at (j, i) of the original when the transform transposes, and
 * changes sign where the original's row or column index, or their sum, has the given parity. */
struct dihedral {
  unsigned transpose : 1;
  unsigned by_row : 1; /* parity of the original's i counts */
  unsigned by_column : 1;
  unsigned parity : 1; /* the parity that is negated */
};

static const struct dihedral dihedrals[HASHSCAN_TRANSFORM_COUNT] = {
    [HASHSCAN_TRANSFORM_NONE] = {0, 0, 0, 1},      [HASHSCAN_TRANSFORM_ROT90] = {1, 0, 1, 0},
    [HASHSCAN_TRANSFORM_ROT180] = {0, 1, 1, 1},    [HASHSCAN_TRANSFORM_ROT270] = {1, 1, 0, 0},
    [HASHSCAN_TRANSFORM_FLIPX] = {0, 1, 0, 0},     [HASHSCAN_TRANSFORM_FLIPY] = {0, 0, 1, 0},
    [HASHSCAN_TRANSFORM_FLIPPLUS1] = {1, 0, 0, 1}, [HASHSCAN_TRANSFORM_FLIPMINUS1] = {1, 1, 1, 1},
};

static void apply(const float *coefficients, struct dihedral d, float *out) {
  for (size_t i = 0; i < PDQ_COEFFICIENTS; i++) {
    for (size_t j = 0; j < PDQ_COEFFICIENTS; j++) {
      const float value = coefficients[i * PDQ_COEFFICIENTS + j];
      const unsigned parity = ((unsigned)i * d.by_row + (unsigned)j * d.by_column) & 1u;
      const size_t to = d.transpose ? j * PDQ_COEFFICIENTS + i : i * PDQ_COEFFICIENTS + j;
      out[to] = parity == d.parity ? -value : value;
    }
  }
}

void pdq_hash_of(const float coefficients[COUNT], hashscan_transform transform, hashscan_pdq *hash) {
  float values[COUNT];
  float ordered[COUNT];
  apply(coefficients, dihedrals[transform], values);
  memcpy(ordered, values, sizeof ordered);
  const float median = select_smallest(ordered, COUNT / 2 - 1);
  /* Hex prints bit 255 first, so bit k is in byte 31 - k / 8. */
  for (size_t byte = 0; byte < sizeof hash->bytes; byte++) {
    const float *eight = values + 8 * (sizeof hash->bytes - 1 - byte);
    unsigned bits = 0;
    for (size_t k = 0; k < 8; k++) bits |= (unsigned)(eight[k] > median) << k;
    hash->bytes[byte] = (uint8_t)bits;
  }
}
