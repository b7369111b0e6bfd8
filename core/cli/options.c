/* SPDX-License-Identifier: Apache-2.0 */
/* Reads a command line against a command's option table, and prints the table as help. Numbers are taken strictly: all
 * of the text, in range, or not at all. */
#include "options.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "enumerations.h"
#include "fail_on.h"
#include "message.h"
#include "output.h"
#include "program.h"

const struct option option_help = {"help", 'h', OPTION_FLAG, 0, NULL, "Show this help.", 0, 0};

const char *option_value(const struct option *option, char words[OPTION_WORDS_SIZE]) {
  if (!enumeration_of(option->type)) return option->value;
  enumeration_words(option->type, words, OPTION_WORDS_SIZE);
  return words;
}

int options_misused(const struct command *command, const char *format, ...) {
  char text[1024];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  message("%s: %s (see %s %s --help)", command->name, text, program.name, command->name);
  return PROGRAM_MISUSED;
}

/* ---- Values ------------------------------------------------------------------------------------------------------*/

static bool read_number(const char *text, const struct option *option, uint64_t *number) {
  if (*text < '0' || *text > '9') return false; /* strtoull would take a sign or a space */
  char *end;
  errno = 0;
  *number = strtoull(text, &end, 10);
  return errno == 0 && *end == '\0' && *number >= option->min && *number <= option->max;
}

/* No hex, infinity or signs. */
static bool read_real(const char *text, const struct option *option, double *real) {
  if (strspn(text, "0123456789.e") != strlen(text)) return false;
  char *end;
  *real = strtod(text, &end);
  return end != text && *end == '\0' && *real >= (double)option->min && *real <= (double)option->max;
}

/* Every whole number up to 2^53 is a double. */
static bool read_count(const char *text, const struct option *option, uint64_t *count) {
  double real;
  if (!read_real(text, option, &real) || real > 0x1p53) return false;
  *count = (uint64_t)real;
  return (double)*count == real;
}

static bool read_seconds(const char *text, double *seconds) {
  if (strspn(text, "0123456789.") != strlen(text)) return false; /* no hex, exponents, infinity or signs */
  char *end;
  *seconds = strtod(text, &end);
  return end != text && *end == '\0' && *seconds > 0 && isfinite(*seconds);
}

static bool read_choice(const char *text, const char *words, int *choice) {
  const size_t length = strlen(text);
  for (int i = 0;; i++) {
    const size_t word = strcspn(words, "|");
    if (word == length && memcmp(words, text, length) == 0) {
      *choice = i;
      return true;
    }
    if (words[word] == '\0') return false;
    words += word + 1;
  }
}

/* No sign, no prefix, no set-user-ID; the owner reads and writes, and nobody executes. */
static bool read_mode(const char *text, unsigned *mode) {
  const size_t length = strlen(text);
  if (length < 3 || length > 4 || strspn(text, "01234567") != length) return false;
  *mode = (unsigned)strtoul(text, NULL, 8);
  return (*mode & ~0666u) == 0 && (*mode & 0600u) == 0600u;
}

static bool misread(const struct command *command, const struct option *option, const char *text) {
  char words[OPTION_WORDS_SIZE];
  if (option->type == OPTION_CHOICE || enumeration_of(option->type))
    options_misused(command, "--%s is '%s', not one of %s", option->name, text, option_value(option, words));
  else if (option->type == OPTION_SECONDS)
    options_misused(command, "--%s is '%s', not a number of seconds over 0", option->name, text);
  else if (option->type == OPTION_MODE)
    options_misused(command, "--%s is '%s', not 0600, 0640, 0644, 0660, 0664 or the like", option->name, text);
  else if (option->type == OPTION_REAL)
    options_misused(command, "--%s is '%s', not a number from %" PRIu64 " to %" PRIu64, option->name, text, option->min,
                    option->max);
  else if (option->max == UINT64_MAX)
    options_misused(command, "--%s is '%s', not a whole number of %" PRIu64 " or more", option->name, text,
                    option->min);
  else
    options_misused(command, "--%s is '%s', not a whole number from %" PRIu64 " to %" PRIu64, option->name, text,
                    option->min, option->max);
  return false;
}

