/* SPDX-License-Identifier: Apache-2.0 */
/* Kernels of the fast level against the scalar reference. */
#include "fast_checks.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "guard.h"
#include "pdq/fast_kernels.h"
#include "pdq/spectrum.h"
#include "random.h"

static float random_float(struct random_state *state, float scale) {
  return scale * ((float)(random_next(state) >> 40) * 0x1p-23f - 1.0f);
}

/* Memory for `count` floats up to an unmapped page, filled with random numbers. */
static struct guard random_floats(struct random_state *state, size_t count, float scale) {
  struct guard guard = guard_alloc(count * sizeof(float));
  float *floats = (float *)(void *)guard.bytes;
  for (size_t k = 0; k < count; k++) floats[k] = random_float(state, scale);
  return guard;
}

static float *floats_of(const struct guard *guard) {
  return (float *)(void *)guard->bytes;
}

static bool same(const char *what, size_t size, const void *expected, const void *actual, size_t bytes) {
  if (memcmp(expected, actual, bytes) == 0) return true;
  printf("%s, size %zu: differs from scalar\n", what, size);
  return false;
}

/* ---- Rows of pixels ---------------------------------------------------------------------------------------------- */

/* Weights of one group, the heaviest ones that are allowed for `heavy`. */
static void group_weights(struct random_state *state, size_t count, bool heavy, uint8_t *weights) {
  unsigned left = PDQ_GROUP_WEIGHT;
  for (size_t r = 0; r < count; r++) {
    const unsigned most = left < PDQ_WHOLE_MAX ? left : PDQ_WHOLE_MAX;
    weights[r] = (uint8_t)(heavy ? most : random_next(state) % (most / 2 + 1));
    left -= weights[r];
  }
}

static bool check_rows(const struct pdq_fast_kernels *scalar, const struct pdq_fast_kernels *kernels, size_t n,
                       size_t stride, size_t count, bool heavy, struct random_state *state) {
  const size_t padded = (n + 63) / 64 * 64;
  struct guard pixels = guard_alloc(stride * count);
  struct guard expected = guard_alloc(padded * sizeof(float));
  struct guard actual = guard_alloc(padded * sizeof(float));
  uint8_t weights[PDQ_GROUP_ROWS];
  float float_weights[PDQ_GROUP_ROWS];
  group_weights(state, count, heavy, weights);
  for (size_t k = 0; k < stride * count; k++) pixels.bytes[k] = heavy ? 255 : (uint8_t)(random_next(state) >> 9);
  for (size_t r = 0; r < count; r++) float_weights[r] = random_float(state, 100.0f);
  for (size_t k = 0; k < n; k++) floats_of(&expected)[k] = floats_of(&actual)[k] = (float)(k * 17 % 4096);

  scalar->weigh(pixels.bytes, stride, count, weights, n, floats_of(&expected));
  kernels->weigh(pixels.bytes, stride, count, weights, n, floats_of(&actual));
  bool good = same("weigh", n, expected.bytes, actual.bytes, padded * sizeof(float));
  scalar->weigh_float(pixels.bytes, stride, count, float_weights, n, floats_of(&expected));
  kernels->weigh_float(pixels.bytes, stride, count, float_weights, n, floats_of(&actual));
  good = same("weigh_float", n, expected.bytes, actual.bytes, padded * sizeof(float)) && good;
  guard_free(&pixels);
  guard_free(&expected);
  guard_free(&actual);
  return good;
}

