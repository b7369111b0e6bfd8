/* SPDX-License-Identifier: Apache-2.0 */
/* An open index: its life, its entries, and searching it. A search goes to all parts; numbers of entries run over the
 * live entries of one part after the other. */
#include "index/search/index.h"

#include <stdlib.h>

#include "base/error.h"
#include "base/options.h"

/* ---- Its life -------------------------------------------------------------------------------------------------- */

void index_unload(hashscan_index *index) {
  for (uint32_t i = 0; i < index->part_count; i++) part_release(&index->parts[i]);
  free(index->parts);
  free(index->list_strings.bytes);
  intern_free(&index->lists);
  buffer_free(&index->log_bytes);
  log_entries_free(&index->log_entries);
  *index = (hashscan_index){0};
}

hashscan_index *hashscan_index_retain(hashscan_index *index) {
  if (index != NULL) atomic_fetch_add_explicit(&index->references, 1, memory_order_relaxed);
  return index;
}

void hashscan_index_close(hashscan_index *index) {
  /* Acquire and release: whatever other threads did with the index happens before the one that frees it. */
  if (index == NULL || atomic_fetch_sub_explicit(&index->references, 1, memory_order_acq_rel) != 1) return;
  index_unload(index);
  free(index);
}

/* ---- What it holds --------------------------------------------------------------------------------------------- */

bool index_has_kind(const hashscan_index *index, hashscan_kind kind) {
  return index->entries_by_kind[kind] > 0;
}

/* The part that holds an entry, and its number there. */
static hashscan_code find_entry(const hashscan_index *index, uint64_t entry, const struct part **part, uint32_t *number,
                                hashscan_error *error) {
  if (entry >= index->entries)
    return error_set(error, HASHSCAN_E_ARGUMENT, "entry %llu of %llu", (unsigned long long)entry,
                     (unsigned long long)index->entries);
  const struct part *holder = index->parts;
  while (entry - holder->base >= part_live_count(holder)) holder++;
  *part = holder;
  *number = part_live_entry(holder, (uint32_t)(entry - holder->base));
  return HASHSCAN_SUCCESS;
}

hashscan_code hashscan_index_entry(const hashscan_index *index, uint64_t entry, hashscan_entry *out,
                                   hashscan_error *error) {
  if (index == NULL || out == NULL) return error_set(error, HASHSCAN_E_ARGUMENT, "index or out is NULL");
  const struct part *part;
  uint32_t number;
  const hashscan_code code = find_entry(index, entry, &part, &number, error);
  if (code != HASHSCAN_SUCCESS) return code;
  struct list_entry found;
  part_entry(part, number, &found);
  const hashscan_entry filled = {.kind = found.kind,
                                 .hash = found.hash,
                                 .list = found.list,
                                 .version = found.version,
                                 .id = found.id,
                                 .labels = part_entry_labels(part, number),
                                 .label_count = found.label_count,
                                 .number = found.number};
  return options_fill(out, &filled, sizeof filled, "hashscan_entry", error);
}

hashscan_code hashscan_index_numbers(const hashscan_index *index, const hashscan_hit *hits, size_t count,
                                     uint64_t *numbers, hashscan_error *error) {
  if (index == NULL || ((hits == NULL || numbers == NULL) && count > 0))
    return error_set(error, HASHSCAN_E_ARGUMENT, "index, hits or numbers is NULL");
  for (size_t i = 0; i < count; i++) {
    const struct part *part;
    uint32_t number;
    const hashscan_code code = find_entry(index, hits[i].entry, &part, &number, error);
    if (code != HASHSCAN_SUCCESS) return code;
    numbers[i] = segment_number(&part->segment, number);
  }
  return HASHSCAN_SUCCESS;
}

/* ---- Searching ------------------------------------------------------------------------------------------------- */

struct visitor {
  const struct part *part;
  const struct segment_kind *rows;
  hashscan_hit_fn on_hit;
  void *user;
};

