/* SPDX-License-Identifier: Apache-2.0 */
/* Reloading a matcher: what verdicts and snapshots keep, what a bad index changes, and answers while another thread
 * reloads. A thousand reloads through changing indexes are in test_reload.c. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "../support/matching.h"

static void truncate_index(const char *path) {
  char command[FIXTURE_PATH_SIZE + 100];
  snprintf(command, sizeof command, "for f in '%s'/*; do truncate -s -1 \"$f\"; done", path);
  assert_int_equal(system(command), 0);
}

static void verdicts_outlive_reload_and_matcher(void **state) {
  (void)state;
  fixture_index(matching.index, matching.hash.hashes, 1);
  hashscan_matcher *matcher = matching_open(matching.index, NULL);
  hashscan_index *first = hashscan_matcher_snapshot(matcher, 0);
  hashscan_verdict *verdict = matching_verdict(matcher, matching.busy.bytes, matching.busy.size);

  const hashscan_pdq other = fixture_flip_bits(matching.hash.hashes[0], 128, 3);
  fixture_index(matching.index, &other, 1);
  assert_int_equal(hashscan_matcher_reload(matcher, NULL), HASHSCAN_SUCCESS);
  hashscan_verdict *after = matching_verdict(matcher, matching.busy.bytes, matching.busy.size);
  assert_int_equal(after->outcome, HASHSCAN_OUTCOME_NO_MATCH);
  hashscan_verdict_destroy(after);
  hashscan_matcher_destroy(matcher);
  fixture_remove(matching.index);

  assert_ptr_equal(verdict->indexes[0], first);
  assert_string_equal(verdict->matches[0]->id, "0");
  assert_string_equal(verdict->matches[0]->list, "demo");
  hashscan_index_close(first);
  assert_string_equal(verdict->matches[0]->labels[1], "B2");
  hashscan_verdict_destroy(verdict);
}

/* Two indexes behind one matcher: reloaded together or not at all, and each match names its own. */
static void several_indexes_are_reloaded_together(void **state) {
  (void)state;
  char second[FIXTURE_PATH_SIZE];
  fixture_join(second, matching.folder, "second");
  const hashscan_pdq near = fixture_flip_bits(matching.hash.hashes[0], 2, 1);
  fixture_index(matching.index, &near, 1);
  fixture_index(second, matching.hash.hashes, 1);
  hashscan_matcher *matcher;
  hashscan_verdict *verdict;
  assert_int_equal(hashscan_matcher_create((const char *const[]){matching.index, second}, 2, NULL, &matcher, NULL),
                   HASHSCAN_SUCCESS);
  verdict = matching_verdict(matcher, matching.busy.bytes, matching.busy.size);
  assert_int_equal(verdict->match_count, 2);
  assert_int_equal(verdict->matches[0]->index, 1);
  assert_string_equal(verdict->matches[0]->index_path, second);
  assert_int_equal(verdict->matches[0]->distance, 0);
  assert_int_equal(verdict->matches[1]->index, 0);
  assert_string_equal(verdict->matches[1]->index_path, matching.index);
  assert_int_equal(verdict->matches[1]->distance, 2);
  hashscan_verdict_destroy(verdict);

  const hashscan_pdq other = fixture_flip_bits(matching.hash.hashes[0], 128, 3);
  fixture_index(matching.index, &other, 1);
  fixture_remove(second);
  assert_int_equal(hashscan_matcher_reload(matcher, NULL), HASHSCAN_E_IO);
  verdict = matching_verdict(matcher, matching.busy.bytes, matching.busy.size);
  assert_int_equal(verdict->match_count, 2); /* the first one has changed, and is not taken without the second */
  hashscan_verdict_destroy(verdict);
  fixture_index(second, &other, 1);
  assert_int_equal(hashscan_matcher_reload(matcher, NULL), HASHSCAN_SUCCESS);
  verdict = matching_verdict(matcher, matching.busy.bytes, matching.busy.size);
  assert_int_equal(verdict->outcome, HASHSCAN_OUTCOME_NO_MATCH);
  hashscan_verdict_destroy(verdict);
  hashscan_index *snapshot = hashscan_matcher_snapshot(matcher, 1);
  assert_non_null(snapshot);
  hashscan_index_close(snapshot);
  assert_null(hashscan_matcher_snapshot(matcher, 2));
  hashscan_matcher_destroy(matcher);
}

