/* SPDX-License-Identifier: Apache-2.0 */
/* An index from and to one run of bytes, from a builder without a disk, and from a descriptor: the same answers, and
 * nothing that was cut, changed or put together wrongly opens. test_update.c sends indexes with logs and several
 * segments the same way. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "../support/entries.h"
#include "../support/expect.h"
#include "../support/fixture.h"
#include "../support/guard.h"
#include "../support/indexes.h"
#include "../support/seal.h"

static char folder[FIXTURE_PATH_SIZE];
static char path[FIXTURE_PATH_SIZE];
static uint8_t *blob; /* of the index at `path`: one segment and a log */
static size_t blob_size;
static hashscan_error error;

static void fill(hashscan_builder *builder, size_t count) {
  indexes_fill(builder, 0, count);
}

static int set_up(void **unused) {
  (void)unused;
  static const uint8_t hash[32] = {9};
  fixture_folder(folder);
  fixture_join(path, folder, "index");
  hashscan_builder *builder = indexes_builder();
  fill(builder, 50);
  hashscan_index_close(indexes_write_and_open(builder, path));
  hashscan_builder_destroy(builder);
  hashscan_updater *updater;
  OK(hashscan_updater_open(path, &updater, &error));
  const hashscan_entry entry = entry_labelled(HASHSCAN_KIND_PDQ, hash, "l", "v", "i", ENTRY_LABELS("a", "b"));
  OK(hashscan_updater_add(updater, &entry, &error));
  OK(hashscan_updater_commit(updater, NULL, &error));
  hashscan_updater_close(updater);
  hashscan_index *index = indexes_open(path);
  OK(hashscan_index_write_bytes(index, NULL, 0, &blob_size, &error));
  blob = malloc(blob_size);
  assert_non_null(blob);
  OK(hashscan_index_write_bytes(index, blob, blob_size, &blob_size, &error));
  hashscan_index_close(index);
  return 0;
}

static int tear_down(void **unused) {
  (void)unused;
  free(blob);
  fixture_remove(folder);
  return 0;
}

/* ---- The same index ---------------------------------------------------------------------------------------------- */

static void assert_same_entries(const hashscan_index *a, const hashscan_index *b) {
  for (uint64_t i = 0;; i++) {
    hashscan_entry left = HASHSCAN_ENTRY_INIT;
    hashscan_entry right = HASHSCAN_ENTRY_INIT;
    const hashscan_code code = hashscan_index_entry(a, i, &left, NULL);
    assert_int_equal(hashscan_index_entry(b, i, &right, NULL), code);
    if (code != HASHSCAN_SUCCESS) break;
    assert_int_equal(left.kind, right.kind);
    assert_memory_equal(left.hash, right.hash, hashscan_kind_bytes(left.kind));
    assert_string_equal(left.list, right.list);
    assert_string_equal(left.id, right.id);
    assert_int_equal(left.label_count, right.label_count);
  }
}

static void assert_same_index(const hashscan_index *a, const hashscan_index *b) {
  hashscan_index_info left = HASHSCAN_INDEX_INFO_INIT;
  hashscan_index_info right = HASHSCAN_INDEX_INFO_INIT;
  hashscan_index_describe(a, &left, NULL);
  hashscan_index_describe(b, &right, NULL);
  assert_string_equal(left.digest, right.digest);
  assert_int_equal(left.entries, right.entries);
  assert_int_equal(left.bytes, right.bytes);
  assert_same_entries(a, b);
}

static void test_there_and_back(void **unused) {
  (void)unused;
  hashscan_index *files = indexes_open(path);
  for (size_t shift = 0; shift < 70; shift += 23) {
    uint8_t *moved = malloc(blob_size + shift);
    assert_non_null(moved);
    memcpy(moved + shift, blob, blob_size);
    hashscan_index *memory;
    OK(hashscan_index_open_bytes(moved + shift, blob_size, &memory, &error));
    memset(moved, 0xff, blob_size + shift); /* the index has a copy */
    assert_same_index(files, memory);
    hashscan_index_close(memory);
    free(moved);
  }
  hashscan_index_close(files);
}

