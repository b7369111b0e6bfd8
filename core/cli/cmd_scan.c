/* SPDX-License-Identifier: Apache-2.0 */
/* hashscan scan: paths in, one JSON object an input and a summary out. The library walks, decodes and matches; here the
 * paths come from (operands, --files-from, an image on standard input), the records are written, and signals end it. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "commands.h"
#include "fail_on.h"
#include "input.h"
#include "lines.h"
#include "message.h"
#include "progress.h"
#include "record.h"
#include "stop.h"

struct scan_settings {
  struct texts indexes;
  const char *output, *files_from;
  uint64_t radius, min_quality, threads;
  int transforms, profile, level, links;
  struct fail_on fail_on;
  bool null, emit_hash, no_progress, verbose;
  struct limit_settings limits;
};

static const struct option scan_options[] = {
    {"index", 0, OPTION_TEXTS, offsetof(struct scan_settings, indexes), "INDEX",
     "The index to compare with. Required. May be given more than once: then all are compared with, and each match "
     "says which of them it is of.",
     0, 0},
    {"radius", 0, OPTION_NUMBER, offsetof(struct scan_settings, radius), "N",
     "Largest distance in bits that is a match. Default 31.", 0, 256},
    {"transforms", 0, OPTION_CHOICE, offsetof(struct scan_settings, transforms), "none|dihedral",
     "Compare each image as it is, or also its seven flips and rotations. Default dihedral.", 0, 0},
    {"min-quality", 0, OPTION_NUMBER, offsetof(struct scan_settings, min_quality), "N",
     "PDQ hashes of lower quality are not compared. Default 50.", 0, 100},
    {"profile", 0, OPTION_PROFILE, offsetof(struct scan_settings, profile), NULL,
     "What is hashed, as in hash. Default full.", 0, 0},
    {"level", 0, OPTION_LEVEL, offsetof(struct scan_settings, level), NULL,
     "With fast, images are screened: decoded, hashed cheaply and compared with the bits that rounding may change as "
     "wildcards; only where that finds a candidate, the exact hash decides. The matches are those of exact for every "
     "file. With blocks, JPEG is screened from the low frequencies of its blocks without decoding the rest: "
     "faster, but a file that was crafted for it can hide a match, and damage in what is not read goes "
     "unnoticed. "
     "Use it for a first pass over storage that nobody crafted to hide from it. Default fast.",
     0, 0},
    {"links", 0, OPTION_LINKS, offsetof(struct scan_settings, links), NULL,
     "Which symbolic links in folders are followed: those that lead to a PATH or into it, all, or none. Others get a "
     "record that says so. A PATH itself may be a link. Default within.",
     0, 0},
    {"threads", 0, OPTION_NUMBER, offsetof(struct scan_settings, threads), "N",
     "Threads to work with. Default 0: one per CPU.", 0, 4096},
    {"output", 'o', OPTION_TEXT, offsetof(struct scan_settings, output), "FILE",
     "Write the results to FILE, which appears when the scan ends; until then they are in FILE.partial. Default: "
     "standard output.",
     0, 0},
    {"files-from", 0, OPTION_TEXT, offsetof(struct scan_settings, files_from), "FILE",
     "Also scan the paths in FILE, one a line. A single dash reads them from standard input.", 0, 0},
    {"null", '0', OPTION_FLAG, offsetof(struct scan_settings, null), NULL,
     "Paths in --files-from end with a NUL byte and not a line feed.", 0, 0},
    {"emit-hash", 0, OPTION_FLAG, offsetof(struct scan_settings, emit_hash), NULL,
     "Put the hash of each image in its record. Hashes are sensitive, so they are left out otherwise, and with them "
     "the "
     "file of --output can be read by its owner alone. Implies --level exact.",
     0, 0},
    {"fail-on", 0, OPTION_FAIL_ON, offsetof(struct scan_settings, fail_on), "LIST",
     "Verdicts and statuses, with commas between them, that make the exit status 1 (match) or 3 (all others). Default "
     "match,unexamined. With none, only errors and interruptions show in it.",
     0, HASHSCAN_STATUS_COUNT},
    {"no-progress", 0, OPTION_FLAG, offsetof(struct scan_settings, no_progress), NULL,
     "No progress line, even on a terminal.", 0, 0},
    {"verbose", 'v', OPTION_FLAG, offsetof(struct scan_settings, verbose), NULL,
     "Also a one-line summary on standard error. The default on a terminal.", 0, 0},
    LIMIT_OPTIONS(struct scan_settings, limits),
    {0}};

struct scan_run {
  struct scan_settings settings;
  hashscan_matcher *matcher;
  struct output out;
  bool live; /* someone may be waiting for each record */
  struct progress progress;
  bool shares_terminal; /* records and the progress line go to the same one */
  struct lines source;  /* of --files-from; fd -1 without */
  bool source_stopped;
  char source_problem[200];
  hashscan_summary *summary;
  double seconds;
  bool stdin_stopped;   /* by a signal, in the middle of the image */
  hashscan_error error; /* code SUCCESS unless the scan ended on an error */
};

