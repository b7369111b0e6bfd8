/* SPDX-License-Identifier: Apache-2.0 */
/* Index: search against brute force, lookup, and what entries bring back. Writing is in test_index_write.c, what a
 * reader must refuse in test_index_damage.c.
 *
 * ThreadSanitizer runs it too: indexes of 10,000 entries and more are sorted and get their rings by several threads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../support/entries.h"
#include "../support/fixture.h"
#include "../support/indexes.h"
#include "../support/random.h"
#include "base/clock.h"
#include "index/search/index.h"

static char folder[FIXTURE_PATH_SIZE];
static hashscan_error error;

static const char *path_of(const char *name) {
  static char paths[4][FIXTURE_PATH_SIZE];
  static unsigned next;
  return fixture_join(paths[next++ % 4], folder, name);
}

static hashscan_pdq random_pdq(struct random_state *state) {
  hashscan_pdq hash;
  for (size_t i = 0; i < sizeof hash.bytes; i++) hash.bytes[i] = (uint8_t)random_next(state);
  return hash;
}

static void add_text(hashscan_builder *builder, const char *name, const char *text) {
  hashscan_list_options options = HASHSCAN_LIST_OPTIONS_INIT;
  options.name = name;
  options.version = "v1";
  if (hashscan_builder_add_list_bytes(builder, "memory", text, strlen(text), &options, NULL, &error) !=
      HASHSCAN_SUCCESS)
    fail_msg("%s", error.message);
}

/* ---- Search ---------------------------------------------------------------------------------------------------- */

#define QUERIES 10

struct hits {
  hashscan_hit *items;
  size_t count;
  size_t capacity;
  size_t stop_after;
};

static int collect(void *user, const hashscan_hit *hit) {
  struct hits *hits = user;
  if (hits->count == hits->capacity) {
    hits->capacity = hits->capacity * 2 + 64;
    hits->items = realloc(hits->items, hits->capacity * sizeof *hits->items);
    assert_non_null(hits->items);
  }
  hits->items[hits->count++] = *hit;
  return hits->count == hits->stop_after;
}

/* What was added, by id: the id of entry i is its number i. */
struct corpus {
  size_t count;
  hashscan_pdq *hashes;
  hashscan_pdq queries[QUERIES];
};

/* Uniform hashes, and among them duplicates, and copies of queries at every distance that there is room for. */
static struct corpus make_corpus(size_t count) {
  struct random_state state = random_seeded(count);
  struct corpus corpus = {.count = count, .hashes = calloc(count + 1, sizeof *corpus.hashes)};
  assert_non_null(corpus.hashes);
  for (size_t i = 0; i < QUERIES; i++) corpus.queries[i] = random_pdq(&state);
  for (size_t i = 0; i < count; i++) {
    const hashscan_pdq *query = &corpus.queries[i % QUERIES];
    if (i % 3 == 0) corpus.hashes[i] = fixture_flip_bits(*query, (unsigned)(i / 3 % 257), i);
    else if (i % 7 == 1) corpus.hashes[i] = corpus.hashes[i / 2];
    else corpus.hashes[i] = random_pdq(&state);
  }
  return corpus;
}

static hashscan_index *index_corpus(const struct corpus *corpus, const char *path) {
  hashscan_builder *builder = indexes_builder();
  for (size_t i = 0; i < corpus->count; i++) {
    char id[24];
    snprintf(id, sizeof id, "%zu", i);
    fixture_add(builder, HASHSCAN_KIND_PDQ, corpus->hashes[i].bytes, id);
  }
  hashscan_index *index = indexes_write_and_open(builder, path);
  hashscan_builder_destroy(builder);
  return index;
}

