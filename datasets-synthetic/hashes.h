/* SPDX-License-Identifier: Apache-2.0 */
/* Hash lists of up to 1e8 entries without any picture behind them. */
#ifndef DATASET_HASHES_H
#define DATASET_HASHES_H

#include "failure.h"

enum hashes_data {
  HASHES_UNIFORM,  /* independent random 256-bit values; entry i is a function of (seed, i) */
  HASHES_CLUSTERED /* runs of 1 to 300 like frames of a video: a few bits off a walking centre, weight exactly 128 */
};

enum hashes_format {
  HASHES_TEXT,   /* one hex hash a line */
  HASHES_BINARY, /* 32 bytes each, in the order of the hex digits */
  HASHES_CSV     /* hash,kind,id,labels */
};

struct hashes_options {
  const char *out; /* "-" for standard output */
  uint64_t count, seed;
  enum hashes_data data;
  enum hashes_format format;
};

bool hashes_write(const struct hashes_options *options, struct failure *failure);

#endif
