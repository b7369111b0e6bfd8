/* SPDX-License-Identifier: Apache-2.0 */
/* What hashscan_index_read_info says of an index without opening it, against what the open index says and against a
 * count of its entries one by one, after every kind of change. How it bears damage is in test_info_damage.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "../support/entries.h"
#include "../support/expect.h"
#include "../support/fixture.h"
#include "../support/indexes.h"
#include "../support/infos.h"
#include "../support/random.h"
#include "index/build/segment_writer.h"
#include "index/update/changes.h"

static char folder[FIXTURE_PATH_SIZE];
static char index_path[FIXTURE_PATH_SIZE];
static hashscan_error error;

static int make_folder(void **unused) {
  (void)unused;
  fixture_folder(folder);
  fixture_join(index_path, folder, "index");
  return 0;
}

static int remove_folder(void **unused) {
  (void)unused;
  fixture_remove(folder);
  return 0;
}

/* ---- Counting one by one ----------------------------------------------------------------------------------------- */

static uint64_t count_of_list(const hashscan_index *index, const char *name, const char *version) {
  uint64_t count = 0;
  for (uint64_t i = 0; i < index->entries; i++) {
    hashscan_entry entry = HASHSCAN_ENTRY_INIT;
    OK(hashscan_index_entry(index, i, &entry, &error));
    count += strcmp(entry.list, name) == 0 && strcmp(entry.version, version) == 0;
  }
  return count;
}

/* Equal hashes share a row within a part, where they are neighbours. */
static uint64_t count_distinct(const hashscan_index *index) {
  uint64_t distinct = 0;
  for (uint32_t i = 0; i < index->part_count; i++) {
    const struct part *part = &index->parts[i];
    const uint8_t *last = NULL;
    for (uint32_t j = 0; j < part->segment.entry_count; j++) {
      struct list_entry entry;
      part_entry(part, j, &entry);
      if (part_is_dead(part, j) || entry.kind != HASHSCAN_KIND_PDQ) continue;
      distinct += last == NULL || memcmp(last, entry.hash, 32) != 0;
      last = entry.hash;
    }
  }
  return distinct;
}

static void check_by_counting(const hashscan_index *index, const struct infos *found) {
  uint64_t by_kind[HASHSCAN_KIND_COUNT] = {0};
  uint64_t listed = 0;
  for (uint64_t i = 0; i < found->info.entries; i++) {
    hashscan_entry entry = HASHSCAN_ENTRY_INIT;
    OK(hashscan_index_entry(index, i, &entry, &error));
    by_kind[entry.kind]++;
  }
  assert_memory_equal(by_kind, found->info.entries_by_kind, sizeof by_kind);
  assert_int_equal(found->info.distinct_pdq, count_distinct(index));
  for (size_t i = 0; i < found->count; i++) {
    const struct infos_list *list = &found->lists[i];
    assert_int_equal(list->entries, count_of_list(index, list->name, list->version));
    assert_int_not_equal(list->entries, 0);
    listed += list->entries;
  }
  assert_int_equal(listed, found->info.entries);
}

/* Read and opened, the index says the same, and it is so. Gives what was read. */
static hashscan_index_info check(void) {
  struct infos *read = infos_new();
  struct infos *opened = infos_new();
  hashscan_index *index = indexes_open(index_path);
  OK(infos_read(read, index_path, &error));
  infos_of_open(opened, index);
  assert_true(infos_equal(read, opened));
  check_by_counting(index, read);
  const hashscan_index_info info = read->info;
  hashscan_index_close(index);
  free(read);
  free(opened);
  return info;
}

/* ---- Each change ------------------------------------------------------------------------------------------------- */

static hashscan_updater *open_updater(uint64_t log_max_entries) {
  hashscan_updater *updater;
  OK(hashscan_updater_open(index_path, &updater, &error));
  updater->log_max_entries = log_max_entries;
  return updater;
}

/* Three entries in a row share a hash. */
static void stage(hashscan_updater *updater, size_t first, size_t end, const char *list, const char *version) {
  for (size_t i = first; i < end; i++) {
    uint8_t hash[HASHSCAN_MAX_HASH_BYTES];
    char id[24];
    const hashscan_kind kind = (hashscan_kind)(i / 3 % HASHSCAN_KIND_COUNT);
    indexes_hash(kind, i / 3, hash);
    snprintf(id, sizeof id, "%zu", i);
    const hashscan_entry entry = entry_labelled(kind, hash, list, version, id, ENTRY_LABELS("x"));
    OK(hashscan_updater_add(updater, &entry, &error));
  }
}

