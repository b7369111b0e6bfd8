/* SPDX-License-Identifier: Apache-2.0 */
/* Binary lists: every byte of every kind arrives as it is, a size that does not fit adds nothing, and an index made of
 * one is, byte for byte, that of the same hashes as text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../support/expect.h"
#include "../support/fixture.h"
#include "../support/guard.h"
#include "../support/random.h"
#include "base/clock.h"
#include "list/list.h"

/* What is expected of the next entry. */
struct expected {
  const uint8_t *at;
  hashscan_kind kind;
  uint64_t entries;
  uint64_t refuse_after;
};

static hashscan_list_report report = HASHSCAN_LIST_REPORT_INIT;
static hashscan_error error;

static hashscan_code check_entry(void *user, const struct list_entry *entry, hashscan_error *sink_error) {
  struct expected *expected = user;
  if (expected->refuse_after != 0 && expected->entries == expected->refuse_after) {
    sink_error->code = HASHSCAN_E_LIMIT;
    return HASHSCAN_E_LIMIT;
  }
  assert_int_equal(entry->kind, expected->kind);
  assert_memory_equal(entry->hash, expected->at, hashscan_kind_bytes(expected->kind));
  assert_string_equal(entry->list, "a");
  assert_string_equal(entry->version, "");
  assert_string_equal(entry->id, "");
  assert_int_equal(entry->label_count, 0);
  expected->at += hashscan_kind_bytes(expected->kind);
  expected->entries++;
  return HASHSCAN_SUCCESS;
}

static hashscan_list_options binary(hashscan_kind kind) {
  hashscan_list_options options = HASHSCAN_LIST_OPTIONS_INIT;
  options.format = HASHSCAN_LIST_FORMAT_BINARY;
  options.has_kind = 1;
  options.kind = kind;
  return options;
}

/* `bytes` lie at the end of a page: reading one byte past them faults. */
static hashscan_code read_bytes(const void *bytes, size_t size, const hashscan_list_options *options,
                                struct expected *expected) {
  struct guard guard = guard_alloc(size);
  if (size > 0) memcpy(guard.bytes, bytes, size);
  *expected = (struct expected){.at = guard.bytes, .kind = options->kind, .refuse_after = expected->refuse_after};
  memset(&error, 0, sizeof error);
  const hashscan_code code =
      list_read("lists/a.bin", guard.bytes, size, options, check_entry, expected, &report, &error);
  guard_free(&guard);
  return code;
}

static void fill(uint8_t *bytes, size_t size, uint64_t seed) {
  struct random_state random = random_seeded(seed);
  for (size_t i = 0; i < size; i++) bytes[i] = (uint8_t)(random_next(&random) >> 24);
}

static void test_every_size_of_every_kind(void **unused) {
  (void)unused;
  uint8_t bytes[500];
  fill(bytes, sizeof bytes, 1);
  for (unsigned kind = 0; kind < HASHSCAN_KIND_COUNT; kind++) {
    const size_t hash_bytes = hashscan_kind_bytes((hashscan_kind)kind);
    for (size_t size = 0; size <= sizeof bytes; size++) {
      hashscan_list_options options = binary((hashscan_kind)kind);
      options.skip_bad_lines = size % 2 != 0; /* a cut file is not a bad line */
      struct expected seen = {0};
      const hashscan_code code = read_bytes(bytes, size, &options, &seen);
      assert_int_equal(code, size % hash_bytes == 0 ? HASHSCAN_SUCCESS : HASHSCAN_E_FORMAT);
      assert_int_equal(error.code, code);
      assert_int_equal(report.first_bad.code, code);
      assert_int_equal(seen.entries, size % hash_bytes == 0 ? size / hash_bytes : 0);
      assert_int_equal(report.entries, seen.entries);
      assert_int_equal(report.lines, 0);
      assert_int_equal(report.bad_lines, 0);
    }
  }
}