static void test_too_little_room(void **unused) {
  (void)unused;
  hashscan_index *index;
  OK(hashscan_index_open_bytes(blob, blob_size, &index, &error));
  uint8_t *bytes = malloc(blob_size);
  assert_non_null(bytes);
  memset(bytes, 0x5a, blob_size);
  size_t size = 0;
  OK(hashscan_index_write_bytes(index, bytes, blob_size - 1, &size, &error));
  assert_int_equal(size, blob_size);
  for (size_t i = 0; i < blob_size; i++) assert_int_equal(bytes[i], 0x5a);
  assert_int_equal(hashscan_index_write_bytes(index, NULL, 1, &size, &error), HASHSCAN_E_ARGUMENT);
  assert_int_equal(hashscan_index_write_bytes(index, bytes, 1, NULL, &error), HASHSCAN_E_ARGUMENT);
  assert_int_equal(hashscan_index_write_bytes(NULL, bytes, 1, &size, &error), HASHSCAN_E_ARGUMENT);
  free(bytes);
  hashscan_index_close(index);
}

/* With a pigeonring, whose secret makes each index another one: what they hold is the same. */
static void test_a_builder_without_a_disk(void **unused) {
  (void)unused;
  char other[FIXTURE_PATH_SIZE];
  hashscan_builder *builder = indexes_builder();
  fill(builder, 25000);
  hashscan_index *memory;
  OK(hashscan_builder_index(builder, &memory, &error));
  hashscan_index *files = indexes_write_and_open(builder, fixture_join(other, folder, "other"));
  hashscan_builder_destroy(builder);
  assert_same_entries(files, memory);
  uint8_t query[HASHSCAN_MAX_HASH_BYTES];
  hashscan_search search = HASHSCAN_SEARCH_INIT;
  search.queries = query;
  search.count = 1;
  search.radius = 60;
  for (size_t i = 0; i < 20; i++) {
    size_t in_files;
    size_t in_memory;
    indexes_hash(HASHSCAN_KIND_PDQ, i * HASHSCAN_KIND_COUNT, query);
    OK(hashscan_index_search_hits(files, &search, NULL, 0, &in_files, &error));
    OK(hashscan_index_search_hits(memory, &search, NULL, 0, &in_memory, &error));
    assert_true(in_files > 0);
    assert_int_equal(in_files, in_memory);
  }
  hashscan_index_close(files);
  hashscan_index_close(memory);
  builder = indexes_builder();
  OK(hashscan_builder_index(builder, &memory, &error));
  hashscan_index_close(memory);
  hashscan_builder_destroy(builder);
  assert_int_equal(hashscan_builder_index(NULL, &memory, &error), HASHSCAN_E_ARGUMENT);
  assert_null(memory);
}

static void test_a_descriptor(void **unused) {
  (void)unused;
  const int descriptor = open(path, O_RDONLY | O_DIRECTORY);
  assert_true(descriptor >= 0);
  hashscan_index *by_path = indexes_open(path);
  hashscan_index *index;
  OK(hashscan_index_open_descriptor(descriptor, "lists", &index, &error));
  assert_same_index(by_path, index);
  hashscan_index_close(index);
  hashscan_index_close(by_path);
  assert_int_equal(close(descriptor), 0); /* it stayed the caller's */
  assert_int_equal(hashscan_index_open_descriptor(-1, "lists", &index, &error), HASHSCAN_E_IO);
  assert_non_null(strstr(error.message, "lists"));
  assert_null(index);
  const int other = open(folder, O_RDONLY | O_DIRECTORY);
  assert_int_equal(hashscan_index_open_descriptor(other, "lists", &index, &error), HASHSCAN_E_FORMAT);
  close(other);
}

/* ---- Lists from a reader ------------------------------------------------------------------------------------------
 */

struct text {
  const char *bytes;
  size_t left;
  size_t most;     /* bytes given at a time */
  size_t stop_at;  /* bytes left when the reader stops; 0: never */
  bool exaggerate; /* says that it gave more than there was room for */
};

