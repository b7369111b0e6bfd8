/* SPDX-License-Identifier: Apache-2.0 */
/* Flags, numbers and lists from the command line, checked one by one and then together. */
#include "options.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/parallel.h"

enum { BOTH = COMMAND_PICTURES | COMMAND_ALTERED, EVERY = BOTH | COMMAND_HASHES };

enum flag {
  FLAG_OUT = 256,
  FLAG_COUNT,
  FLAG_SEED,
  FLAG_THREADS,
  FLAG_FIRST,
  FLAG_MIN_SIDE,
  FLAG_MAX_SIDE,
  FLAG_SIDE,
  FLAG_SIZE,
  FLAG_FORMATS,
  FLAG_RECIPE,
  FLAG_MANIFEST,
  FLAG_DIGEST,
  FLAG_ALTERATIONS,
  FLAG_COPIES,
  FLAG_DATA,
  FLAG_FORMAT,
  FLAG_HELP
};

static const struct {
  const char *name, *argument, *help;
  int commands;
  enum flag flag;
} FLAGS[] = {
    {"out", "PATH", "folder to write to (created); for hashes a file, or - for standard output", EVERY, FLAG_OUT},
    {"count", "N", "how many pictures (default 100) or hashes", EVERY, FLAG_COUNT},
    {"seed", "S", "everything is a function of the seed (default 1) and the number", EVERY, FLAG_SEED},
    {"threads", "T", "default: one a processor; changes no output", BOTH, FLAG_THREADS},
    {"first", "I", "number of the first picture (default 0)", BOTH, FLAG_FIRST},
    {"min-side", "A", "shortest longer side in pixels (default 320)", BOTH, FLAG_MIN_SIDE},
    {"max-side", "B", "longest longer side in pixels (default 960)", BOTH, FLAG_MAX_SIDE},
    {"side", "N", "the longer side of every picture", BOTH, FLAG_SIDE},
    {"size", "WxH", "the size of every picture", BOTH, FLAG_SIZE},
    {"formats", "F", "all (default: four in five are JPEG), jpeg or png", BOTH, FLAG_FORMATS},
    {"recipe", "R",
     "one encoding for all: jpeg[-progressive]-{420|422|444|grey}-qN[-optimised][-restart] or\n"
     "                      png-{grey|greyalpha|grey16|rgb|rgba|rgb16|palette}[-interlaced]",
     BOTH, FLAG_RECIPE},
    {"manifest", "FILE", "CSV of what was written; altered: default PATH/manifest.csv", BOTH, FLAG_MANIFEST},
    {"digest", NULL, "write no files; print name, size and XXH3-128 of the pixels of each picture", BOTH, FLAG_DIGEST},
    {"alterations", "LIST", "comma-separated; default all:\n", COMMAND_ALTERED, FLAG_ALTERATIONS},
    {"copies", "K", "copies of each picture, taking the alterations in turn; default one of each", COMMAND_ALTERED,
     FLAG_COPIES},
    {"data", "D", "uniform (default) or clustered, like frames of videos", COMMAND_HASHES, FLAG_DATA},
    {"format", "F", "text (default), binary or csv", COMMAND_HASHES, FLAG_FORMAT},
    {"help", NULL, "this text", EVERY, FLAG_HELP},
};

enum { FLAG_COUNT_ALL = sizeof FLAGS / sizeof FLAGS[0] };

static const struct {
  const char *name, *help;
  enum command command;
} COMMANDS[] = {
    {"pictures", "write photo-like pictures as JPEG and PNG", COMMAND_PICTURES},
    {"altered", "write altered copies of the pictures with the same seed, and a manifest of the truth",
     COMMAND_ALTERED},
    {"hashes", "write a hash list", COMMAND_HASHES},
};

/* ---- Help ---- */

static void print_general_help(void) {
  puts("hashscan-dataset COMMAND --out PATH [OPTION]...\n\nSeeded synthetic data for tests and benchmarks.\n");
  for (int i = 0; i < 3; i++) printf("  %-10s%s\n", COMMANDS[i].name, COMMANDS[i].help);
  puts("\n`hashscan-dataset COMMAND --help` lists the options of a command.");
}

