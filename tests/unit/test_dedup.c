/* SPDX-License-Identifier: Apache-2.0 */
/* The table of results inside a scan: who computes, who waits, what is forgotten. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "match/verdict.h"
#include "scan/dedup.h"

static int set_up(void **state) {
  struct dedup *dedup;
  assert_int_equal(dedup_create(&dedup, NULL), HASHSCAN_SUCCESS);
  *state = dedup;
  return 0;
}

static int tear_down(void **state) {
  dedup_destroy(*state);
  return 0;
}

/* A verdict with so many requests that nothing looks into, told apart by its width. */
static struct result *result_of_width(uint32_t width, size_t requests) {
  hashscan_hash_request *items = calloc(requests + 1, sizeof *items);
  assert_non_null(items);
  hashscan_image_hash image = HASHSCAN_IMAGE_HASH_INIT;
  image.width = width;
  const struct verdict_parts parts = {.outcome = HASHSCAN_OUTCOME_NO_MATCH,
                                      .status = HASHSCAN_STATUS_DAMAGED,
                                      .reason = "a reason",
                                      .image = &image,
                                      .requests = items,
                                      .request_count = requests};
  hashscan_verdict *verdict;
  assert_int_equal(verdict_create(&parts, &verdict, NULL), HASHSCAN_SUCCESS);
  free(items);
  struct result *result = result_take(verdict);
  assert_non_null(result);
  return result;
}

static enum dedup_answer ask(struct dedup *dedup, const char *bytes, uint64_t generation, struct dedup_node **node,
                             uint32_t *width) {
  struct result *result;
  const enum dedup_answer answer = dedup_begin(dedup, bytes, strlen(bytes), generation, node, &result);
  assert_int_equal(answer == DEDUP_KNOWN, result != NULL);
  assert_int_equal(answer == DEDUP_OWNER, *node != NULL);
  if (answer != DEDUP_KNOWN) return answer;
  *width = result_verdict(result)->image->width;
  result_release(result);
  return answer;
}

static void answer_with(struct dedup *dedup, struct dedup_node *node, uint32_t width, size_t requests) {
  struct result *result = result_of_width(width, requests);
  dedup_end(dedup, node, result);
  result_release(result);
}

/* Asks, and answers when nobody has. */
static enum dedup_answer learn(struct dedup *dedup, const char *bytes, uint64_t generation, uint32_t width,
                               size_t requests) {
  struct dedup_node *node;
  uint32_t known = 0;
  const enum dedup_answer answer = ask(dedup, bytes, generation, &node, &known);
  if (answer == DEDUP_OWNER) answer_with(dedup, node, width, requests);
  if (answer == DEDUP_KNOWN) assert_int_equal(known, width);
  return answer;
}

static void results_keep_what_was_taken(void **state) {
  (void)state;
  struct result *result = result_of_width(9, 3);
  const hashscan_verdict *verdict = result_verdict(result);
  assert_int_equal(verdict->outcome, HASHSCAN_OUTCOME_NO_MATCH);
  assert_int_equal(verdict->request_count, 3);
  assert_int_equal(verdict->status, HASHSCAN_STATUS_DAMAGED);
  assert_int_equal(verdict->image->width, 9);
  assert_string_equal(verdict->reason, "a reason");
  assert_false(result_was_reported(result));
  assert_true(result_was_reported(result));
  result_release(result);
}

static void equal_bytes_are_known(void **state) {
  struct dedup *dedup = *state;
  assert_int_equal(learn(dedup, "a", 0, 1, 0), DEDUP_OWNER);
  assert_int_equal(learn(dedup, "b", 0, 2, 0), DEDUP_OWNER);
  assert_int_equal(learn(dedup, "", 0, 3, 0), DEDUP_OWNER);
  assert_int_equal(learn(dedup, "a", 0, 1, 0), DEDUP_KNOWN);
  assert_int_equal(learn(dedup, "b", 0, 2, 0), DEDUP_KNOWN);
  assert_int_equal(learn(dedup, "", 0, 3, 0), DEDUP_KNOWN);
}

/* Far more inputs than it takes for some to share a bucket. */
static void many_inputs_are_told_apart(void **state) {
  char bytes[16];
  for (int round = 0; round < 2; round++) {
    for (uint32_t i = 1; i <= 4000; i++) {
      snprintf(bytes, sizeof bytes, "input %u", i);
      assert_int_equal(learn(*state, bytes, 0, i, 0), round == 0 ? DEDUP_OWNER : DEDUP_KNOWN);
    }
  }
}

static void nothing_is_remembered_of_no_result(void **state) {
  struct dedup *dedup = *state;
  struct dedup_node *node;
  uint32_t width;
  assert_int_equal(ask(dedup, "a", 0, &node, &width), DEDUP_OWNER);
  dedup_end(dedup, node, NULL);
  assert_int_equal(learn(dedup, "a", 0, 1, 0), DEDUP_OWNER);
  assert_int_equal(learn(dedup, "a", 0, 1, 0), DEDUP_KNOWN);
}

