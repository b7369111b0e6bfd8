/* SPDX-License-Identifier: Apache-2.0 */
/* Hits of a batch of inputs while they come in, in any order. */
#ifndef HASHSCAN_MATCH_FOUND_H
#define HASHSCAN_MATCH_FOUND_H

#include <stdbool.h>

#include "hashscan.h"

struct found {
  uint64_t entry;
  size_t input;
  uint32_t index;
  uint32_t distance;
  uint32_t picture;
  uint16_t view;
  uint8_t transform;
  uint8_t kind;
};

/* An entry may be there once for each picture, view and transform of an input until found_finish. Zeroed at first. */
struct found_list {
  struct found *items;
  size_t count;
  size_t capacity;
};

/* False when out of memory. */
bool found_add(struct found_list *list, const struct found *found);

/* Leaves each entry of an index once for each input, with its smallest distance and the first picture, view and
 * transform that has it, sorted by input, distance, index and entry. */
void found_finish(struct found_list *list);
void found_free(struct found_list *list);

#endif