/* Reports the live ones among the entries of a row. False when the callback ended the search. */
static bool visit_entries(const struct visitor *visitor, uint32_t first, uint32_t end, uint32_t query,
                          unsigned distance) {
  const struct part *part = visitor->part;
  for (uint32_t entry = first; entry < end; entry++) {
    if (part_is_dead(part, entry)) continue;
    const hashscan_hit hit = {
        .entry = part->base + part_live_before(part, entry), .query = query, .distance = distance};
    if (visitor->on_hit(visitor->user, &hit) != 0) return false;
  }
  return true;
}

static bool visit_row(void *user, size_t row, uint32_t query, unsigned distance) {
  const struct visitor *visitor = user;
  return visit_entries(visitor, segment_row_start(visitor->rows, row), segment_row_start(visitor->rows, row + 1), query,
                       distance);
}

static hashscan_code read_search(const hashscan_search *given, hashscan_search *search, hashscan_error *error) {
  *search = (hashscan_search)HASHSCAN_SEARCH_INIT;
  if (given == NULL) return error_set(error, HASHSCAN_E_ARGUMENT, "search is NULL");
  const hashscan_code code = options_copy(search, sizeof *search, given, "hashscan_search", error);
  if (code != HASHSCAN_SUCCESS) return code;
  if (!index_kind_is_perceptual(search->kind))
    return error_set(error, HASHSCAN_E_ARGUMENT, "kind %s is not searched by distance",
                     hashscan_kind_name(search->kind));
  if (search->queries == NULL && search->count > 0) return error_set(error, HASHSCAN_E_ARGUMENT, "queries is NULL");
  if (search->radius > HAMMING_MAX_RADIUS)
    return error_set(error, HASHSCAN_E_ARGUMENT, "radius %u is outside of 0 to %d", search->radius, HAMMING_MAX_RADIUS);
  if (search->count > UINT32_MAX) return error_set(error, HASHSCAN_E_ARGUMENT, "more than 2^32 - 1 queries");
  return HASHSCAN_SUCCESS;
}

hashscan_code hashscan_index_search(const hashscan_index *index, const hashscan_search *given, hashscan_hit_fn on_hit,
                                    void *user, hashscan_error *error) {
  if (index == NULL || on_hit == NULL) return error_set(error, HASHSCAN_E_ARGUMENT, "index or on_hit is NULL");
  hashscan_search search;
  const hashscan_code code = read_search(given, &search, error);
  if (code != HASHSCAN_SUCCESS) return code;
  for (uint32_t i = 0; i < index->part_count; i++) {
    const struct part *part = &index->parts[i];
    struct visitor visitor = {part, &part->segment.kinds[search.kind], on_hit, user};
    if (!searcher_search(part->searchers[search.kind], search.queries, search.unknown, (uint32_t)search.count,
                         search.radius, visit_row, &visitor))
      return error_set(error, HASHSCAN_E_STOPPED, "the search was stopped by its callback");
  }
  return HASHSCAN_SUCCESS;
}

double index_search_cost(const hashscan_index *index, const hashscan_search *search) {
  double cost = 0.0;
  for (uint32_t i = 0; i < index->part_count; i++)
    cost += searcher_cost(index->parts[i].searchers[search->kind], search->queries, search->unknown,
                          (uint32_t)search->count, search->radius);
  return cost;
}

hashscan_code hashscan_index_lookup(const hashscan_index *index, hashscan_kind kind, const uint8_t *digest,
                                    hashscan_hit_fn on_hit, void *user, hashscan_error *error) {
  if (index == NULL || digest == NULL || on_hit == NULL)
    return error_set(error, HASHSCAN_E_ARGUMENT, "index, digest or on_hit is NULL");
  if (hashscan_kind_bytes(kind) == 0 || index_kind_is_perceptual(kind))
    return error_set(error, HASHSCAN_E_ARGUMENT, "kind %s has no digests to look up", hashscan_kind_name(kind));
  for (uint32_t i = 0; i < index->part_count; i++) {
    const struct part *part = &index->parts[i];
    const struct visitor visitor = {part, &part->segment.kinds[kind], on_hit, user};
    uint32_t first;
    uint32_t end;
    if (segment_lookup(&part->segment, kind, digest, &first, &end) && !visit_entries(&visitor, first, end, 0, 0))
      return error_set(error, HASHSCAN_E_STOPPED, "the lookup was stopped by its callback");
  }
  return HASHSCAN_SUCCESS;
}
