/* SPDX-License-Identifier: Apache-2.0 */
/* The updater: its life, and what a caller can stage. Nothing touches the disk before the commit (commit.c). */
#include "index/update/changes.h"

#include <stdlib.h>

#include "base/cpu.h"
#include "base/error.h"
#include "base/options.h"
#include "index/search/open.h"
#include "index/update/commit.h"
#include "index/update/replace.h"
#include "list/list.h"

/* ---- The updater's life ---------------------------------------------------------------------------------------- */

static void drop_staged(hashscan_updater *updater) {
  for (uint32_t i = 0; updater->changes != NULL && i < updater->base->part_count; i++) {
    struct part_changes *changes = &updater->changes[i];
    const uint32_t lists = updater->base->parts[i].segment.list_count;
    for (uint32_t list = 0; changes->versions != NULL && list < lists; list++) free(changes->versions[list]);
    free(changes->versions);
    free(changes->kills);
  }
  free(updater->changes);
  updater->changes = NULL;
  hashscan_builder_destroy(updater->staged);
  updater->staged = NULL;
  free(updater->id_strings.bytes);
  updater->id_strings = (struct string_pool){0};
  intern_free(&updater->ids_of_lists);
  intern_free(&updater->ids);
  updater->report = (hashscan_update_report)HASHSCAN_UPDATE_REPORT_INIT;
}

/* Takes what is on disk as the base, with nothing staged. */
static hashscan_code begin(hashscan_updater *updater, hashscan_error *error) {
  hashscan_index *base;
  const hashscan_code code = index_open_folder(updater->path, updater->folder.dirfd, true, &base, error);
  if (code != HASHSCAN_SUCCESS) return code;
  drop_staged(updater);
  hashscan_index_close(updater->base);
  updater->base = base;
  updater->changes = calloc((size_t)base->part_count + 1, sizeof *updater->changes);
  if (updater->changes == NULL) return error_memory(error);
  return hashscan_builder_create(&updater->staged, error);
}

hashscan_code hashscan_updater_open(const char *path, hashscan_updater **updater, hashscan_error *error) {
  if (updater != NULL) *updater = NULL;
  if (path == NULL || updater == NULL) return error_set(error, HASHSCAN_E_ARGUMENT, "path or updater is NULL");
  hashscan_code code = cpu_check(error);
  if (code != HASHSCAN_SUCCESS) return code;
  hashscan_updater *opened = calloc(1, sizeof *opened);
  if (opened == NULL) return error_memory(error);
  opened->folder.dirfd = opened->folder.lock = -1;
  opened->log_max_entries = UPDATE_LOG_MAX_ENTRIES;
  opened->path = strdup(path);
  code = opened->path == NULL ? error_memory(error) : folder_open(&opened->folder, opened->path, false, 0, error);
  if (code == HASHSCAN_SUCCESS) code = begin(opened, error);
  if (code == HASHSCAN_SUCCESS) *updater = opened;
  else hashscan_updater_close(opened);
  return code;
}

void hashscan_updater_close(hashscan_updater *updater) {
  if (updater == NULL) return;
  drop_staged(updater);
  hashscan_index_close(updater->base);
  folder_close(&updater->folder);
  free(updater->path);
  free(updater);
}

static hashscan_code check_usable(const hashscan_updater *updater, hashscan_error *error) {
  if (updater == NULL) return error_set(error, HASHSCAN_E_ARGUMENT, "updater is NULL");
  if (updater->failed)
    return error_set(error, HASHSCAN_E_ARGUMENT, "%s: the updater has failed and can only be closed", updater->path);
  return HASHSCAN_SUCCESS;
}

hashscan_code hashscan_updater_set_mode(hashscan_updater *updater, unsigned mode, hashscan_error *error) {
  hashscan_code code = check_usable(updater, error);
  if (code == HASHSCAN_SUCCESS) code = access_check(mode, error);
  if (code == HASHSCAN_SUCCESS) folder_set_mode(&updater->folder, (mode_t)mode);
  return code;
}

