/* SPDX-License-Identifier: Apache-2.0 */
/* What an updater has staged: the state that updater.c fills, replace.c adds a list's next version to, and commit.c
 * writes. */
#ifndef HASHSCAN_INDEX_UPDATE_CHANGES_H
#define HASHSCAN_INDEX_UPDATE_CHANGES_H

#include "index/build/builder.h"
#include "index/build/folder.h"
#include "index/search/index.h"

/* Staged changes to one part of the base. */
struct part_changes {
  uint64_t *kills; /* a bit an entry; NULL: none, else at least one */
  char **versions; /* by list; NULL or a NULL element: as before */
};

struct hashscan_updater {
  struct folder folder;
  char *path;
  hashscan_index *base;         /* what is on disk, with its log */
  struct part_changes *changes; /* base->part_count */
  hashscan_builder *staged;     /* entries to add */
  hashscan_update_report report;
  /* Ids to remove from the base: with their list, or with an empty string in its place. */
  struct string_pool id_strings;
  struct intern_table ids_of_lists;
  struct intern_table ids;
  uint64_t log_max_entries; /* a log that would get more becomes a segment */
  bool failed;
};

/* Entries of the log are kept in memory by every reader. */
#define UPDATE_LOG_MAX_ENTRIES 65536

/* Whether an entry of a part of the base is still there under the staged changes. */
static inline bool update_is_live(const hashscan_updater *updater, uint32_t part, uint32_t entry) {
  const uint64_t *kills = updater->changes[part].kills;
  return !part_is_dead(&updater->base->parts[part], entry) &&
         (kills == NULL || (kills[entry / 64] >> entry % 64 & 1) == 0);
}

/* The version of a list of a part of the base under the staged changes. */
static inline const char *update_version(const hashscan_updater *updater, uint32_t part, uint32_t list) {
  char **versions = updater->changes[part].versions;
  return versions != NULL && versions[list] != NULL ? versions[list]
                                                    : part_list_version(&updater->base->parts[part], list);
}

/* Marks a live entry of the base as gone. False when out of memory. */
bool update_kill(hashscan_updater *updater, uint32_t part, uint32_t entry);

/* Calls `visit` with each entry of the base that is live under the staged changes. False when `visit` gave false. */
typedef bool (*update_visit)(hashscan_updater *updater, uint32_t part, uint32_t entry, void *user);
bool update_each_live(hashscan_updater *updater, update_visit visit, void *user);

/* Adds the entries of one builder to another, but for those that `leave_out` (which may be NULL) says. */
typedef bool (*update_match)(const struct list_entry *entry, const void *user);
hashscan_code update_copy_entries(const hashscan_builder *from, hashscan_builder *to, update_match leave_out,
                                  const void *user, hashscan_error *error);

#endif