/* ---- Records -----------------------------------------------------------------------------------------------------*/

static void write_image(struct json *json, const hashscan_image_hash *image) {
  if (image->format != HASHSCAN_FORMAT_UNKNOWN) json_string(json, "format", hashscan_format_name(image->format));
  if (image->width > 0 && image->height > 0) {
    json_integer(json, "width", image->width);
    json_integer(json, "height", image->height);
  }
}

static void write_record(struct scan_run *run, const char *path, uint64_t bytes, const hashscan_verdict *verdict,
                         bool duplicate) {
  const hashscan_image_hash *image = verdict->image;
  struct json json = {&run->out, false};
  json_object_begin(&json, NULL);
  json_string(&json, "type", "file");
  json_path(&json, path);
  json_string(&json, "status", hashscan_status_name(verdict->status));
  json_string(&json, "verdict", hashscan_outcome_name(verdict->outcome));
  write_image(&json, image);
  if (image->hash_count > 0) {
    record_quality(&json, image);
    json_string(&json, "method", hashscan_method_name(verdict->method));
  }
  json_integer(&json, "bytes", bytes);
  if (run->settings.emit_hash && image->hash_count > 0) {
    char hex[HASHSCAN_MAX_HEX];
    hashscan_hex_encode(image->hashes[HASHSCAN_TRANSFORM_NONE].bytes, sizeof image->hashes[0].bytes, hex);
    json_string(&json, "hash", hex);
  }
  if (duplicate) json_bool(&json, "duplicate", true);
  if (verdict->reason[0] != '\0') json_string(&json, "reason", verdict->reason);
  record_matches(&json, verdict);
  json_object_end(&json);
  json_line_end(&json);
}

/* False when writing has failed. */
static bool emit(struct scan_run *run, const char *path, uint64_t bytes, const hashscan_verdict *verdict,
                 bool duplicate) {
  if (run->shares_terminal) progress_erase(&run->progress);
  write_record(run, path, bytes, verdict, duplicate);
  if (run->live) output_flush(&run->out);
  return run->out.failed_errno == 0;
}

static int on_record(void *user, const hashscan_record *record) {
  return !emit(user, record->path, record->bytes, record->verdict, record->duplicate != 0);
}

static int on_progress(void *user, const hashscan_progress *state) {
  struct scan_run *run = user;
  progress_show(&run->progress, state);
  return 0;
}

static int should_stop(void *user) {
  (void)user;
  return stop_requested();
}

