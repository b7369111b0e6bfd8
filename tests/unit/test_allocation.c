/* SPDX-License-Identifier: Apache-2.0 */
/* Every allocation of the library may fail: each task here is run again and again, with the first, the second, the
 * third ... allocation failing, until it gets by without one that fails. On the way it may only fail with E_MEMORY, or
 * end an input with status `limit`; it may never crash, leak (AddressSanitizer tells), or give a wrong answer. The
 * linker sends malloc, calloc, realloc and aligned_alloc of all objects of this program through the wrappers below. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "../support/entries.h"
#include "../support/fixture.h"
#include "../support/indexes.h"
#include "../support/random.h"
#include "hashscan.h"

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void *__real_aligned_alloc(size_t alignment, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);
void *__wrap_aligned_alloc(size_t alignment, size_t size);

/* Allocations until the one that fails; 0: none does. */
static atomic_long countdown;
static atomic_bool has_failed;

static bool fails_now(void) {
  long left = atomic_load(&countdown);
  while (left > 0)
    if (atomic_compare_exchange_weak(&countdown, &left, left - 1)) break;
  if (left != 1) return false;
  atomic_store(&has_failed, true);
  return true;
}

void *__wrap_malloc(size_t size) {
  return fails_now() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size) {
  return fails_now() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *old, size_t size) {
  return fails_now() ? NULL : __real_realloc(old, size);
}

void *__wrap_aligned_alloc(size_t alignment, size_t size) {
  return fails_now() ? NULL : __real_aligned_alloc(alignment, size);
}

/* ---- The tasks' material ----------------------------------------------------------------------------------------- */

static char folder[FIXTURE_PATH_SIZE];
static char index_path[FIXTURE_PATH_SIZE];
static char tree[FIXTURE_PATH_SIZE];
static struct fixture_picture picture;
static struct fixture_bytes jpeg;
static struct fixture_bytes png;
static hashscan_image_hash hash = HASHSCAN_IMAGE_HASH_INIT;

static int set_up(void **state) {
  (void)state;
  fixture_folder(folder);
  fixture_join(index_path, folder, "index");
  fixture_join(tree, folder, "tree");
  picture = fixture_busy(7, 96, 80);
  jpeg = fixture_jpeg(&picture, 90);
  png = fixture_png(&picture);
  hash = fixture_hash(&jpeg);
  fixture_index(index_path, hash.hashes, 1);
  char path[FIXTURE_PATH_SIZE];
  assert_int_equal(mkdir(tree, 0700), 0);
  fixture_write(fixture_join(path, tree, "a"), jpeg.bytes, jpeg.size);
  fixture_write(fixture_join(path, tree, "b"), jpeg.bytes, jpeg.size);
  assert_int_equal(mkdir(fixture_join(path, tree, "c"), 0700), 0);
  fixture_write(fixture_join(path, tree, "c/d"), png.bytes, png.size);
  return 0;
}

static int tear_down(void **state) {
  (void)state;
  fixture_picture_free(&picture);
  fixture_bytes_free(&jpeg);
  fixture_bytes_free(&png);
  fixture_remove(folder);
  return 0;
}

/* SUCCESS, or E_MEMORY with its message: anything else fails the test. */
static bool succeeded(hashscan_code code, const hashscan_error *error) {
  if (code == HASHSCAN_SUCCESS) return true;
  assert_int_equal(code, HASHSCAN_E_MEMORY);
  assert_int_equal(error->code, HASHSCAN_E_MEMORY);
  assert_true(error->message[0] != '\0');
  return false;
}

/* Runs `task` with one more allocation succeeding each time. */
static void fail_each_allocation(void (*task)(void), long at_least) {
  for (long k = 1;; k++) {
    assert_in_range(k, 1, 100000);
    atomic_store(&has_failed, false);
    atomic_store(&countdown, k);
    task();
    atomic_store(&countdown, 0);
    if (atomic_load(&has_failed)) continue;
    print_message("           %ld allocations, each failed once\n", k - 1);
    assert_true(k > at_least);
    return;
  }
}

