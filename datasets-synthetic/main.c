/* SPDX-License-Identifier: Apache-2.0 */
/* hashscan-dataset: seeded synthetic pictures, altered copies and hash lists. Exit status 0, 1 when the work failed, 2
 * for a wrong command line; the reason is one line on stderr. */
#include <stdio.h>

#include "options.h"

static bool run(const struct options *options, struct failure *failure) {
  switch (options->command) {
  case COMMAND_PICTURES:
    return command_pictures(options, failure);
  case COMMAND_ALTERED:
    return command_altered(options, failure);
  default:
    return hashes_write(&options->hashes, failure);
  }
}

int main(int argc, char **argv) {
  struct options options;
  struct failure failure = {""};
  enum options_outcome outcome = options_parse(argc, argv, &options, &failure);
  if (outcome == OPTIONS_HELP) return fflush(stdout) == 0 ? 0 : 1;
  if (outcome == OPTIONS_RUN && run(&options, &failure)) return 0;
  fprintf(stderr, "hashscan-dataset: %s\n", failure.text);
  return outcome == OPTIONS_WRONG ? 2 : 1;
}
