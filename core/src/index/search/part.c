/* SPDX-License-Identifier: Apache-2.0 */
/* Tombstones, live numbers, counts and versions of one part. */
#include "index/search/part.h"

#include <stdlib.h>

#include "base/checked.h"
#include "base/error.h"

#define BLOCK_WORDS 8 /* a cache line of the bitmap */

/* ---- Changes --------------------------------------------------------------------------------------------------- */

hashscan_code part_kill(struct part *part, uint32_t entry) {
  if (part->dead == NULL) part->dead = calloc(part_bitmap_words(part->segment.entry_count), sizeof *part->dead);
  if (part->dead == NULL) return HASHSCAN_E_MEMORY;
  if (part_is_dead(part, entry)) return HASHSCAN_E_FORMAT;
  part->dead[entry / 64] |= (uint64_t)1 << entry % 64;
  part->dead_count++;
  return HASHSCAN_SUCCESS;
}

bool part_set_version(struct part *part, uint32_t list, const char *version) {
  if (part->versions == NULL) part->versions = calloc(part->segment.list_count, sizeof *part->versions);
  if (part->versions == NULL) return false;
  const size_t size = strlen(version) + 1;
  char *const copy = malloc(size);
  if (copy == NULL) return false;
  memcpy(copy, version, size);
  free(part->versions[list]);
  part->versions[list] = copy;
  return true;
}

/* ---- Numbers --------------------------------------------------------------------------------------------------- */

static bool count_blocks(struct part *part) {
  if (part->dead == NULL) return true;
  const size_t words = part_bitmap_words(part->segment.entry_count);
  part->dead_before = malloc((words / BLOCK_WORDS + 1) * sizeof *part->dead_before);
  if (part->dead_before == NULL) return false;
  uint32_t dead = 0;
  for (size_t word = 0; word < words; word++) {
    if (word % BLOCK_WORDS == 0) part->dead_before[word / BLOCK_WORDS] = dead;
    dead += (uint32_t)__builtin_popcountll(part->dead[word]);
  }
  return true;
}

hashscan_code part_finish(struct part *part, hashscan_error *error) {
  return count_blocks(part) ? HASHSCAN_SUCCESS : error_memory(error);
}

static uint32_t label_count(const struct segment *segment, uint32_t set) {
  return load_u32(segment->label_sets + (size_t)set * INDEX_LABEL_SET_BYTES + INDEX_LABEL_SET_COUNT);
}

/* Validation has walked over the same strings, so this adds no order of magnitude to opening an index. */
static bool list_labels(struct part *part) {
  const struct segment *segment = &part->segment;
  size_t total = 0;
  size_t bytes;
  for (uint32_t set = 0; set < segment->label_set_count; set++)
    if (!checked_add(total, label_count(segment, set), &total)) return false;
  if (total == 0) return true;
  if (!checked_mul(total, sizeof *part->labels, &bytes)) return false;
  part->labels = malloc(bytes);
  part->label_starts = malloc(segment->label_set_count * sizeof *part->label_starts);
  if (part->labels == NULL || part->label_starts == NULL) return false;
  size_t next = 0;
  for (uint32_t set = 0; set < segment->label_set_count; set++) {
    const uint8_t *record = segment->label_sets + (size_t)set * INDEX_LABEL_SET_BYTES;
    const char *label = segment->strings + load_u64(record + INDEX_LABEL_SET_FIRST);
    part->label_starts[set] = next;
    for (uint32_t i = 0; i < label_count(segment, set); i++, label = list_next_string(label))
      part->labels[next++] = label;
  }
  return true;
}

const char *const *part_entry_labels(const struct part *part, uint32_t entry) {
  const uint32_t set = segment_entry_labels(&part->segment, entry);
  return set == 0 ? NULL : part->labels + part->label_starts[set];
}

hashscan_code part_make_searchable(struct part *part, hashscan_error *error) {
  if (!list_labels(part)) return error_memory(error);
  for (unsigned kind = 0; kind < HASHSCAN_KIND_COUNT; kind++) {
    if (!hashscan_kind_perceptual((hashscan_kind)kind)) continue;
    part->searchers[kind] = searcher_create(&part->segment, (hashscan_kind)kind);
    if (part->searchers[kind] == NULL) return error_memory(error);
  }
  return HASHSCAN_SUCCESS;
}

uint32_t part_live_before(const struct part *part, uint32_t entry) {
  if (part->dead == NULL) return entry;
  const size_t last = entry / 64;
  size_t word = last / BLOCK_WORDS * BLOCK_WORDS;
  uint32_t dead = part->dead_before[word / BLOCK_WORDS];
  for (; word < last; word++) dead += (uint32_t)__builtin_popcountll(part->dead[word]);
  dead += (uint32_t)__builtin_popcountll(part->dead[last] & (((uint64_t)1 << entry % 64) - 1));
  return entry - dead;
}

