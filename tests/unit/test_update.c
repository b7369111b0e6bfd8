/* SPDX-License-Identifier: Apache-2.0 */
/* Changing an index, against a plain array of entries: whatever is added, removed, replaced and compacted, in whatever
 * order and however it comes to lie in segments and in the log, the index holds and finds what the array does. */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "../support/entries.h"
#include "../support/expect.h"
#include "../support/fixture.h"
#include "../support/indexes.h"
#include "../support/random.h"
#include "index/update/changes.h"

static char folder[FIXTURE_PATH_SIZE];
static hashscan_error error;

/* ---- The model --------------------------------------------------------------------------------------------------- */

#define NUMBERS 24 /* hashes of each kind: few, so that entries share them */
#define IDS 12
#define LISTS 3

static const char *const list_names[LISTS] = {"alpha", "beta", ""};
static const char *const label_sets[][2] = {{NULL}, {"x", "y"}, {"y", "x"}, {"z"}};
static const size_t label_counts[] = {0, 2, 2, 1};
static const uint64_t own_numbers[] = {0, 77, UINT64_MAX};

struct item {
  unsigned kind, number, list, version, id, labels, own;
};

struct model {
  struct item *items;
  size_t count;
};

#define MODEL_CAPACITY 4096

static struct item random_item(struct random_state *random) {
  return (struct item){.kind = (unsigned)(random_next(random) % HASHSCAN_KIND_COUNT),
                       .number = (unsigned)(random_next(random) % NUMBERS),
                       .list = (unsigned)(random_next(random) % LISTS),
                       .version = (unsigned)(random_next(random) % 2),
                       .id = (unsigned)(random_next(random) % IDS),
                       .labels = (unsigned)(random_next(random) % 4),
                       .own = (unsigned)(random_next(random) % 3)};
}

/* An item's strings, for as long as it lives. */
struct shown {
  uint8_t hash[HASHSCAN_MAX_HASH_BYTES];
  char version[24];
  char id[24];
  hashscan_entry entry;
};

static const hashscan_entry *show(const struct item *item, struct shown *shown) {
  indexes_hash((hashscan_kind)item->kind, item->number, shown->hash);
  snprintf(shown->version, sizeof shown->version, "v%u", item->version);
  snprintf(shown->id, sizeof shown->id, "%s%u", item->id == 0 ? "" : "id", item->id);
  if (item->id == 0) shown->id[0] = '\0';
  shown->entry = entry_labelled((hashscan_kind)item->kind, shown->hash, list_names[item->list], shown->version,
                                shown->id, label_sets[item->labels], label_counts[item->labels]);
  shown->entry.number = own_numbers[item->own];
  return &shown->entry;
}

static void model_add(struct model *model, struct item item) {
  assert_true(model->count < MODEL_CAPACITY);
  model->items[model->count++] = item;
}

typedef bool (*item_test)(const struct item *item, const struct item *like);

static size_t model_remove(struct model *model, item_test test, const struct item *like) {
  size_t kept = 0;
  for (size_t i = 0; i < model->count; i++)
    if (!test(&model->items[i], like)) model->items[kept++] = model->items[i];
  const size_t removed = model->count - kept;
  model->count = kept;
  return removed;
}

static bool same_hash(const struct item *item, const struct item *like) {
  return item->kind == like->kind && item->number == like->number;
}

static bool same_id(const struct item *item, const struct item *like) {
  return item->id == like->id;
}

static bool same_list(const struct item *item, const struct item *like) {
  return item->list == like->list;
}

static bool same_list_and_id(const struct item *item, const struct item *like) {
  return same_list(item, like) && same_id(item, like);
}

/* ---- Index against model ----------------------------------------------------------------------------------------- */

/* Entries as text, sorted, so that two sets of them can be compared. */
#define TEXT_SIZE 160

struct texts {
  char (*lines)[TEXT_SIZE];
  size_t count;
};

static struct texts new_texts(void) {
  struct texts texts = {.lines = malloc((size_t)MODEL_CAPACITY * 64 * TEXT_SIZE)};
  assert_non_null(texts.lines);
  return texts;
}

