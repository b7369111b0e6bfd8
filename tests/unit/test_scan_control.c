/* SPDX-License-Identifier: Apache-2.0 */
/* How a batch scan is fed with paths, watched and stopped: what is reported until then, and in what order callbacks
 * come.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "../support/scene.h"

/* ---- Sources of paths -------------------------------------------------------------------------------------------- */

struct source {
  struct scene_log log; /* first: the callbacks share `user` */
  char (*paths)[FIXTURE_PATH_SIZE];
  size_t count;
  size_t next;
  int end;                        /* what next_path returns when the paths are used up */
  char buffer[FIXTURE_PATH_SIZE]; /* overwritten by each call: nobody may keep the pointer */
};

static int next_path(void *user, const char **path) {
  struct source *source = user;
  memset(source->buffer, '#', sizeof source->buffer - 1);
  *path = NULL;
  if (source->next == source->count) return source->end;
  memcpy(source->buffer, source->paths[source->next++], sizeof source->buffer);
  *path = source->buffer;
  return 0;
}

static void paths_are_pulled_after_the_given_ones(void **state) {
  (void)state;
  scene_put("first", &scene.known);
  scene_put_folder("d");
  scene_put("d/second", &scene.unknown);
  char paths[3][FIXTURE_PATH_SIZE];
  fixture_join(paths[0], scene.tree, "d");
  fixture_join(paths[1], scene.tree, "gone");
  fixture_join(paths[2], scene.tree, "first");
  struct source source = {.log = scene_log_new(), .paths = paths, .count = 3};
  const char *const roots[] = {paths[2]};
  hashscan_scan_options options = scene_options(&source.log, roots, 1, 2);
  options.next_path = next_path;
  options.on_progress = scene_on_progress;
  struct scene_summary summary;
  assert_int_equal(scene_run(&options, &summary, NULL), HASHSCAN_SUCCESS);
  assert_int_equal(source.log.last_progress.done, 4);
  assert_int_equal(source.log.last_progress.total, 4);
  assert_true(source.log.last_progress.total_known);
  scene_log_expect(&source.log, "first ok match\n"
                                "d/second ok no_match\n"
                                "gone unreadable unexamined No such file or directory\n"
                                "first ok match duplicate\n");
}

static void source_can_stop_after_what_it_gave(void **state) {
  (void)state;
  scene_put("first", &scene.known);
  char paths[1][FIXTURE_PATH_SIZE];
  fixture_join(paths[0], scene.tree, "first");
  struct source source = {.log = scene_log_new(), .paths = paths, .count = 1, .end = -1};
  hashscan_scan_options options = scene_options(&source.log, NULL, 0, 2);
  options.next_path = next_path;
  struct scene_summary summary;
  hashscan_error error = {0};
  assert_int_equal(scene_run(&options, &summary, &error), HASHSCAN_E_STOPPED);
  assert_int_equal(error.code, HASHSCAN_E_STOPPED);
  assert_string_equal(error.message, "stopped by next_path");
  scene_check_summary(&summary, 1);
  scene_log_expect(&source.log, "first ok match\n");
}

/* A source that ends because of the very signal that should_stop reports must not read as complete. */
static void source_that_ends_on_a_stop_is_not_complete(void **state) {
  (void)state;
  struct source source = {.log = scene_log_new()};
  source.log.stop_after = 0;
  hashscan_scan_options options = scene_options(&source.log, NULL, 0, 1);
  options.next_path = next_path;
  struct scene_summary summary;
  assert_int_equal(scene_run(&options, &summary, NULL), HASHSCAN_E_STOPPED);
}

/* ---- Stopping and progress --------------------------------------------------------------------------------------- */

static void put_numbered(int count) {
  char name[32];
  for (int i = 0; i < count; i++) {
    snprintf(name, sizeof name, "%04d", i);
    scene_put(name, i % 2 == 0 ? &scene.known : &scene.unknown);
  }
}

/* The records of a stopped scan are the first ones of the full scan, each complete. */
static void stopping_leaves_a_prefix(void **state) {
  (void)state;
  put_numbered(400);
  struct scene_log full = scene_log_new();
  scene_scan(&full, 2);
  static const uint64_t after[] = {0, 1, 17, 150};
  for (size_t i = 0; i < sizeof after / sizeof *after; i++) {
    for (unsigned threads = 1; threads <= 3; threads++) {
      struct scene_log log = scene_log_new();
      log.stop_after = after[i];
      const struct scene_summary summary = scene_scan(&log, threads);
      assert_true(summary.stopped);
      /* What the queue held finished still comes out. */
      assert_in_range(summary.inputs, after[i], after[i] + 64 * threads);
      assert_memory_equal(log.text == NULL ? "" : log.text, full.text, log.size);
      free(log.text);
    }
  }
  free(full.text);
}

