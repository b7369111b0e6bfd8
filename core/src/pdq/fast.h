/* SPDX-License-Identifier: Apache-2.0 */
/* PDQ at the fast level: the reference's linear operator evaluated cheaply (core/doc/DESIGN.md).
 *
 * tent.c finds the weights of a size; a pdq_fast applies them to rows of 8-bit pixels or to the coefficients of JPEG
 * blocks as the decoder delivers them, in memory that grows with the width alone. The answer is the decimated 64x64
 * picture up to rounding (pixels) or up to the frequencies left out (blocks), hence a hash of which a few bits may
 * differ from the exact one, and a mask of those that may. */
#ifndef HASHSCAN_PDQ_FAST_H
#define HASHSCAN_PDQ_FAST_H

#include <stdbool.h>

#include "hashscan.h"
#include "image/image.h"
#include "pdq/luma.h"
#include "pdq/shape.h"

struct pdq_fast;
struct pdq_rounding;

/* NULL when out of memory. One thread at a time; keeps its buffers, and the weights of the last sizes, between
 * pictures. */
struct pdq_fast *pdq_fast_create(void);
void pdq_fast_destroy(struct pdq_fast *fast);

/* Starts a picture of width x height pixels (both at least 5) of `channels` bytes: 1 grey, 3 RGB, 4 RGBX. False when
 * out of memory. May be called at any time; what was under way is void. */
bool pdq_fast_begin(struct pdq_fast *fast, uint32_t width, uint32_t height, unsigned channels);

/* The same for samples of video luma; rows then have range->bytes a sample. */
bool pdq_fast_begin_luma(struct pdq_fast *fast, uint32_t width, uint32_t height, const struct pdq_luma_range *range);

/* The next row, top to bottom; exactly `height` of them. Reads width * channels bytes. */
void pdq_fast_row(struct pdq_fast *fast, const uint8_t *pixels);

/* The next `rows` rows, `stride` bytes apart: several times as fast as one after the other where the caller has them
 * all, since a column's sum then stays in a register. */
void pdq_fast_rows(struct pdq_fast *fast, const uint8_t *pixels, size_t stride, size_t rows);

/* Whether a JPEG of this height had better come as planes. They are three channels, and what comes out is as with the
 * pixels that libjpeg-turbo makes of them, up to the order of float operations. */
bool pdq_fast_wants_planes(const struct pdq_fast *fast, uint32_t height);
bool pdq_fast_begin_planes(struct pdq_fast *fast, uint32_t width, uint32_t height);
void pdq_fast_planes(struct pdq_fast *fast, const struct image_planes *planes);

/* How many coefficients of each block, in zigzag order, a JPEG of this size is worth reading: more where blocks are
 * large beside a cell of the 64x64 picture. */
unsigned pdq_fast_keep(uint32_t width, uint32_t height);

/* The same for blocks: `blocks` is copied. */
bool pdq_fast_begin_blocks(struct pdq_fast *fast, const struct image_info *info, const struct image_blocks *blocks);
/* Whether what the file's unread bits can cause leaves nothing of the hash certain, so that the blocks are not worth
 * reading. */
bool pdq_fast_misses_much(const struct pdq_fast *fast);

void pdq_fast_blocks(struct pdq_fast *fast, const struct image_block_rows *rows);

/* What the picture was made from: each has its own errors. */
enum pdq_fast_path { PDQ_FAST_PIXELS, PDQ_FAST_BLOCKS, PDQ_FAST_PROGRESSIVE /* blocks with bits missing */ };

/* What is known at the end. `picture` is the decimated 64x64 luma, `coefficients` the 16x16 of its transform, as the
 * exact level has them up to the path's error. */
struct pdq_fast_result {
  enum pdq_fast_path path;
  float picture[PDQ_SIDE * PDQ_SIDE];
  float coefficients[PDQ_COEFFICIENTS * PDQ_COEFFICIENTS];
  int quality;                         /* of `picture`, 0 to 100 */
  int quality_low, quality_high;       /* the exact level's lies between them, inclusive; 0 and 100 for blocks */
  const struct pdq_rounding *rounding; /* pixels: what the above can be off by; lives until the next pdq_fast_begin */
  /* Progressive: what the bits that were not read can change each coefficient by, at most; else zero. */
  float missing[PDQ_COEFFICIENTS * PDQ_COEFFICIENTS];
  float clamped; /* blocks: standard deviation over the picture, in levels, of how much clipping to RGB seems to change
                    luma. A weak sign of the error it causes, since frequencies that were not read clip too. */
};

/* After the last row or block row. */
void pdq_fast_finish(struct pdq_fast *fast, struct pdq_fast_result *result);

#endif
