/* SPDX-License-Identifier: Apache-2.0 */
/* Staged changes: entries of the base that go are bits; entries that come are a builder; a list that gets another
 * version is a string. */
#include "index/update/changes.h"

#include <stdlib.h>

bool update_kill(hashscan_updater *updater, uint32_t part, uint32_t entry) {
  struct part_changes *changes = &updater->changes[part];
  const uint32_t entries = updater->base->parts[part].segment.entry_count;
  if (changes->kills == NULL) changes->kills = calloc(part_bitmap_words(entries), sizeof *changes->kills);
  if (changes->kills == NULL) return false;
  changes->kills[entry / 64] |= (uint64_t)1 << entry % 64;
  return true;
}

bool update_each_live(hashscan_updater *updater, update_visit visit, void *user) {
  for (uint32_t part = 0; part < updater->base->part_count; part++)
    for (uint32_t entry = 0; entry < updater->base->parts[part].segment.entry_count; entry++)
      if (update_is_live(updater, part, entry) && !visit(updater, part, entry, user)) return false;
  return true;
}

hashscan_code update_copy_entries(const hashscan_builder *from, hashscan_builder *to, update_match leave_out,
                                  const void *user, hashscan_error *error) {
  for (unsigned kind = 0; kind < HASHSCAN_KIND_COUNT; kind++) {
    for (size_t i = 0; i < from->kinds[kind].count; i++) {
      struct list_entry entry;
      builder_entry(from, (hashscan_kind)kind, i, &entry);
      if (leave_out != NULL && leave_out(&entry, user)) continue;
      const hashscan_code code = builder_add(to, &entry, error);
      if (code != HASHSCAN_SUCCESS) return code;
    }
  }
  return HASHSCAN_SUCCESS;
}