/* Every hit is right and reported once, and there are as many as brute force finds. */
static void check_search(const hashscan_index *index, const struct corpus *corpus, unsigned radius) {
  struct hits hits = {0};
  uint8_t *seen = calloc(corpus->count * QUERIES + 1, 1);
  assert_non_null(seen);
  assert_int_equal(
      indexes_search(index, HASHSCAN_KIND_PDQ, corpus->queries, NULL, QUERIES, radius, collect, &hits, &error),
      HASHSCAN_SUCCESS);
  for (size_t i = 0; i < hits.count; i++) {
    hashscan_entry entry = HASHSCAN_ENTRY_INIT;
    assert_int_equal(hashscan_index_entry(index, hits.items[i].entry, &entry, &error), HASHSCAN_SUCCESS);
    const size_t id = strtoul(entry.id, NULL, 10);
    assert_true(id < corpus->count);
    assert_memory_equal(entry.hash, corpus->hashes[id].bytes, 32);
    assert_int_equal(hits.items[i].distance,
                     hashscan_pdq_distance(&corpus->hashes[id], &corpus->queries[hits.items[i].query]));
    assert_true(hits.items[i].distance <= radius);
    assert_int_equal(seen[id * QUERIES + hits.items[i].query]++, 0);
  }
  size_t expected = 0;
  for (size_t i = 0; i < corpus->count * QUERIES; i++)
    expected += hashscan_pdq_distance(&corpus->hashes[i / QUERIES], &corpus->queries[i % QUERIES]) <= radius;
  assert_int_equal(hits.count, expected);
  free(hits.items);
  free(seen);
}

static void test_search(void **unused) {
  (void)unused;
  const size_t sizes[] = {0, 1, 2, 3, 255, 256, 257, 10000};
  const unsigned radii[] = {0, 1, 15, 16, 30, 31, 32, 47, 63, 64, 127, 128, 255, 256};
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
    struct corpus corpus = make_corpus(sizes[i]);
    hashscan_index *index = index_corpus(&corpus, path_of("search"));
    for (size_t j = 0; j < sizeof radii / sizeof *radii; j++) check_search(index, &corpus, radii[j]);
    hashscan_index_close(index);
    free(corpus.hashes);
  }
}

static void test_search_edges(void **unused) {
  (void)unused;
  struct corpus corpus = make_corpus(300);
  hashscan_index *index = index_corpus(&corpus, path_of("edges"));
  struct hits hits = {.stop_after = 5};
  assert_int_equal(indexes_search(index, HASHSCAN_KIND_PDQ, corpus.queries, NULL, 1, 256, collect, &hits, &error),
                   HASHSCAN_E_STOPPED);
  assert_int_equal(hits.count, 5);
  assert_int_equal(indexes_search(index, HASHSCAN_KIND_PDQ, corpus.queries, NULL, 1, 257, collect, &hits, &error),
                   HASHSCAN_E_ARGUMENT);
  assert_int_equal(indexes_search(index, HASHSCAN_KIND_PDQ, NULL, NULL, 1, 31, collect, &hits, &error),
                   HASHSCAN_E_ARGUMENT);
  assert_int_equal(indexes_search(index, HASHSCAN_KIND_PDQ, corpus.queries, NULL, 1, 31, NULL, &hits, &error),
                   HASHSCAN_E_ARGUMENT);
  assert_int_equal(indexes_search(index, HASHSCAN_KIND_PDQ, NULL, NULL, 0, 31, collect, &hits, &error),
                   HASHSCAN_SUCCESS);
  assert_int_equal(hits.count, 5);
  hashscan_index_close(index);
  free(hits.items);
  free(corpus.hashes);
}

/* ---- Lookup ---------------------------------------------------------------------------------------------------- */

static void check_lookup(const hashscan_index *index, hashscan_kind kind, size_t number, size_t expected) {
  uint8_t digest[HASHSCAN_MAX_HASH_BYTES];
  struct hits hits = {0};
  indexes_hash(kind, number, digest);
  assert_int_equal(hashscan_index_lookup(index, kind, digest, 1, collect, &hits, &error), HASHSCAN_SUCCESS);
  assert_int_equal(hits.count, expected);
  for (size_t i = 0; i < hits.count; i++) {
    hashscan_entry entry = HASHSCAN_ENTRY_INIT;
    assert_int_equal(hashscan_index_entry(index, hits.items[i].entry, &entry, &error), HASHSCAN_SUCCESS);
    assert_int_equal(entry.kind, kind);
    assert_memory_equal(entry.hash, digest, hashscan_kind_bytes(kind));
    assert_int_equal(strtoul(entry.id, NULL, 10), number);
    assert_int_equal(hits.items[i].distance, 0);
    assert_int_equal(hits.items[i].query, 0);
  }
  free(hits.items);
}

