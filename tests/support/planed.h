/* SPDX-License-Identifier: Apache-2.0 */
/* What image_decode() gives as planes, made into pixels by the kernels of the fast level. A broken promise of image.h
 * or planes.h ends the program, without a test library, so that fuzz targets can use it. */
#ifndef HASHSCAN_TESTS_PLANED_H
#define HASHSCAN_TESTS_PLANED_H

#include <stdbool.h>

#include "base/cpu.h"
#include "guard.h"
#include "image/image.h"

struct planed {
  hashscan_status status;
  struct image_info info;
  char reason[HASHSCAN_REASON_SIZE];
  unsigned begun; /* twice when own decoding stepped aside on the way */
  bool as_planes; /* else the decoder gave rows */
  uint32_t rows;
  uint8_t *pixels; /* as those of decoded.h */
  /* What the sink does, and the tier whose kernel makes the pixels; set before planed_again(). */
  enum cpu_tier tier;
  bool refuse_begin;
  bool refuse_planes;
};

/* NULL limits: the defaults. */
void planed_again(struct planed *planed, const uint8_t *bytes, size_t size, const hashscan_limits *limits);
void planed_free(struct planed *planed);

/* Copies of planes that end, like the memory around their rows that may be read, at unmapped pages. */
struct planes_copy {
  struct guard guards[3];
  struct image_planes planes;
};

void planes_copy(struct planes_copy *copy, const struct image_planes *planes, size_t width);

/* Planes of a picture `width` wide, whose samples are zero. */
void planes_blank(struct planes_copy *copy, enum image_sampling sampling, uint32_t first, uint32_t count, size_t width);
void planes_copy_free(struct planes_copy *copy);

/* Rows of each chroma, and samples of each of them without those on either side. */
size_t planes_chroma_rows(const struct image_planes *planes);
size_t planes_chroma_width(enum image_sampling sampling, size_t width);

#endif
