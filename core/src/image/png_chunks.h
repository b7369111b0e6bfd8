/* SPDX-License-Identifier: Apache-2.0 */
/* The chunks of a PNG, walked without decoding anything: header, palette, and where the compressed pixels lie. Only
 * files that libpng would walk without a complaint get through, and only as much of the format as png_fast.c decodes.
 */
#ifndef HASHSCAN_IMAGE_PNG_CHUNKS_H
#define HASHSCAN_IMAGE_PNG_CHUNKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct png_chunks {
  uint32_t width;
  uint32_t height;
  unsigned depth;      /* bits a sample */
  unsigned color_type; /* PNG_COLOR_TYPE_... */
  uint8_t palette[256][3];
  bool has_palette;
  size_t idat_offset; /* of the first IDAT's length field; the others follow it directly */
  size_t idat_count;
  size_t idat_bytes; /* of data in all of them */
};

/* False unless the chunks from the signature to IEND are whole, in order, with right checksums, none longer than
 * `max_chunk_bytes`, nothing critical unknown, and IHDR is valid, without interlacing. Bytes after IEND do not count.
 */
bool png_chunks_read(const uint8_t *bytes, size_t size, uint64_t max_chunk_bytes, struct png_chunks *chunks);

/* The data of all IDAT chunks, one after the other: in `bytes` itself when there is one, otherwise copied to `joined`,
 * which has room for idat_bytes. */
const uint8_t *png_chunks_join(const struct png_chunks *chunks, const uint8_t *bytes, uint8_t *joined);

#endif
