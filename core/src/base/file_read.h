/* SPDX-License-Identifier: Apache-2.0 */
/* Inputs: whole reads that notice change. How a read ends is a terminal status, as it is with decoding: ok; unsupported
 * for what is not a regular file; unreadable; changed; or limit, which stands for missing memory too. `reason` gets one
 * line unless the status is ok. */
#ifndef HASHSCAN_BASE_FILE_READ_H
#define HASHSCAN_BASE_FILE_READ_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/buffer.h"
#include "hashscan.h"

/* Reads the regular file at `path` (relative to the folder `dirfd`, or AT_FDCWD) whole into `buffer`. Symbolic links
 * are followed. Never blocks on a FIFO or device: the type is checked before and after a non-blocking open. Changed:
 * size or modification time differ after the read. */
hashscan_status file_read(int dirfd, const char *path, uint64_t max_bytes, struct buffer *buffer,
                          char reason[HASHSCAN_REASON_SIZE]);

/* What the walk that found a file knows of it. */
struct file_bound {
  bool no_link;
  bool known; /* then it is the file `inode` of `device`, or another one now */
  dev_t device;
  ino_t inode;
};

/* Like file_read, for a file that must be what `bound` says; changed when it is not. */
hashscan_status file_read_bound(int dirfd, const char *path, const struct file_bound *bound, uint64_t max_bytes,
                                struct buffer *buffer, char reason[HASHSCAN_REASON_SIZE]);

/* Reads a stream (standard input) to its end, at most max_bytes. Ok, unreadable or limit. */
hashscan_status file_read_stream(int fd, uint64_t max_bytes, struct buffer *buffer, char reason[HASHSCAN_REASON_SIZE]);

#endif
