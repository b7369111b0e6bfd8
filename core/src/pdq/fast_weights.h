/* SPDX-License-Identifier: Apache-2.0 */
/* The tents of tent.h, laid out for the kernels of the fast level, and a cache of the last few: pictures of one upload
 * path or one folder have few sizes. */
#ifndef HASHSCAN_PDQ_FAST_WEIGHTS_H
#define HASHSCAN_PDQ_FAST_WEIGHTS_H

#include <stdbool.h>

#include "pdq/tent.h"

enum pdq_weights_use {
  PDQ_WEIGHTS_ROWS, /* samples are rows of pixels */
  /* `layout` is the channels, or 2 for the two bytes of a sample in this machine's order; weights carry what their
   * channel or byte counts for. */
  PDQ_WEIGHTS_COLUMNS,
  PDQ_WEIGHTS_BLOCK_ROWS,   /* `layout` is the lanes: coefficients of a block, up to a multiple of 8 */
  PDQ_WEIGHTS_BLOCK_COLUMNS /* the same */
};

/* What reaches a cell: rows, elements (pixels times channels), rows of blocks or blocks, from `first` on. */
struct pdq_weights {
  enum pdq_weights_use use;
  size_t n;
  size_t layout;
  uint64_t last_used; /* 0: empty */

  uint32_t first[PDQ_SIDE];
  uint32_t count[PDQ_SIDE]; /* columns: a multiple of 8, with zero weights at the end */
  float unit;               /* what is weighed must be multiplied by this in the end */
  float *values;            /* blocks: `lanes` of them for each, in zigzag order */
  size_t stride;            /* values from cell to cell */
  uint8_t *whole;           /* rows: the same weights as bytes, `stride` a cell; NULL when none are */
  bool is_whole[PDQ_SIDE];
  float *gains; /* blocks: see pdq_weights_gains(); NULL until that is called */
};

#define PDQ_WEIGHTS_KEPT 8
#define PDQ_WHOLE_MAX 64 /* largest weight kept as a byte: two of them fit a signed byte pair's products */

struct pdq_weights_cache {
  struct pdq_weights kept[PDQ_WEIGHTS_KEPT];
  uint64_t clock;
};

/* Valid until PDQ_WEIGHTS_KEPT - 1 others were requested. NULL when out of memory. Start from a zeroed cache. */
struct pdq_weights *pdq_weights_get(struct pdq_weights_cache *cache, enum pdq_weights_use use, size_t n, size_t layout);
void pdq_weights_clear(struct pdq_weights_cache *cache);

/* For each frequency p of the 16 x 64 DCT along this axis and each lane k of block weights, at p * layout + k: how much
 * a coefficient of the DCT changes at most when the lane's coefficient changes by up to 1 in every block. NULL when out
 * of memory. `dct` is that of spectrum.h. */
const float *pdq_weights_gains(struct pdq_weights *weights, const float *dct);

#endif
