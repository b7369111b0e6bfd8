/* SPDX-License-Identifier: Apache-2.0 */
/* What the command line orders, checked, for the code that does it. */
#ifndef DATASET_OPTIONS_H
#define DATASET_OPTIONS_H

#include "alter.h"
#include "hashes.h"
#include "picture.h"

struct options {
  const char *out;
  const char *manifest;
  bool digest;
  int threads;
  struct picture_set set;
  enum alteration alterations[ALTERATIONS];
  int alteration_count;
  int copies; /* of each picture; at most alteration_count */
  struct hashes_options hashes;
};

/* The work of the commands `pictures` and `altered` (commands.c). */
bool pictures_write(const struct options *options, struct failure *failure);
bool altered_write(const struct options *options, struct failure *failure);

#endif
