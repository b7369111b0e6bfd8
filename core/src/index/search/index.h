/* SPDX-License-Identifier: Apache-2.0 */
/* Inside view of an open index, for the rooms that match against it, and for changing it. */
#ifndef HASHSCAN_INDEX_SEARCH_INDEX_H
#define HASHSCAN_INDEX_SEARCH_INDEX_H

#include <stdatomic.h>
#include <stdbool.h>

#include "base/strings.h"
#include "hashscan.h"
#include "index/format/manifest.h"
#include "index/search/log.h"
#include "index/search/part.h"

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
  /* What the log holds; given up after opening, but for a writer. */
  struct file_buffer log_bytes;
  struct log_entries log_entries;
};

/* Whether the index holds any entry of `kind`: matching computes only digests that someone lists. */
bool index_has_kind(const hashscan_index *index, hashscan_kind kind);

/* What hashscan_index_search is estimated to take for `search`, in nanoseconds of one thread. */
double index_search_cost(const hashscan_index *index, const hashscan_search *search);

/* How much of its segments is looked at. */
enum index_depth {
  INDEX_WHOLE,  /* index_segment_validate */
  INDEX_OUTLINE /* index_segment_outline: counting is all that may be done */
};

/* Reads the index in the folder `dirfd` into `index`, which is zeroed. When this fails, it is zeroed again. */
hashscan_code index_load(const char *path, int dirfd, enum index_depth depth, hashscan_index *index,
                         hashscan_error *error);
void index_unload(hashscan_index *index);

/* Counts what the parts hold, once they are finished. Errors: MEMORY; FORMAT, when they were not validated. */
hashscan_code index_count(const char *path, hashscan_index *index, hashscan_error *error);

/* Opens the index in the folder `dirfd`; `path` is for messages. With `keep_log` the log's records stay available. */
hashscan_code index_open_folder(const char *path, int dirfd, bool keep_log, hashscan_index **index,
                                hashscan_error *error);

/* Opens a folder that is to hold an index. Errors: FORMAT (no folder), IO. */
hashscan_code index_folder(const char *path, int *dirfd, hashscan_error *error);

#endif
