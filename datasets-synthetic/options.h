/* SPDX-License-Identifier: Apache-2.0 */
/* The command line: one table of flags feeds the parser and the help. */
#ifndef DATASET_OPTIONS_H
#define DATASET_OPTIONS_H

#include "alter.h"
#include "hashes.h"
#include "picture.h"

enum command { COMMAND_PICTURES = 1, COMMAND_ALTERED = 2, COMMAND_HASHES = 4 };

struct options {
  enum command command;
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

enum options_outcome { OPTIONS_RUN, OPTIONS_HELP, OPTIONS_WRONG };

/* OPTIONS_HELP: help went to stdout. OPTIONS_WRONG: `failure` says why. Strings point into argv. */
enum options_outcome options_parse(int argc, char **argv, struct options *options, struct failure *failure);

/* The commands (commands.c). */
bool command_pictures(const struct options *options, struct failure *failure);
bool command_altered(const struct options *options, struct failure *failure);

#endif