static void put_text(struct texts *texts, const hashscan_entry *entry, unsigned query, unsigned distance) {
  char hex[HASHSCAN_MAX_HEX];
  hashscan_hex_encode(entry->hash, hashscan_kind_bytes(entry->kind), hex);
  assert_true(texts->count < (size_t)MODEL_CAPACITY * 64);
  int at = snprintf(texts->lines[texts->count], TEXT_SIZE, "%u %u %s %s|%s|%s|%s|%" PRIu64, query, distance,
                    hashscan_kind_name(entry->kind), hex, entry->list, entry->version, entry->id, entry->number);
  for (size_t i = 0; i < entry->label_count; i++)
    at += snprintf(texts->lines[texts->count] + at, TEXT_SIZE - (size_t)at, "|%s", entry->labels[i]);
  texts->count++;
}

static int compare_text(const void *a, const void *b) {
  return strcmp(a, b);
}

static void assert_same(struct texts *a, struct texts *b) {
  qsort(a->lines, a->count, TEXT_SIZE, compare_text);
  qsort(b->lines, b->count, TEXT_SIZE, compare_text);
  for (size_t i = 0; i < a->count && i < b->count; i++) assert_string_equal(a->lines[i], b->lines[i]);
  assert_int_equal(a->count, b->count);
  a->count = b->count = 0;
}

struct collector {
  const hashscan_index *index;
  struct texts *texts;
};

static int collect(void *user, const hashscan_hit *hit) {
  const struct collector *collector = user;
  hashscan_entry entry = HASHSCAN_ENTRY_INIT;
  OK(hashscan_index_entry(collector->index, hit->entry, &entry, &error));
  put_text(collector->texts, &entry, hit->query, hit->distance);
  return 0;
}

static unsigned distance_of(const uint8_t *a, const uint8_t *b, size_t size) {
  unsigned distance = 0;
  for (size_t i = 0; i < size; i++) distance += (unsigned)__builtin_popcount((unsigned)(a[i] ^ b[i]));
  return distance;
}

#define QUERIES 5

static void check_search(const hashscan_index *index, const struct model *model, hashscan_kind kind, unsigned radius,
                         struct random_state *random, struct texts *found, struct texts *expected) {
  uint8_t queries[QUERIES][HASHSCAN_MAX_HASH_BYTES];
  uint8_t packed[QUERIES * HASHSCAN_MAX_HASH_BYTES];
  const size_t size = hashscan_kind_bytes(kind);
  struct collector collector = {index, found};
  for (unsigned q = 0; q < QUERIES; q++) {
    indexes_hash(kind, random_next(random) % (NUMBERS + 4), queries[q]);
    if (q > 0) queries[q][random_next(random) % size] ^= (uint8_t)random_next(random);
    memcpy(packed + q * size, queries[q], size);
  }
  OK(indexes_search(index, kind, packed, NULL, QUERIES, radius, collect, &collector, &error));
  for (size_t i = 0; i < model->count; i++) {
    struct shown shown;
    if (model->items[i].kind != (unsigned)kind) continue;
    const hashscan_entry *entry = show(&model->items[i], &shown);
    for (unsigned q = 0; q < QUERIES; q++) {
      const unsigned distance = distance_of(entry->hash, queries[q], size);
      if (distance <= radius) put_text(expected, entry, q, distance);
    }
  }
  assert_same(found, expected);
}

static void check_lookup(const hashscan_index *index, const struct model *model, hashscan_kind kind, size_t number,
                         struct texts *found, struct texts *expected) {
  uint8_t hash[HASHSCAN_MAX_HASH_BYTES];
  struct collector collector = {index, found};
  indexes_hash(kind, number, hash);
  OK(hashscan_index_lookup(index, kind, hash, 1, collect, &collector, &error));
  for (size_t i = 0; i < model->count; i++) {
    struct shown shown;
    if (model->items[i].kind == (unsigned)kind && model->items[i].number == number)
      put_text(expected, show(&model->items[i], &shown), 0, 0);
  }
  assert_same(found, expected);
}

static void check_lists(const hashscan_index *index, const struct model *model, uint32_t lists) {
  uint64_t total = 0;
  for (uint32_t i = 0; i < lists; i++) {
    const char *name, *version;
    uint64_t entries, expected = 0;
    OK(hashscan_index_list(index, i, &name, &version, &entries, &error));
    for (size_t j = 0; j < model->count; j++) {
      struct shown shown;
      const hashscan_entry *entry = show(&model->items[j], &shown);
      expected += strcmp(entry->list, name) == 0 && strcmp(entry->version, version) == 0;
    }
    assert_int_equal(entries, expected);
    assert_true(entries > 0);
    total += entries;
  }
  assert_int_equal(total, model->count);
}

