/* SPDX-License-Identifier: Apache-2.0 */
/* Text made from the option tables. */
#include "generate.h"

#include <string.h>

#include "commands.h"
#include "enumerations.h"
#include "fail_on.h"
#include "message.h"
#include "output.h"

/* ---- The manual (mdoc) -------------------------------------------------------------------------------------------*/

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

int generate_man_options(int argc, char **argv) {
  if (argc > 0) {
    message("man-options takes no '%s'", argv[0]);
    return EXIT_FATAL;
  }
  struct output out;
  output_open_stdout(&out);
  for (size_t i = 0; commands[i] != NULL; i++) {
    output_format(&out, ".\\\" options of %s\n", commands[i]->name);
    options_each(commands[i], man_option, &out);
    output_text(&out, ".\\\" end\n");
  }
  return output_finish(&out) ? EXIT_COMPLETE : EXIT_FATAL;
}

/* ---- bash --------------------------------------------------------------------------------------------------------*/

struct completion {
  struct output *out;
  const struct command *command;
};

static void put_words(struct output *out, const char *choices) {
  for (; *choices != '\0'; choices++) output_put(out, *choices == '|' ? " " : choices, 1);
}

static bool has_words(const struct option *option) {
  return option->type == OPTION_CHOICE || option->type == OPTION_FAIL_ON || enumeration_of(option->type);
}

/* The values that an option may have, of a list those that it may be made of. */
static void option_words(struct output *out, const struct option *option) {
  char names[512], words[OPTION_WORDS_SIZE];
  if (option->type != OPTION_FAIL_ON) {
    put_words(out, option_value(option, words));
    return;
  }
  fail_on_names((unsigned)option->max, names, sizeof names);
  for (const char *c = names; *c != '\0'; c++)
    if (*c != ',') output_put(out, c, 1);
}

static void bash_choices(const struct option *option, void *user) {
  const struct completion *completion = user;
  if (!has_words(option)) return;
  output_format(completion->out, "    \"%s --%s\") words=\"", completion->command->name, option->name);
  option_words(completion->out, option);
  output_text(completion->out, "\" ;;\n");
}

static void bash_names(const struct option *option, void *user) {
  const struct completion *completion = user;
  output_format(completion->out, " --%s", option->name);
}

static void write_bash(struct output *out) {
  output_text(out, "# bash completion for hashscan\n_hashscan() {\n"
                   "  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]} words=\n"
                   "  local command=${COMP_WORDS[1]}\n"
                   "  [[ $command == index && $COMP_CWORD -gt 2 ]] && command=\"index ${COMP_WORDS[2]}\"\n"
                   "  if [[ $COMP_CWORD -eq 1 ]]; then words=\"hash index query scan selftest help --help --version\"\n"
                   "  elif [[ $command == index && $COMP_CWORD -eq 2 ]]; then words=\"build add remove update compact "
                   "info verify\"\n"
                   "  else case \"$command $previous\" in\n");
  for (size_t i = 0; commands[i] != NULL; i++)
    options_each(commands[i], bash_choices, &(struct completion){out, commands[i]});
  output_text(out, "    *) [[ $current == -* ]] && case \"$command\" in\n");
  for (size_t i = 0; commands[i] != NULL; i++) {
    output_format(out, "      \"%s\") words=\"", commands[i]->name);
    options_each(commands[i], bash_names, &(struct completion){out, commands[i]});
    output_text(out, "\" ;;\n");
  }
  output_text(out, "    esac ;;\n  esac; fi\n"
                   "  COMPREPLY=()\n"
                   "  [[ -n $words ]] && COMPREPLY=($(compgen -W \"$words\" -- \"$current\"))\n"
                   "  return 0\n}\ncomplete -o default -F _hashscan hashscan\n");
}

/* ---- fish --------------------------------------------------------------------------------------------------------*/

/* Help texts hold no quotes or backslashes. */
static void fish_option(const struct option *option, void *user) {
  const struct completion *completion = user;
  struct output *out = completion->out;
  const char *name = completion->command->name;
  const char *sub = strchr(name, ' ');
  output_text(out, "complete -c hashscan -n '__fish_seen_subcommand_from ");
  output_put(out, name, sub != NULL ? (size_t)(sub - name) : strlen(name));
  if (sub != NULL) output_format(out, "; and __fish_seen_subcommand_from%s", sub);
  output_format(out, "' -l %s", option->name);
  if (option->letter != 0) output_format(out, " -s %c", option->letter);
  if (has_words(option)) {
    output_text(out, " -x -a '");
    option_words(out, option);
    output_text(out, "'");
  } else if (option->type != OPTION_FLAG) {
    output_text(out, " -r");
  }
  output_format(out, " -d \"%.*s\"\n", (int)strcspn(option->help, "."), option->help);
}

static void write_fish(struct output *out) {
  output_text(out, "# fish completion for hashscan\n"
                   "complete -c hashscan -n __fish_use_subcommand -a 'hash index query scan selftest help'\n"
                   "complete -c hashscan -n '__fish_seen_subcommand_from index; and not __fish_seen_subcommand_from "
                   "build add remove update compact info verify' -a 'build add remove update compact info verify'\n");
  for (size_t i = 0; commands[i] != NULL; i++)
    options_each(commands[i], fish_option, &(struct completion){out, commands[i]});
}

int generate_completions(int argc, char **argv) {
  const char *shell = argc == 1 ? argv[0] : "";
  const bool bash = strcmp(shell, "bash") == 0;
  if (!bash && strcmp(shell, "fish") != 0) {
    message("completions needs bash or fish");
    return EXIT_FATAL;
  }
  struct output out;
  output_open_stdout(&out);
  if (bash) write_bash(&out);
  else write_fish(&out);
  return output_finish(&out) ? EXIT_COMPLETE : EXIT_FATAL;
}
