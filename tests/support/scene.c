/* SPDX-License-Identifier: Apache-2.0 */
/* Trees of files, and scans that write down what they are told. */
#include "scene.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

struct scene scene;

static struct fixture_bytes jpeg_of_seed(uint64_t seed) {
  struct fixture_picture picture = fixture_busy(seed, 96, 80);
  struct fixture_bytes bytes = fixture_jpeg(&picture, 90);
  fixture_picture_free(&picture);
  return bytes;
}

int scene_set_up(void **state) {
  (void)state;
  fixture_folder(scene.folder);
  fixture_join(scene.index, scene.folder, "index");
  fixture_join(scene.tree, scene.folder, "tree");
  scene.known = jpeg_of_seed(7);
  scene.unknown = jpeg_of_seed(8);
  const hashscan_image_hash hash = fixture_hash(&scene.known);
  fixture_index(scene.index, hash.hashes, 1);
  assert_int_equal(hashscan_matcher_create((const char *const[]){scene.index}, 1, NULL, &scene.matcher, NULL),
                   HASHSCAN_SUCCESS);
  return 0;
}

int scene_tear_down(void **state) {
  (void)state;
  hashscan_matcher_destroy(scene.matcher);
  fixture_bytes_free(&scene.known);
  fixture_bytes_free(&scene.unknown);
  fixture_remove(scene.folder);
  return 0;
}

/* ---- Trees and what is recorded of them -------------------------------------------------------------------------- */

int scene_new_tree(void **state) {
  (void)state;
  return mkdir(scene.tree, 0700);
}

int scene_remove_tree(void **state) {
  (void)state;
  fixture_remove(scene.tree);
  return 0;
}

const char *scene_path(const char *name) {
  static char path[FIXTURE_PATH_SIZE];
  return fixture_join(path, scene.tree, name);
}

void scene_put(const char *name, const struct fixture_bytes *bytes) {
  fixture_write(scene_path(name), bytes->bytes, bytes->size);
}

void scene_put_folder(const char *name) {
  assert_int_equal(mkdir(scene_path(name), 0700), 0);
}

void scene_put_link(const char *target, const char *name) {
  assert_int_equal(symlink(target, scene_path(name)), 0);
}

static void enter(struct scene_log *log) {
  assert_int_equal(atomic_fetch_add(&log->inside, 1), 0);
}

static void leave(struct scene_log *log) {
  atomic_fetch_sub(&log->inside, 1);
}

static const char *below_tree(const char *path) {
  const size_t length = strlen(scene.tree);
  return strncmp(path, scene.tree, length) == 0 && path[length] == '/' ? path + length + 1 : path;
}

int scene_on_record(void *user, const hashscan_record *record) {
  struct scene_log *log = user;
  const hashscan_verdict *verdict = record->verdict;
  enter(log);
  assert_int_equal(record->number, log->records);
  char line[8192];
  const int length =
      snprintf(line, sizeof line, "%s %s %s%s%s%s\n", below_tree(record->path), hashscan_status_name(verdict->status),
               hashscan_outcome_name(record->verdict->outcome), record->duplicate ? " duplicate" : "",
               verdict->reason[0] == '\0' ? "" : " ", verdict->reason);
  assert_true(length > 0 && (size_t)length < sizeof line);
  log->text = realloc(log->text, log->size + (size_t)length + 1);
  memcpy(log->text + log->size, line, (size_t)length + 1);
  log->size += (size_t)length;
  log->records++;
  if (record->verdict->outcome == HASHSCAN_OUTCOME_MATCH) {
    assert_int_equal(record->verdict->match_count, 1);
    assert_string_equal(record->verdict->matches[0]->id, "0");
    assert_int_equal(verdict->image->hash_count, 8);
  }
  leave(log);
  return log->stop_record > 0 && log->records >= log->stop_record;
}

int scene_on_progress(void *user, const hashscan_progress *progress) {
  struct scene_log *log = user;
  enter(log);
  assert_int_equal(progress->done, log->records);
  assert_true(progress->total >= progress->done);
  log->progress_calls++;
  log->last_progress.done = progress->done;
  log->last_progress.total = progress->total;
  log->last_progress.bytes = progress->bytes;
  log->last_progress.matches = progress->matches;
  log->last_progress.total_known = progress->total_known;
  leave(log);
  return log->stop_progress > 0 && log->progress_calls >= log->stop_progress;
}

int scene_should_stop(void *user) {
  struct scene_log *log = user;
  enter(log);
  leave(log);
  return log->records >= log->stop_after;
}

struct scene_log scene_log_new(void) {
  return (struct scene_log){.stop_after = UINT64_MAX};
}

hashscan_scan_options scene_options(struct scene_log *log, const char *const *paths, size_t count, unsigned threads) {
  hashscan_scan_options options = HASHSCAN_SCAN_OPTIONS_INIT;
  options.paths = paths;
  options.path_count = count;
  options.threads = threads;
  options.on_record = scene_on_record;
  options.should_stop = scene_should_stop;
  options.user = log;
  return options;
}

struct scene_summary scene_summary_of(const hashscan_summary *summary) {
  struct scene_summary all = {.inputs = hashscan_summary_inputs(summary),
                              .duplicates = hashscan_summary_duplicates(summary),
                              .bytes = hashscan_summary_bytes(summary),
                              .seconds = hashscan_summary_seconds(summary),
                              .stopped = hashscan_summary_stopped(summary) != 0};
  for (int i = 0; i < HASHSCAN_OUTCOME_COUNT; i++)
    all.by_outcome[i] = hashscan_summary_outcome(summary, (hashscan_outcome)i);
  for (int i = 0; i < HASHSCAN_STATUS_COUNT; i++)
    all.by_status[i] = hashscan_summary_status(summary, (hashscan_status)i);
  for (int i = 0; i < HASHSCAN_METHOD_COUNT; i++)
    all.by_method[i] = hashscan_summary_method(summary, (hashscan_method)i);
  return all;
}

void scene_check_summary(const struct scene_summary *summary, uint64_t records) {
  uint64_t outcomes = 0;
  uint64_t statuses = 0;
  for (size_t i = 0; i < HASHSCAN_OUTCOME_COUNT; i++) outcomes += summary->by_outcome[i];
  for (size_t i = 0; i < HASHSCAN_STATUS_COUNT; i++) statuses += summary->by_status[i];
  assert_int_equal(summary->inputs, records);
  assert_int_equal(outcomes, records);
  assert_int_equal(statuses, records);
}

hashscan_code scene_run(const hashscan_scan_options *options, struct scene_summary *summary, hashscan_error *error) {
  hashscan_summary *counted;
  assert_int_equal(hashscan_summary_create(&counted, NULL), HASHSCAN_SUCCESS);
  const hashscan_code code = hashscan_scan(scene.matcher, options, counted, error);
  *summary = scene_summary_of(counted);
  hashscan_summary_destroy(counted);
  assert_int_equal(summary->stopped, code == HASHSCAN_E_STOPPED);
  return code;
}

struct scene_summary scene_scan(struct scene_log *log, unsigned threads) {
  const char *const paths[] = {scene.tree};
  const hashscan_scan_options options = scene_options(log, paths, 1, threads);
  struct scene_summary summary;
  const hashscan_code code = scene_run(&options, &summary, NULL);
  assert_true(code == HASHSCAN_SUCCESS || code == HASHSCAN_E_STOPPED);
  scene_check_summary(&summary, log->records);
  return summary;
}

void scene_log_expect(struct scene_log *log, const char *expected) {
  assert_string_equal(log->text == NULL ? "" : log->text, expected);
  free(log->text);
  *log = scene_log_new();
}
