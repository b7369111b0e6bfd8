/* SPDX-License-Identifier: Apache-2.0 */
/* Keys chosen to share a slot of a hash table. Each generator here aims at the hash function that its table would have
 * without a secret; under a secret such keys are as spread out as any, which shows in the longest run of used slots:
 * a search looks at no more than that. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include <cmocka.h>

#include "../support/entries.h"
#include "index/build/segment_writer.h"
#include "scan/folder_set.h"

enum {
  KEYS = 20000,
  SLOT_MASK = (1 << 16) - 1, /* a table of KEYS values has 65,536 slots */
  AIMED_SLOTS = 64,
  /* With keys spread at random over three times as many slots, the probability of such a run is under 1e-20. */
  LONGEST_RUN = 200
};

/* Keys of a list's name and an aimed label, as a builder has for lists; without a name just the label. */
#define NAME "list"
#define LABEL_DIGITS 8

struct keys {
  char labels[KEYS][LABEL_DIGITS + 1];
  uint32_t count;
};

static void put_digits(char *label, uint32_t number) {
  for (size_t i = LABEL_DIGITS; i-- > 0; number >>= 4) label[i] = "0123456789abcdef"[number & 15];
}

/* Labels with which the unseeded hash of `prefix` and the label leads to the first slots of this table and of every
 * smaller one. */
static void aim(struct keys *keys, const char *prefix, size_t prefix_size) {
  char key[32] = {0};
  memcpy(key, prefix, prefix_size);
  keys->count = 0;
  for (uint32_t number = 0; keys->count < KEYS; number++) {
    put_digits(key + prefix_size, number);
    if ((XXH3_64bits(key, prefix_size + LABEL_DIGITS + 1) & SLOT_MASK) >= AIMED_SLOTS) continue;
    memcpy(keys->labels[keys->count++], key + prefix_size, LABEL_DIGITS + 1);
  }
}

static struct keys labels;
static struct keys versions;

static int set_up(void **state) {
  (void)state;
  aim(&labels, "", 0);
  aim(&versions, NAME, sizeof NAME);
  return 0;
}

static size_t longest_run(const struct intern_table *table) {
  size_t longest = 0;
  size_t run = 0;
  for (size_t i = 0; i < table->slot_count; i++) {
    run = table->slots[i] == 0 ? 0 : run + 1;
    if (run > longest) longest = run;
  }
  return longest;
}

static void aimed_labels_do_not_flood_a_table(void **state) {
  (void)state;
  struct intern_table table = {0};
  struct string_pool pool = {0};
  uint32_t number;
  for (uint32_t i = 0; i < KEYS; i++) {
    assert_true(intern(&table, &pool, labels.labels[i], LABEL_DIGITS + 1, &number));
    assert_int_equal(number, i);
  }
  assert_int_equal(table.slot_count, SLOT_MASK + 1);
  assert_true(longest_run(&table) < LONGEST_RUN);
  for (uint32_t i = 0; i < KEYS; i++) {
    assert_true(intern_find(&table, &pool, labels.labels[i], LABEL_DIGITS + 1, &number));
    assert_int_equal(number, i);
  }
  intern_free(&table);
  free(pool.bytes);
}

/* Both tables of a builder, which is also what a log's entries pass through when an index is opened. */
static hashscan_builder *flooded_builder(void) {
  hashscan_builder *builder;
  assert_int_equal(hashscan_builder_create(&builder, NULL), HASHSCAN_SUCCESS);
  for (uint32_t i = 0; i < KEYS; i++) {
    uint8_t hash[HASHSCAN_MAX_HASH_BYTES] = {0};
    store_u32(hash, i * 2654435761u);
    const char *const label = labels.labels[i];
    const hashscan_entry entry = entry_labelled(HASHSCAN_KIND_MD5, hash, NAME, versions.labels[i], "id", &label, 1);
    assert_int_equal(hashscan_builder_add(builder, &entry, NULL), HASHSCAN_SUCCESS);
  }
  assert_int_equal(builder_sort(builder, NULL), HASHSCAN_SUCCESS);
  return builder;
}

static void aimed_lists_do_not_flood_a_builder(void **state) {
  (void)state;
  hashscan_builder *builder = flooded_builder();
  assert_int_equal(builder->label_sets.value_count, KEYS);
  assert_int_equal(builder->lists.value_count, KEYS);
  assert_true(longest_run(&builder->label_sets) < LONGEST_RUN);
  assert_true(longest_run(&builder->lists) < LONGEST_RUN);
  hashscan_builder_destroy(builder);
}

/* Two builders have two secrets, and what they write must not show it. */
static void written_bytes_do_not_depend_on_the_secret(void **state) {
  (void)state;
  hashscan_builder *builders[2];
  struct buffer segments[2] = {{0}, {0}};
  for (int i = 0; i < 2; i++) {
    builders[i] = flooded_builder();
    assert_int_equal(segment_encode(builders[i], &segments[i], NULL), HASHSCAN_SUCCESS);
  }
  assert_memory_not_equal(builders[0]->label_sets.secret, builders[1]->label_sets.secret, INTERN_SECRET_BYTES);
  assert_int_equal(segments[0].size, segments[1].size);
  assert_memory_equal(segments[0].bytes, segments[1].bytes, segments[0].size);
  for (int i = 0; i < 2; i++) {
    buffer_free(&segments[i]);
    hashscan_builder_destroy(builders[i]);
  }
}

/* The inverse of an odd number modulo 2^64, by Newton's iteration. */
static uint64_t inverse(uint64_t odd) {
  uint64_t x = odd;
  for (int i = 0; i < 6; i++) x *= 2 - odd * x;
  return x;
}

/* A file system is free in its inode numbers. These lead to slot 0 when an inode is multiplied by the golden ratio and
 * the bits from 20 on are the slot, as folders once were hashed. */
static void aimed_inodes_do_not_flood_a_walk(void **state) {
  (void)state;
  const uint64_t golden = 0x9e3779b97f4a7c15u;
  struct folder_set set = {0};
  bool fresh;
  for (int round = 0; round < 2; round++) {
    for (uint64_t i = 0; i < KEYS; i++) {
      const struct folder_id id = {.device = 0, .inode = (ino_t)(i * inverse(golden))};
      assert_int_equal(id.inode * golden >> 20, 0);
      assert_true(folder_set_add(&set, id, &fresh));
      assert_int_equal(fresh, round == 0);
      assert_true(folder_set_has(&set, id));
    }
  }
  assert_false(folder_set_has(&set, (struct folder_id){.device = 1, .inode = 0}));
  assert_int_equal(set.count, KEYS);
  size_t longest = 0;
  for (size_t i = 0, run = 0; i < set.capacity; i++) {
    run = set.used[i] ? run + 1 : 0;
    if (run > longest) longest = run;
  }
  assert_true(longest < LONGEST_RUN);
  folder_set_free(&set);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(aimed_labels_do_not_flood_a_table),
      cmocka_unit_test(aimed_lists_do_not_flood_a_builder),
      cmocka_unit_test(written_bytes_do_not_depend_on_the_secret),
      cmocka_unit_test(aimed_inodes_do_not_flood_a_walk),
  };
  return cmocka_run_group_tests(tests, set_up, NULL);
}
