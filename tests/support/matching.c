/* SPDX-License-Identifier: Apache-2.0 */
/* Matchers and verdicts of tests. */
#include "matching.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

struct matching matching;

int matching_set_up(void **state) {
  (void)state;
  fixture_folder(matching.folder);
  fixture_join(matching.index, matching.folder, "index");
  matching.picture = fixture_busy(7, 320, 240);
  matching.busy = fixture_jpeg(&matching.picture, 90);
  matching.hash = fixture_hash(&matching.busy);
  assert_int_equal(matching.hash.status, HASHSCAN_STATUS_OK);
  assert_true(matching.hash.quality >= 50);
  return 0;
}

int matching_tear_down(void **state) {
  (void)state;
  fixture_picture_free(&matching.picture);
  fixture_bytes_free(&matching.busy);
  fixture_remove(matching.folder);
  return 0;
}

hashscan_matcher *matching_open(const char *index, const hashscan_match_options *options) {
  hashscan_matcher *matcher;
  hashscan_error error = {0};
  if (hashscan_matcher_create((const char *const[]){index}, 1, options, &matcher, &error) != HASHSCAN_SUCCESS)
    fail_msg("%s", error.message);
  return matcher;
}

hashscan_verdict *matching_verdict(hashscan_matcher *matcher, const void *bytes, size_t size) {
  hashscan_hasher *hasher;
  hashscan_verdict *verdict;
  assert_int_equal(hashscan_matcher_hasher(matcher, &hasher, NULL), HASHSCAN_SUCCESS);
  assert_int_equal(hashscan_match_image(matcher, hasher, bytes, size, &verdict, NULL), HASHSCAN_SUCCESS);
  hashscan_hasher_destroy(hasher);
  return verdict;
}

hashscan_verdict *matching_once(const char *index, const hashscan_match_options *options, const void *bytes,
                                size_t size) {
  hashscan_matcher *matcher = matching_open(index, options);
  hashscan_verdict *verdict = matching_verdict(matcher, bytes, size);
  hashscan_matcher_destroy(matcher);
  return verdict;
}
