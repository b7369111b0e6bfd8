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

/* Floats as integers of the same order, which takes no branches to search. */
static int32_t ordered_key(float value) {
  int32_t bits;
  memcpy(&bits, &value, sizeof bits);
  return bits < 0 ? (int32_t)((uint32_t)bits ^ 0x7fffffffu) : bits;
}

static float value_of_key(int32_t key) {
  const uint32_t bits = key < 0 ? (uint32_t)key ^ 0x7fffffffu : (uint32_t)key;
  float value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

/* The 128th smallest: the least key that at least 128 keys do not exceed, found bit by bit. */
static float median_of(const float values[COUNT]) {
  int32_t keys[COUNT];
  for (size_t k = 0; k < COUNT; k++) keys[k] = ordered_key(values[k]);
  uint32_t found = 0; /* offset from the least int32_t */
  for (uint32_t bit = 0x80000000u; bit != 0; bit >>= 1) {
    const int32_t tried = (int32_t)((found | (bit - 1)) ^ 0x80000000u);
    int32_t within = 0;
    for (size_t k = 0; k < COUNT; k++) within += keys[k] <= tried;
    if (within < COUNT / 2) found |= bit;
  }
  return value_of_key((int32_t)(found ^ 0x80000000u));
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

/* Hex prints bit 255 first, so bit k is in byte 31 - k / 8. */
static void set_bits(const float values[COUNT], float threshold, hashscan_pdq *bits) {
  for (size_t byte = 0; byte < sizeof bits->bytes; byte++) {
    const float *eight = values + 8 * (sizeof bits->bytes - 1 - byte);
    unsigned set = 0;
    for (size_t k = 0; k < 8; k++) set |= (unsigned)(eight[k] > threshold) << k;
    bits->bytes[byte] = (uint8_t)set;
  }
}

void pdq_hash_of(const float coefficients[COUNT], hashscan_transform transform, hashscan_pdq *hash) {
  float values[COUNT];
  apply(coefficients, dihedrals[transform], values);
  set_bits(values, median_of(values), hash);
}

/* Where all other bits are certain, so is the one of the median itself, which is 0. */
static void drop_lone_bit(hashscan_pdq *unknown) {
  static const hashscan_pdq none;
  if (hashscan_pdq_distance(unknown, &none) == 1) *unknown = none;
}

void pdq_hash_masked(const float coefficients[COUNT], hashscan_transform transform, const float epsilon[COUNT],
                     hashscan_pdq *hash, hashscan_pdq *unknown) {
  float values[COUNT];
  apply(coefficients, dihedrals[transform], values);
  const float median = median_of(values);
  set_bits(values, median, hash);
  for (size_t k = 0; k < COUNT; k++) values[k] = epsilon[k] - fabsf(values[k] - median);
  set_bits(values, 0.0f, unknown);
  drop_lone_bit(unknown);
}
