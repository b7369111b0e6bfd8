/* SPDX-License-Identifier: Apache-2.0 */
/* The contract of hashscan.h at its edges: sizes of option structs, NULL, and one way to reach every documented error.
 * Names, hex and distances are in test_names.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "../support/expect.h"
#include "../support/fixture.h"
#include "../support/indexes.h"
#include "hashscan.h"

static char folder[FIXTURE_PATH_SIZE];
static char index_path[FIXTURE_PATH_SIZE];

static int set_up(void **state) {
  (void)state;
  fixture_folder(folder);
  const hashscan_pdq hash = {{1, 2, 3}};
  fixture_index(fixture_join(index_path, folder, "index"), &hash, 1);
  return 0;
}

static int tear_down(void **state) {
  (void)state;
  fixture_remove(folder);
  return 0;
}

static void nothing_to_give_back(void **state) {
  (void)state;
  hashscan_hasher_destroy(NULL);
  hashscan_builder_destroy(NULL);
  hashscan_index_close(NULL);
  hashscan_matcher_destroy(NULL);
  hashscan_verdict_destroy(NULL);
}

/* ---- Hashing ----------------------------------------------------------------------------------------------------- */

static hashscan_hasher *new_hasher(const hashscan_hash_options *options) {
  hashscan_hasher *hasher;
  assert_int_equal(hashscan_hasher_create(options, &hasher, NULL), HASHSCAN_SUCCESS);
  return hasher;
}

static void expect_bad_hash_options(const hashscan_hash_options *options) {
  hashscan_hasher *hasher = (hashscan_hasher *)folder;
  EXPECT(HASHSCAN_E_ARGUMENT, hashscan_hasher_create(options, &hasher, error));
  assert_null(hasher);
}

static void hash_options(void **state) {
  (void)state;
  hashscan_hash_options options = HASHSCAN_HASH_OPTIONS_INIT;
  options.profile = (hashscan_profile)2;
  expect_bad_hash_options(&options);
  options.profile = HASHSCAN_PROFILE_NN512;
  options.level = (hashscan_level)3;
  expect_bad_hash_options(&options);
  options.level = HASHSCAN_LEVEL_EXACT;
  options.size = 0;
  expect_bad_hash_options(&options);
  options.size = sizeof options;
  hashscan_hasher_destroy(new_hasher(&options));
  EXPECT(HASHSCAN_E_ARGUMENT, hashscan_hasher_create(&options, NULL, error));
}

static void each_limit_of_zero_is_refused(void **state) {
  (void)state;
  const hashscan_limits good = HASHSCAN_LIMITS_INIT;
  for (int i = 0; i < 7; i++) {
    hashscan_limits limits = good;
    if (i == 0) limits.max_pixels = 0;
    if (i == 1) limits.max_jpeg_side = 0;
    if (i == 2) limits.max_side = 0;
    if (i == 3) limits.max_jpeg_scans = 0;
    if (i == 4) limits.max_decoder_bytes = 0;
    if (i == 5) limits.max_file_bytes = 0;
    if (i == 6) limits.max_seconds = 0;
    hashscan_hash_options options = HASHSCAN_HASH_OPTIONS_INIT;
    options.limits = &limits;
    expect_bad_hash_options(&options);
    hashscan_match_options match_options = HASHSCAN_MATCH_OPTIONS_INIT;
    match_options.limits = &limits;
    hashscan_matcher *matcher;
    EXPECT(HASHSCAN_E_ARGUMENT,
           hashscan_matcher_create((const char *const[]){index_path}, 1, &match_options, &matcher, error));
  }
}

/* A caller from before `dihedral`, whose struct ends there; and one from a future with more fields. */
static void option_structs_grow(void **state) {
  (void)state;
  struct {
    hashscan_hash_options known;
    uint64_t future;
  } larger = {.known = HASHSCAN_HASH_OPTIONS_INIT, .future = 0};
  larger.known.size = sizeof larger;
  hashscan_hasher_destroy(new_hasher(&larger.known));
  larger.future = 1;
  expect_bad_hash_options(&larger.known);

  hashscan_hash_options smaller = HASHSCAN_HASH_OPTIONS_INIT;
  smaller.size = offsetof(hashscan_hash_options, dihedral);
  smaller.dihedral = 1;
  smaller.limits = (const hashscan_limits *)1; /* beyond the size: never looked at */
  hashscan_hasher *hasher = new_hasher(&smaller);
  static const uint8_t pixels[64 * 64];
  hashscan_image_hash out = HASHSCAN_IMAGE_HASH_INIT;
  assert_int_equal(hashscan_hash_pixels(hasher, pixels, 64, 64, 1, 64, &out, NULL), HASHSCAN_SUCCESS);
  assert_int_equal(out.hash_count, 1);
  hashscan_hasher_destroy(hasher);
}

