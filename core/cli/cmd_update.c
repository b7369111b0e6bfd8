/* SPDX-License-Identifier: Apache-2.0 */
/* hashscan index add, remove, update, compact: each opens the index for changing, stages, and commits once. */
#include <stdlib.h>
#include <string.h>

#include "index_command.h"

static const struct option list_options[] = {LIST_OPTIONS, {0}};

struct compact_settings {
  unsigned mode;
};

static const struct option compact_options[] = {MODE_OPTION(struct compact_settings, mode), {0}};

struct remove_settings {
  struct texts hashes, ids;
  const char *list;
  int kind;      /* hashscan_kind, or -1 */
  unsigned mode; /* 0: not given */
};

static const struct option remove_options[] = {
    {"hash", 0, OPTION_TEXTS, offsetof(struct remove_settings, hashes), "HEX",
     "Remove every entry with this hash. May be given more than once.", 0, 0},
    {"kind", 0, OPTION_KIND, offsetof(struct remove_settings, kind), NULL,
     "What the hashes are. Default: told by their length; 64 digits are pdq.", 0, 0},
    {"id", 0, OPTION_TEXTS, offsetof(struct remove_settings, ids), "ID",
     "Remove every entry with this id. May be given more than once.", 0, 0},
    {"list", 0, OPTION_TEXT, offsetof(struct remove_settings, list), "NAME",
     "With ids: only those of this list. Otherwise: remove the whole list.", 0, 0},
    MODE_OPTION(struct remove_settings, mode),
    {0}};

/* ---- One change, one commit --------------------------------------------------------------------------------------*/

typedef hashscan_code (*stage_changes)(hashscan_updater *updater, const void *user, hashscan_error *error);
typedef hashscan_code (*commit_changes)(hashscan_updater *updater, hashscan_update_report *report,
                                        hashscan_error *error);

struct change {
  const char *path;
  stage_changes stage; /* NULL: nothing */
  const void *user;
  commit_changes commit;
  unsigned mode; /* 0: as it is */
};

static hashscan_code carry_out(const struct change *change, hashscan_update_report *report, hashscan_error *error) {
  hashscan_updater *updater;
  hashscan_code code = hashscan_updater_open(change->path, &updater, error);
  if (code != HASHSCAN_SUCCESS) return code;
  if (change->mode != 0) code = hashscan_updater_set_mode(updater, change->mode, error);
  if (code == HASHSCAN_SUCCESS && change->stage != NULL) code = change->stage(updater, change->user, error);
  if (code == HASHSCAN_SUCCESS) code = change->commit(updater, report, error);
  hashscan_updater_close(updater);
  return code;
}

static int change_and_show(const struct change *change, const uint64_t *bad_lines) {
  hashscan_update_report report = HASHSCAN_UPDATE_REPORT_INIT;
  hashscan_error error;
  if (carry_out(change, &report, &error) != HASHSCAN_SUCCESS) return index_fail(&error);
  const struct index_note note = {.bad_lines = bad_lines, .report = &report, .mode_given = change->mode != 0};
  return index_show(change->path, &note);
}

/* ---- Lists -------------------------------------------------------------------------------------------------------*/

struct list_change {
  const struct list_settings *settings;
  char **paths;
  size_t count;
  struct list_target target; /* without the updater */
  uint64_t *bad_lines;
};

static hashscan_code stage_lists(hashscan_updater *updater, const void *user, hashscan_error *error) {
  const struct list_change *lists = user;
  struct list_target target = lists->target;
  target.target = updater;
  return lists_read(lists->settings, lists->paths, lists->count, &target, lists->bad_lines, error);
}

static hashscan_code add_from_file(void *target, const char *path, const hashscan_list_options *options,
                                   hashscan_list_report *report, hashscan_error *error) {
  return hashscan_updater_add_list(target, path, options, report, error);
}

static hashscan_code add_from_bytes(void *target, const char *source, const void *bytes, size_t size,
                                    const hashscan_list_options *options, hashscan_list_report *report,
                                    hashscan_error *error) {
  return hashscan_updater_add_list_bytes(target, source, bytes, size, options, report, error);
}

static int run_add(const struct command *command, int argc, char **argv) {
  struct list_settings settings = LIST_SETTINGS_INIT;
  struct operands operands;
  int exit_code;
  if (!options_parse(command, argc, argv, &settings, &operands, &exit_code)) return exit_code;
  if (operands.count < 2) return options_misused(command, "an INDEX and a LIST are needed");
  uint64_t bad_lines = 0;
  const struct list_change lists = {
      &settings, operands.items + 1, operands.count - 1, {NULL, add_from_file, add_from_bytes}, &bad_lines};
  return change_and_show(
      &(struct change){operands.items[0], stage_lists, &lists, hashscan_updater_commit, settings.mode}, &bad_lines);
}

