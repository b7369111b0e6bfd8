/* SPDX-License-Identifier: Apache-2.0 */
/* What tests of batch scans start from: a tree of files to fill, an index that lists one picture, and a log of what a
 * scan says. Functions fail the test that calls them when something else does. */
#ifndef HASHSCAN_TESTS_SCENE_H
#define HASHSCAN_TESTS_SCENE_H

#include <stdatomic.h>
#include <stdbool.h>

#include "fixture.h"

extern struct scene {
  char folder[FIXTURE_PATH_SIZE];
  char index[FIXTURE_PATH_SIZE];
  char tree[FIXTURE_PATH_SIZE];
  struct fixture_bytes known;   /* matches */
  struct fixture_bytes unknown; /* does not */
  hashscan_matcher *matcher;
} scene;

/* The fixtures of a group and of each of its tests, which begins with an empty tree. */
int scene_set_up(void **state);
int scene_tear_down(void **state);
int scene_new_tree(void **state);
int scene_remove_tree(void **state);

#define SCENE_TEST(test) cmocka_unit_test_setup_teardown(test, scene_new_tree, scene_remove_tree)

/* `name` in the tree; valid until the next call. */
const char *scene_path(const char *name);
void scene_put(const char *name, const struct fixture_bytes *bytes);
void scene_put_folder(const char *name);
void scene_put_link(const char *target, const char *name);

/* One line an input: PATH STATUS OUTCOME REASON, the path below the tree; plus how the callbacks behaved. */
struct scene_log {
  char *text;
  size_t size;
  uint64_t records;
  atomic_int inside;    /* callbacks running right now */
  uint64_t stop_record; /* on_record answers nonzero from this record on; 0: never */
  uint64_t stop_after;  /* should_stop answers nonzero after this many records; UINT64_MAX: never */
  uint64_t progress_calls;
  uint64_t stop_progress; /* on_progress answers nonzero from this call on; 0: never */
  struct {                /* what the last of them said */
    uint64_t done, total, bytes, matches;
    int total_known;
  } last_progress;
};

struct scene_log scene_log_new(void);

/* Compares the text and starts the log anew. */
void scene_log_expect(struct scene_log *log, const char *expected);

/* Callbacks whose `user` is a log. They assert that they are called one at a time, and in order. */
int scene_on_record(void *user, const hashscan_record *record);
int scene_on_progress(void *user, const hashscan_progress *progress);
int scene_should_stop(void *user);

/* Options with those callbacks, but for progress. */
hashscan_scan_options scene_options(struct scene_log *log, const char *const *paths, size_t count, unsigned threads);

/* All that a hashscan_summary tells. */
struct scene_summary {
  uint64_t inputs;
  uint64_t by_outcome[HASHSCAN_OUTCOME_COUNT];
  uint64_t by_status[HASHSCAN_STATUS_COUNT];
  uint64_t by_method[HASHSCAN_METHOD_COUNT];
  uint64_t duplicates;
  uint64_t bytes;
  double seconds;
  bool stopped;
};

struct scene_summary scene_summary_of(const hashscan_summary *summary);

/* Each of `records` inputs has one outcome and one status. */
void scene_check_summary(const struct scene_summary *summary, uint64_t records);

/* hashscan_scan with the scene's matcher. */
hashscan_code scene_run(const hashscan_scan_options *options, struct scene_summary *summary, hashscan_error *error);

/* Scans the tree; the summary says whether that was stopped. */
struct scene_summary scene_scan(struct scene_log *log, unsigned threads);

#endif
