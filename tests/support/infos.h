/* SPDX-License-Identifier: Apache-2.0 */
/* All that can be said of how much an index holds, gathered in either way, so that the two can be compared. */
#ifndef HASHSCAN_TESTS_INFOS_H
#define HASHSCAN_TESTS_INFOS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "hashscan.h"

enum { INFOS_LISTS = 64, INFOS_STRING = 256 };

struct infos_list {
  char name[INFOS_STRING];
  char version[INFOS_STRING];
  uint64_t entries;
};

struct infos {
  hashscan_index_info info;
  size_t count; /* of lists; the first INFOS_LISTS of them are kept, and the beginnings of their strings */
  struct infos_list lists[INFOS_LISTS];
};

/* For free(). */
static inline struct infos *infos_new(void) {
  struct infos *infos = calloc(1, sizeof *infos);
  if (infos == NULL) abort();
  infos->info = (hashscan_index_info)HASHSCAN_INDEX_INFO_INIT;
  return infos;
}

static inline int infos_add(void *user, const char *name, const char *version, uint64_t entries) {
  struct infos *infos = user;
  if (infos->count < INFOS_LISTS) {
    struct infos_list *list = &infos->lists[infos->count];
    strncpy(list->name, name, INFOS_STRING - 1);
    strncpy(list->version, version, INFOS_STRING - 1);
    list->entries = entries;
  }
  infos->count++;
  return 0;
}

static inline hashscan_code infos_read(struct infos *infos, const char *path, hashscan_error *error) {
  return hashscan_index_read_info(path, &infos->info, infos_add, infos, error);
}

static inline void infos_of_open(struct infos *infos, const hashscan_index *index) {
  hashscan_index_describe(index, &infos->info, NULL);
  for (uint32_t i = 0; i < infos->info.lists; i++) {
    const char *name;
    const char *version;
    uint64_t entries;
    if (hashscan_index_list(index, i, &name, &version, &entries, NULL) != HASHSCAN_SUCCESS) abort();
    infos_add(infos, name, version, entries);
  }
}

static inline bool infos_equal(const struct infos *a, const struct infos *b) {
  return memcmp(a, b, sizeof *a) == 0;
}

#endif
