/* SPDX-License-Identifier: Apache-2.0 */
/* Mapping and writing files. A write goes to a temporary name, reaches the disk, and only then takes its final name, so
 * that a crash leaves the old file or the new one. */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/checked.h"
#include "base/error.h"

#define WRITE_BUFFER_BYTES ((size_t)1 << 20)
#define FIRST_MEMORY_BYTES ((size_t)64 << 10) /* of a writer without a file */
#define MEMORY_ALIGNMENT ((size_t)64)
#define MAX_TRANSFER_BYTES ((size_t)1 << 30) /* Linux moves at most 2 GiB less a page a call */

/* ---- Mappings -------------------------------------------------------------------------------------------------- */

/* 0 or an errno value. */
static int map_open_file(int fd, int flags, struct file_map *map) {
  struct stat found;
  if (fstat(fd, &found) != 0) return errno;
  if (S_ISDIR(found.st_mode)) return EISDIR;
  if (!S_ISREG(found.st_mode)) return EINVAL;
  if ((uint64_t)found.st_size > SIZE_MAX / 2) return EFBIG;
  map->mode = found.st_mode;
  if (found.st_size == 0) return 0;
  void *bytes = mmap(NULL, (size_t)found.st_size, PROT_READ, MAP_SHARED | flags, fd, 0);
  if (bytes == MAP_FAILED) return errno;
  madvise(bytes, (size_t)found.st_size, MADV_DONTDUMP); /* best effort */
  map->bytes = bytes;
  map->size = (size_t)found.st_size;
  return 0;
}

