/* SPDX-License-Identifier: Apache-2.0 */
/* Calls that a control ends: cancelled from another thread, from a signal handler, from their own callback, and by a
 * deadline; soon, with the code that says why, and without an answer. Calls that it does not end give the same as
 * without one. */
#include <math.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "../support/expect.h"
#include "../support/fixture.h"
#include "../support/indexes.h"
#include "../support/random.h"
#include "base/clock.h"
#include "base/control.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* Far more than a call still takes once it is ended, so that a machine under load does not fail the tests. */
#define SOON 1.0

static hashscan_control *control;

static int new_control(void **state) {
  (void)state;
  return hashscan_control_create(&control, NULL) == HASHSCAN_SUCCESS ? 0 : -1;
}

static int end_control(void **state) {
  (void)state;
  hashscan_control_destroy(control);
  return 0;
}

/* ---- A control alone --------------------------------------------------------------------------------------------- */

static void flag_and_deadline(void **state) {
  (void)state;
  assert_int_equal(control_state(NULL), HASHSCAN_SUCCESS);
  assert_int_equal(control_state(control), HASHSCAN_SUCCESS);
  hashscan_control_set_deadline(control, 1000.0);
  assert_int_equal(control_state(control), HASHSCAN_SUCCESS);
  static const double over[] = {-1.0, -INFINITY, NAN, 1e-9};
  for (size_t i = 0; i < COUNT(over); i++) {
    hashscan_control_set_deadline(control, over[i]);
    assert_int_equal(control_state(control), HASHSCAN_E_TIMEOUT);
  }
  static const double none[] = {0.0, 1e300, INFINITY};
  for (size_t i = 0; i < COUNT(none); i++) {
    hashscan_control_set_deadline(control, none[i]);
    assert_int_equal(control_state(control), HASHSCAN_SUCCESS);
  }
  hashscan_control_set_deadline(control, -1.0);
  hashscan_control_cancel(control); /* and this counts first */
  assert_int_equal(control_state(control), HASHSCAN_E_STOPPED);
  hashscan_control_reset(control);
  assert_int_equal(control_state(control), HASHSCAN_SUCCESS);
}

static void null_is_refused_or_nothing(void **state) {
  (void)state;
  EXPECT(HASHSCAN_E_ARGUMENT, hashscan_control_create(NULL, error));
  hashscan_control_cancel(NULL);
  hashscan_control_set_deadline(NULL, 1.0);
  hashscan_control_reset(NULL);
  hashscan_control_destroy(NULL);
}

static void on_signal(int number) {
  (void)number;
  hashscan_control_cancel(control);
}

static void cancelled_by_a_signal_handler(void **state) {
  (void)state;
  struct sigaction action = {.sa_handler = on_signal}, before;
  assert_int_equal(sigaction(SIGUSR1, &action, &before), 0);
  raise(SIGUSR1);
  assert_int_equal(sigaction(SIGUSR1, &before, NULL), 0);
  assert_int_equal(control_state(control), HASHSCAN_E_STOPPED);
}

/* ---- Somebody else ----------------------------------------------------------------------------------------------- */

static void sleep_for(double seconds) {
  const struct timespec time = {.tv_sec = (time_t)seconds, .tv_nsec = (long)((seconds - floor(seconds)) * 1e9)};
  nanosleep(&time, NULL);
}

static double cancelled_at;

static void *cancel_later(void *user) {
  sleep_for(*(const double *)user);
  cancelled_at = clock_seconds();
  hashscan_control_cancel(control);
  return NULL;
}

/* ---- Searching --------------------------------------------------------------------------------------------------- */

/* Few enough rows for a copy in bit planes, and enough for a pigeonring. */
static const size_t row_counts[] = {3000, 40000};
enum { INDEXES = 2, QUERIES = 6000 };

static char folder[FIXTURE_PATH_SIZE];
static hashscan_index *indexes[INDEXES];
static hashscan_pdq *queries;

static void fill(hashscan_pdq *hashes, size_t count, uint64_t seed) {
  struct random_state random = random_seeded(seed);
  for (size_t i = 0; i < count; i++)
    for (size_t b = 0; b < sizeof hashes[i].bytes; b++) hashes[i].bytes[b] = (uint8_t)random_next(&random);
}

