/* SPDX-License-Identifier: Apache-2.0 */
/* Monotonic time. */
#ifndef HASHSCAN_BASE_CLOCK_H
#define HASHSCAN_BASE_CLOCK_H

#include <time.h>

/* Seconds since an arbitrary start; never goes back. */
static inline double clock_seconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

#endif