static void check_open(hashscan_index *index, const struct model *model, struct random_state *random) {
  hashscan_index_info info = HASHSCAN_INDEX_INFO_INIT;
  struct texts found = new_texts();
  struct texts expected = new_texts();
  hashscan_index_describe(index, &info, NULL);
  assert_int_equal(info.entries, model->count);
  uint64_t kinds[HASHSCAN_KIND_COUNT] = {0};
  for (size_t i = 0; i < model->count; i++) {
    struct shown shown;
    put_text(&expected, show(&model->items[i], &shown), 0, 0);
    kinds[model->items[i].kind]++;
  }
  for (uint64_t i = 0; i < info.entries; i++) {
    hashscan_entry entry = HASHSCAN_ENTRY_INIT;
    OK(hashscan_index_entry(index, i, &entry, &error));
    put_text(&found, &entry, 0, 0);
  }
  assert_same(&found, &expected);
  for (unsigned kind = 0; kind < HASHSCAN_KIND_COUNT; kind++) {
    assert_int_equal(info.entries_by_kind[kind], kinds[kind]);
    assert_int_equal(index_has_kind(index, (hashscan_kind)kind), kinds[kind] > 0);
  }
  check_lists(index, model, info.lists);
  const unsigned radii[] = {0, 31, 256};
  for (unsigned i = 0; i < 3; i++) {
    check_search(index, model, HASHSCAN_KIND_PDQ, radii[i], random, &found, &expected);
    check_search(index, model, HASHSCAN_KIND_HASH64, radii[i] / 4, random, &found, &expected);
  }
  for (unsigned kind = HASHSCAN_KIND_MD5; kind <= HASHSCAN_KIND_SHA256; kind++)
    check_lookup(index, model, (hashscan_kind)kind, random_next(random) % NUMBERS, &found, &expected);
  free(found.lines);
  free(expected.lines);
}

/* The same index from one run of bytes, which lies where no section is aligned; written again it is the same bytes. */
static hashscan_index *through_bytes(const hashscan_index *index) {
  size_t size;
  size_t again;
  OK(hashscan_index_write_bytes(index, NULL, 0, &size, &error));
  uint8_t *bytes = malloc(size + 1);
  uint8_t *repeated = malloc(size);
  assert_true(bytes != NULL && repeated != NULL);
  OK(hashscan_index_write_bytes(index, bytes + 1, size, &size, &error));
  hashscan_index *opened;
  OK(hashscan_index_open_bytes(bytes + 1, size, &opened, &error));
  OK(hashscan_index_write_bytes(opened, repeated, size, &again, &error));
  assert_int_equal(size, again);
  assert_memory_equal(bytes + 1, repeated, size);
  free(bytes);
  free(repeated);
  return opened;
}

static void check_index(const char *path, const struct model *model, struct random_state *random) {
  hashscan_index *index = indexes_open(path);
  hashscan_index *copy = through_bytes(index);
  check_open(index, model, random);
  hashscan_index_close(index);
  check_open(copy, model, random);
  hashscan_index_close(copy);
}

/* ---- Operations on both ------------------------------------------------------------------------------------------ */

static void add(hashscan_updater *updater, struct model *model, struct random_state *random, size_t count) {
  for (size_t i = 0; i < count; i++) {
    struct shown shown;
    const struct item item = random_item(random);
    OK(hashscan_updater_add(updater, show(&item, &shown), &error));
    model_add(model, item);
  }
}

static void remove_some(hashscan_updater *updater, struct model *model, struct random_state *random) {
  struct shown shown;
  const struct item like = random_item(random);
  const hashscan_entry *entry = show(&like, &shown);
  switch (random_next(random) % 4) {
  case 0:
    OK(hashscan_updater_remove_hash(updater, entry->kind, entry->hash, &error));
    model_remove(model, same_hash, &like);
    break;
  case 1:
    OK(hashscan_updater_remove_id(updater, entry->list, entry->id, &error));
    model_remove(model, same_list_and_id, &like);
    break;
  case 2:
    if (random_next(random) % 4 != 0) break;
    OK(hashscan_updater_remove_id(updater, NULL, entry->id, &error));
    model_remove(model, same_id, &like);
    break;
  default:
    if (random_next(random) % 8 != 0) break;
    OK(hashscan_updater_remove_list(updater, entry->list, &error));
    model_remove(model, same_list, &like);
  }
}

