/* SPDX-License-Identifier: Apache-2.0 */
/* Reading and writing MANIFEST. A segment's file name is made from its digest and never read from the file, so that no
 * MANIFEST can name a path. */
#include "index/manifest.h"

#include <errno.h>

#include "base/error.h"
#include "base/file.h"

#define ROW_DIGEST INDEX_HEADER_BYTES
#define ROW_SIZE (INDEX_HEADER_BYTES + INDEX_DIGEST_BYTES)
#define ROW_ENTRIES (ROW_SIZE + 8)

hashscan_code manifest_decode(const char *source, const uint8_t *bytes, size_t size, struct manifest *manifest,
                              hashscan_error *error) {
  const hashscan_code code = index_header_validate(source, INDEX_MANIFEST_NAME, INDEX_MANIFEST_MAGIC, bytes, size,
                                                   INDEX_MANIFEST_BYTES, error);
  if (code != HASHSCAN_SUCCESS) return code;
  if (size != INDEX_MANIFEST_BYTES || load_u32(bytes + INDEX_HEADER_COUNT) != 1)
    return error_set(error, HASHSCAN_E_FORMAT, "%s: MANIFEST does not list exactly one segment", source);
  memcpy(manifest->digest, bytes + INDEX_HEADER_DIGEST, INDEX_DIGEST_BYTES);
  memcpy(manifest->segment_digest, bytes + ROW_DIGEST, INDEX_DIGEST_BYTES);
  manifest->segment_size = load_u64(bytes + ROW_SIZE);
  manifest->entries = load_u64(bytes + ROW_ENTRIES);
  if (manifest->entries != load_u64(bytes + INDEX_HEADER_ENTRIES))
    return error_set(error, HASHSCAN_E_FORMAT, "%s: MANIFEST counts its entries in two ways", source);
  return HASHSCAN_SUCCESS;
}

void manifest_encode(struct manifest *manifest, uint8_t *bytes) {
  index_header_encode(bytes, INDEX_MANIFEST_MAGIC, 1, INDEX_MANIFEST_BYTES, manifest->entries);
  memcpy(bytes + ROW_DIGEST, manifest->segment_digest, INDEX_DIGEST_BYTES);
  store_u64(bytes + ROW_SIZE, manifest->segment_size);
  store_u64(bytes + ROW_ENTRIES, manifest->entries);
  index_header_digest(bytes, INDEX_MANIFEST_BYTES, manifest->digest);
  memcpy(bytes + INDEX_HEADER_DIGEST, manifest->digest, INDEX_DIGEST_BYTES);
}

hashscan_code manifest_read(const char *source, int dirfd, struct manifest *manifest, hashscan_error *error) {
  struct file_map map;
  const int failed = file_map_open(dirfd, INDEX_MANIFEST_NAME, &map);
  if (failed == ENOENT) return error_set(error, HASHSCAN_E_FORMAT, "%s: not an index: it has no MANIFEST", source);
  if (failed != 0) return error_set_errno(error, HASHSCAN_E_IO, failed, "%s/MANIFEST", source);
  const hashscan_code code = manifest_decode(source, map.bytes, map.size, manifest, error);
  file_map_close(&map);
  return code;
}
