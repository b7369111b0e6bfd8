/* SPDX-License-Identifier: Apache-2.0 */
/* What MANIFEST and segments have in common: the header and the digests. */
#include "index/format/format.h"

#include <stdbool.h>
#include <stdio.h>
#include <xxhash.h>

#include "base/error.h"

void index_digest(const void *bytes, size_t size, uint8_t digest[INDEX_DIGEST_BYTES]) {
  XXH128_canonical_t canonical;
  XXH128_canonicalFromHash(&canonical, XXH3_128bits(bytes, size));
  memcpy(digest, canonical.digest, INDEX_DIGEST_BYTES);
}

void index_header_digest(const uint8_t *header, size_t size, uint8_t digest[INDEX_DIGEST_BYTES]) {
  uint8_t copy[INDEX_MAX_HEADER_BYTES];
  memcpy(copy, header, size);
  memset(copy + INDEX_HEADER_DIGEST, 0, INDEX_DIGEST_BYTES);
  index_digest(copy, size, digest);
}

void index_segment_name(const uint8_t digest[INDEX_DIGEST_BYTES], char name[INDEX_SEGMENT_NAME_BYTES]) {
  char hex[2 * 8 + 1];
  hashscan_hex_encode(digest, 8, hex);
  snprintf(name, INDEX_SEGMENT_NAME_BYTES, "segment-%s.hsi", hex);
}

void index_header_encode(uint8_t *header, const char *magic, uint32_t count, uint64_t size, uint64_t entries) {
  memset(header, 0, INDEX_HEADER_BYTES);
  memcpy(header, magic, INDEX_MAGIC_BYTES);
  store_u32(header + INDEX_HEADER_VERSION, INDEX_FORMAT_VERSION);
  store_u32(header + INDEX_HEADER_COUNT, count);
  store_u64(header + INDEX_HEADER_SIZE, size);
  store_u64(header + INDEX_HEADER_ENTRIES, entries);
}

hashscan_code index_version_check(const char *source, const char *what, uint32_t version, hashscan_error *error) {
  if (version >= INDEX_OLDEST_FORMAT_VERSION && version <= INDEX_FORMAT_VERSION) return HASHSCAN_SUCCESS;
  return error_set(error, HASHSCAN_E_VERSION, "%s: %s has format version %u; hashscan %s reads versions %d to %d",
                   source, what, version, hashscan_version(), INDEX_OLDEST_FORMAT_VERSION, INDEX_FORMAT_VERSION);
}

hashscan_code index_header_validate(const char *source, const char *what, const char *magic, const uint8_t *bytes,
                                    size_t size, size_t header_size, hashscan_error *error) {
  if (size == 0) return error_set(error, HASHSCAN_E_FORMAT, "%s: %s is empty", source, what);
  if (size < INDEX_MAGIC_BYTES || memcmp(bytes, magic, INDEX_MAGIC_BYTES) != 0)
    return error_set(error, HASHSCAN_E_FORMAT, "%s: %s does not begin as one of hashscan's does", source, what);
  if (size < INDEX_HEADER_BYTES) return error_set(error, HASHSCAN_E_FORMAT, "%s: %s is truncated", source, what);
  const uint32_t version = load_u32(bytes + INDEX_HEADER_VERSION);
  const hashscan_code code = index_version_check(source, what, version, error);
  if (code != HASHSCAN_SUCCESS) return code;
  const uint64_t written = load_u64(bytes + INDEX_HEADER_SIZE);
  if (written != size || size < header_size)
    return error_set(error, HASHSCAN_E_FORMAT, "%s: %s was written with %llu bytes and has %zu", source, what,
                     (unsigned long long)written, size);
  uint8_t digest[INDEX_DIGEST_BYTES];
  index_header_digest(bytes, header_size, digest);
  if (memcmp(bytes + INDEX_HEADER_DIGEST, digest, INDEX_DIGEST_BYTES) != 0)
    return error_set(error, HASHSCAN_E_FORMAT, "%s: %s fails its checksum (header)", source, what);
  for (size_t i = INDEX_HEADER_ZEROS; i < INDEX_HEADER_BYTES; i++)
    if (bytes[i] != 0) return error_set(error, HASHSCAN_E_FORMAT, "%s: %s has a reserved byte set", source, what);
  return HASHSCAN_SUCCESS;
}
