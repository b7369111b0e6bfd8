/* SPDX-License-Identifier: Apache-2.0 */
/* Shell completions made from the option tables. Names, choices and operands hold letters, digits and a few marks that
 * mean nothing to a shell; help texts are quoted. */
#include <string.h>

#include "enumerations.h"
#include "fail_on.h"
#include "generate.h"
#include "message.h"
#include "output.h"
#include "program.h"

/* What completes one option, for options_each. */
struct completion {
  struct output *out;
  const struct command *command;
};

/* ---- What all shells need ----------------------------------------------------------------------------------------*/

static size_t first_word(const char *name) {
  return strcspn(name, " ");
}

/* Commands with the same first word stand beside each other. */
static bool begins_group(size_t i) {
  const char *name = program.commands[i]->name;
  const size_t length = first_word(name);
  const char *before = i > 0 ? program.commands[i - 1]->name : "";
  return first_word(before) != length || memcmp(before, name, length) != 0;
}

static bool has_second_word(size_t i) {
  const char *name = program.commands[i]->name;
  return name[first_word(name)] != '\0';
}

static bool same_group(size_t i, size_t j) {
  const size_t length = first_word(program.commands[i]->name);
  return length == first_word(program.commands[j]->name) &&
         memcmp(program.commands[i]->name, program.commands[j]->name, length) == 0;
}

static void put_group(struct output *out, size_t i) {
  output_put(out, program.commands[i]->name, first_word(program.commands[i]->name));
}

/* The first word of every command, once, and what else may stand there. */
static void put_first_words(struct output *out) {
  for (size_t i = 0; program.commands[i] != NULL; i++) {
    if (!begins_group(i)) continue;
    put_group(out, i);
    output_text(out, " ");
  }
  output_text(out, "help");
}

/* The second words of the group that command `i` begins. */
static void put_second_words(struct output *out, size_t i) {
  for (size_t j = i; program.commands[j] != NULL && same_group(i, j); j++) {
    const char *name = program.commands[j]->name;
    output_format(out, "%s%s", j > i ? " " : "", name + first_word(name) + 1);
  }
}

/* A name of functions: the program's, with underscores. */
static void put_function(struct output *out) {
  output_text(out, "_");
  for (const char *c = program.name; *c != '\0'; c++) output_put(out, *c == '-' ? "_" : c, 1);
}

static void put_words(struct output *out, const char *choices) {
  for (; *choices != '\0'; choices++) output_put(out, *choices == '|' ? " " : choices, 1);
}

static bool has_words(const struct option *option) {
  return option->type == OPTION_CHOICE || option->type == OPTION_FAIL_ON || enumeration_of(option->type);
}

/* The values that an option may have, of a list those that it may be made of. */
static void put_option_words(struct output *out, const struct option *option) {
  char names[512], words[OPTION_WORDS_SIZE];
  if (option->type != OPTION_FAIL_ON) {
    put_words(out, option_value(option, words));
    return;
  }
  fail_on_names((unsigned)option->max, names, sizeof names);
  for (const char *c = names; *c != '\0'; c++)
    if (*c != ',') output_put(out, c, 1);
}

/* The first sentence of the help. */
static size_t brief(const struct option *option) {
  const char *end = strstr(option->help, ". ");
  return end != NULL ? (size_t)(end - option->help) : strcspn(option->help, ".");
}

/* ---- bash --------------------------------------------------------------------------------------------------------*/

static void bash_choices(const struct option *option, void *user) {
  const struct completion *completion = user;
  if (!has_words(option)) return;
  output_format(completion->out, "    \"%s --%s\"", completion->command->name, option->name);
  if (option->letter != 0) output_format(completion->out, " | \"%s -%c\"", completion->command->name, option->letter);
  output_text(completion->out, ") words=\"");
  put_option_words(completion->out, option);
  output_text(completion->out, "\" ;;\n");
}

static void bash_names(const struct option *option, void *user) {
  const struct completion *completion = user;
  output_format(completion->out, " --%s", option->name);
}