static int read_text(void *user, void *bytes, size_t capacity, size_t *size) {
  struct text *text = user;
  if (text->stop_at > 0 && text->left <= text->stop_at) return 1;
  size_t now = text->left < capacity ? text->left : capacity;
  if (now > text->most) now = text->most;
  memcpy(bytes, text->bytes, now);
  text->bytes += now;
  text->left -= now;
  *size = text->exaggerate ? capacity + 1 : now;
  return 0;
}

static uint64_t entries_of(hashscan_builder *builder) {
  hashscan_index *index;
  hashscan_index_info info = HASHSCAN_INDEX_INFO_INIT;
  OK(hashscan_builder_index(builder, &index, &error));
  OK(hashscan_index_describe(index, &info, &error));
  hashscan_index_close(index);
  return info.entries;
}

/* A list of some megabytes, in pieces of any size, is what it is in one piece. */
static void test_lists_from_a_reader(void **unused) {
  (void)unused;
  enum { LINES = 60000, LINE = 33 };
  char *list = malloc(LINES * LINE + 1);
  assert_non_null(list);
  for (unsigned i = 0; i < LINES; i++) snprintf(list + (size_t)i * LINE, LINE + 1, "%032x\n", i);
  const size_t pieces[] = {1, 7, 4096, SIZE_MAX};
  for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
    hashscan_builder *builder = indexes_builder();
    hashscan_list_report report = HASHSCAN_LIST_REPORT_INIT;
    struct text text = {.bytes = list, .left = (size_t)LINES * LINE, .most = pieces[i]};
    OK(hashscan_builder_add_list_from(builder, "piecewise", read_text, &text, NULL, &report, &error));
    assert_int_equal(report.lines, LINES);
    assert_int_equal(report.entries, LINES);
    assert_int_equal(entries_of(builder), LINES);
    hashscan_builder_destroy(builder);
  }
  hashscan_builder *builder = indexes_builder();
  struct text stops = {.bytes = list, .left = (size_t)LINES * LINE, .most = 1000, .stop_at = 5000};
  assert_int_equal(hashscan_builder_add_list_from(builder, "stops", read_text, &stops, NULL, NULL, &error),
                   HASHSCAN_E_STOPPED);
  struct text liar = {.bytes = list, .left = LINE, .most = SIZE_MAX, .exaggerate = true};
  assert_int_equal(hashscan_builder_add_list_from(builder, "liar", read_text, &liar, NULL, NULL, &error),
                   HASHSCAN_E_ARGUMENT);
  assert_int_equal(hashscan_builder_add_list_from(builder, "none", NULL, &liar, NULL, NULL, &error),
                   HASHSCAN_E_ARGUMENT);
  struct text empty = {.bytes = "", .most = SIZE_MAX};
  OK(hashscan_builder_add_list_from(builder, "empty", read_text, &empty, NULL, NULL, &error));
  struct text bad = {.bytes = "x\n", .left = 2, .most = SIZE_MAX};
  assert_int_equal(hashscan_builder_add_list_from(builder, "bad", read_text, &bad, NULL, NULL, &error),
                   HASHSCAN_E_FORMAT);
  assert_string_equal(error.message, "bad:1: not a hex digit at character 1 of the hash");
  assert_int_equal(entries_of(builder), 0);
  hashscan_builder_destroy(builder);
  free(list);
}