static int put_csv(char *csv, size_t size, const struct item *item) {
  struct shown shown;
  char hex[HASHSCAN_MAX_HEX];
  const hashscan_entry *entry = show(item, &shown);
  hashscan_hex_encode(entry->hash, hashscan_kind_bytes(entry->kind), hex);
  int at = snprintf(csv, size, "%s,%s,%" PRIu64 ",%s,", hex, hashscan_kind_name(entry->kind), entry->number, entry->id);
  for (size_t i = 0; i < entry->label_count; i++)
    at += snprintf(csv + at, size - (size_t)at, "%s%s", i > 0 ? ";" : "", entry->labels[i]);
  return at + snprintf(csv + at, size - (size_t)at, "\n");
}

/* Some of the list stays, some of it goes, some of it is new; duplicates may be on both sides. */
static void replace(hashscan_updater *updater, struct model *model, struct random_state *random) {
  static char csv[400 * 160];
  const unsigned list = (unsigned)(random_next(random) % LISTS);
  const unsigned version = (unsigned)(random_next(random) % 3);
  const struct item like = {.list = list};
  struct model rest = {malloc(MODEL_CAPACITY * sizeof *rest.items), 0};
  assert_non_null(rest.items);
  int at = snprintf(csv, sizeof csv, "hash,kind,number,id,labels\n");
  size_t rows = 0;
  for (size_t i = 0; i < model->count + 6 && rows < 300; i++) {
    struct item item = i < model->count ? model->items[i] : random_item(random);
    if (i < model->count && (item.list != list || random_next(random) % 4 == 0)) continue;
    item.list = list;
    item.version = version;
    at += put_csv(csv + at, sizeof csv - (size_t)at, &item);
    model_add(&rest, item);
    rows++;
  }
  char version_text[8];
  snprintf(version_text, sizeof version_text, "v%u", version);
  hashscan_list_options options = HASHSCAN_LIST_OPTIONS_INIT;
  options.name = list_names[list];
  options.version = version_text;
  OK(hashscan_updater_replace_list_bytes(updater, "list", csv, (size_t)at, &options, NULL, &error));
  model_remove(model, same_list, &like);
  for (size_t i = 0; i < rest.count; i++) model_add(model, rest.items[i]);
  free(rest.items);
}

static void change(hashscan_updater *updater, struct model *model, struct random_state *random) {
  switch (random_next(random) % 8) {
  case 0:
  case 1:
  case 2:
    add(updater, model, random, random_next(random) % 12);
    break;
  case 3:
    replace(updater, model, random);
    break;
  default:
    remove_some(updater, model, random);
  }
}

static void build_empty(const char *path) {
  hashscan_builder *builder = indexes_builder();
  hashscan_index_close(indexes_write_and_open(builder, path));
  hashscan_builder_destroy(builder);
}

/* `log_max_entries`: how many entries the log may hold; few make many segments. Gives the most segments seen. */
static uint32_t run_sequence(uint64_t seed, uint64_t log_max_entries, bool reopen, int rounds) {
  char path[FIXTURE_PATH_SIZE];
  struct random_state random = random_seeded(seed);
  struct model model = {malloc(MODEL_CAPACITY * sizeof *model.items), 0};
  hashscan_updater *updater = NULL;
  uint32_t most_segments = 0;
  assert_non_null(model.items);
  build_empty(fixture_join(path, folder, "sequence"));
  for (int round = 0; round < rounds; round++) {
    if (updater == NULL) OK(hashscan_updater_open(path, &updater, &error));
    updater->log_max_entries = log_max_entries;
    const uint64_t changes = random_next(&random) % 4;
    for (uint64_t i = 0; i < changes; i++) change(updater, &model, &random);
    const bool compact = random_next(&random) % 24 == 0;
    OK(compact ? hashscan_updater_compact(updater, NULL, &error) : hashscan_updater_commit(updater, NULL, &error));
    if (updater->base->manifest.segment_count > most_segments) most_segments = updater->base->manifest.segment_count;
    if (compact) assert_int_equal(updater->base->part_count, 1);
    if (reopen) {
      hashscan_updater_close(updater);
      updater = NULL;
    }
    check_index(path, &model, &random);
  }
  hashscan_updater_close(updater);
  free(model.items);
  return most_segments;
}