static void check_lookups(size_t count) {
  hashscan_builder *builder = indexes_builder();
  for (unsigned kind = HASHSCAN_KIND_MD5; kind <= HASHSCAN_KIND_SHA256; kind++) {
    for (size_t i = 0; i < count; i++) {
      uint8_t digest[HASHSCAN_MAX_HASH_BYTES];
      char id[24];
      snprintf(id, sizeof id, "%zu", i);
      indexes_hash((hashscan_kind)kind, i, digest);
      for (size_t copy = 0; copy <= i % 3; copy++) fixture_add(builder, (hashscan_kind)kind, digest, id);
    }
  }
  hashscan_index *index = indexes_write_and_open(builder, path_of("lookup"));
  assert_false(index_has_kind(index, HASHSCAN_KIND_PDQ));
  for (unsigned kind = HASHSCAN_KIND_MD5; kind <= HASHSCAN_KIND_SHA256; kind++) {
    assert_true(index_has_kind(index, (hashscan_kind)kind) == (count > 0));
    for (size_t i = 0; i < count + 50; i++) check_lookup(index, (hashscan_kind)kind, i, i < count ? i % 3 + 1 : 0);
  }
  hashscan_index_close(index);
  hashscan_builder_destroy(builder);
}

static void test_lookup(void **unused) {
  (void)unused;
  const size_t counts[] = {0, 1, 2, 3, 4, 5, 63, 64, 65, 3000};
  for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) check_lookups(counts[i]);
}

static void test_lookup_edges(void **unused) {
  (void)unused;
  hashscan_builder *builder = indexes_builder();
  add_text(builder, "a", "00112233445566778899aabbccddeeff\n00112233445566778899aabbccddeeff\n");
  hashscan_index *index = indexes_write_and_open(builder, path_of("lookup-edges"));
  const uint8_t digest[32] = {0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77,
                              0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff};
  struct hits hits = {.stop_after = 1};
  assert_int_equal(hashscan_index_lookup(index, HASHSCAN_KIND_MD5, digest, 1, collect, &hits, &error),
                   HASHSCAN_E_STOPPED);
  assert_int_equal(hits.count, 1);
  assert_int_equal(hashscan_index_lookup(index, HASHSCAN_KIND_PDQ, digest, 1, collect, &hits, &error),
                   HASHSCAN_E_ARGUMENT);
  assert_int_equal(hashscan_index_lookup(index, (hashscan_kind)9, digest, 1, collect, &hits, &error),
                   HASHSCAN_E_ARGUMENT);
  assert_int_equal(hashscan_index_lookup(index, HASHSCAN_KIND_SHA256, digest, 1, collect, &hits, &error),
                   HASHSCAN_SUCCESS);
  assert_int_equal(hits.count, 1);
  hashscan_index_close(index);
  hashscan_builder_destroy(builder);
  free(hits.items);
}

/* ---- Entries, lists, info -------------------------------------------------------------------------------------- */

