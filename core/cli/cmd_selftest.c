/* SPDX-License-Identifier: Apache-2.0 */
/* hashscan selftest: what this build is made of and runs on, and that it finds the picture of selftest_picture.h, all
 * the way from a list through an index to a verdict. The library detects its SIMD tier once, so each tier is tried in a
 * process of its own, which also tells an instruction that the machine does not have from a wrong answer. */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "commands.h"
#include "json.h"
#include "message.h"
#include "selftest_picture.h"

enum selftest_format { SELFTEST_TEXT, SELFTEST_JSONL };

struct selftest_settings {
  int format;
  const char *write;
};

static const struct option selftest_options[] = {
    {"format", 0, OPTION_CHOICE, offsetof(struct selftest_settings, format), "text|jsonl",
     "How the output is written. Default text.", 0, 0},
    {"write", 0, OPTION_TEXT, offsetof(struct selftest_settings, write), "FOLDER",
     "Only write the picture and its list to FOLDER, as selftest.jpg, selftest.png and selftest.csv.", 0, 0},
    {0}};

/* ---- What is tried ------------------------------------------------------------------------------------------------*/

static const hashscan_level levels[] = {HASHSCAN_LEVEL_EXACT, HASHSCAN_LEVEL_FAST, HASHSCAN_LEVEL_BLOCKS};
static const char *const tiers[] = {"scalar", "avx2", "avx512", "neon"};
static const struct {
  const char *name;
  void (*make)(struct selftest_file *file, bool known);
  size_t digests; /* entries of the list with a digest of it */
} files[] = {{"jpeg", selftest_jpeg, 3}, {"png", selftest_png, 0}};

enum {
  LEVELS = sizeof levels / sizeof *levels,
  TIERS = sizeof tiers / sizeof *tiers,
  FILES = sizeof files / sizeof *files,
  PROBLEM_SIZE = 700
};

/* The answer to the picture as one file at one level. */
struct check {
  bool done;
  hashscan_method method;
  size_t matches;
};

/* What a process found out about one tier. Shared memory: it counts also when the process died. */
struct tier_report {
  bool available;
  struct check checks[LEVELS][FILES];
  char problem[PROBLEM_SIZE]; /* empty: none */
};

__attribute__((format(printf, 2, 3))) static bool problem(struct tier_report *report, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(report->problem, sizeof report->problem, format, arguments);
  va_end(arguments);
  return false;
}

/* ---- One file through the library ---------------------------------------------------------------------------------*/

struct trial {
  struct tier_report *report;
  hashscan_matcher *matcher;
  hashscan_hasher *hasher;
  struct selftest_file file;
  hashscan_verdict *verdict; /* of the last file */
  char what[60];             /* "jpeg at level exact" */
};

static bool match(struct trial *trial) {
  hashscan_error error;
  hashscan_verdict_destroy(trial->verdict);
  return hashscan_match_image(trial->matcher, trial->hasher, trial->file.bytes, trial->file.size, &trial->verdict,
                              &error) == HASHSCAN_SUCCESS ||
         problem(trial->report, "%s: %s", trial->what, error.message);
}

/* The picture itself: one PDQ entry at distance 0, as it is, and each of its digests. */
static bool find_known(struct trial *trial, size_t digests, struct check *check) {
  if (!match(trial)) return false;
  const hashscan_verdict *verdict = trial->verdict;
  bool pdq = false;
  size_t others = 0;
  for (size_t i = 0; i < verdict->match_count; i++) {
    const hashscan_match *found = verdict->matches[i];
    if (found->kind != HASHSCAN_KIND_PDQ) others++;
    else pdq = found->distance == 0 && found->transform == HASHSCAN_TRANSFORM_NONE;
  }
  *check = (struct check){true, verdict->method, verdict->match_count};
  if (verdict->outcome == HASHSCAN_OUTCOME_MATCH && pdq && others == digests) return true;
  return problem(trial->report,
                 "%s: the picture was not found as it is on the list: %s%s%s, %zu of 1 PDQ and %zu of %zu digests",
                 trial->what, hashscan_outcome_name(verdict->outcome), verdict->reason[0] != '\0' ? ", " : "",
                 verdict->reason, (size_t)pdq, others, digests);
}

