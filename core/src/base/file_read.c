/* SPDX-License-Identifier: Apache-2.0 */
/* Reading inputs.
 *
 * A read is a snapshot or it is an error: the size is known before, one byte past it is requested, and size and
 * modification time are compared after. The change time is left out on purpose: it also moves when a file is linked,
 * renamed or given other permissions, which leaves the bytes alone. */
#include "base/file_read.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/checked.h"
#include "base/error.h"

#define FIRST_STREAM_BYTES ((size_t)64 << 10)
#define MAX_TRANSFER_BYTES ((size_t)1 << 30) /* Linux moves at most 2 GiB less a page a call */

__attribute__((format(printf, 3, 4))) static hashscan_status
end_read(hashscan_status status, char reason[HASHSCAN_REASON_SIZE], const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  if (vsnprintf(reason, HASHSCAN_REASON_SIZE, format, arguments) < 0) reason[0] = '\0';
  va_end(arguments);
  return status;
}

static hashscan_status end_errno(int errnum, char reason[HASHSCAN_REASON_SIZE]) {
  char buffer[ERROR_TEXT_BYTES];
  return end_read(HASHSCAN_STATUS_UNREADABLE, reason, "%s", error_text(errnum, buffer, sizeof buffer));
}

static const char *type_name(mode_t mode) {
  if (S_ISDIR(mode)) return "a folder";
  if (S_ISFIFO(mode)) return "a FIFO";
  if (S_ISSOCK(mode)) return "a socket";
  if (S_ISCHR(mode)) return "a character device";
  if (S_ISBLK(mode)) return "a block device";
  return "something else";
}

static hashscan_status end_not_regular(mode_t mode, char reason[HASHSCAN_REASON_SIZE]) {
  return end_read(HASHSCAN_STATUS_UNSUPPORTED, reason, "%s, not a regular file", type_name(mode));
}

static hashscan_status end_stat(int dirfd, const char *path, int errnum, char reason[HASHSCAN_REASON_SIZE]) {
  struct stat link;
  if (errnum == ENOENT && fstatat(dirfd, path, &link, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(link.st_mode))
    return end_read(HASHSCAN_STATUS_UNREADABLE, reason, "a dangling symbolic link");
  return end_errno(errnum, reason);
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

static hashscan_status read_open_file(int fd, const struct stat *before, struct buffer *buffer,
                                      char reason[HASHSCAN_REASON_SIZE]) {
  const size_t size = (size_t)before->st_size;
  /* The extra byte is where growth shows. */
  while (buffer->size <= size) {
    const ssize_t got = read_at(fd, buffer->bytes + buffer->size, size + 1 - buffer->size, buffer->size);
    if (got < 0) return end_errno(errno, reason);
    if (got == 0) break;
    buffer->size += (size_t)got;
  }
  struct stat after;
  if (fstat(fd, &after) != 0) return end_errno(errno, reason);
  if (buffer->size > size) return end_read(HASHSCAN_STATUS_CHANGED, reason, "grew while being read");
  if (buffer->size < size) return end_read(HASHSCAN_STATUS_CHANGED, reason, "shrank while being read");
  if (!same_content(before, &after)) return end_read(HASHSCAN_STATUS_CHANGED, reason, "was modified while being read");
  return HASHSCAN_STATUS_OK;
}

/* Opens what fstatat showed, and makes sure that it still is what was opened. */
static hashscan_status open_regular(int dirfd, const char *path, const struct file_bound *bound, int *fd,
                                    struct stat *found, char reason[HASHSCAN_REASON_SIZE]) {
  struct stat before;
  if (fstatat(dirfd, path, &before, bound->no_link ? AT_SYMLINK_NOFOLLOW : 0) != 0)
    return end_stat(dirfd, path, errno, reason);
  if ((bound->no_link && S_ISLNK(before.st_mode)) ||
      (bound->known && (before.st_dev != bound->device || before.st_ino != bound->inode)))
    return end_read(HASHSCAN_STATUS_CHANGED, reason, "was replaced while being scanned");
  if (!S_ISREG(before.st_mode)) return end_not_regular(before.st_mode, reason);
  do *fd = openat(dirfd, path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  while (*fd < 0 && errno == EINTR);
  if (*fd < 0) return end_errno(errno, reason);
  if (fstat(*fd, found) != 0) return end_errno(errno, reason);
  if (!S_ISREG(found->st_mode)) return end_not_regular(found->st_mode, reason);
  if (found->st_dev != before.st_dev || found->st_ino != before.st_ino)
    return end_read(HASHSCAN_STATUS_CHANGED, reason, "was replaced while being opened");
  return HASHSCAN_STATUS_OK;
}

hashscan_status file_read(int dirfd, const char *path, uint64_t max_bytes, struct buffer *buffer,
                          char reason[HASHSCAN_REASON_SIZE]) {
  return file_read_bound(dirfd, path, &(struct file_bound){0}, max_bytes, buffer, reason);
}

hashscan_status file_read_bound(int dirfd, const char *path, const struct file_bound *bound, uint64_t max_bytes,
                                struct buffer *buffer, char reason[HASHSCAN_REASON_SIZE]) {
  int fd = -1;
  struct stat found;
  buffer->size = 0;
  hashscan_status status = open_regular(dirfd, path, bound, &fd, &found, reason);
  if (status != HASHSCAN_STATUS_OK) goto end;
  /* analyze: end_read never returns OK, so `found` is set here. */
  const uint64_t size = (uint64_t)found.st_size;
  if (size > max_bytes) {
    status = end_read(HASHSCAN_STATUS_LIMIT, reason, "%llu bytes, more than max_file_bytes %llu",
                      (unsigned long long)size, (unsigned long long)max_bytes);
    goto end;
  }
  if (size >= SIZE_MAX / 2 || !buffer_reserve(buffer, (size_t)size + 1)) {
    status = end_read(HASHSCAN_STATUS_LIMIT, reason, "out of memory");
    goto end;
  }
  status = read_open_file(fd, &found, buffer, reason);
end:
  if (status != HASHSCAN_STATUS_OK) buffer->size = 0;
  if (fd >= 0) close(fd);
  return status;
}

/* Makes room for at least one more byte. */
static bool make_room(struct buffer *buffer) {
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

hashscan_status file_read_stream(int fd, uint64_t max_bytes, struct buffer *buffer, char reason[HASHSCAN_REASON_SIZE]) {
  buffer->size = 0;
  for (;;) {
    if (!make_room(buffer)) {
      buffer->size = 0;
      return end_read(HASHSCAN_STATUS_LIMIT, reason, "out of memory");
    }
    const ssize_t got = read_stream(fd, buffer->bytes + buffer->size, buffer->capacity - buffer->size);
    if (got == 0) return HASHSCAN_STATUS_OK;
    if (got < 0) {
      buffer->size = 0;
      return end_errno(errno, reason);
    }
    buffer->size += (size_t)got;
    if (buffer->size > max_bytes) {
      buffer->size = 0;
      return end_read(HASHSCAN_STATUS_LIMIT, reason, "more than max_file_bytes %llu", (unsigned long long)max_bytes);
    }
  }
}
