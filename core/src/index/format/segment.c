/* SPDX-License-Identifier: Apache-2.0 */
/* Validates a segment or its outline, and reads single entries from it.
 *
 * The checks run from the outside in: header, layout, digests, then the sections in the order in which one leans on the
 * other (strings; lists and label sets; rows; entries). The layout is fully determined by the element counts, so there
 * is one valid place for everything and nothing can overlap. All of it is linear in the segment's size. An outline
 * leaves out every check that reads a section from end to end, the lists' excepted. */
#include "index/format/segment.h"

#include <stdlib.h>

#include "base/checked.h"
#include "base/error.h"
#include "base/utf8.h"

struct validation {
  const char *source;
  const uint8_t *bytes;
  size_t size;
  unsigned section_count;
  const uint8_t *sections[INDEX_SECTION_COUNT];
  uint64_t counts[INDEX_SECTION_COUNT];
  hashscan_error *error;
};

static hashscan_code damaged(const struct validation *v, const char *reason) {
  return error_set(v->error, HASHSCAN_E_FORMAT, "%s: the segment is damaged: %s", v->source, reason);
}

static bool all_zero(const uint8_t *bytes, size_t size) {
  for (size_t i = 0; i < size; i++)
    if (bytes[i] != 0) return false;
  return true;
}

/* ---- Layout and digests ---------------------------------------------------------------------------------------- */

/* Section `i` must begin at the next aligned offset after `*end`, with zeros in between; moves *end behind it. */
static hashscan_code place_section(struct validation *v, unsigned i, uint64_t *end) {
  const uint8_t *row = v->bytes + INDEX_HEADER_BYTES + i * INDEX_TABLE_ROW_BYTES;
  const uint64_t offset = load_u64(row + 8);
  const uint64_t count = load_u64(row + 16);
  uint64_t bytes;
  uint64_t next;
  if (load_u32(row) != index_section_id(i) || load_u32(row + 4) != index_section_stride(i))
    return damaged(v, "an unknown section");
  if (offset != index_align(*end) || !checked_mul_u64(count, index_section_stride(i), &bytes) ||
      !checked_add_u64(offset, bytes, &next) || next > v->size)
    return damaged(v, "a section is out of place");
  if (!all_zero(v->bytes + *end, (size_t)(offset - *end))) return damaged(v, "bytes between sections are not zero");
  v->sections[i] = v->bytes + offset;
  v->counts[i] = count;
  *end = next;
  return HASHSCAN_SUCCESS;
}

static size_t header_bytes(const struct validation *v) {
  return INDEX_HEADER_BYTES + v->section_count * (size_t)INDEX_TABLE_ROW_BYTES;
}

static hashscan_code place_sections(struct validation *v) {
  if (load_u32(v->bytes + INDEX_HEADER_COUNT) != v->section_count) return damaged(v, "a section is missing");
  uint64_t end = header_bytes(v);
  for (unsigned i = 0; i < v->section_count; i++) {
    const hashscan_code code = place_section(v, i, &end);
    if (code != HASHSCAN_SUCCESS) return code;
  }
  return end == v->size ? HASHSCAN_SUCCESS : damaged(v, "bytes after the last section");
}

static bool kind_counts_agree(const struct validation *v, hashscan_kind kind) {
  const uint64_t *counts = v->counts + (unsigned)kind * INDEX_KIND_SECTIONS;
  const uint64_t rows = counts[INDEX_ROWS];
  return rows <= INDEX_MAX_ENTRIES && counts[INDEX_STARTS] == rows + 1 &&
         counts[INDEX_PREFIX] == ((uint64_t)1 << index_prefix_bits(kind, rows)) + 1 &&
         counts[INDEX_PIGEONRING] == index_pigeonring_bytes(kind, rows);
}