static void test_sequences(void **unused) {
  (void)unused;
  for (uint64_t seed = 1; seed <= 6; seed++) {
    run_sequence(seed, UPDATE_LOG_MAX_ENTRIES, seed % 2 == 0, 60);
    assert_true(run_sequence(seed, 7, seed % 2 == 0, 60) >= 3);
    run_sequence(seed, 0, true, 40);
  }
}

/* ---- Single promises --------------------------------------------------------------------------------------------- */

static hashscan_index_info info_of(const char *path) {
  hashscan_index *index = indexes_open(path);
  hashscan_index_info info = HASHSCAN_INDEX_INFO_INIT;
  hashscan_index_describe(index, &info, NULL);
  hashscan_index_close(index);
  return info;
}

static hashscan_updater *open_updater(const char *path) {
  hashscan_updater *updater;
  OK(hashscan_updater_open(path, &updater, &error));
  return updater;
}

static const char list_v1[] = "hash,id,labels\n00112233445566778899aabbccddeeff,a,x\n"
                              "10112233445566778899aabbccddeeff,b,x\n20112233445566778899aabbccddeeff,c,x\n";
static const char list_v2[] = "hash,id,labels\n00112233445566778899aabbccddeeff,a,x\n"
                              "10112233445566778899aabbccddeeff,b,y\n30112233445566778899aabbccddeeff,d,x\n";

static void replace_text(hashscan_updater *updater, const char *text, const char *version) {
  hashscan_list_options options = HASHSCAN_LIST_OPTIONS_INIT;
  options.name = "hotline";
  options.version = version;
  OK(hashscan_updater_replace_list_bytes(updater, "list", text, strlen(text), &options, NULL, &error));
}

static void assert_list(const char *path, const char *version, uint64_t entries) {
  hashscan_index *index = indexes_open(path);
  const char *name, *found;
  uint64_t count;
  OK(hashscan_index_list(index, 0, &name, &found, &count, &error));
  assert_string_equal(name, "hotline");
  assert_string_equal(found, version);
  assert_int_equal(count, entries);
  assert_int_equal(hashscan_index_list(index, 1, &name, &found, &count, NULL), HASHSCAN_E_ARGUMENT);
  hashscan_index_close(index);
}

static void assert_report(const hashscan_update_report *report, uint64_t added, uint64_t removed, uint64_t kept) {
  assert_int_equal(report->added, added);
  assert_int_equal(report->removed, removed);
  assert_int_equal(report->kept, kept);
}

/* A list in a segment and a list in the log are replaced with the same counts; entries that stay are not written again
 * where they are in a segment. */
static void test_replace(void **unused) {
  (void)unused;
  for (int compact = 0; compact < 2; compact++) {
    char path[FIXTURE_PATH_SIZE];
    hashscan_update_report report = HASHSCAN_UPDATE_REPORT_INIT;
    build_empty(fixture_join(path, folder, "replace"));
    hashscan_updater *updater = open_updater(path);
    replace_text(updater, list_v1, "1");
    OK(hashscan_updater_commit(updater, &report, &error));
    assert_report(&report, 3, 0, 0);
    assert_list(path, "1", 3);
    if (compact) OK(hashscan_updater_compact(updater, &report, &error));
    replace_text(updater, list_v2, "2");
    OK(hashscan_updater_commit(updater, &report, &error));
    assert_report(&report, 2, 2, 1);
    assert_list(path, "2", 3);
    assert_int_equal(info_of(path).dead, compact ? 2 : 3);
    /* The same again changes the version alone, and then nothing at all. */
    replace_text(updater, list_v2, "3");
    OK(hashscan_updater_commit(updater, &report, &error));
    assert_report(&report, 0, 0, 3);
    assert_list(path, "3", 3);
    const hashscan_index_info before = info_of(path);
    replace_text(updater, list_v2, "3");
    OK(hashscan_updater_commit(updater, &report, &error));
    assert_report(&report, 0, 0, 3);
    assert_string_equal(info_of(path).digest, before.digest);
    replace_text(updater, "", "4");
    OK(hashscan_updater_commit(updater, &report, &error));
    assert_report(&report, 0, 3, 0);
    assert_int_equal(info_of(path).entries, 0);
    hashscan_updater_close(updater);
  }
}

