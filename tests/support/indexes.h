/* SPDX-License-Identifier: Apache-2.0 */
/* Indexes of made-up hashes for tests. Functions fail the test that calls them when the library does. */
#ifndef HASHSCAN_TESTS_INDEXES_H
#define HASHSCAN_TESTS_INDEXES_H

#include "hashscan.h"

hashscan_builder *indexes_builder(void);
hashscan_index *indexes_open(const char *path);
hashscan_index *indexes_write_and_open(hashscan_builder *builder, const char *path);

/* Hash `number` of a kind, distinct up to 65,535; one in four shares all but its last bytes with others. */
void indexes_hash(hashscan_kind kind, size_t number, uint8_t hash[HASHSCAN_MAX_HASH_BYTES]);

/* Adds the hashes `first` to `end` - 1, of each kind in turn. */
void indexes_fill(hashscan_builder *builder, size_t first, size_t end);

/* hashscan_index_search with its options in one line. */
hashscan_code indexes_search(const hashscan_index *index, hashscan_kind kind, const void *queries, const void *unknown,
                             size_t count, unsigned radius, hashscan_hit_fn on_hit, void *user, hashscan_error *error);

#endif