static hashscan_code replace_from_file(void *target, const char *path, const hashscan_list_options *options,
                                       hashscan_list_report *report, hashscan_error *error) {
  return hashscan_updater_replace_list(target, path, options, report, error);
}

static hashscan_code replace_from_bytes(void *target, const char *source, const void *bytes, size_t size,
                                        const hashscan_list_options *options, hashscan_list_report *report,
                                        hashscan_error *error) {
  return hashscan_updater_replace_list_bytes(target, source, bytes, size, options, report, error);
}

static int run_update(const struct command *command, int argc, char **argv) {
  struct list_settings settings = LIST_SETTINGS_INIT;
  struct operands operands;
  int exit_code;
  if (!options_parse(command, argc, argv, &settings, &operands, &exit_code)) return exit_code;
  if (operands.count != 2) return options_misused(command, "an INDEX and one LIST are needed");
  if (settings.list == NULL) return options_misused(command, "--list NAME is needed: the list to replace");
  uint64_t bad_lines = 0;
  const struct list_change lists = {
      &settings, operands.items + 1, 1, {NULL, replace_from_file, replace_from_bytes}, &bad_lines};
  return change_and_show(
      &(struct change){operands.items[0], stage_lists, &lists, hashscan_updater_commit, settings.mode}, &bad_lines);
}

/* ---- Removing ----------------------------------------------------------------------------------------------------*/

static hashscan_code remove_hash(hashscan_updater *updater, int kind, const char *text, hashscan_error *error) {
  const size_t digits = strlen(text);
  uint8_t hash[HASHSCAN_MAX_HASH_BYTES];
  hashscan_kind found = (hashscan_kind)kind;
  hashscan_code code = kind >= 0 ? HASHSCAN_SUCCESS : hashscan_kind_guess(digits, &found, error);
  if (code == HASHSCAN_SUCCESS) code = hashscan_hex_decode(text, digits, hash, hashscan_kind_bytes(found), error);
  return code == HASHSCAN_SUCCESS ? hashscan_updater_remove_hash(updater, found, hash, error) : code;
}

static hashscan_code stage_removals(hashscan_updater *updater, const void *user, hashscan_error *error) {
  const struct remove_settings *settings = user;
  hashscan_code code = HASHSCAN_SUCCESS;
  for (size_t i = 0; i < settings->hashes.count && code == HASHSCAN_SUCCESS; i++)
    code = remove_hash(updater, settings->kind, settings->hashes.items[i], error);
  for (size_t i = 0; i < settings->ids.count && code == HASHSCAN_SUCCESS; i++)
    code = hashscan_updater_remove_id(updater, settings->list, settings->ids.items[i], error);
  if (code == HASHSCAN_SUCCESS && settings->list != NULL && settings->ids.count == 0)
    code = hashscan_updater_remove_list(updater, settings->list, error);
  return code;
}

static int run_remove(const struct command *command, int argc, char **argv) {
  struct remove_settings settings = {.kind = -1};
  struct operands operands;
  int exit_code;
  if (!options_parse(command, argc, argv, &settings, &operands, &exit_code)) goto end;
  if (operands.count != 1) exit_code = options_misused(command, "one INDEX is needed");
  else if (settings.hashes.count + settings.ids.count == 0 && settings.list == NULL)
    exit_code = options_misused(command, "nothing to remove: give --hash, --id or --list");
  else
    exit_code = change_and_show(
        &(struct change){operands.items[0], stage_removals, &settings, hashscan_updater_commit, settings.mode}, NULL);
end:
  free(settings.hashes.items);
  free(settings.ids.items);
  return exit_code;
}

/* ---- Compacting --------------------------------------------------------------------------------------------------*/

static int run_compact(const struct command *command, int argc, char **argv) {
  struct compact_settings settings = {0};
  struct operands operands;
  int exit_code;
  if (!options_parse(command, argc, argv, &settings, &operands, &exit_code)) return exit_code;
  if (operands.count != 1) return options_misused(command, "one INDEX is needed");
  return change_and_show(&(struct change){operands.items[0], NULL, NULL, hashscan_updater_compact, settings.mode},
                         NULL);
}

const struct command command_index_add = {"index add", "INDEX LIST...", "Adds hash lists to an index", list_options,
                                          run_add};
const struct command command_index_remove = {"index remove", "INDEX", "Removes entries or a list from an index",
                                             remove_options, run_remove};
const struct command command_index_update = {"index update", "--list NAME INDEX LIST",
                                             "Replaces a list of an index by a new version", list_options, run_update};
const struct command command_index_compact = {"index compact", "INDEX", "Rewrites an index without what was removed",
                                              compact_options, run_compact};