static void test_entries(void **unused) {
  (void)unused;
  static const uint8_t hash[32] = {7};
  static const struct {
    const char *list, *version, *id;
    const char *labels[3];
    size_t label_count;
  } cases[] = {{"caf\xc3\xa9", "2026-11-23", "7f", {"A1", "B2"}, 2},
               {"caf\xc3\xa9", "2026-11-24", "\xf0\x9f\x92\xa9 \"\n", {"B2", "A1"}, 2},
               {"other", "", "", {NULL}, 0},
               {"caf\xc3\xa9", "2026-11-23", "7f", {"A1", "B2"}, 2},
               {"", "", "x", {""}, 1},
               {NULL, NULL, NULL, {NULL}, 0},
               {"a", "bc", "y", {"A1"}, 1},
               {"ab", "c", "y", {"A1", "B2", "C3"}, 3}};
  const size_t count = sizeof cases / sizeof *cases;
  hashscan_builder *builder = indexes_builder();
  for (size_t i = 0; i < count; i++) {
    const hashscan_entry entry = entry_labelled(HASHSCAN_KIND_SHA1, hash, cases[i].list, cases[i].version, cases[i].id,
                                                cases[i].labels, cases[i].label_count);
    assert_int_equal(hashscan_builder_add(builder, &entry, &error), HASHSCAN_SUCCESS);
  }
  hashscan_index *index = indexes_write_and_open(builder, path_of("entries"));
  hashscan_builder_destroy(builder);
  hashscan_index_info info = HASHSCAN_INDEX_INFO_INIT;
  hashscan_index_describe(index, &info, NULL);
  assert_int_equal(info.entries, count);
  assert_int_equal(info.entries_by_kind[HASHSCAN_KIND_SHA1], count);
  assert_int_equal(info.entries_by_kind[HASHSCAN_KIND_PDQ], 0);
  assert_int_equal(info.lists, 6);
  /* Equal hashes: entries keep the order in which they were added. */
  for (size_t i = 0; i < count; i++) {
    hashscan_entry entry = HASHSCAN_ENTRY_INIT;
    assert_int_equal(hashscan_index_entry(index, i, &entry, &error), HASHSCAN_SUCCESS);
    assert_int_equal(entry.kind, HASHSCAN_KIND_SHA1);
    assert_memory_equal(entry.hash, hash, 20);
    assert_string_equal(entry.list, cases[i].list == NULL ? "" : cases[i].list);
    assert_string_equal(entry.version, cases[i].version == NULL ? "" : cases[i].version);
    assert_string_equal(entry.id, cases[i].id == NULL ? "" : cases[i].id);
    assert_int_equal(entry.label_count, cases[i].label_count);
    for (size_t j = 0; j < entry.label_count; j++) assert_string_equal(entry.labels[j], cases[i].labels[j]);
    if (entry.label_count == 0) assert_null(entry.labels);
  }
  hashscan_entry entry = HASHSCAN_ENTRY_INIT;
  assert_int_equal(hashscan_index_entry(index, count, &entry, &error), HASHSCAN_E_ARGUMENT);
  assert_int_equal(hashscan_index_entry(index, UINT64_MAX, &entry, &error), HASHSCAN_E_ARGUMENT);
  hashscan_index_close(index);
}

/* A caller that knows less of the struct, one that knows more, and one that has not said. */
static void test_entry_sizes(void **unused) {
  (void)unused;
  static const uint8_t hash[32] = {7};
  hashscan_builder *builder = indexes_builder();
  const hashscan_entry added = entry_labelled(HASHSCAN_KIND_MD5, hash, "l", "v", "i", ENTRY_LABELS("x"));
  assert_int_equal(hashscan_builder_add(builder, &added, &error), HASHSCAN_SUCCESS);
  hashscan_index *index = indexes_write_and_open(builder, path_of("sizes"));
  hashscan_builder_destroy(builder);
  struct {
    hashscan_entry entry;
    uint64_t later[2];
  } large = {HASHSCAN_ENTRY_INIT, {1, 2}};
  large.entry.size = sizeof large.entry + 8;
  assert_int_equal(hashscan_index_entry(index, 0, &large.entry, &error), HASHSCAN_SUCCESS);
  assert_int_equal(large.entry.size, sizeof large.entry + 8);
  assert_string_equal(large.entry.labels[0], "x");
  assert_int_equal(large.later[0], 0);
  assert_int_equal(large.later[1], 2);
  hashscan_entry small = HASHSCAN_ENTRY_INIT;
  small.size = offsetof(hashscan_entry, id);
  small.id = "untouched";
  assert_int_equal(hashscan_index_entry(index, 0, &small, &error), HASHSCAN_SUCCESS);
  assert_string_equal(small.version, "v");
  assert_string_equal(small.id, "untouched");
  small.size = 0;
  assert_int_equal(hashscan_index_entry(index, 0, &small, &error), HASHSCAN_E_ARGUMENT);
  hashscan_index_close(index);
}

