/* SPDX-License-Identifier: Apache-2.0 */
/* The markers of a JPEG file, scan by scan: frame, scan headers and the tables in force. Accepts only what the own
 * decoder handles and libjpeg-turbo reads without a warning; all else is odd, and odd is libjpeg-turbo's business.
 *
 * Nothing is allocated and nothing copied: Huffman tables are pointers into the file, which must outlive the walk. */
#ifndef HASHSCAN_IMAGE_JPEG_MARKERS_H
#define HASHSCAN_IMAGE_JPEG_MARKERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { JPEG_MAX_COMPONENTS = 3, JPEG_TABLES = 4 };

struct jpeg_component {
  uint8_t id;
  unsigned h, v; /* sampling factors; in a file of one component 1, whatever it says */
  unsigned quant_index;
  bool quant_latched;    /* by the component's first scan */
  uint16_t quant[64];    /* zigzag order, no zeros */
  uint32_t wide, high;   /* blocks that hold pixels */
  uint32_t across, down; /* the same with what fills the last MCUs */
};

struct jpeg_frame {
  bool progressive;
  uint32_t width, height;
  unsigned count; /* of components: 1 or 3 (YCbCr) */
  struct jpeg_component components[JPEG_MAX_COMPONENTS];
  unsigned max_h, max_v;         /* those of component 0 */
  uint32_t mcus_wide, mcus_high; /* of an interleaved scan */
};

/* The Huffman table in a DHT segment. */
struct jpeg_dht {
  const uint8_t *counts;  /* codes of each length 1 to 16; NULL: no table */
  const uint8_t *symbols; /* as many as the counts add up to, at most 256 */
};

struct jpeg_scan {
  unsigned count; /* of components, in the order of the frame */
  unsigned components[JPEG_MAX_COMPONENTS];
  unsigned dc_table[JPEG_MAX_COMPONENTS]; /* by position in the scan; below JPEG_TABLES, not necessarily present */
  unsigned ac_table[JPEG_MAX_COMPONENTS];
  unsigned first, last; /* coefficients, zigzag; 0 to 63 */
  unsigned high, low;   /* successive approximation; 0 to 15, not checked */
};

struct jpeg_markers {
  const uint8_t *bytes;
  size_t size;
  size_t at;               /* offset of the next byte to read: after a scan header, of its entropy-coded data */
  struct jpeg_frame frame; /* count is 0 before the frame header */
  struct jpeg_scan scan;
  unsigned scans;            /* headers read */
  uint32_t restart_interval; /* MCUs; 0: none */
  uint16_t quant[JPEG_TABLES][64];
  bool quant_present[JPEG_TABLES];
  struct jpeg_dht dc[JPEG_TABLES], ac[JPEG_TABLES];
  bool jfif, adobe;
  uint8_t adobe_transform;
};

enum jpeg_next { JPEG_NEXT_SCAN, JPEG_NEXT_END /* EOI */, JPEG_NEXT_ODD };

/* Starts at the SOI of `bytes`. */
void jpeg_markers_open(struct jpeg_markers *markers, const uint8_t *bytes, size_t size);

/* Reads on from `at`, which must be at the FF of a marker, to the next scan header or EOI. The quantisation tables of
 * the scan's components are latched. */
enum jpeg_next jpeg_markers_next(struct jpeg_markers *markers);

/* Moves `at` over entropy-coded data and restart markers to the next other marker; false when the file ends first. */
bool jpeg_markers_skip(struct jpeg_markers *markers);

#endif
