/* SPDX-License-Identifier: Apache-2.0 */
/* Quality, DCT matrix, median and hash bits. */
#include "pdq/spectrum.h"

#include <assert.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

#define COUNT (PDQ_COEFFICIENTS * PDQ_COEFFICIENTS)

void pdq_dct_matrix(float dct[PDQ_COEFFICIENTS * PDQ_SIDE]) {
  const double pi = 3.14159265358979323846;
  const float scale = (float)sqrt(2.0 / PDQ_SIDE);
  for (int i = 0; i < PDQ_COEFFICIENTS; i++)
    for (int j = 0; j < PDQ_SIDE; j++)
      dct[i * PDQ_SIDE + j] = (float)((double)scale * cos((pi / 2.0 / PDQ_SIDE) * (i + 1) * (2 * j + 1)));
}

/* Written so that NaN counts as PDQ_GRADIENT_MAX. */
static float bounded(float size) {
  return size < PDQ_GRADIENT_MAX ? size : PDQ_GRADIENT_MAX;
}

static float gradient(float u, float v) {
  return bounded(fabsf((u - v) * 100.0f / 255.0f));
}

int pdq_quality_of(int sum) {
  const int quality = sum / 90;
  assert(sum >= 0);
  return quality > 100 ? 100 : quality;
}

int pdq_quality(const float picture[PDQ_SIDE * PDQ_SIDE]) {
  struct pdq_quality quality;
  pdq_quality_within(picture, 0.0f, 0.0f, &quality);
  return quality.estimate;
}

/* Truncated sums of gradients, and of what they may be at least and at most. */
struct gradient_sums {
  int estimate, low, high;
};

static void add_gradient(struct gradient_sums *sums, float size, float margin) {
  sums->estimate += (int)size;
  sums->low += size > margin ? (int)(size - margin) : 0;
  sums->high += (int)bounded(size + margin);
}

float pdq_quality_margin(float difference) {
  return bounded(difference * (100.0f / 255.0f) + 1e-4f);
}

void pdq_quality_within(const float picture[PDQ_SIDE * PDQ_SIDE], float across, float down,
                        struct pdq_quality *quality) {
  const float along_row = pdq_quality_margin(across);
  const float along_column = pdq_quality_margin(down);
  struct gradient_sums sums = {0, 0, 0};
  for (size_t i = 0; i < PDQ_SIDE; i++) {
    const float *row = picture + i * PDQ_SIDE;
    for (size_t j = 0; j + 1 < PDQ_SIDE; j++) add_gradient(&sums, gradient(row[j], row[j + 1]), along_row);
    if (i + 1 == PDQ_SIDE) break;
    for (size_t j = 0; j < PDQ_SIDE; j++) add_gradient(&sums, gradient(row[j], row[j + PDQ_SIDE]), along_column);
  }
  *quality = (struct pdq_quality){pdq_quality_of(sums.estimate), pdq_quality_of(sums.low), pdq_quality_of(sums.high)};
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

/* The `rank`th smallest: the least key that at least `rank` keys do not exceed, found bit by bit. */
static float ranked(const float values[COUNT], int32_t rank) {
  int32_t keys[COUNT];
  for (size_t k = 0; k < COUNT; k++) keys[k] = ordered_key(values[k]);
  uint32_t found = 0; /* offset from the least int32_t */
  for (uint32_t bit = 0x80000000u; bit != 0; bit >>= 1) {
    const int32_t tried = (int32_t)((found | (bit - 1)) ^ 0x80000000u);
    int32_t within = 0;
    for (size_t k = 0; k < COUNT; k++) within += keys[k] <= tried;
    if (within < rank) found |= bit;
  }
  return value_of_key((int32_t)(found ^ 0x80000000u));
}

#define MEDIAN_RANK (COUNT / 2)

static float median_of(const float values[COUNT]) {
  return ranked(values, MEDIAN_RANK);
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

/* The ends of what values can be. */
struct interval {
  float lower[COUNT], upper[COUNT];
};

static void widen(const float values[COUNT], const float epsilon[COUNT], struct interval *interval) {
  for (size_t k = 0; k < COUNT; k++) {
    interval->lower[k] = values[k] - epsilon[k];
    interval->upper[k] = values[k] + epsilon[k];
  }
}

/* The bit of k is 1 when its value is over the median, that is when at least 128 values are under it; so it is surely 1
 * when that holds for its lower end and the upper ends of the others, and surely 0 when 128 others, so 129 values with
 * its own, have lower ends that are not under its upper end. (Its own lower end does not count among them, since it is
 * under its upper end: where epsilon is zero it is not, and only ends that are over its own count.) */
struct thresholds {
  float median, surely_over, surely_under;
};

static struct thresholds thresholds_of(const float values[COUNT], const struct interval *interval) {
  return (struct thresholds){.median = median_of(values),
                             .surely_over = ranked(interval->upper, MEDIAN_RANK),
                             .surely_under = ranked(interval->lower, MEDIAN_RANK + 1)};
}

static void mark_unknown(const struct interval *interval, const struct thresholds *thresholds, hashscan_pdq *unknown) {
  float doubt[COUNT];
  for (size_t k = 0; k < COUNT; k++) {
    const float lower = interval->lower[k], upper = interval->upper[k];
    const bool surely_0 = upper < thresholds->surely_under || (upper == thresholds->surely_under && lower < upper);
    doubt[k] = lower > thresholds->surely_over || surely_0 ? 0.0f : 1.0f;
  }
  set_bits(doubt, 0.5f, unknown);
}

static void transpose(const float values[COUNT], float out[COUNT]) {
  static const struct dihedral plain = {1, 0, 0, 1};
  apply(values, plain, out);
}

void pdq_hash_within(const float coefficients[COUNT], const float epsilon[COUNT], unsigned count, hashscan_pdq *hashes,
                     hashscan_pdq *unknown) {
  float bounds[COUNT], transposed[COUNT];
  struct thresholds thresholds[2][2]; /* two transforms have the same signs, and transposing leaves these as they are */
  bool known[2][2] = {{false}};
  for (size_t k = 0; k < COUNT; k++) bounds[k] = epsilon[k] < PDQ_EPSILON_MAX ? epsilon[k] : PDQ_EPSILON_MAX;
  transpose(bounds, transposed);
  for (unsigned t = 0; t < count; t++) {
    const struct dihedral d = dihedrals[t];
    struct thresholds *here = &thresholds[d.by_row][d.by_column];
    struct interval interval;
    float values[COUNT];
    apply(coefficients, d, values);
    widen(values, d.transpose ? transposed : bounds, &interval);
    if (!known[d.by_row][d.by_column]) *here = thresholds_of(values, &interval);
    known[d.by_row][d.by_column] = true;
    set_bits(values, here->median, &hashes[t]);
    mark_unknown(&interval, here, &unknown[t]);
  }
}
