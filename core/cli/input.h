/* SPDX-License-Identifier: Apache-2.0 */
/* One image file, or standard input, read whole. */
#ifndef HASHSCAN_CLI_INPUT_H
#define HASHSCAN_CLI_INPUT_H

#include <stdbool.h>

#include "hashscan.h"

/* Kept between files. Start from zero. */
struct input {
  uint8_t *bytes;
  size_t size;
  size_t capacity;
};

/* Reads `path`; "-" is standard input. OK, or the status that hashscan_scan gives such a file, with one line in
 * `reason`. Only regular files are opened, so nothing here waits on a FIFO or wakes a device. */
hashscan_status input_read(struct input *input, const char *path, uint64_t max_bytes,
                           char reason[HASHSCAN_REASON_SIZE]);

void input_free(struct input *input);

#endif
