/* SPDX-License-Identifier: Apache-2.0 */
/* PNGs put together byte by byte, with every choice open that an encoder library makes by itself: the filter of each
 * row, the way the compressed data is cut into chunks, and errors. */
#ifndef HASHSCAN_TESTS_PNG_COMPOSE_H
#define HASHSCAN_TESTS_PNG_COMPOSE_H

#include <stdbool.h>

#include "encode.h"

struct png_composition {
  uint32_t width, height;
  int color_type; /* of 8 bits, or a palette of `depth` */
  int depth;
  unsigned filter;     /* 0 to 4; 5: another in each row */
  int level;           /* of libdeflate, 0 to 12 */
  size_t idat_bytes;   /* data in each IDAT; 0: one chunk */
  bool empty_idats;    /* one before, between and after */
  size_t palette_size; /* entries */
  size_t missing;      /* rows' bytes left out at the end, or */
  size_t extra;        /* added */
};

/* The pixels are derived from the sizes. */
struct encoded png_compose(const struct png_composition *composition);

/* The kinds of picture that png_fast_decode() is for. */
enum { PNG_GREY, PNG_GREY_ALPHA, PNG_RGB, PNG_RGBA, PNG_PALETTE, PNG_KINDS = 9 };

extern const struct png_kind {
  int color_type, depth;
  size_t palette_size;
} png_kinds[PNG_KINDS];

struct png_composition png_composition_of(const struct png_kind *kind, uint32_t width, uint32_t height,
                                          unsigned filter);

/* One of 11 x 7 pixels. */
struct encoded png_compose_small(const struct png_kind *kind);

/* Appends a chunk with its checksum. */
void png_append(struct encoded *png, const char *type, const uint8_t *data, size_t size);

#endif