/* ---- Entries of the base --------------------------------------------------------------------------------------- */

static bool kill_range(hashscan_updater *updater, uint32_t part, uint32_t first, uint32_t end) {
  for (uint32_t entry = first; entry < end; entry++) {
    if (!update_is_live(updater, part, entry)) continue;
    if (!update_kill(updater, part, entry)) return false;
    updater->report.removed++;
  }
  return true;
}

/* ---- Staged entries -------------------------------------------------------------------------------------------- */

/* Takes the staged entries that match back; they were added and are no more. */
static hashscan_code unstage(hashscan_updater *updater, update_match matches, const void *user, hashscan_error *error) {
  hashscan_builder *rest;
  const uint64_t before = updater->staged->entry_count;
  if (before == 0) return HASHSCAN_SUCCESS;
  hashscan_code code = hashscan_builder_create(&rest, error);
  if (code != HASHSCAN_SUCCESS) return code;
  code = update_copy_entries(updater->staged, rest, matches, user, error);
  if (code != HASHSCAN_SUCCESS) {
    hashscan_builder_destroy(rest);
    return code;
  }
  updater->report.added -= before - rest->entry_count;
  hashscan_builder_destroy(updater->staged);
  updater->staged = rest;
  return HASHSCAN_SUCCESS;
}

/* ---- Adding ---------------------------------------------------------------------------------------------------- */

hashscan_code hashscan_updater_add(hashscan_updater *updater, const hashscan_entry *entry, hashscan_error *error) {
  hashscan_code code = check_usable(updater, error);
  if (code == HASHSCAN_SUCCESS) code = hashscan_builder_add(updater->staged, entry, error);
  if (code == HASHSCAN_SUCCESS) updater->report.added++;
  return code;
}

/* A list, from a file when `bytes` is NULL. */
struct list_source {
  const char *name; /* path, or what messages call the bytes */
  const void *bytes;
  size_t size;
  const hashscan_list_options *options;
  hashscan_list_report *report;
};

/* The list's entries alone, so that nothing of it is staged when it cannot be read. */
static hashscan_code read_list(const struct list_source *source, hashscan_builder **list, hashscan_error *error) {
  hashscan_code code = hashscan_builder_create(list, error);
  if (code != HASHSCAN_SUCCESS) return code;
  if (source->bytes == NULL)
    code = hashscan_builder_add_list(*list, source->name, source->options, source->report, error);
  else
    code = hashscan_builder_add_list_bytes(*list, source->name, source->bytes, source->size, source->options,
                                           source->report, error);
  if (code == HASHSCAN_SUCCESS) return code;
  hashscan_builder_destroy(*list);
  *list = NULL;
  return code;
}

static hashscan_code add_list(hashscan_updater *updater, const struct list_source *source, hashscan_error *error) {
  hashscan_builder *list;
  hashscan_code code = read_list(source, &list, error);
  if (code != HASHSCAN_SUCCESS) return code;
  const uint64_t added = list->entry_count;
  if (updater->staged->entry_count == 0) {
    hashscan_builder_destroy(updater->staged);
    updater->staged = list;
  } else {
    code = update_copy_entries(list, updater->staged, NULL, NULL, error);
    hashscan_builder_destroy(list);
    updater->failed = code != HASHSCAN_SUCCESS; /* some of the list may be staged */
  }
  updater->report.added += added;
  return code;
}

/* ---- Removing -------------------------------------------------------------------------------------------------- */

static bool has_hash(const struct list_entry *entry, const void *user) {
  const struct list_entry *wanted = user;
  return entry->kind == wanted->kind && memcmp(entry->hash, wanted->hash, hashscan_kind_bytes(entry->kind)) == 0;
}

