/* SPDX-License-Identifier: Apache-2.0 */
/* A segment as it lies in memory: the view that searching works on, and the validation that makes it safe; or an
 * outline of it, which costs next to nothing and is enough to say what it holds. */
#ifndef HASHSCAN_INDEX_FORMAT_SEGMENT_H
#define HASHSCAN_INDEX_FORMAT_SEGMENT_H

#include <stdbool.h>

#include "base/byte_order.h"
#include "index/format/format.h"
#include "index/format/pigeonring.h"
#include "list/entry.h"

/* The rows of one kind. Row r holds the entries starts[r] to starts[r + 1] - 1. */
struct segment_kind {
  const uint8_t *rows;
  const uint8_t *starts;
  const uint8_t *prefix;
  const uint8_t *ring; /* NULL without one */
  uint32_t row_count;
  uint32_t first_entry;
  uint32_t entry_count;
  unsigned prefix_bits;
};

/* Pointers into the bytes that were checked. */
struct segment {
  struct segment_kind kinds[HASHSCAN_KIND_COUNT];
  const uint8_t *entries;
  const uint8_t *lists;
  const uint8_t *label_sets;
  const char *strings;
  const uint8_t *numbers; /* NULL: all are 0 */
  uint32_t entry_count;
  uint32_t list_count;
  uint32_t label_set_count;
  size_t strings_size;
  const uint8_t *digest;
};

/* Checks every byte of a segment: digests, layout, order, counts, offsets, strings and references. After SUCCESS no
 * number in it can lead outside of it. `source` names it in messages. Errors: FORMAT, VERSION, MEMORY. */
hashscan_code index_segment_validate(const char *source, const uint8_t *bytes, size_t size, struct segment *segment,
                                     hashscan_error *error);

/* Checks what the size of a segment does not matter to: header, table, the bytes between sections, the lists with their
 * strings, and how many entries each kind has. After SUCCESS these can be counted. Rows, entries and all other strings
 * are as they may be, and nothing may be searched. Errors: FORMAT, VERSION. */
hashscan_code index_segment_outline(const char *source, const uint8_t *bytes, size_t size, struct segment *segment,
                                    hashscan_error *error);

/* A pigeonring section with its arrays, which are read in place as the machine's own integers. */
struct segment_pigeonring {
  struct pigeonring_layout layout;
  struct pigeonring_table tables[PIGEONRING_MAX_WORDS];
};

/* Finds the arrays in kind->ring, which must not be NULL. */
void segment_pigeonring(const struct segment_kind *kind, hashscan_kind k, struct segment_pigeonring *ring);

/* The first entry of a row; for row == row_count the end of the kind's entries. */
static inline uint32_t segment_row_start(const struct segment_kind *kind, size_t row) {
  return load_u32(kind->starts + row * sizeof(uint32_t));
}

/* The last row of [low, high) that begins at or before entry number `entry`, as row `low` must. */
uint32_t segment_row_between(const struct segment_kind *kind, uint32_t low, uint32_t high, uint32_t entry);

/* The entries of the row that equals `hash` ([first, end)). False when there is none. */
bool segment_lookup(const struct segment *segment, hashscan_kind kind, const uint8_t *hash, uint32_t *first,
                    uint32_t *end);

/* Fills `out` for entry number `entry`, which must exist. */
void segment_entry(const struct segment *segment, uint32_t entry, struct list_entry *out);

/* The caller's own number of an entry. */
static inline uint64_t segment_number(const struct segment *segment, uint32_t entry) {
  return segment->numbers == NULL ? 0 : load_u64(segment->numbers + (size_t)entry * sizeof(uint64_t));
}

/* The label set of an entry. */
static inline uint32_t segment_entry_labels(const struct segment *segment, uint32_t entry) {
  return load_u32(segment->entries + (size_t)entry * INDEX_ENTRY_BYTES + INDEX_ENTRY_LABELS);
}

#endif