static hashscan_code check_counts(const struct validation *v) {
  bool agree = v->counts[INDEX_ENTRIES] <= INDEX_MAX_ENTRIES &&
               v->counts[INDEX_ENTRIES] == load_u64(v->bytes + INDEX_HEADER_ENTRIES) &&
               v->counts[INDEX_LISTS] <= v->counts[INDEX_ENTRIES] && v->counts[INDEX_LISTS] <= INDEX_MAX_LISTS &&
               v->counts[INDEX_LABEL_SETS] >= 1 && v->counts[INDEX_LABEL_SETS] <= UINT32_MAX &&
               v->counts[INDEX_STRINGS] >= 1 &&
               (v->counts[INDEX_NUMBERS] == 0 || v->counts[INDEX_NUMBERS] == v->counts[INDEX_ENTRIES]);
  for (unsigned kind = 0; kind < HASHSCAN_KIND_COUNT; kind++)
    agree = agree && kind_counts_agree(v, (hashscan_kind)kind);
  return agree ? HASHSCAN_SUCCESS : damaged(v, "its counts disagree");
}

/* Compares the digest of a section whose place is known with the one in the table. */
static hashscan_code check_digest(const struct validation *v, unsigned i) {
  const uint8_t *row = v->bytes + INDEX_HEADER_BYTES + i * INDEX_TABLE_ROW_BYTES;
  uint8_t digest[INDEX_DIGEST_BYTES];
  index_digest(v->sections[i], (size_t)(v->counts[i] * index_section_stride(i)), digest);
  return memcmp(digest, row + 24, INDEX_DIGEST_BYTES) == 0 ? HASHSCAN_SUCCESS
                                                           : damaged(v, "a section fails its checksum");
}

static hashscan_code check_digests(const struct validation *v) {
  hashscan_code code = HASHSCAN_SUCCESS;
  for (unsigned i = 0; i < v->section_count && code == HASHSCAN_SUCCESS; i++) code = check_digest(v, i);
  return code;
}

static void fill_view(const struct validation *v, struct segment *segment) {
  for (unsigned k = 0; k < HASHSCAN_KIND_COUNT; k++) {
    const unsigned first = k * INDEX_KIND_SECTIONS;
    struct segment_kind *kind = &segment->kinds[k];
    kind->rows = v->sections[first + INDEX_ROWS];
    kind->starts = v->sections[first + INDEX_STARTS];
    kind->prefix = v->sections[first + INDEX_PREFIX];
    kind->ring = v->counts[first + INDEX_PIGEONRING] == 0 ? NULL : v->sections[first + INDEX_PIGEONRING];
    kind->row_count = (uint32_t)v->counts[first + INDEX_ROWS];
    kind->prefix_bits = index_prefix_bits((hashscan_kind)k, kind->row_count);
  }
  segment->entries = v->sections[INDEX_ENTRIES];
  segment->lists = v->sections[INDEX_LISTS];
  segment->label_sets = v->sections[INDEX_LABEL_SETS];
  segment->strings = (const char *)v->sections[INDEX_STRINGS];
  segment->numbers = v->counts[INDEX_NUMBERS] == 0 ? NULL : v->sections[INDEX_NUMBERS];
  segment->entry_count = (uint32_t)v->counts[INDEX_ENTRIES];
  segment->list_count = (uint32_t)v->counts[INDEX_LISTS];
  segment->label_set_count = (uint32_t)v->counts[INDEX_LABEL_SETS];
  segment->strings_size = (size_t)v->counts[INDEX_STRINGS];
  segment->digest = v->bytes + INDEX_HEADER_DIGEST;
}

/* Checks the header, the table and the bytes between the sections, and finds the sections. */
static hashscan_code lay_out(struct validation *v, struct segment *segment) {
  *segment = (struct segment){0};
  /* Only a version that turns out to be read makes a difference. */
  v->section_count = v->size < INDEX_HEADER_BYTES ? INDEX_SECTION_COUNT
                                                  : index_section_count(load_u32(v->bytes + INDEX_HEADER_VERSION));
  hashscan_code code = index_header_validate(v->source, "the segment", INDEX_SEGMENT_MAGIC, v->bytes, v->size,
                                             header_bytes(v), v->error);
  if (code == HASHSCAN_SUCCESS) code = place_sections(v);
  if (code == HASHSCAN_SUCCESS) code = check_counts(v);
  if (code == HASHSCAN_SUCCESS) fill_view(v, segment);
  return code;
}