/* A list that cannot be read leaves the updater as it was; so does closing without a commit. */
static void test_drops(void **unused) {
  (void)unused;
  char path[FIXTURE_PATH_SIZE];
  hashscan_update_report report = HASHSCAN_UPDATE_REPORT_INIT;
  build_empty(fixture_join(path, folder, "drops"));
  hashscan_updater *updater = open_updater(path);
  replace_text(updater, list_v1, "1");
  const char bad[] = "00112233445566778899aabbccddeeff\nnonsense\n";
  assert_int_equal(hashscan_updater_add_list_bytes(updater, "bad", bad, strlen(bad), NULL, NULL, &error),
                   HASHSCAN_E_FORMAT);
  assert_string_equal(error.message, "bad:2: not a hex digit at character 1 of the hash");
  assert_int_equal(hashscan_updater_replace_list_bytes(updater, "bad", bad, strlen(bad), NULL, NULL, &error),
                   HASHSCAN_E_FORMAT);
  assert_int_equal(hashscan_updater_add_list(updater, "/no/such/list", NULL, NULL, &error), HASHSCAN_E_IO);
  assert_int_equal(hashscan_updater_replace_list_bytes(updater, "e", "", 0, NULL, NULL, &error), HASHSCAN_E_ARGUMENT);
  OK(hashscan_updater_commit(updater, &report, &error));
  assert_report(&report, 3, 0, 0);
  const hashscan_index_info before = info_of(path);
  OK(hashscan_updater_remove_list(updater, "hotline", &error));
  replace_text(updater, list_v2, "2");
  hashscan_updater_close(updater);
  assert_string_equal(info_of(path).digest, before.digest);
}

static void test_arguments(void **unused) {
  (void)unused;
  char path[FIXTURE_PATH_SIZE];
  hashscan_updater *updater;
  const uint8_t hash[32] = {0};
  assert_int_equal(hashscan_updater_open(NULL, &updater, &error), HASHSCAN_E_ARGUMENT);
  assert_int_equal(hashscan_updater_open(fixture_join(path, folder, "absent"), &updater, &error), HASHSCAN_E_IO);
  assert_int_equal(mkdir(path, 0777), 0);
  assert_int_equal(hashscan_updater_open(path, &updater, &error), HASHSCAN_E_FORMAT);
  assert_null(updater);
  assert_int_equal(rmdir(path), 0); /* nothing was left in it */
  fixture_write(path, "x", 1);
  assert_int_equal(hashscan_updater_open(path, &updater, &error), HASHSCAN_E_FORMAT);
  build_empty(fixture_join(path, folder, "arguments"));
  updater = open_updater(path);
  assert_int_equal(hashscan_updater_add(updater, NULL, &error), HASHSCAN_E_ARGUMENT);
  assert_int_equal(hashscan_updater_remove_hash(updater, (hashscan_kind)9, hash, &error), HASHSCAN_E_ARGUMENT);
  assert_int_equal(hashscan_updater_remove_hash(updater, HASHSCAN_KIND_PDQ, NULL, &error), HASHSCAN_E_ARGUMENT);
  assert_int_equal(hashscan_updater_remove_id(updater, "x", NULL, &error), HASHSCAN_E_ARGUMENT);
  assert_int_equal(hashscan_updater_remove_list(updater, NULL, &error), HASHSCAN_E_ARGUMENT);
  assert_int_equal(hashscan_updater_add_list_bytes(updater, "x", NULL, 1, NULL, NULL, &error), HASHSCAN_E_ARGUMENT);
  assert_int_equal(hashscan_updater_commit(NULL, NULL, &error), HASHSCAN_E_ARGUMENT);
  hashscan_updater_close(updater);
  hashscan_updater_close(NULL);
}

