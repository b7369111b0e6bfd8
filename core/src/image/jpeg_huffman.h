/* SPDX-License-Identifier: Apache-2.0 */
/* Huffman tables for decoding and for stepping over.
 *
 * An entry stands for one or more symbols with their extra bits. Its low 6 bits are the bits it takes, the next 10 how
 * far it moves in the block: run + 1, 16 for a ZRL, JPEG_ADVANCE_EOB for an end of block. What cannot be told from the
 * bits of the window is JPEG_ENTRY_UNKNOWN; then jpeg_huffman_one() decides. An entry of one symbol tells in its high
 * half where the extra bits are: the value is taken from the bit buffer, off the path to the next look.
 *
 * With `next` the zigzag index of the next coefficient and 64 the end, the loop over a block is: next += advance;
 * below 64 there is more; jpeg_block_ended(next) is the end; anything else means that the entry took too much or is
 * not known: take back, and ask jpeg_huffman_one(). (A band that ends before 63 begins with a `next` as much higher.)
 */
#ifndef HASHSCAN_IMAGE_JPEG_HUFFMAN_H
#define HASHSCAN_IMAGE_JPEG_HUFFMAN_H

#include <stdbool.h>
#include <stdint.h>

#include "image/jpeg_markers.h"

enum { JPEG_VALUE_BITS = 10, JPEG_SKIP_BITS = 11 };
enum { JPEG_ADVANCE_EOB = 257, JPEG_ADVANCE_UNKNOWN = 512 };
enum { JPEG_ENTRY_UNKNOWN = JPEG_ADVANCE_UNKNOWN << 6 };
enum { JPEG_MAX_CATEGORY = 11 }; /* of what an 8-bit picture can have; a symbol then takes at most 27 bits */

/* What the symbols of a table mean. */
enum jpeg_symbols {
  JPEG_SYMBOLS_DC,         /* size category of a difference; advance is 1 */
  JPEG_SYMBOLS_AC,         /* run and category; 0 is EOB, 0xF0 ZRL, no other of category 0 */
  JPEG_SYMBOLS_PROGRESSIVE /* the same, and 0x10 to 0xE0, EOBn: (1 << category) - 1 + jpeg_entry_extra() *further*
                              blocks end, category being n */
};

/* A canonical code. */
struct jpeg_codes {
  enum jpeg_symbols kind;
  unsigned max_category; /* larger ones are not decoded, but unknown */
  const struct jpeg_dht *dht;
  uint32_t end[17];   /* the first n bits of a code of n bits are below end[n] << (16 - n); of a longer one, not */
  int32_t offset[17]; /* symbol index less code, by length */
};

/* One symbol an entry. */
struct jpeg_values {
  struct jpeg_codes codes;
  uint32_t entries[1 << JPEG_VALUE_BITS];
};

/* As many symbols an entry as the window shows. For each number r of bits there is a table of 2^r entries at [2^r]:
 * those for fewer than JPEG_SKIP_BITS bits serve to build the last. */
struct jpeg_skips {
  uint16_t entries[2 << JPEG_SKIP_BITS];
};

static inline unsigned jpeg_entry_bits(uint32_t entry) {
  return entry & 63;
}

static inline unsigned jpeg_entry_advance(uint32_t entry) {
  return entry >> 6 & 1023;
}

static inline unsigned jpeg_entry_category(uint32_t entry) {
  return entry >> 24;
}

/* The extra bits of a symbol; `buffer` is the bits that the entry was found with. */
static inline uint32_t jpeg_entry_extra(uint32_t entry, uint64_t buffer) {
  return (uint32_t)(buffer << (entry >> 16 & 31) >> 1 >> (63 - jpeg_entry_category(entry)));
}

/* The same as a signed coefficient or difference (T.81 F.2.2.1, EXTEND). */
static inline int jpeg_entry_value(uint32_t entry, uint64_t buffer) {
  const int negative = (int)(~(buffer << (entry >> 16 & 31)) >> 63);
  return (int)jpeg_entry_extra(entry, buffer) + (-negative & (1 - (1 << jpeg_entry_category(entry))));
}

static inline bool jpeg_block_ended(unsigned next) {
  return next == 64 || next - JPEG_ADVANCE_EOB < 64;
}

static inline uint32_t jpeg_skips_look(const struct jpeg_skips *skips, uint64_t buffer) {
  return skips->entries[(1 << JPEG_SKIP_BITS) + (buffer >> (64 - JPEG_SKIP_BITS))];
}

/* False for a table that libjpeg refuses (overfull, a code of all ones, a DC category above 15) or that is missing.
 * `max_category` is 0 to 15. `dht` must stay as it is. */
bool jpeg_huffman_codes(struct jpeg_codes *codes, const struct jpeg_dht *dht, enum jpeg_symbols kind,
                        unsigned max_category);

/* Fills the entries; values->codes must have been made. */
void jpeg_huffman_values(struct jpeg_values *values);

/* The table to step over what `codes` encodes. EOBn of progressive scans is unknown to it. */
void jpeg_huffman_skips(struct jpeg_skips *skips, const struct jpeg_codes *codes);

/* The one symbol that `buffer` begins with, whatever its length. JPEG_ENTRY_UNKNOWN when there is no such code or
 * symbol, which is odd. Needs 31 valid bits. */
uint32_t jpeg_huffman_one(const struct jpeg_codes *codes, uint64_t buffer);

/* The same, from the table where it knows. */
static inline uint32_t jpeg_values_look(const struct jpeg_values *values, uint64_t buffer) {
  const uint32_t entry = values->entries[buffer >> (64 - JPEG_VALUE_BITS)];
  return __builtin_expect(entry == JPEG_ENTRY_UNKNOWN, 0) ? jpeg_huffman_one(&values->codes, buffer) : entry;
}

/* The largest category, up to JPEG_MAX_CATEGORY, that AC coefficients of an 8-bit picture can have when none of their
 * step sizes is below `step` (at least 1) and `low` bits are left out. Generous by a factor of two. */
unsigned jpeg_huffman_max_category(unsigned step, unsigned low);

#endif