/* A library that answers "match" to everything would pass the first half of this test. */
static bool pass_unknown(struct trial *trial) {
  if (!match(trial)) return false;
  if (trial->verdict->outcome == HASHSCAN_OUTCOME_NO_MATCH) return true;
  return problem(trial->report, "%s: a picture that is on no list gave %s", trial->what,
                 hashscan_outcome_name(trial->verdict->outcome));
}

static bool try_files(struct trial *trial, size_t level) {
  for (size_t i = 0; i < FILES; i++) {
    snprintf(trial->what, sizeof trial->what, "%s at level %s", files[i].name, hashscan_level_name(levels[level]));
    files[i].make(&trial->file, true);
    if (!find_known(trial, files[i].digests, &trial->report->checks[level][i])) return false;
    files[i].make(&trial->file, false);
    if (!pass_unknown(trial)) return false;
  }
  return true;
}

static bool try_level(struct tier_report *report, const char *index, size_t level) {
  struct trial *trial = calloc(1, sizeof *trial);
  if (trial == NULL) return problem(report, "out of memory");
  hashscan_match_options options = HASHSCAN_MATCH_OPTIONS_INIT;
  hashscan_error error;
  options.level = levels[level];
  trial->report = report;
  bool passed = false;
  if (hashscan_matcher_create((const char *const[]){index}, 1, &options, &trial->matcher, &error) != HASHSCAN_SUCCESS ||
      hashscan_matcher_hasher(trial->matcher, &trial->hasher, &error) != HASHSCAN_SUCCESS)
    problem(report, "%s", error.message);
  else passed = try_files(trial, level);
  hashscan_verdict_destroy(trial->verdict);
  hashscan_hasher_destroy(trial->hasher);
  hashscan_matcher_destroy(trial->matcher);
  free(trial);
  return passed;
}

/* ---- One tier -----------------------------------------------------------------------------------------------------*/

static hashscan_code build_index(const char *path, hashscan_error *error) {
  hashscan_builder *builder;
  hashscan_list_options options = HASHSCAN_LIST_OPTIONS_INIT;
  hashscan_code code = hashscan_builder_create(&builder, error);
  if (code == HASHSCAN_SUCCESS)
    code = hashscan_builder_add_list_bytes(builder, "selftest.csv", selftest_list, strlen(selftest_list), &options,
                                           NULL, error);
  if (code == HASHSCAN_SUCCESS) code = hashscan_builder_write(builder, path, error);
  hashscan_builder_destroy(builder);
  return code;
}

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *walk) {
  (void)status;
  (void)type;
  (void)walk;
  return remove(path);
}

