/* SPDX-License-Identifier: Apache-2.0 */
/* Command-line options as a table: one row an option, with the place in the command's settings that it fills. */
#ifndef HASHSCAN_CLI_OPTIONS_H
#define HASHSCAN_CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hashscan.h"

struct command;
struct output;

/* What an option's value is, and the C type of the setting that it fills. */
enum option_type {
  OPTION_FLAG,    /* no value; bool */
  OPTION_TEXT,    /* const char *, into argv */
  OPTION_TEXTS,   /* struct texts: may be given more than once */
  OPTION_NUMBER,  /* uint64_t from min to max */
  OPTION_COUNT,   /* uint64_t from min to max, which may be written 1e6 */
  OPTION_REAL,    /* double from min to max */
  OPTION_SECONDS, /* double over 0 */
  OPTION_CHOICE,  /* int: the position of the word in `value`, "jsonl|csv" */
  /* int: a value of the library's enumeration. The words are its names, and `value` is NULL. */
  OPTION_KIND,
  OPTION_PROFILE,
  OPTION_LEVEL,
  OPTION_TRANSFORMS,
  OPTION_LINKS,
  OPTION_LIST_FORMAT,
  OPTION_MODE,   /* unsigned: permission bits of files, in octal; never 0 */
  OPTION_FAIL_ON /* struct fail_on; `max` is how many statuses may be named */
};

/* The values of an option in the order given; they point into argv. The items are given back with free(). */
struct texts {
  const char **items;
  size_t count;
};

struct option {
  const char *name; /* without the dashes; NULL ends the table */
  char letter;      /* the short form, or 0 */
  enum option_type type;
  size_t offset;     /* of the setting */
  const char *value; /* shown in the help (see option_value); the words of a choice; NULL for a flag */
  const char *help;  /* sentences; also the text of the manual */
  uint64_t min, max;
};

extern const struct option option_help;

/* Bytes of the words of any option, terminator included. */
#define OPTION_WORDS_SIZE 128

/* What the help shows as the value of an option: `value`, or the words of an enumeration, which are written to `words`.
 * NULL for a flag. */
const char *option_value(const struct option *option, char words[OPTION_WORDS_SIZE]);

/* What is left on the command line once the options are taken out. */
struct operands {
  char **items;
  size_t count;
};

/* Reads `argv` into `settings`. Options and operands may be mixed; "--" ends the options; "-" is an operand. True: go
 * on. False: *exit_code holds the answer, as help was asked for, or an error went to stderr. */
bool options_parse(const struct command *command, int argc, char **argv, void *settings, struct operands *operands,
                   int *exit_code);

/* Says on stderr what is wrong with the command line and where to read about it; PROGRAM_MISUSED. */
__attribute__((format(printf, 2, 3))) int options_misused(const struct command *command, const char *format, ...);

/* Writes the text of --help. */
void options_write_help(const struct command *command, struct output *out);

/* Calls `visit` for each option of a command, --help last. */
void options_each(const struct command *command, void (*visit)(const struct option *option, void *user), void *user);

/* ---- Options that hash and scan share ----------------------------------------------------------------------------*/

struct limit_settings {
  uint64_t max_pixels, max_side, max_jpeg_scans, max_memory, max_file_size; /* 0: not given */
  double timeout;
};

#define MEBIBYTES_MAX (UINT64_C(1) << 43)

#define LIMIT_OPTIONS(settings, field)                                                                                 \
  {"max-pixels",                                                                                                       \
   0,                                                                                                                  \
   OPTION_NUMBER,                                                                                                      \
   offsetof(settings, field.max_pixels),                                                                               \
   "N",                                                                                                                \
   "Largest width times height that is decoded. Default 100000000.",                                                   \
   1,                                                                                                                  \
   UINT64_MAX},                                                                                                        \
      {"max-side",                                                                                                     \
       0,                                                                                                              \
       OPTION_NUMBER,                                                                                                  \
       offsetof(settings, field.max_side),                                                                             \
       "N",                                                                                                            \
       "Largest width and height that are decoded. Default 65500 for JPEG and 32768 for PNG.",                         \
       1,                                                                                                              \
       INT32_MAX},                                                                                                     \
      {"max-jpeg-scans",                                                                                               \
       0,                                                                                                              \
       OPTION_NUMBER,                                                                                                  \
       offsetof(settings, field.max_jpeg_scans),                                                                       \
       "N",                                                                                                            \
       "Most scans a JPEG file may have. Default 100.",                                                                \
       1,                                                                                                              \
       INT32_MAX},                                                                                                     \
      {"max-memory",                                                                                                   \
       0,                                                                                                              \
       OPTION_NUMBER,                                                                                                  \
       offsetof(settings, field.max_memory),                                                                           \
       "MIB",                                                                                                          \
       "Most memory for decoding one image, in MiB. Default 512.",                                                     \
       1,                                                                                                              \
       MEBIBYTES_MAX},                                                                                                 \
      {"max-file-size",                                                                                                \
       0,                                                                                                              \
       OPTION_NUMBER,                                                                                                  \
       offsetof(settings, field.max_file_size),                                                                        \
       "MIB",                                                                                                          \
       "Larger files are not read, in MiB. Default 1024.",                                                             \
       1,                                                                                                              \
       MEBIBYTES_MAX},                                                                                                 \
  {                                                                                                                    \
    "timeout", 0, OPTION_SECONDS, offsetof(settings, field.timeout), "SECONDS",                                        \
        "Longest time for decoding one image. Default 10.", 0, 0                                                       \
  }

/* The library's defaults, with what was given in their place. */
hashscan_limits limit_settings_apply(const struct limit_settings *settings);

#endif
