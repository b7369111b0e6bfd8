/* SPDX-License-Identifier: Apache-2.0 */
/* Reading, mapping and writing files.
 *
 * A read is a snapshot or it is an error: the size is known before, one byte past it is asked for, and size and
 * modification time are compared after. The change time is left out on purpose: it also moves when a file is linked,
 * renamed or given other permissions, which leaves the bytes alone. A write goes to a temporary name, reaches the disk,
 * and only then takes its final name, so that a crash leaves the old file or the new one. */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/checked.h"
#include "base/error.h"

#define WRITE_BUFFER_BYTES ((size_t)1 << 20)
#define FIRST_STREAM_BYTES ((size_t)64 << 10)
#define MEMORY_ALIGNMENT ((size_t)64)
#define MAX_TRANSFER_BYTES ((size_t)1 << 30) /* Linux moves at most 2 GiB less a page a call */

/* ---- Whole reads ----------------------------------------------------------------------------------------------- */

/* The whole pages inside the buffer; what shares a page with them may be anybody's. */
static void advise_pages(const struct file_buffer *buffer, int advice) {
  const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
  const uintptr_t start = ((uintptr_t)buffer->bytes + page - 1) & ~(page - 1);
  const uintptr_t end = ((uintptr_t)buffer->bytes + buffer->capacity) & ~(page - 1);
  if (buffer->bytes != NULL && start < end) madvise((void *)start, end - start, advice);
}

void file_buffer_hide(struct file_buffer *buffer) {
  advise_pages(buffer, MADV_DONTDUMP);
  buffer->hidden = true;
}

void file_buffer_free(struct file_buffer *buffer) {
  if (buffer->hidden) advise_pages(buffer, MADV_DODUMP); /* the pages may serve somebody else next */
  free(buffer->bytes);
  *buffer = (struct file_buffer){0};
}

static bool buffer_reserve(struct file_buffer *buffer, size_t capacity) {
  if (capacity <= buffer->capacity) return true;
  uint8_t *bytes = realloc(buffer->bytes, capacity);
  if (bytes == NULL) return false;
  buffer->bytes = bytes;
  buffer->capacity = capacity;
  return true;
}

__attribute__((format(printf, 4, 5))) static enum file_outcome end_read(enum file_outcome outcome, char *reason,
                                                                        size_t reason_size, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  if (vsnprintf(reason, reason_size, format, arguments) < 0 && reason_size > 0) reason[0] = '\0';
  va_end(arguments);
  return outcome;
}

static enum file_outcome end_errno(int errnum, char *reason, size_t reason_size) {
  char buffer[128];
  return end_read(FILE_UNREADABLE, reason, reason_size, "%s", strerror_r(errnum, buffer, sizeof buffer));
}

static const char *type_name(mode_t mode) {
  if (S_ISDIR(mode)) return "a folder";
  if (S_ISFIFO(mode)) return "a FIFO";
  if (S_ISSOCK(mode)) return "a socket";
  if (S_ISCHR(mode)) return "a character device";
  if (S_ISBLK(mode)) return "a block device";
  return "something else";
}

static enum file_outcome end_not_regular(mode_t mode, char *reason, size_t reason_size) {
  return end_read(FILE_NOT_REGULAR, reason, reason_size, "%s, not a regular file", type_name(mode));
}