hashscan_code hashscan_updater_remove_hash(hashscan_updater *updater, hashscan_kind kind, const uint8_t *hash,
                                           hashscan_error *error) {
  const hashscan_code code = check_usable(updater, error);
  if (code != HASHSCAN_SUCCESS) return code;
  if (hash == NULL || hashscan_kind_bytes(kind) == 0)
    return error_set(error, HASHSCAN_E_ARGUMENT, "the hash is NULL or its kind unknown");
  for (uint32_t part = 0; part < updater->base->part_count; part++) {
    uint32_t first;
    uint32_t end;
    if (segment_lookup(&updater->base->parts[part].segment, kind, hash, &first, &end) &&
        !kill_range(updater, part, first, end))
      return error_memory(error);
  }
  const struct list_entry wanted = {.kind = kind, .hash = hash};
  return unstage(updater, has_hash, &wanted, error);
}

static bool has_id(const struct list_entry *entry, const void *user) {
  const struct list_entry *wanted = user;
  return strcmp(entry->id, wanted->id) == 0 && (wanted->list == NULL || strcmp(entry->list, wanted->list) == 0);
}

hashscan_code hashscan_updater_remove_id(hashscan_updater *updater, const char *list, const char *id,
                                         hashscan_error *error) {
  const hashscan_code code = check_usable(updater, error);
  if (code != HASHSCAN_SUCCESS) return code;
  if (id == NULL) return error_set(error, HASHSCAN_E_ARGUMENT, "id is NULL");
  uint32_t number;
  if (list == NULL ? !intern(&updater->ids, &updater->id_strings, id, strlen(id) + 1, &number)
                   : !intern_pair(&updater->ids_of_lists, &updater->id_strings, list, id, &number))
    return error_memory(error);
  const struct list_entry wanted = {.list = list, .id = id};
  return unstage(updater, has_id, &wanted, error);
}

static bool id_is_wanted(const hashscan_updater *updater, const struct part *part, uint32_t entry,
                         struct log_writer *key) {
  const uint8_t *record = part->segment.entries + (size_t)entry * INDEX_ENTRY_BYTES;
  const char *id = part->segment.strings + load_u64(record + INDEX_ENTRY_ID);
  uint32_t number;
  if (intern_find(&updater->ids, &updater->id_strings, id, strlen(id) + 1, &number)) return true;
  if (updater->ids_of_lists.value_count == 0) return false;
  const char *list = part_list_name(part, part_entry_list(part, entry));
  key->bytes.size = 0;
  log_put(key, list, strlen(list) + 1);
  log_put(key, id, strlen(id) + 1);
  return !key->failed && intern_find(&updater->ids_of_lists, &updater->id_strings, (const char *)key->bytes.bytes,
                                     key->bytes.size, &number);
}

static bool kill_if_wanted(hashscan_updater *updater, uint32_t part, uint32_t entry, void *user) {
  struct log_writer *key = user;
  if (!id_is_wanted(updater, &updater->base->parts[part], entry, key)) return !key->failed;
  updater->report.removed++;
  return update_kill(updater, part, entry);
}

/* Carries out what hashscan_updater_remove_id has collected. */
static hashscan_code resolve_ids(hashscan_updater *updater, hashscan_error *error) {
  if (updater->ids.value_count + updater->ids_of_lists.value_count == 0) return HASHSCAN_SUCCESS;
  struct log_writer key = {0};
  const bool resolved = update_each_live(updater, kill_if_wanted, &key);
  buffer_free(&key.bytes);
  intern_free(&updater->ids);
  intern_free(&updater->ids_of_lists);
  return resolved ? HASHSCAN_SUCCESS : error_memory(error);
}

static bool in_list(const struct list_entry *entry, const void *user) {
  return strcmp(entry->list, user) == 0;
}

