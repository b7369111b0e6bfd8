/* SPDX-License-Identifier: Apache-2.0 */
/* The luma coefficients and chroma means of a JPEG from two sides, libjpeg-turbo and the library's own decoder, and
 * whether they agree. Asserts nothing by itself but aborts when the sink's contract in image.h is broken, so that tests
 * and a fuzz target can share it. */
#ifndef HASHSCAN_TESTS_COEFFICIENTS_H
#define HASHSCAN_TESTS_COEFFICIENTS_H

#include "image/image.h"

/* Zigzag order, 64 a luma block; one a chroma block. What was not read is zero. */
struct coefficients {
  struct image_info info;
  struct image_blocks blocks;
  int16_t *luma;
  int16_t *chroma[2];
};

void coefficients_free(struct coefficients *coefficients);

/* Row-major position of each coefficient in zigzag order. */
extern const uint8_t coefficients_natural_order[IMAGE_BLOCK_COEFFICIENTS];

/* What the library's decoder made of a file. */
struct blocks_read {
  bool handled; /* false: stepped aside */
  hashscan_status status;
  struct coefficients coefficients; /* when status is ok */
  unsigned refuse_callback; /* set by the caller: the sink refuses its n-th call, begin_blocks being the first */
  unsigned calls;
};

/* Reads the first `keep` coefficients of a copy of the bytes that ends at an unmapped page. NULL limits: the defaults.
 */
void blocks_read(struct blocks_read *read, const uint8_t *bytes, size_t size, unsigned keep,
                 const hashscan_limits *limits);

/* The same from libjpeg's jpeg_read_coefficients. */
struct libjpeg_read {
  bool failed;           /* an error: no coefficients */
  long odd_warnings;     /* of markers and scripts */
  long entropy_warnings; /* of entropy-coded data, which a reader that skips a scan cannot see */
  char text[200];        /* of the last warning or error */
  bool y_is_full;        /* grey, or YCbCr without luma subsampling: `coefficients` is filled */
  bool progressive;
  struct coefficients coefficients;
};

void libjpeg_read(struct libjpeg_read *read, const uint8_t *bytes, size_t size);

/* NULL when `read` is the truth as far as it goes: geometry, step sizes and chroma means equal, coefficients equal in
 * all bits but the missing ones. Otherwise what differs. */
const char *coefficients_difference(const struct coefficients *read, const struct coefficients *truth);

#endif
