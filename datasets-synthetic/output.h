/* SPDX-License-Identifier: Apache-2.0 */
/* Files written whole or not at all, folders, and streams whose errors are noticed. */
#ifndef DATASET_OUTPUT_H
#define DATASET_OUTPUT_H

#include <stddef.h>
#include <stdio.h>

#include "failure.h"

/* Memory that grows; start from zero. */
struct output_bytes {
  uint8_t *data;
  size_t size, capacity;
};

bool output_append(struct output_bytes *bytes, const void *data, size_t size);

/* Writes the file anew; on failure it is gone. */
bool output_file(const char *path, const struct output_bytes *bytes, struct failure *failure);

/* Creates the folder and its parents where they are missing. */
bool output_folder(const char *path, struct failure *failure);

/* A file or, for "-", standard output. output_close takes the result of the work so far: after a failure, or when the
 * last bytes do not reach the disk, a regular file is removed. */
struct output_stream {
  const char *path;
  FILE *file;
  int errnum; /* of the first failed write that output_good saw */
};

bool output_open(struct output_stream *stream, const char *path, struct failure *failure);

/* False when a write has failed; asked right after writing, it keeps the cause for output_close. */
bool output_good(struct output_stream *stream);
bool output_close(struct output_stream *stream, bool good, struct failure *failure);

#endif
