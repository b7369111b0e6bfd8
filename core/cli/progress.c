/* SPDX-License-Identifier: Apache-2.0 */
/* The progress line: bar, count, rates, matches and time left, cut to the terminal's width. */
#include "progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#define MAX_COLUMNS 200
#define BAR_MIN 10
#define BAR_MAX 40

double progress_clock(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static int terminal_columns(void) {
  struct winsize size;
  if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return 80;
  return size.ws_col < MAX_COLUMNS ? size.ws_col : MAX_COLUMNS;
}

static int format_time_left(char *text, size_t size, double seconds) {
  const uint64_t whole = seconds < 1e9 ? (uint64_t)(seconds + 0.5) : 999999999;
  if (whole < 3600) return snprintf(text, size, ", %" PRIu64 ":%02" PRIu64 " left", whole / 60, whole % 60);
  return snprintf(text, size, ", %" PRIu64 ":%02" PRIu64 ":%02" PRIu64 " left", whole / 3600, whole / 60 % 60,
                  whole % 60);
}

/* Everything but the bar. */
static int format_state(char *text, size_t size, const hashscan_progress *state, double elapsed) {
  const double images = (double)state->done / elapsed;
  int used = snprintf(text, size, "%" PRIu64 "/%" PRIu64 "%s, %.0f images/s, %.1f MB/s, %" PRIu64 " matches",
                      state->done, state->total, state->total_known ? "" : "+", images,
                      (double)state->bytes / 1e6 / elapsed, state->matches);
  if (state->total_known && state->done > 0 && state->total >= state->done)
    used += format_time_left(text + used, size - (size_t)used, (double)(state->total - state->done) / images);
  return used;
}

static int format_bar(char *text, const hashscan_progress *state, int width) {
  const double part = state->total > 0 ? (double)state->done / (double)state->total : 1;
  const int filled = (int)((part < 1 ? part : 1) * width);
  text[0] = '[';
  memset(text + 1, '#', (size_t)filled);
  memset(text + 1 + filled, '-', (size_t)(width - filled));
  text[1 + width] = ']';
  text[2 + width] = ' ';
  return width + 3;
}

void progress_show(struct progress *progress, const hashscan_progress *state) {
  char line[MAX_COLUMNS + BAR_MAX + 16] = "\r";
  char text[MAX_COLUMNS];
  const double elapsed = progress_clock() - progress->started;
  const int length = format_state(text, sizeof text, state, elapsed > 1e-3 ? elapsed : 1e-3);
  const int columns = terminal_columns() - 1; /* the last column would wrap on some terminals */
  const int room = columns - length - 3;
  int used = 1;
  if (state->total_known && room >= BAR_MIN) used += format_bar(line + used, state, room < BAR_MAX ? room : BAR_MAX);
  used += snprintf(line + used, sizeof line - (size_t)used, "%.*s\x1b[K", columns, text);
  fwrite(line, 1, (size_t)used, stderr);
  progress->shown = true;
}

void progress_erase(struct progress *progress) {
  if (progress->shown) fputs("\r\x1b[K", stderr);
  progress->shown = false;
}
