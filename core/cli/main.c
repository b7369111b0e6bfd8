/* SPDX-License-Identifier: Apache-2.0 */
/* The hashscan program: finds the command, and answers --help and --version. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "commands.h"
#include "generate.h"
#include "message.h"
#include "output.h"

const struct command *const commands[] = {&command_hash,         &command_index_build,  &command_index_add,
                                          &command_index_remove, &command_index_update, &command_index_compact,
                                          &command_index_info,   &command_index_verify, &command_query,
                                          &command_scan,         &command_selftest,     NULL};

/* How many arguments name the command: 2 for "index build". */
static int match_name(const char *name, int argc, char **argv) {
  int used = 0;
  while (used < argc) {
    const size_t length = strlen(argv[used]);
    if (strncmp(name, argv[used], length) != 0) return 0;
    used++;
    if (name[length] == '\0') return used;
    if (name[length] != ' ' || length == 0) return 0;
    name += length + 1;
  }
  return 0;
}

static const struct command *find_command(int argc, char **argv, int *used) {
  for (size_t i = 0; commands[i] != NULL; i++) {
    *used = match_name(commands[i]->name, argc, argv);
    if (*used > 0) return commands[i];
  }
  return NULL;
}

static int unknown_command(int argc, char **argv) {
  if (argc == 0) message("no command given (see hashscan --help)");
  else if (strcmp(argv[0], "index") == 0)
    message("index needs build, add, remove, update, compact, info or verify (see hashscan --help)");
  else message("unknown %s '%s' (see hashscan --help)", argv[0][0] == '-' ? "option" : "command", argv[0]);
  return EXIT_FATAL;
}

static void write_overview(struct output *out) {
  output_text(out, "Finds copies of known images by comparing perceptual hashes with published hash lists.\n\n"
                   "Usage: hashscan COMMAND [OPTION]... [OPERAND]...\n\nCommands:\n");
  for (size_t i = 0; commands[i] != NULL; i++)
    output_format(out, "  %-15s%s\n", commands[i]->name, commands[i]->summary);
  output_text(out, "\nOptions:\n"
                   "  -h, --help     Show this help; hashscan COMMAND --help shows a command's.\n"
                   "  -V, --version  Show the version and the SIMD tier in use.\n"
                   "\n\"man hashscan\" describes the output and the exit status.\n");
}

static int help(int argc, char **argv) {
  int used;
  const struct command *command = argc > 0 ? find_command(argc, argv, &used) : NULL;
  if (argc > 0 && command == NULL) return unknown_command(argc, argv);
  struct output out;
  output_open_stdout(&out);
  if (command != NULL) options_write_help(command, &out);
  else write_overview(&out);
  return output_finish(&out) ? EXIT_COMPLETE : EXIT_FATAL;
}

static int version(void) {
  struct output out;
  output_open_stdout(&out);
  output_format(&out, "hashscan %s (%s)\n", hashscan_version(), hashscan_cpu());
  return output_finish(&out) ? EXIT_COMPLETE : EXIT_FATAL;
}

static bool is_one_of(const char *text, const char *long_form, const char *short_form) {
  return strcmp(text, long_form) == 0 || strcmp(text, short_form) == 0;
}

/* Where a standard stream was closed, the next file opened would take its number and our results with it. Opened the
 * wrong way round, so that using the stream still fails. */
static void occupy_standard_streams(void) {
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
    if (fcntl(fd, F_GETFD) < 0) (void)!open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY);
}

int main(int argc, char **argv) {
  occupy_standard_streams();
  /* A reader that goes away is a failed write, with a line on stderr, and no silent death. */
  signal(SIGPIPE, SIG_IGN);
  argc--;
  argv++;
  int used;
  const struct command *command = find_command(argc, argv, &used);
  if (command != NULL) return command->run(command, argc - used, argv + used);
  if (argc > 0 && is_one_of(argv[0], "--help", "-h")) return help(0, NULL);
  if (argc > 0 && is_one_of(argv[0], "--version", "-V")) return version();
  if (argc > 0 && strcmp(argv[0], "help") == 0) return help(argc - 1, argv + 1);
  if (argc > 0 && strcmp(argv[0], "completions") == 0) return generate_completions(argc - 1, argv + 1);
  if (argc > 0 && strcmp(argv[0], "man-options") == 0) return generate_man_options(argc - 1, argv + 1);
  return unknown_command(argc, argv);
}
