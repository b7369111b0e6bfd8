/* SPDX-License-Identifier: Apache-2.0 */
/* From the sorted entries of a builder to the bytes of a segment, in a file or in memory. */
#ifndef HASHSCAN_INDEX_BUILD_SEGMENT_WRITER_H
#define HASHSCAN_INDEX_BUILD_SEGMENT_WRITER_H

#include "base/buffer.h"
#include "base/file.h"
#include "index/build/builder.h"

/* Writes the sorted entries as a segment into the folder `dirfd` and sets its digest and size. Errors: IO, MEMORY. */
hashscan_code segment_write(const hashscan_builder *builder, int dirfd, const struct file_access *access,
                            uint8_t digest[INDEX_DIGEST_BYTES], uint64_t *size, hashscan_error *error);

/* The same bytes in memory; the caller frees them. Errors: MEMORY. */
hashscan_code segment_encode(const hashscan_builder *builder, struct buffer *bytes, hashscan_error *error);

#endif