/* ---- Tasks ------------------------------------------------------------------------------------------------------- */

static void hash_one(const struct fixture_bytes *bytes) {
  hashscan_error error;
  hashscan_hasher *hasher;
  if (!succeeded(hashscan_hasher_create(NULL, &hasher, &error), &error)) {
    assert_null(hasher);
    return;
  }
  hashscan_image_hash out = HASHSCAN_IMAGE_HASH_INIT;
  assert_int_equal(hashscan_hash_image(hasher, bytes->bytes, bytes->size, &out, &error), HASHSCAN_SUCCESS);
  if (out.status != HASHSCAN_STATUS_OK) {
    assert_true(atomic_load(&has_failed));
    assert_int_equal(out.status, HASHSCAN_STATUS_LIMIT);
    assert_non_null(strstr(out.reason, "out of memory"));
    assert_int_equal(out.hash_count, 0);
    /* The hasher is none the worse for it. */
    assert_int_equal(hashscan_hash_image(hasher, bytes->bytes, bytes->size, &out, &error), HASHSCAN_SUCCESS);
  }
  assert_int_equal(out.status, HASHSCAN_STATUS_OK);
  hashscan_hasher_destroy(hasher);
}

static void hash_jpeg(void) {
  hash_one(&jpeg);
}

static void hash_png(void) {
  hash_one(&png);
}

static void hash_pixels(void) {
  hashscan_error error;
  hashscan_hasher *hasher;
  if (!succeeded(hashscan_hasher_create(NULL, &hasher, &error), &error)) return;
  hashscan_image_hash out = HASHSCAN_IMAGE_HASH_INIT;
  const hashscan_code code =
      hashscan_hash_pixels(hasher, picture.pixels, picture.width, picture.height, 3, picture.width * 3, &out, &error);
  if (succeeded(code, &error)) assert_int_equal(out.hash_count, 1);
  hashscan_hasher_destroy(hasher);
}

static const char list[] = "hash,id,labels\n"
                           "900150983cd24fb0d6963f7d28e17f72,one,a;b\n"
                           "a9993e364706816aba3e25717850c26c9cd0d89d,\"two\",c\n";

static void build_and_open(void) {
  char path[FIXTURE_PATH_SIZE];
  fixture_join(path, folder, "built");
  hashscan_error error;
  hashscan_builder *builder;
  if (!succeeded(hashscan_builder_create(&builder, &error), &error)) {
    assert_null(builder);
    return;
  }
  const hashscan_entry entry = entry_plain(HASHSCAN_KIND_PDQ, hash.hashes[0].bytes, "demo", "1", "x");
  hashscan_index *index;
  if (succeeded(hashscan_builder_add(builder, &entry, &error), &error) &&
      succeeded(hashscan_builder_add_list_bytes(builder, "list", list, sizeof list - 1, NULL, NULL, &error), &error) &&
      succeeded(hashscan_builder_write(builder, path, &error), &error) &&
      succeeded(hashscan_index_open(path, &index, &error), &error)) {
    hashscan_index_info info = HASHSCAN_INDEX_INFO_INIT;
    hashscan_index_describe(index, &info, NULL);
    assert_int_equal(info.entries, 3);
    hashscan_index_close(index);
  }
  hashscan_builder_destroy(builder);
}

