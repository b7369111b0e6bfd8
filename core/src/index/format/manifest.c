/* SPDX-License-Identifier: Apache-2.0 */
/* Reads and writes MANIFEST. The names of other files are made from digests and numbers and never read from it, so
 * that no MANIFEST can name a path. */
#include "index/format/manifest.h"

#include <errno.h>
#include <stdio.h>

#include "base/error.h"
#include "base/file.h"

/* The log: id u64, size u64, digest, zeros. */
#define LOG_ID INDEX_HEADER_BYTES
#define LOG_SIZE (LOG_ID + 8)
#define LOG_DIGEST (LOG_SIZE + 8)
#define LOG_ZEROS (LOG_DIGEST + INDEX_DIGEST_BYTES)

void log_name(uint64_t id, char name[LOG_NAME_BYTES]) {
  snprintf(name, LOG_NAME_BYTES, "log-%016llx.hsl", (unsigned long long)id);
}

static hashscan_code damaged(const char *source, const char *reason, hashscan_error *error) {
  return error_set(error, HASHSCAN_E_FORMAT, "%s: MANIFEST is damaged: %s", source, reason);
}

static hashscan_code decode_log(const char *source, const uint8_t *bytes, struct manifest *manifest,
                                hashscan_error *error) {
  static const uint8_t zeros[INDEX_MANIFEST_FIXED_BYTES] = {0};
  manifest->log_id = load_u64(bytes + LOG_ID);
  manifest->log_size = load_u64(bytes + LOG_SIZE);
  memcpy(manifest->log_digest, bytes + LOG_DIGEST, INDEX_DIGEST_BYTES);
  if (memcmp(bytes + LOG_ZEROS, zeros, INDEX_MANIFEST_FIXED_BYTES - LOG_ZEROS) != 0)
    return damaged(source, "a reserved byte is set", error);
  const bool none = manifest->log_size == 0 && memcmp(manifest->log_digest, zeros, INDEX_DIGEST_BYTES) == 0;
  if (manifest->log_id == 0 ? !none : manifest->log_size < LOG_HEADER_BYTES)
    return damaged(source, "it has half a log", error);
  return HASHSCAN_SUCCESS;
}

static hashscan_code decode_segments(const char *source, const uint8_t *bytes, struct manifest *manifest,
                                     hashscan_error *error) {
  uint64_t entries = 0;
  const uint8_t *row = bytes + INDEX_MANIFEST_FIXED_BYTES;
  for (uint32_t i = 0; i < manifest->segment_count; i++, row += INDEX_MANIFEST_ROW_BYTES) {
    struct manifest_segment *segment = &manifest->segments[i];
    memcpy(segment->digest, row, INDEX_DIGEST_BYTES);
    segment->size = load_u64(row + INDEX_DIGEST_BYTES);
    segment->entries = load_u64(row + INDEX_DIGEST_BYTES + 8);
    if (segment->entries > INDEX_MAX_ENTRIES) return damaged(source, "a segment is too large", error);
    entries += segment->entries;
  }
  if (entries != load_u64(bytes + INDEX_HEADER_ENTRIES))
    return damaged(source, "it counts its entries in two ways", error);
  return HASHSCAN_SUCCESS;
}

hashscan_code manifest_decode(const char *source, const uint8_t *bytes, size_t size, struct manifest *manifest,
                              hashscan_error *error) {
  /* What is too long is cut for the digest, and refused after it. */
  const size_t covered = size < INDEX_MANIFEST_FIXED_BYTES ? INDEX_MANIFEST_FIXED_BYTES
                         : size > INDEX_MANIFEST_MAX_BYTES ? INDEX_MANIFEST_MAX_BYTES
                                                           : size;
  hashscan_code code =
      index_header_validate(source, INDEX_MANIFEST_NAME, INDEX_MANIFEST_MAGIC, bytes, size, covered, error);
  if (code != HASHSCAN_SUCCESS) return code;
  *manifest = (struct manifest){.version = load_u32(bytes + INDEX_HEADER_VERSION),
                                .segment_count = load_u32(bytes + INDEX_HEADER_COUNT)};
  if (manifest->segment_count > INDEX_MAX_SEGMENTS ||
      size != INDEX_MANIFEST_FIXED_BYTES + manifest->segment_count * (size_t)INDEX_MANIFEST_ROW_BYTES)
    return damaged(source, "it lists another number of segments than it says", error);
  memcpy(manifest->digest, bytes + INDEX_HEADER_DIGEST, INDEX_DIGEST_BYTES);
  code = decode_log(source, bytes, manifest, error);
  return code == HASHSCAN_SUCCESS ? decode_segments(source, bytes, manifest, error) : code;
}

/* Everything but the digest. */
static size_t encode(const struct manifest *manifest, uint8_t *bytes) {
  const size_t size = INDEX_MANIFEST_FIXED_BYTES + manifest->segment_count * (size_t)INDEX_MANIFEST_ROW_BYTES;
  uint64_t entries = 0;
  for (uint32_t i = 0; i < manifest->segment_count; i++) entries += manifest->segments[i].entries;
  memset(bytes, 0, size);
  index_header_encode(bytes, INDEX_MANIFEST_MAGIC, manifest->segment_count, size, entries);
  store_u32(bytes + INDEX_HEADER_VERSION, manifest->version);
  store_u64(bytes + LOG_ID, manifest->log_id);
  store_u64(bytes + LOG_SIZE, manifest->log_size);
  memcpy(bytes + LOG_DIGEST, manifest->log_digest, INDEX_DIGEST_BYTES);
  uint8_t *row = bytes + INDEX_MANIFEST_FIXED_BYTES;
  for (uint32_t i = 0; i < manifest->segment_count; i++, row += INDEX_MANIFEST_ROW_BYTES) {
    memcpy(row, manifest->segments[i].digest, INDEX_DIGEST_BYTES);
    store_u64(row + INDEX_DIGEST_BYTES, manifest->segments[i].size);
    store_u64(row + INDEX_DIGEST_BYTES + 8, manifest->segments[i].entries);
  }
  return size;
}

size_t manifest_encode(struct manifest *manifest, uint8_t *bytes) {
  manifest->version = INDEX_FORMAT_VERSION;
  const size_t size = encode(manifest, bytes);
  index_header_digest(bytes, size, manifest->digest);
  memcpy(bytes + INDEX_HEADER_DIGEST, manifest->digest, INDEX_DIGEST_BYTES);
  return size;
}

size_t manifest_repeat(const struct manifest *manifest, uint8_t *bytes) {
  const size_t size = encode(manifest, bytes);
  memcpy(bytes + INDEX_HEADER_DIGEST, manifest->digest, INDEX_DIGEST_BYTES);
  return size;
}

hashscan_code manifest_read(const char *source, int dirfd, struct manifest *manifest, hashscan_error *error) {
  struct file_map map;
  hashscan_code code = file_map_open(dirfd, source, INDEX_MANIFEST_NAME, &map, error);
  if (map.missing) return error_set(error, HASHSCAN_E_FORMAT, "%s: not an index: it has no MANIFEST", source);
  if (code != HASHSCAN_SUCCESS) return code;
  code = manifest_decode(source, map.bytes, map.size, manifest, error);
  file_map_close(&map);
  return code;
}
