/* SPDX-License-Identifier: Apache-2.0 */
/* Text made from the option tables: shell completions, and the option lists of the manual. */
#ifndef HASHSCAN_CLI_GENERATE_H
#define HASHSCAN_CLI_GENERATE_H

/* hashscan completions bash|fish */
int generate_completions(int argc, char **argv);

/* hashscan man-options: for each command a line `.\" options of COMMAND`, its options as mdoc list items, and a line
 * `.\" end`. core/doc/refresh_man.py puts them into the manual. */
int generate_man_options(int argc, char **argv);

#endif
