/* SPDX-License-Identifier: Apache-2.0 */
/* A list entry on its way from a list into an index, and from one form of an index into another. Its labels stand one
 * behind the other, as they do on disk; hashscan_entry, in which they are an array, is for callers of the library. */
#ifndef HASHSCAN_LIST_ENTRY_H
#define HASHSCAN_LIST_ENTRY_H

#include <string.h>

#include "hashscan.h"

struct list_entry {
  hashscan_kind kind;
  const uint8_t *hash; /* hashscan_kind_bytes(kind) bytes */
  const char *list;    /* UTF-8, as all strings here; NULL counts as "" until a builder has the entry */
  const char *version;
  const char *id;
  const char *labels; /* label_count terminated strings, one right after the other; anything when there are none */
  size_t label_count;
  uint64_t number; /* the caller's own; 0: none */
};

/* The string that stands behind `string`. */
static inline const char *list_next_string(const char *string) {
  return string + strlen(string) + 1;
}

/* Bytes of the labels, terminators included. */
size_t list_labels_bytes(const struct list_entry *entry);

#endif
