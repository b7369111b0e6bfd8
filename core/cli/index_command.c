/* SPDX-License-Identifier: Apache-2.0 */
/* What the index commands share. */
#include "index_command.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "input.h"
#include "json.h"
#include "message.h"
#include "record.h"

int index_fail(const hashscan_error *error) {
  message("%s", error->message);
  return EXIT_FATAL;
}

/* ---- What an index holds -----------------------------------------------------------------------------------------*/

/* A line being written: it begins once the numbers are there, which is before the first list comes. */
struct shown {
  const char *path;
  hashscan_index_info info;
  struct json json;
  bool begun;
};

static void begin_line(struct shown *shown) {
  struct json *json = &shown->json;
  if (shown->begun) return;
  shown->begun = true;
  json_object_begin(json, NULL);
  json_string(json, "type", "index");
  json_path(json, shown->path);
  json_integer(json, "format_version", shown->info.format_version);
  json_integer(json, "entries", shown->info.entries);
  json_object_begin(json, "by_kind");
  for (int kind = 0; kind < HASHSCAN_KIND_COUNT; kind++)
    json_integer(json, hashscan_kind_name((hashscan_kind)kind), shown->info.entries_by_kind[kind]);
  json_object_end(json);
  json_integer(json, "distinct_pdq", shown->info.distinct_pdq);
  json_array_begin(json, "lists");
}

static int write_list(void *user, const char *name, const char *version, uint64_t entries) {
  struct shown *shown = user;
  begin_line(shown);
  json_object_begin(&shown->json, NULL);
  json_string(&shown->json, "name", name);
  json_string(&shown->json, "version", version);
  json_integer(&shown->json, "entries", entries);
  json_object_end(&shown->json);
  return 0;
}

static void end_line(struct shown *shown, const struct index_note *note) {
  struct json *json = &shown->json;
  begin_line(shown);
  json_array_end(json);
  json_integer(json, "segments", shown->info.segments);
  json_integer(json, "log_bytes", shown->info.log_bytes);
  json_integer(json, "dead", shown->info.dead);
  json_integer(json, "bytes", shown->info.bytes);
  json_string(json, "digest", shown->info.digest);
  if (note->report != NULL) {
    json_integer(json, "added", note->report->added);
    json_integer(json, "removed", note->report->removed);
    json_integer(json, "kept", note->report->kept);
  }
  if (note->bad_lines != NULL) json_integer(json, "bad_lines", *note->bad_lines);
  if (note->verify) json_bool(json, "valid", true);
  json_object_end(json);
  json_line_end(json);
}

/* Opening an index validates all of it, so whatever opens is valid. */
static hashscan_code write_verified(struct shown *shown, hashscan_error *error) {
  hashscan_index *index;
  const hashscan_code code = hashscan_index_open(shown->path, &index, error);
  if (code != HASHSCAN_SUCCESS) return code;
  const char *name, *version;
  uint64_t entries;
  hashscan_index_describe(index, &shown->info, NULL);
  for (uint32_t i = 0; hashscan_index_list(index, i, &name, &version, &entries, NULL) == HASHSCAN_SUCCESS; i++)
    write_list(shown, name, version, entries);
  hashscan_index_close(index);
  return HASHSCAN_SUCCESS;
}

int index_show(const char *path, const struct index_note *note) {
  struct output out;
  struct shown shown = {.path = path, .info = HASHSCAN_INDEX_INFO_INIT, .json = {&out, false}};
  hashscan_error error;
  output_open_stdout(&out);
  const hashscan_code code = note->verify ? write_verified(&shown, &error)
                                          : hashscan_index_read_info(path, &shown.info, write_list, &shown, &error);
  if (code != HASHSCAN_SUCCESS) return index_fail(&error);
  end_line(&shown, note);
  if (!note->mode_given) record_warn_of_readers(path, &shown.info);
  return output_finish(&out) ? EXIT_COMPLETE : EXIT_FATAL;
}

/* ---- Lists -------------------------------------------------------------------------------------------------------*/

static hashscan_code read_stdin(const struct list_target *target, const hashscan_list_options *options,
                                hashscan_list_report *report, hashscan_error *error) {
  struct input input = {0};
  hashscan_code code = HASHSCAN_E_IO;
  error->code = code;
  char reason[HASHSCAN_REASON_SIZE];
  if (input_read(&input, "-", SIZE_MAX, reason) == HASHSCAN_STATUS_OK)
    code = target->bytes(target->target, "stdin", input.bytes, input.size, options, report, error);
  else snprintf(error->message, sizeof error->message, "standard input: %s", reason);
  input_free(&input);
  return code;
}

static void warn_of_bad_lines(const hashscan_list_report *report) {
  if (report->bad_lines == 1) message("skipped %s", report->first_bad.message);
  if (report->bad_lines > 1)
    message("skipped %s, and %" PRIu64 " more bad lines", report->first_bad.message, report->bad_lines - 1);
}

static void say_what_was_read(const char *path, hashscan_list_format format, const hashscan_list_report *report) {
  if (format == HASHSCAN_LIST_FORMAT_BINARY) message("%s: %" PRIu64 " entries", path, report->entries);
  else message("%s: %" PRIu64 " entries from %" PRIu64 " lines", path, report->entries, report->lines);
}

hashscan_code lists_read(const struct list_settings *settings, char **paths, size_t count,
                         const struct list_target *target, uint64_t *bad_lines, hashscan_error *error) {
  hashscan_list_options options = HASHSCAN_LIST_OPTIONS_INIT;
  options.name = settings->list;
  options.version = settings->version;
  options.format = (hashscan_list_format)settings->format;
  options.has_kind = settings->kind >= 0;
  if (options.has_kind) options.kind = (hashscan_kind)settings->kind;
  options.skip_bad_lines = settings->skip_bad_lines;
  for (size_t i = 0; i < count; i++) {
    hashscan_list_report report = HASHSCAN_LIST_REPORT_INIT;
    const hashscan_code code = strcmp(paths[i], "-") == 0
                                   ? read_stdin(target, &options, &report, error)
                                   : target->file(target->target, paths[i], &options, &report, error);
    if (code != HASHSCAN_SUCCESS) return code;
    warn_of_bad_lines(&report);
    *bad_lines += report.bad_lines;
    if (settings->verbose || isatty(STDERR_FILENO)) say_what_was_read(paths[i], options.format, &report);
  }
  return HASHSCAN_SUCCESS;
}
