/* SPDX-License-Identifier: Apache-2.0 */
/* Making Huffman tables (T.81 annex C), cheaply: a small picture is decoded in less time than a careless table takes
 * to build. */
#include "image/jpeg_huffman.h"

#include <string.h>

enum { EOB = 0x00, ZRL = 0xf0 };

/* An 8-bit picture's coefficients are within 1024 of zero. */
enum { MAX_COEFFICIENT = 2048 };

static bool dc_categories(const struct jpeg_dht *dht, unsigned count) {
  for (unsigned i = 0; i < count; i++)
    if (dht->symbols[i] > 15) return false;
  return true;
}

bool jpeg_huffman_codes(struct jpeg_codes *codes, const struct jpeg_dht *dht, enum jpeg_symbols kind,
                        unsigned max_category) {
  if (dht->counts == NULL) return false;
  codes->kind = kind;
  codes->max_category = max_category;
  codes->dht = dht;
  uint32_t code = 0;
  unsigned symbol = 0;
  for (unsigned bits = 1; bits <= 16; bits++) {
    const unsigned count = dht->counts[bits - 1];
    code <<= 1;
    codes->offset[bits] = (int32_t)symbol - (int32_t)code;
    code += count;
    symbol += count;
    if (count > 0 && code >= 1u << bits) return false;
    codes->end[bits] = code << (16 - bits);
  }
  return kind != JPEG_SYMBOLS_DC || dc_categories(dht, symbol);
}

static uint32_t entry_of(const struct jpeg_codes *codes, unsigned symbol, unsigned bits) {
  const unsigned run = codes->kind == JPEG_SYMBOLS_DC ? 0 : symbol >> 4;
  unsigned category = symbol & 15;
  unsigned advance = run + 1;
  if (category > codes->max_category) return JPEG_ENTRY_UNKNOWN;
  if (category == 0 && codes->kind != JPEG_SYMBOLS_DC && symbol != ZRL) {
    if (symbol != EOB && codes->kind != JPEG_SYMBOLS_PROGRESSIVE) return JPEG_ENTRY_UNKNOWN;
    category = run;
    advance = JPEG_ADVANCE_EOB;
  }
  /* analyze: `category` is below 16, and shifted as an unsigned number. */
  return category << 24 | bits << 16 | advance << 6 | (bits + category);
}

uint32_t jpeg_huffman_one(const struct jpeg_codes *codes, uint64_t buffer) {
  const uint32_t top = (uint32_t)(buffer >> 48);
  for (unsigned bits = 1; bits <= 16; bits++) {
    if (top >= codes->end[bits]) continue;
    const int32_t index = (int32_t)(top >> (16 - bits)) + codes->offset[bits];
    return entry_of(codes, codes->dht->symbols[index], bits);
  }
  return JPEG_ENTRY_UNKNOWN;
}

/* Calls are for symbols in order of their codes, so `at` walks through the table. */
void jpeg_huffman_values(struct jpeg_values *values) {
  const uint8_t *symbol = values->codes.dht->symbols;
  size_t at = 0;
  for (unsigned bits = 1; bits <= JPEG_VALUE_BITS; bits++) {
    for (unsigned left = values->codes.dht->counts[bits - 1]; left > 0; left--) {
      const uint32_t entry = entry_of(&values->codes, *symbol++, bits);
      const size_t end = at + ((size_t)1 << (JPEG_VALUE_BITS - bits));
      while (at < end) values->entries[at++] = entry;
    }
  }
  while (at < (size_t)1 << JPEG_VALUE_BITS) values->entries[at++] = JPEG_ENTRY_UNKNOWN;
}

/* `count` entries of a table for windows that begin with one symbol: when it leaves bits of the window over, what they
 * say follows, once for each value of the symbol's extra bits. `rest` are the `rest_count` entries for them. */
static void fill_skips(uint16_t *entries, size_t count, uint16_t entry, const uint16_t *rest, size_t rest_count) {
  for (size_t from = 0; from < count; from += rest_count)
    for (size_t i = 0; i < rest_count; i++) entries[from + i] = (uint16_t)(entry + rest[i]);
}

/* A table for windows of `window` bits, those for shorter ones being made. Zero stands for no whole symbol. */
static void make_skips(struct jpeg_skips *skips, const struct jpeg_codes *codes, unsigned window) {
  static const uint16_t nothing = 0;
  uint16_t *entries = skips->entries + ((size_t)1 << window);
  const uint8_t *symbol = codes->dht->symbols;
  size_t at = 0;
  for (unsigned bits = 1; bits <= window; bits++) {
    const size_t count = (size_t)1 << (window - bits);
    for (unsigned left = codes->dht->counts[bits - 1]; left > 0; left--, at += count) {
      const uint32_t entry = entry_of(codes, *symbol++, bits);
      const unsigned taken = jpeg_entry_bits(entry);
      if (entry == JPEG_ENTRY_UNKNOWN || (jpeg_entry_advance(entry) == JPEG_ADVANCE_EOB && taken != bits))
        memset(entries + at, 0, count * sizeof *entries);
      else if (jpeg_entry_advance(entry) == JPEG_ADVANCE_EOB || taken >= window)
        fill_skips(entries + at, count, (uint16_t)entry, &nothing, 1);
      else
        fill_skips(entries + at, count, (uint16_t)entry, skips->entries + ((size_t)1 << (window - taken)),
                   (size_t)1 << (window - taken));
    }
  }
  memset(entries + at, 0, (((size_t)1 << window) - at) * sizeof *entries);
}

void jpeg_huffman_skips(struct jpeg_skips *skips, const struct jpeg_codes *codes) {
  for (unsigned window = 1; window <= JPEG_SKIP_BITS; window++) make_skips(skips, codes, window);
  uint16_t *entries = skips->entries + ((size_t)1 << JPEG_SKIP_BITS);
  for (size_t i = 0; i < (size_t)1 << JPEG_SKIP_BITS; i++)
    entries[i] = entries[i] == 0 ? (uint16_t)JPEG_ENTRY_UNKNOWN : entries[i];
}

unsigned jpeg_huffman_max_category(unsigned step, unsigned low) {
  unsigned category = 0;
  while (category < JPEG_MAX_CATEGORY && ((uint64_t)step << low) << category <= MAX_COEFFICIENT) category++;
  return category;
}
