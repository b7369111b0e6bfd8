/* SPDX-License-Identifier: Apache-2.0 */
/* Each row goes to the exact level's stream, to the fast level, and through the tents in double. */
#include "worst_measure.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "pdq/certainty.h"
#include "pdq/fast.h"
#include "pdq/pdq.h"
#include "pdq/rounding.h"
#include "pdq/spectrum.h"
#include "pdq/tent.h"

enum { CELLS = PDQ_SIDE * PDQ_SIDE, COEFFICIENTS = PDQ_COEFFICIENTS * PDQ_COEFFICIENTS };

struct worst_meter {
  struct pdq_stream *stream;
  struct pdq_fast *fast;
  struct pdq_fast_result result;
  float dct[PDQ_COEFFICIENTS * PDQ_SIDE];

  /* The real picture. Memory of an axis is kept for the next picture of its size. */
  struct tent_axis down;
  struct tent_axis along;
  double *luma;
  double picture[CELLS];
  double coefficients[COEFFICIENTS];
};

struct worst_meter *worst_meter_create(void) {
  struct worst_meter *meter = calloc(1, sizeof *meter);
  if (meter == NULL) return NULL;
  meter->stream = pdq_stream_create();
  meter->fast = pdq_fast_create();
  pdq_dct_matrix(meter->dct);
  if (meter->stream != NULL && meter->fast != NULL) return meter;
  worst_meter_destroy(meter);
  return NULL;
}

void worst_meter_destroy(struct worst_meter *meter) {
  if (meter == NULL) return;
  pdq_stream_destroy(meter->stream);
  pdq_fast_destroy(meter->fast);
  free(meter->down.weights);
  free(meter->along.weights);
  free(meter->luma);
  free(meter);
}

/* ---- Without rounding -------------------------------------------------------------------------------------------- */

static bool build_axis(struct tent_axis *axis, size_t n) {
  if (axis->weights != NULL && axis->n == n) return true;
  free(axis->weights);
  *axis = (struct tent_axis){0};
  double *weights = malloc(tent_weights_size(n) * sizeof *weights);
  if (weights == NULL) return false;
  tent_build(axis, n, weights);
  return true;
}

static bool begin_real(struct worst_meter *meter, const struct worst_source *source) {
  free(meter->luma);
  meter->luma = malloc(source->width * sizeof *meter->luma);
  memset(meter->picture, 0, sizeof meter->picture);
  return meter->luma != NULL && build_axis(&meter->down, source->height) && build_axis(&meter->along, source->width);
}

static void real_luma(const uint8_t *pixels, size_t n, unsigned channels, double *luma) {
  for (size_t x = 0; x < n; x++, pixels += channels)
    luma[x] = channels == 1 ? pixels[0] : (299 * pixels[0] + 587 * pixels[1] + 114 * pixels[2]) / 1000.0;
}

static void add_real_row(struct worst_meter *meter, const struct worst_source *source, const uint8_t *pixels,
                         size_t y) {
  const struct tent_axis *along = &meter->along;
  const struct tent_axis *down = &meter->down;
  double cells[PDQ_SIDE];
  real_luma(pixels, source->width, source->channels, meter->luma);
  for (size_t cell = 0; cell < PDQ_SIDE; cell++) {
    const double *weights = along->weights + cell * along->stride;
    const double *from = meter->luma + along->first[cell];
    cells[cell] = 0.0;
    for (size_t k = 0; k < along->count[cell]; k++) cells[cell] += weights[k] * from[k];
  }
  for (size_t cell = 0; cell < PDQ_SIDE; cell++) {
    if (y < down->first[cell] || y >= (size_t)down->first[cell] + down->count[cell]) continue;
    const double weight = down->weights[cell * down->stride + y - down->first[cell]] * down->unit * along->unit;
    for (size_t j = 0; j < PDQ_SIDE; j++) meter->picture[cell * PDQ_SIDE + j] += weight * cells[j];
  }
}

static void transform_real(struct worst_meter *meter) {
  double half[PDQ_COEFFICIENTS][PDQ_SIDE] = {0};
  for (size_t i = 0; i < PDQ_COEFFICIENTS; i++)
    for (size_t k = 0; k < PDQ_SIDE; k++)
      for (size_t j = 0; j < PDQ_SIDE; j++)
        half[i][j] += (double)meter->dct[i * PDQ_SIDE + k] * meter->picture[k * PDQ_SIDE + j];
  for (size_t i = 0; i < PDQ_COEFFICIENTS; i++) {
    for (size_t j = 0; j < PDQ_COEFFICIENTS; j++) {
      double sum = 0.0;
      for (size_t k = 0; k < PDQ_SIDE; k++) sum += half[i][k] * (double)meter->dct[j * PDQ_SIDE + k];
      meter->coefficients[i * PDQ_COEFFICIENTS + j] = sum;
    }
  }
}

