/* SPDX-License-Identifier: Apache-2.0 */
/* The chunks of a PNG that change what a viewer shows without changing the stored samples: transparency (tRNS), gamma
 * (gAMA), colours (cHRM, cICP, iCCP), animation (acTL, fcTL, fdAT).
 *
 * Programs disagree on which of these they honour when their place, length, checksum or number is wrong. So this walk
 * is lenient: whatever some program may honour counts, because a view too many costs a hash and a view too few a match.
 * Where programs would show different things, shown->unseen says so. */
#ifndef HASHSCAN_IMAGE_PNG_SHOWN_H
#define HASHSCAN_IMAGE_PNG_SHOWN_H

#include <stddef.h>
#include <stdint.h>

struct png_shown {
  const uint8_t *transparency; /* data of tRNS in the file's bytes, or NULL */
  size_t transparency_bytes;
  uint32_t gamma;     /* 100,000 times the exponent that made the samples; 0: none given */
  const char *unseen; /* as in struct image_info */
  /* Data of an IDAT chunk that runs over the end of the file: where its length field is, and how much there is. 0 when
   * there is no such chunk. */
  size_t cut_idat_offset;
  uint32_t cut_idat_bytes;
};

/* Reads as far as the chunks are whole. Any bytes will do. */
void png_shown_read(const uint8_t *bytes, size_t size, struct png_shown *shown);

#endif
