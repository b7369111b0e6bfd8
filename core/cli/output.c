/* SPDX-License-Identifier: Apache-2.0 */
/* Buffered results, and result files that appear under their name only when they are finished. */
#include "output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "message.h"

/* How each line of ours begins; see open_replaceable. */
#define RESULT_PREFIX "{\"type\":\""

void output_open_stdout(struct output *out) {
  out->fd = STDOUT_FILENO;
  out->failed_errno = 0;
  out->target = out->partial = NULL;
  out->used = 0;
}

/* ---- Result files ------------------------------------------------------------------------------------------------*/

/* Whether what stands at `path` is ours to replace: empty, or the beginning of results. `fd` is -1 when nothing stands
 * there. False: said on stderr. */
static bool open_replaceable(const char *path, int flags, int *fd) {
  char start[sizeof RESULT_PREFIX - 1];
  struct stat status;
  *fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY | flags);
  if (*fd < 0 && errno == ENOENT) return true;
  const bool regular = *fd >= 0 && fstat(*fd, &status) == 0 && S_ISREG(status.st_mode);
  const ssize_t got = regular ? read(*fd, start, sizeof start) : -1;
  if (got == 0 || (got == (ssize_t)sizeof start && memcmp(start, RESULT_PREFIX, sizeof start) == 0)) return true;
  if (*fd < 0 && errno != ELOOP) message("%s: %s", path, strerror(errno));
  else message("%s: exists and holds no results of hashscan; not replaced", path);
  if (*fd >= 0) close(*fd);
  return false;
}

/* Makes way for a new partial file. What an interrupted run has left is removed and not written over: its bytes may
 * have another name. One that is being written is locked by its writer. False: said on stderr. */
static bool remove_leftover(const char *partial) {
  int fd;
  if (!open_replaceable(partial, O_NOFOLLOW, &fd)) return false;
  if (fd < 0) return true;
  const bool busy = flock(fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK;
  const bool removed = !busy && unlink(partial) == 0;
  if (busy) message("%s: is being written by another process", partial);
  else if (!removed) message("%s: %s", partial, strerror(errno));
  close(fd);
  return removed;
}

/* A link keeps pointing where it points: the file behind it is the target. */
static char *resolve(const char *path) {
  char *resolved = realpath(path, NULL);
  return resolved != NULL ? resolved : strdup(path);
}

static void free_names(struct output *out) {
  free(out->target);
  free(out->partial);
  out->target = out->partial = NULL;
}

/* False: said on stderr. */
static bool open_partial(struct output *out, const char *path, mode_t mode) {
  out->target = resolve(path);
  if (out->target == NULL || asprintf(&out->partial, "%s.partial", out->target) < 0) {
    out->partial = NULL;
    message("%s: %s", path, strerror(ENOMEM));
    return false;
  }
  if (!remove_leftover(out->partial)) return false;
  out->fd = open(out->partial, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC, mode);
  if (out->fd < 0) message("%s: %s", path, strerror(errno));
  else flock(out->fd, LOCK_EX | LOCK_NB); /* where files cannot be locked, nothing is lost but the warning */
  return out->fd >= 0;
}

bool output_open_file(struct output *out, const char *path, bool secret) {
  output_open_stdout(out);
  struct stat status;
  const bool exists = stat(path, &status) == 0;
  if (exists && (S_ISCHR(status.st_mode) || S_ISFIFO(status.st_mode))) {
    out->fd = open(path, O_WRONLY | O_NOCTTY | O_CLOEXEC);
    if (out->fd < 0) message("%s: %s", path, strerror(errno));
    return out->fd >= 0;
  }
  if (exists && !S_ISREG(status.st_mode)) {
    message("%s: results cannot be written there: not a file", path);
    return false;
  }
  int target;
  if (!open_replaceable(path, 0, &target)) return false;
  if (target >= 0) close(target);
  if (open_partial(out, path, secret ? 0600 : 0666)) return true;
  free_names(out);
  return false;
}

/* The new name must reach the disk as well. A folder that may be written and not read cannot be synced. */
static int sync_folder(const char *target) {
  const char *slash = strrchr(target, '/');
  char *folder = slash == NULL ? strdup(".") : strndup(target, (size_t)(slash - target) + 1);
  if (folder == NULL) return ENOMEM;
  const int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  int failed = fd < 0 && errno != EACCES ? errno : 0;
  if (fd >= 0 && fsync(fd) != 0) failed = errno;
  if (fd >= 0) close(fd);
  free(folder);
  return failed;
}

/* Gives the file its final name. False: said on stderr. */
static bool commit(struct output *out) {
  if (out->failed_errno == 0 && fsync(out->fd) != 0) out->failed_errno = errno;
  if (out->failed_errno == 0 && rename(out->partial, out->target) != 0) out->failed_errno = errno;
  if (close(out->fd) != 0 && out->failed_errno == 0) out->failed_errno = errno;
  if (out->failed_errno != 0) {
    message("%s: %s; what was written is in %s", out->target, strerror(out->failed_errno), out->partial);
    return false;
  }
  out->failed_errno = sync_folder(out->target);
  if (out->failed_errno != 0)
    message("%s: is written, but its folder cannot be synced: %s", out->target, strerror(out->failed_errno));
  return out->failed_errno == 0;
}

/* ---- Writing -----------------------------------------------------------------------------------------------------*/

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

bool output_finish(struct output *out) {
  output_flush(out);
  if (out->target != NULL) {
    const bool committed = commit(out);
    free_names(out);
    return committed;
  }
  if (out->failed_errno != 0) message("writing the results failed: %s", strerror(out->failed_errno));
  return out->failed_errno == 0;
}
