/* SPDX-License-Identifier: Apache-2.0 */
/* Summaries: counting verdicts one by one gives what a scan counts, and summaries add up. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../support/expect.h"
#include "../support/scene.h"

static hashscan_summary *new_summary(void) {
  hashscan_summary *summary;
  assert_int_equal(hashscan_summary_create(&summary, NULL), HASHSCAN_SUCCESS);
  return summary;
}

static void expect_equal(const struct scene_summary *a, const struct scene_summary *b) {
  assert_int_equal(a->inputs, b->inputs);
  assert_memory_equal(a->by_outcome, b->by_outcome, sizeof a->by_outcome);
  assert_memory_equal(a->by_status, b->by_status, sizeof a->by_status);
  assert_memory_equal(a->by_method, b->by_method, sizeof a->by_method);
  assert_int_equal(a->duplicates, b->duplicates);
  assert_int_equal(a->bytes, b->bytes);
}

static void begins_at_zero(void **state) {
  (void)state;
  hashscan_summary *summary = new_summary();
  const struct scene_summary all = scene_summary_of(summary);
  const struct scene_summary zero = {0};
  expect_equal(&all, &zero);
  assert_false(all.stopped);
  assert_true(all.seconds >= 0 && all.seconds <= 0);
  hashscan_summary_destroy(summary);
  EXPECT(HASHSCAN_E_ARGUMENT, hashscan_summary_create(NULL, error));
}

/* Each value is counted in its place and nowhere else. */
static void every_value_has_its_count(void **state) {
  (void)state;
  hashscan_summary *summary = new_summary();
  struct scene_summary expected = {0};
  for (int status = 0; status < HASHSCAN_STATUS_COUNT; status++)
    for (int outcome = 0; outcome < HASHSCAN_OUTCOME_COUNT; outcome++)
      for (int method = 0; method < HASHSCAN_METHOD_COUNT; method++) {
        const hashscan_image_hash image = {.hash_count = status % 2 == 0 ? 8 : 0};
        const hashscan_verdict verdict = {.outcome = (hashscan_outcome)outcome,
                                          .status = (hashscan_status)status,
                                          .method = (hashscan_method)method,
                                          .image = &image};
        const int duplicate = outcome == 2 ? 5 : 0; /* any value but zero */
        const uint64_t bytes = UINT64_C(1) << (status + 10 * outcome);
        assert_int_equal(hashscan_summary_count(summary, &verdict, bytes, duplicate, NULL), HASHSCAN_SUCCESS);
        expected.inputs++;
        expected.by_outcome[outcome]++;
        expected.by_status[status]++;
        expected.by_method[method] += status % 2 == 0;
        expected.duplicates += outcome == 2;
        expected.bytes += bytes;
      }
  const struct scene_summary all = scene_summary_of(summary);
  expect_equal(&all, &expected);
  assert_int_equal(hashscan_summary_outcome(summary, HASHSCAN_OUTCOME_COUNT), 0);
  assert_int_equal(hashscan_summary_status(summary, (hashscan_status)-1), 0);
  assert_int_equal(hashscan_summary_method(summary, HASHSCAN_METHOD_COUNT), 0);
  hashscan_summary_destroy(summary);
}

static void unknown_values_are_refused(void **state) {
  (void)state;
  hashscan_summary *summary = new_summary();
  hashscan_image_hash image = {.hash_count = 1};
  const hashscan_verdict good = {.image = &image};
  hashscan_verdict bad = good;
  bad.outcome = (hashscan_outcome)HASHSCAN_OUTCOME_COUNT;
  EXPECT(HASHSCAN_E_ARGUMENT, hashscan_summary_count(summary, &bad, 1, 0, error));
  bad = good;
  bad.status = (hashscan_status)-1;
  EXPECT(HASHSCAN_E_ARGUMENT, hashscan_summary_count(summary, &bad, 1, 0, error));
  bad = good;
  bad.method = (hashscan_method)HASHSCAN_METHOD_COUNT;
  EXPECT(HASHSCAN_E_ARGUMENT, hashscan_summary_count(summary, &bad, 1, 0, error));
  EXPECT(HASHSCAN_E_ARGUMENT, hashscan_summary_count(summary, NULL, 1, 0, error));
  EXPECT(HASHSCAN_E_ARGUMENT, hashscan_summary_count(NULL, &good, 1, 0, error));
  assert_int_equal(hashscan_summary_inputs(summary), 0);
  image.hash_count = 0; /* the method of what was not hashed has no meaning */
  assert_int_equal(hashscan_summary_count(summary, &bad, 1, 0, NULL), HASHSCAN_SUCCESS);
  hashscan_summary_destroy(summary);
}

