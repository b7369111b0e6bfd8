/* SPDX-License-Identifier: Apache-2.0 */
/* A row goes through up to three steps: colours (expanded to 8 bits, gamma applied), alphas, both put together over a
 * background. The stored view stops after the first, and looks at alpha only to learn whether other views differ. */
#include "image/png_pixels.h"

#include <math.h>
#include <string.h>

#include <png.h>

enum { GAMMA16_ENTRIES = 1 << 16, OPAQUE = 255, WHITE = 255, BLACK = 0 };

static const double display_gamma = 2.2;

/* ---- Set-up ------------------------------------------------------------------------------------------------------ */

static bool has_alpha_channel(const struct png_layout *layout) {
  return (layout->color_type & PNG_COLOR_MASK_ALPHA) != 0;
}

static bool is_palette(const struct png_layout *layout) {
  return layout->color_type == PNG_COLOR_TYPE_PALETTE;
}

static unsigned background_of(hashscan_view view) {
  return view == HASHSCAN_VIEW_ON_WHITE || view == HASHSCAN_VIEW_GAMMA_ON_WHITE ? WHITE : BLACK;
}

static bool is_composite(hashscan_view view) {
  return view == HASHSCAN_VIEW_ON_WHITE || view == HASHSCAN_VIEW_ON_BLACK || view == HASHSCAN_VIEW_GAMMA_ON_WHITE ||
         view == HASHSCAN_VIEW_GAMMA_ON_BLACK;
}

static bool applies_gamma(const struct png_pixels *pixels) {
  return pixels->has_gamma && (pixels->view == HASHSCAN_VIEW_GAMMA || pixels->view == HASHSCAN_VIEW_GAMMA_ON_WHITE ||
                               pixels->view == HASHSCAN_VIEW_GAMMA_ON_BLACK);
}

static unsigned sample_at(const uint8_t *samples, unsigned depth, size_t i) {
  if (depth == 16) return (unsigned)samples[2 * i] << 8 | samples[2 * i + 1];
  if (depth == 8) return samples[i];
  const size_t bit = i * depth;
  return samples[bit / 8] >> (8 - depth - bit % 8) & ((1u << depth) - 1);
}

/* A tRNS that is longer than it must be counts with its first bytes, a shorter one does not count (11.3.2.1). */
static void set_transparency(struct png_pixels *pixels, const struct png_shown *shown) {
  const struct png_layout *layout = &pixels->layout;
  const uint8_t *data = shown->transparency;
  const size_t size = data == NULL ? 0 : shown->transparency_bytes;
  memset(pixels->palette_alpha, OPAQUE, sizeof pixels->palette_alpha);
  pixels->has_alpha = has_alpha_channel(layout);
  if (is_palette(layout) && size > 0) {
    memcpy(pixels->palette_alpha, data, size < 256 ? size : 256);
    pixels->has_alpha = true;
  } else if (!is_palette(layout) && !pixels->has_alpha && size >= 2 * pixels->channels) {
    for (size_t c = 0; c < pixels->channels; c++)
      pixels->key[c] = (uint16_t)(sample_at(data, 16, c) & ((1u << layout->depth) - 1));
    pixels->has_key = pixels->has_alpha = true;
  }
}

static uint8_t raise(double sample, double exponent) {
  return (uint8_t)(255 * pow(sample, exponent) + 0.5);
}

/* Gamma counts when it changes an 8-bit sample, from about 0.5 % off the display's on. libpng lets 5 % pass, but that
 * can be much for a hash: it moves those of 38 photographs at 1024 pixels by 3 bits on average, and by 34 for one. */
static bool changes_samples(const uint8_t gamma8[256]) {
  for (size_t i = 0; i < 256; i++)
    if (gamma8[i] != i) return true;
  return false;
}

static void set_gamma(struct png_pixels *pixels, const struct png_shown *shown) {
  if (shown->gamma == 0) return;
  pixels->gamma_exponent = 1 / (display_gamma * shown->gamma / PNG_FP_1);
  for (size_t i = 0; i < 256; i++) pixels->gamma8[i] = raise((double)i / 255, pixels->gamma_exponent);
  pixels->has_gamma = changes_samples(pixels->gamma8);
  if (!applies_gamma(pixels)) return;
  for (size_t i = 0; i < 256; i++)
    for (size_t c = 0; c < 3; c++) pixels->layout.palette[i][c] = pixels->gamma8[pixels->layout.palette[i][c]];
}

void png_pixels_init(struct png_pixels *pixels, const struct png_layout *layout, const struct png_shown *shown,
                     hashscan_view view) {
  *pixels = (struct png_pixels){.layout = *layout, .view = view, .kernels = unfilter_kernels_for(cpu_tier())};
  pixels->channels = (layout->color_type & PNG_COLOR_MASK_COLOR) != 0 ? 3 : 1;
  set_transparency(pixels, shown);
  set_gamma(pixels, shown);
}