static void test_a_wrong_size_is_named(void **unused) {
  (void)unused;
  const uint8_t bytes[65] = {0};
  struct expected seen = {0};
  const hashscan_list_options pdq = binary(HASHSCAN_KIND_PDQ);
  assert_int_equal(read_bytes(bytes, 65, &pdq, &seen), HASHSCAN_E_FORMAT);
  assert_string_equal(error.message, "lists/a.bin: 65 bytes are no whole number of pdq hashes of 32 bytes");
  assert_string_equal(report.first_bad.message, error.message);
  const hashscan_list_options sha1 = binary(HASHSCAN_KIND_SHA1);
  assert_int_equal(read_bytes(bytes, 19, &sha1, &seen), HASHSCAN_E_FORMAT);
  assert_string_equal(error.message, "lists/a.bin: 19 bytes are no whole number of sha1 hashes of 20 bytes");
  assert_int_equal(list_read("a", bytes, 65, &pdq, check_entry, NULL, NULL, NULL), HASHSCAN_E_FORMAT);
}

/* A text list that happens to have a size that fits would become hashes that match nothing. */
static void test_a_text_list_is_refused(void **unused) {
  (void)unused;
  uint8_t text[13 * 64];
  for (size_t i = 0; i < sizeof text; i++) text[i] = (uint8_t)("0123456789abcdefABCDEF\r\n"[i % 24]);
  const hashscan_list_options pdq = binary(HASHSCAN_KIND_PDQ);
  struct expected seen = {0};
  assert_int_equal(read_bytes(text, sizeof text, &pdq, &seen), HASHSCAN_E_FORMAT);
  assert_string_equal(error.message, "lists/a.bin: hex digits, so a text list and not a binary one");
  assert_string_equal(report.first_bad.message, error.message);
  assert_int_equal(seen.entries, 0);
  text[sizeof text - 1] = 'g';
  assert_int_equal(read_bytes(text, sizeof text, &pdq, &seen), HASHSCAN_SUCCESS);
  assert_int_equal(seen.entries, sizeof text / 32);
}

/* A byte order mark, line ends, comments, digits and NUL bytes are hashes here. */
static void test_bytes_mean_nothing_else(void **unused) {
  (void)unused;
  static const char *const starts[] = {"\xef\xbb\xbf", "#\n", "\n\r\n ", "hash,id\n", "0123456789abcdef\n"};
  for (size_t i = 0; i < sizeof starts / sizeof *starts; i++) {
    uint8_t bytes[64] = {0};
    memcpy(bytes, starts[i], strlen(starts[i]));
    struct expected seen = {0};
    const hashscan_list_options options = binary(HASHSCAN_KIND_HASH64);
    assert_int_equal(read_bytes(bytes, sizeof bytes, &options, &seen), HASHSCAN_SUCCESS);
    assert_int_equal(seen.entries, 8);
  }
}

static void test_the_kind_must_be_given(void **unused) {
  (void)unused;
  hashscan_list_options options = binary(HASHSCAN_KIND_PDQ);
  options.has_kind = 0;
  struct expected seen = {0};
  assert_int_equal(read_bytes("", 0, &options, &seen), HASHSCAN_E_ARGUMENT);
  assert_string_equal(error.message, "a binary list does not say what its hashes are: the kind must be given");
  options = binary((hashscan_kind)HASHSCAN_KIND_COUNT);
  assert_int_equal(read_bytes("", 0, &options, &seen), HASHSCAN_E_ARGUMENT);
}

/* Read as text, raw bytes are refused with a word on what they may be. */
static void test_binary_is_never_told_by_itself(void **unused) {
  (void)unused;
  static const char hint[] = " (raw bytes need the format binary)";
  uint8_t bytes[3200];
  for (uint64_t seed = 0; seed < 200; seed++) {
    fill(bytes, sizeof bytes, seed);
    hashscan_list_options options = binary(HASHSCAN_KIND_PDQ);
    options.format = HASHSCAN_LIST_FORMAT_AUTO;
    struct expected seen = {0};
    assert_int_equal(read_bytes(bytes, sizeof bytes, &options, &seen), HASHSCAN_E_FORMAT);
    assert_int_equal(seen.entries, 0);
    assert_string_equal(error.message + strlen(error.message) - strlen(hint), hint);
  }
}