/* Numbers of the caller's own, of entries in a segment and in the log, by entry and by hits. */
static void test_numbers(void **unused) {
  (void)unused;
  enum { ENTRIES = 40, ADDED = 5 };
  hashscan_builder *builder = indexes_builder();
  uint8_t hash[32] = {0};
  for (unsigned i = 0; i < ENTRIES; i++) {
    hash[0] = (uint8_t)(i * 5);
    hashscan_entry entry = entry_plain(HASHSCAN_KIND_PDQ, hash, "l", "v", "");
    entry.number = i == 3 ? 0 : UINT64_MAX - i;
    assert_int_equal(hashscan_builder_add(builder, &entry, &error), HASHSCAN_SUCCESS);
  }
  hashscan_index_close(indexes_write_and_open(builder, path_of("numbers")));
  hashscan_builder_destroy(builder);
  hashscan_updater *updater;
  assert_int_equal(hashscan_updater_open(path_of("numbers"), &updater, &error), HASHSCAN_SUCCESS);
  for (unsigned i = ENTRIES; i < ENTRIES + ADDED; i++) {
    hash[0] = (uint8_t)(i * 5);
    hashscan_entry entry = entry_plain(HASHSCAN_KIND_PDQ, hash, "l", "v", "");
    entry.number = i;
    assert_int_equal(hashscan_updater_add(updater, &entry, &error), HASHSCAN_SUCCESS);
  }
  hash[0] = 5;
  assert_int_equal(hashscan_updater_remove_hash(updater, HASHSCAN_KIND_PDQ, hash, &error), HASHSCAN_SUCCESS);
  assert_int_equal(hashscan_updater_commit(updater, NULL, &error), HASHSCAN_SUCCESS);
  hashscan_updater_close(updater);
  hashscan_index *index = indexes_open(path_of("numbers"));
  hashscan_hit hits[ENTRIES + ADDED - 1];
  uint64_t numbers[ENTRIES + ADDED - 1];
  const size_t count = sizeof hits / sizeof *hits;
  for (size_t i = 0; i < count; i++) hits[i] = (hashscan_hit){.entry = count - 1 - i};
  assert_int_equal(hashscan_index_numbers(index, hits, count, numbers, &error), HASHSCAN_SUCCESS);
  for (size_t i = 0; i < count; i++) {
    hashscan_entry entry = HASHSCAN_ENTRY_INIT;
    assert_int_equal(hashscan_index_entry(index, hits[i].entry, &entry, &error), HASHSCAN_SUCCESS);
    const unsigned was = entry.hash[0] / 5u;
    assert_int_not_equal(was, 1);
    const uint64_t expected = was >= ENTRIES ? was : was == 3 ? 0 : UINT64_MAX - was;
    assert_true(entry.number == expected && numbers[i] == expected);
  }
  hits[2].entry = count;
  assert_int_equal(hashscan_index_numbers(index, hits, count, numbers, &error), HASHSCAN_E_ARGUMENT);
  assert_int_equal(hashscan_index_numbers(index, NULL, 0, NULL, &error), HASHSCAN_SUCCESS);
  hashscan_index_close(index);
}