static void test_an_updater_with_a_reader(void **unused) {
  (void)unused;
  static const char first[] = "00112233445566778899aabbccddeeff\n10112233445566778899aabbccddeeff\n";
  hashscan_updater *updater;
  hashscan_update_report report = HASHSCAN_UPDATE_REPORT_INIT;
  OK(hashscan_updater_open(path, &updater, &error));
  struct text text = {.bytes = first, .left = strlen(first), .most = 5};
  OK(hashscan_updater_add_list_from(updater, "read", read_text, &text, NULL, NULL, &error));
  OK(hashscan_updater_commit(updater, &report, &error));
  assert_int_equal(report.added, 2);
  text = (struct text){.bytes = first, .left = strlen(first) / 2, .most = 5};
  OK(hashscan_updater_replace_list_from(updater, "read", read_text, &text, NULL, NULL, &error));
  OK(hashscan_updater_commit(updater, &report, &error));
  assert_int_equal(report.kept, 1);
  assert_int_equal(report.removed, 1);
  text = (struct text){.bytes = first, .left = strlen(first), .most = 5, .stop_at = 10};
  assert_int_equal(hashscan_updater_replace_list_from(updater, "read", read_text, &text, NULL, NULL, &error),
                   HASHSCAN_E_STOPPED);
  OK(hashscan_updater_commit(updater, &report, &error));
  assert_int_equal(report.removed, 0);
  hashscan_updater_close(updater);
}

/* ---- Damage ------------------------------------------------------------------------------------------------------ */

static void assert_refused(const uint8_t *bytes, size_t size, hashscan_code expected, const char *text) {
  struct guard guard = guard_alloc(size);
  if (size > 0) memcpy(guard.bytes, bytes, size);
  hashscan_index *index;
  const hashscan_code code = hashscan_index_open_bytes(guard.bytes, size, &index, &error);
  assert_null(index);
  if (code != expected || (text != NULL && strstr(error.message, text) == NULL))
    fail_msg("code %d, '%s' where '%s' is expected", (int)code, error.message, text == NULL ? "" : text);
  guard_free(&guard);
}

static void test_every_length(void **unused) {
  (void)unused;
  for (size_t size = 0; size < blob_size; size++) assert_refused(blob, size, HASHSCAN_E_FORMAT, NULL);
  uint8_t *longer = calloc(1, blob_size + 1);
  assert_non_null(longer);
  memcpy(longer, blob, blob_size);
  assert_refused(longer, blob_size + 1, HASHSCAN_E_FORMAT, NULL);
  free(longer);
}

/* Each byte is covered by a digest or must be zero. */
static void test_every_byte(void **unused) {
  (void)unused;
  uint8_t *changed = malloc(blob_size);
  assert_non_null(changed);
  memcpy(changed, blob, blob_size);
  for (size_t i = 0; i < blob_size; i++) {
    hashscan_index *index;
    changed[i] ^= (uint8_t)(1u << i % 8);
    assert_int_not_equal(hashscan_index_open_bytes(changed, blob_size, &index, NULL), HASHSCAN_SUCCESS);
    changed[i] = blob[i];
  }
  free(changed);
}

/* A change to a valid blob, which is sealed. */
struct lie {
  size_t offset;
  uint64_t value;
  unsigned bytes;
  const char *text;
};

#define ROW(file, field) (INDEX_HEADER_BYTES + (file)*16 + (field))

