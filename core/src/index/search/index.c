/* SPDX-License-Identifier: Apache-2.0 */
/* An open index: its life and its entries. Numbers of entries run over the live entries of one part after the other. */
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
  scratch_pool_destroy(index->scratch);
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