static int count_record(void *user, const hashscan_record *record) {
  return hashscan_summary_count(user, record->verdict, record->bytes, record->duplicate, NULL) != HASHSCAN_SUCCESS;
}

static void put_files(void) {
  scene_put("a", &scene.known);
  scene_put("b", &scene.unknown);
  scene_put("c", &scene.known);
  scene_put_link("nowhere", "d");
  fixture_write(scene_path("e"), "hello", 5);
}

/* A loop of one's own over verdicts counts what the scan counts. */
static void counting_records_is_what_a_scan_does(void **state) {
  (void)state;
  put_files();
  hashscan_summary *of_scan = new_summary(), *of_loop = new_summary();
  const char *const paths[] = {scene.tree};
  hashscan_scan_options options = HASHSCAN_SCAN_OPTIONS_INIT;
  options.paths = paths;
  options.path_count = 1;
  options.on_record = count_record;
  options.user = of_loop;
  assert_int_equal(hashscan_scan(scene.matcher, &options, of_scan, NULL), HASHSCAN_SUCCESS);
  const struct scene_summary scanned = scene_summary_of(of_scan), looped = scene_summary_of(of_loop);
  expect_equal(&scanned, &looped);
  scene_check_summary(&scanned, 5);
  assert_int_equal(scanned.by_outcome[HASHSCAN_OUTCOME_MATCH], 2);
  assert_int_equal(scanned.duplicates, 1);
  assert_true(scanned.seconds > 0);
  hashscan_summary_destroy(of_scan);
  hashscan_summary_destroy(of_loop);
}

/* Two scans into one summary, and two summaries added, are the same; a scan that stopped leaves its mark. */
static void scans_and_summaries_add_up(void **state) {
  (void)state;
  put_files();
  const char *const paths[] = {scene.tree};
  struct scene_log log = scene_log_new();
  hashscan_scan_options options = scene_options(&log, paths, 1, 2);
  hashscan_summary *both = new_summary(), *first = new_summary(), *second = new_summary();
  assert_int_equal(hashscan_scan(scene.matcher, &options, first, NULL), HASHSCAN_SUCCESS);
  log.records = 0;
  assert_int_equal(hashscan_scan(scene.matcher, &options, both, NULL), HASHSCAN_SUCCESS);
  log.records = 0;
  log.stop_record = 2;
  assert_int_equal(hashscan_scan(scene.matcher, &options, second, NULL), HASHSCAN_E_STOPPED);
  log.records = 0;
  assert_false(hashscan_summary_stopped(both));
  assert_int_equal(hashscan_scan(scene.matcher, &options, both, NULL), HASHSCAN_E_STOPPED);
  const double seconds = hashscan_summary_seconds(first) + hashscan_summary_seconds(second);
  hashscan_summary_add(first, second);
  const struct scene_summary added = scene_summary_of(first), counted = scene_summary_of(both);
  expect_equal(&added, &counted);
  scene_check_summary(&added, 7);
  assert_true(added.stopped && counted.stopped);
  assert_true(added.seconds >= seconds && added.seconds <= seconds);
  hashscan_summary_add(NULL, first);
  hashscan_summary_add(first, NULL);
  scene_check_summary(&added, hashscan_summary_inputs(first));
  hashscan_summary_destroy(both);
  hashscan_summary_destroy(first);
  hashscan_summary_destroy(second);
  free(log.text);
}