static void try_levels(struct tier_report *report) {
  const char *root = getenv("TMPDIR");
  char folder[4096];
  hashscan_error error;
  snprintf(folder, sizeof folder, "%s/hashscan-selftest-XXXXXX", root != NULL && *root != '\0' ? root : "/tmp");
  if (mkdtemp(folder) == NULL) {
    problem(report, "%.400s: %s (TMPDIR names another folder)", folder, strerror(errno));
    return;
  }
  if (build_index(folder, &error) != HASHSCAN_SUCCESS) problem(report, "%s", error.message);
  for (size_t level = 0; level < LEVELS && report->problem[0] == '\0'; level++)
    if (!try_level(report, folder, level)) break;
  nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

/* `tier` is forced when it is there; NULL: what HASHSCAN_CPU says. */
static void try_tier(struct tier_report *report, const char *tier) {
  hashscan_hasher *hasher;
  hashscan_error error;
  if (tier != NULL) setenv("HASHSCAN_CPU", tier, 1);
  const hashscan_code code = hashscan_hasher_create(NULL, &hasher, &error);
  hashscan_hasher_destroy(hasher);
  if (tier != NULL && (code == HASHSCAN_E_CPU || strcmp(hashscan_cpu(), tier) != 0)) return;
  report->available = true;
  if (code == HASHSCAN_SUCCESS) try_levels(report);
  else problem(report, "%s", error.message);
}

static void run_process(struct tier_report *report, const char *tier) {
  const pid_t process = fork();
  if (process == 0) {
    try_tier(report, tier);
    _exit(EXIT_COMPLETE);
  }
  int status = 0;
  while (process > 0 && waitpid(process, &status, 0) < 0 && errno == EINTR) continue;
  if (process < 0) problem(report, "%s", strerror(errno));
  else if (WIFSIGNALED(status))
    problem(report, "killed by signal %d (%s)", WTERMSIG(status), strsignal(WTERMSIG(status)));
  if (report->problem[0] != '\0') report->available = true;
}

/* A test that did not run has not passed. */
static void expect_all_checks(struct tier_report *reports, size_t count) {
  size_t available = 0;
  for (size_t i = 0; i < count; i++) {
    available += reports[i].available;
    for (size_t check = 0; reports[i].available && reports[i].problem[0] == '\0' && check < LEVELS * FILES; check++)
      if (!reports[i].checks[check / FILES][check % FILES].done) problem(&reports[i], "ended before its last check");
  }
  if (available == 0) problem(&reports[0], "no tier could be tried");
}

/* ---- What is said -------------------------------------------------------------------------------------------------*/

struct selftest {
  struct tier_report *reports;
  const char *const *names; /* of the tiers */
  size_t count;
};

static size_t count_problems(const struct selftest *test) {
  size_t problems = 0;
  for (size_t i = 0; i < test->count; i++) problems += test->reports[i].problem[0] != '\0';
  return problems;
}

static void write_library_text(struct output *out) {
  const char *name, *version;
  output_format(out, "hashscan    %s\nlibraries  ", hashscan_version());
  for (unsigned i = 0; hashscan_dependency(i, &name, &version); i++)
    output_format(out, "%s %s %s", i > 0 ? "," : "", name, version);
  output_text(out, "\ndecoders   ");
  for (int i = HASHSCAN_FORMAT_UNKNOWN + 1; strcmp(hashscan_format_name((hashscan_format)i), "unknown") != 0; i++)
    output_format(out, "%s %s", i > 1 ? "," : "", hashscan_format_name((hashscan_format)i));
  output_format(out, "\nsandbox     not built in\nSIMD        %s\n", hashscan_cpu());
}

static void write_text(struct output *out, const struct selftest *test) {
  size_t checks = 0;
  write_library_text(out);
  for (size_t i = 0; i < test->count; i++) {
    if (!test->reports[i].available) output_format(out, "%-11s not on this machine\n", test->names[i]);
    for (size_t level = 0; level < LEVELS; level++)
      for (size_t file = 0; file < FILES; file++) {
        const struct check *check = &test->reports[i].checks[level][file];
        if (!check->done) continue;
        checks++;
        output_format(out, "%-11s %-6s %-5s %zu matches, settled by %s\n", test->names[i],
                      hashscan_level_name(levels[level]), files[file].name, check->matches,
                      hashscan_method_name(check->method));
      }
  }
  if (count_problems(test) == 0) output_format(out, "passed      the known picture was found %zu times\n", checks);
  else output_text(out, "FAILED\n");
}

static void write_checks(struct json *json, const struct selftest *test) {
  json_array_begin(json, "checks");
  for (size_t i = 0; i < test->count; i++)
    for (size_t level = 0; level < LEVELS; level++)
      for (size_t file = 0; file < FILES; file++) {
        const struct check *check = &test->reports[i].checks[level][file];
        if (!check->done) continue;
        json_object_begin(json, NULL);
        json_string(json, "cpu", test->names[i]);
        json_string(json, "level", hashscan_level_name(levels[level]));
        json_string(json, "format", files[file].name);
        json_integer(json, "matches", check->matches);
        json_string(json, "method", hashscan_method_name(check->method));
        json_object_end(json);
      }
  json_array_end(json);
}

static void write_jsonl(struct output *out, const struct selftest *test) {
  struct json json = {out, false};
  const char *name, *version;
  json_object_begin(&json, NULL);
  json_string(&json, "type", "selftest");
  json_string(&json, "version", hashscan_version());
  json_object_begin(&json, "libraries");
  for (unsigned i = 0; hashscan_dependency(i, &name, &version); i++) json_string(&json, name, version);
  json_object_end(&json);
  json_array_begin(&json, "decoders");
  for (int i = HASHSCAN_FORMAT_UNKNOWN + 1; strcmp(hashscan_format_name((hashscan_format)i), "unknown") != 0; i++)
    json_string(&json, NULL, hashscan_format_name((hashscan_format)i));
  json_array_end(&json);
  json_string(&json, "sandbox", "none");
  json_string(&json, "cpu", hashscan_cpu());
  write_checks(&json, test);
  json_bool(&json, "passed", count_problems(test) == 0);
  json_object_end(&json);
  json_line_end(&json);
}

/* ---- The files, for a pipeline of one's own -----------------------------------------------------------------------*/

static bool write_file(const char *folder, const char *name, const void *bytes, size_t size) {
  char path[4096];
  snprintf(path, sizeof path, "%s/%s", folder, name);
  const int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0666);
  const bool opened = fd >= 0;
  const bool written = opened && write(fd, bytes, size) == (ssize_t)size;
  if (opened && close(fd) == 0 && written) return true;
  message("%s: %s", path, errno != 0 ? strerror(errno) : "cannot be written");
  return false;
}