static void hash_image_arguments(void **state) {
  (void)state;
  hashscan_hasher *hasher = new_hasher(NULL);
  hashscan_image_hash out = HASHSCAN_IMAGE_HASH_INIT;
  EXPECT(HASHSCAN_E_ARGUMENT, hashscan_hash_image(NULL, "x", 1, &out, error));
  EXPECT(HASHSCAN_E_ARGUMENT, hashscan_hash_image(hasher, NULL, 1, &out, error));
  EXPECT(HASHSCAN_E_ARGUMENT, hashscan_hash_image(hasher, "x", 1, NULL, error));
  out.size = 7;
  EXPECT(HASHSCAN_E_ARGUMENT, hashscan_hash_image(hasher, "x", 1, &out, error));
  out.size = sizeof out;
  assert_int_equal(hashscan_hash_image(hasher, NULL, 0, &out, NULL), HASHSCAN_SUCCESS);
  assert_int_equal(out.status, HASHSCAN_STATUS_NOT_IMAGE);
  assert_int_equal(out.quality, -1);
  assert_int_equal(out.hash_count, 0);
  hashscan_hasher_destroy(hasher);
}

static void hash_requested_arguments(void **state) {
  (void)state;
  const hashscan_hash_request good = HASHSCAN_HASH_REQUEST_INIT;
  hashscan_hash_request request = good;
  hashscan_hasher *hasher = new_hasher(NULL);
  hashscan_image_hash out = HASHSCAN_IMAGE_HASH_INIT;
  EXPECT(HASHSCAN_E_ARGUMENT, hashscan_hash_requested(hasher, NULL, "x", 1, &out, error));
  request.view = (hashscan_view)HASHSCAN_VIEW_COUNT;
  EXPECT(HASHSCAN_E_ARGUMENT, hashscan_hash_requested(hasher, &request, "x", 1, &out, error));
  request = good;
  request.level = (hashscan_level)3;
  EXPECT(HASHSCAN_E_ARGUMENT, hashscan_hash_requested(hasher, &request, "x", 1, &out, error));
  request = good;
  request.digests = 1u << HASHSCAN_KIND_PDQ;
  EXPECT(HASHSCAN_E_ARGUMENT, hashscan_hash_requested(hasher, &request, "x", 1, &out, error));
  hashscan_hasher_destroy(hasher);
}

/* A caller of an older library gets what it knows and not a byte more; a caller of a newer one zeros for the rest. */
static void image_hashes_may_be_shorter_or_longer(void **state) {
  (void)state;
  hashscan_hasher *hasher = new_hasher(NULL);
  hashscan_image_hash whole = HASHSCAN_IMAGE_HASH_INIT;
  assert_int_equal(hashscan_hash_image(hasher, "x", 1, &whole, NULL), HASHSCAN_SUCCESS);
  struct {
    hashscan_image_hash known;
    uint8_t more[8];
  } out;
  memset(&out, 0x5a, sizeof out);
  out.known.size = offsetof(hashscan_image_hash, reason) + 2;
  assert_int_equal(hashscan_hash_image(hasher, "x", 1, &out.known, NULL), HASHSCAN_SUCCESS);
  assert_int_equal(out.known.size, offsetof(hashscan_image_hash, reason) + 2);
  assert_int_equal(out.known.status, HASHSCAN_STATUS_NOT_IMAGE);
  assert_memory_equal(out.known.reason, whole.reason, 2);
  assert_int_equal(out.known.reason[2], 0x5a);
  out.known.size = sizeof out;
  assert_int_equal(hashscan_hash_image(hasher, "x", 1, &out.known, NULL), HASHSCAN_SUCCESS);
  assert_string_equal(out.known.reason, whole.reason);
  for (size_t i = 0; i < sizeof out.more; i++) assert_int_equal(out.more[i], 0);
  hashscan_hasher_destroy(hasher);
}

