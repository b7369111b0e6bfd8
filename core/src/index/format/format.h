/* SPDX-License-Identifier: Apache-2.0 */
/* The on-disk format, version 3, as core/doc/FORMAT.md describes it byte by byte. Version 2, which has no numbers of
 * entries, is read as well.
 *
 * An index is a folder: MANIFEST, and the segments and the log that it names. All integers are little-endian. They are
 * read through the load functions, which need no alignment, except for the tables of a pigeonring, which are mapped as
 * arrays (segment.c). A digest is an XXH3-128 in
 * canonical (big-endian) form; a header's own digest field counts as zero. The digests make a tree: MANIFEST covers the
 * log and each segment's header, a header covers every section, and what lies between sections must be zero. */
#ifndef HASHSCAN_INDEX_FORMAT_FORMAT_H
#define HASHSCAN_INDEX_FORMAT_FORMAT_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/byte_order.h"
#include "hashscan.h"

#define INDEX_FORMAT_VERSION 3
#define INDEX_OLDEST_FORMAT_VERSION 2

/* As in PNG: a byte above 127 shows a transfer that drops the eighth bit, CR LF and LF one that translates line ends.
 * MANIFEST, segments, logs and blobs differ in the last letter, so that none is taken for another. */
#define INDEX_MAGIC_BYTES 8
#define INDEX_SEGMENT_MAGIC "\x89HSI\r\n\nS"
#define INDEX_MANIFEST_MAGIC "\x89HSI\r\n\nM"
#define INDEX_LOG_MAGIC "\x89HSI\r\n\nL"
#define INDEX_BLOB_MAGIC "\x89HSI\r\n\nB"

#define INDEX_DIGEST_BYTES 16
#define INDEX_ALIGNMENT 64 /* of sections: a cache line */

/* Entry numbers are u32, and a directory needs one value beyond the last. */
#define INDEX_MAX_ENTRIES (UINT32_MAX - 1)
#define INDEX_MAX_LISTS 65536 /* an entry names its list in 16 bits */

/* The headers: magic, version u32, count u32 (sections, segments), file size u64, entries u64, digest, zeros. */
#define INDEX_HEADER_BYTES 64
#define INDEX_HEADER_VERSION 8
#define INDEX_HEADER_COUNT 12
#define INDEX_HEADER_SIZE 16
#define INDEX_HEADER_ENTRIES 24
#define INDEX_HEADER_DIGEST 32
#define INDEX_HEADER_ZEROS 48

/* A row of the segment's section table: id u32, stride u32, offset u64, count u64, digest. */
#define INDEX_TABLE_ROW_BYTES 40

/* MANIFEST: the header, what it says of the log, and a row a segment: digest, size u64, entries u64. */
#define INDEX_MANIFEST_FIXED_BYTES 128
#define INDEX_MANIFEST_ROW_BYTES 32
#define INDEX_MAX_SEGMENTS 64
#define INDEX_MANIFEST_MAX_BYTES (INDEX_MANIFEST_FIXED_BYTES + INDEX_MAX_SEGMENTS * INDEX_MANIFEST_ROW_BYTES)
#define INDEX_MANIFEST_NAME "MANIFEST"
#define INDEX_SEGMENT_TEMPORARY "segment.tmp"

/* "segment-" + 16 hex digits + ".hsi" */
#define INDEX_SEGMENT_NAME_BYTES 29

/* Sections in file order; all are present. Each kind has the four of its own, in the order of hashscan_kind. */
enum index_section {
  INDEX_ROWS = 0,       /* distinct hashes of the kind, ascending */
  INDEX_STARTS = 1,     /* u32[rows + 1]: the first entry of each row, and the end */
  INDEX_PREFIX = 2,     /* u32[2^b + 1]: the first row whose leading b bits are at least the position */
  INDEX_PIGEONRING = 3, /* tables for searching by distance; empty for digests and for few rows */
  INDEX_KIND_SECTIONS = 4,
  INDEX_ENTRIES = HASHSCAN_KIND_COUNT * INDEX_KIND_SECTIONS,
  INDEX_LISTS,
  INDEX_LABEL_SETS,
  INDEX_STRINGS, /* terminated UTF-8, the empty string first */
  INDEX_NUMBERS, /* u64 for each entry, or none when all are 0; not in version 2 */
  INDEX_SECTION_COUNT
};

