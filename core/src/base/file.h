/* SPDX-License-Identifier: Apache-2.0 */
/* Files of our own: read-only mappings, and durable writes that appear at once or not at all. Inputs are read with
 * file_read.h. */
#ifndef HASHSCAN_BASE_FILE_H
#define HASHSCAN_BASE_FILE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/access.h"
#include "base/buffer.h"
#include "hashscan.h"

/* A read-only shared mapping of a whole regular file, which core dumps leave out. `bytes` is NULL when the file is
 * empty. */
struct file_map {
  const uint8_t *bytes;
  size_t size;
  mode_t mode;  /* of the file */
  bool missing; /* mapping failed because there is no file of that name */
};

/* Maps the file `name` of the folder `dirfd`, for reading all of it: it is read at once. `path` is the folder's, for
 * messages. Errors: IO, also when the file is not a regular one; a symbolic link is none. On failure there is nothing
 * to close. */
hashscan_code file_map_open(int dirfd, const char *path, const char *name, struct file_map *map, hashscan_error *error);

/* The same for reading little of it: what is touched is read then. */
hashscan_code file_map_open_sparse(int dirfd, const char *path, const char *name, struct file_map *map,
                                   hashscan_error *error);
void file_map_close(struct file_map *map);

/* A file being written under a temporary name; it appears under its final name only in file_writer_commit. Errors
 * stick: check the commit. */
struct file_writer {
  int dirfd;
  int fd;
  const char *temporary;
  uint8_t *buffer;
  size_t used;
  size_t capacity;
  uint64_t offset; /* bytes put so far, buffered ones included */
  int failed_errno;
  bool in_memory; /* everything stays in `buffer` */
};

/* Creates the file `temporary` in the folder `dirfd`; a leftover of that name is removed first. `dirfd` and
 * `temporary` must outlive the writer. On failure there is nothing to abort. */
hashscan_code file_writer_open(struct file_writer *writer, int dirfd, const char *temporary,
                               const struct file_access *access, hashscan_error *error);
void file_writer_put(struct file_writer *writer, const void *bytes, size_t size);

/* Overwrites bytes that were put before. */
void file_writer_patch(struct file_writer *writer, uint64_t offset, const void *bytes, size_t size);

/* Flushes, fsyncs, renames to `name` and fsyncs the folder. When this fails before the rename, the temporary file is
 * gone and what stood under `name` is untouched. Either way the writer is closed. */
hashscan_code file_writer_commit(struct file_writer *writer, const char *name, hashscan_error *error);
void file_writer_abort(struct file_writer *writer);

/* Cuts the file `name` of the folder `dirfd` at `offset`, where it must reach, appends, and fsyncs. What stood before
 * `offset` is never touched; when this fails, what stands behind it is undefined. */
hashscan_code file_append(int dirfd, const char *name, uint64_t offset, const void *bytes, size_t size,
                          hashscan_error *error);

/* A writer without a file: takes what is put and patched in memory. file_writer_take hands the bytes over to the
 * caller, who frees them with buffer_free; they begin at a multiple of 64. Either way the writer is closed. */
void file_writer_open_memory(struct file_writer *writer);
hashscan_code file_writer_take(struct file_writer *writer, struct buffer *bytes, hashscan_error *error);

#endif