static void bad_reload_keeps_the_old_index(void **state) {
  (void)state;
  fixture_index(matching.index, matching.hash.hashes, 1);
  hashscan_matcher *matcher = matching_open(matching.index, NULL);
  /* Under another name, so that the mapped files stay whole. */
  char moved[FIXTURE_PATH_SIZE];
  assert_int_equal(rename(matching.index, fixture_join(moved, matching.folder, "moved")), 0);
  hashscan_error error = {0};
  assert_int_equal(hashscan_matcher_reload(matcher, &error), HASHSCAN_E_IO);
  assert_int_equal(error.code, HASHSCAN_E_IO);
  fixture_index(matching.index, matching.hash.hashes, 1);
  truncate_index(matching.index);
  assert_int_equal(hashscan_matcher_reload(matcher, &error), HASHSCAN_E_FORMAT);
  assert_true(error.message[0] != '\0');
  hashscan_verdict *verdict = matching_verdict(matcher, matching.busy.bytes, matching.busy.size);
  assert_int_equal(verdict->outcome, HASHSCAN_OUTCOME_MATCH);
  hashscan_verdict_destroy(verdict);
  hashscan_matcher_destroy(matcher);
  fixture_remove(moved);
  fixture_remove(matching.index);
}

/* ---- Matching while another thread reloads ----------------------------------------------------------------------- */

enum { RELOADS = 200, MATCHING_THREADS = 4 };

struct contest {
  hashscan_matcher *matcher;
  atomic_bool over;
  atomic_uint answers[2];
  atomic_uint wrong;
};

static void *match_until_over(void *user) {
  struct contest *contest = user;
  hashscan_hasher *hasher;
  if (hashscan_matcher_hasher(contest->matcher, &hasher, NULL) != HASHSCAN_SUCCESS) abort();
  while (!atomic_load(&contest->over)) {
    hashscan_verdict *verdict;
    if (hashscan_match_image(contest->matcher, hasher, matching.busy.bytes, matching.busy.size, &verdict, NULL) !=
        HASHSCAN_SUCCESS)
      abort();
    const bool one = verdict->outcome == HASHSCAN_OUTCOME_MATCH && verdict->match_count == 1;
    if (one && strcmp(verdict->matches[0]->id, "0") == 0 && verdict->matches[0]->distance == 0)
      atomic_fetch_add(&contest->answers[0], 1);
    else if (one && strcmp(verdict->matches[0]->id, "1") == 0 && verdict->matches[0]->distance == 2)
      atomic_fetch_add(&contest->answers[1], 1);
    else atomic_fetch_add(&contest->wrong, 1);
    hashscan_verdict_destroy(verdict);
  }
  hashscan_hasher_destroy(hasher);
  return NULL;
}

/* The matcher's path becomes a symbolic link to `target`, in one step. */
static void point_at(const char *target) {
  char fresh[FIXTURE_PATH_SIZE];
  fixture_join(fresh, matching.folder, "fresh");
  assert_int_equal(symlink(target, fresh), 0);
  assert_int_equal(rename(fresh, matching.index), 0);
}

/* A lists the picture as "0"; B lists it as "1" at distance 2, behind something far away; the third is cut. */
static void write_contest_indexes(char paths[3][FIXTURE_PATH_SIZE]) {
  static const char *const names[] = {"A", "B", "cut"};
  const hashscan_pdq b[] = {fixture_flip_bits(matching.hash.hashes[0], 128, 3),
                            fixture_flip_bits(matching.hash.hashes[0], 2, 4)};
  for (size_t i = 0; i < 3; i++) fixture_join(paths[i], matching.folder, names[i]);
  fixture_index(paths[0], matching.hash.hashes, 1);
  fixture_index(paths[1], b, 2);
  fixture_index(paths[2], b, 2);
  truncate_index(paths[2]);
}

static void every_answer_under_reload_is_from_a_good_index(void **state) {
  (void)state;
  char paths[3][FIXTURE_PATH_SIZE];
  write_contest_indexes(paths);
  if (access(matching.index, F_OK) == 0) fixture_remove(matching.index);
  point_at(paths[0]);
  struct contest contest = {.matcher = matching_open(matching.index, NULL)};
  pthread_t threads[MATCHING_THREADS];
  for (size_t i = 0; i < MATCHING_THREADS; i++)
    assert_int_equal(pthread_create(&threads[i], NULL, match_until_over, &contest), 0);
  for (size_t i = 1; i <= RELOADS; i++) {
    point_at(paths[i % 3]);
    const hashscan_code code = hashscan_matcher_reload(contest.matcher, NULL);
    assert_int_equal(code, i % 3 == 2 ? HASHSCAN_E_FORMAT : HASHSCAN_SUCCESS);
    usleep(1000);
  }
  atomic_store(&contest.over, true);
  for (size_t i = 0; i < MATCHING_THREADS; i++) pthread_join(threads[i], NULL);
  assert_int_equal(atomic_load(&contest.wrong), 0);
  assert_true(atomic_load(&contest.answers[0]) > 0);
  assert_true(atomic_load(&contest.answers[1]) > 0);
  hashscan_matcher_destroy(contest.matcher);
  assert_int_equal(unlink(matching.index), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(verdicts_outlive_reload_and_matcher),
      cmocka_unit_test(several_indexes_are_reloaded_together),
      cmocka_unit_test(bad_reload_keeps_the_old_index),
      cmocka_unit_test(every_answer_under_reload_is_from_a_good_index),
  };
  return cmocka_run_group_tests(tests, matching_set_up, matching_tear_down);
}
