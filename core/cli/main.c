/* SPDX-License-Identifier: Apache-2.0 */
/* The hashscan program: its commands. */
#include "commands.h"

static const struct command *const commands[] = {&command_hash,         &command_index_build,  &command_index_add,
                                                 &command_index_remove, &command_index_update, &command_index_compact,
                                                 &command_index_info,   &command_index_verify, &command_query,
                                                 &command_scan,         &command_selftest,     NULL};

const struct program program = {
    .name = "hashscan",
    .summary = "Finds copies of known images by comparing perceptual hashes with published hash lists",
    .help_end = "\"man hashscan\" describes the output and the exit status.",
    .commands = commands,
};

int main(int argc, char **argv) {
  return program_run(argc, argv);
}