static enum file_outcome end_stat(int dirfd, const char *path, int errnum, char *reason, size_t reason_size) {
  struct stat link;
  if (errnum == ENOENT && fstatat(dirfd, path, &link, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(link.st_mode))
    return end_read(FILE_UNREADABLE, reason, reason_size, "a dangling symbolic link");
  return end_errno(errnum, reason, reason_size);
}

static bool same_content(const struct stat *a, const struct stat *b) {
  return a->st_size == b->st_size && a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

/* Bytes read from `offset`, less than `size` only at the end of the file; -1 with errno set. */
static ssize_t read_at(int fd, uint8_t *bytes, size_t size, uint64_t offset) {
  for (;;) {
    const size_t want = size < MAX_TRANSFER_BYTES ? size : MAX_TRANSFER_BYTES;
    const ssize_t got = pread(fd, bytes, want, (off_t)offset);
    if (got >= 0 || errno != EINTR) return got;
  }
}

static enum file_outcome read_open_file(int fd, const struct stat *before, struct file_buffer *buffer, char *reason,
                                        size_t reason_size) {
  const size_t size = (size_t)before->st_size;
  /* The extra byte is where growth shows. */
  while (buffer->size <= size) {
    const ssize_t got = read_at(fd, buffer->bytes + buffer->size, size + 1 - buffer->size, buffer->size);
    if (got < 0) return end_errno(errno, reason, reason_size);
    if (got == 0) break;
    buffer->size += (size_t)got;
  }
  struct stat after;
  if (fstat(fd, &after) != 0) return end_errno(errno, reason, reason_size);
  if (buffer->size > size) return end_read(FILE_CHANGED, reason, reason_size, "grew while being read");
  if (buffer->size < size) return end_read(FILE_CHANGED, reason, reason_size, "shrank while being read");
  if (!same_content(before, &after))
    return end_read(FILE_CHANGED, reason, reason_size, "was modified while being read");
  return FILE_READ;
}

/* Opens what fstatat showed, and makes sure that it still is what was opened. */
static enum file_outcome open_regular(int dirfd, const char *path, const struct file_bound *bound, int *fd,
                                      struct stat *found, char *reason, size_t reason_size) {
  struct stat before;
  if (fstatat(dirfd, path, &before, bound->no_link ? AT_SYMLINK_NOFOLLOW : 0) != 0)
    return end_stat(dirfd, path, errno, reason, reason_size);
  if ((bound->no_link && S_ISLNK(before.st_mode)) ||
      (bound->known && (before.st_dev != bound->device || before.st_ino != bound->inode)))
    return end_read(FILE_CHANGED, reason, reason_size, "was replaced while being scanned");
  if (!S_ISREG(before.st_mode)) return end_not_regular(before.st_mode, reason, reason_size);
  do *fd = openat(dirfd, path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  while (*fd < 0 && errno == EINTR);
  if (*fd < 0) return end_errno(errno, reason, reason_size);
  if (fstat(*fd, found) != 0) return end_errno(errno, reason, reason_size);
  if (!S_ISREG(found->st_mode)) return end_not_regular(found->st_mode, reason, reason_size);
  if (found->st_dev != before.st_dev || found->st_ino != before.st_ino)
    return end_read(FILE_CHANGED, reason, reason_size, "was replaced while being opened");
  return FILE_READ;
}

enum file_outcome file_read(int dirfd, const char *path, uint64_t max_bytes, struct file_buffer *buffer, char *reason,
                            size_t reason_size) {
  return file_read_bound(dirfd, path, &(struct file_bound){0}, max_bytes, buffer, reason, reason_size);
}

enum file_outcome file_read_bound(int dirfd, const char *path, const struct file_bound *bound, uint64_t max_bytes,
                                  struct file_buffer *buffer, char *reason, size_t reason_size) {
  int fd = -1;
  struct stat found;
  buffer->size = 0;
  enum file_outcome outcome = open_regular(dirfd, path, bound, &fd, &found, reason, reason_size);
  if (outcome != FILE_READ) goto end;
  const uint64_t size = (uint64_t)found.st_size;
  if (size > max_bytes) {
    outcome = end_read(FILE_TOO_LARGE, reason, reason_size, "%llu bytes, more than max_file_bytes %llu",
                       (unsigned long long)size, (unsigned long long)max_bytes);
    goto end;
  }
  if (size >= SIZE_MAX / 2 || !buffer_reserve(buffer, (size_t)size + 1)) {
    outcome = end_read(FILE_NO_MEMORY, reason, reason_size, "out of memory");
    goto end;
  }
  outcome = read_open_file(fd, &found, buffer, reason, reason_size);
end:
  if (outcome != FILE_READ) buffer->size = 0;
  if (fd >= 0) close(fd);
  return outcome;
}

static bool buffer_grow(struct file_buffer *buffer) {
  if (buffer->size < buffer->capacity) return true;
  size_t capacity = FIRST_STREAM_BYTES;
  if (buffer->capacity > 0 && !checked_mul(buffer->capacity, 2, &capacity)) return false;
  return buffer_reserve(buffer, capacity);
}

/* Like read(2), but waits where a non-blocking stream has nothing yet. */
static ssize_t read_stream(int fd, uint8_t *bytes, size_t size) {
  for (;;) {
    const ssize_t got = read(fd, bytes, size < MAX_TRANSFER_BYTES ? size : MAX_TRANSFER_BYTES);
    if (got >= 0) return got;
    if (errno == EAGAIN) {
      struct pollfd wait = {.fd = fd, .events = POLLIN};
      if (poll(&wait, 1, -1) < 0 && errno != EINTR) return -1;
    } else if (errno != EINTR) {
      return -1;
    }
  }
}

enum file_outcome file_read_stream(int fd, uint64_t max_bytes, struct file_buffer *buffer, char *reason,
                                   size_t reason_size) {
  buffer->size = 0;
  for (;;) {
    if (!buffer_grow(buffer)) {
      buffer->size = 0;
      return end_read(FILE_NO_MEMORY, reason, reason_size, "out of memory");
    }
    const ssize_t got = read_stream(fd, buffer->bytes + buffer->size, buffer->capacity - buffer->size);
    if (got == 0) return FILE_READ;
    if (got < 0) {
      buffer->size = 0;
      return end_errno(errno, reason, reason_size);
    }
    buffer->size += (size_t)got;
    if (buffer->size > max_bytes) {
      buffer->size = 0;
      return end_read(FILE_TOO_LARGE, reason, reason_size, "more than max_file_bytes %llu",
                      (unsigned long long)max_bytes);
    }
  }
}

/* ---- Mappings -------------------------------------------------------------------------------------------------- */

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

static int map_open(int dirfd, const char *name, int flags, struct file_map *map) {
  *map = (struct file_map){0};
  const int fd = openat(dirfd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  if (fd < 0) return errno;
  const int failed = map_open_file(fd, flags, map);
  close(fd);
  return failed;
}

int file_map_open(int dirfd, const char *name, struct file_map *map) {
  return map_open(dirfd, name, MAP_POPULATE, map);
}

int file_map_open_sparse(int dirfd, const char *name, struct file_map *map) {
  return map_open(dirfd, name, 0, map);
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
  size_t capacity = writer->capacity == 0 ? FIRST_STREAM_BYTES : writer->capacity;
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

hashscan_code file_writer_take(struct file_writer *writer, struct file_buffer *bytes, hashscan_error *error) {
  if (writer->failed_errno != 0) {
    file_writer_abort(writer);
    return error_memory(error);
  }
  *bytes = (struct file_buffer){.bytes = writer->buffer, .size = writer->used, .capacity = writer->capacity};
  writer->buffer = NULL;
  return HASHSCAN_SUCCESS;
}