static void test_info(void **unused) {
  (void)unused;
  hashscan_builder *builder = indexes_builder();
  char pdq[66];
  memset(pdq, 'a', 64);
  memcpy(pdq + 64, "\n", 2);
  add_text(builder, "one", pdq);
  add_text(builder, "two", pdq);
  add_text(builder, "one", "00112233445566778899aabbccddeeff\n");
  hashscan_index *index = indexes_write_and_open(builder, path_of("info"));
  hashscan_builder_destroy(builder);
  hashscan_index_info info = HASHSCAN_INDEX_INFO_INIT;
  hashscan_index_describe(index, &info, NULL);
  assert_int_equal(info.entries, 3);
  assert_int_equal(info.entries_by_kind[HASHSCAN_KIND_PDQ], 2);
  assert_int_equal(info.entries_by_kind[HASHSCAN_KIND_MD5], 1);
  assert_int_equal(info.distinct_pdq, 1);
  assert_int_equal(info.format_version, 3);
  assert_int_equal(info.lists, 2);
  assert_int_equal(strlen(info.digest), 32);
  const char *name;
  const char *version;
  uint64_t entries;
  assert_int_equal(hashscan_index_list(index, 0, &name, &version, &entries, &error), HASHSCAN_SUCCESS);
  assert_string_equal(name, "one");
  assert_string_equal(version, "v1");
  assert_int_equal(entries, 2);
  assert_int_equal(hashscan_index_list(index, 1, &name, NULL, NULL, &error), HASHSCAN_SUCCESS);
  assert_string_equal(name, "two");
  assert_int_equal(hashscan_index_list(index, 2, &name, NULL, NULL, &error), HASHSCAN_E_ARGUMENT);
  hashscan_index_close(index);
}

static void test_list_limit(void **unused) {
  (void)unused;
  hashscan_builder *builder = indexes_builder();
  static const uint8_t hash[32] = {1};
  for (unsigned i = 0; i <= 65536; i++) {
    char name[24];
    snprintf(name, sizeof name, "list %u", i);
    const hashscan_entry entry = entry_plain(HASHSCAN_KIND_PDQ, hash, name, "v", "");
    assert_int_equal(hashscan_builder_add(builder, &entry, &error), i < 65536 ? HASHSCAN_SUCCESS : HASHSCAN_E_LIMIT);
  }
  assert_string_equal(error.message, "more than 65536 lists");
  const hashscan_entry known = entry_plain(HASHSCAN_KIND_PDQ, hash, "list 7", "v", "");
  assert_int_equal(hashscan_builder_add(builder, &known, &error), HASHSCAN_SUCCESS);
  hashscan_index *index = indexes_write_and_open(builder, path_of("lists"));
  hashscan_builder_destroy(builder);
  hashscan_entry entry = HASHSCAN_ENTRY_INIT;
  const char *name;
  uint64_t entries;
  assert_int_equal(hashscan_index_entry(index, 65535, &entry, &error), HASHSCAN_SUCCESS);
  assert_string_equal(entry.list, "list 65535");
  assert_int_equal(hashscan_index_list(index, 7, &name, NULL, &entries, &error), HASHSCAN_SUCCESS);
  assert_int_equal(entries, 2);
  hashscan_index_close(index);
}