bool fast_check_weigh(enum cpu_tier tier) {
  const struct pdq_fast_kernels scalar = pdq_fast_kernels_for(CPU_SCALAR);
  const struct pdq_fast_kernels kernels = pdq_fast_kernels_for(tier);
  struct random_state state = random_seeded(1);
  bool good = true;
  for (size_t n = 0; n <= 200; n++)
    for (size_t count = 1; count <= PDQ_GROUP_ROWS; count += n % 3 + 1)
      for (int heavy = 0; heavy < 2; heavy++) {
        good = check_rows(&scalar, &kernels, n, n, count, heavy, &state) && good;
        good = check_rows(&scalar, &kernels, n, (n + 63) / 64 * 64, count, heavy, &state) && good;
      }
  for (size_t n = 1000; n < 5000; n += 777) good = check_rows(&scalar, &kernels, n, n, 16, false, &state) && good;
  return good;
}

/* ---- Along rows -------------------------------------------------------------------------------------------------- */

static const size_t sizes[] = {5, 6, 31, 63, 64, 65, 127, 128, 129, 200, 255, 511, 512, 513, 640, 1000, 1024, 4001};

bool fast_check_gather(enum cpu_tier tier) {
  const struct pdq_fast_kernels scalar = pdq_fast_kernels_for(CPU_SCALAR);
  const struct pdq_fast_kernels kernels = pdq_fast_kernels_for(tier);
  struct pdq_weights_cache cache = {0};
  struct random_state state = random_seeded(2);
  bool good = true;
  for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
    for (size_t channels = 1; channels <= 4; channels += channels == 1 ? 2 : 1) {
      const struct pdq_weights *columns = pdq_weights_get(&cache, PDQ_WEIGHTS_COLUMNS, sizes[s], channels);
      if (columns == NULL) abort();
      struct guard sums = random_floats(&state, (sizes[s] * channels + 8 + 63) / 64 * 64, 65280.0f);
      float expected[PDQ_SIDE];
      float actual[PDQ_SIDE];
      scalar.gather(columns, floats_of(&sums), columns->unit, expected);
      kernels.gather(columns, floats_of(&sums), columns->unit, actual);
      good = same("gather", sizes[s] * channels, expected, actual, sizeof expected) && good;
      guard_free(&sums);
    }
  }
  pdq_weights_clear(&cache);
  return good;
}

/* ---- Blocks ------------------------------------------------------------------------------------------------------ */

static bool check_blocks(const struct pdq_fast_kernels *scalar, const struct pdq_fast_kernels *kernels,
                         const struct pdq_weights *columns, struct random_state *state) {
  const size_t lanes = columns->layout;
  const size_t stride = lanes + 5;
  const size_t blocks = (columns->n + 7) / 8;
  const size_t cells = PDQ_SIDE * lanes;
  struct guard row = guard_alloc(((blocks - 1) * stride + lanes) * sizeof(int16_t));
  struct guard weights = random_floats(state, lanes, 2.0f);
  struct guard steps = random_floats(state, lanes, 50.0f);
  struct guard expected = random_floats(state, 2 * cells, 1000.0f);
  struct guard actual = guard_alloc(2 * cells * sizeof(float));
  memcpy(actual.bytes, expected.bytes, 2 * cells * sizeof(float));
  int16_t *coefficients = (int16_t *)(void *)row.bytes;
  for (size_t k = 0; k < (blocks - 1) * stride + lanes; k++) coefficients[k] = (int16_t)random_next(state);

  int16_t half[64];
  int16_t *centred = malloc(blocks * lanes * sizeof *centred);
  struct guard centred_too = guard_alloc(blocks * lanes * sizeof *centred);
  for (size_t k = 0; k < 64; k++) half[k] = (int16_t)((1 << (k % (PDQ_MISSING_MAX + 1))) - 1);
  scalar->centre(coefficients, stride, blocks, half, lanes, centred);
  kernels->centre(coefficients, stride, blocks, half, lanes, (int16_t *)(void *)centred_too.bytes);
  bool good = same("centre", columns->n, centred, centred_too.bytes, blocks * lanes * sizeof *centred);
  guard_free(&centred_too);
  free(centred);

  float *partial = floats_of(&expected) + cells;
  scalar->gather_blocks(columns, coefficients, stride, partial);
  kernels->gather_blocks(columns, coefficients, stride, floats_of(&actual) + cells);
  good = same("gather_blocks", columns->n, partial, floats_of(&actual) + cells, cells * sizeof(float)) && good;
  scalar->spread(partial, floats_of(&weights), lanes, floats_of(&expected));
  kernels->spread(partial, floats_of(&weights), lanes, floats_of(&actual));
  good = same("spread", columns->n, expected.bytes, actual.bytes, cells * sizeof(float)) && good;
  float expected_cells[PDQ_SIDE];
  float actual_cells[PDQ_SIDE];
  scalar->collect(floats_of(&expected), floats_of(&steps), lanes, expected_cells);
  kernels->collect(floats_of(&expected), floats_of(&steps), lanes, actual_cells);
  good = same("collect", columns->n, expected_cells, actual_cells, sizeof expected_cells) && good;
  guard_free(&row);
  guard_free(&weights);
  guard_free(&steps);
  guard_free(&expected);
  guard_free(&actual);
  return good;
}

