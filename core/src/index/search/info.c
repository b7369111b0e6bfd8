/* SPDX-License-Identifier: Apache-2.0 */
/* How much an index holds. It is counted once, when an index has been loaded: from what headers, lists and the ends of
 * sections say, less the dead entries, which are looked up one by one. So the count takes nothing that is validated by
 * reading a section whole, and hashscan_index_read_info gives the same numbers from segments of which only the outline
 * was looked at. What dead entries lead to is bytes that nobody has checked there: part.c says where they do not fit.
 */
#include <stdlib.h>
#include <unistd.h>

#include "base/cpu.h"
#include "base/error.h"
#include "index/search/index.h"

/* ---- Counting -------------------------------------------------------------------------------------------------- */

static hashscan_code damaged(const char *path, hashscan_error *error) {
  return error_set(error, HASHSCAN_E_FORMAT, "%s: the segment is damaged: removed entries do not fit the others", path);
}

static hashscan_code count_kinds(const char *path, hashscan_index *index, const struct part *part,
                                 hashscan_error *error) {
  uint32_t rows;
  for (unsigned kind = 0; kind < HASHSCAN_KIND_COUNT; kind++)
    index->entries_by_kind[kind] += part_live_of_kind(part, (hashscan_kind)kind);
  if (!part_live_rows(part, HASHSCAN_KIND_PDQ, &rows)) return damaged(path, error);
  index->distinct_pdq += rows;
  return HASHSCAN_SUCCESS;
}

/* Lists with live entries, told apart by name and version. */
static bool add_lists(hashscan_index *index, const struct part *part, const uint64_t *live) {
  for (uint32_t list = 0; list < part->segment.list_count; list++) {
    uint32_t number;
    if (live[list] == 0) continue;
    if (!intern_pair(&index->lists, &index->list_strings, part_list_name(part, list), part_list_version(part, list),
                     &number))
      return false;
    index->lists.values[number].count += live[list];
  }
  return true;
}

static hashscan_code count_lists(const char *path, hashscan_index *index, const struct part *part,
                                 hashscan_error *error) {
  uint64_t *live = calloc((size_t)part->segment.list_count + 1, sizeof *live);
  if (live == NULL) return error_memory(error);
  hashscan_code code = part_live_by_list(part, live) ? HASHSCAN_SUCCESS : damaged(path, error);
  if (code == HASHSCAN_SUCCESS && !add_lists(index, part, live)) code = error_memory(error);
  free(live);
  return code;
}

hashscan_code index_count(const char *path, hashscan_index *index, hashscan_error *error) {
  hashscan_code code = HASHSCAN_SUCCESS;
  for (uint32_t i = 0; i < index->part_count && code == HASHSCAN_SUCCESS; i++) {
    code = count_kinds(path, index, &index->parts[i], error);
    if (code == HASHSCAN_SUCCESS) code = count_lists(path, index, &index->parts[i], error);
  }
  return code;
}

/* ---- Of an open index ------------------------------------------------------------------------------------------ */

void hashscan_index_describe(const hashscan_index *index, hashscan_index_info *info) {
  const struct manifest *manifest = &index->manifest;
  memset(info, 0, sizeof *info);
  info->entries = index->entries;
  info->dead = index->dead;
  memcpy(info->entries_by_kind, index->entries_by_kind, sizeof info->entries_by_kind);
  info->distinct_pdq = index->distinct_pdq;
  info->bytes = INDEX_MANIFEST_FIXED_BYTES + manifest->segment_count * (uint64_t)INDEX_MANIFEST_ROW_BYTES;
  for (uint32_t i = 0; i < manifest->segment_count; i++) info->bytes += manifest->segments[i].size;
  info->bytes += manifest->log_size;
  info->log_bytes = manifest->log_size;
  info->segments = manifest->segment_count;
  info->mode = (uint32_t)index->mode;
  info->format_version = INDEX_FORMAT_VERSION;
  info->lists = (uint32_t)index->lists.value_count;
  hashscan_hex_encode(manifest->digest, INDEX_DIGEST_BYTES, info->digest);
}

hashscan_code hashscan_index_list(const hashscan_index *index, uint32_t list, const char **name, const char **version,
                                  uint64_t *entries, hashscan_error *error) {
  if (index == NULL) return error_set(error, HASHSCAN_E_ARGUMENT, "index is NULL");
  if (list >= index->lists.value_count)
    return error_set(error, HASHSCAN_E_ARGUMENT, "list %u of %zu", list, index->lists.value_count);
  const struct interned *value = &index->lists.values[list];
  const char *const string = index->list_strings.bytes + value->offset;
  if (name != NULL) *name = string;
  if (version != NULL) *version = string + strlen(string) + 1;
  if (entries != NULL) *entries = value->count;
  return HASHSCAN_SUCCESS;
}

/* ---- Without opening it ---------------------------------------------------------------------------------------- */

static hashscan_code report_lists(const hashscan_index *index, hashscan_list_fn on_list, void *user,
                                  hashscan_error *error) {
  const char *name;
  const char *version;
  uint64_t entries;
  for (uint32_t list = 0; hashscan_index_list(index, list, &name, &version, &entries, NULL) == HASHSCAN_SUCCESS; list++)
    if (on_list(user, name, version, entries) != 0)
      return error_set(error, HASHSCAN_E_STOPPED, "reading the lists was stopped by its callback");
  return HASHSCAN_SUCCESS;
}

hashscan_code hashscan_index_read_info(const char *path, hashscan_index_info *info, hashscan_list_fn on_list,
                                       void *user, hashscan_error *error) {
  if (path == NULL || info == NULL) return error_set(error, HASHSCAN_E_ARGUMENT, "path or info is NULL");
  hashscan_code code = cpu_check(error);
  if (code != HASHSCAN_SUCCESS) return code;
  int dirfd;
  code = index_folder(path, &dirfd, error);
  if (code != HASHSCAN_SUCCESS) return code;
  hashscan_index index = {0};
  code = index_load(path, dirfd, INDEX_OUTLINE, &index, error);
  close(dirfd);
  if (code != HASHSCAN_SUCCESS) return code;
  hashscan_index_describe(&index, info);
  if (on_list != NULL) code = report_lists(&index, on_list, user, error);
  index_unload(&index);
  return code;
}
