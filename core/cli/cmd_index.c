/* SPDX-License-Identifier: Apache-2.0 */
/* hashscan index build, info, verify: hash lists in, an index folder out, and what it holds. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "commands.h"
#include "input.h"
#include "json.h"
#include "message.h"

struct index_settings {
  const char *output, *list, *version;
  int format; /* hashscan_list_format */
  int kind;   /* hashscan_kind, or -1 */
  bool skip_bad_lines, verbose;
};

static const struct option build_options[] = {
    {"output", 'o', OPTION_TEXT, offsetof(struct index_settings, output), "INDEX",
     "Folder to write the index to. An index that is already there is replaced in one step.", 0, 0},
    {"list", 0, OPTION_TEXT, offsetof(struct index_settings, list), "NAME",
     "Name of the list in each verdict. Default: the file's name without folder and extension.", 0, 0},
    {"list-version", 0, OPTION_TEXT, offsetof(struct index_settings, version), "VERSION",
     "Version of the list in each verdict.", 0, 0},
    {"format", 0, OPTION_CHOICE, offsetof(struct index_settings, format), "auto|text|csv",
     "How the lists are written. Default auto.", 0, 0},
    {"kind", 0, OPTION_CHOICE, offsetof(struct index_settings, kind), "pdq|md5|sha1|sha256",
     "What the hashes are, where the list does not say. Default: told by their length.", 0, 0},
    {"skip-bad-lines", 0, OPTION_FLAG, offsetof(struct index_settings, skip_bad_lines), NULL,
     "Count lines that cannot be read instead of failing at the first.", 0, 0},
    {"verbose", 'v', OPTION_FLAG, offsetof(struct index_settings, verbose), NULL,
     "Also a one-line summary on standard error.", 0, 0},
    {0}};

static const struct option no_options[] = {{0}};

static int fail(const hashscan_error *error) {
  message("%s", error->message);
  return EXIT_FATAL;
}

/* ---- What an index holds -----------------------------------------------------------------------------------------*/

static void write_lists(struct json *json, const hashscan_index *index, uint32_t count) {
  json_array_begin(json, "lists");
  for (uint32_t i = 0; i < count; i++) {
    const char *name, *version;
    uint64_t entries;
    if (hashscan_index_list(index, i, &name, &version, &entries, NULL) != HASHSCAN_SUCCESS) continue;
    json_object_begin(json, NULL);
    json_string(json, "name", name);
    json_string(json, "version", version);
    json_integer(json, "entries", entries);
    json_object_end(json);
  }
  json_array_end(json);
}

static void write_info(struct json *json, const char *path, const hashscan_index *index) {
  hashscan_index_info info;
  hashscan_index_get_info(index, &info);
  json_string(json, "type", "index");
  json_path(json, path);
  json_integer(json, "format_version", info.format_version);
  json_integer(json, "entries", info.entries);
  json_object_begin(json, "by_kind");
  for (int kind = 0; kind < HASHSCAN_KIND_COUNT; kind++)
    json_integer(json, hashscan_kind_name((hashscan_kind)kind), info.entries_by_kind[kind]);
  json_object_end(json);
  json_integer(json, "distinct_pdq", info.distinct_pdq);
  write_lists(json, index, info.lists);
  json_integer(json, "bytes", info.bytes);
  json_string(json, "digest", info.digest);
}

/* Opening an index validates all of it, so whatever opens is valid. */
static int show(const char *path, const uint64_t *bad_lines, bool verified) {
  hashscan_index *index;
  hashscan_error error;
  if (hashscan_index_open(path, &index, &error) != HASHSCAN_SUCCESS) return fail(&error);
  struct output out;
  output_open_stdout(&out);
  struct json json = {&out, false};
  json_object_begin(&json, NULL);
  write_info(&json, path, index);
  if (bad_lines != NULL) json_integer(&json, "bad_lines", *bad_lines);
  if (verified) json_bool(&json, "valid", true);
  json_object_end(&json);
  json_line_end(&json);
  hashscan_index_close(index);
  return output_finish(&out) ? EXIT_COMPLETE : EXIT_FATAL;
}

