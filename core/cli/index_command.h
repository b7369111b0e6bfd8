/* SPDX-License-Identifier: Apache-2.0 */
/* What the index commands share: the options that say how lists are read, reading them, and the line that says what an
 * index holds. */
#ifndef HASHSCAN_CLI_INDEX_COMMAND_H
#define HASHSCAN_CLI_INDEX_COMMAND_H

#include "commands.h"

struct list_settings {
  const char *list, *version;
  int format; /* hashscan_list_format */
  int kind;   /* hashscan_kind, or -1 */
  bool skip_bad_lines, verbose;
  unsigned mode; /* 0: not given */
};

#define LIST_SETTINGS_INIT                                                                                             \
  { .kind = -1 }

/* A row of an option table. */
#define MODE_OPTION(settings, field)                                                                                   \
  {                                                                                                                    \
    "mode", 0, OPTION_MODE, offsetof(settings, field), "MODE",                                                         \
        "Permission bits of the files of the index, in octal, such as 0640; its folder gets the search bits that go "  \
        "with them. Default: as they are; those of a new index are 0600, as hash lists are confidential.",             \
        0, 0                                                                                                           \
  }

/* Rows of an option table, for a command whose settings begin with a struct list_settings. */
#define LIST_OPTIONS                                                                                                   \
  {"list",      0,                                                                                                     \
   OPTION_TEXT, offsetof(struct list_settings, list),                                                                  \
   "NAME",      "Name of the list in each verdict. Default: the file's name without folder and extension.",            \
   0,           0},                                                                                                    \
      {"list-version",                                                                                                 \
       0,                                                                                                              \
       OPTION_TEXT,                                                                                                    \
       offsetof(struct list_settings, version),                                                                        \
       "VERSION",                                                                                                      \
       "Version of the list in each verdict.",                                                                         \
       0,                                                                                                              \
       0},                                                                                                             \
      {"format",                                                                                                       \
       0,                                                                                                              \
       OPTION_LIST_FORMAT,                                                                                             \
       offsetof(struct list_settings, format),                                                                         \
       NULL,                                                                                                           \
       "How the lists are written. Default auto: text or csv. Binary, raw bytes, needs --kind.",                       \
       0,                                                                                                              \
       0},                                                                                                             \
      {"kind",      0,                                                                                                 \
       OPTION_KIND, offsetof(struct list_settings, kind),                                                              \
       NULL,        "What the hashes are, where the list does not say. Default: told by their length.",                \
       0,           0},                                                                                                \
      {"skip-bad-lines",                                                                                               \
       0,                                                                                                              \
       OPTION_FLAG,                                                                                                    \
       offsetof(struct list_settings, skip_bad_lines),                                                                 \
       NULL,                                                                                                           \
       "Count lines that cannot be read instead of failing at the first.",                                             \
       0,                                                                                                              \
       0},                                                                                                             \
      MODE_OPTION(struct list_settings, mode), {                                                                       \
    "verbose", 'v', OPTION_FLAG, offsetof(struct list_settings, verbose), NULL,                                        \
        "Also a one-line summary on standard error.", 0, 0                                                             \
  }

/* Where lists go: a builder or an updater, behind its functions for files and for bytes. */
struct list_target {
  void *target;
  hashscan_code (*file)(void *target, const char *path, const hashscan_list_options *options,
                        hashscan_list_report *report, hashscan_error *error);
  hashscan_code (*bytes)(void *target, const char *source, const void *bytes, size_t size,
                         const hashscan_list_options *options, hashscan_list_report *report, hashscan_error *error);
};

/* Gives each list to the target; "-" is standard input. Bad lines that were skipped are counted and reported. */
hashscan_code lists_read(const struct list_settings *settings, char **paths, size_t count,
                         const struct list_target *target, uint64_t *bad_lines, hashscan_error *error);

/* What a command did beside what the index now holds. */
struct index_note {
  const uint64_t *bad_lines;            /* NULL: no lists were read */
  const hashscan_update_report *report; /* NULL: nothing was updated */
  bool verify;                          /* check every byte of it first */
  bool mode_given;                      /* who may read it is what was asked for */
};

/* Prints the line about the index at `path`, from its headers unless it is to be verified; the exit code. */
int index_show(const char *path, const struct index_note *note);

/* Prints the error; the exit code. */
int index_fail(const hashscan_error *error);

#endif
