/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of samples as a PNG stores them, turned into 8-bit grey or RGB in any of the views. Both ways of decoding a PNG
 * end here, so that they give the same pixels.
 *
 * Stored: palettes and small depths expanded, 16 bits scaled to the nearest 8, alpha dropped. The other views apply
 * gamma to the colours first (to 16-bit samples before they lose their low bits), then put the result over the
 * background: (c * a + b * (255 - a) + 127) / 255 in the space of the stored samples, where browsers do it as well.
 * Alpha is scaled to 8 bits before. A pixel that the file does not have is transparent black. */
#ifndef HASHSCAN_IMAGE_PNG_PIXELS_H
#define HASHSCAN_IMAGE_PNG_PIXELS_H

#include <stdbool.h>

#include "image/image.h"
#include "image/png_shown.h"
#include "image/unfilter.h"

/* What IHDR and PLTE say. */
struct png_layout {
  uint32_t width;
  unsigned depth;      /* bits a sample */
  unsigned color_type; /* PNG_COLOR_TYPE_... */
  uint8_t palette[256][3];
};

struct png_pixels {
  struct png_layout layout;
  hashscan_view view;
  struct unfilter_kernels kernels;
  unsigned channels;          /* given out: 1 or 3 */
  bool has_key;               /* one colour is transparent: tRNS of grey and RGB pictures */
  uint16_t key[3];            /* at the picture's depth */
  bool has_alpha;             /* of any kind */
  uint8_t palette_alpha[256]; /* 255 without tRNS */
  bool has_gamma;             /* one that changes something */
  double gamma_exponent;      /* for views with gamma */
  uint8_t gamma8[256];        /* likewise */
  uint8_t *gamma16;           /* 65,536 entries, likewise, for 16-bit samples */
  uint8_t *row;               /* one row given out */
  uint8_t *alphas;            /* of one row */
  bool differs_on_white;
  bool differs_on_black;
};

void png_pixels_init(struct png_pixels *pixels, const struct png_layout *layout, const struct png_shown *shown,
                     hashscan_view view);

/* Bytes of memory that the rows need; then that memory, which the caller keeps alive and frees. */
size_t png_pixels_bytes(const struct png_pixels *pixels);
void png_pixels_use(struct png_pixels *pixels, uint8_t *memory);

/* The row as pixels->channels bytes a pixel: `samples` itself where nothing changes, or pixels->row. Until both
 * backgrounds are known to make a difference, looks whether they do. */
const uint8_t *png_pixels_row(struct png_pixels *pixels, const uint8_t *samples);

/* A row that is missing from the file. */
const uint8_t *png_pixels_missing_row(struct png_pixels *pixels);

/* The bits of info->views, after the last row. */
unsigned png_pixels_views(const struct png_pixels *pixels);

#endif
