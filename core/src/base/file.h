/* SPDX-License-Identifier: Apache-2.0 */
/* Files: whole reads that notice change, read-only mappings, and durable writes that appear at once or not at all. */
#ifndef HASHSCAN_BASE_FILE_H
#define HASHSCAN_BASE_FILE_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/access.h"
#include "hashscan.h"

/* A growable buffer that is kept between files. Zero-initialise; file_buffer_free gives its memory back. */
struct file_buffer {
  uint8_t *bytes;
  size_t size;
  size_t capacity;
  bool hidden; /* file_buffer_hide was called */
};

/* Keeps the whole pages of the buffer out of core dumps, where the system can do that, until it is freed. The buffer
 * must not grow any more. */
void file_buffer_hide(struct file_buffer *buffer);
void file_buffer_free(struct file_buffer *buffer);

/* How reading one input ended. */
enum file_outcome {
  FILE_READ,
  FILE_NOT_REGULAR, /* a folder, FIFO, socket or device: never opened for reading */
  FILE_UNREADABLE,
  FILE_TOO_LARGE,
  FILE_CHANGED, /* size or modification time differ after the read */
  FILE_NO_MEMORY
};

/* Reads the regular file at `path` (relative to the folder `dirfd`, or AT_FDCWD) whole into `buffer`. Symbolic links
 * are followed. Never blocks on a FIFO or device: the type is checked before and after a non-blocking open. `reason`
 * gets one line unless FILE_READ. */
enum file_outcome file_read(int dirfd, const char *path, uint64_t max_bytes, struct file_buffer *buffer, char *reason,
                            size_t reason_size);

/* What the walk that found a file knows of it. */
struct file_bound {
  bool no_link;
  bool known; /* then it is the file `inode` of `device`, or another one now */
  dev_t device;
  ino_t inode;
};

/* The same for a file that must be what `bound` says; FILE_CHANGED when it is not. */
enum file_outcome file_read_bound(int dirfd, const char *path, const struct file_bound *bound, uint64_t max_bytes,
                                  struct file_buffer *buffer, char *reason, size_t reason_size);

/* Reads a stream (standard input) to its end, at most max_bytes. FILE_READ, FILE_UNREADABLE, FILE_TOO_LARGE or
 * FILE_NO_MEMORY. */
enum file_outcome file_read_stream(int fd, uint64_t max_bytes, struct file_buffer *buffer, char *reason,
                                   size_t reason_size);

/* A read-only shared mapping of a whole regular file, which core dumps leave out. `bytes` is NULL when the file is
 * empty. */
struct file_map {
  const uint8_t *bytes;
  size_t size;
  mode_t mode; /* of the file */
};

/* Maps the file `name` of the folder `dirfd`, for reading all of it: it is read at once. 0, or an errno value: ELOOP
 * for a symbolic link, EISDIR for a folder, EINVAL for anything else that is not a regular file. On failure `map` is
 * empty. */
int file_map_open(int dirfd, const char *name, struct file_map *map);

/* The same for reading little of it: what is touched is read then. */
int file_map_open_sparse(int dirfd, const char *name, struct file_map *map);
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

/* A writer without a file: takes what is put and patched in memory. file_writer_take gives the bytes to the caller, who
 * frees them with file_buffer_free; they begin at a multiple of 64. Either way the writer is closed. */
void file_writer_open_memory(struct file_writer *writer);
hashscan_code file_writer_take(struct file_writer *writer, struct file_buffer *bytes, hashscan_error *error);

#endif
