/* SPDX-License-Identifier: Apache-2.0 */
/* Symbols to bits (T.81 annexes C and F.1.2). Code lengths follow the statistics of the scan, as Shannon has them:
 * the logarithm of how rare a symbol is, rounded up. Rare symbols are counted as often as fits 16 bits. */
#include "craft.h"

#include <stdlib.h>
#include <string.h>

enum { SYMBOLS = 256, LENGTHS = 16, CODED_TABLES = CRAFT_RAW, RARITY = 1 << 14 };

struct codes {
  uint8_t lengths[SYMBOLS]; /* 0: no code */
  uint16_t codes[SYMBOLS];
  uint8_t counts[LENGTHS + 1];
  uint8_t order[SYMBOLS]; /* symbols by length */
  size_t size;
};

/* Of the scan under way: craft_put_tables makes them, craft_put_data uses them. */
static _Thread_local struct codes tables[CODED_TABLES];

void craft_add(struct craft_symbols *symbols, enum craft_table table, unsigned symbol, unsigned extra, unsigned bits) {
  if (symbols->count == symbols->capacity) {
    symbols->capacity = 2 * symbols->capacity + 4096;
    symbols->items = realloc(symbols->items, symbols->capacity * sizeof *symbols->items);
    if (symbols->items == NULL) abort();
  }
  symbols->items[symbols->count++] =
      (struct craft_symbol){(uint8_t)table, (uint8_t)symbol, (uint8_t)bits, (uint16_t)extra};
}

/* ---- Codes ------------------------------------------------------------------------------------------------------- */

/* Codes in the order of their lengths; what is in `lengths` becomes the rest. */
static void number_codes(struct codes *table) {
  unsigned code = 0;
  table->size = 0;
  memset(table->counts, 0, sizeof table->counts);
  for (unsigned length = 1; length <= LENGTHS; length++, code <<= 1)
    for (unsigned s = 0; s < SYMBOLS; s++) {
      if (table->lengths[s] != length) continue;
      table->codes[s] = (uint16_t)code++;
      table->order[table->size++] = (uint8_t)s;
      table->counts[length]++;
    }
}

static void make_codes(struct codes *table, const size_t frequencies[SYMBOLS]) {
  size_t all = 1, least;
  for (unsigned s = 0; s < SYMBOLS; s++) all += frequencies[s];
  least = all / RARITY + 1;
  all = 1; /* the code of ones alone, which T.81 keeps free */
  for (unsigned s = 0; s < SYMBOLS; s++)
    if (frequencies[s] > 0) all += frequencies[s] < least ? least : frequencies[s];
  for (unsigned s = 0; s < SYMBOLS; s++) {
    const size_t frequency = frequencies[s] < least ? least : frequencies[s];
    table->lengths[s] = 0;
    if (frequencies[s] == 0) continue;
    unsigned length = 1;
    while (frequency << length < all) length++;
    table->lengths[s] = (uint8_t)length;
  }
  number_codes(table);
}

/* The standard's tables (T.81 annex K.3), which libjpeg knows. */
static void standard_lengths(struct codes *table, unsigned index) {
  struct jpeg_compress_struct encoder;
  struct jpeg_error_mgr errors;
  craft_default_encoder(&encoder, &errors);
  const JHUFF_TBL *from =
      index >= CRAFT_AC0 ? encoder.ac_huff_tbl_ptrs[index - CRAFT_AC0] : encoder.dc_huff_tbl_ptrs[index];
  memset(table, 0, sizeof *table);
  unsigned code = 0;
  for (unsigned length = 1; length <= LENGTHS; length++, code <<= 1)
    for (unsigned i = 0; i < from->bits[length]; i++) {
      const uint8_t symbol = from->huffval[table->size];
      table->lengths[symbol] = (uint8_t)length;
      table->codes[symbol] = (uint16_t)code++;
      table->order[table->size++] = symbol;
      table->counts[length]++;
    }
  jpeg_destroy_compress(&encoder);
}

static bool has_all(const struct codes *table, const size_t frequencies[SYMBOLS]) {
  for (unsigned s = 0; s < SYMBOLS; s++)
    if (frequencies[s] > 0 && table->lengths[s] == 0) return false;
  return true;
}

static void choose_codes(const struct craft *craft, unsigned index, const size_t frequencies[SYMBOLS]) {
  if (craft->standard_codes) {
    standard_lengths(&tables[index], index);
    if (has_all(&tables[index], frequencies)) return;
  }
  make_codes(&tables[index], frequencies);
}

void craft_put_tables(struct craft *craft, const struct craft_symbols *symbols) {
  static _Thread_local size_t frequencies[CODED_TABLES][SYMBOLS];
  bool used[CODED_TABLES] = {false};
  memset(frequencies, 0, sizeof frequencies);
  for (size_t i = 0; i < symbols->count; i++) {
    const struct craft_symbol *symbol = &symbols->items[i];
    if (symbol->table >= CODED_TABLES) continue;
    used[symbol->table] = true;
    frequencies[symbol->table][symbol->symbol]++;
  }
  for (unsigned t = 0; t < CODED_TABLES; t++) {
    if (!used[t]) continue;
    choose_codes(craft, t, frequencies[t]);
    uint8_t payload[1 + LENGTHS + SYMBOLS] = {(uint8_t)(t >= CRAFT_AC0 ? 0x10 | (t - CRAFT_AC0) : t)};
    memcpy(payload + 1, tables[t].counts + 1, LENGTHS);
    memcpy(payload + 1 + LENGTHS, tables[t].order, tables[t].size);
    craft_segment(craft, 0xc4, payload, 1 + LENGTHS + tables[t].size);
  }
}

/* ---- Bits -------------------------------------------------------------------------------------------------------- */

struct bits {
  struct craft *craft;
  uint64_t buffer;
  unsigned count;
};

static void put_bits(struct bits *bits, unsigned value, unsigned count) {
  bits->buffer = bits->buffer << count | (value & ((1u << count) - 1));
  bits->count += count;
  for (; bits->count >= 8; bits->count -= 8) {
    const uint8_t byte = (uint8_t)(bits->buffer >> (bits->count - 8));
    craft_put(bits->craft, (uint8_t[]){byte, 0}, byte == 0xff ? 2 : 1);
  }
}

static void pad(struct bits *bits) {
  if (bits->count > 0) put_bits(bits, 0xff, 8 - bits->count);
}

void craft_put_data(struct craft *craft, struct craft_symbols *symbols) {
  struct bits bits = {.craft = craft};
  unsigned restarts = 0;
  for (size_t i = 0; i < symbols->count; i++) {
    const struct craft_symbol *symbol = &symbols->items[i];
    if (symbol->table == CRAFT_RST) {
      pad(&bits);
      craft_marker(craft, (uint8_t)(0xd0 | (restarts++ & 7)));
      continue;
    }
    if (symbol->table < CODED_TABLES) {
      const struct codes *table = &tables[symbol->table];
      put_bits(&bits, table->codes[symbol->symbol], table->lengths[symbol->symbol]);
    }
    put_bits(&bits, symbol->extra, symbol->bits);
  }
  pad(&bits);
  free(symbols->items);
  *symbols = (struct craft_symbols){0};
}