static void write_counts(struct json *json, const hashscan_summary *summary) {
  json_integer(json, "inputs", hashscan_summary_inputs(summary));
  json_integer(json, "match", hashscan_summary_outcome(summary, HASHSCAN_OUTCOME_MATCH));
  json_integer(json, "no_match", hashscan_summary_outcome(summary, HASHSCAN_OUTCOME_NO_MATCH));
  json_integer(json, "not_image", hashscan_summary_outcome(summary, HASHSCAN_OUTCOME_NOT_IMAGE));
  json_integer(json, "unexamined", hashscan_summary_outcome(summary, HASHSCAN_OUTCOME_UNEXAMINED));
  json_object_begin(json, "by_status");
  for (int i = 0; i < HASHSCAN_STATUS_COUNT; i++) {
    const hashscan_status status = (hashscan_status)i;
    const uint64_t count = hashscan_summary_status(summary, status);
    if (count > 0) json_integer(json, hashscan_status_name(status), count);
  }
  json_object_end(json);
  json_object_begin(json, "by_method");
  for (int i = 0; i < HASHSCAN_METHOD_COUNT; i++) {
    const hashscan_method method = (hashscan_method)i;
    const uint64_t count = hashscan_summary_method(summary, method);
    if (count > 0) json_integer(json, hashscan_method_name(method), count);
  }
  json_object_end(json);
  json_integer(json, "duplicates", hashscan_summary_duplicates(summary));
  json_integer(json, "bytes", hashscan_summary_bytes(summary));
}

static double rate(const struct scan_run *run) {
  return run->seconds > 0 ? (double)hashscan_summary_inputs(run->summary) / run->seconds : 0;
}

static bool interrupted(const struct scan_run *run) {
  if (run->source_stopped || run->stdin_stopped) return true;
  return hashscan_summary_stopped(run->summary) && run->source_problem[0] == '\0'; /* that one is an error */
}

static void write_indexes(const struct scan_run *run, struct json *json) {
  const struct texts *paths = &run->settings.indexes;
  if (paths->count > 1) json_array_begin(json, "indexes");
  for (size_t i = 0; i < paths->count; i++) {
    hashscan_index *index = hashscan_matcher_snapshot(run->matcher, i);
    record_index(json, paths->count > 1 ? paths->items[i] : NULL, index);
    hashscan_index_close(index);
  }
  if (paths->count > 1) json_array_end(json);
}

static void write_summary(struct scan_run *run) {
  const struct scan_settings *settings = &run->settings;
  struct json json = {&run->out, false};
  json_object_begin(&json, NULL);
  json_string(&json, "type", "summary");
  write_counts(&json, run->summary);
  json_integer(&json, "radius", settings->radius);
  json_string(&json, "transforms", hashscan_transforms_name((hashscan_transforms)settings->transforms));
  json_integer(&json, "min_quality", settings->min_quality);
  json_string(&json, "profile", hashscan_profile_name((hashscan_profile)settings->profile));
  json_string(&json, "level", hashscan_level_name((hashscan_level)settings->level));
  json_string(&json, "links", hashscan_links_name((hashscan_links)settings->links));
  write_indexes(run, &json);
  json_real(&json, "seconds", run->seconds, 3);
  json_real(&json, "images_per_second", rate(run), 1);
  json_bool(&json, "interrupted", interrupted(run));
  if (run->error.code != HASHSCAN_SUCCESS) json_string(&json, "error", run->error.message);
  json_object_end(&json);
  json_line_end(&json);
}

/* ---- Where paths come from ---------------------------------------------------------------------------------------*/

static const char *source_name(const struct scan_run *run) {
  return strcmp(run->settings.files_from, "-") == 0 ? "standard input" : run->settings.files_from;
}

/* Nonzero: source_problem says why. A NUL byte inside a line would end the path early, and what follows would silently
 * not be scanned. */
static int accept_path(struct scan_run *run, const char *line, size_t length) {
  if (memchr(line, '\0', length) == NULL) return 0;
  snprintf(run->source_problem, sizeof run->source_problem, "line %" PRIu64 " holds a NUL byte; is --null missing?",
           run->source.number);
  return 1;
}