/* ---- Strings, label sets, lists -------------------------------------------------------------------------------- */

/* Whether a string begins at `offset`; it ends inside, because the last byte of the strings is a terminator. */
static bool is_string(const struct segment *segment, uint64_t offset) {
  return offset < segment->strings_size && (offset == 0 || segment->strings[offset - 1] == '\0');
}

static hashscan_code check_terminated(const struct validation *v, const struct segment *segment) {
  const bool terminated = segment->strings[0] == '\0' && segment->strings[segment->strings_size - 1] == '\0';
  return terminated ? HASHSCAN_SUCCESS : damaged(v, "a string is not terminated");
}

static hashscan_code check_utf8(const struct validation *v, const char *strings, size_t size) {
  return utf8_valid(strings, size) ? HASHSCAN_SUCCESS : damaged(v, "a string is not UTF-8");
}

/* Sets lie one behind the other, which bounds the walk over them by the size of the strings. */
static hashscan_code check_label_sets(const struct validation *v, const struct segment *segment) {
  size_t end = 0;
  for (uint32_t i = 0; i < segment->label_set_count; i++) {
    const uint8_t *set = segment->label_sets + (size_t)i * INDEX_LABEL_SET_BYTES;
    const uint64_t first = load_u64(set + INDEX_LABEL_SET_FIRST);
    const uint32_t count = load_u32(set + INDEX_LABEL_SET_COUNT);
    if (i == 0 ? first != 0 || count != 0 : first < end || count == 0) return damaged(v, "label sets are out of order");
    if (!is_string(segment, first)) return damaged(v, "a label set points outside the strings");
    if (i > 0) end = (size_t)first;
    for (uint32_t label = 0; label < count; label++) {
      if (end == segment->strings_size) return damaged(v, "a label set runs past the strings");
      end += strlen(segment->strings + end) + 1;
    }
  }
  return HASHSCAN_SUCCESS;
}

static hashscan_code check_list_string(const struct validation *v, const struct segment *segment, uint64_t offset) {
  if (!is_string(segment, offset)) return damaged(v, "a list points outside the strings");
  const char *const string = segment->strings + offset;
  const size_t size = strnlen(string, HASHSCAN_MAX_LIST_NAME + 1);
  return size <= HASHSCAN_MAX_LIST_NAME ? check_utf8(v, string, size) : damaged(v, "a list's name is too long");
}

/* The strings of the lists are looked at by themselves, so that an outline needs no others. */
static hashscan_code check_lists(const struct validation *v, const struct segment *segment) {
  uint64_t entries = 0;
  for (uint32_t i = 0; i < segment->list_count; i++) {
    const uint8_t *list = segment->lists + (size_t)i * INDEX_LIST_BYTES;
    hashscan_code code = check_list_string(v, segment, load_u64(list + INDEX_LIST_NAME));
    if (code == HASHSCAN_SUCCESS) code = check_list_string(v, segment, load_u64(list + INDEX_LIST_VERSION));
    if (code != HASHSCAN_SUCCESS) return code;
    const uint64_t count = load_u64(list + INDEX_LIST_ENTRIES);
    if (count == 0 || count > segment->entry_count - entries) return damaged(v, "a list has another number of entries");
    entries += count;
  }
  return entries == segment->entry_count ? HASHSCAN_SUCCESS : damaged(v, "a list has another number of entries");
}

/* ---- Rows and entries ------------------------------------------------------------------------------------------ */

static hashscan_code check_rows(const struct validation *v, const struct segment_kind *kind, size_t row_bytes) {
  for (size_t row = 1; row < kind->row_count; row++) {
    const uint8_t *at = kind->rows + row * row_bytes;
    if (memcmp(at - row_bytes, at, row_bytes) >= 0) return damaged(v, "hashes are out of order");
  }
  return HASHSCAN_SUCCESS;
}