static hashscan_index_info commit(hashscan_updater *updater) {
  OK(hashscan_updater_commit(updater, NULL, &error));
  return check();
}

static void build_empty(void) {
  hashscan_builder *builder = indexes_builder();
  OK(hashscan_builder_write(builder, index_path, &error));
  hashscan_builder_destroy(builder);
}

static void test_each_change(void **unused) {
  (void)unused;
  build_empty();
  hashscan_index_info info = check();
  assert_int_equal(info.entries + info.lists + info.distinct_pdq + info.dead, 0);
  assert_int_equal(info.segments, 1);

  hashscan_updater *updater = open_updater(20);
  stage(updater, 0, 300, "one", "1");
  info = commit(updater);
  assert_int_equal(info.entries, 300);
  assert_int_equal(info.distinct_pdq, 20);
  stage(updater, 300, 360, "two", "1");
  stage(updater, 360, 400, "three", "");
  info = commit(updater);
  assert_int_equal(info.segments, 2);
  stage(updater, 390, 405, "two", "1"); /* into the log */
  info = commit(updater);
  assert_int_equal(info.segments, 2);
  assert_int_equal(info.lists, 3);
  assert_true(info.log_bytes > 0);

  /* A row keeps one of its entries, then none. */
  OK(hashscan_updater_remove_id(updater, NULL, "0", &error));
  OK(hashscan_updater_remove_id(updater, NULL, "2", &error));
  info = commit(updater);
  const uint64_t distinct = info.distinct_pdq;
  OK(hashscan_updater_remove_id(updater, NULL, "1", &error));
  info = commit(updater);
  assert_int_equal(info.distinct_pdq, distinct - 1);
  assert_int_equal(info.dead, 3);

  uint8_t hash[HASHSCAN_MAX_HASH_BYTES];
  indexes_hash((hashscan_kind)(130 % HASHSCAN_KIND_COUNT), 130, hash); /* in a segment and in the log */
  OK(hashscan_updater_remove_hash(updater, (hashscan_kind)(130 % HASHSCAN_KIND_COUNT), hash, &error));
  info = commit(updater);
  assert_int_equal(info.dead, 3 + 6);

  OK(hashscan_updater_remove_list(updater, "three", &error));
  info = commit(updater);
  assert_int_equal(info.lists, 2);
  assert_true(info.dead > 3 + 6);

  indexes_hash((hashscan_kind)(110 % HASHSCAN_KIND_COUNT), 110, hash);
  char text[HASHSCAN_MAX_HEX + 20];
  hashscan_hex_encode(hash, hashscan_kind_bytes((hashscan_kind)(110 % HASHSCAN_KIND_COUNT)), text);
  const hashscan_list_options options = {.size = sizeof options, .name = "two", .version = "2"};
  OK(hashscan_updater_replace_list_bytes(updater, "list", text, strlen(text), &options, NULL, &error));
  info = commit(updater);
  assert_int_equal(info.lists, 2);

  OK(hashscan_updater_compact(updater, NULL, &error));
  info = check();
  assert_int_equal(info.segments, 1);
  assert_int_equal(info.dead + info.log_bytes, 0);

  OK(hashscan_updater_remove_list(updater, "one", &error));
  OK(hashscan_updater_remove_list(updater, "two", &error));
  info = commit(updater);
  assert_int_equal(info.entries + info.lists + info.distinct_pdq, 0);
  assert_true(info.dead > 0);
  hashscan_updater_close(updater);
}

/* A list keeps its entries and gets another version: what the segment says of it is overruled by the log. */
static void test_version_in_the_log(void **unused) {
  (void)unused;
  static const char list[] = "hash,id\n"
                             "900150983cd24fb0d6963f7d28e17f72,one\n"
                             "a9993e364706816aba3e25717850c26c9cd0d89d,two\n";
  hashscan_list_options options = {.size = sizeof options, .name = "list", .version = "1"};
  hashscan_builder *builder = indexes_builder();
  OK(hashscan_builder_add_list_bytes(builder, "list", list, sizeof list - 1, &options, NULL, &error));
  OK(hashscan_builder_write(builder, index_path, &error));
  hashscan_builder_destroy(builder);
  hashscan_updater *updater = open_updater(100);
  options.version = "2";
  OK(hashscan_updater_replace_list_bytes(updater, "list", list, sizeof list - 1, &options, NULL, &error));
  const hashscan_index_info info = commit(updater);
  hashscan_updater_close(updater);
  assert_int_equal(info.dead, 0);
  assert_true(info.log_bytes > 0);
  struct infos *read = infos_new();
  OK(infos_read(read, index_path, &error));
  assert_int_equal(read->count, 1);
  assert_string_equal(read->lists[0].version, "2");
  assert_int_equal(read->lists[0].entries, 2);
  free(read);
}

