/* SPDX-License-Identifier: Apache-2.0 */
/* Option structs of callers compiled against an older or a newer header: what the ..._default functions fill of them,
 * and reserved fields. That option structs grow is in test_api.c, their layout in core/src/base/layout.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "../support/expect.h"
#include "../support/fixture.h"
#include "hashscan.h"

enum { ROOM = 1024, FILLER = 0x5a };

static const hashscan_limits limits_init = HASHSCAN_LIMITS_INIT;
static const hashscan_hash_options hash_init = HASHSCAN_HASH_OPTIONS_INIT;
static const hashscan_luma luma_init = HASHSCAN_LUMA_INIT;
static const hashscan_image_hash image_init = HASHSCAN_IMAGE_HASH_INIT;
static const hashscan_hash_request request_init = HASHSCAN_HASH_REQUEST_INIT;
static const hashscan_list_options list_init = HASHSCAN_LIST_OPTIONS_INIT;
static const hashscan_search search_init = HASHSCAN_SEARCH_INIT;
static const hashscan_match_options match_init = HASHSCAN_MATCH_OPTIONS_INIT;
static const hashscan_scan_options scan_init = HASHSCAN_SCAN_OPTIONS_INIT;
static const hashscan_list_report list_report_init = HASHSCAN_LIST_REPORT_INIT;
static const hashscan_update_report update_report_init = HASHSCAN_UPDATE_REPORT_INIT;
static const hashscan_index_info info_init = HASHSCAN_INDEX_INFO_INIT;

static void fill_limits(void *given, size_t size) {
  hashscan_limits_default(given, size);
}
static void fill_hash(void *given, size_t size) {
  hashscan_hash_options_default(given, size);
}
static void fill_luma(void *given, size_t size) {
  hashscan_luma_default(given, size);
}
static void fill_image(void *given, size_t size) {
  hashscan_image_hash_default(given, size);
}
static void fill_request(void *given, size_t size) {
  hashscan_hash_request_default(given, size);
}
static void fill_list(void *given, size_t size) {
  hashscan_list_options_default(given, size);
}
static void fill_search(void *given, size_t size) {
  hashscan_search_default(given, size);
}
static void fill_match(void *given, size_t size) {
  hashscan_match_options_default(given, size);
}
static void fill_scan(void *given, size_t size) {
  hashscan_scan_options_default(given, size);
}

static void fill_list_report(void *given, size_t size) {
  hashscan_list_report_default(given, size);
}
static void fill_update_report(void *given, size_t size) {
  hashscan_update_report_default(given, size);
}
static void fill_info(void *given, size_t size) {
  hashscan_index_info_default(given, size);
}

static const struct {
  const char *name;
  void (*fill)(void *given, size_t size);
  const void *init;
  size_t size;
} structs[] = {{"limits", fill_limits, &limits_init, sizeof limits_init},
               {"hash_options", fill_hash, &hash_init, sizeof hash_init},
               {"luma", fill_luma, &luma_init, sizeof luma_init},
               {"image_hash", fill_image, &image_init, sizeof image_init},
               {"hash_request", fill_request, &request_init, sizeof request_init},
               {"list_options", fill_list, &list_init, sizeof list_init},
               {"search", fill_search, &search_init, sizeof search_init},
               {"match_options", fill_match, &match_init, sizeof match_init},
               {"scan_options", fill_scan, &scan_init, sizeof scan_init},
               {"list_report", fill_list_report, &list_report_init, sizeof list_report_init},
               {"update_report", fill_update_report, &update_report_init, sizeof update_report_init},
               {"index_info", fill_info, &info_init, sizeof info_init}};

/* A caller whose struct has `size` bytes gets the macro's bytes, zeros beyond what the library knows, its own size, and
 * nothing written past its end. */
static void expect_filled(size_t number, size_t size) {
  uint8_t given[ROOM], expected[ROOM];
  const size_t known = structs[number].size;
  memset(given, FILLER, sizeof given);
  memset(expected, FILLER, sizeof expected);
  memset(expected, 0, size);
  memcpy(expected, structs[number].init, size < known ? size : known);
  memcpy(expected, &size, sizeof size);
  structs[number].fill(given, size);
  if (memcmp(given, expected, sizeof given) != 0) fail_msg("%s of %zu bytes", structs[number].name, size);
}

static void defaults_are_those_of_the_macro(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof structs / sizeof *structs; i++)
    for (size_t size = sizeof(size_t); size <= structs[i].size + 64; size++) expect_filled(i, size);
}

static void nothing_is_filled_without_room(void **state) {
  (void)state;
  uint8_t given[ROOM], before[ROOM];
  memset(before, FILLER, sizeof before);
  for (size_t i = 0; i < sizeof structs / sizeof *structs; i++) {
    memcpy(given, before, sizeof given);
    for (size_t size = 0; size < sizeof(size_t); size++) structs[i].fill(given, size);
    assert_memory_equal(given, before, sizeof given);
    structs[i].fill(NULL, structs[i].size);
  }
}