static uint32_t prefix_start(const struct segment_kind *kind, uint32_t prefix) {
  return load_u32(kind->prefix + (size_t)prefix * sizeof(uint32_t));
}

/* Bucket by bucket: rows are in order, so every row is in its bucket when those at the bounds are. */
static hashscan_code check_prefix(const struct validation *v, const struct segment_kind *kind, size_t row_bytes) {
  const uint32_t buckets = (uint32_t)1 << kind->prefix_bits;
  if (prefix_start(kind, 0) != 0 || prefix_start(kind, buckets) != kind->row_count)
    return damaged(v, "a directory does not cover its rows");
  for (uint32_t bucket = 0; bucket < buckets; bucket++) {
    const uint32_t first = prefix_start(kind, bucket);
    const uint32_t end = prefix_start(kind, bucket + 1);
    if (first > end || end > kind->row_count) return damaged(v, "a directory is out of order");
    if (first == end) continue;
    if (index_prefix(kind->rows + first * row_bytes, kind->prefix_bits) != bucket ||
        index_prefix(kind->rows + (end - 1) * row_bytes, kind->prefix_bits) != bucket)
      return damaged(v, "a directory names the wrong rows");
  }
  return HASHSCAN_SUCCESS;
}

static hashscan_code check_entry(const struct validation *v, const struct segment *segment, uint32_t entry,
                                 uint64_t *list_entries) {
  const uint8_t *record = segment->entries + (size_t)entry * INDEX_ENTRY_BYTES;
  const uint32_t list = load_u16(record + INDEX_ENTRY_LIST);
  if (!is_string(segment, load_u64(record + INDEX_ENTRY_ID))) return damaged(v, "an id points outside the strings");
  if (list >= segment->list_count) return damaged(v, "an entry names a list that does not exist");
  if (load_u32(record + INDEX_ENTRY_LABELS) >= segment->label_set_count)
    return damaged(v, "an entry names a label set that does not exist");
  list_entries[list]++;
  return HASHSCAN_SUCCESS;
}

/* The entries of a kind follow those of the kind before, and every row has at least one. */
static hashscan_code bound_kinds(const struct validation *v, struct segment *segment) {
  uint32_t next = 0;
  for (unsigned k = 0; k < HASHSCAN_KIND_COUNT; k++) {
    struct segment_kind *kind = &segment->kinds[k];
    const uint32_t end = segment_row_start(kind, kind->row_count);
    if (segment_row_start(kind, 0) != next) return damaged(v, "entries are not accounted for");
    if (end < next || end - next < kind->row_count || end > segment->entry_count)
      return damaged(v, "a row has no entries or too many");
    kind->first_entry = next;
    kind->entry_count = end - next;
    next = end;
  }
  return next == segment->entry_count ? HASHSCAN_SUCCESS : damaged(v, "entries are not accounted for");
}

static hashscan_code check_kind_entries(const struct validation *v, const struct segment *segment,
                                        const struct segment_kind *kind, uint64_t *list_entries) {
  uint32_t next = kind->first_entry;
  for (uint32_t row = 0; row < kind->row_count; row++) {
    const uint32_t end = segment_row_start(kind, (size_t)row + 1);
    if (end <= next || end > segment->entry_count) return damaged(v, "a row has no entries or too many");
    for (; next < end; next++) {
      const hashscan_code code = check_entry(v, segment, next, list_entries);
      if (code != HASHSCAN_SUCCESS) return code;
    }
  }
  return HASHSCAN_SUCCESS;
}

