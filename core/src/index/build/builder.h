/* SPDX-License-Identifier: Apache-2.0 */
/* Entries collected in memory, on their way into a segment. */
#ifndef HASHSCAN_INDEX_BUILD_BUILDER_H
#define HASHSCAN_INDEX_BUILD_BUILDER_H

#include "base/file.h"
#include "base/strings.h"
#include "index/format/format.h"
#include "list/entry.h"

struct builder_entry {
  uint8_t hash[HASHSCAN_MAX_HASH_BYTES]; /* zeros behind a shorter one */
  uint64_t id;                           /* offset in the strings */
  uint64_t number;                       /* the caller's own */
  uint32_t list;                         /* number in `lists` */
  uint32_t labels;                       /* number in `label_sets`, plus one; 0: none */
};

struct builder_kind {
  struct builder_entry *entries;
  size_t count;
  size_t capacity;
  bool sorted; /* by hash, then by the order in which they were added */
};

struct hashscan_builder {
  struct builder_kind kinds[HASHSCAN_KIND_COUNT];
  struct string_pool strings;
  struct intern_table lists;      /* name, then version; `count` is the number of entries */
  struct intern_table label_sets; /* labels in order; `count` is their number */
  uint64_t last_id;               /* entries of one row share their id, and follow one another */
  uint64_t entry_count;
  bool numbered; /* an entry has a number other than 0 */
  mode_t mode;   /* of the files to write; 0: not said */
  char *labels;  /* of the entry that hashscan_builder_add is adding, one behind the other */
  size_t labels_capacity;
};

/* Adds one entry; copies everything it needs. Errors: ARGUMENT, MEMORY, LIMIT. */
hashscan_code builder_add(hashscan_builder *builder, const struct list_entry *entry, hashscan_error *error);

/* Fills `out` for entry `i` of a kind; its pointers live until the builder changes. */
void builder_entry(const hashscan_builder *builder, hashscan_kind kind, size_t i, struct list_entry *out);

/* Sorts every kind. Errors: MEMORY. */
hashscan_code builder_sort(hashscan_builder *builder, hashscan_error *error);

#endif