static void test_lies(void **unused) {
  (void)unused;
  assert_int_equal(load_u32(blob + INDEX_HEADER_COUNT), 3);
  const uint64_t manifest = load_u64(blob + ROW(0, 0));
  const uint64_t log = load_u64(blob + ROW(2, 0));
  const uint64_t log_size = load_u64(blob + ROW(2, 8));
  const struct lie lies[] = {
      {INDEX_HEADER_COUNT, 0, 4, "bytes after the last file"},
      {INDEX_HEADER_COUNT, 67, 4, NULL},
      {INDEX_HEADER_COUNT, UINT32_MAX, 4, NULL},
      {INDEX_HEADER_ENTRIES, 1, 8, "reserved byte"},
      {INDEX_HEADER_ZEROS, 1, 1, "reserved byte"},
      {INDEX_HEADER_VERSION, 2, 4, "there were none in this version"},
      {ROW(0, 0), 0, 8, "out of place"},
      {ROW(0, 0), UINT64_MAX - 63, 8, "out of place"},
      {ROW(0, 8), UINT64_MAX, 8, "out of place"},
      {ROW(1, 0), manifest, 8, "out of place"},
      {ROW(1, 8), UINT64_MAX - manifest, 8, "out of place"},
      {ROW(2, 8), log_size - 1, 8, "bytes after the last file"},
      {ROW(2, 8), log_size + 1, 8, "out of place"},
      {(size_t)manifest - 1, 1, 1, "between files"},
      {(size_t)load_u64(blob + ROW(1, 0)) - 1, 1, 1, "between files"},
      {(size_t)manifest + INDEX_HEADER_BYTES, 0, 8, "half a log"},
      {(size_t)manifest + INDEX_HEADER_BYTES + 8, log_size + 1, 8, "truncated"},
      {(size_t)manifest + INDEX_HEADER_BYTES + 8, log_size - 1, 8, "more bytes than count"},
      {(size_t)manifest + INDEX_MANIFEST_FIXED_BYTES + 24, 1, 8, "in two ways"},
      {(size_t)log + 16, 99, 4, "unknown record"},
  };
  for (size_t i = 0; i < sizeof lies / sizeof *lies; i++) {
    uint8_t value[8];
    uint8_t *changed = malloc(blob_size);
    assert_non_null(changed);
    memcpy(changed, blob, blob_size);
    store_u64(value, lies[i].value);
    memcpy(changed + lies[i].offset, value, lies[i].bytes);
    seal_blob(changed, blob_size);
    /* Sealing follows the table as it is now; a header that it does not reach is sealed by itself. */
    const uint32_t files = load_u32(changed + INDEX_HEADER_COUNT);
    if (files == 0) seal_header(changed, blob_size, INDEX_HEADER_BYTES);
    assert_refused(changed, blob_size, HASHSCAN_E_FORMAT, lies[i].text);
    free(changed);
  }
}

/* Without the log that MANIFEST names, and with its file as if it were there. */
static void test_a_file_too_few(void **unused) {
  (void)unused;
  uint8_t *changed = malloc(blob_size);
  assert_non_null(changed);
  memcpy(changed, blob, blob_size);
  const uint64_t end = load_u64(blob + ROW(1, 0)) + load_u64(blob + ROW(1, 8));
  store_u32(changed + INDEX_HEADER_COUNT, 2);
  memset(changed + ROW(2, 0), 0, 16);
  seal_header(changed, (size_t)end, ROW(2, 0));
  assert_refused(changed, (size_t)end, HASHSCAN_E_FORMAT, "not those that MANIFEST names");
  free(changed);
}

static void test_seal(void **unused) {
  (void)unused;
  uint8_t *sealed = malloc(blob_size);
  assert_non_null(sealed);
  memcpy(sealed, blob, blob_size);
  seal_blob(sealed, blob_size);
  assert_memory_equal(sealed, blob, blob_size);
  free(sealed);
}

static void test_versions(void **unused) {
  (void)unused;
  uint8_t *changed = malloc(blob_size);
  assert_non_null(changed);
  memcpy(changed, blob, blob_size);
  store_u32(changed + INDEX_HEADER_VERSION, 4);
  assert_refused(changed, blob_size, HASHSCAN_E_VERSION, "format version 4");
  free(changed);
  hashscan_index *index = (hashscan_index *)&error;
  assert_int_equal(hashscan_index_open_bytes(NULL, 1, &index, &error), HASHSCAN_E_ARGUMENT);
  assert_null(index);
  assert_int_equal(hashscan_index_open_bytes(blob, blob_size, NULL, &error), HASHSCAN_E_ARGUMENT);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_there_and_back),
      cmocka_unit_test(test_too_little_room),
      cmocka_unit_test(test_a_builder_without_a_disk),
      cmocka_unit_test(test_a_descriptor),
      cmocka_unit_test(test_lists_from_a_reader),
      cmocka_unit_test(test_every_length),
      cmocka_unit_test(test_every_byte),
      cmocka_unit_test(test_lies),
      cmocka_unit_test(test_a_file_too_few),
      cmocka_unit_test(test_seal),
      cmocka_unit_test(test_versions),
      cmocka_unit_test(test_an_updater_with_a_reader),
  };
  return cmocka_run_group_tests(tests, set_up, tear_down);
}
