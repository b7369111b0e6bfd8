/* SPDX-License-Identifier: Apache-2.0 */
/* Writes sorted entries as a segment, section by section.
 *
 * The header comes first in the file and is known last: room is left for it, and it is patched in when every section
 * has its place and digest. */
#include "index/build/segment_writer.h"

#include <stdlib.h>
#include <xxhash.h>

#include "base/error.h"
#include "index/build/pigeonring_build.h"

struct section_writer {
  struct file_writer file;
  XXH3_state_t *digest; /* of the section being written */
  uint8_t header[INDEX_SEGMENT_HEADER_BYTES];
  unsigned section;
  uint64_t start;
};

static void begin_section(struct section_writer *writer, unsigned section) {
  static const uint8_t zeros[INDEX_ALIGNMENT] = {0};
  const uint64_t end = writer->file.offset;
  file_writer_put(&writer->file, zeros, (size_t)(index_align(end) - end));
  writer->section = section;
  writer->start = writer->file.offset;
  XXH3_128bits_reset(writer->digest);
}

static void put(struct section_writer *writer, const void *bytes, size_t size) {
  XXH3_128bits_update(writer->digest, bytes, size);
  file_writer_put(&writer->file, bytes, size);
}

static void put_u32(struct section_writer *writer, uint32_t value) {
  uint8_t bytes[4];
  store_u32(bytes, value);
  put(writer, bytes, sizeof bytes);
}

static void put_u64(struct section_writer *writer, uint64_t value) {
  uint8_t bytes[8];
  store_u64(bytes, value);
  put(writer, bytes, sizeof bytes);
}

static void put_ring(void *user, const void *bytes, size_t size) {
  put(user, bytes, size);
}

static void end_section(struct section_writer *writer) {
  const uint32_t stride = index_section_stride(writer->section);
  uint8_t *const row = writer->header + INDEX_HEADER_BYTES + writer->section * INDEX_TABLE_ROW_BYTES;
  XXH128_canonical_t digest;
  XXH128_canonicalFromHash(&digest, XXH3_128bits_digest(writer->digest));
  store_u32(row, index_section_id(writer->section));
  store_u32(row + 4, stride);
  store_u64(row + 8, writer->start);
  store_u64(row + 16, (writer->file.offset - writer->start) / stride);
  memcpy(row + 24, digest.digest, INDEX_DIGEST_BYTES);
}

/* ---- Sections -------------------------------------------------------------------------------------------------- */

static bool begins_row(const struct builder_kind *kind, size_t i) {
  return i == 0 || memcmp(kind->entries[i - 1].hash, kind->entries[i].hash, HASHSCAN_MAX_HASH_BYTES) != 0;
}

/* The distinct hashes of a kind, in order. NULL with *count > 0 when out of memory. */
static uint8_t *distinct_rows(const struct builder_kind *kind, size_t row_bytes, size_t *count) {
  *count = 0;
  for (size_t i = 0; i < kind->count; i++) *count += begins_row(kind, i);
  uint8_t *rows = *count == 0 ? NULL : malloc(*count * row_bytes);
  uint8_t *at = rows;
  for (size_t i = 0; rows != NULL && i < kind->count; i++) {
    if (!begins_row(kind, i)) continue;
    memcpy(at, kind->entries[i].hash, row_bytes);
    at += row_bytes;
  }
  return rows;
}

static void write_starts(struct section_writer *writer, const struct builder_kind *kind, uint32_t first_entry) {
  for (size_t i = 0; i < kind->count; i++)
    if (begins_row(kind, i)) put_u32(writer, first_entry + (uint32_t)i);
  put_u32(writer, first_entry + (uint32_t)kind->count);
}

static void write_prefix(struct section_writer *writer, const struct builder_kind *kind, unsigned bits) {
  uint32_t row = 0;
  uint32_t next = 0; /* the first bucket not yet written */
  for (size_t i = 0; i < kind->count; i++) {
    if (!begins_row(kind, i)) continue;
    for (; next <= index_prefix(kind->entries[i].hash, bits); next++) put_u32(writer, row);
    row++;
  }
  for (; next <= (uint32_t)1 << bits; next++) put_u32(writer, row);
}

static bool write_kind(struct section_writer *writer, const struct builder_kind *kind, hashscan_kind k,
                       uint32_t first_entry) {
  const unsigned section = (unsigned)k * INDEX_KIND_SECTIONS;
  const size_t row_bytes = hashscan_kind_bytes(k);
  size_t row_count;
  uint8_t *const rows = distinct_rows(kind, row_bytes, &row_count);
  if (rows == NULL && row_count > 0) return false;
  begin_section(writer, section + INDEX_ROWS);
  put(writer, rows, row_count * row_bytes);
  end_section(writer);
  begin_section(writer, section + INDEX_STARTS);
  write_starts(writer, kind, first_entry);
  end_section(writer);
  begin_section(writer, section + INDEX_PREFIX);
  write_prefix(writer, kind, index_prefix_bits(k, row_count));
  end_section(writer);
  begin_section(writer, section + INDEX_PIGEONRING);
  const bool written =
      index_pigeonring_bytes(k, row_count) == 0 || pigeonring_write(rows, row_count, row_bytes, put_ring, writer);
  end_section(writer);
  free(rows);
  return written;
}

