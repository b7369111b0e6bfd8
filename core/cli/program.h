/* SPDX-License-Identifier: Apache-2.0 */
/* A program made of commands. Each of the three programs (hashscan, hashscan-dataset, hashscan-bench) describes itself
 * once, in a struct program with a table of options for each command; the parser, --help, the man page and the
 * completions all read that. */
#ifndef HASHSCAN_CLI_PROGRAM_H
#define HASHSCAN_CLI_PROGRAM_H

#include "options.h"

/* Of a command line that is wrong, and of results that cannot be written. Other exit codes are the command's. */
#define PROGRAM_MISUSED 2

struct command {
  const char *name;             /* as typed: "scan", "index build" */
  const char *operands;         /* for the usage line */
  const char *summary;          /* one line without a full stop */
  const struct option *options; /* ends with a nameless one; --help is understood everywhere and not listed */
  int (*run)(const struct command *command, int argc,
             char **argv); /* arguments after the name; returns the exit code */
};

struct program {
  const char *name;                      /* as typed */
  const char *summary;                   /* one line without a full stop */
  const char *help_end;                  /* where more is written: the last line of every help; NULL: nowhere */
  const struct command *const *commands; /* in the order of the manual, ended by NULL */
};

/* The one that this is; defined in its main.c. */
extern const struct program program;

/* Finds the command and runs it, or answers --help, --version and what the build asks for (generate.h). Returns the
 * exit code. */
int program_run(int argc, char **argv);

#endif
