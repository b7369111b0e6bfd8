/* SPDX-License-Identifier: Apache-2.0 */
/* Text made from the tables of a program (program.h): shell completions and manuals. Each function writes to standard
 * output and returns the exit code. */
#ifndef HASHSCAN_CLI_GENERATE_H
#define HASHSCAN_CLI_GENERATE_H

/* PROGRAM completions bash|zsh|fish */
int generate_completions(int argc, char **argv);

/* PROGRAM man-options: for each command a line `.\" options of COMMAND`, its options as mdoc list items, and a line
 * `.\" end`. core/doc/refresh_man.py puts them into the manual of hashscan. */
int generate_man_options(int argc, char **argv);

/* PROGRAM man-page: the whole manual of a program that has no other. */
int generate_man_page(int argc, char **argv);

#endif