static void hash_pixels_arguments(void **state) {
  (void)state;
  hashscan_limits limits = HASHSCAN_LIMITS_INIT;
  limits.max_pixels = 100 * 100;
  limits.max_jpeg_side = 200;
  hashscan_hash_options options = HASHSCAN_HASH_OPTIONS_INIT;
  options.limits = &limits;
  hashscan_hasher *hasher = new_hasher(&options);
  static const uint8_t pixels[201 * 100];
  hashscan_image_hash out = HASHSCAN_IMAGE_HASH_INIT;
  EXPECT(HASHSCAN_E_ARGUMENT, hashscan_hash_pixels(NULL, pixels, 9, 9, 1, 9, &out, error));
  EXPECT(HASHSCAN_E_ARGUMENT, hashscan_hash_pixels(hasher, NULL, 9, 9, 1, 9, &out, error));
  EXPECT(HASHSCAN_E_ARGUMENT, hashscan_hash_pixels(hasher, pixels, 9, 9, 1, 9, NULL, error));
  EXPECT(HASHSCAN_E_ARGUMENT, hashscan_hash_pixels(hasher, pixels, 9, 9, 2, 18, &out, error));
  EXPECT(HASHSCAN_E_ARGUMENT, hashscan_hash_pixels(hasher, pixels, 9, 9, 1, 8, &out, error));
  EXPECT(HASHSCAN_E_ARGUMENT, hashscan_hash_pixels(hasher, pixels, 9, 9, 3, 26, &out, error));
  EXPECT(HASHSCAN_E_ARGUMENT, hashscan_hash_pixels(hasher, pixels, 9, 9, 1, SIZE_MAX, &out, error));
  EXPECT(HASHSCAN_E_ARGUMENT, hashscan_hash_pixels(hasher, pixels, 0, 9, 1, 9, &out, error));
  EXPECT(HASHSCAN_E_ARGUMENT, hashscan_hash_pixels(hasher, pixels, 9, 0, 1, 9, &out, error));
  EXPECT(HASHSCAN_E_LIMIT, hashscan_hash_pixels(hasher, pixels, 201, 1, 1, 201, &out, error));
  EXPECT(HASHSCAN_E_LIMIT, hashscan_hash_pixels(hasher, pixels, 101, 100, 1, 101, &out, error));
  assert_int_equal(hashscan_hash_pixels(hasher, pixels, 200, 50, 1, 200, &out, NULL), HASHSCAN_SUCCESS);
  hashscan_hasher_destroy(hasher);
}

/* Grey as one, three and four channels, packed and with a stride: the same picture, the same hash. */
static void hash_pixels_layouts(void **state) {
  (void)state;
  enum { SIDE = 90, STRIDE = 400 };
  static uint8_t grey[SIDE * SIDE];
  static uint8_t wide[SIDE * STRIDE];
  for (unsigned i = 0; i < SIDE * SIDE; i++) grey[i] = (uint8_t)((i / SIDE / 9 * 53 + i % SIDE / 7 * 91) % 256);
  hashscan_hasher *hasher = new_hasher(NULL);
  hashscan_image_hash expected = HASHSCAN_IMAGE_HASH_INIT;
  assert_int_equal(hashscan_hash_pixels(hasher, grey, SIDE, SIDE, 1, SIDE, &expected, NULL), HASHSCAN_SUCCESS);
  assert_int_equal(expected.status, HASHSCAN_STATUS_OK);
  assert_int_equal(expected.format, HASHSCAN_FORMAT_UNKNOWN);
  assert_int_equal(expected.width, SIDE);
  assert_true(expected.quality > 50);
  for (unsigned channels = 1; channels <= 4; channels += channels == 1 ? 2 : 1) {
    memset(wide, 0x5a, sizeof wide); /* the padding and the fourth channel must not matter */
    for (unsigned i = 0; i < SIDE * SIDE; i++)
      memset(wide + i / SIDE * STRIDE + i % SIDE * channels, grey[i], channels < 3 ? 1 : 3);
    hashscan_image_hash out = HASHSCAN_IMAGE_HASH_INIT;
    assert_int_equal(hashscan_hash_pixels(hasher, wide, SIDE, SIDE, channels, STRIDE, &out, NULL), HASHSCAN_SUCCESS);
    /* 0.299 + 0.587 + 0.114 is not quite one in binary: a bit at the median may differ between grey and RGB. */
    assert_in_range(hashscan_pdq_distance(&out.hashes[0], &expected.hashes[0]), 0, channels == 1 ? 0 : 4);
  }
  hashscan_hasher_destroy(hasher);
}

/* ---- Matching and scanning --------------------------------------------------------------------------------------- */

static void expect_bad_match_options(const hashscan_match_options *options) {
  hashscan_matcher *matcher = (hashscan_matcher *)folder;
  EXPECT(HASHSCAN_E_ARGUMENT, hashscan_matcher_create((const char *const[]){index_path}, 1, options, &matcher, error));
  assert_null(matcher);
}

