/* SPDX-License-Identifier: Apache-2.0 */
/* Finds the command, and answers --help and --version. */
#include "program.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "generate.h"
#include "message.h"
#include "output.h"

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
  for (size_t i = 0; program.commands[i] != NULL; i++) {
    *used = match_name(program.commands[i]->name, argc, argv);
    if (*used > 0) return program.commands[i];
  }
  return NULL;
}

/* Commands of two words whose first is `group`; their second words, with commas between them. False: there are none. */
static bool group_words(const char *group, char *words, size_t size) {
  const size_t length = strlen(group);
  size_t used = 0;
  words[0] = '\0';
  for (size_t i = 0; program.commands[i] != NULL && used < size; i++) {
    const char *name = program.commands[i]->name;
    if (strncmp(name, group, length) != 0 || name[length] != ' ') continue;
    used += (size_t)snprintf(words + used, size - used, "%s%s", used > 0 ? ", " : "", name + length + 1);
  }
  return used > 0;
}

static int unknown_command(int argc, char **argv) {
  char words[256];
  if (argc == 0) message("no command given (see %s --help)", program.name);
  else if (group_words(argv[0], words, sizeof words))
    message("%s needs one of %s (see %s --help)", argv[0], words, program.name);
  else message("unknown %s '%s' (see %s --help)", argv[0][0] == '-' ? "option" : "command", argv[0], program.name);
  return PROGRAM_MISUSED;
}

static void write_overview(struct output *out) {
  output_format(out, "%s.\n\nUsage: %s COMMAND [OPTION]... [OPERAND]...\n\nCommands:\n", program.summary, program.name);
  for (size_t i = 0; program.commands[i] != NULL; i++)
    output_format(out, "  %-15s%s\n", program.commands[i]->name, program.commands[i]->summary);
  output_format(out,
                "\nOptions:\n"
                "  -h, --help     Show this help; %s COMMAND --help shows a command's.\n"
                "  -V, --version  Show the version and the SIMD tier in use.\n",
                program.name);
  if (program.help_end != NULL) output_format(out, "\n%s\n", program.help_end);
}

static int help(int argc, char **argv) {
  int used;
  const struct command *command = argc > 0 ? find_command(argc, argv, &used) : NULL;
  if (argc > 0 && command == NULL) return unknown_command(argc, argv);
  struct output out;
  output_open_stdout(&out);
  if (command != NULL) options_write_help(command, &out);
  else write_overview(&out);
  return output_finish(&out) ? 0 : PROGRAM_MISUSED;
}

static int version(void) {
  struct output out;
  output_open_stdout(&out);
  output_format(&out, "%s %s (%s)\n", program.name, hashscan_version(), hashscan_cpu());
  return output_finish(&out) ? 0 : PROGRAM_MISUSED;
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

int program_run(int argc, char **argv) {
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
  if (argc > 0 && strcmp(argv[0], "man-page") == 0) return generate_man_page(argc - 1, argv + 1);
  return unknown_command(argc, argv);
}
