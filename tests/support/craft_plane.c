/* SPDX-License-Identifier: Apache-2.0 */
/* Samples to coefficients: the transform of T.81 A.3.3 in float, and pictures to begin with. */
#include "craft.h"

#include <math.h>
#include <stdlib.h>

#include "coefficients.h"
#include "random.h"

enum { SIDE = 8, MAX_WAVES = 24 };

static const double pi = 3.14159265358979323846;

void craft_default_encoder(struct jpeg_compress_struct *encoder, struct jpeg_error_mgr *errors) {
  encoder->err = jpeg_std_error(errors);
  jpeg_create_compress(encoder);
  encoder->in_color_space = JCS_RGB;
  encoder->input_components = 3;
  jpeg_set_defaults(encoder);
}

void craft_quality(struct craft *craft, unsigned table, int quality, bool chroma) {
  struct jpeg_compress_struct encoder;
  struct jpeg_error_mgr errors;
  craft_default_encoder(&encoder, &errors);
  jpeg_set_quality(&encoder, quality, TRUE);
  const JQUANT_TBL *from = encoder.quant_tbl_ptrs[chroma ? 1 : 0];
  for (unsigned k = 0; k < CRAFT_BLOCK; k++) craft->quant[table][k] = from->quantval[coefficients_natural_order[k]];
  jpeg_destroy_compress(&encoder);
}

static uint32_t divide_up(uint32_t a, uint32_t b) {
  return (a + b - 1) / b;
}

uint32_t craft_plane_wide(const struct craft *craft, unsigned component) {
  return divide_up(craft->width * craft->components[component].h, craft->max_h);
}

uint32_t craft_plane_high(const struct craft *craft, unsigned component) {
  return divide_up(craft->height * craft->components[component].v, craft->max_v);
}

static void cosines(float matrix[SIDE][SIDE]) {
  for (unsigned u = 0; u < SIDE; u++)
    for (unsigned x = 0; x < SIDE; x++)
      matrix[u][x] = (float)(cos((2 * x + 1) * u * pi / 16.0) * (u == 0 ? sqrt(0.125) : 0.5));
}

static void transform(const float matrix[SIDE][SIDE], const float in[SIDE][SIDE], float out[SIDE][SIDE]) {
  float rows[SIDE][SIDE];
  for (unsigned y = 0; y < SIDE; y++)
    for (unsigned u = 0; u < SIDE; u++) {
      rows[y][u] = 0.0f;
      for (unsigned x = 0; x < SIDE; x++) rows[y][u] += matrix[u][x] * in[y][x];
    }
  for (unsigned v = 0; v < SIDE; v++)
    for (unsigned u = 0; u < SIDE; u++) {
      out[v][u] = 0.0f;
      for (unsigned y = 0; y < SIDE; y++) out[v][u] += matrix[v][y] * rows[y][u];
    }
}

static int16_t quantised(float value, uint16_t step) {
  const float level = roundf(value / (float)(step == 0 ? 1 : step));
  return (int16_t)(level > 32767.0f ? 32767.0f : level < -32767.0f ? -32767.0f : level);
}

void craft_plane(struct craft *craft, unsigned component, const float *samples) {
  const struct craft_component *c = &craft->components[component];
  const uint32_t wide = craft_plane_wide(craft, component), high = craft_plane_high(craft, component);
  float matrix[SIDE][SIDE], in[SIDE][SIDE], out[SIDE][SIDE];
  cosines(matrix);
  for (uint32_t row = 0; row < c->down; row++)
    for (uint32_t column = 0; column < c->across; column++) {
      for (uint32_t y = 0; y < SIDE; y++)
        for (uint32_t x = 0; x < SIDE; x++) {
          const uint32_t at_y = row * SIDE + y < high ? row * SIDE + y : high - 1;
          const uint32_t at_x = column * SIDE + x < wide ? column * SIDE + x : wide - 1;
          in[y][x] = samples[(size_t)at_y * wide + at_x] - 128.0f;
        }
      transform((const float(*)[SIDE])matrix, (const float(*)[SIDE])in, out);
      int16_t *block = craft_block(craft, component, column, row);
      for (unsigned k = 0; k < CRAFT_BLOCK; k++) {
        const unsigned natural = coefficients_natural_order[k];
        block[k] = quantised(out[natural / SIDE][natural % SIDE], craft->quant[c->table][k]);
      }
    }
}

/* ---- Waves ------------------------------------------------------------------------------------------------------- */

static float *wave_table(unsigned waves, uint32_t length) {
  float *table = malloc((size_t)waves * length * sizeof *table);
  if (table == NULL) abort();
  for (unsigned u = 0; u < waves; u++)
    for (uint32_t x = 0; x < length; x++) table[(size_t)u * length + x] = (float)cos((2 * x + 1) * u * pi / 2 / length);
  return table;
}

/* Sum of four uniform numbers: close enough to a normal one. */
static float amplitude(struct random_state *random) {
  float sum = 0.0f;
  for (unsigned i = 0; i < 4; i++) sum += (float)(random_next(random) % 2001) / 1000.0f - 1.0f;
  return sum;
}

static void scale(float *plane, size_t count, float deviation) {
  double squares = 1e-9;
  for (size_t i = 0; i < count; i++) squares += (double)plane[i] * (double)plane[i];
  const float factor = deviation / (float)sqrt(squares / (double)count);
  for (size_t i = 0; i < count; i++) {
    const float value = 128.0f + plane[i] * factor;
    plane[i] = value < 0.0f ? 0.0f : value > 255.0f ? 255.0f : value;
  }
}

float *craft_waves(uint64_t seed, uint32_t width, uint32_t height, unsigned waves, float deviation) {
  if (waves > MAX_WAVES || waves < 2) abort();
  struct random_state random = random_seeded(seed);
  float amplitudes[MAX_WAVES][MAX_WAVES];
  for (unsigned v = 0; v < waves; v++)
    for (unsigned u = 0; u < waves; u++) amplitudes[v][u] = u + v == 0 ? 0.0f : amplitude(&random);
  float *along = wave_table(waves, width), *down = wave_table(waves, height);
  float *plane = calloc((size_t)width * height, sizeof *plane);
  if (plane == NULL) abort();
  for (uint32_t y = 0; y < height; y++)
    for (unsigned u = 0; u < waves; u++) {
      float sum = 0.0f;
      for (unsigned v = 0; v < waves; v++) sum += amplitudes[v][u] * down[(size_t)v * height + y];
      for (uint32_t x = 0; x < width; x++) plane[(size_t)y * width + x] += sum * along[(size_t)u * width + x];
    }
  free(along);
  free(down);
  scale(plane, (size_t)width * height, deviation);
  return plane;
}

void craft_open_waves(struct craft *craft, uint64_t seed, uint32_t width, uint32_t height, unsigned count,
                      const struct craft_sampling *sampling, int quality) {
  craft_open(craft, width, height, count, sampling);
  for (unsigned t = 0; t < CRAFT_TABLES; t++) craft_quality(craft, t, quality, t == 1);
  for (unsigned i = 0; i < count; i++) {
    float *plane = craft_waves(seed * CRAFT_COMPONENTS + i, craft_plane_wide(craft, i), craft_plane_high(craft, i),
                               i == 0 ? 17 : 7, i == 0 ? 45.0f : 20.0f);
    craft_plane(craft, i, plane);
    free(plane);
  }
}