static bool needs_gamma16(const struct png_pixels *pixels) {
  return applies_gamma(pixels) && pixels->layout.depth == 16;
}

/* No overflow: width is below 2^31, and the rest small. */
size_t png_pixels_bytes(const struct png_pixels *pixels) {
  return (size_t)pixels->layout.width * (pixels->channels + (pixels->has_alpha ? 1 : 0)) +
         (needs_gamma16(pixels) ? GAMMA16_ENTRIES : 0);
}

void png_pixels_use(struct png_pixels *pixels, uint8_t *memory) {
  const size_t width = pixels->layout.width;
  pixels->row = memory;
  pixels->alphas = memory + width * pixels->channels;
  if (!needs_gamma16(pixels)) return;
  pixels->gamma16 = pixels->alphas + (pixels->has_alpha ? width : 0);
  for (size_t i = 0; i < GAMMA16_ENTRIES; i++)
    pixels->gamma16[i] = raise((double)i / (GAMMA16_ENTRIES - 1), pixels->gamma_exponent);
}

/* ---- Samples ----------------------------------------------------------------------------------------------------- */

static size_t samples_a_pixel(const struct png_pixels *pixels) {
  if (is_palette(&pixels->layout)) return 1;
  return pixels->channels + (has_alpha_channel(&pixels->layout) ? 1 : 0);
}

/* The nearest 8-bit value: sample * 255 / 65535 is sample / 257. */
static uint8_t scale_16(unsigned sample) {
  return (uint8_t)((sample + 128) / 257);
}

/* ---- Colours ----------------------------------------------------------------------------------------------------- */

static inline void expand_palette(struct png_pixels *pixels, const uint8_t *samples, unsigned depth) {
  const uint8_t(*palette)[3] = (const uint8_t(*)[3])pixels->layout.palette;
  const size_t width = pixels->layout.width;
  uint8_t *out = pixels->row;
  for (size_t x = 0; x < width; x++, out += 3) memcpy(out, palette[sample_at(samples, depth, x)], 3);
}

static void expand_grey(struct png_pixels *pixels, const uint8_t *samples) {
  const unsigned depth = pixels->layout.depth;
  const unsigned step = 255 / ((1u << depth) - 1);
  for (size_t x = 0; x < pixels->layout.width; x++) pixels->row[x] = (uint8_t)(sample_at(samples, depth, x) * step);
}

static void reduce_16(struct png_pixels *pixels, const uint8_t *samples) {
  const size_t channels = pixels->channels;
  const size_t step = samples_a_pixel(pixels);
  const size_t width = pixels->layout.width;
  const uint8_t *gamma16 = pixels->gamma16;
  uint8_t *out = pixels->row;
  for (size_t x = 0; x < width; x++)
    for (size_t c = 0; c < channels; c++) {
      const unsigned sample = sample_at(samples, 16, x * step + c);
      *out++ = gamma16 != NULL ? gamma16[sample] : scale_16(sample);
    }
}

/* 8-bit colours before gamma, but for 16-bit samples and palettes, which have it already. */
static const uint8_t *expand(struct png_pixels *pixels, const uint8_t *samples) {
  const struct png_layout *layout = &pixels->layout;
  if (is_palette(layout) && layout->depth == 8) expand_palette(pixels, samples, 8);
  else if (is_palette(layout)) expand_palette(pixels, samples, layout->depth);
  else if (layout->depth == 16) reduce_16(pixels, samples);
  else if (layout->depth < 8) expand_grey(pixels, samples);
  else if (has_alpha_channel(layout))
    pixels->kernels.drop_alpha(pixels->row, samples, layout->width, samples_a_pixel(pixels));
  else return samples;
  return pixels->row;
}

static const uint8_t *colors_of(struct png_pixels *pixels, const uint8_t *samples) {
  const uint8_t *colors = expand(pixels, samples);
  if (!applies_gamma(pixels) || is_palette(&pixels->layout) || pixels->layout.depth == 16) return colors;
  for (size_t i = 0; i < (size_t)pixels->layout.width * pixels->channels; i++)
    pixels->row[i] = pixels->gamma8[colors[i]];
  return pixels->row;
}

/* ---- Alpha ------------------------------------------------------------------------------------------------------- */

