/* SPDX-License-Identifier: Apache-2.0 */
/* The log of an index: any bytes over two small segments are refused, or leave parts whose live entries can all be
 * numbered and read. The first byte says whether the rest is a whole log or records behind a good header; MANIFEST's
 * digest does not stand in the way here. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../support/entries.h"
#include "index/build/segment_writer.h"
#include "index/search/log.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

#define PARTS 2

static struct buffer segments[PARTS];

static void require(int holds) {
  if (!holds) abort();
}

static void make_segment(struct buffer *segment, unsigned entries) {
  hashscan_builder *builder;
  require(hashscan_builder_create(&builder, NULL) == HASHSCAN_SUCCESS);
  for (unsigned i = 0; i < entries; i++) {
    uint8_t hash[HASHSCAN_MAX_HASH_BYTES];
    char id[16];
    for (unsigned j = 0; j < sizeof hash; j++) hash[j] = (uint8_t)((i % 15) * 89 + j * j);
    snprintf(id, sizeof id, "%u", i);
    hashscan_entry entry =
        entry_labelled((hashscan_kind)(i % HASHSCAN_KIND_COUNT), hash, i % 5 ? "a" : "b", "1", id, ENTRY_LABELS("x"));
    entry.number = i % 3;
    require(hashscan_builder_add(builder, &entry, NULL) == HASHSCAN_SUCCESS);
  }
  require(builder_sort(builder, NULL) == HASHSCAN_SUCCESS);
  require(segment_encode(builder, segment, NULL) == HASHSCAN_SUCCESS);
  hashscan_builder_destroy(builder);
}

static void check_part(struct part *part) {
  require(part_finish(part, NULL) == HASHSCAN_SUCCESS);
  const uint32_t live = part_live_count(part);
  require(part_live_before(part, part->segment.entry_count) == live);
  for (uint32_t i = 0; i < live; i++) {
    struct list_entry entry;
    const uint32_t number = part_live_entry(part, i);
    require(number < part->segment.entry_count && !part_is_dead(part, number) && part_live_before(part, number) == i);
    part_entry(part, number, &entry);
    require(strlen(entry.list) == 1 && strlen(entry.version) < SIZE_MAX);
  }
  uint32_t of_kinds = 0;
  for (unsigned kind = 0; kind < HASHSCAN_KIND_COUNT; kind++) {
    of_kinds += part_live_of_kind(part, (hashscan_kind)kind);
    uint32_t rows;
    require(part_live_rows(part, (hashscan_kind)kind, &rows) && rows <= part_live_of_kind(part, (hashscan_kind)kind));
  }
  require(of_kinds == live);
}

/* Every entry that was added is one that a builder takes, and is written again as the bytes it came from. */
static void check_entries(const struct log_entries *entries) {
  hashscan_builder *builder;
  struct log_writer again = {0};
  require(hashscan_builder_create(&builder, NULL) == HASHSCAN_SUCCESS);
  for (size_t i = 0; i < entries->count; i++) {
    struct list_entry entry;
    log_entry_decode(&entries->items[i], &entry);
    require(builder_add(builder, &entry, NULL) == HASHSCAN_SUCCESS);
    again.bytes.size = 0;
    log_put_entry(&again, &entry);
    require(again.bytes.size == entries->items[i].size + LOG_RECORD_HEADER_BYTES &&
            again.bytes.size == log_entry_bytes(&entry) &&
            memcmp(again.bytes.bytes + LOG_RECORD_HEADER_BYTES, entries->items[i].payload, entries->items[i].size) ==
                0);
  }
  buffer_free(&again.bytes);
  hashscan_builder_destroy(builder);
}

static void check_log(const uint8_t *bytes, size_t size) {
  struct part parts[PARTS];
  struct log_entries entries = {0};
  for (unsigned i = 0; i < PARTS; i++) {
    parts[i] = (struct part){0};
    require(index_segment_validate("fuzz", segments[i].bytes, segments[i].size, &parts[i].segment, NULL) ==
            HASHSCAN_SUCCESS);
  }
  const hashscan_code code = log_replay("fuzz", bytes, size, parts, PARTS, &entries, NULL);
  require(code == HASHSCAN_SUCCESS || code == HASHSCAN_E_FORMAT || code == HASHSCAN_E_VERSION);
  if (code == HASHSCAN_SUCCESS) {
    for (unsigned i = 0; i < PARTS; i++) check_part(&parts[i]);
    check_entries(&entries);
  }
  for (unsigned i = 0; i < PARTS; i++) part_release(&parts[i]);
  log_entries_free(&entries);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
  if (segments[0].size == 0) {
    make_segment(&segments[0], 48);
    make_segment(&segments[1], 20);
  }
  if (size == 0) return 0;
  if (bytes[0] % 2 != 0) {
    check_log(bytes, size); /* as a log begins, with an odd byte */
    return 0;
  }
  struct log_writer log = {0};
  log_put_header(&log);
  log_put(&log, bytes + 1, size - 1);
  require(!log.failed);
  check_log(log.bytes.bytes, log.bytes.size);
  buffer_free(&log.bytes);
  return 0;
}
