/* SPDX-License-Identifier: Apache-2.0 */
/* Takes a blob apart and puts it together. As in a segment there is one valid place for everything: each file begins at
 * the first multiple of 64 that is not before the end of the one in front of it. */
#include "index/format/blob.h"

#include "base/checked.h"
#include "base/error.h"

/* A row of the table: offset u64, size u64. */
#define ROW_BYTES 16

static size_t header_bytes(uint32_t file_count) {
  return INDEX_HEADER_BYTES + file_count * (size_t)ROW_BYTES;
}

_Static_assert(INDEX_HEADER_BYTES + BLOB_MAX_FILES * ROW_BYTES <= INDEX_MAX_HEADER_BYTES,
               "a blob's header is a header");

static hashscan_code damaged(const char *source, const char *reason, hashscan_error *error) {
  return error_set(error, HASHSCAN_E_FORMAT, "%s: the blob is damaged: %s", source, reason);
}

static bool all_zero(const uint8_t *bytes, size_t size) {
  for (size_t i = 0; i < size; i++)
    if (bytes[i] != 0) return false;
  return true;
}

static hashscan_code place_files(const char *source, const uint8_t *bytes, size_t size, struct blob *blob,
                                 hashscan_error *error) {
  uint64_t end = header_bytes(blob->file_count);
  for (uint32_t i = 0; i < blob->file_count; i++) {
    const uint8_t *row = bytes + header_bytes(i);
    const uint64_t offset = load_u64(row);
    uint64_t next;
    blob->files[i].size = load_u64(row + 8);
    if (offset != index_align(end) || !checked_add_u64(offset, blob->files[i].size, &next) || next > size)
      return damaged(source, "a file is out of place", error);
    if (!all_zero(bytes + end, (size_t)(offset - end)))
      return damaged(source, "bytes between files are not zero", error);
    blob->files[i].bytes = bytes + offset;
    end = next;
  }
  return end == size ? HASHSCAN_SUCCESS : damaged(source, "bytes after the last file", error);
}

hashscan_code blob_decode(const char *source, const uint8_t *bytes, size_t size, struct blob *blob,
                          hashscan_error *error) {
  const uint32_t count = size < INDEX_HEADER_BYTES ? 0 : load_u32(bytes + INDEX_HEADER_COUNT);
  blob->file_count =
      count < BLOB_MAX_FILES ? count : BLOB_MAX_FILES; /* what is too much is refused behind the digest */
  const hashscan_code code =
      index_header_validate(source, "the blob", INDEX_BLOB_MAGIC, bytes, size, header_bytes(blob->file_count), error);
  if (code != HASHSCAN_SUCCESS) return code;
  if (load_u32(bytes + INDEX_HEADER_VERSION) < 3) return damaged(source, "there were none in this version", error);
  if (count > BLOB_MAX_FILES) return damaged(source, "it has too many files", error);
  if (load_u64(bytes + INDEX_HEADER_ENTRIES) != 0) return damaged(source, "a reserved byte is set", error);
  return place_files(source, bytes, size, blob, error);
}

uint64_t blob_bytes(const struct blob *blob) {
  uint64_t end = header_bytes(blob->file_count);
  for (uint32_t i = 0; i < blob->file_count; i++) end = index_align(end) + blob->files[i].size;
  return end;
}

void blob_encode(const struct blob *blob, uint8_t *bytes) {
  uint64_t end = header_bytes(blob->file_count);
  index_header_encode(bytes, INDEX_BLOB_MAGIC, blob->file_count, blob_bytes(blob), 0);
  for (uint32_t i = 0; i < blob->file_count; i++) {
    const struct blob_file *file = &blob->files[i];
    const uint64_t offset = index_align(end);
    uint8_t *row = bytes + header_bytes(i);
    store_u64(row, offset);
    store_u64(row + 8, file->size);
    memset(bytes + end, 0, (size_t)(offset - end));
    if (file->size > 0) memcpy(bytes + offset, file->bytes, (size_t)file->size);
    end = offset + file->size;
  }
  uint8_t digest[INDEX_DIGEST_BYTES];
  index_header_digest(bytes, header_bytes(blob->file_count), digest);
  memcpy(bytes + INDEX_HEADER_DIGEST, digest, sizeof digest);
}