/* Sets `command`, and completes second words where one is being typed. */
static void bash_groups(struct output *out) {
  output_text(out, "  case $command in\n");
  for (size_t i = 0; program.commands[i] != NULL; i++) {
    if (!begins_group(i) || !has_second_word(i)) continue;
    output_text(out, "  ");
    put_group(out, i);
    output_text(out, ") second=\"");
    put_second_words(out, i);
    output_text(out, "\" ;;\n");
  }
  output_text(out, "  esac\n  [[ -n $second && $COMP_CWORD -gt 2 ]] && command=\"$command ${COMP_WORDS[2]}\"\n");
}

static void write_bash(struct output *out) {
  output_format(out, "# bash completion for %s\n", program.name);
  put_function(out);
  output_text(out, "() {\n"
                   "  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]} words= second=\n"
                   "  local command=${COMP_WORDS[1]}\n");
  bash_groups(out);
  output_text(out, "  if [[ $COMP_CWORD -eq 1 ]]; then words=\"");
  put_first_words(out);
  output_text(out, " --help --version\"\n"
                   "  elif [[ -n $second && $COMP_CWORD -eq 2 ]]; then words=$second\n"
                   "  else case \"$command $previous\" in\n");
  for (size_t i = 0; program.commands[i] != NULL; i++)
    options_each(program.commands[i], bash_choices, &(struct completion){out, program.commands[i]});
  output_text(out, "    *) [[ $current == -* ]] && case \"$command\" in\n");
  for (size_t i = 0; program.commands[i] != NULL; i++) {
    output_format(out, "      \"%s\") words=\"", program.commands[i]->name);
    options_each(program.commands[i], bash_names, &(struct completion){out, program.commands[i]});
    output_text(out, "\" ;;\n");
  }
  output_text(out, "    esac ;;\n  esac; fi\n"
                   "  COMPREPLY=()\n"
                   "  [[ -n $words ]] && COMPREPLY=($(compgen -W \"$words\" -- \"$current\"))\n"
                   "  return 0\n}\ncomplete -o default -F ");
  put_function(out);
  output_format(out, " %s\n", program.name);
}

/* ---- zsh ---------------------------------------------------------------------------------------------------------*/

/* Inside single quotes and the brackets or colons of a specification. */
static void zsh_text(struct output *out, const char *text, size_t length) {
  for (; length > 0; length--, text++) {
    if (*text == '\'') output_text(out, "'\\''");
    else if (strchr("[]:\\", *text) != NULL) output_format(out, "\\%c", *text);
    else output_put(out, text, 1);
  }
}

/* What follows an option: its help, and for a value a message and how it is completed. */
static void zsh_value(struct output *out, const struct option *option) {
  output_text(out, "[");
  zsh_text(out, option->help, brief(option));
  output_text(out, "]");
  if (option->type == OPTION_FLAG) return;
  output_format(out, ":%s:", option->name);
  if (has_words(option)) {
    output_text(out, option->type == OPTION_FAIL_ON ? "_sequence compadd - " : "(");
    put_option_words(out, option);
    output_text(out, option->type == OPTION_FAIL_ON ? "" : ")");
  } else {
    output_text(out, "_files");
  }
}

static void zsh_option(const struct option *option, void *user) {
  const struct completion *completion = user;
  struct output *out = completion->out;
  const char *again = option->type == OPTION_TEXTS ? "*" : "";
  const bool valued = option->type != OPTION_FLAG;
  output_format(out, " \\\n      '%s--%s%s", again, option->name, valued ? "=" : "");
  zsh_value(out, option);
  output_text(out, "'");
  if (option->letter == 0) return;
  output_format(out, " \\\n      '%s-%c%s", again, option->letter, valued ? "+" : "");
  zsh_value(out, option);
  output_text(out, "'");
}