static void stop_after_the_last_record_is_no_stop(void **state) {
  (void)state;
  put_numbered(5);
  struct scene_log log = scene_log_new();
  log.stop_after = 5;
  const struct scene_summary summary = scene_scan(&log, 2);
  assert_int_equal(summary.inputs, 5);
  assert_false(summary.stopped);
  free(log.text);
}

static void on_record_can_stop_at_once(void **state) {
  (void)state;
  put_numbered(300);
  const char *const paths[] = {scene.tree};
  for (unsigned threads = 1; threads <= 3; threads++) {
    struct scene_log log = scene_log_new();
    log.stop_record = 20;
    hashscan_scan_options options = scene_options(&log, paths, 1, threads);
    options.on_progress = scene_on_progress;
    struct scene_summary summary;
    hashscan_error error = {0};
    assert_int_equal(scene_run(&options, &summary, &error), HASHSCAN_E_STOPPED);
    assert_int_equal(error.code, HASHSCAN_E_STOPPED);
    assert_string_equal(error.message, "stopped by on_record");
    assert_int_equal(log.records, 20);
    scene_check_summary(&summary, 20);
    free(log.text);
  }
}

/* Like should_stop: what is being examined comes out, and nothing is begun. */
static void on_progress_can_stop(void **state) {
  (void)state;
  put_numbered(300);
  const char *const paths[] = {scene.tree};
  struct scene_log full = scene_log_new();
  scene_scan(&full, 2);
  for (unsigned threads = 1; threads <= 3; threads++) {
    struct scene_log log = scene_log_new();
    log.stop_progress = 1;
    hashscan_scan_options options = scene_options(&log, paths, 1, threads);
    options.on_progress = scene_on_progress;
    options.should_stop = NULL;
    struct scene_summary summary;
    hashscan_error error = {0};
    assert_int_equal(scene_run(&options, &summary, &error), HASHSCAN_E_STOPPED);
    assert_string_equal(error.message, "stopped by on_progress");
    assert_in_range(log.records, 0, 64 * threads);
    assert_int_equal(log.progress_calls, 2); /* the first, and the one at the end */
    scene_check_summary(&summary, log.records);
    assert_memory_equal(log.text == NULL ? "" : log.text, full.text, log.size);
    free(log.text);
  }
  free(full.text);
}

/* What on_progress returns when all is done stops nothing, whoever fed the scan. */
static void on_progress_after_the_last_record_is_no_stop(void **state) {
  (void)state;
  scene_put("first", &scene.known);
  char paths[1][FIXTURE_PATH_SIZE];
  fixture_join(paths[0], scene.tree, "first");
  for (size_t count = 0; count <= 1; count++) {
    struct source source = {.log = scene_log_new(), .paths = paths, .count = count};
    source.log.stop_progress = 2;
    hashscan_scan_options options = scene_options(&source.log, NULL, 0, 1);
    options.next_path = next_path;
    options.on_progress = scene_on_progress;
    struct scene_summary summary;
    assert_int_equal(scene_run(&options, &summary, NULL), HASHSCAN_SUCCESS);
    assert_int_equal(source.log.progress_calls, 2);
    free(source.log.text);
  }
}

static int slow_record(void *user, const hashscan_record *record) {
  usleep(20000);
  return scene_on_record(user, record);
}

/* The counter runs ahead of records that come slowly, so the total is known long before the end. */
static void progress_knows_the_total_ahead(void **state) {
  (void)state;
  put_numbered(40);
  scene_put_folder("d");
  scene_put_link("nowhere", "d/dangling");
  struct scene_log log = scene_log_new();
  const char *const paths[] = {scene.tree};
  hashscan_scan_options options = scene_options(&log, paths, 1, 2);
  options.on_progress = scene_on_progress;
  options.on_record = slow_record;
  struct scene_summary summary;
  assert_int_equal(scene_run(&options, &summary, NULL), HASHSCAN_SUCCESS);
  assert_true(log.progress_calls >= 3);
  assert_int_equal(log.last_progress.done, 41);
  assert_int_equal(log.last_progress.total, 41);
  assert_true(log.last_progress.total_known);
  assert_int_equal(log.last_progress.matches, 20);
  assert_int_equal(log.last_progress.bytes, 20 * (scene.known.size + scene.unknown.size));
  free(log.text);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      SCENE_TEST(paths_are_pulled_after_the_given_ones),
      SCENE_TEST(source_can_stop_after_what_it_gave),
      SCENE_TEST(source_that_ends_on_a_stop_is_not_complete),
      SCENE_TEST(stopping_leaves_a_prefix),
      SCENE_TEST(stop_after_the_last_record_is_no_stop),
      SCENE_TEST(on_record_can_stop_at_once),
      SCENE_TEST(on_progress_can_stop),
      SCENE_TEST(on_progress_after_the_last_record_is_no_stop),
      SCENE_TEST(progress_knows_the_total_ahead),
  };
  return cmocka_run_group_tests(tests, scene_set_up, scene_tear_down);
}