/* The first entry by which more than `live` live ones have passed is the one. */
uint32_t part_live_entry(const struct part *part, uint32_t live) {
  if (part->dead == NULL) return live;
  uint32_t low = live;
  uint32_t high = live + part->dead_count;
  while (low < high) {
    const uint32_t middle = low + (high - low) / 2;
    if (part_live_before(part, middle + 1) > live) high = middle;
    else low = middle + 1;
  }
  return low;
}

uint32_t part_live_of_kind(const struct part *part, hashscan_kind kind) {
  const struct segment_kind *rows = &part->segment.kinds[kind];
  return part_live_before(part, rows->first_entry + rows->entry_count) - part_live_before(part, rows->first_entry);
}

/* ---- Counting by dead entries ---------------------------------------------------------------------------------- */

/* The first dead entry at or after `entry`; entry_count when there is none. */
static uint32_t next_dead(const struct part *part, uint32_t entry) {
  const size_t words = part_bitmap_words(part->segment.entry_count);
  size_t word = entry / 64;
  uint64_t bits = part->dead[word] & UINT64_MAX << entry % 64;
  while (bits == 0) {
    if (++word == words) return part->segment.entry_count;
    bits = part->dead[word];
  }
  return (uint32_t)(word * 64) + (uint32_t)__builtin_ctzll(bits);
}

/* The last row from `row` on that begins at or before `entry`, in steps that double and are then halved: dead entries
 * are often close together. */
static uint32_t gallop(const struct segment_kind *rows, uint32_t row, uint32_t entry) {
  uint32_t step = 1;
  while (rows->row_count - row > step && segment_row_start(rows, row + step) <= entry) {
    row += step;
    step = step > UINT32_MAX / 2 ? UINT32_MAX : step * 2;
  }
  return segment_row_between(rows, row, rows->row_count - row > step ? row + step : rows->row_count, entry);
}

bool part_live_rows(const struct part *part, hashscan_kind kind, uint32_t *rows) {
  const struct segment_kind *of = &part->segment.kinds[kind];
  const uint32_t kind_end = of->first_entry + of->entry_count;
  /* Where no two entries share a row, none needs to be looked up. */
  *rows = of->row_count == of->entry_count ? part_live_of_kind(part, kind) : of->row_count;
  if (part->dead == NULL || of->row_count == of->entry_count) return true;
  uint32_t next = of->first_entry;
  uint32_t row = 0;
  for (uint32_t dead; (dead = next_dead(part, next)) < kind_end; row++) {
    row = gallop(of, row, dead);
    const uint32_t start = segment_row_start(of, row);
    const uint32_t end = row + 1 == of->row_count ? kind_end : segment_row_start(of, row + 1);
    if (start < next || start > dead || end <= dead || end > kind_end) return false;
    *rows -= part_live_before(part, start) == part_live_before(part, end);
    next = end;
  }
  return true;
}

bool part_live_by_list(const struct part *part, uint64_t *live) {
  const struct segment *segment = &part->segment;
  for (uint32_t list = 0; list < segment->list_count; list++)
    live[list] = load_u64(segment->lists + (size_t)list * INDEX_LIST_BYTES + INDEX_LIST_ENTRIES);
  if (segment->list_count == 1) live[0] = part_live_count(part);
  if (part->dead == NULL || segment->list_count == 1) return true;
  for (uint32_t dead = 0; (dead = next_dead(part, dead)) < segment->entry_count; dead++) {
    const uint32_t list = part_entry_list(part, dead);
    if (list >= segment->list_count || live[list] == 0) return false;
    live[list]--;
  }
  return true;
}

/* ---- Reading --------------------------------------------------------------------------------------------------- */

static const char *list_string(const struct part *part, uint32_t list, size_t field) {
  const uint8_t *record = part->segment.lists + (size_t)list * INDEX_LIST_BYTES;
  return part->segment.strings + load_u64(record + field);
}

const char *part_list_name(const struct part *part, uint32_t list) {
  return list_string(part, list, INDEX_LIST_NAME);
}

const char *part_list_version(const struct part *part, uint32_t list) {
  if (part->versions != NULL && part->versions[list] != NULL) return part->versions[list];
  return list_string(part, list, INDEX_LIST_VERSION);
}

void part_entry(const struct part *part, uint32_t entry, struct list_entry *out) {
  segment_entry(&part->segment, entry, out);
  if (part->versions != NULL) out->version = part_list_version(part, part_entry_list(part, entry));
}

void part_release(struct part *part) {
  for (unsigned kind = 0; kind < HASHSCAN_KIND_COUNT; kind++) searcher_destroy(part->searchers[kind]);
  for (uint32_t list = 0; part->versions != NULL && list < part->segment.list_count; list++) free(part->versions[list]);
  free(part->versions);
  free(part->labels);
  free(part->label_starts);
  free(part->dead_before);
  free(part->dead);
  buffer_free(&part->memory);
  file_map_close(&part->map);
  *part = (struct part){0};
}
