/* SPDX-License-Identifier: Apache-2.0 */
/* Replaces a list by its next version, by difference: what is equal stays where it is and gets the new version, what
 * is gone dies, and only what is new is added.
 *
 * The new list is sorted, as every part of the base is, so the two are walked side by side, one part after the other.
 * An entry of the base is paired with an equal one of the list that is not paired yet; what is left of the list in the
 * end is new. Entries with equal hashes are a run. Within it the list is ordered by id, labels and number as well, so
 * that many entries of one hash cost a search each and not a walk. */
#include "index/update/replace.h"

#include <stdlib.h>

#include "base/error.h"

/* The new list's entries of one kind. */
struct wanted {
  uint32_t *order;  /* positions among the sorted entries: by hash, id, labels, number and position */
  uint32_t *paired; /* by place in `order` of the first of equal entries: how many of them are paired */
  uint64_t *taken;  /* a bit a position: paired */
  /* The run at which the walk stands: the first whose hash is not below that of the base's entry. */
  size_t run;
  size_t run_end;
};

struct difference {
  const hashscan_builder *list;
  const char *name;
  const char *version;
  struct wanted kinds[HASHSCAN_KIND_COUNT];
  uint32_t part;           /* of the base, that is being walked */
  hashscan_builder *moved; /* what survives in the log and has to be written again under the new version */
};

/* ---- Order ----------------------------------------------------------------------------------------------------- */

static int compare_labels(const struct list_entry *a, const struct list_entry *b) {
  if (a->label_count != b->label_count) return a->label_count < b->label_count ? -1 : 1;
  const char *left = a->labels;
  const char *right = b->labels;
  for (size_t i = 0; i < a->label_count; i++) {
    const int order = strcmp(left, right);
    if (order != 0) return order;
    left = list_next_string(left);
    right = list_next_string(right);
  }
  return 0;
}

/* Of entries with equal hashes; 0 when they are equal. The list's name is known to be, and versions do not count. */
static int compare_in_run(const struct list_entry *a, const struct list_entry *b) {
  int order = strcmp(a->id, b->id);
  if (order == 0) order = compare_labels(a, b);
  if (order != 0) return order;
  return a->number < b->number ? -1 : a->number > b->number;
}

struct run_of {
  const hashscan_builder *list;
  hashscan_kind kind;
};

static int compare_positions(const void *left, const void *right, void *user) {
  const struct run_of *of = user;
  const uint32_t a = *(const uint32_t *)left;
  const uint32_t b = *(const uint32_t *)right;
  struct list_entry first;
  struct list_entry second;
  builder_entry(of->list, of->kind, a, &first);
  builder_entry(of->list, of->kind, b, &second);
  const int order = compare_in_run(&first, &second);
  if (order != 0) return order;
  return a < b ? -1 : a > b;
}

/* Where the run that begins at `run` ends. */
static size_t end_of_run(const struct builder_kind *kind, size_t run) {
  size_t end = run;
  while (end < kind->count && memcmp(kind->entries[end].hash, kind->entries[run].hash, HASHSCAN_MAX_HASH_BYTES) == 0)
    end++;
  return end;
}

static bool order_kind(struct difference *difference, hashscan_kind k) {
  const struct builder_kind *kind = &difference->list->kinds[k];
  struct wanted *wanted = &difference->kinds[k];
  const size_t count = kind->count;
  wanted->order = malloc((count + 1) * sizeof *wanted->order);
  wanted->paired = calloc(count + 1, sizeof *wanted->paired);
  wanted->taken = calloc(count / 64 + 1, sizeof *wanted->taken);
  if (wanted->order == NULL || wanted->paired == NULL || wanted->taken == NULL) return false;
  for (size_t i = 0; i < count; i++) wanted->order[i] = (uint32_t)i;
  for (size_t run = 0, end; run < count; run = end) {
    end = end_of_run(kind, run);
    if (end - run > 1)
      qsort_r(wanted->order + run, end - run, sizeof *wanted->order, compare_positions,
              &(struct run_of){difference->list, k});
  }
  return true;
}

/* ---- Pairing --------------------------------------------------------------------------------------------------- */

static void rewind_walk(struct difference *difference, uint32_t part) {
  difference->part = part;
  for (unsigned k = 0; k < HASHSCAN_KIND_COUNT; k++) {
    difference->kinds[k].run = 0;
    difference->kinds[k].run_end = end_of_run(&difference->list->kinds[k], 0);
  }
}

/* Moves on to the run of a hash; false when the list has none. Hashes must not fall within a part. */
static bool walk_to(struct difference *difference, const struct list_entry *entry) {
  const struct builder_kind *kind = &difference->list->kinds[entry->kind];
  struct wanted *wanted = &difference->kinds[entry->kind];
  const size_t bytes = hashscan_kind_bytes(entry->kind);
  for (; wanted->run < kind->count; wanted->run_end = end_of_run(kind, wanted->run)) {
    const int order = memcmp(kind->entries[wanted->run].hash, entry->hash, bytes);
    if (order >= 0) return order == 0;
    wanted->run = wanted->run_end;
  }
  return false;
}

