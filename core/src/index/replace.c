/* SPDX-License-Identifier: Apache-2.0 */
/* Replacing a list by its next version, by difference: what is equal stays where it is and gets the new version, what
 * is gone dies, and only what is new is added. */
#include <stdlib.h>

#include "base/error.h"
#include "index/update.h"

/* The new list as a multiset of its entries' keys: interned with the number of those that are still wanted. */
struct difference {
  const char *name;
  const char *version;
  struct intern_table keys;
  struct string_pool strings;
  struct log_writer key;
  hashscan_builder *moved; /* what survives in the log and has to be written again under the new version */
};

/* What makes two entries of a list equal: kind, hash, id and labels. */
static bool put_key(struct log_writer *key, const hashscan_entry *entry) {
  hashscan_entry bare = *entry;
  bare.list = bare.version = "";
  key->bytes.size = 0;
  log_put_entry(key, &bare);
  return !key->failed;
}

static bool want_all(struct difference *difference, const hashscan_builder *list) {
  for (unsigned kind = 0; kind < HASHSCAN_KIND_COUNT; kind++) {
    for (size_t i = 0; i < list->kinds[kind].count; i++) {
      hashscan_entry entry;
      uint32_t number;
      builder_entry(list, (hashscan_kind)kind, i, &entry);
      if (!put_key(&difference->key, &entry) ||
          !intern(&difference->keys, &difference->strings, (const char *)difference->key.bytes.bytes,
                  difference->key.bytes.size, &number))
        return false;
      difference->keys.values[number].count++;
    }
  }
  return true;
}

/* Whether one more entry like this is wanted; it is not wanted again. */
static bool take(struct difference *difference, const hashscan_entry *entry) {
  uint32_t number;
  if (!put_key(&difference->key, entry) ||
      !intern_find(&difference->keys, &difference->strings, (const char *)difference->key.bytes.bytes,
                   difference->key.bytes.size, &number) ||
      difference->keys.values[number].count == 0)
    return false;
  difference->keys.values[number].count--;
  return true;
}

static bool not_wanted(const hashscan_entry *entry, const void *user) {
  /* The multiset is the caller's own and counts down. */
  return !take((struct difference *)(uintptr_t)user, entry);
}

/* In a segment a list changes its version as a whole. In the log every entry has its own: it is written anew. */
static bool keep_entry(hashscan_updater *updater, uint32_t part, uint32_t entry, struct difference *difference) {
  updater->report.kept++;
  if (part < updater->base->manifest.segment_count) return true;
  hashscan_entry moved;
  part_entry(&updater->base->parts[part], entry, &moved);
  if (strcmp(moved.version, difference->version) == 0) return true;
  moved.version = difference->version;
  return hashscan_builder_add(difference->moved, &moved, NULL) == HASHSCAN_SUCCESS && update_kill(updater, part, entry);
}

static bool compare_entry(hashscan_updater *updater, uint32_t part, uint32_t entry, void *user) {
  struct difference *difference = user;
  const struct part *at = &updater->base->parts[part];
  if (strcmp(part_list_name(at, part_entry_list(at, entry)), difference->name) != 0) return true;
  hashscan_entry old;
  part_entry(at, entry, &old);
  if (take(difference, &old)) return keep_entry(updater, part, entry, difference);
  updater->report.removed++;
  return !difference->key.failed && update_kill(updater, part, entry);
}

static bool set_version(hashscan_updater *updater, uint32_t part, uint32_t list, const char *version) {
  struct part_changes *changes = &updater->changes[part];
  if (strcmp(update_version(updater, part, list), version) == 0) return true;
  if (changes->versions == NULL)
    changes->versions = calloc(updater->base->parts[part].segment.list_count, sizeof *changes->versions);
  char *copy = changes->versions == NULL ? NULL : strdup(version);
  if (copy == NULL) return false;
  free(changes->versions[list]);
  changes->versions[list] = copy;
  return true;
}

static bool set_versions(hashscan_updater *updater, const struct difference *difference) {
  for (uint32_t i = 0; i < updater->base->manifest.segment_count; i++) {
    const struct part *part = &updater->base->parts[i];
    for (uint32_t list = 0; list < part->segment.list_count; list++)
      if (strcmp(part_list_name(part, list), difference->name) == 0 &&
          !set_version(updater, i, list, difference->version))
        return false;
  }
  return true;
}

static hashscan_code apply_difference(hashscan_updater *updater, struct difference *difference,
                                      const hashscan_builder *list, hashscan_error *error) {
  if (!want_all(difference, list) || !update_each_live(updater, compare_entry, difference) ||
      !set_versions(updater, difference))
    return error_memory(error);
  hashscan_code code = update_copy_entries(difference->moved, updater->staged, NULL, NULL, error);
  const uint64_t before = updater->staged->entry_count;
  if (code == HASHSCAN_SUCCESS) code = update_copy_entries(list, updater->staged, not_wanted, difference, error);
  if (code == HASHSCAN_SUCCESS && difference->key.failed) code = error_memory(error);
  updater->report.added += updater->staged->entry_count - before;
  return code;
}

hashscan_code update_replace(hashscan_updater *updater, const hashscan_builder *list, const char *name,
                             const char *version, hashscan_error *error) {
  struct difference difference = {.name = name, .version = version};
  hashscan_code code = hashscan_builder_create(&difference.moved, error);
  if (code == HASHSCAN_SUCCESS) code = apply_difference(updater, &difference, list, error);
  intern_free(&difference.keys);
  free(difference.strings.bytes);
  file_buffer_free(&difference.key.bytes);
  hashscan_builder_destroy(difference.moved);
  return code;
}
