/* SPDX-License-Identifier: Apache-2.0 */
/* List entries in one expression. */
#ifndef HASHSCAN_TESTS_ENTRIES_H
#define HASHSCAN_TESTS_ENTRIES_H

#include "hashscan.h"

static inline hashscan_entry entry_labelled(hashscan_kind kind, const uint8_t *hash, const char *list,
                                            const char *version, const char *id, const char *const *labels,
                                            size_t label_count) {
  hashscan_entry entry = HASHSCAN_ENTRY_INIT;
  entry.kind = kind;
  entry.hash = hash;
  entry.list = list;
  entry.version = version;
  entry.id = id;
  entry.labels = labels;
  entry.label_count = label_count;
  return entry;
}

/* The same without labels. */
static inline hashscan_entry entry_plain(hashscan_kind kind, const uint8_t *hash, const char *list, const char *version,
                                         const char *id) {
  return entry_labelled(kind, hash, list, version, id, NULL, 0);
}

/* As many labels as there are arguments, for the end of entry_labelled. */
#define ENTRY_LABELS(...)                                                                                              \
  (const char *const[]){__VA_ARGS__}, sizeof((const char *const[]){__VA_ARGS__}) / sizeof(const char *)

#endif
