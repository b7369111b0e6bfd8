/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzz target: an index from one run of bytes. Any bytes are refused or open to an index that can be searched, and that
 * is written again as the same bytes. The first byte of the input chooses: bytes as they are, bytes whose digests are
 * made right first, or a valid blob with some bytes changed and its digests made right. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../support/entries.h"
#include "../support/seal.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static uint8_t *valid;
static size_t valid_size;

static void require(int holds) {
  if (!holds) abort();
}

static void add(hashscan_builder *builder, hashscan_updater *updater, unsigned i) {
  static const char *const labels[] = {"x", "y"};
  uint8_t hash[HASHSCAN_MAX_HASH_BYTES];
  char id[8];
  for (unsigned j = 0; j < sizeof hash; j++) hash[j] = (uint8_t)((i % 40) * 89 + j * j);
  snprintf(id, sizeof id, "%u", i);
  hashscan_entry entry =
      entry_labelled((hashscan_kind)(i % HASHSCAN_KIND_COUNT), hash, i % 5 ? "a" : "b", "1", id, labels, i % 3);
  entry.number = i % 4;
  require((builder != NULL ? hashscan_builder_add(builder, &entry, NULL)
                           : hashscan_updater_add(updater, &entry, NULL)) == HASHSCAN_SUCCESS);
}

/* Two segments, the second of which is there because the first is smaller, and a log with additions and removals. */
static void make_valid(void) {
  char folder[] = "/tmp/hashscan-fuzz-XXXXXX";
  char command[64];
  hashscan_builder *builder;
  hashscan_updater *updater;
  hashscan_index *index;
  require(mkdtemp(folder) != NULL);
  require(hashscan_builder_create(&builder, NULL) == HASHSCAN_SUCCESS);
  for (unsigned i = 0; i < 40; i++) add(builder, NULL, i);
  require(hashscan_builder_write(builder, folder, NULL) == HASHSCAN_SUCCESS);
  hashscan_builder_destroy(builder);
  require(hashscan_updater_open(folder, &updater, NULL) == HASHSCAN_SUCCESS);
  for (unsigned i = 40; i < 60; i++) add(NULL, updater, i);
  require(hashscan_updater_remove_id(updater, NULL, "7", NULL) == HASHSCAN_SUCCESS);
  require(hashscan_updater_commit(updater, NULL, NULL) == HASHSCAN_SUCCESS);
  hashscan_updater_close(updater);
  require(hashscan_index_open(folder, &index, NULL) == HASHSCAN_SUCCESS);
  require(hashscan_index_write_bytes(index, NULL, 0, &valid_size, NULL) == HASHSCAN_SUCCESS);
  valid = malloc(valid_size);
  require(valid != NULL);
  require(hashscan_index_write_bytes(index, valid, valid_size, &valid_size, NULL) == HASHSCAN_SUCCESS);
  hashscan_index_close(index);
  snprintf(command, sizeof command, "rm -r %s", folder);
  require(system(command) == 0);
}

static size_t walk_entry(const hashscan_index *index, uint64_t number) {
  hashscan_entry entry = HASHSCAN_ENTRY_INIT;
  require(hashscan_index_entry(index, number, &entry, NULL) == HASHSCAN_SUCCESS);
  size_t read = strlen(entry.list) + strlen(entry.version) + strlen(entry.id) + (size_t)(entry.number & 1);
  for (size_t i = 0; i < entry.label_count; i++) read += strlen(entry.labels[i]);
  size_t count = 0;
  if (entry.kind == HASHSCAN_KIND_PDQ || entry.kind == HASHSCAN_KIND_HASH64) {
    hashscan_search search = HASHSCAN_SEARCH_INIT;
    search.kind = entry.kind;
    search.queries = entry.hash;
    search.count = 1;
    require(hashscan_index_search_hits(index, &search, NULL, 0, &count, NULL) == HASHSCAN_SUCCESS);
  } else {
    require(hashscan_index_lookup_hits(index, entry.kind, entry.hash, 1, NULL, 0, &count, NULL) == HASHSCAN_SUCCESS);
  }
  require(count > 0);
  return read;
}

static void check(const uint8_t *bytes, size_t size) {
  hashscan_index *index;
  if (hashscan_index_open_bytes(bytes, size, &index, NULL) != HASHSCAN_SUCCESS) {
    require(index == NULL);
    return;
  }
  hashscan_index_info info = HASHSCAN_INDEX_INFO_INIT;
  size_t again_size;
  hashscan_index_describe(index, &info, NULL);
  size_t read = 0;
  for (uint64_t i = 0; i < info.entries; i++) read += walk_entry(index, i);
  require(read < SIZE_MAX);
  uint8_t *again = malloc(size);
  require(again != NULL);
  require(hashscan_index_write_bytes(index, again, size, &again_size, NULL) == HASHSCAN_SUCCESS);
  require(again_size == size && memcmp(again, bytes, size) == 0);
  free(again);
  hashscan_index_close(index);
}

static void check_sealed(const uint8_t *bytes, size_t size) {
  uint8_t *copy = malloc(size);
  require(copy != NULL || size == 0);
  if (size > 0) memcpy(copy, bytes, size);
  seal_blob(copy, size);
  check(copy, size);
  free(copy);
}

static void check_changed(const uint8_t *bytes, size_t size) {
  uint8_t *copy = malloc(valid_size);
  require(copy != NULL);
  memcpy(copy, valid, valid_size);
  for (size_t i = 0; i + 3 <= size; i += 3) copy[(size_t)(bytes[i] << 8 | bytes[i + 1]) % valid_size] = bytes[i + 2];
  seal_blob(copy, valid_size);
  check(copy, valid_size);
  free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
  if (valid == NULL) {
    make_valid();
    check(valid, valid_size);
  }
  if (size == 0) return 0;
  switch (bytes[0] % 3) {
  case 0:
    check(bytes + 1, size - 1);
    break;
  case 1:
    check_sealed(bytes + 1, size - 1);
    break;
  default:
    check_changed(bytes + 1, size - 1);
  }
  return 0;
}
