/* SPDX-License-Identifier: Apache-2.0 */
/* Writing to disk. Every short write, failed close and full disk becomes a failure with the path in it, and leaves no
 * half-written file behind. */
#include "output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

bool failure_set(struct failure *failure, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(failure->text, sizeof failure->text, format, arguments);
  va_end(arguments);
  return false;
}

bool failure_errno(struct failure *failure, const char *path, int errnum) {
  char reason[128];
  return failure_set(failure, "%s: %s", path, strerror_r(errnum, reason, sizeof reason));
}

bool output_append(struct output_bytes *bytes, const void *data, size_t size) {
  if (size > bytes->capacity - bytes->size) {
    size_t capacity = bytes->capacity + bytes->capacity / 2 + size + 65536;
    uint8_t *grown = realloc(bytes->data, capacity);
    if (grown == NULL) return false;
    bytes->data = grown;
    bytes->capacity = capacity;
  }
  memcpy(bytes->data + bytes->size, data, size);
  bytes->size += size;
  return true;
}

static int write_all(int fd, const uint8_t *data, size_t size) {
  while (size > 0) {
    ssize_t written = write(fd, data, size);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return errno;
    data += written;
    size -= (size_t)written;
  }
  return 0;
}

/* A device such as /dev/full is never removed. */
static void remove_regular(const char *path) {
  struct stat status;
  if (lstat(path, &status) == 0 && S_ISREG(status.st_mode)) unlink(path);
}

bool output_file(const char *path, const struct output_bytes *bytes, struct failure *failure) {
  int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (fd < 0) return failure_errno(failure, path, errno);
  int errnum = write_all(fd, bytes->data, bytes->size);
  if (close(fd) != 0 && errnum == 0) errnum = errno;
  if (errnum == 0) return true;
  remove_regular(path);
  return failure_errno(failure, path, errnum);
}

bool output_folder(const char *path, struct failure *failure) {
  char partial[4096];
  size_t length = strlen(path);
  if (length == 0 || length >= sizeof partial) return failure_set(failure, "%s: not a usable folder name", path);
  for (size_t end = 1; end <= length; end++) {
    if (path[end] != '/' && path[end] != '\0') continue;
    memcpy(partial, path, end);
    partial[end] = '\0';
    if (mkdir(partial, 0777) != 0 && errno != EEXIST) return failure_errno(failure, partial, errno);
  }
  struct stat status;
  if (stat(path, &status) != 0) return failure_errno(failure, path, errno);
  return S_ISDIR(status.st_mode) || failure_errno(failure, path, ENOTDIR);
}

bool output_open(struct output_stream *stream, const char *path, struct failure *failure) {
  *stream = (struct output_stream){.path = path};
  stream->file = strcmp(path, "-") == 0 ? stdout : fopen(path, "we");
  return stream->file != NULL || failure_errno(failure, path, errno);
}

bool output_good(struct output_stream *stream) {
  if (ferror(stream->file) && stream->errnum == 0) stream->errnum = errno;
  return stream->errnum == 0;
}

bool output_close(struct output_stream *stream, bool good, struct failure *failure) {
  bool standard = stream->file == stdout;
  bool damaged = ferror(stream->file) != 0;
  errno = EIO; /* for an error that nobody looked at when it happened */
  int ended = standard ? fflush(stream->file) : fclose(stream->file);
  if (good && (damaged || ended != 0)) {
    int errnum = stream->errnum != 0 ? stream->errnum : errno;
    good = failure_errno(failure, standard ? "standard output" : stream->path, errnum);
  }
  if (!good && !standard) remove_regular(stream->path);
  return good;
}