static int write_files(const char *folder) {
  struct selftest_file file;
  char name[40];
  for (size_t i = 0; i < FILES; i++) {
    files[i].make(&file, true);
    snprintf(name, sizeof name, "selftest.%s", strcmp(files[i].name, "jpeg") == 0 ? "jpg" : files[i].name);
    if (!write_file(folder, name, file.bytes, file.size)) return EXIT_FATAL;
  }
  return write_file(folder, "selftest.csv", selftest_list, strlen(selftest_list)) ? EXIT_COMPLETE : EXIT_FATAL;
}

/* ---- The command --------------------------------------------------------------------------------------------------*/

/* Nothing of the library may be asked before the processes are done: it would fix the tier of them all. */
static int test_and_say(int format, struct tier_report *reports) {
  const char *const forced[] = {getenv("HASHSCAN_CPU")};
  const bool is_forced = forced[0] != NULL && *forced[0] != '\0';
  const struct selftest test = {reports, is_forced ? forced : tiers, is_forced ? 1 : TIERS};
  for (size_t i = 0; i < test.count; i++) run_process(&reports[i], is_forced ? NULL : tiers[i]);
  expect_all_checks(reports, test.count);
  struct output out;
  output_open_stdout(&out);
  if (format == SELFTEST_TEXT) write_text(&out, &test);
  else write_jsonl(&out, &test);
  const bool written = output_finish(&out);
  for (size_t i = 0; i < test.count; i++)
    if (reports[i].problem[0] != '\0') message("selftest failed (%s): %s", test.names[i], reports[i].problem);
  return written && count_problems(&test) == 0 ? EXIT_COMPLETE : EXIT_FATAL;
}

static int run_selftest(const struct command *command, int argc, char **argv) {
  struct selftest_settings settings = {0};
  struct operands operands;
  int exit_code;
  if (!options_parse(command, argc, argv, &settings, &operands, &exit_code)) return exit_code;
  if (operands.count > 0) return options_misused(command, "it takes no '%s'", operands.items[0]);
  if (settings.write != NULL) return write_files(settings.write);
  const size_t size = TIERS * sizeof(struct tier_report);
  struct tier_report *reports = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (reports == MAP_FAILED) {
    message("out of memory");
    return EXIT_FATAL;
  }
  exit_code = test_and_say(settings.format, reports);
  munmap(reports, size);
  return exit_code;
}

const struct command command_selftest = {"selftest", "", "Shows what is in force, and that a known picture is found",
                                         selftest_options, run_selftest};