/* Whatever fails, the index on disk is the one before the commit or the one after it. */
static void update(void) {
  char path[FIXTURE_PATH_SIZE];
  const long armed = atomic_exchange(&countdown, 0);
  fixture_index(fixture_join(path, folder, "updated"), hash.hashes, 3);
  atomic_store(&countdown, armed);
  hashscan_error error;
  hashscan_updater *updater;
  hashscan_update_report report = HASHSCAN_UPDATE_REPORT_INIT;
  if (!succeeded(hashscan_updater_open(path, &updater, &error), &error)) {
    assert_null(updater);
    return;
  }
  const hashscan_list_options options = {.size = sizeof options, .name = "demo", .version = "2"};
  const uint8_t digest[16] = {1};
  const hashscan_entry entry = entry_plain(HASHSCAN_KIND_MD5, digest, "more", "1", "x");
  bool whole =
      succeeded(hashscan_updater_add(updater, &entry, &error), &error) &&
      succeeded(hashscan_updater_remove_hash(updater, HASHSCAN_KIND_PDQ, hash.hashes[0].bytes, &error), &error) &&
      succeeded(hashscan_updater_remove_id(updater, "demo", "1", &error), &error) &&
      succeeded(hashscan_updater_replace_list_bytes(updater, "list", list, sizeof list - 1, &options, NULL, &error),
                &error) &&
      succeeded(hashscan_updater_commit(updater, &report, &error), &error);
  hashscan_updater_close(updater);
  if (whole && succeeded(hashscan_updater_open(path, &updater, &error), &error)) {
    /* Entries of the log move to a newer version, and all become one segment. */
    const hashscan_list_options next = {.size = sizeof next, .name = "demo", .version = "3"};
    whole = succeeded(hashscan_updater_replace_list_bytes(updater, "list", list, sizeof list - 1, &next, NULL, &error),
                      &error) &&
            succeeded(hashscan_updater_compact(updater, NULL, &error), &error);
    hashscan_updater_close(updater);
  }
  const long left = atomic_exchange(&countdown, 0);
  hashscan_index *index = indexes_open(path);
  hashscan_index_info info = HASHSCAN_INDEX_INFO_INIT;
  hashscan_index_describe(index, &info, NULL);
  assert_int_equal(info.entries, 3); /* the three there were, or one added and two in place of them */
  assert_int_equal(info.entries_by_kind[HASHSCAN_KIND_PDQ], info.entries_by_kind[HASHSCAN_KIND_MD5] == 0 ? 3 : 0);
  hashscan_index_close(index);
  atomic_store(&countdown, left);
}

static int count_hit(void *user, const hashscan_hit *hit) {
  (void)hit;
  ++*(unsigned *)user;
  return 0;
}

static void search(void) {
  hashscan_error error;
  hashscan_index *index;
  if (!succeeded(hashscan_index_open(index_path, &index, &error), &error)) {
    assert_null(index);
    return;
  }
  unsigned hits = 0;
  if (succeeded(indexes_search(index, HASHSCAN_KIND_PDQ, hash.hashes, NULL, 8, 31, count_hit, &hits, &error), &error))
    assert_int_equal(hits, 1);
  hashscan_index_close(index);
}

/* So many queries that the tables of so many entries are swept: without memory for that, another way is taken. */
static void search_many(void) {
  enum { MANY = 30000 };
  static hashscan_index *index;
  static uint8_t hashes[MANY][32];
  const long armed = atomic_exchange(&countdown, 0);
  if (index == NULL) {
    struct random_state state = random_seeded(3);
    char path[FIXTURE_PATH_SIZE];
    fixture_join(path, folder, "many");
    hashscan_builder *builder = indexes_builder();
    for (size_t i = 0; i < MANY; i++) {
      for (size_t k = 0; k < 32; k++) hashes[i][k] = (uint8_t)random_next(&state);
      const hashscan_entry entry = entry_plain(HASHSCAN_KIND_PDQ, hashes[i], "l", "v", "");
      assert_int_equal(hashscan_builder_add(builder, &entry, NULL), HASHSCAN_SUCCESS);
    }
    index = indexes_write_and_open(builder, path);
    hashscan_builder_destroy(builder);
  }
  /* The first search leaves its scratch memory to the next ones, so what is left to fail is what a sweep needs. */
  unsigned hits = 0;
  hashscan_error error;
  assert_int_equal(indexes_search(index, HASHSCAN_KIND_PDQ, hashes, NULL, 1, 31, count_hit, &hits, &error),
                   HASHSCAN_SUCCESS);
  hits = 0;
  atomic_store(&countdown, armed);
  assert_int_equal(indexes_search(index, HASHSCAN_KIND_PDQ, hashes, NULL, MANY, 31, count_hit, &hits, &error),
                   HASHSCAN_SUCCESS);
  assert_int_equal(hits, MANY);
  if (atomic_load(&has_failed)) return;
  hashscan_index_close(index);
  index = NULL;
}

