/* SPDX-License-Identifier: Apache-2.0 */
/* From the files of an index to its parts in memory. */
#ifndef HASHSCAN_INDEX_SEARCH_OPEN_H
#define HASHSCAN_INDEX_SEARCH_OPEN_H

#include "index/search/index.h"

/* How much of its segments is looked at. */
enum index_depth {
  INDEX_WHOLE,  /* index_segment_validate */
  INDEX_OUTLINE /* index_segment_outline: counting is all that may be done */
};

/* Reads the index in the folder `dirfd` into `index`, which is zeroed. When this fails, it is zeroed again. */
hashscan_code index_load(const char *path, int dirfd, enum index_depth depth, hashscan_index *index,
                         hashscan_error *error);

/* Opens the index in the folder `dirfd`; `path` is for messages. With `keep_log` the log's records stay available. */
hashscan_code index_open_folder(const char *path, int dirfd, bool keep_log, hashscan_index **index,
                                hashscan_error *error);

/* Opens a folder that is to hold an index. Errors: FORMAT (no folder), IO. */
hashscan_code index_folder(const char *path, int *dirfd, hashscan_error *error);

#endif
