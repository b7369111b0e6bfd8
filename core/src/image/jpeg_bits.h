/* SPDX-License-Identifier: Apache-2.0 */
/* Entropy-coded data as bits.
 *
 * A jpeg_source copies a segment (what lies between two markers) without its stuffed zeros into a sliding buffer, so
 * that taking bits needs no look at the bytes: a refill is one load. What keeps that inside the buffer is
 * jpeg_source_ready() before each MCU: after it, JPEG_MCU_BYTES may be consumed and refilled from. Behind the end of
 * a segment the buffer holds zeros, and reading into them is found out by the next ready, restart or close.
 *
 * Hot loops work on a copy of source->bits, since a struct whose address goes to a function lives in memory:
 *
 *     struct jpeg_bits bits = source->bits;
 *     for each MCU {
 *       if (bits.next > bits.limit) {
 *         source->bits = bits;
 *         if (!jpeg_source_ready(source)) return JPEG_ODD;
 *         bits = source->bits;
 *       }
 *       ... jpeg_bits_refill(&bits) ... jpeg_bits_skip(&bits, n) ...
 *     }
 *     source->bits = bits; */
#ifndef HASHSCAN_IMAGE_JPEG_BITS_H
#define HASHSCAN_IMAGE_JPEG_BITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "image/unstuff.h"

/* An MCU has at most 10 blocks of 64 codes of 16 bits, each with up to 15 bits more. Rounded up; includes the 8 bytes
 * that a refill loads. */
enum { JPEG_MCU_BYTES = 10 * 64 * 31 / 8 + 24 };
enum { JPEG_SOURCE_CHUNK = 8192 };

struct jpeg_bits {
  uint64_t buffer; /* the next bits, from the top; below the valid ones is undefined */
  unsigned valid;  /* 0 to 63; at least 56 after a refill */
  const uint8_t *next;
  const uint8_t *limit; /* while next is not beyond, a whole MCU can be read */
};

struct jpeg_source {
  struct jpeg_bits bits;
  struct unstuff segment;
  uint8_t *end; /* of the data in `buffer` */
  uint8_t buffer[JPEG_MCU_BYTES + JPEG_SOURCE_CHUNK + JPEG_MCU_BYTES];
};

/* Starts with the segment at `at`. */
void jpeg_source_open(struct jpeg_source *source, const uint8_t *bytes, size_t size, size_t at);

/* Brings in more data. False when more bits were consumed than the segment has. */
bool jpeg_source_ready(struct jpeg_source *source);

/* Ends a segment with the restart marker RST0 + (number & 7) and starts the next. False unless the segment was
 * consumed to its last byte and this very marker follows. */
bool jpeg_source_restart(struct jpeg_source *source, unsigned number);

/* Ends the last segment of a scan: *at is the offset of the marker after it. False unless the segment was consumed to
 * its last byte. */
bool jpeg_source_close(struct jpeg_source *source, size_t *at);

/* At least 56 bits are valid afterwards. */
static inline void jpeg_bits_refill(struct jpeg_bits *bits) {
  uint64_t word;
  memcpy(&word, bits->next, sizeof word);
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
  word = __builtin_bswap64(word);
#endif
  bits->buffer |= word >> bits->valid;
  bits->next += (63 - bits->valid) >> 3;
  bits->valid |= 56;
}

/* `count` is at most the valid bits, and below 64. */
static inline void jpeg_bits_skip(struct jpeg_bits *bits, unsigned count) {
  bits->buffer <<= count;
  bits->valid -= count;
}

/* The next `count` bits, 1 to 32, at most the valid ones. */
static inline uint32_t jpeg_bits_take(struct jpeg_bits *bits, unsigned count) {
  const uint32_t value = (uint32_t)(bits->buffer >> (64 - count));
  jpeg_bits_skip(bits, count);
  return value;
}

#endif
