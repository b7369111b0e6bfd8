/* SPDX-License-Identifier: Apache-2.0 */
/* Index files: whatever a segment or a MANIFEST holds, validation refuses it or every question about it is answered
 * from inside of it. The first byte picks what the rest is: a segment, a MANIFEST, or changes to a valid segment, three
 * bytes each (offset, value), after which its digests are made right, so that the checks behind them are reached. */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../support/entries.h"
#include "../support/seal.h"
#include "base/file_read.h"
#include "hamming/hamming.h"
#include "index/build/segment_writer.h"
#include "index/format/manifest.h"
#include "index/format/segment.h"
#include "index/search/part.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static struct buffer valid;

static void require(int holds) {
  if (!holds) abort();
}

/* A small segment with every kind, equal hashes, two lists, ids and labels. */
static void fill(hashscan_builder *builder) {
  for (unsigned i = 0; i < 48; i++) {
    uint8_t hash[HASHSCAN_MAX_HASH_BYTES];
    for (unsigned j = 0; j < sizeof hash; j++) hash[j] = (uint8_t)((i % 40) * 89 + j * j);
    char id[8];
    snprintf(id, sizeof id, "%u", i);
    static const char *const labels[] = {"x", "y"};
    hashscan_entry entry = entry_labelled((hashscan_kind)(i % 4), hash, i % 5 ? "a" : "b", "1", id, labels, i % 3);
    entry.number = i % 2 == 0 ? 0 : (uint64_t)i << 40;
    require(hashscan_builder_add(builder, &entry, NULL) == HASHSCAN_SUCCESS);
  }
}

static void make_valid(void) {
  char folder[] = "/tmp/hashscan-fuzz-XXXXXX";
  hashscan_builder *builder;
  uint8_t digest[INDEX_DIGEST_BYTES];
  uint64_t size;
  char name[INDEX_SEGMENT_NAME_BYTES];
  char reason[160];
  require(mkdtemp(folder) != NULL);
  const int dirfd = open(folder, O_RDONLY | O_DIRECTORY);
  require(dirfd >= 0);
  require(hashscan_builder_create(&builder, NULL) == HASHSCAN_SUCCESS);
  fill(builder);
  require(builder_sort(builder, NULL) == HASHSCAN_SUCCESS);
  require(segment_write(builder, dirfd, &(struct file_access){.mode = ACCESS_PRIVATE}, digest, &size, NULL) ==
          HASHSCAN_SUCCESS);
  hashscan_builder_destroy(builder);
  index_segment_name(digest, name);
  require(file_read(dirfd, name, UINT64_MAX, &valid, reason) == HASHSCAN_STATUS_OK);
  unlinkat(dirfd, name, 0);
  close(dirfd);
  rmdir(folder);
}

static size_t walk_entry(const struct segment *segment, uint32_t number) {
  struct list_entry entry;
  segment_entry(segment, number, &entry);
  size_t read = (size_t)(entry.number & 1) + strlen(entry.list) + strlen(entry.version) + strlen(entry.id);
  const char *label = entry.labels;
  for (size_t i = 0; i < entry.label_count; i++) {
    read += strlen(label) + 1;
    label += strlen(label) + 1;
  }
  uint32_t first = 0;
  uint32_t end = 0;
  require(segment_lookup(segment, entry.kind, entry.hash, &first, &end));
  require(first <= number && number < end);
  return read;
}

static bool count_entries(void *user, size_t row, uint32_t query, unsigned distance) {
  const struct segment *segment = ((void **)user)[0];
  size_t *count = ((void **)user)[1];
  (void)query;
  require(distance <= 256);
  *count += segment_row_start(&segment->kinds[0], row + 1) - segment_row_start(&segment->kinds[0], row);
  return true;
}

/* Asks everything that the index asks of a segment. */
static void walk(struct segment *segment) {
  for (uint32_t i = 0; i < segment->entry_count; i++) walk_entry(segment, i);
  const hashscan_pdq query = {{0}};
  size_t found = 0;
  void *user[2] = {segment, &found};
  hamming_scan(segment->kinds[0].rows, segment->kinds[0].row_count, sizeof query.bytes, query.bytes, NULL, 1, 256,
               count_entries, user);
  require(found == segment->kinds[0].entry_count);
}

static uint32_t count_live_rows(const struct part *part, const struct segment_kind *kind) {
  uint32_t live = 0;
  for (uint32_t row = 0; row < kind->row_count; row++)
    live += part_live_before(part, segment_row_start(kind, row)) <
            part_live_before(part, segment_row_start(kind, (size_t)row + 1));
  return live;
}