static bool read_fail_on(const struct command *command, const struct option *option, const char *text, void *field) {
  const char *unknown;
  size_t length;
  if (fail_on_parse(field, text, (unsigned)option->max, &unknown, &length)) return true;
  char names[512];
  fail_on_names((unsigned)option->max, names, sizeof names);
  options_misused(command, "--%s names '%.*s', not one of %s", option->name, (int)length, unknown, names);
  return false;
}

static bool append_text(struct texts *texts, const char *text) {
  const char **items = realloc(texts->items, (texts->count + 1) * sizeof *items);
  if (items == NULL) {
    message("out of memory");
    return false;
  }
  texts->items = items;
  texts->items[texts->count++] = text;
  return true;
}

static bool set_value(const struct command *command, const struct option *option, const char *text, void *settings) {
  void *field = (char *)settings + option->offset;
  switch (option->type) {
  case OPTION_FLAG:
    *(bool *)field = true;
    return true;
  case OPTION_TEXT:
    *(const char **)field = text;
    return true;
  case OPTION_TEXTS:
    return append_text(field, text);
  case OPTION_NUMBER:
    return read_number(text, option, field) || misread(command, option, text);
  case OPTION_COUNT:
    return read_count(text, option, field) || misread(command, option, text);
  case OPTION_REAL:
    return read_real(text, option, field) || misread(command, option, text);
  case OPTION_SECONDS:
    return read_seconds(text, field) || misread(command, option, text);
  case OPTION_CHOICE:
    return read_choice(text, option->value, field) || misread(command, option, text);
  case OPTION_KIND:
  case OPTION_PROFILE:
  case OPTION_LEVEL:
  case OPTION_TRANSFORMS:
  case OPTION_LINKS:
  case OPTION_LIST_FORMAT:
    return enumeration_parse(option->type, text, field) || misread(command, option, text);
  case OPTION_MODE:
    return read_mode(text, field) || misread(command, option, text);
  case OPTION_FAIL_ON:
    return read_fail_on(command, option, text, field);
  }
  return false;
}

/* ---- The command line --------------------------------------------------------------------------------------------*/

struct parser {
  const struct command *command;
  char **argv; /* what is still to be read */
  int argc;
  void *settings;
  bool help;
};

static const struct option *find_option(const struct command *command, const char *name, size_t length, char letter) {
  for (const struct option *option = command->options;; option++) {
    if (option->name == NULL) option = &option_help;
    if (letter != 0 ? option->letter == letter
                    : strlen(option->name) == length && memcmp(option->name, name, length) == 0)
      return option;
    if (option == &option_help) return NULL;
  }
}

/* `attached` is the value that stood in the same argument, or NULL. */
static bool apply(struct parser *parser, const struct option *option, const char *attached) {
  if (option == &option_help) {
    parser->help = true;
    return true;
  }
  if (option->type == OPTION_FLAG && attached != NULL) {
    options_misused(parser->command, "--%s takes no value", option->name);
    return false;
  }
  if (option->type != OPTION_FLAG && attached == NULL) {
    if (parser->argc == 0) {
      char words[OPTION_WORDS_SIZE];
      options_misused(parser->command, "--%s needs %s", option->name, option_value(option, words));
      return false;
    }
    attached = *parser->argv++;
    parser->argc--;
  }
  return set_value(parser->command, option, attached, parser->settings);
}

static bool parse_long(struct parser *parser, const char *text) {
  const size_t length = strcspn(text, "=");
  const struct option *option = find_option(parser->command, text, length, 0);
  if (option != NULL) return apply(parser, option, text[length] == '=' ? text + length + 1 : NULL);
  options_misused(parser->command, "unknown option '--%.*s'", (int)length, text);
  return false;
}

/* Letters may be joined, and a value may follow its letter: -v, -o FILE, -oFILE. */
static bool parse_letters(struct parser *parser, const char *letters) {
  for (; *letters != '\0'; letters++) {
    const struct option *option = find_option(parser->command, "", 0, *letters);
    if (option == NULL) {
      options_misused(parser->command, "unknown option '-%c'", *letters);
      return false;
    }
    const bool takes_value = option->type != OPTION_FLAG;
    if (!apply(parser, option, takes_value && letters[1] != '\0' ? letters + 1 : NULL)) return false;
    if (takes_value) return true;
  }
  return true;
}

