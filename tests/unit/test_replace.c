/* SPDX-License-Identifier: Apache-2.0 */
/* The difference between two versions of a list: how many entries stay, go and come, and that the index then holds the
 * new version and nothing else, wherever the old one lay. Entries are few kinds of thing and many of each, so that
 * equal hashes with other ids or labels, and entries that are there more than once, meet one another. */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../support/entries.h"
#include "../support/expect.h"
#include "../support/fixture.h"
#include "../support/indexes.h"
#include "../support/random.h"
#include "index/update/changes.h"

static char folder[FIXTURE_PATH_SIZE];
static hashscan_error error;

/* ---- Kinds of entries ------------------------------------------------------------------------------------------- */

static const hashscan_kind kinds[] = {HASHSCAN_KIND_PDQ, HASHSCAN_KIND_MD5};
static const char *const ids[] = {"", "a", "ab"};
/* As a list has them, and as an entry does. Two of them have the same letters in another order, or differently cut. */
static const struct {
  const char *text;
  const char *labels[2];
  size_t count;
} label_sets[] = {{"", {NULL}, 0}, {"x", {"x"}, 1}, {"x;y", {"x", "y"}, 2}, {"y;x", {"y", "x"}, 2}, {"xy", {"xy"}, 1}};

/* Numbers of the caller's own. */
static const uint64_t owns[] = {0, 9};

enum { KINDS = 2, NUMBERS = 3, IDS = 3, LABELS = 5, OWNS = 2, TYPES = KINDS * NUMBERS * IDS * LABELS * OWNS };

struct type {
  uint8_t hash[HASHSCAN_MAX_HASH_BYTES];
  hashscan_entry entry;
  const char *labels_text;
};

static void type_of(unsigned number, struct type *type) {
  const hashscan_kind kind = kinds[number % KINDS];
  const unsigned labels = number / KINDS % LABELS;
  indexes_hash(kind, number / KINDS / LABELS % NUMBERS, type->hash);
  type->labels_text = label_sets[labels].text;
  type->entry = entry_labelled(kind, type->hash, "list", "1", ids[number / KINDS / LABELS / NUMBERS % IDS],
                               label_sets[labels].labels, label_sets[labels].count);
  type->entry.number = owns[number / KINDS / LABELS / NUMBERS / IDS];
}

static bool same_labels(const hashscan_entry *a, const hashscan_entry *b) {
  if (a->label_count != b->label_count) return false;
  for (size_t i = 0; i < a->label_count; i++)
    if (strcmp(a->labels[i], b->labels[i]) != 0) return false;
  return true;
}

static bool same(const hashscan_entry *a, const hashscan_entry *b) {
  return a->kind == b->kind && memcmp(a->hash, b->hash, hashscan_kind_bytes(a->kind)) == 0 &&
         strcmp(a->id, b->id) == 0 && a->number == b->number && same_labels(a, b);
}

static unsigned type_number(const hashscan_entry *entry) {
  for (unsigned number = 0; number < TYPES; number++) {
    struct type type;
    type_of(number, &type);
    if (same(&type.entry, entry)) return number;
  }
  fail_msg("an entry that nobody has added");
  return 0;
}

/* ---- Two versions ------------------------------------------------------------------------------------------------ */

/* How many entries of each type. */
struct version {
  unsigned count[TYPES];
};

static hashscan_updater *open_empty(const char *path, uint64_t log_max_entries) {
  hashscan_builder *builder = indexes_builder();
  hashscan_updater *updater;
  hashscan_index_close(indexes_write_and_open(builder, path));
  hashscan_builder_destroy(builder);
  OK(hashscan_updater_open(path, &updater, &error));
  updater->log_max_entries = log_max_entries;
  return updater;
}

/* Adds some of the version's entries in each of a few commits, in random order. */
static void add_version(hashscan_updater *updater, const struct version *version, struct random_state *random) {
  struct version left = *version;
  for (int commit = 0; commit < 5; commit++) {
    for (unsigned number = 0; number < TYPES; number++) {
      struct type type;
      type_of((number * 7 + (unsigned)commit) % TYPES, &type);
      for (unsigned *count = &left.count[type_number(&type.entry)]; *count > 0; --*count) {
        if (commit < 4 && random_next(random) % 3 == 0) break;
        OK(hashscan_updater_add(updater, &type.entry, &error));
      }
    }
    OK(hashscan_updater_commit(updater, NULL, &error));
  }
}

/* The version as CSV, in random order. */
static size_t write_version(const struct version *version, struct random_state *random, char *csv, size_t size) {
  struct version left = *version;
  size_t rest = 0;
  for (unsigned number = 0; number < TYPES; number++) rest += left.count[number];
  int at = snprintf(csv, size, "hash,kind,id,labels,number\n");
  while (rest > 0) {
    const unsigned number = (unsigned)(random_next(random) % TYPES);
    struct type type;
    char hex[HASHSCAN_MAX_HEX];
    if (left.count[number] == 0) continue;
    left.count[number]--;
    rest--;
    type_of(number, &type);
    hashscan_hex_encode(type.hash, hashscan_kind_bytes(type.entry.kind), hex);
    at += snprintf(csv + at, size - (size_t)at, "%s,%s,%s,%s,%" PRIu64 "\n", hex, hashscan_kind_name(type.entry.kind),
                   type.entry.id, type.labels_text, type.entry.number);
    assert_true((size_t)at < size);
  }
  return (size_t)at;
}

