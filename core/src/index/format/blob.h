/* SPDX-License-Identifier: Apache-2.0 */
/* The files of an index one behind the other in a single run of bytes: a header, a table, MANIFEST, the segments in its
 * order, and the log. The files are as they are in a folder, so their digests are those of MANIFEST. */
#ifndef HASHSCAN_INDEX_FORMAT_BLOB_H
#define HASHSCAN_INDEX_FORMAT_BLOB_H

#include "index/format/format.h"

#define BLOB_MAX_FILES (INDEX_MAX_SEGMENTS + 2)

struct blob_file {
  const uint8_t *bytes;
  uint64_t size;
};

struct blob {
  uint32_t file_count;
  struct blob_file files[BLOB_MAX_FILES];
};

/* Finds the files, which are what stands in `bytes`. Their contents are not looked at. `source` is for messages.
 * Errors: FORMAT, VERSION. */
hashscan_code blob_decode(const char *source, const uint8_t *bytes, size_t size, struct blob *blob,
                          hashscan_error *error);

/* Bytes that blob_encode writes. */
uint64_t blob_bytes(const struct blob *blob);
void blob_encode(const struct blob *blob, uint8_t *bytes);

#endif