static int next_path(void *user, const char **path) {
  struct scan_run *run = user;
  *path = NULL;
  char *line;
  size_t length;
  for (;;) {
    switch (lines_next(&run->source, &line, &length)) {
    case LINES_END:
      return 0;
    case LINES_STOPPED:
      run->source_stopped = true;
      return 0;
    case LINES_FAILED:
      snprintf(run->source_problem, sizeof run->source_problem, "%s", strerror(run->source.failed_errno));
      return 1;
    case LINES_LINE:
      break;
    }
    if (length == 0) continue;
    *path = line;
    return accept_path(run, line, length);
  }
}

static bool open_source(struct scan_run *run) {
  const char *name = run->settings.files_from;
  int fd = -1;
  if (name != NULL && strcmp(name, "-") == 0) fd = STDIN_FILENO;
  if (name != NULL && fd < 0) {
    fd = open(name, O_RDONLY | O_NOCTTY | O_CLOEXEC);
    if (fd < 0) message("%s: %s", name, strerror(errno));
    if (fd < 0) return false;
  }
  lines_open(&run->source, fd, run->settings.null ? '\0' : '\n');
  return true;
}

static void close_source(struct scan_run *run) {
  if (run->source.fd > STDIN_FILENO) close(run->source.fd);
}

/* ---- The image on standard input ---------------------------------------------------------------------------------*/

/* What standard input gave: a verdict, or `unread` when it could not be read. */
struct stdin_answer {
  hashscan_verdict *verdict;
  hashscan_verdict unread;
  hashscan_image_hash image; /* of `unread` */
};

static hashscan_code match_stdin(struct scan_run *run, hashscan_hasher *hasher, struct input *input,
                                 struct stdin_answer *answer, hashscan_error *error) {
  const uint64_t max_bytes = limit_settings_apply(&run->settings.limits).max_file_bytes;
  *answer = (struct stdin_answer){.image = HASHSCAN_IMAGE_HASH_INIT};
  answer->image.status = input_read(input, "-", max_bytes, answer->image.reason);
  answer->unread = (hashscan_verdict){.outcome = HASHSCAN_OUTCOME_UNEXAMINED,
                                      .status = answer->image.status,
                                      .reason = answer->image.reason,
                                      .image = &answer->image};
  if (answer->image.status != HASHSCAN_STATUS_OK) return HASHSCAN_SUCCESS;
  return hashscan_match_image(run->matcher, hasher, input->bytes, input->size, &answer->verdict, error);
}

static hashscan_code scan_stdin(struct scan_run *run, hashscan_error *error) {
  hashscan_hasher *hasher;
  hashscan_code code = hashscan_matcher_hasher(run->matcher, &hasher, error);
  if (code != HASHSCAN_SUCCESS) return code;
  struct input input = {0};
  struct stdin_answer answer;
  code = match_stdin(run, hasher, &input, &answer, error);
  const hashscan_verdict *verdict = answer.verdict == NULL ? &answer.unread : answer.verdict;
  /* An image cut off by a signal is no finished input. */
  run->stdin_stopped = stop_requested() && verdict->status == HASHSCAN_STATUS_UNREADABLE;
  if (code == HASHSCAN_SUCCESS && !run->stdin_stopped) {
    code = hashscan_summary_count(run->summary, verdict, input.size, false, error);
    if (!emit(run, "-", input.size, verdict, false)) code = HASHSCAN_E_STOPPED;
  }
  hashscan_verdict_destroy(answer.verdict);
  hashscan_hasher_destroy(hasher);
  input_free(&input);
  return code;
}

/* ---- The scan ----------------------------------------------------------------------------------------------------*/

/* A scan that a signal stopped has not failed. */
static hashscan_code judge_stop(const struct scan_run *run, hashscan_code code, hashscan_error *error) {
  if (code != HASHSCAN_E_STOPPED || run->out.failed_errno != 0) return code;
  if (run->source_problem[0] == '\0') return HASHSCAN_SUCCESS;
  snprintf(error->message, sizeof error->message, "%.250s: %s", source_name(run), run->source_problem);
  return code;
}

