/* SPDX-License-Identifier: Apache-2.0 */
/* Encoded bytes in, rows of 8-bit pixels out; or, for JPEG and a sink that asks for them, planes of luma and chroma
 * before they become pixels, or the low frequencies of luma blocks, which cost much less.
 *
 * image_decode() sniffs the container by content, checks the limits on the header's numbers before anything of that
 * size is allocated, and hands each row to a sink, top to bottom, so that no caller needs the whole picture in memory.
 * One way a format: jpeg.c (libjpeg-turbo; jpeg_planes.c for planes), lanes_planes.c (own decoding, for planes),
 * jpeg_blocks.c (own entropy decoding, for blocks), png.c (libpng), png_fast.c (libdeflate). All return a terminal
 * status and never crash, exit, print or leak on hostile bytes. */
#ifndef HASHSCAN_IMAGE_IMAGE_H
#define HASHSCAN_IMAGE_IMAGE_H

#include <stdbool.h>

#include "hashscan.h"

struct image_info {
  hashscan_format format;
  uint32_t width;
  uint32_t height;
  unsigned channels; /* of the rows given out: 1 grey, 3 RGB; of a file given out as blocks likewise */
  /* Known once the status is ok or damaged; before, and when another view than the stored one was asked for, 0. A bit
   * 1 << view for each other hashscan_view whose pixels differ from the stored ones: decode again with each to see all
   * of what people see. */
  unsigned views;
  /* Why people may see something that is none of the views (a static string), or NULL. A picture with this and without
   * a match is not examined. Known, if the file is decoded at all, when the status is. */
  const char *unseen;
  hashscan_code ended; /* STOPPED or TIMEOUT when the sink's control ended the decode, whose status is then timeout */
};

#define IMAGE_BLOCK_SIDE 8
#define IMAGE_BLOCK_COEFFICIENTS 64

/* What the blocks of a picture look like. Coefficients are quantised, in zigzag order (T.81 figure A.6). */
struct image_blocks {
  uint32_t wide;       /* luma blocks in a row that hold pixels: width / 8, rounded up */
  uint32_t high;       /* rows of them */
  unsigned keep;       /* coefficients of each block, the first `keep` in zigzag order, 1 to 64 */
  size_t stride;       /* int16_t from block to block, at least `keep`; those past `keep` are zero */
  uint16_t quant[64];  /* luma step sizes in zigzag order */
  uint8_t missing[64]; /* low bits that a progressive file had not sent of each coefficient when reading stopped: a
                          nonzero coefficient c stands for |c| to |c| + 2^missing - 1, a zero one for less than
                          2^missing either way. All zero for sequential files. */
  /* Chroma means, for an estimate of what leaves the RGB gamut. 0 when grey. */
  uint32_t chroma_wide;
  uint32_t chroma_high;
  uint16_t chroma_quant[2]; /* DC steps of Cb and Cr */
};

/* A few rows of luma blocks that share rows of chroma blocks (the rows of one MCU). Lives until the callback returns.
 */
struct image_block_rows {
  uint32_t first; /* row of blocks */
  unsigned count; /* 1 to 4 */
  const int16_t *luma[4];
  uint32_t chroma_first;
  unsigned chroma_count;       /* 0 when grey */
  const int16_t *chroma[2][4]; /* quantised DC of each Cb and Cr block, chroma_wide of them a row */
};

/* How many pixels share a chroma sample. */
enum image_sampling {
  IMAGE_444, /* one */
  IMAGE_422, /* two beside each other */
  IMAGE_420  /* two by two */
};

#define IMAGE_PLANES_PADDING 64

/* Rows of a YCbCr JPEG (Rec. ITU-T T.871) as its blocks have them. What libjpeg-turbo would make of them is R, G and B
 * at every pixel by its "fancy" upsampling and its fixed point; pdq/planes.h does the same. Chroma rows have one sample
 * more at either end, copies of the first and the last. All rows can be read as far as a picture whose width is the
 * next multiple of IMAGE_PLANES_PADDING would have them. Lives until the callback returns. */
struct image_planes {
  enum image_sampling sampling;
  uint32_t first; /* row of the picture */
  uint32_t count;
  const uint8_t *luma; /* row `first` */
  size_t luma_stride;
  /* Row `first` of Cb and of Cr. 4:2:0: row (first + 1) / 2 - 1, and all to row (first + count) / 2, which are the
   * first and the last that rows of luma are between; above the first and below the last one of the picture, copies of
   * those. */
  const uint8_t *chroma[2];
  size_t chroma_stride;
};

enum image_answer {
  IMAGE_REFUSED, /* out of memory: the decode ends */
  IMAGE_TAKEN,
  IMAGE_DECLINED /* these blocks say too little: give rows instead */
};

/* Where the picture goes, and which view of it. `begin` is called after every limit is checked, then `row` exactly
 * info->height times; or, for a sink with `rows`, that with one or more rows at a time, `stride` bytes apart. Returning
 * false ends the decode with status limit, "out of memory".
 *
 * A sink with `want_planes` may get a JPEG as planes instead, when want_planes says yes for a picture of this size:
 * then `begin_planes`, and `planes` from top to bottom until all rows are given. The decode may start over with
 * `begin_planes` or `begin` before the last of them: what the sink got is void. Status and reason are those that rows
 * would have had, unless the time is over before.
 *
 * A sink with `want_blocks` may get a JPEG as blocks instead: want_blocks returns how many coefficients of each block
 * it wants for a picture of this size, or 0 to get rows. Then `begin_blocks`, and `blocks` from top to bottom until
 * blocks->high rows are given. When the sink declines them, or they turn out to be odd on the way, the decode starts
 * over with `begin`: what the sink got as blocks is void. Blocks are given out to the end only for files that
 * libjpeg-turbo would decode without a warning, as far as they were read. */
struct image_sink {
  void *user;
  bool (*begin)(void *user, const struct image_info *info);
  bool (*row)(void *user, const uint8_t *pixels);
  bool (*rows)(void *user, const uint8_t *pixels, size_t stride, uint32_t count);
  bool (*want_planes)(void *user, const struct image_info *info);
  bool (*begin_planes)(void *user, const struct image_info *info);
  bool (*planes)(void *user, const struct image_planes *planes);
  unsigned (*want_blocks)(void *user, const struct image_info *info);
  enum image_answer (*begin_blocks)(void *user, const struct image_info *info, const struct image_blocks *blocks);
  bool (*blocks)(void *user, const struct image_block_rows *rows);
  hashscan_view view;              /* any but the stored one comes as rows */
  const hashscan_control *control; /* may end the decode; NULL: none */
};

/* Decodes `size` bytes. Returns ok, damaged, not_image, unsupported, corrupt, limit or timeout. `info` is filled as far
 * as the header was read (zeroed before); `reason` gets one line unless ok. All rows (or planes, or blocks) were given
 * out exactly when the status is ok or damaged: a picture that is cut or broken after its first row is damaged, and
 * what is missing is grey in a JPEG (libjpeg's way) and transparent black in a PNG (what a browser shows). Any thread.
 *
 * What is not applied: colour profiles (iCCP, ICC in APP2) and EXIF orientation, which is one of the eight transforms
 * that matching compares. A profile that does more than shift shades is named in info->unseen (color_profile.h). */
hashscan_status image_decode(const uint8_t *bytes, size_t size, const hashscan_limits *limits,
                             const struct image_sink *sink, struct image_info *info, char reason[HASHSCAN_REASON_SIZE]);

#endif