static hashscan_code check_entries(const struct validation *v, const struct segment *segment) {
  uint64_t *list_entries = calloc((size_t)segment->list_count + 1, sizeof *list_entries);
  if (list_entries == NULL) return error_memory(v->error);
  hashscan_code code = HASHSCAN_SUCCESS;
  for (unsigned k = 0; k < HASHSCAN_KIND_COUNT && code == HASHSCAN_SUCCESS; k++)
    code = check_kind_entries(v, segment, &segment->kinds[k], list_entries);
  for (uint32_t list = 0; list < segment->list_count && code == HASHSCAN_SUCCESS; list++)
    if (load_u64(segment->lists + (size_t)list * INDEX_LIST_BYTES + INDEX_LIST_ENTRIES) != list_entries[list])
      code = damaged(v, "a list has another number of entries");
  free(list_entries);
  return code;
}

/* Every number in a pigeonring leads to a row. That the rows are in the right buckets is what the digest vouches for.
 */
static hashscan_code check_ring(const struct validation *v, const struct segment_kind *kind, hashscan_kind k) {
  if (kind->ring == NULL) return HASHSCAN_SUCCESS;
  struct segment_pigeonring ring;
  segment_pigeonring(kind, k, &ring);
  if (!pigeonring_layout_valid(&ring.layout)) return damaged(v, "a pigeonring does not assign each bit once");
  for (unsigned t = 0; t < ring.layout.words; t++) {
    const struct pigeonring_table *table = &ring.tables[t];
    uint32_t falling = table->directory[0];
    for (size_t key = 0; key < INDEX_PIGEONRING_KEYS; key++)
      falling |= table->directory[key] > table->directory[key + 1];
    if (falling != 0 || table->directory[INDEX_PIGEONRING_KEYS] != kind->row_count)
      return damaged(v, "a pigeonring's directory is out of order");
    uint32_t largest = 0;
    for (size_t i = 0; i < kind->row_count; i++) largest = table->row[i] > largest ? table->row[i] : largest;
    if (largest >= kind->row_count) return damaged(v, "a pigeonring names a row that does not exist");
  }
  return HASHSCAN_SUCCESS;
}

static hashscan_code check_hashes(const struct validation *v, const struct segment *segment) {
  hashscan_code code = HASHSCAN_SUCCESS;
  for (unsigned k = 0; k < HASHSCAN_KIND_COUNT && code == HASHSCAN_SUCCESS; k++) {
    const size_t row_bytes = hashscan_kind_bytes((hashscan_kind)k);
    code = check_rows(v, &segment->kinds[k], row_bytes);
    if (code == HASHSCAN_SUCCESS) code = check_prefix(v, &segment->kinds[k], row_bytes);
    if (code == HASHSCAN_SUCCESS) code = check_ring(v, &segment->kinds[k], (hashscan_kind)k);
  }
  return code;
}

hashscan_code index_segment_outline(const char *source, const uint8_t *bytes, size_t size, struct segment *segment,
                                    hashscan_error *error) {
  struct validation v = {.source = source, .bytes = bytes, .size = size, .error = error};
  hashscan_code code = lay_out(&v, segment);
  if (code == HASHSCAN_SUCCESS) code = check_digest(&v, INDEX_LISTS);
  if (code == HASHSCAN_SUCCESS) code = check_terminated(&v, segment);
  if (code == HASHSCAN_SUCCESS) code = check_lists(&v, segment);
  return code == HASHSCAN_SUCCESS ? bound_kinds(&v, segment) : code;
}

hashscan_code index_segment_validate(const char *source, const uint8_t *bytes, size_t size, struct segment *segment,
                                     hashscan_error *error) {
  struct validation v = {.source = source, .bytes = bytes, .size = size, .error = error};
  hashscan_code code = lay_out(&v, segment);
  if (code == HASHSCAN_SUCCESS) code = check_digests(&v);
  if (code == HASHSCAN_SUCCESS) code = check_terminated(&v, segment);
  if (code == HASHSCAN_SUCCESS) code = check_utf8(&v, segment->strings, segment->strings_size);
  if (code == HASHSCAN_SUCCESS) code = check_label_sets(&v, segment);
  if (code == HASHSCAN_SUCCESS) code = check_lists(&v, segment);
  if (code == HASHSCAN_SUCCESS) code = check_hashes(&v, segment);
  if (code == HASHSCAN_SUCCESS) code = bound_kinds(&v, segment);
  return code == HASHSCAN_SUCCESS ? check_entries(&v, segment) : code;
}