static void assert_holds(const char *path, const struct version *version, const char *name) {
  hashscan_index *index = indexes_open(path);
  hashscan_index_info info = HASHSCAN_INDEX_INFO_INIT;
  struct version found = {0};
  hashscan_index_describe(index, &info, NULL);
  for (uint64_t i = 0; i < info.entries; i++) {
    hashscan_entry entry = HASHSCAN_ENTRY_INIT;
    OK(hashscan_index_entry(index, i, &entry, &error));
    assert_string_equal(entry.list, "list");
    assert_string_equal(entry.version, name);
    found.count[type_number(&entry)]++;
  }
  assert_memory_equal(found.count, version->count, sizeof found.count);
  hashscan_index_close(index);
}

static void replace(hashscan_updater *updater, const char *csv, size_t size, const char *version,
                    hashscan_update_report *report) {
  hashscan_list_options options = HASHSCAN_LIST_OPTIONS_INIT;
  options.name = "list";
  options.version = version;
  OK(hashscan_updater_replace_list_bytes(updater, "list", csv, size, &options, NULL, &error));
  OK(hashscan_updater_commit(updater, report, &error));
}

static void assert_report(const hashscan_update_report *report, uint64_t added, uint64_t removed, uint64_t kept) {
  assert_int_equal(report->added, added);
  assert_int_equal(report->removed, removed);
  assert_int_equal(report->kept, kept);
}

static struct version random_version(struct random_state *random) {
  struct version version;
  for (unsigned i = 0; i < TYPES; i++) version.count[i] = (unsigned)(random_next(random) % 4);
  return version;
}

static void check_difference(uint64_t seed, uint64_t log_max_entries, size_t *most_parts) {
  static char csv[TYPES * 4 * 100];
  char path[FIXTURE_PATH_SIZE];
  struct random_state random = random_seeded(seed);
  hashscan_updater *updater = open_empty(fixture_join(path, folder, "difference"), log_max_entries);
  const struct version before = random_version(&random);
  const struct version after = random_version(&random);
  uint64_t added = 0, removed = 0, kept = 0;
  for (unsigned i = 0; i < TYPES; i++) {
    const unsigned common = before.count[i] < after.count[i] ? before.count[i] : after.count[i];
    kept += common;
    removed += before.count[i] - common;
    added += after.count[i] - common;
  }
  add_version(updater, &before, &random);
  assert_holds(path, &before, "1");
  if (updater->base->part_count > *most_parts) *most_parts = updater->base->part_count;
  hashscan_update_report report = HASHSCAN_UPDATE_REPORT_INIT;
  replace(updater, csv, write_version(&after, &random, csv, sizeof csv), "2", &report);
  assert_report(&report, added, removed, kept);
  assert_holds(path, &after, "2");
  hashscan_updater_close(updater);
}

static void test_differences(void **unused) {
  (void)unused;
  const uint64_t log_max_entries[] = {UPDATE_LOG_MAX_ENTRIES, 40, 0};
  size_t most_parts = 0;
  for (uint64_t seed = 1; seed <= 10; seed++)
    for (unsigned i = 0; i < 3; i++) check_difference(seed, log_max_entries[i], &most_parts);
  assert_true(most_parts >= 3);
}

/* ---- Many entries of one hash ------------------------------------------------------------------------------------ */

#define LONG 200000 /* comparing each with each would take minutes */

/* Entries `first`, `first` + `step` and so on below `end`, downwards, so that no entry is where the base has it. */
static size_t write_run(char *csv, size_t size, unsigned first, unsigned end, unsigned step) {
  int at = snprintf(csv, size, "hash,kind,id\n");
  for (unsigned i = first + (end - first - 1) / step * step;; i -= step) {
    at += snprintf(csv + at, size - (size_t)at, "00112233445566778899aabbccddeeff,md5,%u\n", i);
    if (i == first) return (size_t)at;
  }
}

static void test_long_run(void **unused) {
  (void)unused;
  char path[FIXTURE_PATH_SIZE];
  const size_t size = (size_t)LONG * 48;
  char *csv = malloc(size);
  hashscan_update_report report = HASHSCAN_UPDATE_REPORT_INIT;
  assert_non_null(csv);
  hashscan_updater *updater = open_empty(fixture_join(path, folder, "long"), UPDATE_LOG_MAX_ENTRIES);
  replace(updater, csv, write_run(csv, size, 0, LONG, 1), "1", &report);
  assert_report(&report, LONG, 0, 0);
  replace(updater, csv, write_run(csv, size, 0, LONG, 1), "2", &report);
  assert_report(&report, 0, 0, LONG);
  replace(updater, csv, write_run(csv, size, 1, LONG, 2), "3", &report);
  assert_report(&report, 0, LONG / 2, LONG / 2);
  replace(updater, csv, write_run(csv, size, 0, LONG, 5), "4", &report);
  assert_report(&report, LONG / 10, LONG / 2 - LONG / 10, LONG / 10);
  hashscan_index_info info = HASHSCAN_INDEX_INFO_INIT;
  hashscan_index_describe(updater->base, &info, NULL);
  assert_int_equal(info.entries, LONG / 5);
  hashscan_updater_close(updater);
  free(csv);
}

int main(void) {
  fixture_folder(folder);
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_differences), cmocka_unit_test(test_long_run)};
  const int failed = cmocka_run_group_tests(tests, NULL, NULL);
  fixture_remove(folder);
  return failed;
}