static int compare_with_place(const struct difference *difference, const struct list_entry *entry, size_t place) {
  struct list_entry other;
  builder_entry(difference->list, entry->kind, difference->kinds[entry->kind].order[place], &other);
  return compare_in_run(&other, entry);
}

/* The first place in the run whose entry is not below `entry`; the end of the run when there is none. */
static size_t place_in_run(const struct difference *difference, const struct list_entry *entry) {
  size_t low = difference->kinds[entry->kind].run;
  size_t high = difference->kinds[entry->kind].run_end;
  while (low < high) {
    const size_t middle = low + (high - low) / 2;
    if (compare_with_place(difference, entry, middle) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

/* Whether one more entry like this is wanted; it is not wanted again. */
static bool pair(struct difference *difference, const struct list_entry *entry) {
  if (!walk_to(difference, entry)) return false;
  struct wanted *wanted = &difference->kinds[entry->kind];
  const size_t first = place_in_run(difference, entry);
  const size_t place = first + wanted->paired[first];
  if (place >= wanted->run_end || compare_with_place(difference, entry, place) != 0) return false;
  wanted->paired[first]++;
  wanted->taken[wanted->order[place] / 64] |= (uint64_t)1 << wanted->order[place] % 64;
  return true;
}

/* ---- Staging --------------------------------------------------------------------------------------------------- */

/* In a segment a list changes its version as a whole. In the log every entry has its own: it is written anew. */
static bool keep_entry(hashscan_updater *updater, uint32_t part, uint32_t entry, struct difference *difference) {
  updater->report.kept++;
  if (part < updater->base->manifest.segment_count) return true;
  struct list_entry moved;
  part_entry(&updater->base->parts[part], entry, &moved);
  if (strcmp(moved.version, difference->version) == 0) return true;
  moved.version = difference->version;
  return builder_add(difference->moved, &moved, NULL) == HASHSCAN_SUCCESS && update_kill(updater, part, entry);
}

static bool compare_entry(hashscan_updater *updater, uint32_t part, uint32_t entry, void *user) {
  struct difference *difference = user;
  const struct part *at = &updater->base->parts[part];
  if (strcmp(part_list_name(at, part_entry_list(at, entry)), difference->name) != 0) return true;
  if (part != difference->part) rewind_walk(difference, part);
  struct list_entry old;
  part_entry(at, entry, &old);
  if (pair(difference, &old)) return keep_entry(updater, part, entry, difference);
  updater->report.removed++;
  return update_kill(updater, part, entry);
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

/* Adds what no entry of the base is paired with. */
static hashscan_code add_new(hashscan_updater *updater, const struct difference *difference, hashscan_error *error) {
  for (unsigned k = 0; k < HASHSCAN_KIND_COUNT; k++) {
    for (size_t i = 0; i < difference->list->kinds[k].count; i++) {
      if ((difference->kinds[k].taken[i / 64] >> i % 64 & 1) != 0) continue;
      struct list_entry entry;
      builder_entry(difference->list, (hashscan_kind)k, i, &entry);
      const hashscan_code code = builder_add(updater->staged, &entry, error);
      if (code != HASHSCAN_SUCCESS) return code;
      updater->report.added++;
    }
  }
  return HASHSCAN_SUCCESS;
}

static hashscan_code apply_difference(hashscan_updater *updater, struct difference *difference, hashscan_error *error) {
  for (unsigned k = 0; k < HASHSCAN_KIND_COUNT; k++)
    if (!order_kind(difference, (hashscan_kind)k)) return error_memory(error);
  rewind_walk(difference, 0);
  if (!update_each_live(updater, compare_entry, difference) || !set_versions(updater, difference))
    return error_memory(error);
  const hashscan_code code = update_copy_entries(difference->moved, updater->staged, NULL, NULL, error);
  return code == HASHSCAN_SUCCESS ? add_new(updater, difference, error) : code;
}

hashscan_code update_replace(hashscan_updater *updater, hashscan_builder *list, const char *name, const char *version,
                             hashscan_error *error) {
  struct difference difference = {.list = list, .name = name, .version = version};
  hashscan_code code = builder_sort(list, error);
  if (code == HASHSCAN_SUCCESS) code = hashscan_builder_create(&difference.moved, error);
  if (code == HASHSCAN_SUCCESS) code = apply_difference(updater, &difference, error);
  for (unsigned k = 0; k < HASHSCAN_KIND_COUNT; k++) {
    free(difference.kinds[k].order);
    free(difference.kinds[k].paired);
    free(difference.kinds[k].taken);
  }
  hashscan_builder_destroy(difference.moved);
  return code;
}