static void test_the_sink_stops(void **unused) {
  (void)unused;
  uint8_t bytes[320];
  fill(bytes, sizeof bytes, 2);
  struct expected seen = {.refuse_after = 3};
  const hashscan_list_options options = binary(HASHSCAN_KIND_PDQ);
  assert_int_equal(read_bytes(bytes, sizeof bytes, &options, &seen), HASHSCAN_E_LIMIT);
  assert_int_equal(report.entries, 3);
}

/* ---- Indexes ------------------------------------------------------------------------------------------------------
 */

enum { HASHES = 500 };

/* The same hashes in both formats. */
struct twins {
  uint8_t raw[HASHES * HASHSCAN_MAX_HASH_BYTES];
  char text[HASHES * HASHSCAN_MAX_HEX + 1];
  size_t raw_size, text_size;
};

static void make_twins(struct twins *twins, hashscan_kind kind) {
  const size_t bytes = hashscan_kind_bytes(kind);
  fill(twins->raw, HASHES * bytes, kind + 10u);
  for (size_t i = 0; i < HASHES; i++) {
    hashscan_hex_encode(twins->raw + i * bytes, bytes, twins->text + i * (2 * bytes + 1));
    twins->text[i * (2 * bytes + 1) + 2 * bytes] = '\n';
  }
  twins->raw_size = HASHES * bytes;
  twins->text_size = HASHES * (2 * bytes + 1);
}

/* Digest of the index of all kinds, made in all the ways that a list can come in: built, added, put in place of what
 * was there, each from a file or from memory. */
static void build(const char *folder, bool raw, hashscan_index_info *info) {
  char path[FIXTURE_PATH_SIZE];
  char file[FIXTURE_PATH_SIZE];
  fixture_join(path, folder, raw ? "index-raw" : "index-text");
  fixture_join(file, folder, "list");
  struct twins *twins = malloc(sizeof *twins);
  hashscan_builder *builder;
  hashscan_updater *updater;
  OK(hashscan_builder_create(&builder, &error));
  OK(hashscan_builder_write(builder, path, &error));
  OK(hashscan_updater_open(path, &updater, &error));
  for (unsigned kind = 0; kind < HASHSCAN_KIND_COUNT; kind++) {
    make_twins(twins, (hashscan_kind)kind);
    const void *bytes = raw ? (const void *)twins->raw : twins->text;
    const size_t size = raw ? twins->raw_size : twins->text_size;
    fixture_write(file, bytes, size);
    hashscan_list_options options = binary((hashscan_kind)kind);
    options.format = raw ? HASHSCAN_LIST_FORMAT_BINARY : HASHSCAN_LIST_FORMAT_TEXT;
    options.name = hashscan_kind_name((hashscan_kind)kind);
    const bool from_file = kind % 2 == 0;
    if (kind < 2) {
      options.version = "replaced";
      OK(from_file ? hashscan_updater_replace_list(updater, file, &options, &report, &error)
                   : hashscan_updater_replace_list_bytes(updater, "list", bytes, size, &options, &report, &error));
    } else {
      OK(from_file ? hashscan_updater_add_list(updater, file, &options, &report, &error)
                   : hashscan_updater_add_list_bytes(updater, "list", bytes, size, &options, &report, &error));
    }
    assert_int_equal(report.entries, HASHES);
    OK(from_file ? hashscan_builder_add_list(builder, file, &options, &report, &error)
                 : hashscan_builder_add_list_bytes(builder, "list", bytes, size, &options, &report, &error));
    assert_int_equal(report.entries, HASHES);
  }
  OK(hashscan_updater_compact(updater, NULL, &error));
  hashscan_updater_close(updater);
  hashscan_index *index;
  hashscan_index_info updated = HASHSCAN_INDEX_INFO_INIT;
  OK(hashscan_index_open(path, &index, &error));
  hashscan_index_describe(index, &updated, NULL);
  hashscan_index_close(index);
  OK(hashscan_builder_write(builder, path, &error));
  OK(hashscan_index_open(path, &index, &error));
  hashscan_index_describe(index, info, NULL);
  hashscan_index_close(index);
  assert_string_equal(updated.digest, info->digest);
  hashscan_builder_destroy(builder);
  free(twins);
}

