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
#define SOON 5.0

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
    assert_in_range(tally.hits, 1500, 1500 + (1 << 17));
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

/* ---- Hashing ----------------------------------------------------------------------------------------------------- */

/* Pictures that take far longer than a few milliseconds in every way of decoding: 24 megapixels. */
enum { SIDE = 4900 };

static struct fixture_picture large;
static struct fixture_bytes jpeg, png;

static int encode_large(void **state) {
  open_indexes(state);
  large = fixture_busy(1, SIDE, SIDE);
  jpeg = fixture_jpeg(&large, 80);
  png = fixture_png(&large);
  return 0;
}

static int free_large(void **state) {
  fixture_bytes_free(&jpeg);
  fixture_bytes_free(&png);
  fixture_picture_free(&large);
  return close_indexes(state);
}

static hashscan_hasher *new_hasher(hashscan_level level) {
  hashscan_hash_options options = HASHSCAN_HASH_OPTIONS_INIT;
  hashscan_hasher *hasher;
  options.level = level;
  options.dihedral = 1;
  options.digests = 1u << HASHSCAN_KIND_SHA1;
  hashscan_limits limits = HASHSCAN_LIMITS_INIT;
  limits.max_seconds = 1000.0; /* which is not what ends a call here, however slow a sanitizer makes it */
  options.limits = &limits;
  assert_int_equal(hashscan_hasher_create(&options, &hasher, NULL), HASHSCAN_SUCCESS);
  return hasher;
}

/* The ways into a hasher. */
enum way { WAY_JPEG, WAY_PNG, WAY_PIXELS, WAY_LUMA, WAYS };

static const char *const way_names[WAYS] = {"JPEG", "PNG", "pixels", "luma"};
static const hashscan_level levels[] = {HASHSCAN_LEVEL_EXACT, HASHSCAN_LEVEL_FAST, HASHSCAN_LEVEL_BLOCKS};

static hashscan_code hash(hashscan_hasher *hasher, enum way way, hashscan_image_hash *out, hashscan_error *error) {
  hashscan_luma luma = HASHSCAN_LUMA_INIT;
  switch (way) {
  case WAY_JPEG:
    return hashscan_hash_image(hasher, jpeg.bytes, jpeg.size, out, error);
  case WAY_PNG:
    return hashscan_hash_image(hasher, png.bytes, png.size, out, error);
  case WAY_PIXELS:
    return hashscan_hash_pixels(hasher, large.pixels, SIDE, SIDE, 3, 3 * SIDE, out, error);
  default:
    luma.samples = large.pixels;
    luma.stride = SIDE;
    luma.width = SIDE;
    luma.height = 3 * SIDE;
    return hashscan_hash_luma(hasher, &luma, out, error);
  }
}

static void expect_nothing(const hashscan_image_hash *out) {
  assert_int_equal(out->status, HASHSCAN_STATUS_TIMEOUT);
  assert_int_equal(out->hash_count, 0);
  assert_int_equal(out->digests, 0);
  assert_int_equal(out->quality, -1);
  assert_int_equal(out->views, 0);
  assert_true(out->reason[0] != '\0');
}

static void a_hash_with_a_control_is_the_same(void **state) {
  (void)state;
  hashscan_control_set_deadline(control, 1000.0);
  for (size_t l = 0; l < COUNT(levels); l++) {
    hashscan_hasher *hasher = new_hasher(levels[l]);
    for (enum way way = 0; way < WAYS; way++) {
      hashscan_image_hash with = HASHSCAN_IMAGE_HASH_INIT, without = HASHSCAN_IMAGE_HASH_INIT;
      assert_int_equal(hashscan_hasher_set_control(hasher, control, NULL), HASHSCAN_SUCCESS);
      assert_int_equal(hash(hasher, way, &with, NULL), HASHSCAN_SUCCESS);
      assert_int_equal(hashscan_hasher_set_control(hasher, NULL, NULL), HASHSCAN_SUCCESS);
      assert_int_equal(hash(hasher, way, &without, NULL), HASHSCAN_SUCCESS);
      assert_memory_equal(&with, &without, sizeof with);
      assert_int_equal(with.status, HASHSCAN_STATUS_OK);
    }
    hashscan_hasher_destroy(hasher);
  }
}

