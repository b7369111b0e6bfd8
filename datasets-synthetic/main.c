/* SPDX-License-Identifier: Apache-2.0 */
/* hashscan-dataset: seeded synthetic pictures, altered copies and hash lists. The command lines of its commands are
 * read here, against tables that the help, the man page and the completions come from as well (core/cli/program.h).
 * Exit status 0, 1 when the work failed, 2 for a wrong command line; the reason is one line on stderr. */
#include <stdio.h>
#include <string.h>

#include "../core/cli/message.h"
#include "../core/cli/program.h"
#include "base/parallel.h"
#include "options.h"

#define COUNT_MAX UINT64_C(1000000000)
#define THREADS_MAX 256

/* What options fill; 0 and NULL: not given. */
struct settings {
  const char *out, *manifest, *size, *recipe, *alterations;
  bool digest;
  uint64_t count, seed, first, threads, min_side, max_side, side, copies;
  int formats; /* enum recipe_formats */
  int data;    /* enum hashes_data */
  int format;  /* enum hashes_format */
};

#define SETTINGS_INIT                                                                                                  \
  { .count = 100, .seed = 1, .min_side = 320, .max_side = 960 }

/* ---- Tables ------------------------------------------------------------------------------------------------------ */

#define ROW(option, kind, field, shown, text, least, most)                                                             \
  {                                                                                                                    \
    .name = option, .type = kind, .offset = offsetof(struct settings, field), .value = shown, .help = text,            \
    .min = least, .max = most                                                                                          \
  }
#define NUMBER(option, field, shown, text, least, most) ROW(option, OPTION_NUMBER, field, shown, text, least, most)
#define TEXT(option, field, shown, text) ROW(option, OPTION_TEXT, field, shown, text, 0, 0)
#define CHOICE(option, field, words, text) ROW(option, OPTION_CHOICE, field, words, text, 0, 0)

/* clang-format off */
#define COUNT_AND_SEED                                                                                                 \
  NUMBER("count", count, "N", "How many pictures or hashes. Default 100.", 0, COUNT_MAX),                              \
  NUMBER("seed", seed, "S", "Everything is a function of the seed and the number. Default 1.", 0, UINT64_MAX)

#define PICTURE_OPTIONS                                                                                                \
  TEXT("out", out, "FOLDER", "Where to write; the folder is created."),                                                \
  COUNT_AND_SEED,                                                                                                      \
  NUMBER("threads", threads, "T", "Changes no output. Default: one a processor.", 1, THREADS_MAX),                     \
  NUMBER("first", first, "I", "Number of the first picture. Default 0.", 0, COUNT_MAX),                                \
  NUMBER("min-side", min_side, "A", "Shortest longer side in pixels. Default 320.", SIDE_MIN, SIDE_MAX),               \
  NUMBER("max-side", max_side, "B", "Longest longer side in pixels. Default 960.", SIDE_MIN, SIDE_MAX),                \
  NUMBER("side", side, "N", "The longer side of every picture.", SIDE_MIN, SIDE_MAX),                                  \
  TEXT("size", size, "WxH", "The size of every picture."),                                                             \
  CHOICE("formats", formats, "all|jpeg|png", "Default all: four in five are JPEG."),                                   \
  TEXT("recipe", recipe, "R",                                                                                          \
       "One encoding for all: jpeg[-progressive]-{420|422|444|grey}-qN[-optimised][-restart] or "                      \
       "png-{grey|greyalpha|grey16|rgb|rgba|rgb16|palette}[-interlaced]."),                                            \
  ROW("digest", OPTION_FLAG, digest, NULL,                                                                             \
      "Write no files; print name, size and XXH3-128 of the pixels of each picture.", 0, 0)

#define WORD(constant, name) " " name

static const struct option pictures_options[] = {
  PICTURE_OPTIONS,
  TEXT("manifest", manifest, "FILE", "CSV of what was written."),
  {.name = NULL},
};

static const struct option altered_options[] = {
  PICTURE_OPTIONS,
  TEXT("manifest", manifest, "FILE", "CSV of what was written. Default FOLDER/manifest.csv."),
  TEXT("alterations", alterations, "LIST",
       "Names with commas between them. Default all of them:" EACH_ALTERATION(WORD) "."),
  NUMBER("copies", copies, "K", "Copies of each picture, taking the alterations in turn. Default: one of each.", 1,
         ALTERATIONS),
  {.name = NULL},
};

static const struct option hashes_options[] = {
  TEXT("out", out, "FILE", "Where to write, or - for standard output."),
  COUNT_AND_SEED,
  CHOICE("data", data, "uniform|clustered", "Clustered hashes are like those of frames of videos. Default uniform."),
  CHOICE("format", format, "text|binary|csv", "Default text."),
  {.name = NULL},
};
/* clang-format on */

/* ---- Values that are more than a number or a word ---------------------------------------------------------------- */