static void test_the_index_is_that_of_text(void **unused) {
  (void)unused;
  char folder[FIXTURE_PATH_SIZE];
  hashscan_index_info raw = HASHSCAN_INDEX_INFO_INIT;
  hashscan_index_info text = HASHSCAN_INDEX_INFO_INIT;
  fixture_folder(folder);
  build(folder, true, &raw);
  build(folder, false, &text);
  assert_int_equal(raw.entries, HASHES * HASHSCAN_KIND_COUNT);
  assert_string_equal(raw.digest, text.digest);
  fixture_remove(folder);
}

static void test_a_cut_list_changes_nothing(void **unused) {
  (void)unused;
  char folder[FIXTURE_PATH_SIZE];
  char path[FIXTURE_PATH_SIZE];
  fixture_folder(folder);
  const hashscan_pdq known = {{1}};
  fixture_index(fixture_join(path, folder, "index"), &known, 1);
  const uint8_t cut[63] = {0};
  hashscan_list_options options = binary(HASHSCAN_KIND_PDQ);
  options.name = "demo";
  hashscan_updater *updater;
  hashscan_update_report done = HASHSCAN_UPDATE_REPORT_INIT;
  OK(hashscan_updater_open(path, &updater, &error));
  assert_int_equal(hashscan_updater_add_list_bytes(updater, "cut", cut, 63, &options, &report, &error),
                   HASHSCAN_E_FORMAT);
  assert_int_equal(hashscan_updater_replace_list_bytes(updater, "cut", cut, 63, &options, &report, &error),
                   HASHSCAN_E_FORMAT);
  OK(hashscan_updater_commit(updater, &done, &error));
  assert_int_equal(done.added + done.removed + done.kept, 0);
  /* Nothing at all is a list, of which nothing stays. */
  OK(hashscan_updater_replace_list_bytes(updater, "none", NULL, 0, &options, &report, &error));
  OK(hashscan_updater_commit(updater, &done, &error));
  assert_int_equal(done.removed, 1);
  hashscan_updater_close(updater);
  fixture_remove(folder);
}

/* ---- Speed --------------------------------------------------------------------------------------------------------
 */

static hashscan_code ignore(void *user, const struct list_entry *entry, hashscan_error *unused) {
  (void)unused;
  *(uint8_t *)user ^= entry->hash[0];
  return HASHSCAN_SUCCESS;
}

static void test_speed(void **unused) {
  (void)unused;
  const size_t hashes = 200000;
  uint8_t *list = calloc(hashes, 32);
  assert_non_null(list);
  uint8_t sum = 0;
  const hashscan_list_options options = binary(HASHSCAN_KIND_PDQ);
  const double start = clock_seconds();
  assert_int_equal(list_read("a", list, hashes * 32, &options, ignore, &sum, &report, NULL), HASHSCAN_SUCCESS);
  const double seconds = clock_seconds() - start;
  assert_int_equal(report.entries, hashes);
  print_message("list binary: %.1f M hashes/s\n", (double)hashes / seconds * 1e-6);
  free(list);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_every_size_of_every_kind),
      cmocka_unit_test(test_a_wrong_size_is_named),
      cmocka_unit_test(test_a_text_list_is_refused),
      cmocka_unit_test(test_bytes_mean_nothing_else),
      cmocka_unit_test(test_the_kind_must_be_given),
      cmocka_unit_test(test_binary_is_never_told_by_itself),
      cmocka_unit_test(test_the_sink_stops),
      cmocka_unit_test(test_the_index_is_that_of_text),
      cmocka_unit_test(test_a_cut_list_changes_nothing),
      cmocka_unit_test(test_speed),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
