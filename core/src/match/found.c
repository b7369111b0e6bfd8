/* SPDX-License-Identifier: Apache-2.0 */
/* Lists of hits that stay small: an entry that is hit in several ways is kept once. */
#include "match/found.h"

#include <stdlib.h>

#include "base/checked.h"

static int order_of(uint64_t a, uint64_t b) {
  return (a > b) - (a < b);
}

static bool same_entry(const struct found *a, const struct found *b) {
  return a->input == b->input && a->index == b->index && a->entry == b->entry;
}

static int by_entry(const void *left, const void *right) {
  const struct found *a = left;
  const struct found *b = right;
  if (a->input != b->input) return order_of(a->input, b->input);
  if (a->index != b->index) return order_of(a->index, b->index);
  if (a->entry != b->entry) return order_of(a->entry, b->entry);
  if (a->distance != b->distance) return order_of(a->distance, b->distance);
  if (a->picture != b->picture) return order_of(a->picture, b->picture);
  if (a->view != b->view) return order_of(a->view, b->view);
  return order_of(a->transform, b->transform);
}

static int by_distance(const void *left, const void *right) {
  const struct found *a = left;
  const struct found *b = right;
  if (a->input != b->input) return order_of(a->input, b->input);
  if (a->distance != b->distance) return order_of(a->distance, b->distance);
  if (a->index != b->index) return order_of(a->index, b->index);
  return order_of(a->entry, b->entry);
}

static void unite(struct found_list *list) {
  if (list->count < 2) return;
  qsort(list->items, list->count, sizeof *list->items, by_entry);
  size_t kept = 1;
  for (size_t i = 1; i < list->count; i++)
    if (!same_entry(&list->items[i], &list->items[kept - 1])) list->items[kept++] = list->items[i];
  list->count = kept;
}

/* Uniting before growing bounds the memory by the entries that match, not by eight times as many. */
static bool make_room(struct found_list *list) {
  if (list->count < list->capacity) return true;
  unite(list);
  if (list->count < list->capacity / 2) return true;
  const size_t capacity = list->capacity == 0 ? 64 : list->capacity;
  size_t bytes;
  if (!checked_mul(capacity, 2 * sizeof *list->items, &bytes)) return false;
  struct found *items = realloc(list->items, bytes);
  if (items == NULL) return false;
  list->items = items;
  list->capacity = 2 * capacity;
  return true;
}

bool found_add(struct found_list *list, const struct found *found) {
  if (!make_room(list)) return false;
  list->items[list->count++] = *found;
  return true;
}

void found_finish(struct found_list *list) {
  unite(list);
  if (list->count > 1) qsort(list->items, list->count, sizeof *list->items, by_distance);
}

void found_free(struct found_list *list) {
  free(list->items);
  *list = (struct found_list){0};
}