static void print_command_help(int index) {
  printf("hashscan-dataset %s --out PATH [OPTION]...\n\n%s.\n\n", COMMANDS[index].name, COMMANDS[index].help);
  for (int i = 0; i < FLAG_COUNT_ALL; i++) {
    if ((FLAGS[i].commands & (int)COMMANDS[index].command) == 0) continue;
    char left[32];
    snprintf(left, sizeof left, "--%s %s", FLAGS[i].name, FLAGS[i].argument == NULL ? "" : FLAGS[i].argument);
    printf("  %-20s%s", left, FLAGS[i].help);
    for (int k = 0; FLAGS[i].flag == FLAG_ALTERATIONS && k < ALTERATIONS; k++) {
      printf("%s%s",
             k == 0   ? "                    "
             : k == 9 ? ",\n                    "
                      : ",",
             alter_name((enum alteration)k));
    }
    putchar('\n');
  }
}

/* ---- Values ---- */

static bool take_number(const char *name, const char *text, uint64_t low, uint64_t high, uint64_t *number,
                        struct failure *failure) {
  char *end;
  errno = 0;
  unsigned long long value = strtoull(text, &end, 10);
  bool good = text[0] >= '0' && text[0] <= '9' && *end == '\0' && errno == 0 && value >= low && value <= high;
  *number = value;
  return good || failure_set(failure, "--%s %s: not a number from %" PRIu64 " to %" PRIu64, name, text, low, high);
}

static bool take_int(const char *name, const char *text, int low, int high, int *number, struct failure *failure) {
  uint64_t value = 0;
  bool good = take_number(name, text, (uint64_t)low, (uint64_t)high, &value, failure);
  *number = (int)value;
  return good;
}

static bool take_size(const char *text, struct picture_set *set, struct failure *failure) {
  char left[16];
  const char *cross = strchr(text, 'x');
  size_t length = cross == NULL ? 0 : (size_t)(cross - text);
  if (length == 0 || length >= sizeof left) return failure_set(failure, "--size %s: not of the form WxH", text);
  memcpy(left, text, length);
  left[length] = '\0';
  return take_int("size", left, SIDE_MIN, SIDE_MAX, &set->width, failure) &&
         take_int("size", cross + 1, SIDE_MIN, SIDE_MAX, &set->height, failure);
}

/* The place of `text` among `count` names. */
static bool take_choice(const char *name, const char *text, const char *const *choices, int count, int *place,
                        struct failure *failure) {
  for (*place = 0; *place < count; ++*place) {
    if (strcmp(text, choices[*place]) == 0) return true;
  }
  return failure_set(failure, "--%s %s: not known there; see --help", name, text);
}

static bool take_alterations(const char *text, struct options *options, struct failure *failure) {
  const char *names[ALTERATIONS];
  char list[512];
  if (strlen(text) >= sizeof list) return failure_set(failure, "--alterations: too long");
  strcpy(list, text);
  for (int i = 0; i < ALTERATIONS; i++) names[i] = alter_name((enum alteration)i);
  bool listed[ALTERATIONS] = {false};
  char *rest = NULL;
  options->alteration_count = 0;
  for (char *word = strtok_r(list, ",", &rest); word != NULL; word = strtok_r(NULL, ",", &rest)) {
    int place;
    if (!take_choice("alterations", word, names, ALTERATIONS, &place, failure)) return false;
    if (listed[place]) return failure_set(failure, "--alterations: '%s' is there twice", word);
    listed[place] = true;
    options->alterations[options->alteration_count++] = (enum alteration)place;
  }
  return options->alteration_count > 0 || failure_set(failure, "--alterations: the list is empty");
}