static bool parse_all(struct parser *parser, struct operands *operands) {
  bool options_over = false;
  while (parser->argc > 0 && !parser->help) {
    char *argument = *parser->argv++;
    parser->argc--;
    if (options_over || argument[0] != '-' || argument[1] == '\0') operands->items[operands->count++] = argument;
    else if (strcmp(argument, "--") == 0) options_over = true;
    else if (!(argument[1] == '-' ? parse_long(parser, argument + 2) : parse_letters(parser, argument + 1)))
      return false;
  }
  return true;
}

bool options_parse(const struct command *command, int argc, char **argv, void *settings, struct operands *operands,
                   int *exit_code) {
  struct parser parser = {command, argv, argc, settings, false};
  /* Operands move to the front of argv, behind what has been read. */
  *operands = (struct operands){argv, 0};
  *exit_code = PROGRAM_MISUSED;
  if (!parse_all(&parser, operands)) return false;
  if (!parser.help) return true;
  struct output out;
  output_open_stdout(&out);
  options_write_help(command, &out);
  *exit_code = output_finish(&out) ? 0 : PROGRAM_MISUSED;
  return false;
}

/* ---- Help --------------------------------------------------------------------------------------------------------*/

#define HELP_COLUMN 30
#define HELP_WIDTH 100

/* Breaks `text` between words; the first line starts at `column`. */
static void write_wrapped(struct output *out, const char *text, size_t column) {
  while (*text != '\0') {
    const size_t word = strcspn(text, " ");
    if (column > HELP_COLUMN && column + 1 + word > HELP_WIDTH) {
      output_format(out, "\n%*s", HELP_COLUMN, "");
      column = HELP_COLUMN;
    } else if (column > HELP_COLUMN) {
      output_put(out, " ", 1);
      column++;
    }
    output_put(out, text, word);
    column += word;
    text += word + strspn(text + word, " ");
  }
  output_put(out, "\n", 1);
}

static void write_option(const struct option *option, void *user) {
  struct output *out = user;
  char head[OPTION_WORDS_SIZE + 64], words[OPTION_WORDS_SIZE];
  const char *value = option_value(option, words);
  const char letter[] = {'-', option->letter, ',', '\0'};
  const int used = snprintf(head, sizeof head, "  %3s --%s%s%s", option->letter != 0 ? letter : "", option->name,
                            value != NULL ? " " : "", value != NULL ? value : "");
  if (used < HELP_COLUMN - 1) output_format(out, "%-*s", HELP_COLUMN, head);
  else output_format(out, "%s\n%*s", head, HELP_COLUMN, "");
  write_wrapped(out, option->help, HELP_COLUMN);
}

void options_each(const struct command *command, void (*visit)(const struct option *option, void *user), void *user) {
  for (const struct option *option = command->options; option->name != NULL; option++) visit(option, user);
  visit(&option_help, user);
}

void options_write_help(const struct command *command, struct output *out) {
  output_format(out, "%s.\n\nUsage: %s %s [OPTION]...%s%s\n\nOptions:\n", command->summary, program.name, command->name,
                command->operands[0] != '\0' ? " " : "", command->operands);
  options_each(command, write_option, out);
  if (program.help_end != NULL) output_format(out, "\n%s\n", program.help_end);
}

/* ---- Limits ------------------------------------------------------------------------------------------------------*/

hashscan_limits limit_settings_apply(const struct limit_settings *settings) {
  hashscan_limits limits = HASHSCAN_LIMITS_INIT;
  if (settings->max_pixels > 0) limits.max_pixels = settings->max_pixels;
  if (settings->max_side > 0) limits.max_side = limits.max_jpeg_side = (uint32_t)settings->max_side;
  if (settings->max_jpeg_scans > 0) limits.max_jpeg_scans = (uint32_t)settings->max_jpeg_scans;
  if (settings->max_memory > 0) limits.max_decoder_bytes = settings->max_memory << 20;
  if (settings->max_file_size > 0) limits.max_file_bytes = settings->max_file_size << 20;
  if (settings->timeout > 0) limits.max_seconds = settings->timeout;
  return limits;
}
