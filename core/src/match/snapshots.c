/* SPDX-License-Identifier: Apache-2.0 */
/* Sets of open indexes. The struct, its arrays and the paths are one allocation. */
#include "match/snapshots.h"

#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "base/error.h"
#include "index/search/index.h"

/* False on overflow. */
static bool bytes_of(const char *const *paths, size_t count, size_t *total) {
  size_t arrays;
  if (!checked_mul(count, sizeof(hashscan_index *) + sizeof(char *), &arrays) ||
      !checked_add(sizeof(struct snapshots), arrays, total))
    return false;
  for (size_t i = 0; i < count; i++)
    if (!checked_add(*total, strlen(paths[i]) + 1, total)) return false;
  return true;
}

static struct snapshots *allocate(const char *const *paths, size_t count) {
  size_t bytes;
  if (!bytes_of(paths, count, &bytes)) return NULL;
  struct snapshots *made = calloc(1, bytes);
  if (made == NULL) return NULL;
  made->indexes = (hashscan_index **)(made + 1);
  made->paths = (const char **)(made->indexes + count);
  char *text = (char *)(made->paths + count);
  for (size_t i = 0; i < count; i++) {
    const size_t length = strlen(paths[i]) + 1;
    memcpy(text, paths[i], length);
    made->paths[i] = text;
    text += length;
  }
  atomic_init(&made->references, 1);
  return made;
}

hashscan_code snapshots_open(const char *const *paths, size_t count, struct snapshots **snapshots,
                             hashscan_error *error) {
  *snapshots = NULL;
  struct snapshots *made = allocate(paths, count);
  if (made == NULL) return error_memory(error);
  for (; made->count < count; made->count++) {
    const hashscan_code code = hashscan_index_open(paths[made->count], &made->indexes[made->count], error);
    if (code == HASHSCAN_SUCCESS) continue;
    snapshots_release(made);
    return code;
  }
  *snapshots = made;
  return HASHSCAN_SUCCESS;
}

struct snapshots *snapshots_retain(struct snapshots *snapshots) {
  atomic_fetch_add_explicit(&snapshots->references, 1, memory_order_relaxed);
  return snapshots;
}

void snapshots_release(struct snapshots *snapshots) {
  if (snapshots == NULL || atomic_fetch_sub_explicit(&snapshots->references, 1, memory_order_acq_rel) != 1) return;
  for (size_t i = 0; i < snapshots->count; i++) hashscan_index_close(snapshots->indexes[i]);
  free(snapshots);
}

bool snapshots_have(const struct snapshots *snapshots, hashscan_kind kind) {
  for (size_t i = 0; i < snapshots->count; i++)
    if (index_has_kind(snapshots->indexes[i], kind)) return true;
  return false;
}