static void match_options(void **state) {
  (void)state;
  const hashscan_match_options good = HASHSCAN_MATCH_OPTIONS_INIT;
  hashscan_match_options options = good;
  options.radius = 257;
  expect_bad_match_options(&options);
  options = good;
  options.transforms = (hashscan_transforms)3;
  expect_bad_match_options(&options);
  options = good;
  options.min_quality = -1;
  expect_bad_match_options(&options);
  options.min_quality = 101;
  expect_bad_match_options(&options);
  options = good;
  options.profile = (hashscan_profile)7;
  expect_bad_match_options(&options);
  options = good;
  options.kinds = 0; /* nothing would ever match */
  expect_bad_match_options(&options);
  options.kinds = 1u << HASHSCAN_KIND_HASH64;
  expect_bad_match_options(&options);
  options = good;
  options.size = 3;
  expect_bad_match_options(&options);
}

static void matcher_arguments(void **state) {
  (void)state;
  hashscan_matcher *matcher;
  hashscan_hasher *hasher;
  char missing[FIXTURE_PATH_SIZE];
  EXPECT(HASHSCAN_E_IO, hashscan_matcher_create((const char *const[]){fixture_join(missing, folder, "missing")}, 1,
                                                NULL, &matcher, error));
  assert_null(matcher);
  EXPECT(HASHSCAN_E_ARGUMENT, hashscan_matcher_create(NULL, 1, NULL, &matcher, error));
  EXPECT(HASHSCAN_E_ARGUMENT, hashscan_matcher_create((const char *const[]){index_path}, 1, NULL, NULL, error));
  assert_int_equal(hashscan_matcher_create((const char *const[]){index_path}, 1, NULL, &matcher, NULL),
                   HASHSCAN_SUCCESS);
  EXPECT(HASHSCAN_E_ARGUMENT, hashscan_matcher_hasher(NULL, &hasher, error));
  EXPECT(HASHSCAN_E_ARGUMENT, hashscan_matcher_hasher(matcher, NULL, error));
  EXPECT(HASHSCAN_E_ARGUMENT, hashscan_matcher_reload(NULL, error));
  assert_int_equal(hashscan_matcher_hasher(matcher, &hasher, NULL), HASHSCAN_SUCCESS);
  hashscan_verdict *verdict = (hashscan_verdict *)folder;
  EXPECT(HASHSCAN_E_ARGUMENT, hashscan_match_image(NULL, hasher, "x", 1, &verdict, error));
  EXPECT(HASHSCAN_E_ARGUMENT, hashscan_match_image(matcher, NULL, "x", 1, &verdict, error));
  EXPECT(HASHSCAN_E_ARGUMENT, hashscan_match_image(matcher, hasher, NULL, 1, &verdict, error));
  EXPECT(HASHSCAN_E_ARGUMENT, hashscan_match_image(matcher, hasher, "x", 1, NULL, error));
  hashscan_hasher_destroy(hasher);
  hashscan_matcher_destroy(matcher);
}

static int ignore_record(void *user, const hashscan_record *record) {
  (void)user;
  (void)record;
  return 0;
}

static void scan_arguments(void **state) {
  (void)state;
  hashscan_matcher *matcher;
  assert_int_equal(hashscan_matcher_create((const char *const[]){index_path}, 1, NULL, &matcher, NULL),
                   HASHSCAN_SUCCESS);
  const char *const paths[] = {folder, NULL};
  hashscan_scan_options good = HASHSCAN_SCAN_OPTIONS_INIT;
  good.paths = paths;
  good.path_count = 1;
  good.on_record = ignore_record;
  EXPECT(HASHSCAN_E_ARGUMENT, hashscan_scan(NULL, &good, NULL, error));
  EXPECT(HASHSCAN_E_ARGUMENT, hashscan_scan(matcher, NULL, NULL, error));
  hashscan_scan_options options = good;
  options.on_record = NULL;
  EXPECT(HASHSCAN_E_ARGUMENT, hashscan_scan(matcher, &options, NULL, error));
  options = good;
  options.path_count = 2;
  EXPECT(HASHSCAN_E_ARGUMENT, hashscan_scan(matcher, &options, NULL, error));
  options.paths = NULL;
  EXPECT(HASHSCAN_E_ARGUMENT, hashscan_scan(matcher, &options, NULL, error));
  options = good;
  options.threads = 5000;
  EXPECT(HASHSCAN_E_ARGUMENT, hashscan_scan(matcher, &options, NULL, error));
  options = good;
  options.size = 1;
  EXPECT(HASHSCAN_E_ARGUMENT, hashscan_scan(matcher, &options, NULL, error));
  assert_int_equal(hashscan_scan(matcher, &good, NULL, NULL), HASHSCAN_SUCCESS);
  hashscan_matcher_destroy(matcher);
}