bool fast_check_blocks(enum cpu_tier tier) {
  const struct pdq_fast_kernels scalar = pdq_fast_kernels_for(CPU_SCALAR);
  const struct pdq_fast_kernels kernels = pdq_fast_kernels_for(tier);
  struct pdq_weights_cache cache = {0};
  struct random_state state = random_seeded(3);
  bool good = true;
  for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
    for (size_t lanes = 8; lanes <= 64; lanes += 8) {
      const struct pdq_weights *columns = pdq_weights_get(&cache, PDQ_WEIGHTS_BLOCK_COLUMNS, sizes[s], lanes);
      if (columns == NULL) abort();
      good = check_blocks(&scalar, &kernels, columns, &state) && good;
    }
  }
  pdq_weights_clear(&cache);
  return good;
}

/* ---- The 64x64 picture ------------------------------------------------------------------------------------------- */

bool fast_check_spectrum(enum cpu_tier tier) {
  const struct pdq_fast_kernels scalar = pdq_fast_kernels_for(CPU_SCALAR);
  const struct pdq_fast_kernels kernels = pdq_fast_kernels_for(tier);
  struct random_state state = random_seeded(4);
  float dct[PDQ_COEFFICIENTS * PDQ_SIDE];
  struct pdq_folded_dct folded;
  pdq_dct_matrix(dct);
  pdq_folded_dct(dct, &folded);
  bool good = true;
  for (size_t round = 0; round < 50; round++) {
    struct guard picture = random_floats(&state, PDQ_SIDE * PDQ_SIDE, round % 2 == 0 ? 3.0f : 127.0f);
    float expected[PDQ_COEFFICIENTS * PDQ_COEFFICIENTS];
    float actual[PDQ_COEFFICIENTS * PDQ_COEFFICIENTS];
    scalar.transform(&folded, floats_of(&picture), expected);
    kernels.transform(&folded, floats_of(&picture), actual);
    good = same("transform", round, expected, actual, sizeof expected) && good;
    /* Values that no picture has, at last NaN and infinity. */
    if (round > 40) floats_of(&picture)[100 * (round - 40)] = round % 3 == 0 ? NAN : round % 3 == 1 ? INFINITY : -1e30f;
    struct pdq_quality quality, scalar_quality;
    const float across = (float)(round % 5) * 0.01f, down = (float)(round % 7) * 0.3f;
    kernels.quality(floats_of(&picture), across, down, &quality);
    scalar.quality(floats_of(&picture), across, down, &scalar_quality);
    if (memcmp(&quality, &scalar_quality, sizeof quality) != 0 ||
        quality.estimate != pdq_quality(floats_of(&picture)) || quality.low < 0 || quality.low > quality.estimate ||
        quality.high < quality.estimate || quality.high > 100) {
      printf("quality: differs from scalar\n");
      good = false;
    }
    guard_free(&picture);
  }
  return good;
}
