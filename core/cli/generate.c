/* SPDX-License-Identifier: Apache-2.0 */
/* Manual text made from the option tables. */
#include "generate.h"

#include <ctype.h>
#include <string.h>

#include "message.h"
#include "output.h"
#include "program.h"

/* Each sentence on a line of its own, as mdoc wants it; hyphens before a letter are those of options. */
static void man_sentences(struct output *out, const char *text) {
  for (; *text != '\0'; text++) {
    if (text[0] == '.' && text[1] == ' ') {
      output_text(out, ".\n");
      text++;
    } else if (text[0] == '-' && text[1] == '-') {
      output_text(out, "\\-\\-");
      text++;
    } else {
      output_put(out, text, 1);
    }
  }
  output_text(out, "\n");
}

static void man_option(const struct option *option, void *user) {
  struct output *out = user;
  char words[OPTION_WORDS_SIZE];
  const char *value = option_value(option, words);
  output_text(out, ".It ");
  if (option->letter != 0) output_format(out, "Fl %c , ", option->letter);
  output_format(out, "Fl -%s", option->name);
  if (value != NULL) output_format(out, " Ar %s", value);
  output_text(out, "\n");
  man_sentences(out, option->help);
}

static bool takes_nothing(const char *what, int argc, char **argv) {
  if (argc > 0) message("%s takes no '%s'", what, argv[0]);
  return argc == 0;
}

int generate_man_options(int argc, char **argv) {
  if (!takes_nothing("man-options", argc, argv)) return PROGRAM_MISUSED;
  struct output out;
  output_open_stdout(&out);
  for (size_t i = 0; program.commands[i] != NULL; i++) {
    output_format(&out, ".\\\" options of %s\n", program.commands[i]->name);
    options_each(program.commands[i], man_option, &out);
    output_text(&out, ".\\\" end\n");
  }
  return output_finish(&out) ? 0 : PROGRAM_MISUSED;
}

static void man_command(struct output *out, const struct command *command) {
  output_format(out, ".Ss %s", command->name);
  if (command->operands[0] != '\0') output_format(out, " %s", command->operands);
  output_format(out, "\n%s.\n.Bl -tag -width Ds\n", command->summary);
  options_each(command, man_option, out);
  output_text(out, ".El\n");
}

/* No page says when it was changed last, since it is made anew by every build. */
int generate_man_page(int argc, char **argv) {
  if (!takes_nothing("man-page", argc, argv)) return PROGRAM_MISUSED;
  struct output out;
  output_open_stdout(&out);
  output_text(&out,
              ".\\\" Written by the program itself, from the tables that its parser reads.\n.Dd January 1, 2026\n.Dt ");
  for (const char *c = program.name; *c != '\0'; c++) output_format(&out, "%c", toupper((unsigned char)*c));
  output_format(&out, " 1\n.Os\n.Sh NAME\n.Nm %s\n.Nd %s\n.Sh SYNOPSIS\n.Nm\n.Ar COMMAND\n", program.name,
                program.summary);
  output_text(&out, ".Op Ar OPTION ...\n.Op Ar OPERAND ...\n.Sh COMMANDS\n");
  for (size_t i = 0; program.commands[i] != NULL; i++) man_command(&out, program.commands[i]);
  output_text(&out, ".Sh SEE ALSO\n.Xr hashscan 1\n");
  return output_finish(&out) ? 0 : PROGRAM_MISUSED;
}
