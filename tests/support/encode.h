/* SPDX-License-Identifier: Apache-2.0 */
/* Encoded pictures made in memory, with each choice of the formats open, for tests of the decoders. */
#ifndef HASHSCAN_TESTS_ENCODE_H
#define HASHSCAN_TESTS_ENCODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <jpeglib.h>

/* Bytes from malloc; the caller frees them. */
struct encoded {
  uint8_t *bytes;
  size_t size;
};

/* The file `name` of a folder; aborts when it cannot be read. */
struct encoded encoded_read(const char *folder, const char *name);

/* Zero means: no subsampling, quality 75, one scan, the markers that libjpeg writes by itself. */
struct jpeg_recipe {
  uint32_t width, height;
  J_COLOR_SPACE pixels; /* model of the pixels given: grey, RGB or CMYK */
  J_COLOR_SPACE stored;
  int h, v; /* sampling of the first component (and of K), the others having 1x1 */
  int quality;
  bool progressive;
  bool arithmetic;
  bool optimised;   /* Huffman tables made for the picture; progressive files always have them */
  unsigned restart; /* MCUs between restart markers */
  int restart_rows; /* or rows of MCUs */
  bool no_adobe_marker;
  const jpeg_scan_info *scans; /* instead of libjpeg's own script */
  int scan_count;
};

struct encoded encode_jpeg(const struct jpeg_recipe *recipe, const uint8_t *pixels);

/* What its pixels look like: gradients with more or less noise, so that blocks have few coefficients or many; the
 * largest coefficients there can be; none. */
enum texture { TEXTURE_MIXED, TEXTURE_BLACK_AND_WHITE, TEXTURE_FLAT };

struct encoded encode_textured_jpeg(const struct jpeg_recipe *recipe, enum texture texture);

/* A grey progressive JPEG of exactly `scans` scans, 1 to 505. */
struct encoded encode_many_scans(uint32_t width, uint32_t height, int scans);

struct png_recipe {
  uint32_t width, height;
  int color_type; /* PNG_COLOR_TYPE_... */
  int depth;
  bool interlaced;
  bool transparent;            /* adds tRNS */
  bool plain;                  /* neither filtered nor compressed: deflate's stored blocks */
  const uint8_t (*palette)[3]; /* 1 << depth entries when color_type is a palette */
};

/* `samples`: one number a sample, row after row. */
struct encoded encode_png(const struct png_recipe *recipe, const uint16_t *samples);

/* The PNG `png` with a chunk added before the one at `offset`; its checksum is right. */
struct encoded encode_png_with_chunk(const struct encoded *png, size_t offset, const char *type, const uint8_t *data,
                                     size_t size);

/* Offset of the first chunk of `type`; aborts when there is none. */
size_t encode_png_find(const struct encoded *png, const char *type);

/* Corrects the checksum of every chunk that lies whole in `bytes`. */
void encode_png_seal(uint8_t *bytes, size_t size);

#endif