static hashscan_code map_open(int dirfd, const char *path, const char *name, int flags, struct file_map *map,
                              hashscan_error *error) {
  *map = (struct file_map){0};
  const int fd = openat(dirfd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  const int failed = fd < 0 ? errno : map_open_file(fd, flags, map);
  if (fd >= 0) close(fd);
  map->missing = failed == ENOENT;
  return failed == 0 ? HASHSCAN_SUCCESS : error_set_errno(error, HASHSCAN_E_IO, failed, "%s/%s", path, name);
}

hashscan_code file_map_open(int dirfd, const char *path, const char *name, struct file_map *map,
                            hashscan_error *error) {
  return map_open(dirfd, path, name, MAP_POPULATE, map, error);
}

hashscan_code file_map_open_sparse(int dirfd, const char *path, const char *name, struct file_map *map,
                                   hashscan_error *error) {
  return map_open(dirfd, path, name, 0, map, error);
}

void file_map_close(struct file_map *map) {
  if (map->bytes != NULL) munmap((void *)(uintptr_t)map->bytes, map->size);
  *map = (struct file_map){0};
}

/* ---- Durable writes -------------------------------------------------------------------------------------------- */

/* 0 or an errno value. */
static int create_temporary(struct file_writer *writer, const struct file_access *access) {
  if (unlinkat(writer->dirfd, writer->temporary, 0) != 0 && errno != ENOENT) return errno;
  writer->fd =
      openat(writer->dirfd, writer->temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, ACCESS_PRIVATE);
  if (writer->fd < 0) return errno;
  const int failed = access_apply(writer->fd, access);
  if (failed != 0) unlinkat(writer->dirfd, writer->temporary, 0);
  return failed;
}

hashscan_code file_writer_open(struct file_writer *writer, int dirfd, const char *temporary,
                               const struct file_access *access, hashscan_error *error) {
  *writer = (struct file_writer){.dirfd = dirfd, .fd = -1, .temporary = temporary, .capacity = WRITE_BUFFER_BYTES};
  writer->buffer = malloc(WRITE_BUFFER_BYTES);
  if (writer->buffer == NULL) return error_memory(error);
  const int errnum = create_temporary(writer, access);
  if (errnum == 0) return HASHSCAN_SUCCESS;
  if (writer->fd >= 0) close(writer->fd);
  writer->fd = -1;
  free(writer->buffer);
  return error_set_errno(error, HASHSCAN_E_IO, errnum, "cannot create %s", temporary);
}

static int write_at(int fd, const uint8_t *bytes, size_t size, uint64_t offset) {
  while (size > 0) {
    const ssize_t put = pwrite(fd, bytes, size < MAX_TRANSFER_BYTES ? size : MAX_TRANSFER_BYTES, (off_t)offset);
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return errno;
    if (put == 0) return ENOSPC;
    bytes += put;
    size -= (size_t)put;
    offset += (uint64_t)put;
  }
  return 0;
}

/* In memory only: doubles the buffer until `size` more bytes fit. */
static bool writer_reserve(struct file_writer *writer, size_t size) {
  size_t wanted;
  size_t capacity = writer->capacity == 0 ? FIRST_MEMORY_BYTES : writer->capacity;
  if (writer->failed_errno != 0 || !checked_add(writer->used, size, &wanted)) return false;
  while (capacity < wanted)
    if (!checked_mul(capacity, 2, &capacity)) return false;
  if (capacity == writer->capacity) return true;
  uint8_t *const buffer = aligned_alloc(MEMORY_ALIGNMENT, capacity);
  if (buffer == NULL) return false;
  if (writer->used > 0) memcpy(buffer, writer->buffer, writer->used);
  free(writer->buffer);
  writer->buffer = buffer;
  writer->capacity = capacity;
  return true;
}

static void writer_write(struct file_writer *writer, const uint8_t *bytes, size_t size, uint64_t offset) {
  if (writer->failed_errno == 0) writer->failed_errno = write_at(writer->fd, bytes, size, offset);
}

static void writer_flush(struct file_writer *writer) {
  writer_write(writer, writer->buffer, writer->used, writer->offset - writer->used);
  writer->used = 0;
}

void file_writer_put(struct file_writer *writer, const void *bytes, size_t size) {
  if (writer->in_memory && !writer_reserve(writer, size)) writer->failed_errno = ENOMEM;
  if (writer->in_memory && writer->failed_errno != 0) return;
  if (size > writer->capacity - writer->used) writer_flush(writer);
  if (size > writer->capacity) {
    writer_write(writer, bytes, size, writer->offset);
  } else if (size > 0) {
    memcpy(writer->buffer + writer->used, bytes, size);
    writer->used += size;
  }
  writer->offset += size;
}

void file_writer_patch(struct file_writer *writer, uint64_t offset, const void *bytes, size_t size) {
  if (writer->in_memory) {
    if (writer->failed_errno == 0) memcpy(writer->buffer + offset, bytes, size);
    return;
  }
  writer_flush(writer);
  writer_write(writer, bytes, size, offset);
}

hashscan_code file_writer_commit(struct file_writer *writer, const char *name, hashscan_error *error) {
  writer_flush(writer);
  int failed = writer->failed_errno;
  if (failed == 0 && fsync(writer->fd) != 0) failed = errno;
  if (close(writer->fd) != 0 && failed == 0) failed = errno;
  writer->fd = -1;
  if (failed == 0 && renameat(writer->dirfd, writer->temporary, writer->dirfd, name) != 0) failed = errno;
  if (failed != 0) {
    file_writer_abort(writer);
    return error_set_errno(error, HASHSCAN_E_IO, failed, "cannot write %s", name);
  }
  free(writer->buffer);
  if (fsync(writer->dirfd) != 0) return error_set_errno(error, HASHSCAN_E_IO, errno, "cannot sync the folder");
  return HASHSCAN_SUCCESS;
}

void file_writer_abort(struct file_writer *writer) {
  if (writer->fd >= 0) close(writer->fd);
  if (!writer->in_memory) unlinkat(writer->dirfd, writer->temporary, 0);
  free(writer->buffer);
  writer->fd = -1;
  writer->buffer = NULL;
}

static int append_at(int fd, uint64_t offset, const void *bytes, size_t size) {
  struct stat found;
  if (fstat(fd, &found) != 0) return errno;
  if (!S_ISREG(found.st_mode) || (uint64_t)found.st_size < offset) return EINVAL;
  if (ftruncate(fd, (off_t)offset) != 0) return errno;
  const int failed = write_at(fd, bytes, size, offset);
  if (failed != 0) return failed;
  return fsync(fd) == 0 ? 0 : errno;
}

hashscan_code file_append(int dirfd, const char *name, uint64_t offset, const void *bytes, size_t size,
                          hashscan_error *error) {
  const int fd = openat(dirfd, name, O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  int failed = fd < 0 ? errno : append_at(fd, offset, bytes, size);
  if (fd >= 0 && close(fd) != 0 && failed == 0) failed = errno;
  return failed == 0 ? HASHSCAN_SUCCESS : error_set_errno(error, HASHSCAN_E_IO, failed, "cannot append to %s", name);
}

void file_writer_open_memory(struct file_writer *writer) {
  *writer = (struct file_writer){.dirfd = -1, .fd = -1, .in_memory = true};
}

hashscan_code file_writer_take(struct file_writer *writer, struct buffer *bytes, hashscan_error *error) {
  if (writer->failed_errno != 0) {
    file_writer_abort(writer);
    return error_memory(error);
  }
  *bytes = (struct buffer){.bytes = writer->buffer, .size = writer->used, .capacity = writer->capacity};
  writer->buffer = NULL;
  return HASHSCAN_SUCCESS;
}
