/* SPDX-License-Identifier: Apache-2.0 */
/* A set of files or folders by (device, inode). */
#include "scan/folder_set.h"

#include <stdlib.h>
#include <xxhash.h>

#include "base/random.h"

/* The slot that holds `id`, or the free one where it belongs. */
static size_t find_slot(const struct folder_set *set, struct folder_id id) {
  const uint64_t key[2] = {(uint64_t)id.device, (uint64_t)id.inode};
  size_t at = (size_t)XXH3_64bits_withSecret(key, sizeof key, set->secret, sizeof set->secret);
  for (;; at++) {
    at &= set->capacity - 1;
    if (!set->used[at] || folder_id_equal(set->slots[at], id)) return at;
  }
}

static bool grow(struct folder_set *set) {
  struct folder_set grown = *set;
  if (set->capacity == 0 && !random_draw(grown.secret, sizeof grown.secret)) return false;
  grown.capacity = set->capacity == 0 ? 64 : 2 * set->capacity;
  grown.slots = calloc(grown.capacity, sizeof *grown.slots);
  grown.used = calloc(grown.capacity, sizeof *grown.used);
  if (grown.slots == NULL || grown.used == NULL) {
    free(grown.slots);
    free(grown.used);
    return false;
  }
  for (size_t i = 0; i < set->capacity; i++) {
    if (!set->used[i]) continue;
    const size_t at = find_slot(&grown, set->slots[i]);
    grown.slots[at] = set->slots[i];
    grown.used[at] = true;
  }
  free(set->slots);
  free(set->used);
  *set = grown;
  return true;
}

bool folder_set_add(struct folder_set *set, struct folder_id id, bool *fresh) {
  if (2 * (set->count + 1) > set->capacity && !grow(set)) return false;
  const size_t at = find_slot(set, id);
  /* analyze: grow() puts new arrays in the place of those that it frees. */
  *fresh = !set->used[at];
  if (!*fresh) return true;
  set->slots[at] = id;
  set->used[at] = true;
  set->count++;
  return true;
}

bool folder_set_has(const struct folder_set *set, struct folder_id id) {
  return set->capacity > 0 && set->used[find_slot(set, id)];
}

void folder_set_free(struct folder_set *set) {
  free(set->slots);
  free(set->used);
  *set = (struct folder_set){0};
}
