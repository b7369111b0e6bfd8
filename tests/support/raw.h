/* SPDX-License-Identifier: Apache-2.0 */
/* The samples of a YCbCr JPEG before upsampling, from two sides: libjpeg-turbo's jpeg_read_raw_data and the library's
 * own decoding. Asserts nothing by itself but aborts when a promise of image.h is broken, so that tests and a fuzz
 * target can use it. */
#ifndef HASHSCAN_TESTS_RAW_H
#define HASHSCAN_TESTS_RAW_H

#include "image/lanes_planes.h"

/* Rows without padding. */
struct raw_planes {
  enum image_sampling sampling;
  uint32_t width[3], height[3];
  uint8_t *samples[3];
};

void raw_planes_free(struct raw_planes *planes);

/* Whether all samples are the same. */
bool raw_planes_equal(const struct raw_planes *a, const struct raw_planes *b);

/* What libjpeg-turbo makes of a file. */
struct raw_libjpeg {
  bool failed; /* an error, or a file whose rows are no planes */
  long warnings;
  char text[200]; /* of the last warning or error */
  struct raw_planes planes;
};

void raw_from_libjpeg(struct raw_libjpeg *raw, const uint8_t *bytes, size_t size);

/* What own decoding does. */
struct raw_lanes {
  bool handled; /* false: stepped aside */
  hashscan_status status;
  unsigned begun; /* calls of begin_planes */
  struct raw_planes planes;
};

/* Decodes a copy of the bytes that ends at an unmapped page. NULL limits: the defaults. */
void raw_from_lanes(struct raw_lanes *raw, const uint8_t *bytes, size_t size, const struct lanes_tuning *tuning,
                    const hashscan_limits *limits);

/* NULL when own decoding steps aside (*handled is false), runs out of time, or gives the samples that libjpeg-turbo
 * gives without a warning. Otherwise what is wrong. `limits` as before. */
const char *raw_difference(const uint8_t *bytes, size_t size, const struct lanes_tuning *tuning,
                           const hashscan_limits *limits, bool *handled);

#endif
