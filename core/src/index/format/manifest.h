/* SPDX-License-Identifier: Apache-2.0 */
/* MANIFEST: the file that makes a folder an index. It names the segments and how much of the log counts; replacing it
 * is the moment of every change. */
#ifndef HASHSCAN_INDEX_FORMAT_MANIFEST_H
#define HASHSCAN_INDEX_FORMAT_MANIFEST_H

#include "index/format/format.h"

/* A log begins with magic, format version u32, zeros u32. */
#define LOG_HEADER_BYTES 16

/* "log-" + 16 hex digits + ".hsl" */
#define LOG_NAME_BYTES 25

struct manifest_segment {
  uint8_t digest[INDEX_DIGEST_BYTES];
  uint64_t size;
  uint64_t entries;
};

struct manifest {
  uint8_t digest[INDEX_DIGEST_BYTES]; /* of MANIFEST itself: the digest of the index */
  uint32_t version;                   /* as read; what is written has the newest */
  uint64_t log_id;                    /* the log's name; 0: there is none, and the next two are zero */
  uint64_t log_size;                  /* bytes of it that count */
  uint8_t log_digest[INDEX_DIGEST_BYTES];
  uint32_t segment_count;
  struct manifest_segment segments[INDEX_MAX_SEGMENTS];
};

/* The file name of the log with this id. */
void log_name(uint64_t id, char name[LOG_NAME_BYTES]);

/* Checks every byte. `source` is for messages. Errors: FORMAT, VERSION. */
hashscan_code manifest_decode(const char *source, const uint8_t *bytes, size_t size, struct manifest *manifest,
                              hashscan_error *error);

/* Writes at most INDEX_MANIFEST_MAX_BYTES in the newest version, sets version and manifest->digest, and returns the
 * size. */
size_t manifest_encode(struct manifest *manifest, uint8_t *bytes);

/* Writes a MANIFEST that was decoded as it was. */
size_t manifest_repeat(const struct manifest *manifest, uint8_t *bytes);

/* Reads the MANIFEST of the folder `dirfd`. Errors: FORMAT (also when there is none), VERSION, IO. */
hashscan_code manifest_read(const char *source, int dirfd, struct manifest *manifest, hashscan_error *error);

#endif
