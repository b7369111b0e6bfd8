/* SPDX-License-Identifier: Apache-2.0 */
/* Inside view of an open index, for the rooms that match against it, and for changing it. */
#ifndef HASHSCAN_INDEX_SEARCH_INDEX_H
#define HASHSCAN_INDEX_SEARCH_INDEX_H

#include <stdatomic.h>
#include <stdbool.h>

#include "base/buffer.h"
#include "base/strings.h"
#include "hashscan.h"
#include "index/format/manifest.h"
#include "index/search/log.h"
#include "index/search/part.h"
#include "index/search/scratch.h"

struct hashscan_index {
  atomic_size_t references;
  struct manifest manifest;
  struct part *parts; /* the segments in MANIFEST's order, then the log's live entries if there are any */
  uint32_t part_count;
  uint64_t entries;                              /* live */
  uint64_t dead;                                 /* in segments and in the log */
  uint64_t entries_by_kind[HASHSCAN_KIND_COUNT]; /* live */
  uint64_t distinct_pdq;
  mode_t mode; /* hashscan_index_info.mode */
  /* Name and version of each list that has a live entry; `count` is the number of those. */
  struct string_pool list_strings;
  struct intern_table lists;
  /* The log as it was when the index was opened, and what it holds, which is kept for a writer alone. */
  struct buffer log_bytes;
  struct log_entries log_entries;
  struct scratch_pool *scratch; /* of searches; NULL until the index is searchable */
};

/* Whether the index holds any entry of `kind`: matching computes only digests that someone lists. */
bool index_has_kind(const hashscan_index *index, hashscan_kind kind);

/* Frees everything that `index` holds, and zeroes it. */
void index_unload(hashscan_index *index);

/* What hashscan_index_search is estimated to take for `search`, in nanoseconds of one thread. */
double index_search_cost(const hashscan_index *index, const hashscan_search *search);

#endif