/* Whatever is added and removed in whatever order. */
static void stage_at_random(hashscan_updater *updater, struct random_state *random) {
  static const char *const lists[] = {"alpha", "beta", "", "gamma"};
  static const char *const versions[] = {"", "1", "2"};
  const size_t first = random_next(random) % 500;
  const char *list = lists[random_next(random) % 4];
  uint8_t hash[HASHSCAN_MAX_HASH_BYTES];
  char id[24];
  switch (random_next(random) % 8) {
  case 0:
    OK(hashscan_updater_remove_list(updater, list, &error));
    break;
  case 1:
  case 2:
    indexes_hash((hashscan_kind)(first / 3 % HASHSCAN_KIND_COUNT), first / 3, hash);
    OK(hashscan_updater_remove_hash(updater, (hashscan_kind)(first / 3 % HASHSCAN_KIND_COUNT), hash, &error));
    break;
  case 3:
  case 4:
    for (size_t i = first; i < first + 10; i++) {
      snprintf(id, sizeof id, "%zu", i);
      OK(hashscan_updater_remove_id(updater, i % 2 ? list : NULL, id, &error));
    }
    break;
  default:
    stage(updater, first, first + random_next(random) % 60, list, versions[random_next(random) % 3]);
  }
}

static void test_random_changes(void **unused) {
  (void)unused;
  uint64_t segments = 0;
  uint64_t dead = 0;
  for (uint64_t seed = 1; seed <= 12; seed++) {
    struct random_state random = random_seeded(seed);
    build_empty();
    hashscan_updater *updater = open_updater(random_next(&random) % 40);
    for (unsigned step = 0; step < 40; step++) {
      for (uint64_t staged = 1 + random_next(&random) % 3; staged > 0; staged--) stage_at_random(updater, &random);
      if (random_next(&random) % 16 == 0) OK(hashscan_updater_compact(updater, NULL, &error));
      const hashscan_index_info info = commit(updater);
      segments = info.segments > segments ? info.segments : segments;
      dead = info.dead > dead ? info.dead : dead;
    }
    hashscan_updater_close(updater);
  }
  assert_true(segments >= 3 && dead >= 100); /* the sequences lead where it gets difficult */
}

/* ---- Callbacks and arguments ------------------------------------------------------------------------------------- */

static int stop_at_second(void *user, const char *name, const char *version, uint64_t entries) {
  (void)name;
  (void)version;
  (void)entries;
  return ++*(unsigned *)user == 2;
}

static void test_stopping(void **unused) {
  (void)unused;
  build_empty();
  hashscan_updater *updater = open_updater(100);
  stage(updater, 0, 3, "one", "1");
  stage(updater, 0, 3, "two", "1");
  stage(updater, 0, 3, "three", "1");
  commit(updater);
  hashscan_updater_close(updater);
  hashscan_index_info info = HASHSCAN_INDEX_INFO_INIT;
  unsigned called = 0;
  assert_int_equal(hashscan_index_read_info(index_path, &info, stop_at_second, &called, &error), HASHSCAN_E_STOPPED);
  assert_int_equal(called, 2);
  assert_int_equal(info.lists, 3);
  OK(hashscan_index_read_info(index_path, &info, NULL, NULL, &error));
  assert_int_equal(info.entries, 9);
}

static void assert_refused(hashscan_code expected, const char *path, hashscan_index_info *info) {
  assert_int_equal(hashscan_index_read_info(path, info, NULL, NULL, &error), expected);
  assert_int_equal(error.code, expected);
  assert_true(error.message[0] != '\0');
  assert_int_equal(hashscan_index_read_info(path, info, NULL, NULL, NULL), expected);
}

