/* SPDX-License-Identifier: Apache-2.0 */
/* Buffered results, and result files that appear under their name only when they are finished. */
#include "output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "message.h"

/* How each line of ours begins; see may_replace. */
#define RESULT_PREFIX "{\"type\":\""

void output_open_stdout(struct output *out) {
  out->fd = STDOUT_FILENO;
  out->failed_errno = 0;
  out->target = out->partial = NULL;
  out->used = 0;
}

static bool may_replace(const char *path) {
  char start[sizeof RESULT_PREFIX - 1];
  const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
  if (fd < 0) return errno == ENOENT;
  const ssize_t got = read(fd, start, sizeof start);
  close(fd);
  return got == 0 || (got == (ssize_t)sizeof start && memcmp(start, RESULT_PREFIX, sizeof start) == 0);
}

/* A link keeps pointing where it points: the file behind it is the target. */
static char *resolve(const char *path) {
  char *resolved = realpath(path, NULL);
  return resolved != NULL ? resolved : strdup(path);
}

static bool open_partial(struct output *out, const char *path) {
  out->target = resolve(path);
  if (out->target == NULL || asprintf(&out->partial, "%s.partial", out->target) < 0) {
    out->partial = NULL;
    errno = ENOMEM;
    return false;
  }
  out->fd = open(out->partial, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC, 0666);
  return out->fd >= 0;
}

static void free_names(struct output *out) {
  free(out->target);
  free(out->partial);
  out->target = out->partial = NULL;
}

bool output_open_file(struct output *out, const char *path) {
  output_open_stdout(out);
  struct stat status;
  const bool exists = stat(path, &status) == 0;
  if (exists && (S_ISCHR(status.st_mode) || S_ISFIFO(status.st_mode))) {
    out->fd = open(path, O_WRONLY | O_NOCTTY | O_CLOEXEC);
  } else if (exists && !S_ISREG(status.st_mode)) {
    message("%s: results cannot be written there: not a file", path);
    return false;
  } else if (exists && !may_replace(path)) {
    message("%s: exists and holds no results of hashscan; not replaced", path);
    return false;
  } else if (!open_partial(out, path)) {
    out->fd = -1;
  }
  if (out->fd >= 0) return true;
  message("%s: %s", path, strerror(errno));
  free_names(out);
  return false;
}

static void write_all(struct output *out, const char *bytes, size_t size) {
  while (size > 0 && out->failed_errno == 0) {
    const ssize_t written = write(out->fd, bytes, size);
    if (written < 0) {
      if (errno != EINTR) out->failed_errno = errno;
      continue;
    }
    bytes += written;
    size -= (size_t)written;
  }
}

bool output_flush(struct output *out) {
  write_all(out, out->buffer, out->used);
  out->used = 0;
  return out->failed_errno == 0;
}

void output_put(struct output *out, const void *bytes, size_t size) {
  const char *from = bytes;
  while (size > 0) {
    if (out->used == sizeof out->buffer) output_flush(out);
    const size_t room = sizeof out->buffer - out->used;
    const size_t part = size < room ? size : room;
    memcpy(out->buffer + out->used, from, part);
    out->used += part;
    from += part;
    size -= part;
  }
}

void output_text(struct output *out, const char *text) {
  output_put(out, text, strlen(text));
}

void output_format(struct output *out, const char *format, ...) {
  char text[1024];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  output_text(out, text);
}

static void commit(struct output *out) {
  if (out->failed_errno == 0 && fsync(out->fd) != 0) out->failed_errno = errno;
  if (close(out->fd) != 0 && out->failed_errno == 0) out->failed_errno = errno;
  if (out->failed_errno == 0 && rename(out->partial, out->target) != 0) out->failed_errno = errno;
}

bool output_finish(struct output *out) {
  output_flush(out);
  if (out->target != NULL) commit(out);
  const bool written = out->failed_errno == 0;
  if (!written && out->target != NULL)
    message("%s: %s; what was written is in %s", out->target, strerror(out->failed_errno), out->partial);
  else if (!written) message("writing the results failed: %s", strerror(out->failed_errno));
  free_names(out);
  return written;
}
