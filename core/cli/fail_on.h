/* SPDX-License-Identifier: Apache-2.0 */
/* Which answers make an exit status other than 0: the default of scan and query, or what --fail-on lists. */
#ifndef HASHSCAN_CLI_FAIL_ON_H
#define HASHSCAN_CLI_FAIL_ON_H

#include <stdbool.h>

#include "hashscan.h"

/* Sets of bits by hashscan_outcome and hashscan_status. */
struct fail_on {
  unsigned outcomes, statuses;
};

/* A match, or an input that could not be examined. */
#define FAIL_ON_DEFAULT                                                                                                \
  { 1u << HASHSCAN_OUTCOME_MATCH | 1u << HASHSCAN_OUTCOME_UNEXAMINED, 0 }

/* How a run went. */
struct fail_on_run {
  struct fail_on seen; /* the outcomes and statuses that inputs had */
  bool interrupted;
  bool failed; /* an error ended the run */
};

/* Reads names with commas between them: outcomes, the first `statuses` of hashscan_status, or "none" alone. Nothing is
 * set when a name is unknown: it is given out, with its length. */
bool fail_on_parse(struct fail_on *fail_on, const char *text, unsigned statuses, const char **unknown, size_t *length);

/* Writes the names that fail_on_parse knows, with commas between them. */
void fail_on_names(unsigned statuses, char *text, size_t size);

/* The exit code of a run that came to its end or was interrupted (commands.h). */
int fail_on_exit(const struct fail_on *fail_on, const struct fail_on_run *run);

#endif