static bool take_size(const char *text, struct picture_set *set, struct failure *failure) {
  unsigned width, height;
  char end;
  const bool digits = strspn(text, "0123456789x") == strlen(text) && strlen(text) <= 11;
  if (!digits || sscanf(text, "%ux%u%c", &width, &height, &end) != 2)
    return failure_set(failure, "--size is '%s', not of the form WxH", text);
  if (width < SIDE_MIN || width > SIDE_MAX || height < SIDE_MIN || height > SIDE_MAX)
    return failure_set(failure, "--size is '%s', not two numbers from %d to %d", text, SIDE_MIN, SIDE_MAX);
  set->width = (int)width;
  set->height = (int)height;
  return true;
}

static bool take_alteration(const char *name, size_t length, struct options *options, struct failure *failure) {
  for (int i = 0; i < ALTERATIONS; i++) {
    const char *known = alter_name((enum alteration)i);
    if (strlen(known) != length || memcmp(known, name, length) != 0) continue;
    for (int k = 0; k < options->alteration_count; k++)
      if (options->alterations[k] == (enum alteration)i)
        return failure_set(failure, "--alterations names '%s' twice", known);
    options->alterations[options->alteration_count++] = (enum alteration)i;
    return true;
  }
  return failure_set(failure, "--alterations names '%.*s', which is none", (int)length, name);
}

static bool take_alterations(const char *text, struct options *options, struct failure *failure) {
  if (text == NULL) {
    for (int i = 0; i < ALTERATIONS; i++) options->alterations[i] = (enum alteration)i;
    options->alteration_count = ALTERATIONS;
    return true;
  }
  for (;; text++) {
    const size_t length = strcspn(text, ",");
    if (!take_alteration(text, length, options, failure)) return false;
    text += length;
    if (*text == '\0') return true;
  }
}

static bool take_set(const struct settings *settings, struct picture_set *set, struct failure *failure) {
  const bool one_side = settings->side != 0;
  *set = (struct picture_set){.seed = settings->seed,
                              .count = settings->count,
                              .first = settings->first,
                              .min_side = (int)(one_side ? settings->side : settings->min_side),
                              .max_side = (int)(one_side ? settings->side : settings->max_side),
                              .formats = (enum recipe_formats)settings->formats,
                              .fixed_recipe = settings->recipe != NULL};
  if (set->min_side > set->max_side) return failure_set(failure, "--min-side exceeds --max-side");
  if (settings->size != NULL && !take_size(settings->size, set, failure)) return false;
  return settings->recipe == NULL || recipe_parse(settings->recipe, &set->recipe, failure);
}

static bool take_all(const struct settings *settings, struct options *options, struct failure *failure) {
  const int usual_threads = clamp_int((int)parallel_cpus(), 1, THREADS_MAX);
  *options = (struct options){.out = settings->out,
                              .manifest = settings->manifest,
                              .digest = settings->digest,
                              .threads = settings->threads != 0 ? (int)settings->threads : usual_threads,
                              .hashes = {.out = settings->out,
                                         .count = settings->count,
                                         .seed = settings->seed,
                                         .data = (enum hashes_data)settings->data,
                                         .format = (enum hashes_format)settings->format}};
  if (settings->out == NULL && !settings->digest) return failure_set(failure, "--out is missing");
  if (!take_set(settings, &options->set, failure)) return false;
  if (!take_alterations(settings->alterations, options, failure)) return false;
  options->copies = settings->copies != 0 ? (int)settings->copies : options->alteration_count;
  if (options->copies <= options->alteration_count) return true;
  return failure_set(failure, "--copies is %d, but only %d alterations are listed", options->copies,
                     options->alteration_count);
}

/* ---- Commands ---------------------------------------------------------------------------------------------------- */

static int run(const struct command *command, int argc, char **argv,
               bool (*work)(const struct options *options, struct failure *failure)) {
  struct settings settings = SETTINGS_INIT;
  struct operands operands;
  struct options options;
  struct failure failure = {""};
  int exit_code;
  if (!options_parse(command, argc, argv, &settings, &operands, &exit_code)) return exit_code;
  if (operands.count > 0) return options_misused(command, "'%s' is no option", operands.items[0]);
  if (!take_all(&settings, &options, &failure)) return options_misused(command, "%s", failure.text);
  if (work(&options, &failure)) return 0;
  message("%s", failure.text);
  return 1;
}

static bool hashes_work(const struct options *options, struct failure *failure) {
  return hashes_write(&options->hashes, failure);
}

static int run_pictures(const struct command *command, int argc, char **argv) {
  return run(command, argc, argv, pictures_write);
}

static int run_altered(const struct command *command, int argc, char **argv) {
  return run(command, argc, argv, altered_write);
}

static int run_hashes(const struct command *command, int argc, char **argv) {
  return run(command, argc, argv, hashes_work);
}

static const struct command pictures = {"pictures", "", "Writes photo-like pictures as JPEG and PNG", pictures_options,
                                        run_pictures};
static const struct command altered = {
    "altered", "", "Writes altered copies of the pictures with the same seed, and a manifest of the truth",
    altered_options, run_altered};
static const struct command hashes = {"hashes", "", "Writes a hash list", hashes_options, run_hashes};
static const struct command *const commands[] = {&pictures, &altered, &hashes, NULL};

const struct program program = {.name = "hashscan-dataset",
                                .summary = "Makes seeded synthetic data for tests and benchmarks",
                                .commands = commands};

int main(int argc, char **argv) {
  return program_run(argc, argv);
}