static bool write_kinds(struct section_writer *writer, const hashscan_builder *builder) {
  uint32_t first_entry = 0;
  for (unsigned k = 0; k < HASHSCAN_KIND_COUNT; k++) {
    if (!write_kind(writer, &builder->kinds[k], (hashscan_kind)k, first_entry)) return false;
    first_entry += (uint32_t)builder->kinds[k].count;
  }
  return true;
}

static void write_kind_entries(struct section_writer *writer, const struct builder_kind *kind) {
  for (size_t i = 0; i < kind->count; i++) {
    uint8_t record[INDEX_ENTRY_BYTES];
    store_u64(record + INDEX_ENTRY_ID, kind->entries[i].id);
    store_u16(record + INDEX_ENTRY_LIST, (uint16_t)kind->entries[i].list);
    store_u32(record + INDEX_ENTRY_LABELS, kind->entries[i].labels);
    put(writer, record, sizeof record);
  }
}

static void write_entries(struct section_writer *writer, const hashscan_builder *builder) {
  begin_section(writer, INDEX_ENTRIES);
  for (unsigned kind = 0; kind < HASHSCAN_KIND_COUNT; kind++) write_kind_entries(writer, &builder->kinds[kind]);
  end_section(writer);
}

static void write_lists(struct section_writer *writer, const hashscan_builder *builder) {
  begin_section(writer, INDEX_LISTS);
  for (size_t i = 0; i < builder->lists.value_count; i++) {
    const struct interned *list = &builder->lists.values[i];
    put_u64(writer, list->offset);
    put_u64(writer, list->offset + strlen(builder->strings.bytes + list->offset) + 1);
    put_u64(writer, list->count);
  }
  end_section(writer);
}

static void write_label_sets(struct section_writer *writer, const hashscan_builder *builder) {
  begin_section(writer, INDEX_LABEL_SETS);
  put_u64(writer, 0);
  put_u32(writer, 0);
  for (size_t i = 0; i < builder->label_sets.value_count; i++) {
    put_u64(writer, builder->label_sets.values[i].offset);
    put_u32(writer, (uint32_t)builder->label_sets.values[i].count);
  }
  end_section(writer);
}

static void write_strings(struct section_writer *writer, const hashscan_builder *builder) {
  begin_section(writer, INDEX_STRINGS);
  if (builder->strings.size == 0) put(writer, "", 1);
  else put(writer, builder->strings.bytes, builder->strings.size);
  end_section(writer);
}

static void write_numbers(struct section_writer *writer, const hashscan_builder *builder) {
  begin_section(writer, INDEX_NUMBERS);
  for (unsigned kind = 0; kind < HASHSCAN_KIND_COUNT && builder->numbered; kind++)
    for (size_t i = 0; i < builder->kinds[kind].count; i++) put_u64(writer, builder->kinds[kind].entries[i].number);
  end_section(writer);
}

/* Everything but the file: the header is written last, into the room left for it. False when out of memory. */
static bool write_segment(struct section_writer *writer, const hashscan_builder *builder,
                          uint8_t digest[INDEX_DIGEST_BYTES], uint64_t *size) {
  file_writer_put(&writer->file, writer->header, sizeof writer->header);
  if (!write_kinds(writer, builder)) return false;
  write_entries(writer, builder);
  write_lists(writer, builder);
  write_label_sets(writer, builder);
  write_strings(writer, builder);
  write_numbers(writer, builder);
  *size = writer->file.offset;
  index_header_encode(writer->header, INDEX_SEGMENT_MAGIC, INDEX_SECTION_COUNT, *size, builder->entry_count);
  index_header_digest(writer->header, sizeof writer->header, digest);
  memcpy(writer->header + INDEX_HEADER_DIGEST, digest, INDEX_DIGEST_BYTES);
  file_writer_patch(&writer->file, 0, writer->header, sizeof writer->header);
  return true;
}

hashscan_code segment_write(const hashscan_builder *builder, int dirfd, const struct file_access *access,
                            uint8_t digest[INDEX_DIGEST_BYTES], uint64_t *size, hashscan_error *error) {
  struct section_writer writer = {.digest = XXH3_createState()};
  if (writer.digest == NULL) return error_memory(error);
  hashscan_code code = file_writer_open(&writer.file, dirfd, INDEX_SEGMENT_TEMPORARY, access, error);
  if (code == HASHSCAN_SUCCESS && !write_segment(&writer, builder, digest, size)) {
    file_writer_abort(&writer.file);
    code = error_memory(error);
  }
  if (code == HASHSCAN_SUCCESS) {
    char name[INDEX_SEGMENT_NAME_BYTES];
    index_segment_name(digest, name);
    code = file_writer_commit(&writer.file, name, error);
  }
  XXH3_freeState(writer.digest);
  return code;
}

hashscan_code segment_encode(const hashscan_builder *builder, struct buffer *bytes, hashscan_error *error) {
  struct section_writer writer = {.digest = XXH3_createState()};
  uint8_t digest[INDEX_DIGEST_BYTES];
  uint64_t size;
  if (writer.digest == NULL) return error_memory(error);
  file_writer_open_memory(&writer.file);
  const bool written = write_segment(&writer, builder, digest, &size);
  XXH3_freeState(writer.digest);
  if (!written) {
    file_writer_abort(&writer.file);
    return error_memory(error);
  }
  return file_writer_take(&writer.file, bytes, error);
}
