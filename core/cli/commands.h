/* SPDX-License-Identifier: Apache-2.0 */
/* The commands of hashscan, each in a file of its own, and their exit codes. */
#ifndef HASHSCAN_CLI_COMMANDS_H
#define HASHSCAN_CLI_COMMANDS_H

#include "program.h"

enum exit_code {
  EXIT_COMPLETE = 0,   /* done, and no match */
  EXIT_MATCH = 1,      /* at least one match (scan and query), whatever else happened: results are written */
  EXIT_FATAL = 2,      /* wrong usage, results that cannot be written, or no match before an error ended the run */
  EXIT_UNEXAMINED = 3, /* no match, but some image could not be examined, or something else that --fail-on names */
  EXIT_INTERRUPTED = 4 /* no match, and ended early by a signal; what is finished was written */
};

extern const struct command command_hash, command_index_add, command_index_build, command_index_compact,
    command_index_info, command_index_remove, command_index_update, command_index_verify, command_query, command_scan,
    command_selftest;

#endif