/* ---- Indexes ----------------------------------------------------------------------------------------------------- */

static int stop_at_once(void *user, const hashscan_hit *hit) {
  (void)hit;
  (void)user;
  return 1;
}

static void index_arguments(void **state) {
  (void)state;
  hashscan_index *index;
  hashscan_entry entry = HASHSCAN_ENTRY_INIT;
  assert_int_equal(hashscan_index_open(index_path, &index, NULL), HASHSCAN_SUCCESS);
  const hashscan_pdq query = {{1, 2, 3}};
  const uint8_t digest[HASHSCAN_MAX_HASH_BYTES] = {0};
  EXPECT(HASHSCAN_E_ARGUMENT,
         indexes_search(index, HASHSCAN_KIND_PDQ, &query, NULL, 1, 257, stop_at_once, NULL, error));
  EXPECT(HASHSCAN_E_STOPPED, indexes_search(index, HASHSCAN_KIND_PDQ, &query, NULL, 1, 0, stop_at_once, NULL, error));
  EXPECT(HASHSCAN_E_ARGUMENT, hashscan_index_lookup(index, HASHSCAN_KIND_PDQ, digest, 1, stop_at_once, NULL, error));
  EXPECT(HASHSCAN_E_ARGUMENT, hashscan_index_entry(index, 1, &entry, error));
  EXPECT(HASHSCAN_E_ARGUMENT, hashscan_index_list(index, 1, NULL, NULL, NULL, error));
  assert_int_equal(hashscan_index_list(index, 0, NULL, NULL, NULL, NULL), HASHSCAN_SUCCESS);
  assert_ptr_equal(hashscan_index_retain(index), index);
  hashscan_index_close(index);
  hashscan_index_close(index);
  char missing[FIXTURE_PATH_SIZE];
  index = (hashscan_index *)folder;
  EXPECT(HASHSCAN_E_IO, hashscan_index_open(fixture_join(missing, folder, "missing"), &index, error));
  assert_null(index);
}

/* ---- HASHSCAN_CPU ------------------------------------------------------------------------------------------------ */

/* The tier is read once, so the question is asked in a fresh process. */
static void unknown_cpu_is_refused_everywhere(void **state) {
  (void)state;
  char command[FIXTURE_PATH_SIZE * 2 + 40];
  char self[FIXTURE_PATH_SIZE];
  const ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
  assert_true(length > 0);
  self[length] = '\0';
  snprintf(command, sizeof command, "HASHSCAN_CPU=sse9 '%s' '%s'", self, index_path);
  const int status = system(command);
  assert_true(WIFEXITED(status));
  assert_int_equal(WEXITSTATUS(status), 0);
}

/* The fresh process: 0 when each create and open is refused with E_CPU. */
static int expect_cpu_errors(const char *path) {
  hashscan_error error = {0};
  hashscan_hasher *hasher;
  hashscan_index *index;
  hashscan_matcher *matcher;
  if (hashscan_hasher_create(NULL, &hasher, &error) != HASHSCAN_E_CPU || hasher != NULL) return 1;
  if (hashscan_index_open(path, &index, &error) != HASHSCAN_E_CPU || index != NULL) return 2;
  if (hashscan_matcher_create((const char *const[]){path}, 1, NULL, &matcher, &error) != HASHSCAN_E_CPU ||
      matcher != NULL)
    return 3;
  return strstr(error.message, "HASHSCAN_CPU") == NULL ? 4 : 0;
}

int main(int argc, char **argv) {
  if (argc == 2) return expect_cpu_errors(argv[1]);
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(nothing_to_give_back),
      cmocka_unit_test(hash_options),
      cmocka_unit_test(each_limit_of_zero_is_refused),
      cmocka_unit_test(option_structs_grow),
      cmocka_unit_test(hash_image_arguments),
      cmocka_unit_test(hash_requested_arguments),
      cmocka_unit_test(image_hashes_may_be_shorter_or_longer),
      cmocka_unit_test(hash_pixels_arguments),
      cmocka_unit_test(hash_pixels_layouts),
      cmocka_unit_test(match_options),
      cmocka_unit_test(matcher_arguments),
      cmocka_unit_test(scan_arguments),
      cmocka_unit_test(index_arguments),
      cmocka_unit_test(unknown_cpu_is_refused_everywhere),
  };
  return cmocka_run_group_tests(tests, set_up, tear_down);
}
