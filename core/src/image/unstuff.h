/* SPDX-License-Identifier: Apache-2.0 */
/* Entropy-coded segments, what lies between two markers of a JPEG scan, without the zeros that are stuffed in after
 * each FF (T.81 B.1.1.5). */
#ifndef HASHSCAN_IMAGE_UNSTUFF_H
#define HASHSCAN_IMAGE_UNSTUFF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct unstuff {
  const uint8_t *bytes; /* the file */
  size_t size;
  size_t at;  /* next byte to copy; at the end of a segment, the FF of the marker */
  bool whole; /* the segment was copied to its end */
};

/* Copies until `room` bytes are filled or the segment ends, and returns how many were. FF before anything but a zero
 * ends it, and so does the end of the file. */
size_t unstuff_copy(struct unstuff *unstuff, uint8_t *out, size_t room);

/* Goes on with the next segment. False unless this one is whole and the marker RST0 + (number & 7) follows. */
bool unstuff_restart(struct unstuff *unstuff, unsigned number);

#endif