static int open_indexes(void **state) {
  (void)state;
  fixture_folder(folder);
  queries = malloc(QUERIES * sizeof *queries);
  for (size_t i = 0; i < INDEXES; i++) {
    char path[FIXTURE_PATH_SIZE];
    hashscan_pdq *hashes = malloc(row_counts[i] * sizeof *hashes);
    fill(hashes, row_counts[i], i);
    fixture_index(fixture_join(path, folder, i == 0 ? "few" : "many"), hashes, row_counts[i]);
    indexes[i] = indexes_open(path);
    fill(queries, QUERIES, 9);
    for (size_t q = 0; q < QUERIES; q += 3)
      queries[q] = fixture_flip_bits(hashes[q % row_counts[i]], (unsigned)(q % 40), q);
    free(hashes);
  }
  return 0;
}

static int close_indexes(void **state) {
  (void)state;
  for (size_t i = 0; i < INDEXES; i++) hashscan_index_close(indexes[i]);
  free(queries);
  fixture_remove(folder);
  return 0;
}

struct tally {
  uint64_t hits;
  uint64_t sum; /* of what tells hits apart, in any order */
  uint64_t cancel_at;
};

static int on_hit(void *user, const hashscan_hit *hit) {
  struct tally *tally = user;
  tally->sum += hit->entry * 0x9e3779b97f4a7c15u ^ hit->query * 0xbf58476d1ce4e5b9u ^ hit->distance;
  if (++tally->hits == tally->cancel_at) hashscan_control_cancel(control);
  return 0;
}

static hashscan_code search(const hashscan_index *index, size_t count, unsigned radius, const void *unknown,
                            const hashscan_control *with, struct tally *tally, hashscan_error *error) {
  hashscan_search options = HASHSCAN_SEARCH_INIT;
  options.queries = queries->bytes;
  options.unknown = unknown;
  options.count = count;
  options.radius = radius;
  options.control = with;
  return hashscan_index_search(index, &options, on_hit, tally, error);
}

/* Batches of one query, of a few, and of so many that they sweep; radii of the pigeonring and of the scan. */
static const struct {
  size_t count;
  unsigned radius;
} searches[] = {{1, 31}, {4, 31}, {8, 60}, {QUERIES, 31}, {300, 31}, {40, 128}, {3, 256}};

static void nothing_changes_until_it_ends(void **state) {
  (void)state;
  uint8_t *unknown = calloc(QUERIES, sizeof *queries);
  for (size_t q = 0; q < QUERIES; q++) unknown[q * sizeof *queries + q % 32] = 0x11;
  hashscan_control_set_deadline(control, 1000.0);
  for (size_t i = 0; i < INDEXES; i++) {
    for (size_t s = 0; s < COUNT(searches); s++) {
      for (int masked = 0; masked < 2; masked++) {
        struct tally with = {0}, without = {0};
        const void *mask = masked ? unknown : NULL;
        hashscan_error *error = NULL;
        assert_int_equal(search(indexes[i], searches[s].count, searches[s].radius, mask, control, &with, error), 0);
        assert_int_equal(search(indexes[i], searches[s].count, searches[s].radius, mask, NULL, &without, error), 0);
        assert_int_equal(with.hits, without.hits);
        assert_int_equal(with.sum, without.sum);
        if (searches[s].radius == 256) assert_int_equal(with.hits, searches[s].count * row_counts[i]);
      }
    }
  }
  free(unknown);
}

static void an_ended_control_lets_nothing_begin(void **state) {
  (void)state;
  for (size_t i = 0; i < INDEXES; i++) {
    for (size_t s = 0; s < COUNT(searches); s++) {
      struct tally tally = {0};
      hashscan_control_reset(control);
      hashscan_control_set_deadline(control, -1.0);
      EXPECT(HASHSCAN_E_TIMEOUT,
             search(indexes[i], searches[s].count, searches[s].radius, NULL, control, &tally, error));
      hashscan_control_cancel(control);
      EXPECT(HASHSCAN_E_STOPPED,
             search(indexes[i], searches[s].count, searches[s].radius, NULL, control, &tally, error));
      assert_int_equal(tally.hits, 0);
    }
  }
}

/* The callback cancels and says to go on. */
static void many_hits_are_looked_at_between(void **state) {
  (void)state;
  for (size_t i = 0; i < INDEXES; i++) {
    struct tally tally = {.cancel_at = 1500};
    hashscan_control_reset(control);
    assert_int_equal(search(indexes[i], 100, 256, NULL, control, &tally, NULL), HASHSCAN_E_STOPPED);
    assert_in_range(tally.hits, 1500, 1500 + 1024);
  }
}

/* A callback that stops is no cancelled call, and the other way round. */
static int stop_at_once(void *user, const hashscan_hit *hit) {
  (void)hit;
  ++*(int *)user;
  return 1;
}