/* A snapshot stays what it was while a writer adds, removes and compacts, and removes the files behind it. */
static void test_snapshot(void **unused) {
  (void)unused;
  char path[FIXTURE_PATH_SIZE];
  build_empty(fixture_join(path, folder, "snapshot"));
  hashscan_updater *updater = open_updater(path);
  replace_text(updater, list_v1, "1");
  OK(hashscan_updater_commit(updater, NULL, &error));
  hashscan_index *before = indexes_open(path);
  replace_text(updater, list_v2, "2");
  OK(hashscan_updater_compact(updater, NULL, &error));
  OK(hashscan_updater_remove_list(updater, "hotline", &error));
  OK(hashscan_updater_compact(updater, NULL, &error));
  assert_int_equal(info_of(path).entries, 0);
  const char *version;
  uint64_t entries;
  OK(hashscan_index_list(before, 0, NULL, &version, &entries, &error));
  assert_string_equal(version, "1");
  assert_int_equal(entries, 3);
  for (uint64_t i = 0; i < 3; i++) {
    hashscan_entry entry = HASHSCAN_ENTRY_INIT;
    OK(hashscan_index_entry(before, i, &entry, &error));
    assert_int_equal(entry.label_count, 1);
    assert_string_equal(entry.labels[0], "x");
  }
  hashscan_index_close(before);
  hashscan_updater_close(updater);
}

/* More than the log takes: segments of falling size, few of them; compacting leaves one and answers the same. */
static void test_large(void **unused) {
  (void)unused;
  char path[FIXTURE_PATH_SIZE];
  build_empty(fixture_join(path, folder, "large"));
  hashscan_updater *updater = open_updater(path);
  const size_t step = 15000;
  const size_t commits = 16; /* a segment of 150,000, one of 75,000, and the log */
  for (size_t commit = 0; commit < commits; commit++) {
    for (size_t i = 0; i < step; i++) {
      struct random_state random = random_seeded(commit * step + i);
      uint8_t hash[HASHSCAN_MAX_HASH_BYTES];
      for (size_t j = 0; j < sizeof hash; j++) hash[j] = (uint8_t)random_next(&random);
      const hashscan_entry entry = entry_plain(HASHSCAN_KIND_MD5, hash, "big", "1", "");
      OK(hashscan_updater_add(updater, &entry, &error));
    }
    OK(hashscan_updater_commit(updater, NULL, &error));
    assert_true(updater->base->log_entries.count <= UPDATE_LOG_MAX_ENTRIES);
    assert_true(updater->base->manifest.segment_count <= 4);
    assert_int_equal(updater->base->entries, (commit + 1) * step);
  }
  assert_true(updater->base->manifest.segment_count >= 2);
  for (size_t i = 0; i < commits * step; i += 2) {
    struct random_state random = random_seeded(i);
    uint8_t hash[HASHSCAN_MAX_HASH_BYTES];
    for (size_t j = 0; j < sizeof hash; j++) hash[j] = (uint8_t)random_next(&random);
    OK(hashscan_updater_remove_hash(updater, HASHSCAN_KIND_MD5, hash, &error));
  }
  hashscan_update_report report = HASHSCAN_UPDATE_REPORT_INIT;
  OK(hashscan_updater_commit(updater, &report, &error));
  assert_report(&report, 0, commits * step / 2, 0);
  assert_int_equal(info_of(path).entries, commits * step / 2);
  /* Dead entries lie everywhere, so a bit each is shorter than ranges. */
  assert_true(updater->base->manifest.log_size < 65536 * 100 + commits * step / 8 + 1000);
  OK(hashscan_updater_compact(updater, NULL, &error));
  const hashscan_index_info info = info_of(path);
  assert_int_equal(info.entries, commits * step / 2);
  assert_int_equal(info.dead, 0);
  assert_int_equal(info.segments, 1);
  assert_int_equal(info.log_bytes, 0);
  hashscan_updater_close(updater);
}

int main(void) {
  fixture_folder(folder);
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_sequences), cmocka_unit_test(test_replace),
                                     cmocka_unit_test(test_drops),     cmocka_unit_test(test_arguments),
                                     cmocka_unit_test(test_snapshot),  cmocka_unit_test(test_large)};
  const int failed = cmocka_run_group_tests(tests, NULL, NULL);
  fixture_remove(folder);
  return failed;
}
