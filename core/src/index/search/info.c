/* SPDX-License-Identifier: Apache-2.0 */
/* What is known of an index as a whole, of an open one and of one that is only looked at. */
#include <unistd.h>

#include "base/cpu.h"
#include "base/error.h"
#include "base/options.h"
#include "index/search/open.h"

/* ---- Of an open index ------------------------------------------------------------------------------------------ */

static void describe(const hashscan_index *index, hashscan_index_info *info) {
  const struct manifest *manifest = &index->manifest;
  *info = (hashscan_index_info)HASHSCAN_INDEX_INFO_INIT;
  info->entries = index->entries;
  info->dead = index->dead;
  memcpy(info->entries_by_kind, index->entries_by_kind, sizeof index->entries_by_kind);
  info->distinct_pdq = index->distinct_pdq;
  info->bytes = INDEX_MANIFEST_FIXED_BYTES + manifest->segment_count * (uint64_t)INDEX_MANIFEST_ROW_BYTES;
  for (uint32_t i = 0; i < manifest->segment_count; i++) info->bytes += manifest->segments[i].size;
  info->bytes += manifest->log_size;
  info->log_bytes = manifest->log_size;
  info->segments = manifest->segment_count;
  info->mode = (uint32_t)index->mode;
  info->format_version = manifest->version;
  info->lists = (uint32_t)index->lists.value_count;
  hashscan_hex_encode(manifest->digest, INDEX_DIGEST_BYTES, info->digest);
}

hashscan_code hashscan_index_describe(const hashscan_index *index, hashscan_index_info *info, hashscan_error *error) {
  if (index == NULL || info == NULL) return error_set(error, HASHSCAN_E_ARGUMENT, "index or info is NULL");
  hashscan_index_info filled;
  describe(index, &filled);
  return options_fill(info, &filled, sizeof filled, "hashscan_index_info", error);
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
  code = hashscan_index_describe(&index, info, error);
  if (code == HASHSCAN_SUCCESS && on_list != NULL) code = report_lists(&index, on_list, user, error);
  index_unload(&index);
  return code;
}