static void test_refusals(void **unused) {
  (void)unused;
  char path[FIXTURE_PATH_SIZE];
  hashscan_index_info info = HASHSCAN_INDEX_INFO_INIT;
  hashscan_index_info before = HASHSCAN_INDEX_INFO_INIT;
  memset(&info, 0x5a, sizeof info);
  info.size = sizeof info;
  before = info;
  assert_refused(HASHSCAN_E_ARGUMENT, NULL, &info);
  assert_refused(HASHSCAN_E_ARGUMENT, folder, NULL);
  assert_refused(HASHSCAN_E_FORMAT, folder, &info);
  assert_refused(HASHSCAN_E_IO, fixture_join(path, folder, "missing"), &info);
  fixture_write(fixture_join(path, folder, "file"), "x", 1);
  assert_refused(HASHSCAN_E_FORMAT, path, &info);
  assert_memory_equal(&info, &before, sizeof info);
}

/* ---- How little is read ------------------------------------------------------------------------------------------ */

enum { MANY = 20000, PAGE = 4096 };

/* A segment in memory that can be made unreadable page by page. */
static uint8_t *map_segment(size_t *size) {
  hashscan_builder *builder = indexes_builder();
  struct buffer bytes = {0};
  for (size_t i = 0; i < MANY; i++) {
    uint8_t hash[HASHSCAN_MAX_HASH_BYTES];
    indexes_hash(HASHSCAN_KIND_PDQ, i / 2, hash);
    const hashscan_entry entry = entry_plain(HASHSCAN_KIND_PDQ, hash, i % 3 ? "a" : "b", "1", "an id");
    OK(hashscan_builder_add(builder, &entry, &error));
  }
  OK(builder_sort(builder, &error));
  OK(segment_encode(builder, &bytes, &error));
  hashscan_builder_destroy(builder);
  uint8_t *mapped = mmap(NULL, bytes.size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  assert_true(mapped != MAP_FAILED);
  memcpy(mapped, bytes.bytes, bytes.size);
  *size = bytes.size;
  buffer_free(&bytes);
  return mapped;
}

/* Makes the pages unreadable that lie within a section and hold neither its start nor its end. */
static size_t hide_inside(uint8_t *mapped, unsigned section) {
  const uint8_t *row = mapped + INDEX_HEADER_BYTES + section * INDEX_TABLE_ROW_BYTES;
  const uint64_t offset = load_u64(row + 8);
  const uint64_t end = offset + load_u64(row + 16) * index_section_stride(section);
  const uint64_t first = (offset / PAGE + 1) * PAGE;
  const uint64_t last = (end - 1) / PAGE * PAGE;
  if (last <= first) return 0;
  assert_int_equal(mprotect(mapped + first, last - first, PROT_NONE), 0);
  return (size_t)(last - first);
}

static void check_hidden(const uint8_t *mapped, size_t size) {
  struct part part = {0};
  uint32_t rows;
  uint64_t live[2];
  OK(index_segment_outline("s", mapped, size, &part.segment, &error));
  for (uint32_t entry = 100; entry < 103; entry++) OK(part_kill(&part, entry));
  OK(part_kill(&part, MANY - 1));
  OK(part_finish(&part, &error));
  assert_true(part_live_rows(&part, HASHSCAN_KIND_PDQ, &rows));
  assert_true(part_live_by_list(&part, live));
  assert_int_equal(rows, MANY / 2 - 1);
  assert_int_equal(live[0] + live[1], MANY - 4);
  assert_int_equal(part_live_of_kind(&part, HASHSCAN_KIND_PDQ), MANY - 4);
  part_release(&part);
}

/* Nothing from inside of rows, ring and entries is read but what belongs to the dead entries, which here are in the
 * first and the last page. */
static void test_little_is_read(void **unused) {
  (void)unused;
  size_t size;
  uint8_t *mapped = map_segment(&size);
  check_hidden(mapped, size);
  size_t hidden = hide_inside(mapped, INDEX_ROWS);
  hidden += hide_inside(mapped, INDEX_PIGEONRING);
  hidden += hide_inside(mapped, INDEX_ENTRIES);
  hidden += hide_inside(mapped, INDEX_STRINGS);
  assert_true(hidden > size * 9 / 10);
  check_hidden(mapped, size);
  assert_int_equal(munmap(mapped, size), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_each_change),    cmocka_unit_test(test_version_in_the_log),
                                     cmocka_unit_test(test_random_changes), cmocka_unit_test(test_stopping),
                                     cmocka_unit_test(test_refusals),       cmocka_unit_test(test_little_is_read)};
  return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