static int show_operand(const struct command *command, int argc, char **argv, bool verified) {
  struct operands operands;
  int exit_code;
  if (!options_parse(command, argc, argv, NULL, &operands, &exit_code)) return exit_code;
  if (operands.count != 1) return options_misused(command, "one INDEX is needed");
  return show(operands.items[0], NULL, verified);
}

static int run_info(const struct command *command, int argc, char **argv) {
  return show_operand(command, argc, argv, false);
}

static int run_verify(const struct command *command, int argc, char **argv) {
  return show_operand(command, argc, argv, true);
}

/* ---- Build -------------------------------------------------------------------------------------------------------*/

static hashscan_code add_stdin(hashscan_builder *builder, const hashscan_list_options *options,
                               hashscan_list_report *report, hashscan_error *error) {
  struct input input = {0};
  hashscan_code code = HASHSCAN_E_IO;
  error->code = code;
  char reason[HASHSCAN_REASON_SIZE];
  if (input_read(&input, "-", SIZE_MAX, reason) == HASHSCAN_STATUS_OK)
    code = hashscan_builder_add_list_bytes(builder, "stdin", input.bytes, input.size, options, report, error);
  else snprintf(error->message, sizeof error->message, "standard input: %s", reason);
  input_free(&input);
  return code;
}

static void warn_of_bad_lines(const hashscan_list_report *report) {
  if (report->bad_lines == 1) message("skipped %s", report->first_bad.message);
  if (report->bad_lines > 1)
    message("skipped %s, and %" PRIu64 " more bad lines", report->first_bad.message, report->bad_lines - 1);
}

static hashscan_code add_lists(hashscan_builder *builder, const struct index_settings *settings,
                               const struct operands *lists, uint64_t *bad_lines, hashscan_error *error) {
  hashscan_list_options options = HASHSCAN_LIST_OPTIONS_INIT;
  options.name = settings->list;
  options.version = settings->version;
  options.format = (hashscan_list_format)settings->format;
  options.has_kind = settings->kind >= 0;
  if (options.has_kind) options.kind = (hashscan_kind)settings->kind;
  options.skip_bad_lines = settings->skip_bad_lines;
  for (size_t i = 0; i < lists->count; i++) {
    hashscan_list_report report = {0};
    const hashscan_code code = strcmp(lists->items[i], "-") == 0
                                   ? add_stdin(builder, &options, &report, error)
                                   : hashscan_builder_add_list(builder, lists->items[i], &options, &report, error);
    if (code != HASHSCAN_SUCCESS) return code;
    warn_of_bad_lines(&report);
    *bad_lines += report.bad_lines;
    if (settings->verbose || isatty(STDERR_FILENO))
      message("%s: %" PRIu64 " entries from %" PRIu64 " lines", lists->items[i], report.entries, report.lines);
  }
  return HASHSCAN_SUCCESS;
}

static hashscan_code build(const struct index_settings *settings, const struct operands *lists, uint64_t *bad_lines,
                           hashscan_error *error) {
  hashscan_builder *builder;
  hashscan_code code = hashscan_builder_create(&builder, error);
  if (code != HASHSCAN_SUCCESS) return code;
  code = add_lists(builder, settings, lists, bad_lines, error);
  if (code == HASHSCAN_SUCCESS) code = hashscan_builder_write(builder, settings->output, error);
  hashscan_builder_destroy(builder);
  return code;
}

static int run_build(const struct command *command, int argc, char **argv) {
  struct index_settings settings = {.kind = -1};
  struct operands lists;
  int exit_code;
  if (!options_parse(command, argc, argv, &settings, &lists, &exit_code)) return exit_code;
  if (settings.output == NULL) return options_misused(command, "--output INDEX is needed");
  if (lists.count == 0) return options_misused(command, "no LIST given");
  uint64_t bad_lines = 0;
  hashscan_error error;
  if (build(&settings, &lists, &bad_lines, &error) != HASHSCAN_SUCCESS) return fail(&error);
  return show(settings.output, &bad_lines, false);
}

const struct command command_index_build = {"index build", "-o INDEX LIST...", "Builds an index from hash lists",
                                            build_options, run_build};
const struct command command_index_info = {"index info", "INDEX", "Shows what an index holds", no_options, run_info};
const struct command command_index_verify = {"index verify", "INDEX", "Checks every byte of an index", no_options,
                                             run_verify};
