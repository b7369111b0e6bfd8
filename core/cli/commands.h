/* SPDX-License-Identifier: Apache-2.0 */
/* What every command of the program shares: its description, its exit codes, and the list of all commands. A command
 * describes itself once, in a struct command; the parser, --help, the man page and the completions all read that. */
#ifndef HASHSCAN_CLI_COMMANDS_H
#define HASHSCAN_CLI_COMMANDS_H

#include "options.h"

enum exit_code {
  EXIT_COMPLETE = 0,   /* done, and no match */
  EXIT_MATCH = 1,      /* at least one match (scan and query), whatever else happened: results are written */
  EXIT_FATAL = 2,      /* wrong usage, results that cannot be written, or no match before an error ended the run */
  EXIT_UNEXAMINED = 3, /* no match, but some image could not be examined, or something else that --fail-on names */
  EXIT_INTERRUPTED = 4 /* no match, and ended early by a signal; what is finished was written */
};

struct command {
  const char *name;             /* as typed: "scan", "index build" */
  const char *operands;         /* for the usage line */
  const char *summary;          /* one line without a full stop */
  const struct option *options; /* ends with a nameless one; --help is understood everywhere and not listed */
  int (*run)(const struct command *command, int argc, char **argv); /* arguments after the name; gives exit_code */
};

extern const struct command command_hash, command_index_add, command_index_build, command_index_compact,
    command_index_info, command_index_remove, command_index_update, command_index_verify, command_query, command_scan,
    command_selftest;

/* All of them in the order of the manual, ended by NULL. */
extern const struct command *const commands[];

#endif