static void match(void) {
  hashscan_error error;
  hashscan_matcher *matcher;
  hashscan_hasher *hasher;
  if (!succeeded(hashscan_matcher_create((const char *const[]){index_path}, 1, NULL, &matcher, &error), &error)) {
    assert_null(matcher);
    return;
  }
  if (succeeded(hashscan_matcher_hasher(matcher, &hasher, &error), &error)) {
    hashscan_verdict *verdict;
    if (!succeeded(hashscan_match_image(matcher, hasher, jpeg.bytes, jpeg.size, &verdict, &error), &error))
      assert_null(verdict);
    else if (verdict->status == HASHSCAN_STATUS_LIMIT) assert_int_equal(verdict->outcome, HASHSCAN_OUTCOME_UNEXAMINED);
    else assert_int_equal(verdict->outcome, HASHSCAN_OUTCOME_MATCH);
    hashscan_verdict_destroy(verdict);
    hashscan_hasher_destroy(hasher);
  }
  if (succeeded(hashscan_matcher_reload(matcher, &error), &error)) assert_non_null(matcher);
  hashscan_matcher_destroy(matcher);
}

/* The pictures are listed: a record is a match or says that memory was short. */
static int on_record(void *user, const hashscan_record *record) {
  (void)user;
  if (record->verdict->outcome == HASHSCAN_OUTCOME_MATCH) return 0;
  assert_true(atomic_load(&has_failed));
  assert_int_equal(record->verdict->outcome, HASHSCAN_OUTCOME_UNEXAMINED);
  assert_int_equal(record->verdict->status, HASHSCAN_STATUS_LIMIT);
  assert_string_equal(record->verdict->reason, "out of memory");
  return 0;
}

static void scan(void) {
  const long armed = atomic_exchange(&countdown, 0);
  hashscan_matcher *matcher;
  assert_int_equal(hashscan_matcher_create((const char *const[]){index_path}, 1, NULL, &matcher, NULL),
                   HASHSCAN_SUCCESS);
  atomic_store(&countdown, armed);
  const char *const paths[] = {tree};
  hashscan_scan_options options = HASHSCAN_SCAN_OPTIONS_INIT;
  options.paths = paths;
  options.path_count = 1;
  options.threads = 2;
  options.on_record = on_record;
  hashscan_summary *summary;
  hashscan_error error;
  if (succeeded(hashscan_summary_create(&summary, &error), &error)) {
    if (succeeded(hashscan_scan(matcher, &options, summary, &error), &error)) {
      assert_int_equal(hashscan_summary_inputs(summary), 3);
      assert_false(hashscan_summary_stopped(summary));
    }
    hashscan_summary_destroy(summary);
  } else {
    assert_null(summary);
  }
  hashscan_matcher_destroy(matcher);
}

#define ALLOCATION_TEST(task, at_least)                                                                                \
  static void task##_survives(void **state) {                                                                          \
    (void)state;                                                                                                       \
    fail_each_allocation(task, at_least);                                                                              \
  }

ALLOCATION_TEST(hash_jpeg, 2)
ALLOCATION_TEST(hash_png, 4)
ALLOCATION_TEST(hash_pixels, 2)
ALLOCATION_TEST(build_and_open, 6)
ALLOCATION_TEST(search_many, 4)
ALLOCATION_TEST(update, 40)
ALLOCATION_TEST(search, 1)
ALLOCATION_TEST(match, 7)
ALLOCATION_TEST(scan, 20)

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(hash_jpeg_survives),   cmocka_unit_test(hash_png_survives),
      cmocka_unit_test(hash_pixels_survives), cmocka_unit_test(build_and_open_survives),
      cmocka_unit_test(update_survives),      cmocka_unit_test(search_survives),
      cmocka_unit_test(search_many_survives), cmocka_unit_test(match_survives),
      cmocka_unit_test(scan_survives),
  };
  return cmocka_run_group_tests(tests, set_up, tear_down);
}