hashscan_code hashscan_updater_remove_list(hashscan_updater *updater, const char *list, hashscan_error *error) {
  const hashscan_code code = check_usable(updater, error);
  if (code != HASHSCAN_SUCCESS) return code;
  if (list == NULL) return error_set(error, HASHSCAN_E_ARGUMENT, "list is NULL");
  for (uint32_t p = 0; p < updater->base->part_count; p++) {
    const struct part *part = &updater->base->parts[p];
    for (uint32_t number = 0; number < part->segment.list_count; number++) {
      if (strcmp(part_list_name(part, number), list) != 0) continue;
      for (uint32_t entry = 0; entry < part->segment.entry_count; entry++)
        if (part_entry_list(part, entry) == number && !kill_range(updater, p, entry, entry + 1))
          return error_memory(error);
    }
  }
  return unstage(updater, in_list, list, error);
}

/* ---- Replacing a list ------------------------------------------------------------------------------------------ */

/* The name and version under which the list's entries were read. An empty list has none: it was read for nothing else
 * than to be replaced, so its name must be given. */
static hashscan_code name_list(const struct list_source *source, const hashscan_builder *list, const char **name,
                               const char **version, hashscan_error *error) {
  const hashscan_list_options *options = source->options;
  if (list->lists.value_count > 0) {
    *name = list->strings.bytes + list->lists.values[0].offset;
    *version = *name + strlen(*name) + 1;
    return HASHSCAN_SUCCESS;
  }
  if (options == NULL || options->name == NULL)
    return error_set(error, HASHSCAN_E_ARGUMENT, "%s: an empty list needs a name to replace another", source->name);
  *name = options->name;
  *version = options->version == NULL ? "" : options->version;
  return HASHSCAN_SUCCESS;
}

static hashscan_code replace_list(hashscan_updater *updater, const struct list_source *source, hashscan_error *error) {
  hashscan_builder *list;
  const char *name = NULL;
  const char *version = NULL;
  hashscan_code code = read_list(source, &list, error);
  if (code == HASHSCAN_SUCCESS) code = name_list(source, list, &name, &version, error);
  if (code == HASHSCAN_SUCCESS) {
    code = resolve_ids(updater, error);
    if (code == HASHSCAN_SUCCESS) code = unstage(updater, in_list, name, error);
    if (code == HASHSCAN_SUCCESS) code = update_replace(updater, list, name, version, error);
    updater->failed = code != HASHSCAN_SUCCESS; /* some of the difference may be staged */
  }
  hashscan_builder_destroy(list);
  return code;
}

/* ---- Lists, from files and from memory ------------------------------------------------------------------------- */

typedef hashscan_code (*use_list)(hashscan_updater *updater, const struct list_source *source, hashscan_error *error);

static hashscan_code from_file(hashscan_updater *updater, const char *path, const hashscan_list_options *options,
                               hashscan_list_report *report, use_list use, hashscan_error *error) {
  const hashscan_code code = check_usable(updater, error);
  if (code != HASHSCAN_SUCCESS) return code;
  if (path == NULL) return error_set(error, HASHSCAN_E_ARGUMENT, "path is NULL");
  return use(updater, &(struct list_source){path, NULL, 0, options, report}, error);
}

static hashscan_code from_bytes(hashscan_updater *updater, const struct list_source *source, use_list use,
                                hashscan_error *error) {
  const hashscan_code code = check_usable(updater, error);
  if (code != HASHSCAN_SUCCESS) return code;
  if (source->name == NULL || (source->bytes == NULL && source->size > 0))
    return error_set(error, HASHSCAN_E_ARGUMENT, "source or bytes is NULL");
  struct list_source given = *source;
  if (given.bytes == NULL) given.bytes = "";
  return use(updater, &given, error);
}

static hashscan_code from_reader(hashscan_updater *updater, const char *source, hashscan_read_fn read, void *user,
                                 const hashscan_list_options *options, hashscan_list_report *report, use_list use,
                                 hashscan_error *error) {
  hashscan_code code = check_usable(updater, error);
  if (code != HASHSCAN_SUCCESS) return code;
  if (source == NULL || read == NULL) return error_set(error, HASHSCAN_E_ARGUMENT, "source or read is NULL");
  struct buffer bytes = {0};
  code = list_collect(source, read, user, &bytes, error);
  if (code == HASHSCAN_SUCCESS)
    code = from_bytes(updater, &(struct list_source){source, bytes.bytes, bytes.size, options, report}, use, error);
  buffer_free(&bytes);
  return code;
}