/* ---- The written form -------------------------------------------------------------------------------------------- */

enum { FORM_SIZE = 56 + 5 * 16 };

/* 3 inputs: 2 matches, one of them damaged, and one that was not examined. */
static hashscan_summary *sample(void) {
  hashscan_summary *summary = new_summary();
  hashscan_image_hash image = {.hash_count = 8};
  hashscan_verdict verdict = {
      .outcome = HASHSCAN_OUTCOME_MATCH, .method = HASHSCAN_METHOD_FAST_CONFIRMED, .image = &image};
  hashscan_summary_count(summary, &verdict, 0x0102030405, 0, NULL);
  verdict.status = HASHSCAN_STATUS_DAMAGED;
  hashscan_summary_count(summary, &verdict, 0, 1, NULL);
  image.hash_count = 0;
  const hashscan_verdict unexamined = {.status = HASHSCAN_STATUS_DAMAGED, .image = &image};
  hashscan_summary_count(summary, &unexamined, 0, 0, NULL);
  return summary;
}

static const uint8_t sample_form[FORM_SIZE] = {
    /* clang-format off */
    0x89, 'H', 'S', 'S', '\r', '\n', '\n', 'S', 1, 0, 0, 0, 5, 0, 0, 0,
    3, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0,
    5, 4, 3, 2, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0,
    1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0,
    1, 0, 0, 0, 3, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0,
    2, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0,
    2, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0,
    3, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0
    /* clang-format on */
};

static void form_is_the_documented_one(void **state) {
  (void)state;
  hashscan_summary *summary = sample();
  uint8_t bytes[FORM_SIZE + 1];
  memset(bytes, 0x5a, sizeof bytes);
  assert_int_equal(hashscan_summary_encode(summary, NULL, 0), FORM_SIZE);
  assert_int_equal(hashscan_summary_encode(summary, bytes, FORM_SIZE - 1), FORM_SIZE);
  for (size_t i = 0; i < sizeof bytes; i++) assert_int_equal(bytes[i], 0x5a);
  assert_int_equal(hashscan_summary_encode(summary, bytes, sizeof bytes), FORM_SIZE);
  assert_memory_equal(bytes, sample_form, FORM_SIZE);
  assert_int_equal(bytes[FORM_SIZE], 0x5a);
  hashscan_summary_destroy(summary);
}

static void what_a_scan_counted_comes_back(void **state) {
  (void)state;
  put_files();
  const char *const paths[] = {scene.tree};
  struct scene_log log = scene_log_new();
  log.stop_record = 4;
  const hashscan_scan_options options = scene_options(&log, paths, 1, 2);
  hashscan_summary *written = new_summary(), *read;
  uint8_t bytes[1024], again[1024];
  assert_int_equal(hashscan_scan(scene.matcher, &options, written, NULL), HASHSCAN_E_STOPPED);
  const size_t size = hashscan_summary_encode(written, bytes, sizeof bytes);
  assert_int_equal(hashscan_summary_decode(bytes, size, &read, NULL), HASHSCAN_SUCCESS);
  const struct scene_summary a = scene_summary_of(written), b = scene_summary_of(read);
  expect_equal(&a, &b);
  assert_true(b.stopped);
  assert_true(b.seconds > a.seconds - 1e-6 && b.seconds < a.seconds + 1e-6);
  assert_int_equal(hashscan_summary_encode(read, again, sizeof again), size);
  assert_memory_equal(again, bytes, size);
  hashscan_summary_destroy(read);
  hashscan_summary_destroy(written);
  free(log.text);
}

static void expect_refusal(hashscan_code expected, const uint8_t *bytes, size_t size) {
  hashscan_summary *summary = (hashscan_summary *)scene.folder;
  EXPECT(expected, hashscan_summary_decode(bytes, size, &summary, error));
  assert_null(summary);
}