void segment_pigeonring(const struct segment_kind *kind, hashscan_kind k, struct segment_pigeonring *ring) {
  ring->layout.words = (unsigned)(hashscan_kind_bytes(k) * 8 / PIGEONRING_WORD_BITS);
  memcpy(ring->layout.word_of_bit, kind->ring, (size_t)ring->layout.words * PIGEONRING_WORD_BITS);
  const uint8_t *at = kind->ring + index_pigeonring_layout_bytes(k);
  for (unsigned t = 0; t < ring->layout.words; t++) {
    ring->tables[t].directory = (const uint32_t *)(const void *)at;
    at += index_pigeonring_directory_bytes();
    ring->tables[t].next = (const uint16_t *)(const void *)at;
    at += index_align(kind->row_count * sizeof(uint16_t));
    ring->tables[t].row = (const uint32_t *)(const void *)at;
    at += index_align(kind->row_count * sizeof(uint32_t));
  }
}

/* ---- Reading --------------------------------------------------------------------------------------------------- */

bool segment_lookup(const struct segment *segment, hashscan_kind kind, const uint8_t *hash, uint32_t *first,
                    uint32_t *end) {
  const struct segment_kind *rows = &segment->kinds[kind];
  const size_t row_bytes = hashscan_kind_bytes(kind);
  const uint32_t bucket = index_prefix(hash, rows->prefix_bits);
  uint32_t low = prefix_start(rows, bucket);
  uint32_t high = prefix_start(rows, bucket + 1);
  while (low < high) {
    const uint32_t middle = low + (high - low) / 2;
    const int order = memcmp(rows->rows + middle * row_bytes, hash, row_bytes);
    if (order == 0) {
      *first = segment_row_start(rows, middle);
      *end = segment_row_start(rows, (size_t)middle + 1);
      return true;
    }
    if (order < 0) low = middle + 1;
    else high = middle;
  }
  return false;
}

static hashscan_kind kind_of_entry(const struct segment *segment, uint32_t entry) {
  unsigned kind = 0;
  while (entry - segment->kinds[kind].first_entry >= segment->kinds[kind].entry_count) kind++;
  return (hashscan_kind)kind;
}

uint32_t segment_row_between(const struct segment_kind *kind, uint32_t low, uint32_t high, uint32_t entry) {
  while (high - low > 1) {
    const uint32_t middle = low + (high - low) / 2;
    if (segment_row_start(kind, middle) <= entry) low = middle;
    else high = middle;
  }
  return low;
}

void segment_entry(const struct segment *segment, uint32_t entry, struct list_entry *out) {
  const uint8_t *record = segment->entries + (size_t)entry * INDEX_ENTRY_BYTES;
  const uint8_t *list = segment->lists + (size_t)load_u16(record + INDEX_ENTRY_LIST) * INDEX_LIST_BYTES;
  const uint8_t *labels = segment->label_sets + (size_t)segment_entry_labels(segment, entry) * INDEX_LABEL_SET_BYTES;
  out->kind = kind_of_entry(segment, entry);
  const struct segment_kind *kind = &segment->kinds[out->kind];
  out->hash = kind->rows + segment_row_between(kind, 0, kind->row_count, entry) * hashscan_kind_bytes(out->kind);
  out->list = segment->strings + load_u64(list + INDEX_LIST_NAME);
  out->version = segment->strings + load_u64(list + INDEX_LIST_VERSION);
  out->id = segment->strings + load_u64(record + INDEX_ENTRY_ID);
  out->labels = segment->strings + load_u64(labels + INDEX_LABEL_SET_FIRST);
  out->label_count = load_u32(labels + INDEX_LABEL_SET_COUNT);
  out->number = segment_number(segment, entry);
}