/* A newer snapshot makes every earlier result useless; one who still holds the older snapshot works alone. */
static void generations_do_not_mix(void **state) {
  struct dedup *dedup = *state;
  struct dedup_node *old;
  uint32_t width;
  assert_int_equal(learn(dedup, "a", 0, 1, 0), DEDUP_OWNER);
  assert_int_equal(ask(dedup, "slow", 0, &old, &width), DEDUP_OWNER);
  assert_int_equal(learn(dedup, "a", 1, 2, 0), DEDUP_OWNER);
  assert_int_equal(learn(dedup, "a", 1, 2, 0), DEDUP_KNOWN);
  assert_int_equal(learn(dedup, "a", 0, 1, 0), DEDUP_ALONE);
  assert_int_equal(learn(dedup, "slow", 1, 3, 0), DEDUP_OWNER); /* does not wait for the old one */
  answer_with(dedup, old, 4, 0);
  assert_int_equal(learn(dedup, "slow", 1, 3, 0), DEDUP_KNOWN);
}

/* 60 MiB each: the fourth drives the oldest out, and a result larger than the table's bound is not kept. */
static void the_oldest_results_are_forgotten(void **state) {
  struct dedup *dedup = *state;
  const size_t requests = ((size_t)60 << 20) / (sizeof(hashscan_hash_request) + sizeof(void *));
  assert_int_equal(learn(dedup, "a", 0, 1, requests), DEDUP_OWNER);
  assert_int_equal(learn(dedup, "b", 0, 2, requests), DEDUP_OWNER);
  assert_int_equal(learn(dedup, "c", 0, 3, requests), DEDUP_OWNER);
  assert_int_equal(learn(dedup, "a", 0, 1, 0), DEDUP_KNOWN);
  assert_int_equal(learn(dedup, "d", 0, 4, requests), DEDUP_OWNER);
  assert_int_equal(learn(dedup, "b", 0, 2, 0), DEDUP_KNOWN);
  assert_int_equal(learn(dedup, "a", 0, 1, 0), DEDUP_OWNER);
  assert_int_equal(learn(dedup, "huge", 0, 5, 4 * requests), DEDUP_OWNER);
  assert_int_equal(learn(dedup, "huge", 0, 5, 0), DEDUP_OWNER);
}

/* A verdict holds eight hashes and as many masks, 512 bytes in all: 192 MiB cannot hold 400,000 of them. */
static void hashes_and_their_masks_count(void **state) {
  struct dedup *dedup = *state;
  struct result *known;
  for (uint32_t i = 0; i < 400000; i++) {
    struct dedup_node *node;
    assert_int_equal(dedup_begin(dedup, &i, sizeof i, 0, &node, &known), DEDUP_OWNER);
    struct result *result = result_of_width(1, 0);
    dedup_end(dedup, node, result);
    result_release(result);
  }
  struct dedup_node *node;
  const uint32_t first = 0;
  const uint32_t last = 399999;
  assert_int_equal(dedup_begin(dedup, &first, sizeof first, 0, &node, &known), DEDUP_OWNER);
  dedup_end(dedup, node, NULL);
  assert_int_equal(dedup_begin(dedup, &last, sizeof last, 0, &node, &known), DEDUP_KNOWN);
  result_release(known);
}

struct waiter {
  struct dedup *dedup;
  enum dedup_answer answer;
  uint32_t width;
};

static void *wait_for_answer(void *user) {
  struct waiter *waiter = user;
  struct dedup_node *node;
  waiter->answer = ask(waiter->dedup, "a", 0, &node, &waiter->width);
  if (node != NULL) dedup_end(waiter->dedup, node, NULL);
  return NULL;
}

enum { WAITERS = 3 };

/* Waiters come while the first is computing; `width` 0 means that it fails. */
static void let_others_wait(struct dedup *dedup, uint32_t width) {
  struct waiter waiters[WAITERS];
  pthread_t threads[WAITERS];
  struct dedup_node *node;
  uint32_t unused;
  assert_int_equal(ask(dedup, "a", 0, &node, &unused), DEDUP_OWNER);
  for (size_t i = 0; i < WAITERS; i++) {
    waiters[i] = (struct waiter){.dedup = dedup};
    assert_int_equal(pthread_create(&threads[i], NULL, wait_for_answer, &waiters[i]), 0);
  }
  usleep(50000);
  if (width > 0) answer_with(dedup, node, width, 0);
  else dedup_end(dedup, node, NULL);
  for (size_t i = 0; i < WAITERS; i++) {
    pthread_join(threads[i], NULL);
    /* One who came too late to wait owns what failed before. */
    assert_int_equal(waiters[i].answer == DEDUP_KNOWN, width > 0);
    assert_int_equal(waiters[i].width, width);
  }
}

static void those_who_wait_get_the_answer(void **state) {
  let_others_wait(*state, 6);
}

static void those_who_wait_in_vain_work_alone(void **state) {
  let_others_wait(*state, 0);
}

#define DEDUP_TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(results_keep_what_was_taken),
      DEDUP_TEST(equal_bytes_are_known),
      DEDUP_TEST(many_inputs_are_told_apart),
      DEDUP_TEST(nothing_is_remembered_of_no_result),
      DEDUP_TEST(generations_do_not_mix),
      DEDUP_TEST(the_oldest_results_are_forgotten),
      DEDUP_TEST(hashes_and_their_masks_count),
      DEDUP_TEST(those_who_wait_get_the_answer),
      DEDUP_TEST(those_who_wait_in_vain_work_alone),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