static void hashing_ends_soon(void **state) {
  (void)state;
  for (size_t l = 0; l < COUNT(levels); l++) {
    hashscan_hasher *hasher = new_hasher(levels[l]);
    hashscan_hasher_set_control(hasher, control, NULL);
    for (enum way way = 0; way < WAYS; way++) {
      hashscan_image_hash out = HASHSCAN_IMAGE_HASH_INIT;
      hashscan_control_reset(control);
      hashscan_control_set_deadline(control, -1.0);
      EXPECT(HASHSCAN_E_TIMEOUT, hash(hasher, way, &out, error));
      expect_nothing(&out);
      const double began = clock_seconds();
      hashscan_control_set_deadline(control, 0.001);
      EXPECT(HASHSCAN_E_TIMEOUT, hash(hasher, way, &out, error));
      expect_nothing(&out);
      const double late = clock_seconds() - began - 0.001;
      print_message("%s at %s: ended %.2f ms after its deadline\n", way_names[way], hashscan_level_name(levels[l]),
                    1e3 * late);
      assert_true(late < SOON);
    }
    hashscan_hasher_destroy(hasher);
  }
}

static void hashing_is_cancelled_by_another_thread(void **state) {
  (void)state;
  hashscan_hasher *hasher = new_hasher(HASHSCAN_LEVEL_EXACT);
  hashscan_hasher_set_control(hasher, control, NULL);
  for (enum way way = 0; way < WAYS; way++) {
    hashscan_image_hash out = HASHSCAN_IMAGE_HASH_INIT;
    double wait = 0.001;
    pthread_t other;
    hashscan_control_reset(control);
    assert_int_equal(pthread_create(&other, NULL, cancel_later, &wait), 0);
    const hashscan_code code = hash(hasher, way, &out, NULL);
    pthread_join(other, NULL);
    assert_int_equal(code, HASHSCAN_E_STOPPED);
    expect_nothing(&out);
  }
  /* The hasher is as good as before. */
  hashscan_image_hash out = HASHSCAN_IMAGE_HASH_INIT, fresh = HASHSCAN_IMAGE_HASH_INIT;
  hashscan_control_reset(control);
  assert_int_equal(hash(hasher, WAY_JPEG, &out, NULL), HASHSCAN_SUCCESS);
  hashscan_hasher_destroy(hasher);
  hasher = new_hasher(HASHSCAN_LEVEL_EXACT);
  assert_int_equal(hash(hasher, WAY_JPEG, &fresh, NULL), HASHSCAN_SUCCESS);
  assert_memory_equal(&out, &fresh, sizeof out);
  hashscan_hasher_destroy(hasher);
  EXPECT(HASHSCAN_E_ARGUMENT, hashscan_hasher_set_control(NULL, control, error));
}

/* A digest of a large file that is no picture. */
static void digests_end_too(void **state) {
  (void)state;
  const size_t size = (size_t)64 << 20;
  uint8_t *bytes = calloc(size, 1);
  hashscan_image_hash out = HASHSCAN_IMAGE_HASH_INIT, with = HASHSCAN_IMAGE_HASH_INIT;
  hashscan_hasher *hasher = new_hasher(HASHSCAN_LEVEL_FAST);
  assert_int_equal(hashscan_hash_image(hasher, bytes, size, &out, NULL), HASHSCAN_SUCCESS);
  hashscan_hasher_set_control(hasher, control, NULL);
  assert_int_equal(hashscan_hash_image(hasher, bytes, size, &with, NULL), HASHSCAN_SUCCESS);
  assert_memory_equal(&out, &with, sizeof out);
  hashscan_control_set_deadline(control, 0.001);
  EXPECT(HASHSCAN_E_TIMEOUT, hashscan_hash_image(hasher, bytes, size, &with, error));
  expect_nothing(&with);
  hashscan_hasher_destroy(hasher);
  free(bytes);
}

/* ---- Matching and scanning --------------------------------------------------------------------------------------- */

static hashscan_matcher *new_matcher(void) {
  char path[FIXTURE_PATH_SIZE];
  const char *const paths[] = {fixture_join(path, folder, "many")};
  hashscan_matcher *matcher;
  assert_int_equal(hashscan_matcher_create(paths, 1, NULL, &matcher, NULL), HASHSCAN_SUCCESS);
  return matcher;
}

