/* SPDX-License-Identifier: Apache-2.0 */
/* A JPEG writer that takes quantised coefficients as they are, whatever a sane encoder would think of them: any step
 * sizes, sampling, scan script, order of segments. It follows what a decoder has of each coefficient so far, so that
 * refinement scans come out right whatever was done before. Asserts nothing by itself; aborts when out of memory, so
 * that tests and fuzz targets can share it.
 *
 *     craft_open -> coefficients (craft_plane, or set by hand) -> craft_header -> craft_scan ... -> craft_end */
#ifndef HASHSCAN_TESTS_CRAFT_H
#define HASHSCAN_TESTS_CRAFT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "encode.h"

enum { CRAFT_BLOCK = 64, CRAFT_COMPONENTS = 4, CRAFT_TABLES = 4 };

enum { CRAFT_SOF0 = 0xc0, CRAFT_SOF1 = 0xc1, CRAFT_SOF2 = 0xc2, CRAFT_SOI = 0xd8, CRAFT_EOI = 0xd9 };

/* Samples of one component for each MCU. */
struct craft_sampling {
  uint8_t h, v;
};

struct craft_component {
  uint8_t id;
  uint8_t h, v;
  uint8_t table;         /* of step sizes */
  uint32_t wide, high;   /* blocks that hold pixels */
  uint32_t across, down; /* blocks of whole MCUs */
  int16_t *blocks;       /* zigzag order, CRAFT_BLOCK a block, `across` a row: what is to be sent */
  int16_t *sent;         /* what a decoder has of it */
};

struct craft {
  uint32_t width, height;
  unsigned count;
  struct craft_component components[CRAFT_COMPONENTS];
  unsigned max_h, max_v;
  uint16_t quant[CRAFT_TABLES][CRAFT_BLOCK]; /* zigzag order; all 1 at first */
  unsigned restart;                          /* MCUs between restart markers; craft_restart announces it */
  bool standard_codes;                       /* the standard's Huffman tables where they have the symbols */
  bool wide_tables;                          /* 16-bit step sizes even where 8 bits would do */
  bool progressive;                          /* set by craft_frame */
  uint8_t *bytes;
  size_t size, capacity;
};

/* A picture of `count` components without content; `sampling` has one for each. */
void craft_open(struct craft *craft, uint32_t width, uint32_t height, unsigned count,
                const struct craft_sampling *sampling);
void craft_close(struct craft *craft);

static inline int16_t *craft_block(const struct craft *craft, unsigned component, uint32_t x, uint32_t y) {
  const struct craft_component *c = &craft->components[component];
  return c->blocks + ((size_t)y * c->across + x) * CRAFT_BLOCK;
}

/* ---- Content (craft_plane.c) ------------------------------------------------------------------------------------- */

/* libjpeg's step sizes of a quality from 1 to 100, for luma or chroma. */
void craft_quality(struct craft *craft, unsigned table, int quality, bool chroma);

/* libjpeg's compressor as it is by default for colour, with the tables of T.81 annex K; jpeg_destroy_compress ends it.
 */
void craft_default_encoder(struct jpeg_compress_struct *encoder, struct jpeg_error_mgr *errors);

/* Samples of a component: rows of craft_plane_wide floats, 0 to 255 or, where a test wants it, beyond. */
uint32_t craft_plane_wide(const struct craft *craft, unsigned component);
uint32_t craft_plane_high(const struct craft *craft, unsigned component);

/* Transforms and quantises `samples` into the component's blocks. */
void craft_plane(struct craft *craft, unsigned component, const float *samples);

/* Smooth waves of up to `waves` half periods along each axis around 128, of the given standard deviation, cut to 0 to
 * 255; unrelated for different seeds. From malloc. */
float *craft_waves(uint64_t seed, uint32_t width, uint32_t height, unsigned waves, float deviation);

/* craft_open with a smooth picture at a quality of libjpeg's: waves in the first component, weaker ones in the others.
 */
void craft_open_waves(struct craft *craft, uint64_t seed, uint32_t width, uint32_t height, unsigned count,
                      const struct craft_sampling *sampling, int quality);

/* ---- Segments ---------------------------------------------------------------------------------------------------- */

void craft_put(struct craft *craft, const void *bytes, size_t size);
void craft_marker(struct craft *craft, uint8_t marker);
void craft_segment(struct craft *craft, uint8_t marker, const void *payload, size_t size);
void craft_jfif(struct craft *craft);
void craft_adobe(struct craft *craft, uint8_t transform);
void craft_tables(struct craft *craft, unsigned index);              /* DQT of one table */
void craft_restart(struct craft *craft, unsigned mcus);              /* DRI */
void craft_frame(struct craft *craft, uint8_t sof, unsigned height); /* `height` as announced */

/* SOI, JFIF, the tables that components name, frame. */
void craft_header(struct craft *craft, uint8_t sof);

/* EOI; the bytes become the caller's. */
struct encoded craft_end(struct craft *craft);
/* The bytes as they are, without an EOI. */
struct encoded craft_cut(struct craft *craft);

/* ---- Scans (craft_scan.c) ---------------------------------------------------------------------------------------- */

struct craft_scan {
  unsigned count;
  uint8_t components[CRAFT_COMPONENTS];
  uint8_t first, last, high, low;
  unsigned longest_run; /* of an EOBn, in blocks; 0: the longest there is */
  /* For each block of the component (`across` a row), 1 or -1: the last symbol runs over the end of the band and sets
   * the coefficient behind it (the last of the block, where there is none) to that, shifted by `low`. libjpeg does so
   * without a warning. Of a scan with one component. NULL: nowhere. */
  const int8_t *overrun;
};

/* DHT, SOS and entropy-coded data. Sequential files have first 0 and last 63. */
void craft_scan(struct craft *craft, const struct craft_scan *scan);

/* All of a sequential file's components in one scan. */
void craft_sequential(struct craft *craft);

/* The scans of `count` components (`components`) in turn. */
void craft_script(struct craft *craft, const struct craft_scan *scans, size_t count);

/* ---- Entropy-coded data (craft_codes.c) -------------------------------------------------------------------------- */

enum craft_table { CRAFT_DC0, CRAFT_DC1, CRAFT_AC0, CRAFT_AC1, CRAFT_RAW /* bits alone */, CRAFT_RST };

struct craft_symbol {
  uint8_t table, symbol;
  uint8_t bits; /* of `extra` that follow the code */
  uint16_t extra;
};

struct craft_symbols {
  struct craft_symbol *items;
  size_t count, capacity;
};

void craft_add(struct craft_symbols *symbols, enum craft_table table, unsigned symbol, unsigned extra, unsigned bits);

/* DHT for the symbols that occur. */
void craft_put_tables(struct craft *craft, const struct craft_symbols *symbols);
/* The data, by the tables that craft_put_tables chose; frees the symbols. */
void craft_put_data(struct craft *craft, struct craft_symbols *symbols);

#endif
