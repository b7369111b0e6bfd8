/* SPDX-License-Identifier: Apache-2.0 */
/* Encoded bytes in, rows of 8-bit pixels out.
 *
 * image_decode() sniffs the container by content, checks the limits on the header's numbers before anything of that
 * size is allocated, and hands each row to a sink, top to bottom, so that no caller needs the whole picture in memory.
 * One file a format: jpeg.c (libjpeg-turbo), png.c (libpng). Both return a terminal status and never crash, exit,
 * print or leak on hostile bytes. */
#ifndef HASHSCAN_IMAGE_IMAGE_H
#define HASHSCAN_IMAGE_IMAGE_H

#include <stdbool.h>

#include "hashscan.h"

struct image_info {
  hashscan_format format;
  uint32_t width;
  uint32_t height;
  unsigned channels; /* of the rows given out: 1 grey, 3 RGB */
};

/* Where rows go. `begin` is called once, after every limit is checked, then `row` exactly info->height times.
 * Returning false ends the decode with status limit, "out of memory". */
struct image_sink {
  void *user;
  bool (*begin)(void *user, const struct image_info *info);
  bool (*row)(void *user, const uint8_t *pixels);
};

/* Decodes `size` bytes. Returns ok, damaged, unsupported, corrupt, limit or timeout. `info` is filled as far as the
 * header was read (zeroed before); `reason` gets one line unless ok. All rows were given out exactly when the status is
 * ok or damaged. Any thread. */
hashscan_status image_decode(const uint8_t *bytes, size_t size, const hashscan_limits *limits,
                             const struct image_sink *sink, struct image_info *info, char reason[HASHSCAN_REASON_SIZE]);

#endif