static hashscan_code scan_paths(struct scan_run *run, const struct operands *paths, bool progress,
                                hashscan_error *error) {
  hashscan_scan_options options = HASHSCAN_SCAN_OPTIONS_INIT;
  options.paths = (const char *const *)paths->items;
  options.path_count = paths->count;
  if (run->source.fd >= 0) options.next_path = next_path;
  options.threads = (unsigned)run->settings.threads;
  options.links = (hashscan_links)run->settings.links;
  options.on_record = on_record;
  if (progress) options.on_progress = on_progress;
  options.should_stop = should_stop;
  options.user = run;
  const hashscan_code code = hashscan_scan(run->matcher, &options, run->summary, error);
  progress_erase(&run->progress);
  return judge_stop(run, code, error);
}

/* Takes "-" out of the operands; how often it was there. */
static size_t take_stdin(struct operands *paths) {
  size_t kept = 0;
  for (size_t i = 0; i < paths->count; i++)
    if (strcmp(paths->items[i], "-") != 0) paths->items[kept++] = paths->items[i];
  const size_t taken = paths->count - kept;
  paths->count = kept;
  return taken;
}

static void scan_all(struct scan_run *run, struct operands *paths, bool from_stdin) {
  const bool on_terminal = isatty(STDERR_FILENO);
  run->shares_terminal = on_terminal && isatty(run->out.fd);
  run->progress.started = progress_clock();
  hashscan_code code = HASHSCAN_SUCCESS;
  if (from_stdin) code = scan_stdin(run, &run->error);
  if (code == HASHSCAN_SUCCESS && !run->stdin_stopped)
    code = scan_paths(run, paths, on_terminal && !run->settings.no_progress, &run->error);
  run->seconds = progress_clock() - run->progress.started;
  run->error.code = code;
}

static void write_human_summary(const struct scan_run *run) {
  const hashscan_summary *summary = run->summary;
  message("%" PRIu64 " inputs: %" PRIu64 " match, %" PRIu64 " do not, %" PRIu64 " unexamined, %" PRIu64
          " no images; %.1f s, %.0f images/s%s",
          hashscan_summary_inputs(summary), hashscan_summary_outcome(summary, HASHSCAN_OUTCOME_MATCH),
          hashscan_summary_outcome(summary, HASHSCAN_OUTCOME_NO_MATCH),
          hashscan_summary_outcome(summary, HASHSCAN_OUTCOME_UNEXAMINED),
          hashscan_summary_outcome(summary, HASHSCAN_OUTCOME_NOT_IMAGE), run->seconds, rate(run),
          interrupted(run) ? "; interrupted" : "");
}

static struct fail_on seen(const hashscan_summary *summary) {
  struct fail_on set = {0, 0};
  for (unsigned i = 0; i < HASHSCAN_OUTCOME_COUNT; i++)
    if (hashscan_summary_outcome(summary, (hashscan_outcome)i) > 0) set.outcomes |= 1u << i;
  for (unsigned i = 0; i < HASHSCAN_STATUS_COUNT; i++)
    if (hashscan_summary_status(summary, (hashscan_status)i) > 0) set.statuses |= 1u << i;
  return set;
}

/* Writes the end of the results and says how the run went. */
static int conclude(struct scan_run *run) {
  write_summary(run);
  if (!output_finish(&run->out)) return EXIT_FATAL;
  if (run->settings.verbose || isatty(STDERR_FILENO)) write_human_summary(run);
  const uint64_t matches = hashscan_summary_outcome(run->summary, HASHSCAN_OUTCOME_MATCH);
  const bool failed = run->error.code != HASHSCAN_SUCCESS;
  if (failed && matches > 0) message("%s (%" PRIu64 " inputs had matched before)", run->error.message, matches);
  else if (failed) message("%s", run->error.message);
  const struct fail_on_run end = {seen(run->summary), interrupted(run), failed};
  return fail_on_exit(&run->settings.fail_on, &end);
}

