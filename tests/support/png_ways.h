/* SPDX-License-Identifier: Apache-2.0 */
/* A PNG decoded by png_fast_decode() and by libpng alone, with the promise as assertions: the same status, reason, size
 * and pixels for every file that the fast way handles, and an untouched sink for those it leaves. */
#ifndef HASHSCAN_TESTS_PNG_WAYS_H
#define HASHSCAN_TESTS_PNG_WAYS_H

#include "guard.h"
#include "image/png.h"
#include "image/png_fast.h"
#include "png_compose.h"

struct png_outcome {
  bool handled;
  hashscan_status status;
  struct image_info info;
  char reason[HASHSCAN_REASON_SIZE];
  uint8_t *pixels;
  size_t row_bytes;
  uint32_t rows;
  /* What the sink does, set by the caller. */
  uint32_t refused_row; /* counted from 1; 0: none */
  bool refuse_begin;
  hashscan_view view;
};

/* Decodes `size` bytes of `input` both ways, with sinks that do as `like` says and a deadline in `seconds`. Returns
 * whether the fast way handled them; *status is libpng's. */
bool png_ways_compare(const struct guard *input, size_t size, const hashscan_limits *limits, struct png_outcome like,
                      double seconds, hashscan_status *status);

/* The same in every view that the file has, with default limits and a willing sink, over a copy that ends at an
 * unmapped page. */
bool png_ways_agree(const uint8_t *bytes, size_t size, hashscan_status *status);

/* The same, and the fast way handles it or not, and libpng says this; `what` is for the message. */
void png_ways_expect(const struct encoded *png, bool handled, hashscan_status expected, const char *what);

/* It handles this, and it is ok. */
void png_ways_expect_handled(const struct png_composition *composition);

#endif