static void matching_leaves_no_verdict(void **state) {
  (void)state;
  hashscan_matcher *matcher = new_matcher();
  hashscan_hasher *hasher;
  hashscan_verdict *verdict = NULL;
  assert_int_equal(hashscan_matcher_hasher(matcher, &hasher, NULL), HASHSCAN_SUCCESS);
  hashscan_hasher_set_control(hasher, control, NULL);
  hashscan_control_set_deadline(control, 0.001);
  EXPECT(HASHSCAN_E_TIMEOUT, hashscan_match_image(matcher, hasher, jpeg.bytes, jpeg.size, &verdict, error));
  assert_null(verdict);
  hashscan_control_cancel(control);
  EXPECT(HASHSCAN_E_STOPPED, hashscan_match_image(matcher, hasher, png.bytes, png.size, &verdict, error));
  assert_null(verdict);
  hashscan_control_reset(control);
  assert_int_equal(hashscan_match_image(matcher, hasher, png.bytes, png.size, &verdict, NULL), HASHSCAN_SUCCESS);
  assert_int_equal(verdict->outcome, HASHSCAN_OUTCOME_NO_MATCH);
  hashscan_verdict_destroy(verdict);

  /* Searches alone: a screening hash whose search is ended must not look like one that found nothing. */
  hashscan_image_hash image = HASHSCAN_IMAGE_HASH_INIT;
  assert_int_equal(hashscan_hash_image(hasher, png.bytes, png.size, &image, NULL), HASHSCAN_SUCCESS);
  const hashscan_image_hash *images[] = {&image, &image};
  hashscan_verdict *verdicts[2];
  assert_int_equal(hashscan_match_hashes(matcher, images, NULL, 2, control, verdicts, NULL), HASHSCAN_SUCCESS);
  for (size_t i = 0; i < 2; i++) hashscan_verdict_destroy(verdicts[i]);
  hashscan_control_cancel(control);
  EXPECT(HASHSCAN_E_STOPPED, hashscan_match_hashes(matcher, images, NULL, 2, control, verdicts, error));
  assert_null(verdicts[0]);
  assert_null(verdicts[1]);
  hashscan_hasher_destroy(hasher);
  hashscan_matcher_destroy(matcher);
}

struct records {
  size_t count;
  size_t cancel_at;
};

static int on_record(void *user, const hashscan_record *record) {
  struct records *records = user;
  assert_int_not_equal(record->verdict->status, HASHSCAN_STATUS_TIMEOUT);
  if (++records->count == records->cancel_at) hashscan_control_cancel(control);
  return 0;
}

static void a_scan_ends_without_records_of_what_was_under_way(void **state) {
  (void)state;
  enum { FILES = 12 };
  hashscan_matcher *matcher = new_matcher();
  char pictures[FIXTURE_PATH_SIZE], path[FIXTURE_PATH_SIZE];
  fixture_folder(pictures);
  for (int i = 0; i < FILES; i++) {
    char name[24];
    snprintf(name, sizeof name, "%02d.jpg", i);
    uint8_t *bytes = malloc(jpeg.size + 1);
    memcpy(bytes, jpeg.bytes, jpeg.size);
    bytes[jpeg.size] = (uint8_t)i; /* after the end marker: files are not equal, and not decoded once */
    fixture_write(fixture_join(path, pictures, name), bytes, jpeg.size + 1);
    free(bytes);
  }
  const char *const paths[] = {pictures};
  hashscan_scan_options options = HASHSCAN_SCAN_OPTIONS_INIT;
  struct records records = {.cancel_at = 2};
  options.paths = paths;
  options.path_count = 1;
  options.threads = 2;
  options.on_record = on_record;
  options.user = &records;
  options.control = control;
  assert_int_equal(hashscan_scan(matcher, &options, NULL, NULL), HASHSCAN_E_STOPPED);
  assert_int_equal(records.count, 2);
  hashscan_control_reset(control);
  hashscan_control_set_deadline(control, 0.01);
  records = (struct records){0};
  assert_int_equal(hashscan_scan(matcher, &options, NULL, NULL), HASHSCAN_E_TIMEOUT);
  assert_true(records.count < FILES);
  hashscan_control_reset(control);
  records = (struct records){0};
  assert_int_equal(hashscan_scan(matcher, &options, NULL, NULL), HASHSCAN_SUCCESS);
  assert_int_equal(records.count, FILES);
  fixture_remove(pictures);
  hashscan_matcher_destroy(matcher);
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
  const struct CMUnitTest hashing[] = {
      WITH_CONTROL(a_hash_with_a_control_is_the_same),
      WITH_CONTROL(hashing_ends_soon),
      WITH_CONTROL(hashing_is_cancelled_by_another_thread),
      WITH_CONTROL(digests_end_too),
      WITH_CONTROL(matching_leaves_no_verdict),
      WITH_CONTROL(a_scan_ends_without_records_of_what_was_under_way),
  };
  int failed = cmocka_run_group_tests_name("control", alone, NULL, NULL);
  failed += cmocka_run_group_tests_name("control, searching", searching, open_indexes, close_indexes);
  failed += cmocka_run_group_tests_name("control, hashing and matching", hashing, encode_large, free_large);
  return failed;
}