static hashscan_code create_matcher(struct scan_run *run, hashscan_error *error) {
  const hashscan_limits limits = limit_settings_apply(&run->settings.limits);
  hashscan_match_options options = HASHSCAN_MATCH_OPTIONS_INIT;
  options.radius = (unsigned)run->settings.radius;
  options.transforms = (hashscan_transforms)run->settings.transforms;
  options.min_quality = (int)run->settings.min_quality;
  options.profile = (hashscan_profile)run->settings.profile;
  options.level = (hashscan_level)run->settings.level;
  options.limits = &limits;
  return hashscan_matcher_create(run->settings.indexes.items, run->settings.indexes.count, &options, &run->matcher,
                                 error);
}

static void warn_of_readers(const struct scan_run *run) {
  for (size_t i = 0; i < run->settings.indexes.count; i++) {
    hashscan_index *index = hashscan_matcher_snapshot(run->matcher, i);
    hashscan_index_info info = HASHSCAN_INDEX_INFO_INIT;
    hashscan_index_describe(index, &info, NULL);
    record_warn_of_readers(run->settings.indexes.items[i], &info);
    hashscan_index_close(index);
  }
}

/* A reader of a pipe or a terminal wants records as they come; a file is written in large pieces. */
static bool is_live(const struct scan_run *run) {
  struct stat status;
  return run->source.fd >= 0 && fstat(run->source.fd, &status) == 0 && !S_ISREG(status.st_mode);
}

static bool open_output(struct scan_run *run) {
  if (run->settings.output != NULL) return output_open_file(&run->out, run->settings.output, run->settings.emit_hash);
  output_open_stdout(&run->out);
  return true;
}

static int scan(struct scan_run *run, struct operands *paths, bool from_stdin) {
  hashscan_error error;
  stop_install();
  if (hashscan_summary_create(&run->summary, &error) != HASHSCAN_SUCCESS ||
      create_matcher(run, &error) != HASHSCAN_SUCCESS) {
    message("%s", error.message);
    return EXIT_FATAL;
  }
  warn_of_readers(run);
  if (!open_source(run)) return EXIT_FATAL;
  int exit_code = EXIT_FATAL;
  if (open_output(run)) {
    run->live = isatty(run->out.fd) || is_live(run);
    scan_all(run, paths, from_stdin);
    exit_code = conclude(run);
  }
  close_source(run);
  return exit_code;
}

static int run_scan(const struct command *command, int argc, char **argv) {
  struct scan_run *run = calloc(1, sizeof *run);
  if (run == NULL) return EXIT_FATAL;
  struct scan_settings *settings = &run->settings;
  *settings = (struct scan_settings){.radius = 31,
                                     .min_quality = 50,
                                     .transforms = HASHSCAN_TRANSFORMS_DIHEDRAL,
                                     .level = HASHSCAN_LEVEL_FAST,
                                     .fail_on = FAIL_ON_DEFAULT};
  struct operands paths;
  int exit_code;
  if (options_parse(command, argc, argv, settings, &paths, &exit_code)) {
    const bool listed = settings->files_from != NULL;
    const size_t from_stdin = take_stdin(&paths);
    if (settings->emit_hash) settings->level = HASHSCAN_LEVEL_EXACT;
    if (settings->indexes.count == 0) exit_code = options_misused(command, "--index INDEX is needed");
    else if (paths.count + from_stdin == 0 && !listed) exit_code = options_misused(command, "no PATH given");
    else if (from_stdin + (listed && strcmp(settings->files_from, "-") == 0) > 1)
      exit_code = options_misused(command, "standard input can be read only once");
    else exit_code = scan(run, &paths, from_stdin > 0);
  }
  hashscan_matcher_destroy(run->matcher);
  hashscan_summary_destroy(run->summary);
  free(settings->indexes.items);
  free(run);
  return exit_code;
}

const struct command command_scan = {"scan", "--index INDEX PATH...",
                                     "Compares images, one by one or in folders, with an index", scan_options,
                                     run_scan};
