/* SPDX-License-Identifier: Apache-2.0 */
/* What image_decode() makes of some bytes, with the contract of image.h checked on the way. */
#ifndef HASHSCAN_TESTS_DECODED_H
#define HASHSCAN_TESTS_DECODED_H

#include "image/image.h"

struct decoded {
  hashscan_status status;
  struct image_info info;
  char reason[HASHSCAN_REASON_SIZE];
  uint8_t *pixels; /* width * channels bytes a row; NULL when nothing was announced */
  size_t row_bytes;
  uint32_t rows;
  unsigned begun;
  /* What the sink does, set before decoded_again(). */
  bool refuse_begin;
  uint32_t refuse_row; /* counted from 1; 0: none */
  double seconds_a_row;
  hashscan_view view;
};

/* Decodes a copy of the bytes that ends at an unmapped page. NULL limits: the defaults. */
struct decoded decoded_from(const uint8_t *bytes, size_t size, const hashscan_limits *limits);

/* One view of it, with the default limits. */
struct decoded decoded_view(hashscan_view view, const uint8_t *bytes, size_t size);

/* The same with the sink's behaviour chosen by the caller. */
void decoded_again(struct decoded *decoded, const uint8_t *bytes, size_t size, const hashscan_limits *limits);

void decoded_free(struct decoded *decoded);

#endif
