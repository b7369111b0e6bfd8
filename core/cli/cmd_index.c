/* SPDX-License-Identifier: Apache-2.0 */
/* hashscan index build, info, verify: hash lists in, an index folder out, and what it holds. Changing one that exists
 * is in cmd_update.c. */
#include "index_command.h"

struct build_settings {
  struct list_settings lists;
  const char *output;
};

static const struct option build_options[] = {
    {"output", 'o', OPTION_TEXT, offsetof(struct build_settings, output), "INDEX",
     "Folder to write the index to. An index that is already there is replaced in one step.", 0, 0},
    LIST_OPTIONS,
    {0}};

static const struct option no_options[] = {{0}};

/* ---- What an index holds -----------------------------------------------------------------------------------------*/

static int show_operand(const struct command *command, int argc, char **argv, bool verify) {
  struct operands operands;
  int exit_code;
  if (!options_parse(command, argc, argv, NULL, &operands, &exit_code)) return exit_code;
  if (operands.count != 1) return options_misused(command, "one INDEX is needed");
  return index_show(operands.items[0], &(struct index_note){.verify = verify});
}

static int run_info(const struct command *command, int argc, char **argv) {
  return show_operand(command, argc, argv, false);
}

static int run_verify(const struct command *command, int argc, char **argv) {
  return show_operand(command, argc, argv, true);
}

/* ---- Build -------------------------------------------------------------------------------------------------------*/

static hashscan_code build_from_file(void *target, const char *path, const hashscan_list_options *options,
                                     hashscan_list_report *report, hashscan_error *error) {
  return hashscan_builder_add_list(target, path, options, report, error);
}

static hashscan_code build_from_bytes(void *target, const char *source, const void *bytes, size_t size,
                                      const hashscan_list_options *options, hashscan_list_report *report,
                                      hashscan_error *error) {
  return hashscan_builder_add_list_bytes(target, source, bytes, size, options, report, error);
}

static hashscan_code build(const struct build_settings *settings, const struct operands *lists, uint64_t *bad_lines,
                           hashscan_error *error) {
  hashscan_builder *builder;
  hashscan_code code = hashscan_builder_create(&builder, error);
  if (code != HASHSCAN_SUCCESS) return code;
  const struct list_target target = {builder, build_from_file, build_from_bytes};
  code = lists_read(&settings->lists, lists->items, lists->count, &target, bad_lines, error);
  if (code == HASHSCAN_SUCCESS && settings->lists.mode != 0)
    code = hashscan_builder_set_mode(builder, settings->lists.mode, error);
  if (code == HASHSCAN_SUCCESS) code = hashscan_builder_write(builder, settings->output, error);
  hashscan_builder_destroy(builder);
  return code;
}

static int run_build(const struct command *command, int argc, char **argv) {
  struct build_settings settings = {.lists = LIST_SETTINGS_INIT};
  struct operands lists;
  int exit_code;
  if (!options_parse(command, argc, argv, &settings, &lists, &exit_code)) return exit_code;
  if (settings.output == NULL) return options_misused(command, "--output INDEX is needed");
  if (lists.count == 0) return options_misused(command, "no LIST given");
  uint64_t bad_lines = 0;
  hashscan_error error;
  if (build(&settings, &lists, &bad_lines, &error) != HASHSCAN_SUCCESS) return index_fail(&error);
  return index_show(settings.output,
                    &(struct index_note){.bad_lines = &bad_lines, .mode_given = settings.lists.mode != 0});
}

const struct command command_index_build = {"index build", "-o INDEX LIST...", "Builds an index from hash lists",
                                            build_options, run_build};
const struct command command_index_info = {"index info", "INDEX", "Shows what an index holds", no_options, run_info};
const struct command command_index_verify = {"index verify", "INDEX", "Checks every byte of an index", no_options,
                                             run_verify};