static void a_callback_still_stops(void **state) {
  (void)state;
  hashscan_search options = HASHSCAN_SEARCH_INIT;
  hashscan_error error = {0};
  int calls = 0;
  options.queries = queries->bytes;
  options.count = 1;
  options.radius = 256;
  options.control = control;
  assert_int_equal(hashscan_index_search(indexes[1], &options, stop_at_once, &calls, &error), HASHSCAN_E_STOPPED);
  assert_int_equal(calls, 1);
  assert_non_null(strstr(error.message, "callback"));
}

/* They take far longer than the hundredth of a second after which they are ended. */
static const struct {
  size_t count;
  unsigned radius;
} long_searches[] = {{QUERIES, 120}, {QUERIES, 256}};

static void cancelled_by_another_thread(void **state) {
  (void)state;
  for (size_t s = 0; s < COUNT(long_searches); s++) {
    struct tally tally = {0};
    double wait = 0.01;
    pthread_t other;
    hashscan_control_reset(control);
    assert_int_equal(pthread_create(&other, NULL, cancel_later, &wait), 0);
    const hashscan_code code =
        search(indexes[1], long_searches[s].count, long_searches[s].radius, NULL, control, &tally, NULL);
    const double ended_at = clock_seconds();
    pthread_join(other, NULL);
    assert_int_equal(code, HASHSCAN_E_STOPPED);
    print_message("%zu queries, radius %u: ended %.2f ms after it was cancelled\n", long_searches[s].count,
                  long_searches[s].radius, 1e3 * (ended_at - cancelled_at));
    assert_true(ended_at - cancelled_at < SOON);
  }
}

static void ended_by_its_deadline(void **state) {
  (void)state;
  for (size_t s = 0; s < COUNT(long_searches); s++) {
    struct tally tally = {0};
    hashscan_control_reset(control);
    const double began = clock_seconds();
    hashscan_control_set_deadline(control, 0.01);
    assert_int_equal(search(indexes[1], long_searches[s].count, long_searches[s].radius, NULL, control, &tally, NULL),
                     HASHSCAN_E_TIMEOUT);
    const double late = clock_seconds() - began - 0.01;
    print_message("%zu queries, radius %u: ended %.2f ms after its deadline\n", long_searches[s].count,
                  long_searches[s].radius, 1e3 * late);
    assert_true(late >= 0.0 && late < SOON);
  }
}

/* Of two searches that run at a time with one control, both end; a third without it does not. */
struct beside {
  const hashscan_control *with;
  hashscan_code code;
};

static void *search_beside(void *user) {
  struct beside *beside = user;
  struct tally tally = {0};
  const size_t count = beside->with == NULL ? 8 : QUERIES;
  beside->code = search(indexes[1], count, 256, NULL, beside->with, &tally, NULL);
  return NULL;
}

static void one_control_ends_all_that_have_it(void **state) {
  (void)state;
  struct beside besides[] = {{control, HASHSCAN_SUCCESS}, {control, HASHSCAN_SUCCESS}, {NULL, HASHSCAN_E_STOPPED}};
  pthread_t threads[COUNT(besides)];
  for (size_t i = 0; i < COUNT(besides); i++)
    assert_int_equal(pthread_create(&threads[i], NULL, search_beside, &besides[i]), 0);
  sleep_for(0.02);
  hashscan_control_cancel(control);
  for (size_t i = 0; i < COUNT(besides); i++) pthread_join(threads[i], NULL);
  assert_int_equal(besides[0].code, HASHSCAN_E_STOPPED);
  assert_int_equal(besides[1].code, HASHSCAN_E_STOPPED);
  assert_int_equal(besides[2].code, HASHSCAN_SUCCESS);
}

int main(void) {
#define WITH_CONTROL(test) cmocka_unit_test_setup_teardown(test, new_control, end_control)
  const struct CMUnitTest alone[] = {
      WITH_CONTROL(flag_and_deadline),
      cmocka_unit_test(null_is_refused_or_nothing),
      WITH_CONTROL(cancelled_by_a_signal_handler),
  };
  const struct CMUnitTest searching[] = {
      WITH_CONTROL(nothing_changes_until_it_ends),     WITH_CONTROL(an_ended_control_lets_nothing_begin),
      WITH_CONTROL(many_hits_are_looked_at_between),   WITH_CONTROL(a_callback_still_stops),
      WITH_CONTROL(cancelled_by_another_thread),       WITH_CONTROL(ended_by_its_deadline),
      WITH_CONTROL(one_control_ends_all_that_have_it),
  };
  int failed = cmocka_run_group_tests_name("control", alone, NULL, NULL);
  failed += cmocka_run_group_tests_name("control, searching", searching, open_indexes, close_indexes);
  return failed;
}
