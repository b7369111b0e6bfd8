/* SPDX-License-Identifier: Apache-2.0 */
/* Makes the digests of an altered segment or MANIFEST right again, so that the checks behind them are reached. */
#ifndef HASHSCAN_TESTS_SEAL_H
#define HASHSCAN_TESTS_SEAL_H

#include "index/format/format.h"

/* The header's size field and digest over its `header_size` bytes. */
static inline void seal_header(uint8_t *bytes, size_t size, size_t header_size) {
  if (size < header_size) return;
  store_u64(bytes + INDEX_HEADER_SIZE, size);
  uint8_t digest[INDEX_DIGEST_BYTES];
  index_header_digest(bytes, header_size, digest);
  memcpy(bytes + INDEX_HEADER_DIGEST, digest, sizeof digest);
}

/* A segment: every section that lies inside, then the header. */
static inline void seal_segment(uint8_t *bytes, size_t size) {
  if (size < INDEX_SEGMENT_HEADER_BYTES) return;
  for (unsigned i = 0; i < INDEX_SECTION_COUNT; i++) {
    uint8_t *row = bytes + INDEX_HEADER_BYTES + i * INDEX_TABLE_ROW_BYTES;
    const uint64_t offset = load_u64(row + 8);
    const uint64_t count = load_u64(row + 16);
    const uint32_t stride = index_section_stride(i);
    if (offset > size || count > (size - offset) / stride) continue;
    index_digest(bytes + offset, (size_t)count * stride, row + 24);
  }
  seal_header(bytes, size, INDEX_SEGMENT_HEADER_BYTES);
}

/* A blob: the files that lie inside, MANIFEST's rows from them, then MANIFEST and the blob's header. */
static inline void seal_blob(uint8_t *bytes, size_t size) {
  if (size < INDEX_HEADER_BYTES) return;
  const uint32_t files = load_u32(bytes + INDEX_HEADER_COUNT);
  const uint64_t header_size = INDEX_HEADER_BYTES + files * (uint64_t)16;
  if (files == 0 || files > INDEX_MAX_SEGMENTS + 2 || header_size > size) return;
  const uint64_t manifest = load_u64(bytes + INDEX_HEADER_BYTES);
  const uint64_t manifest_size = load_u64(bytes + INDEX_HEADER_BYTES + 8);
  if (manifest <= size && manifest_size <= size - manifest && manifest_size >= INDEX_MANIFEST_FIXED_BYTES &&
      manifest_size <= INDEX_MANIFEST_MAX_BYTES) {
    uint8_t *const at = bytes + manifest;
    const uint64_t segments = (manifest_size - INDEX_MANIFEST_FIXED_BYTES) / INDEX_MANIFEST_ROW_BYTES;
    for (uint32_t i = 1; i < files; i++) {
      const uint64_t offset = load_u64(bytes + INDEX_HEADER_BYTES + i * 16);
      const uint64_t length = load_u64(bytes + INDEX_HEADER_BYTES + i * 16 + 8);
      if (offset > size || length > size - offset) continue;
      if (i > segments) {
        index_digest(bytes + offset, (size_t)length, at + INDEX_HEADER_BYTES + 16);
      } else if (length >= INDEX_SEGMENT_HEADER_BYTES) {
        seal_segment(bytes + offset, (size_t)length);
        uint8_t *row = at + INDEX_MANIFEST_FIXED_BYTES + (i - 1) * (size_t)INDEX_MANIFEST_ROW_BYTES;
        memcpy(row, bytes + offset + INDEX_HEADER_DIGEST, INDEX_DIGEST_BYTES);
      }
    }
    seal_header(at, (size_t)manifest_size, (size_t)manifest_size);
  }
  seal_header(bytes, size, (size_t)header_size);
}

#endif
