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

#endif