/* The usual case of 8-bit alpha, at the speed of memory: all words together have set bits where all pixels have. */
static bool is_opaque_row(const uint8_t *samples, size_t n, size_t channels) {
  const size_t bytes = n * channels;
  uint64_t all = UINT64_MAX;
  size_t i = 0;
  for (; i + 32 <= bytes; i += 32) {
    uint64_t words[4];
    memcpy(words, samples + i, sizeof words);
    all &= words[0] & words[1] & words[2] & words[3];
  }
  uint8_t folded[8];
  memcpy(folded, &all, sizeof folded);
  unsigned alpha = OPAQUE;
  for (size_t k = channels - 1; k < 8; k += channels) alpha &= folded[k];
  for (size_t k = i + channels - 1; k < bytes; k += channels) alpha &= samples[k];
  return alpha == OPAQUE;
}

static uint8_t key_alpha(const struct png_pixels *pixels, const uint8_t *samples, size_t x) {
  for (size_t c = 0; c < pixels->channels; c++)
    if (sample_at(samples, pixels->layout.depth, x * pixels->channels + c) != pixels->key[c]) return OPAQUE;
  return 0;
}

static uint8_t alpha_at(const struct png_pixels *pixels, const uint8_t *samples, size_t x) {
  const unsigned depth = pixels->layout.depth;
  if (is_palette(&pixels->layout)) return pixels->palette_alpha[sample_at(samples, depth, x)];
  if (pixels->has_key) return key_alpha(pixels, samples, x);
  const size_t step = samples_a_pixel(pixels);
  const unsigned sample = sample_at(samples, depth, x * step + step - 1);
  return depth == 16 ? scale_16(sample) : (uint8_t)sample;
}

/* Fills pixels->alphas; false when every pixel is opaque, and then they may be not filled. */
static bool read_alphas(struct png_pixels *pixels, const uint8_t *samples) {
  const struct png_layout *layout = &pixels->layout;
  if (!pixels->has_alpha) return false;
  if (has_alpha_channel(layout) && layout->depth == 8 && is_opaque_row(samples, layout->width, samples_a_pixel(pixels)))
    return false;
  unsigned all = OPAQUE;
  for (size_t x = 0; x < layout->width; x++) all &= pixels->alphas[x] = alpha_at(pixels, samples, x);
  return all != OPAQUE;
}

static uint8_t put_over(unsigned color, unsigned alpha, unsigned background) {
  return (uint8_t)((color * alpha + background * (OPAQUE - alpha) + 127) / 255);
}

static void put_row_over(struct png_pixels *pixels, const uint8_t *colors, unsigned background) {
  const size_t channels = pixels->channels;
  for (size_t x = 0; x < pixels->layout.width; x++)
    for (size_t i = x * channels; i < (x + 1) * channels; i++)
      pixels->row[i] = put_over(colors[i], pixels->alphas[x], background);
}

/* A pixel that is not opaque differs on white or on black. */
static void note_differences(struct png_pixels *pixels, const uint8_t *colors) {
  const size_t channels = pixels->channels;
  for (size_t x = 0; x < pixels->layout.width; x++)
    for (size_t i = x * channels; pixels->alphas[x] != OPAQUE && i < (x + 1) * channels; i++) {
      pixels->differs_on_white |= put_over(colors[i], pixels->alphas[x], WHITE) != colors[i];
      pixels->differs_on_black |= put_over(colors[i], pixels->alphas[x], BLACK) != colors[i];
    }
}

/* ---- Rows -------------------------------------------------------------------------------------------------------- */

const uint8_t *png_pixels_row(struct png_pixels *pixels, const uint8_t *samples) {
  const uint8_t *colors = colors_of(pixels, samples);
  if (is_composite(pixels->view)) {
    if (!read_alphas(pixels, samples)) return colors;
    put_row_over(pixels, colors, background_of(pixels->view));
    return pixels->row;
  }
  const bool all_known = pixels->differs_on_white && pixels->differs_on_black;
  if (!all_known && read_alphas(pixels, samples)) note_differences(pixels, colors);
  return colors;
}

const uint8_t *png_pixels_missing_row(struct png_pixels *pixels) {
  const uint8_t color = is_composite(pixels->view) ? (uint8_t)background_of(pixels->view) : 0;
  pixels->differs_on_white = true;
  memset(pixels->row, color, (size_t)pixels->layout.width * pixels->channels);
  return pixels->row;
}

unsigned png_pixels_views(const struct png_pixels *pixels) {
  const bool on_page = pixels->differs_on_white || pixels->differs_on_black;
  unsigned views = 0;
  if (pixels->view != HASHSCAN_VIEW_STORED) return 0;
  if (pixels->differs_on_white) views |= 1u << HASHSCAN_VIEW_ON_WHITE;
  if (pixels->differs_on_black) views |= 1u << HASHSCAN_VIEW_ON_BLACK;
  if (!pixels->has_gamma) return views;
  if (!on_page) return 1u << HASHSCAN_VIEW_GAMMA;
  return views | 1u << HASHSCAN_VIEW_GAMMA_ON_WHITE | 1u << HASHSCAN_VIEW_GAMMA_ON_BLACK;
}
