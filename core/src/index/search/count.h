/* SPDX-License-Identifier: Apache-2.0 */
/* How much an index holds, counted once when its parts have been loaded. */
#ifndef HASHSCAN_INDEX_SEARCH_COUNT_H
#define HASHSCAN_INDEX_SEARCH_COUNT_H

#include "index/search/index.h"

/* Counts what the parts hold, once they are finished. Errors: MEMORY; FORMAT, when they were not validated. */
hashscan_code index_count(const char *path, hashscan_index *index, hashscan_error *error);

#endif