/* An entry: id u64 (offset in the strings), label set u32, list u16. Entries are numbered by kind, then by hash, then
 * in the order they were added: the entries of a row are neighbours, and no posting list is needed. */
#define INDEX_ENTRY_BYTES 14
#define INDEX_ENTRY_ID 0
#define INDEX_ENTRY_LABELS 8
#define INDEX_ENTRY_LIST 12

/* A list: name u64, version u64 (offsets in the strings), entries u64. */
#define INDEX_LIST_BYTES 24
#define INDEX_LIST_NAME 0
#define INDEX_LIST_VERSION 8
#define INDEX_LIST_ENTRIES 16

/* A label set: first label u64 (offset in the strings), count u32; the labels follow one another. Set 0 is empty. */
#define INDEX_LABEL_SET_BYTES 12
#define INDEX_LABEL_SET_FIRST 0
#define INDEX_LABEL_SET_COUNT 8

/* Written into the table's id column and checked there, so that a dump of the header can be read. */
static inline uint32_t index_section_id(unsigned section) {
  if (section >= INDEX_ENTRIES) return 0x100 + section - INDEX_ENTRIES;
  return 0x10 * (section / INDEX_KIND_SECTIONS) + section % INDEX_KIND_SECTIONS;
}

/* Bytes an element. */
static inline uint32_t index_section_stride(unsigned section) {
  switch (section) {
  case INDEX_ENTRIES:
    return INDEX_ENTRY_BYTES;
  case INDEX_LISTS:
    return INDEX_LIST_BYTES;
  case INDEX_LABEL_SETS:
    return INDEX_LABEL_SET_BYTES;
  case INDEX_STRINGS:
    return 1;
  case INDEX_NUMBERS:
    return sizeof(uint64_t);
  default:
    if (section % INDEX_KIND_SECTIONS == INDEX_PIGEONRING) return 1;
    if (section % INDEX_KIND_SECTIONS != INDEX_ROWS) return sizeof(uint32_t);
    return (uint32_t)hashscan_kind_bytes((hashscan_kind)(section / INDEX_KIND_SECTIONS));
  }
}

/* Leading bits that the prefix directory of a kind with `rows` rows looks at: one or two rows a bucket, at most 64 MiB.
 * What is searched by distance is never looked up, so its directory has a single bucket. */
static inline unsigned index_prefix_bits(hashscan_kind kind, uint64_t rows) {
  unsigned bits = 0;
  if (hashscan_kind_perceptual(kind)) return 0;
  while (bits < 24 && rows >> bits > 1) bits++;
  return bits;
}

static inline uint16_t load_u16(const uint8_t *bytes) {
  return (uint16_t)(bytes[0] | bytes[1] << 8);
}

static inline uint32_t load_u32(const uint8_t *bytes) {
  uint32_t value;
  memcpy(&value, bytes, sizeof value);
  return value;
}

static inline uint64_t load_u64(const uint8_t *bytes) {
  uint64_t value;
  memcpy(&value, bytes, sizeof value);
  return value;
}

static inline void store_u16(uint8_t *bytes, uint16_t value) {
  bytes[0] = (uint8_t)value;
  bytes[1] = (uint8_t)(value >> 8);
}

static inline void store_u32(uint8_t *bytes, uint32_t value) {
  for (unsigned i = 0; i < 4; i++) bytes[i] = (uint8_t)(value >> 8 * i);
}

static inline void store_u64(uint8_t *bytes, uint64_t value) {
  for (unsigned i = 0; i < 8; i++) bytes[i] = (uint8_t)(value >> 8 * i);
}