/* ---- Comparing --------------------------------------------------------------------------------------------------- */

static void raise_to(double *largest, double error) {
  if (!(fabs(error) <= *largest)) *largest = fabs(error);
}

static void compare(const float *exact, const float *fast, const double *real, size_t count,
                    double largest[WORST_PAIRS]) {
  memset(largest, 0, WORST_PAIRS * sizeof *largest);
  for (size_t k = 0; k < count; k++) {
    raise_to(&largest[WORST_EXACT_REAL], (double)exact[k] - real[k]);
    raise_to(&largest[WORST_FAST_REAL], (double)fast[k] - real[k]);
    raise_to(&largest[WORST_FAST_EXACT], (double)fast[k] - (double)exact[k]);
  }
}

static unsigned count_wrong(const hashscan_pdq *fast, const hashscan_pdq *exact, const hashscan_pdq *unknown) {
  unsigned wrong = 0;
  for (size_t i = 0; i < sizeof fast->bytes; i++)
    wrong += (unsigned)__builtin_popcount((unsigned)((fast->bytes[i] ^ exact->bytes[i]) & ~unknown->bytes[i]));
  return wrong;
}

static void compare_with_epsilon(const struct worst_meter *meter, const struct worst_source *source, const float *exact,
                                 const hashscan_pdq hashes[HASHSCAN_TRANSFORM_COUNT], struct worst_result *out) {
  float epsilon[COEFFICIENTS];
  pdq_epsilon(&meter->result, source->width, source->height, epsilon);
  for (size_t k = 0; k < COEFFICIENTS; k++)
    raise_to(&out->ratio, ((double)meter->result.coefficients[k] - (double)exact[k]) / (double)epsilon[k]);
  hashscan_pdq fast[HASHSCAN_TRANSFORM_COUNT];
  hashscan_pdq unknown[HASHSCAN_TRANSFORM_COUNT];
  pdq_hash_within(meter->result.coefficients, epsilon, HASHSCAN_TRANSFORM_COUNT, fast, unknown);
  for (int t = 0; t < HASHSCAN_TRANSFORM_COUNT; t++)
    out->wrong_certain += count_wrong(&fast[t], &hashes[t], &unknown[t]);
}

/* Errors of the luma, and of what the quality is made of. */
static void compare_with_bounds(const struct worst_meter *meter, const float *exact, struct worst_result *out) {
  const struct pdq_rounding *bounds = meter->result.rounding;
  double errors[CELLS];
  for (size_t k = 0; k < CELLS; k++) {
    errors[k] = (double)meter->result.picture[k] - (double)exact[k];
    raise_to(&out->picture_ratio, errors[k] / (double)bounds->picture);
    if (k % PDQ_SIDE > 0) raise_to(&out->picture_ratio, (errors[k] - errors[k - 1]) / (double)bounds->across);
    if (k >= PDQ_SIDE) raise_to(&out->picture_ratio, (errors[k] - errors[k - PDQ_SIDE]) / (double)bounds->down);
  }
  out->quality_missed =
      out->quality_exact < meter->result.quality_low || out->quality_exact > meter->result.quality_high;
}

bool worst_measure(struct worst_meter *meter, const struct worst_source *source, struct worst_result *out) {
  if (!begin_real(meter, source) ||
      !pdq_stream_begin(meter->stream, source->width, source->height, source->channels, HASHSCAN_PROFILE_FULL) ||
      !pdq_fast_begin(meter->fast, source->width, source->height, source->channels))
    return false;
  for (size_t y = 0; y < source->height; y++) {
    const uint8_t *pixels = source->row(source->user, y);
    pdq_stream_row(meter->stream, pixels);
    pdq_fast_row(meter->fast, pixels);
    add_real_row(meter, source, pixels, y);
  }
  hashscan_pdq hashes[HASHSCAN_TRANSFORM_COUNT];
  float exact[COEFFICIENTS];
  *out = (struct worst_result){0};
  pdq_stream_finish(meter->stream, true, hashes, &out->quality_exact);
  pdq_stream_coefficients(meter->stream, exact);
  pdq_fast_finish(meter->fast, &meter->result);
  transform_real(meter);
  out->quality_fast = meter->result.quality;
  compare(pdq_stream_picture(meter->stream), meter->result.picture, meter->picture, CELLS, out->picture);
  compare(exact, meter->result.coefficients, meter->coefficients, COEFFICIENTS, out->coefficient);
  compare_with_epsilon(meter, source, exact, hashes, out);
  compare_with_bounds(meter, pdq_stream_picture(meter->stream), out);
  return true;
}
