/* SPDX-License-Identifier: Apache-2.0 */
/* Indexes of made-up hashes. */
#include "indexes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "fixture.h"
#include "random.h"

hashscan_builder *indexes_builder(void) {
  hashscan_builder *builder;
  hashscan_error error;
  assert_int_equal(hashscan_builder_create(&builder, &error), HASHSCAN_SUCCESS);
  return builder;
}

hashscan_index *indexes_open(const char *path) {
  hashscan_index *index;
  hashscan_error error;
  if (hashscan_index_open(path, &index, &error) != HASHSCAN_SUCCESS) fail_msg("%s", error.message);
  return index;
}

hashscan_index *indexes_write_and_open(hashscan_builder *builder, const char *path) {
  hashscan_error error;
  if (hashscan_builder_write(builder, path, &error) != HASHSCAN_SUCCESS) fail_msg("%s", error.message);
  return indexes_open(path);
}

void indexes_hash(hashscan_kind kind, size_t number, uint8_t hash[HASHSCAN_MAX_HASH_BYTES]) {
  struct random_state state = random_seeded(number * 8 + (size_t)kind);
  for (size_t i = 0; i < HASHSCAN_MAX_HASH_BYTES; i++) hash[i] = (uint8_t)random_next(&state);
  const size_t size = hashscan_kind_bytes(kind);
  if (number % 4 == 0) memset(hash, 0xab, size);
  hash[size - 2] = (uint8_t)(number >> 8);
  hash[size - 1] = (uint8_t)number;
}

void indexes_fill(hashscan_builder *builder, size_t first, size_t end) {
  for (size_t i = first; i < end; i++) {
    const hashscan_kind kind = (hashscan_kind)(i % HASHSCAN_KIND_COUNT);
    uint8_t hash[HASHSCAN_MAX_HASH_BYTES];
    indexes_hash(kind, i, hash);
    fixture_add(builder, kind, hash, "id");
  }
}

hashscan_code indexes_search(const hashscan_index *index, hashscan_kind kind, const void *queries, const void *unknown,
                             size_t count, unsigned radius, hashscan_hit_fn on_hit, void *user, hashscan_error *error) {
  hashscan_search search = HASHSCAN_SEARCH_INIT;
  search.kind = kind;
  search.queries = queries;
  search.unknown = unknown;
  search.count = count;
  search.radius = radius;
  return hashscan_index_search(index, &search, on_hit, user, error);
}