/* What a newer caller gets filled is what this library takes from it. */
static void filled_structs_are_accepted(void **state) {
  (void)state;
  struct {
    hashscan_limits known;
    uint64_t newer[3];
  } limits;
  struct {
    hashscan_hash_options known;
    uint64_t newer[3];
  } options;
  hashscan_hasher *hasher;
  hashscan_limits_default(&limits.known, sizeof limits);
  hashscan_hash_options_default(&options.known, sizeof options);
  options.known.limits = &limits.known;
  assert_int_equal(hashscan_hasher_create(&options.known, &hasher, NULL), HASHSCAN_SUCCESS);
  hashscan_hasher_destroy(hasher);
  limits.newer[2] = 1;
  EXPECT(HASHSCAN_E_ARGUMENT, hashscan_hasher_create(&options.known, &hasher, error));
  limits.newer[2] = 0;
  options.newer[0] = 1;
  EXPECT(HASHSCAN_E_ARGUMENT, hashscan_hasher_create(&options.known, &hasher, error));
}

/* The library fills a report or an info as far as its caller knows it, and nothing beyond. */
static void expect_filled_info(const hashscan_index *index, size_t size) {
  uint8_t given[ROOM], expected[ROOM];
  hashscan_index_info whole = HASHSCAN_INDEX_INFO_INIT;
  assert_int_equal(hashscan_index_describe(index, &whole, NULL), HASHSCAN_SUCCESS);
  assert_int_equal(whole.entries, 1);
  memset(given, FILLER, sizeof given);
  memcpy(given, &size, sizeof size);
  memset(expected, FILLER, sizeof expected);
  memset(expected, 0, size);
  memcpy(expected, &whole, size < sizeof whole ? size : sizeof whole);
  memcpy(expected, &size, sizeof size);
  assert_int_equal(hashscan_index_describe(index, (hashscan_index_info *)(void *)given, NULL), HASHSCAN_SUCCESS);
  assert_memory_equal(given, expected, sizeof given);
}

static void results_are_filled_as_far_as_they_reach(void **state) {
  (void)state;
  char folder[FIXTURE_PATH_SIZE], path[FIXTURE_PATH_SIZE];
  fixture_folder(folder);
  const hashscan_pdq hash = {{1}};
  fixture_index(fixture_join(path, folder, "index"), &hash, 1);
  hashscan_index *index;
  assert_int_equal(hashscan_index_open(path, &index, NULL), HASHSCAN_SUCCESS);
  for (size_t size = sizeof(size_t); size <= sizeof(hashscan_index_info) + 64; size++) expect_filled_info(index, size);
  hashscan_index_info info = {0};
  EXPECT(HASHSCAN_E_ARGUMENT, hashscan_index_describe(index, &info, error));
  EXPECT(HASHSCAN_E_ARGUMENT, hashscan_index_describe(index, NULL, error));
  EXPECT(HASHSCAN_E_ARGUMENT, hashscan_index_describe(NULL, &info, error));
  EXPECT(HASHSCAN_E_ARGUMENT, hashscan_index_read_info(path, &info, NULL, NULL, error));
  hashscan_index_close(index);

  /* A report without a size is refused before anything is added or committed. */
  hashscan_updater *updater;
  hashscan_list_report read = {0};
  hashscan_update_report done = {0};
  hashscan_list_options options = HASHSCAN_LIST_OPTIONS_INIT;
  static const char list[] = "00112233445566778899aabbccddeeff\n";
  assert_int_equal(hashscan_updater_open(path, &updater, NULL), HASHSCAN_SUCCESS);
  EXPECT(HASHSCAN_E_ARGUMENT,
         hashscan_updater_add_list_bytes(updater, "list", list, strlen(list), &options, &read, error));
  EXPECT(HASHSCAN_E_ARGUMENT, hashscan_updater_commit(updater, &done, error));
  done.size = sizeof done;
  read.size = sizeof read;
  assert_int_equal(hashscan_updater_add_list_bytes(updater, "list", list, strlen(list), &options, &read, NULL),
                   HASHSCAN_SUCCESS);
  assert_int_equal(read.entries, 1);
  assert_int_equal(hashscan_updater_commit(updater, &done, NULL), HASHSCAN_SUCCESS);
  assert_int_equal(done.added, 1);
  hashscan_updater_close(updater);
  fixture_remove(folder);
}

static void reserved_fields_are_zero(void **state) {
  (void)state;
  char folder[FIXTURE_PATH_SIZE], path[FIXTURE_PATH_SIZE];
  fixture_folder(folder);
  const hashscan_pdq hash = {{1}};
  fixture_index(fixture_join(path, folder, "index"), &hash, 1);
  hashscan_hasher *hasher;
  hashscan_matcher *matcher;
  hashscan_hash_options hash_options = hash_init;
  hashscan_match_options match_options = match_init;
  hashscan_limits limits = limits_init;
  limits.reserved = 1;
  hash_options.limits = &limits;
  EXPECT(HASHSCAN_E_ARGUMENT, hashscan_hasher_create(&hash_options, &hasher, error));
  match_options.limits = &limits;
  EXPECT(HASHSCAN_E_ARGUMENT, hashscan_matcher_create((const char *const[]){path}, 1, &match_options, &matcher, error));
  limits.reserved = 0;
  assert_int_equal(hashscan_matcher_create((const char *const[]){path}, 1, &match_options, &matcher, NULL),
                   HASHSCAN_SUCCESS);
  hashscan_matcher_destroy(matcher);
  fixture_remove(folder);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(defaults_are_those_of_the_macro), cmocka_unit_test(nothing_is_filled_without_room),
      cmocka_unit_test(filled_structs_are_accepted),     cmocka_unit_test(results_are_filled_as_far_as_they_reach),
      cmocka_unit_test(reserved_fields_are_zero),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