static void test_builder_errors(void **unused) {
  (void)unused;
  hashscan_builder *builder = indexes_builder();
  static const uint8_t hash[32] = {1};
  hashscan_entry no_size = entry_plain(HASHSCAN_KIND_PDQ, hash, "l", "v", "i");
  hashscan_entry reserved = no_size;
  no_size.size = 0;
  reserved.reserved = 1;
  const hashscan_entry bad[] = {
      entry_plain((hashscan_kind)5, hash, "l", "v", "i"),
      entry_plain(HASHSCAN_KIND_PDQ, NULL, "l", "v", "i"),
      entry_plain(HASHSCAN_KIND_PDQ, hash, "\xff", "v", "i"),
      entry_plain(HASHSCAN_KIND_PDQ, hash, "l", "\xff", "i"),
      entry_plain(HASHSCAN_KIND_PDQ, hash, "l", "v", "\xc0\x80"),
      entry_labelled(HASHSCAN_KIND_PDQ, hash, "l", "v", "i", ENTRY_LABELS("ok", "\xe2\x82")),
      entry_labelled(HASHSCAN_KIND_PDQ, hash, "l", "v", "i", ENTRY_LABELS("ok", NULL)),
      entry_labelled(HASHSCAN_KIND_PDQ, hash, "l", "v", "i", NULL, 1),
      no_size,
      reserved,
  };
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
    assert_int_equal(hashscan_builder_add(builder, &bad[i], &error), HASHSCAN_E_ARGUMENT);
  assert_int_equal(hashscan_builder_add(builder, NULL, &error), HASHSCAN_E_ARGUMENT);
  assert_int_equal(hashscan_builder_add_list(builder, path_of("absent"), NULL, NULL, &error), HASHSCAN_E_IO);
  hashscan_list_report report = HASHSCAN_LIST_REPORT_INIT;
  assert_int_equal(
      hashscan_builder_add_list_bytes(builder, "m", "00112233445566778899aabbccddeeff\nx\n", 35, NULL, &report, &error),
      HASHSCAN_E_FORMAT);
  assert_string_equal(error.message, "m:2: not a hex digit at character 1 of the hash");
  assert_int_equal(report.entries, 1);
  hashscan_index *index = indexes_write_and_open(builder, path_of("errors"));
  hashscan_index_info info = HASHSCAN_INDEX_INFO_INIT;
  hashscan_index_describe(index, &info, NULL);
  assert_int_equal(info.entries, 1);
  hashscan_index_close(index);
  hashscan_builder_destroy(builder);
  hashscan_builder_destroy(NULL);
  hashscan_index_close(NULL);
}

static void test_speed(void **unused) {
  (void)unused;
  const size_t count = 200000;
  struct random_state state = random_seeded(9);
  hashscan_builder *builder = indexes_builder();
  double start = clock_seconds();
  for (size_t i = 0; i < count; i++) {
    char id[24];
    const hashscan_pdq hash = random_pdq(&state);
    snprintf(id, sizeof id, "%016zx", i);
    fixture_add(builder, HASHSCAN_KIND_PDQ, hash.bytes, id);
  }
  const double added = clock_seconds() - start;
  start = clock_seconds();
  assert_int_equal(hashscan_builder_write(builder, path_of("speed"), &error), HASHSCAN_SUCCESS);
  const double written = clock_seconds() - start;
  hashscan_builder_destroy(builder);
  start = clock_seconds();
  hashscan_index *index = indexes_open(path_of("speed"));
  const double opened = clock_seconds() - start;
  hashscan_pdq queries[8];
  for (size_t i = 0; i < 8; i++) queries[i] = random_pdq(&state);
  struct hits hits = {0};
  start = clock_seconds();
  assert_int_equal(indexes_search(index, HASHSCAN_KIND_PDQ, queries, NULL, 8, 31, collect, &hits, &error),
                   HASHSCAN_SUCCESS);
  const double searched = clock_seconds() - start;
  hashscan_index_info info = HASHSCAN_INDEX_INFO_INIT;
  hashscan_index_describe(index, &info, NULL);
  print_message("index of %zu: add %.0f ms, write %.0f ms, open %.1f ms, 8 queries %.2f ms, %.0f bytes an entry\n",
                count, added * 1e3, written * 1e3, opened * 1e3, searched * 1e3, (double)info.bytes / (double)count);
  hashscan_index_close(index);
  free(hits.items);
}

int main(void) {
  fixture_folder(folder);
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_search),         cmocka_unit_test(test_search_edges), cmocka_unit_test(test_lookup),
      cmocka_unit_test(test_lookup_edges),   cmocka_unit_test(test_entries),      cmocka_unit_test(test_entry_sizes),
      cmocka_unit_test(test_numbers),        cmocka_unit_test(test_info),         cmocka_unit_test(test_list_limit),
      cmocka_unit_test(test_builder_errors), cmocka_unit_test(test_speed)};
  const int failed = cmocka_run_group_tests(tests, NULL, NULL);
  fixture_remove(folder);
  return failed;
}