/* Counts from an outline are those of the segment where it is sound, and otherwise anything, but counted inside. */
static void check_counts(struct part *part, const uint64_t *live, bool listed, bool sound) {
  uint64_t entries = 0;
  for (unsigned kind = 0; kind < HASHSCAN_KIND_COUNT; kind++) {
    uint32_t rows;
    const bool counted = part_live_rows(part, (hashscan_kind)kind, &rows);
    entries += part_live_of_kind(part, (hashscan_kind)kind);
    require(!sound || (counted && rows == count_live_rows(part, &part->segment.kinds[kind])));
  }
  require(entries == part_live_count(part));
  for (uint32_t list = 0; list < part->segment.list_count && listed; list++) {
    entries -= live[list];
    require(strlen(part_list_name(part, list)) <= HASHSCAN_MAX_LIST_NAME);
    require(strlen(part_list_version(part, list)) <= HASHSCAN_MAX_LIST_NAME);
  }
  require(listed ? entries == 0 : !sound);
}

static void check_outline(const uint8_t *bytes, size_t size, bool sound) {
  struct part part = {0};
  hashscan_error error;
  if (index_segment_outline("fuzz", bytes, size, &part.segment, &error) != HASHSCAN_SUCCESS) {
    require(!sound);
    return;
  }
  for (uint32_t entry = (uint32_t)(size % 5); entry < part.segment.entry_count; entry += 1 + entry % 3)
    require(part_kill(&part, entry) == HASHSCAN_SUCCESS);
  require(part_finish(&part, &error) == HASHSCAN_SUCCESS);
  uint64_t *live = calloc((size_t)part.segment.list_count + 1, sizeof *live);
  require(live != NULL);
  check_counts(&part, live, part_live_by_list(&part, live), sound);
  free(live);
  part_release(&part);
}

static void check_segment(const uint8_t *bytes, size_t size) {
  struct segment segment;
  hashscan_error error;
  const hashscan_code code = index_segment_validate("fuzz", bytes, size, &segment, &error);
  require(code == HASHSCAN_SUCCESS || code == HASHSCAN_E_FORMAT || code == HASHSCAN_E_VERSION);
  check_outline(bytes, size, code == HASHSCAN_SUCCESS);
  if (code == HASHSCAN_SUCCESS) walk(&segment);
}

static void check_sealed(const uint8_t *bytes, size_t size) {
  uint8_t *copy = malloc(size);
  require(copy != NULL || size == 0);
  if (size > 0) memcpy(copy, bytes, size);
  seal_segment(copy, size);
  check_segment(copy, size);
  free(copy);
}

static void check_changed(const uint8_t *bytes, size_t size) {
  uint8_t *copy = malloc(valid.size);
  require(copy != NULL);
  memcpy(copy, valid.bytes, valid.size);
  for (size_t i = 0; i + 3 <= size; i += 3) copy[(bytes[i] << 8 | bytes[i + 1]) % (int)valid.size] = bytes[i + 2];
  seal_segment(copy, valid.size);
  check_segment(copy, valid.size);
  free(copy);
}

/* What decodes encodes to the same bytes. */
static void check_manifest(const uint8_t *bytes, size_t size) {
  struct manifest manifest;
  uint8_t copy[INDEX_MANIFEST_MAX_BYTES + 64] = INDEX_MANIFEST_MAGIC;
  store_u32(copy + INDEX_HEADER_VERSION, INDEX_FORMAT_VERSION);
  manifest_decode("fuzz", bytes, size, &manifest, NULL);
  if (size > sizeof copy - INDEX_HEADER_COUNT) return;
  const size_t whole = size + INDEX_HEADER_COUNT;
  if (size > 0) memcpy(copy + INDEX_HEADER_COUNT, bytes, size);
  if (whole <= INDEX_MANIFEST_MAX_BYTES) seal_header(copy, whole, whole);
  if (manifest_decode("fuzz", copy, whole, &manifest, NULL) != HASHSCAN_SUCCESS) return;
  uint8_t again[INDEX_MANIFEST_MAX_BYTES];
  require(manifest_encode(&manifest, again) == whole && memcmp(copy, again, whole) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
  if (valid.size == 0) make_valid();
  if (size == 0) return 0;
  switch (bytes[0] % 4) {
  case 0:
    check_segment(bytes + 1, size - 1);
    break;
  case 1:
    check_sealed(bytes + 1, size - 1);
    break;
  case 2:
    check_manifest(bytes + 1, size - 1);
    break;
  default:
    check_changed(bytes + 1, size - 1);
  }
  return 0;
}