/* The leading `bits` (0 to 24) bits of a hash. */
static inline uint32_t index_prefix(const uint8_t *hash, unsigned bits) {
  const uint32_t leading = (uint32_t)hash[0] << 16 | (uint32_t)hash[1] << 8 | hash[2];
  return leading >> (24 - bits);
}

static inline uint64_t index_align(uint64_t offset) {
  return (offset + INDEX_ALIGNMENT - 1) & ~(uint64_t)(INDEX_ALIGNMENT - 1);
}

/* A pigeonring section: the word of each bit (u8, INDEX_PIGEONRING_WORD_BITS a word), then for each word a table:
 * directory u32[65537], next u16[rows], row u32[rows], each of the four beginning aligned. */
#define INDEX_PIGEONRING_WORD_BITS 16
#define INDEX_PIGEONRING_KEYS 65536
#define INDEX_PIGEONRING_MINIMUM_ROWS 4096 /* below, comparing with every row is as fast */

static inline uint64_t index_pigeonring_layout_bytes(hashscan_kind kind) {
  return index_align((uint64_t)hashscan_kind_bytes(kind) * 8);
}

static inline uint64_t index_pigeonring_directory_bytes(void) {
  return index_align((INDEX_PIGEONRING_KEYS + 1) * sizeof(uint32_t));
}

static inline uint64_t index_pigeonring_table_bytes(uint64_t rows) {
  return index_pigeonring_directory_bytes() + index_align(rows * sizeof(uint16_t)) +
         index_align(rows * sizeof(uint32_t));
}

/* Size of the pigeonring section of a kind with `rows` (at most INDEX_MAX_ENTRIES) rows. */
static inline uint64_t index_pigeonring_bytes(hashscan_kind kind, uint64_t rows) {
  if (!hashscan_kind_perceptual(kind) || rows < INDEX_PIGEONRING_MINIMUM_ROWS) return 0;
  const uint64_t words = hashscan_kind_bytes(kind) * 8 / INDEX_PIGEONRING_WORD_BITS;
  return index_pigeonring_layout_bytes(kind) + words * index_pigeonring_table_bytes(rows);
}

/* XXH3-128 in canonical form. */
void index_digest(const void *bytes, size_t size, uint8_t digest[INDEX_DIGEST_BYTES]);

/* The digest of a header of `size` bytes, its digest field taken as zero. `size` is at most INDEX_MAX_HEADER_BYTES. */
void index_header_digest(const uint8_t *header, size_t size, uint8_t digest[INDEX_DIGEST_BYTES]);

#define INDEX_SEGMENT_HEADER_BYTES (INDEX_HEADER_BYTES + INDEX_SECTION_COUNT * INDEX_TABLE_ROW_BYTES)

/* Sections of a segment of a version that is read. */
static inline unsigned index_section_count(uint32_t version) {
  return version == 2 ? INDEX_NUMBERS : INDEX_SECTION_COUNT;
}

#define INDEX_MAX_HEADER_BYTES INDEX_MANIFEST_MAX_BYTES
_Static_assert(INDEX_SEGMENT_HEADER_BYTES <= INDEX_MAX_HEADER_BYTES, "a segment's header is a header");

/* The file name of the segment with this digest. */
void index_segment_name(const uint8_t digest[INDEX_DIGEST_BYTES], char name[INDEX_SEGMENT_NAME_BYTES]);

/* Whether `version` is one that is read. `source` and `what` are for the message. Errors: VERSION. */
hashscan_code index_version_check(const char *source, const char *what, uint32_t version, hashscan_error *error);

/* Checks what both kinds of file begin with: magic, version, size, digest over the `header_size` leading bytes, zeros.
 * `source` and `what` are for messages. Errors: FORMAT, VERSION. */
hashscan_code index_header_validate(const char *source, const char *what, const char *magic, const uint8_t *bytes,
                                    size_t size, size_t header_size, hashscan_error *error);

/* Fills the common header; the digest is set by whoever has finished the bytes it covers. */
void index_header_encode(uint8_t *header, const char *magic, uint32_t count, uint64_t size, uint64_t entries);

#endif