static bool take_flag(enum flag flag, const char *text, struct options *options, struct failure *failure) {
  static const char *const formats[] = {"all", "jpeg", "png"};
  static const char *const data[] = {"uniform", "clustered"};
  static const char *const format[] = {"text", "binary", "csv"};
  struct picture_set *set = &options->set;
  int place = 0;
  bool good = true;
  switch (flag) {
  case FLAG_OUT:
    options->out = text;
    break;
  case FLAG_COUNT:
    return take_number("count", text, 0, UINT64_C(1000000000), &set->count, failure);
  case FLAG_SEED:
    return take_number("seed", text, 0, UINT64_MAX, &set->seed, failure);
  case FLAG_THREADS:
    return take_int("threads", text, 1, 256, &options->threads, failure);
  case FLAG_FIRST:
    return take_number("first", text, 0, UINT64_C(1000000000), &set->first, failure);
  case FLAG_MIN_SIDE:
    return take_int("min-side", text, SIDE_MIN, SIDE_MAX, &set->min_side, failure);
  case FLAG_MAX_SIDE:
    return take_int("max-side", text, SIDE_MIN, SIDE_MAX, &set->max_side, failure);
  case FLAG_SIDE:
    good = take_int("side", text, SIDE_MIN, SIDE_MAX, &set->min_side, failure);
    set->max_side = set->min_side;
    break;
  case FLAG_SIZE:
    return take_size(text, set, failure);
  case FLAG_FORMATS:
    good = take_choice("formats", text, formats, 3, &place, failure);
    set->formats = (enum recipe_formats)place;
    break;
  case FLAG_RECIPE:
    set->fixed_recipe = true;
    return recipe_parse(text, &set->recipe, failure);
  case FLAG_MANIFEST:
    options->manifest = text;
    break;
  case FLAG_DIGEST:
    options->digest = true;
    break;
  case FLAG_ALTERATIONS:
    return take_alterations(text, options, failure);
  case FLAG_COPIES:
    return take_int("copies", text, 1, ALTERATIONS, &options->copies, failure);
  case FLAG_DATA:
    good = take_choice("data", text, data, 2, &place, failure);
    options->hashes.data = (enum hashes_data)place;
    break;
  case FLAG_FORMAT:
    good = take_choice("format", text, format, 3, &place, failure);
    options->hashes.format = (enum hashes_format)place;
    break;
  case FLAG_HELP:
    break;
  }
  return good;
}

/* ---- The whole line ---- */

static void set_defaults(struct options *options, enum command command) {
  *options = (struct options){.command = command, .threads = clamp_int((int)parallel_cpus(), 1, 256)};
  options->set = (struct picture_set){.seed = 1, .count = 100, .min_side = 320, .max_side = 960};
  options->alteration_count = ALTERATIONS;
  for (int i = 0; i < ALTERATIONS; i++) options->alterations[i] = (enum alteration)i;
}

static bool check_together(struct options *options, struct failure *failure) {
  if (options->copies == 0) options->copies = options->alteration_count;
  if (options->copies > options->alteration_count) {
    return failure_set(failure, "--copies %d: only %d alterations are listed", options->copies,
                       options->alteration_count);
  }
  if (options->set.min_side > options->set.max_side) return failure_set(failure, "--min-side exceeds --max-side");
  if (options->out == NULL && !options->digest) return failure_set(failure, "--out is missing");
  options->hashes.out = options->out;
  options->hashes.count = options->set.count;
  options->hashes.seed = options->set.seed;
  return true;
}

static enum options_outcome parse_flags(int argc, char **argv, int index, struct options *options,
                                        struct failure *failure) {
  struct option known[FLAG_COUNT_ALL + 1] = {{0}};
  int used = 0;
  for (int i = 0; i < FLAG_COUNT_ALL; i++) {
    if ((FLAGS[i].commands & (int)options->command) == 0) continue;
    int argument = FLAGS[i].argument != NULL ? required_argument : no_argument;
    known[used++] = (struct option){.name = FLAGS[i].name, .has_arg = argument, .val = (int)FLAGS[i].flag};
  }
  opterr = 0;
  for (int flag; (flag = getopt_long(argc, argv, ":h", known, NULL)) != -1;) {
    if (flag == FLAG_HELP || flag == 'h') {
      print_command_help(index);
      return OPTIONS_HELP;
    }
    if (flag == ':' || flag == '?') {
      failure_set(failure, "%s: %s", argv[optind - 1], flag == ':' ? "needs a value" : "not an option of this command");
      return OPTIONS_WRONG;
    }
    if (!take_flag((enum flag)flag, optarg, options, failure)) return OPTIONS_WRONG;
  }
  if (optind < argc) {
    failure_set(failure, "%s: unexpected argument", argv[optind]);
    return OPTIONS_WRONG;
  }
  return check_together(options, failure) ? OPTIONS_RUN : OPTIONS_WRONG;
}

enum options_outcome options_parse(int argc, char **argv, struct options *options, struct failure *failure) {
  if (argc < 2) {
    failure_set(failure, "a command is missing: pictures, altered or hashes");
    return OPTIONS_WRONG;
  }
  if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
    print_general_help();
    return OPTIONS_HELP;
  }
  for (int i = 0; i < 3; i++) {
    if (strcmp(argv[1], COMMANDS[i].name) != 0) continue;
    set_defaults(options, COMMANDS[i].command);
    return parse_flags(argc - 1, argv + 1, i, options, failure);
  }
  failure_set(failure, "%s: not a command (pictures, altered, hashes)", argv[1]);
  return OPTIONS_WRONG;
}
