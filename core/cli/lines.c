/* SPDX-License-Identifier: Apache-2.0 */
/* Lines from a file or pipe. */
#include "lines.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "stop.h"

void lines_open(struct lines *lines, int fd, char delimiter) {
  lines->fd = fd;
  lines->delimiter = delimiter;
  lines->ended = lines->skipping = false;
  lines->failed_errno = 0;
  lines->number = 0;
  lines->start = lines->scanned = lines->end = 0;
}

/* Waits for input or for a signal; false for the signal. */
static bool wait_for_input(const struct lines *lines) {
  struct pollfd wait[2] = {{.fd = lines->fd, .events = POLLIN}, {.fd = stop_fd(), .events = POLLIN}};
  while (!stop_requested()) {
    if (poll(wait, 2, -1) < 0 && errno != EINTR) return true; /* the read will say what is wrong */
    if (wait[0].revents != 0) return true;
  }
  return false;
}

static enum lines_result fill(struct lines *lines) {
  if (lines->start > 0) {
    memmove(lines->buffer, lines->buffer + lines->start, lines->end - lines->start);
    lines->scanned -= lines->start;
    lines->end -= lines->start;
    lines->start = 0;
  }
  for (;;) {
    if (!wait_for_input(lines)) return LINES_STOPPED;
    const ssize_t got = read(lines->fd, lines->buffer + lines->end, sizeof lines->buffer - 1 - lines->end);
    if (got < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (got < 0) {
      lines->failed_errno = errno;
      return LINES_FAILED;
    }
    lines->ended = got == 0;
    lines->end += (size_t)got;
    return LINES_LINE;
  }
}

/* Gives out [start, start + length) and goes on after it, and after the delimiter when there was one. */
static void take(struct lines *lines, size_t length, bool delimited, char **line, size_t *line_length) {
  *line = lines->buffer + lines->start;
  *line_length = length;
  lines->start += length + (delimited ? 1 : 0);
  lines->scanned = lines->start;
  if (delimited || lines->ended) (*line)[length] = '\0';
  lines->number++;
}

/* A line longer than the maximum: gives out its start, and drops bytes until its delimiter. The byte at the cut makes
 * room for the terminator. */
static void cut(struct lines *lines, char **line, size_t *length) {
  take(lines, LINES_MAX_LENGTH, false, line, length);
  (*line)[LINES_MAX_LENGTH] = '\0';
  lines->start++;
  lines->scanned = lines->start;
  lines->skipping = true;
}

enum lines_result lines_next(struct lines *lines, char **line, size_t *length) {
  for (;;) {
    char *from = lines->buffer + lines->scanned;
    char *found = memchr(from, lines->delimiter, lines->end - lines->scanned);
    lines->scanned = lines->end;
    if (lines->skipping) {
      lines->skipping = found == NULL;
      lines->start = lines->scanned = found != NULL ? (size_t)(found - lines->buffer) + 1 : lines->end;
      if (found != NULL) continue;
    }
    const size_t have = (found != NULL ? (size_t)(found - lines->buffer) : lines->end) - lines->start;
    if (have > LINES_MAX_LENGTH) {
      cut(lines, line, length);
      return LINES_LINE;
    }
    if (found != NULL || (lines->ended && have > 0)) {
      take(lines, have, found != NULL, line, length);
      return LINES_LINE;
    }
    if (lines->ended) return LINES_END;
    const enum lines_result result = fill(lines);
    if (result != LINES_LINE) return result;
  }
}

bool lines_ready(const struct lines *lines) {
  if (memchr(lines->buffer + lines->start, lines->delimiter, lines->end - lines->start) != NULL) return true;
  if (lines->ended) return true;
  struct pollfd input = {.fd = lines->fd, .events = POLLIN};
  return poll(&input, 1, 0) > 0;
}