hashscan_code hashscan_updater_add_list_from(hashscan_updater *updater, const char *source, hashscan_read_fn read,
                                             void *user, const hashscan_list_options *options,
                                             hashscan_list_report *report, hashscan_error *error) {
  return from_reader(updater, source, read, user, options, report, add_list, error);
}

hashscan_code hashscan_updater_replace_list_from(hashscan_updater *updater, const char *source, hashscan_read_fn read,
                                                 void *user, const hashscan_list_options *options,
                                                 hashscan_list_report *report, hashscan_error *error) {
  return from_reader(updater, source, read, user, options, report, replace_list, error);
}

hashscan_code hashscan_updater_add_list(hashscan_updater *updater, const char *path,
                                        const hashscan_list_options *options, hashscan_list_report *report,
                                        hashscan_error *error) {
  return from_file(updater, path, options, report, add_list, error);
}

hashscan_code hashscan_updater_add_list_bytes(hashscan_updater *updater, const char *source, const void *bytes,
                                              size_t size, const hashscan_list_options *options,
                                              hashscan_list_report *report, hashscan_error *error) {
  return from_bytes(updater, &(struct list_source){source, bytes, size, options, report}, add_list, error);
}

hashscan_code hashscan_updater_replace_list(hashscan_updater *updater, const char *path,
                                            const hashscan_list_options *options, hashscan_list_report *report,
                                            hashscan_error *error) {
  return from_file(updater, path, options, report, replace_list, error);
}

hashscan_code hashscan_updater_replace_list_bytes(hashscan_updater *updater, const char *source, const void *bytes,
                                                  size_t size, const hashscan_list_options *options,
                                                  hashscan_list_report *report, hashscan_error *error) {
  return from_bytes(updater, &(struct list_source){source, bytes, size, options, report}, replace_list, error);
}

/* ---- Committing ------------------------------------------------------------------------------------------------ */

/* A report that cannot be filled is found before anything is written. */
static hashscan_code begin_report(hashscan_update_report *report, hashscan_error *error) {
  const hashscan_update_report nothing = HASHSCAN_UPDATE_REPORT_INIT;
  if (report == NULL) return HASHSCAN_SUCCESS;
  return options_fill(report, &nothing, sizeof nothing, "hashscan_update_report", error);
}

static hashscan_code commit(hashscan_updater *updater, bool compact, hashscan_update_report *report,
                            hashscan_error *error) {
  hashscan_code code = check_usable(updater, error);
  if (code == HASHSCAN_SUCCESS) code = begin_report(report, error);
  if (code == HASHSCAN_SUCCESS) code = resolve_ids(updater, error);
  if (code != HASHSCAN_SUCCESS) return code;
  hashscan_error failure;
  const hashscan_update_report done = updater->report;
  code = update_write(updater, compact, &failure);
  updater->failed = code != HASHSCAN_SUCCESS;
  if (code != HASHSCAN_SUCCESS) return error_set(error, code, "%s: %s", updater->path, failure.message);
  if (report != NULL) options_fill(report, &done, sizeof done, "hashscan_update_report", NULL);
  /* The commit stands, whether or not the updater can go on from it. */
  updater->failed = begin(updater, NULL) != HASHSCAN_SUCCESS;
  return HASHSCAN_SUCCESS;
}

hashscan_code hashscan_updater_commit(hashscan_updater *updater, hashscan_update_report *report,
                                      hashscan_error *error) {
  return commit(updater, false, report, error);
}

hashscan_code hashscan_updater_compact(hashscan_updater *updater, hashscan_update_report *report,
                                       hashscan_error *error) {
  return commit(updater, true, report, error);
}
