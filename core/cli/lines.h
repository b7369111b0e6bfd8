/* SPDX-License-Identifier: Apache-2.0 */
/* Lines from a file or pipe, however many: one buffer, nothing kept. Waiting ends when a signal asks to stop. */
#ifndef HASHSCAN_CLI_LINES_H
#define HASHSCAN_CLI_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Longer lines are cut here. Neither a path nor a hash is that long, so a cut line still fails as what it is. */
#define LINES_MAX_LENGTH (64 * 1024)

struct lines {
  int fd;
  char delimiter;
  bool ended;
  bool skipping; /* the rest of a cut line is still to come */
  int failed_errno;
  uint64_t number; /* of the line last given out, from 1 */
  size_t start;    /* of the next line in the buffer */
  size_t scanned;  /* no delimiter between start and here */
  size_t end;
  char buffer[2 * LINES_MAX_LENGTH + 1];
};

enum lines_result { LINES_LINE, LINES_END, LINES_STOPPED, LINES_FAILED };

void lines_open(struct lines *lines, int fd, char delimiter);

/* The next line without its delimiter, terminated; it may hold NUL bytes. Valid until the next call. */
enum lines_result lines_next(struct lines *lines, char **line, size_t *length);

/* Whether lines_next would answer without waiting. */
bool lines_ready(const struct lines *lines);

#endif