static void zsh_groups(struct output *out) {
  output_text(out, "  case $words[2] in\n");
  for (size_t i = 0; program.commands[i] != NULL; i++) {
    if (!begins_group(i) || !has_second_word(i)) continue;
    output_text(out, "  ");
    put_group(out, i);
    output_text(out, ")\n    if (( CURRENT == 3 )); then compadd -- ");
    put_second_words(out, i);
    output_text(out, "; return; fi\n    command=\"$words[2] $words[3]\" skip=2 ;;\n");
  }
  output_text(out, "  esac\n");
}

static void write_zsh(struct output *out) {
  output_format(out, "#compdef %s\n", program.name);
  put_function(out);
  output_text(out, "() {\n  local command=$words[2] skip=1\n  if (( CURRENT == 2 )); then compadd -- ");
  put_first_words(out);
  output_text(out, " --help --version; return; fi\n");
  zsh_groups(out);
  output_text(out, "  shift $skip words\n  (( CURRENT -= skip ))\n  case $command in\n");
  for (size_t i = 0; program.commands[i] != NULL; i++) {
    output_format(out, "  '%s')\n    _arguments -s -S", program.commands[i]->name);
    options_each(program.commands[i], zsh_option, &(struct completion){out, program.commands[i]});
    output_text(out, " \\\n      '*:file:_files' ;;\n");
  }
  output_text(out, "  esac\n}\n");
  put_function(out);
  output_text(out, " \"$@\"\n");
}

/* ---- fish --------------------------------------------------------------------------------------------------------*/

static void fish_text(struct output *out, const char *text, size_t length) {
  for (; length > 0; length--, text++) {
    if (*text == '\'' || *text == '\\') output_text(out, "\\");
    output_put(out, text, 1);
  }
}

static void fish_option(const struct option *option, void *user) {
  const struct completion *completion = user;
  struct output *out = completion->out;
  const char *name = completion->command->name;
  const char *second = name[first_word(name)] != '\0' ? name + first_word(name) : NULL;
  output_format(out, "complete -c %s -n '__fish_seen_subcommand_from ", program.name);
  output_put(out, name, first_word(name));
  if (second != NULL) output_format(out, "; and __fish_seen_subcommand_from%s", second);
  output_format(out, "' -l %s", option->name);
  if (option->letter != 0) output_format(out, " -s %c", option->letter);
  if (has_words(option)) {
    output_text(out, " -x -a '");
    put_option_words(out, option);
    output_text(out, "'");
  } else if (option->type != OPTION_FLAG) {
    output_text(out, " -r");
  }
  output_text(out, " -d '");
  fish_text(out, option->help, brief(option));
  output_text(out, "'\n");
}

static void write_fish(struct output *out) {
  output_format(out, "# fish completion for %s\ncomplete -c %s -n __fish_use_subcommand -a '", program.name,
                program.name);
  put_first_words(out);
  output_text(out, "'\n");
  for (size_t i = 0; program.commands[i] != NULL; i++) {
    if (!begins_group(i) || !has_second_word(i)) continue;
    output_format(out, "complete -c %s -n '__fish_seen_subcommand_from ", program.name);
    put_group(out, i);
    output_text(out, "; and not __fish_seen_subcommand_from ");
    put_second_words(out, i);
    output_text(out, "' -a '");
    put_second_words(out, i);
    output_text(out, "'\n");
  }
  for (size_t i = 0; program.commands[i] != NULL; i++)
    options_each(program.commands[i], fish_option, &(struct completion){out, program.commands[i]});
}

/* ------------------------------------------------------------------------------------------------------------------*/

int generate_completions(int argc, char **argv) {
  static const struct {
    const char *name;
    void (*write)(struct output *out);
  } shells[] = {{"bash", write_bash}, {"zsh", write_zsh}, {"fish", write_fish}};
  for (size_t i = 0; argc == 1 && i < sizeof shells / sizeof *shells; i++) {
    if (strcmp(argv[0], shells[i].name) != 0) continue;
    struct output out;
    output_open_stdout(&out);
    shells[i].write(&out);
    return output_finish(&out) ? 0 : PROGRAM_MISUSED;
  }
  message("completions needs bash, zsh or fish");
  return PROGRAM_MISUSED;
}
