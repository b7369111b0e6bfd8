/* SPDX-License-Identifier: Apache-2.0 */
/* One line on the terminal that says how far a scan is. */
#ifndef HASHSCAN_CLI_PROGRESS_H
#define HASHSCAN_CLI_PROGRESS_H

#include <stdbool.h>

#include "hashscan.h"

struct progress {
  double started; /* seconds on the monotonic clock */
  bool shown;     /* a line stands on the terminal */
};

/* Seconds on the monotonic clock. */
double progress_clock(void);

void progress_show(struct progress *progress, const hashscan_progress *state);

/* Takes the line away, so that other text can be written. */
void progress_erase(struct progress *progress);

#endif