/* Each byte with each value: it is refused, or it is another summary whose form these bytes are. */
static void changed_bytes_are_refused_or_mean_something(void **state) {
  (void)state;
  unsigned taken = 0;
  for (size_t at = 0; at < FORM_SIZE; at++)
    for (unsigned value = 0; value < 256; value++) {
      uint8_t bytes[FORM_SIZE], again[FORM_SIZE];
      hashscan_summary *summary;
      memcpy(bytes, sample_form, FORM_SIZE);
      bytes[at] = (uint8_t)value;
      if (hashscan_summary_decode(bytes, FORM_SIZE, &summary, NULL) != HASHSCAN_SUCCESS) {
        assert_null(summary);
        continue;
      }
      assert_int_equal(hashscan_summary_encode(summary, again, FORM_SIZE), FORM_SIZE);
      assert_memory_equal(again, bytes, FORM_SIZE);
      hashscan_summary_destroy(summary);
      taken++;
    }
  /* At least itself, once for each byte, and any number of bytes examined. */
  assert_true(taken >= FORM_SIZE + 8 * 255);
}

static void malformed_forms_are_refused(void **state) {
  (void)state;
  uint8_t bytes[FORM_SIZE + 16] = {0};
  for (size_t size = 0; size < FORM_SIZE; size++) expect_refusal(HASHSCAN_E_FORMAT, sample_form, size);
  memcpy(bytes, sample_form, FORM_SIZE);
  expect_refusal(HASHSCAN_E_FORMAT, bytes, sizeof bytes); /* one counter more than it says */
  bytes[12] = 6;
  bytes[FORM_SIZE] = 3;
  bytes[FORM_SIZE + 4] = 3; /* of how many none has it */
  expect_refusal(HASHSCAN_E_FORMAT, bytes, sizeof bytes);
  bytes[FORM_SIZE + 8] = 1;
  hashscan_summary *summary;
  assert_int_equal(hashscan_summary_decode(bytes, sizeof bytes, &summary, NULL), HASHSCAN_SUCCESS);
  hashscan_summary_destroy(summary);
  bytes[FORM_SIZE + 4] = HASHSCAN_METHOD_COUNT; /* of a later library */
  expect_refusal(HASHSCAN_E_VERSION, bytes, sizeof bytes);
  bytes[FORM_SIZE + 4] = 2; /* twice */
  expect_refusal(HASHSCAN_E_FORMAT, bytes, sizeof bytes);
  bytes[FORM_SIZE] = 4;
  expect_refusal(HASHSCAN_E_VERSION, bytes, sizeof bytes);
  bytes[FORM_SIZE] = 3;
  bytes[FORM_SIZE + 4] = 3;
  memset(bytes + FORM_SIZE + 8, 0xff, 8); /* the sum wraps to one that would do */
  expect_refusal(HASHSCAN_E_FORMAT, bytes, sizeof bytes);
  memcpy(bytes, sample_form, FORM_SIZE);
  bytes[8] = 2;
  expect_refusal(HASHSCAN_E_VERSION, bytes, FORM_SIZE);
  expect_refusal(HASHSCAN_E_ARGUMENT, NULL, FORM_SIZE);
  EXPECT(HASHSCAN_E_ARGUMENT, hashscan_summary_decode(sample_form, FORM_SIZE, NULL, error));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      SCENE_TEST(begins_at_zero),
      SCENE_TEST(every_value_has_its_count),
      SCENE_TEST(unknown_values_are_refused),
      SCENE_TEST(counting_records_is_what_a_scan_does),
      SCENE_TEST(scans_and_summaries_add_up),
      SCENE_TEST(form_is_the_documented_one),
      SCENE_TEST(what_a_scan_counted_comes_back),
      SCENE_TEST(changed_bytes_are_refused_or_mean_something),
      SCENE_TEST(malformed_forms_are_refused),
  };
  return cmocka_run_group_tests(tests, scene_set_up, scene_tear_down);
}
