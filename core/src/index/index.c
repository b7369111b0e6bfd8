/* SPDX-License-Identifier: Apache-2.0 */
/* An open index: a validated segment in memory, shared by counting references, and the questions it answers. */
#include "index/index.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cpu.h"
#include "base/error.h"
#include "base/file.h"
#include "hamming/hamming.h"
#include "index/manifest.h"
#include "index/segment.h"

/* How often a writer may replace the index while it is being opened, before that is an error. */
#define OPEN_ATTEMPTS 16

struct hashscan_index {
  atomic_size_t references;
  struct file_map map;
  struct segment segment;
  struct manifest manifest;
};

/* ---- Opening and closing --------------------------------------------------------------------------------------- */

static hashscan_code validate(const char *path, hashscan_index *index, hashscan_error *error) {
  const struct manifest *manifest = &index->manifest;
  const hashscan_code code = index_segment_validate(path, index->map.bytes, index->map.size, &index->segment, error);
  if (code != HASHSCAN_SUCCESS) return code;
  if (memcmp(index->segment.digest, manifest->segment_digest, INDEX_DIGEST_BYTES) != 0 ||
      index->map.size != manifest->segment_size || index->segment.entry_count != manifest->entries)
    return error_set(error, HASHSCAN_E_FORMAT, "%s: the segment is not the one that MANIFEST names", path);
  return HASHSCAN_SUCCESS;
}

/* A segment that is gone while MANIFEST still names it is missing; when MANIFEST has changed, a writer was faster. */
static hashscan_code load(const char *path, int dirfd, hashscan_index *index, hashscan_error *error) {
  char name[INDEX_SEGMENT_NAME_BYTES] = "";
  for (int attempt = 0; attempt < OPEN_ATTEMPTS; attempt++) {
    char previous[INDEX_SEGMENT_NAME_BYTES];
    memcpy(previous, name, sizeof previous);
    const hashscan_code code = manifest_read(path, dirfd, &index->manifest, error);
    if (code != HASHSCAN_SUCCESS) return code;
    index_segment_name(index->manifest.segment_digest, name);
    const int failed = file_map_open(dirfd, name, &index->map);
    if (failed == 0) return validate(path, index, error);
    if (failed != ENOENT) return error_set_errno(error, HASHSCAN_E_IO, failed, "%s/%s", path, name);
    if (strcmp(name, previous) == 0)
      return error_set(error, HASHSCAN_E_FORMAT, "%s: %s is missing, which MANIFEST names", path, name);
  }
  return error_set(error, HASHSCAN_E_IO, "%s: replaced again and again while being opened", path);
}

static hashscan_code open_folder(const char *path, int *dirfd, hashscan_error *error) {
  *dirfd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (*dirfd >= 0) return HASHSCAN_SUCCESS;
  if (errno == ENOTDIR) return error_set(error, HASHSCAN_E_FORMAT, "%s: not an index: an index is a folder", path);
  return error_set_errno(error, HASHSCAN_E_IO, errno, "%s", path);
}

hashscan_code hashscan_index_open(const char *path, hashscan_index **index, hashscan_error *error) {
  if (index != NULL) *index = NULL;
  if (path == NULL || index == NULL) return error_set(error, HASHSCAN_E_ARGUMENT, "path or index is NULL");
  hashscan_code code = cpu_check(error);
  if (code != HASHSCAN_SUCCESS) return code;
  int dirfd;
  code = open_folder(path, &dirfd, error);
  if (code != HASHSCAN_SUCCESS) return code;
  hashscan_index *opened = calloc(1, sizeof *opened);
  if (opened == NULL) {
    close(dirfd);
    return error_memory(error);
  }
  atomic_init(&opened->references, 1);
  code = load(path, dirfd, opened, error);
  close(dirfd);
  if (code == HASHSCAN_SUCCESS) *index = opened;
  else hashscan_index_close(opened);
  return code;
}

hashscan_index *hashscan_index_retain(hashscan_index *index) {
  if (index != NULL) atomic_fetch_add_explicit(&index->references, 1, memory_order_relaxed);
  return index;
}

void hashscan_index_close(hashscan_index *index) {
  /* Acquire and release: whatever other threads did with the index happens before the one that frees it. */
  if (index == NULL || atomic_fetch_sub_explicit(&index->references, 1, memory_order_acq_rel) != 1) return;
  file_map_close(&index->map);
  free(index);
}

/* ---- What it holds --------------------------------------------------------------------------------------------- */

bool index_has_kind(const hashscan_index *index, hashscan_kind kind) {
  return index->segment.kinds[kind].row_count > 0;
}

void hashscan_index_get_info(const hashscan_index *index, hashscan_index_info *info) {
  memset(info, 0, sizeof *info);
  info->entries = index->segment.entry_count;
  for (unsigned kind = 0; kind < HASHSCAN_KIND_COUNT; kind++)
    info->entries_by_kind[kind] = index->segment.kinds[kind].entry_count;
  info->distinct_pdq = index->segment.kinds[HASHSCAN_KIND_PDQ].row_count;
  info->bytes = index->map.size + INDEX_MANIFEST_BYTES;
  info->format_version = INDEX_FORMAT_VERSION;
  info->lists = index->segment.list_count;
  hashscan_hex_encode(index->manifest.digest, INDEX_DIGEST_BYTES, info->digest);
}

hashscan_code hashscan_index_list(const hashscan_index *index, uint32_t list, const char **name, const char **version,
                                  uint64_t *entries, hashscan_error *error) {
  if (index == NULL) return error_set(error, HASHSCAN_E_ARGUMENT, "index is NULL");
  const struct segment *segment = &index->segment;
  if (list >= segment->list_count)
    return error_set(error, HASHSCAN_E_ARGUMENT, "list %u of %u", list, segment->list_count);
  const uint8_t *record = segment->lists + (size_t)list * INDEX_LIST_BYTES;
  if (name != NULL) *name = segment->strings + load_u64(record + INDEX_LIST_NAME);
  if (version != NULL) *version = segment->strings + load_u64(record + INDEX_LIST_VERSION);
  if (entries != NULL) *entries = load_u64(record + INDEX_LIST_ENTRIES);
  return HASHSCAN_SUCCESS;
}

hashscan_code hashscan_index_entry(const hashscan_index *index, uint64_t entry, hashscan_entry *out,
                                   hashscan_error *error) {
  if (index == NULL || out == NULL) return error_set(error, HASHSCAN_E_ARGUMENT, "index or out is NULL");
  if (entry >= index->segment.entry_count)
    return error_set(error, HASHSCAN_E_ARGUMENT, "entry %llu of %u", (unsigned long long)entry,
                     index->segment.entry_count);
  segment_entry(&index->segment, (uint32_t)entry, out);
  return HASHSCAN_SUCCESS;
}

/* ---- Searching ------------------------------------------------------------------------------------------------- */

struct search {
  const struct segment_kind *rows;
  hashscan_hit_fn on_hit;
  void *user;
};

static bool visit_row(void *user, size_t row, uint32_t query, unsigned distance) {
  const struct search *search = user;
  const uint32_t end = segment_row_start(search->rows, row + 1);
  for (uint32_t entry = segment_row_start(search->rows, row); entry < end; entry++) {
    const hashscan_hit hit = {.entry = entry, .query = query, .distance = distance};
    if (search->on_hit(&hit, search->user) != 0) return false;
  }
  return true;
}

hashscan_code hashscan_index_search(const hashscan_index *index, const hashscan_pdq *queries, size_t count,
                                    unsigned radius, hashscan_hit_fn on_hit, void *user, hashscan_error *error) {
  if (index == NULL || on_hit == NULL || (queries == NULL && count > 0))
    return error_set(error, HASHSCAN_E_ARGUMENT, "index, queries or on_hit is NULL");
  if (radius > HAMMING_MAX_RADIUS)
    return error_set(error, HASHSCAN_E_ARGUMENT, "radius %u is outside of 0 to %d", radius, HAMMING_MAX_RADIUS);
  if (count > UINT32_MAX) return error_set(error, HASHSCAN_E_ARGUMENT, "more than 2^32 - 1 queries");
  struct search search = {&index->segment.kinds[HASHSCAN_KIND_PDQ], on_hit, user};
  if (hamming_scan(search.rows->rows, search.rows->row_count, queries, (uint32_t)count, radius, visit_row, &search))
    return HASHSCAN_SUCCESS;
  return error_set(error, HASHSCAN_E_STOPPED, "the search was stopped by its callback");
}

hashscan_code hashscan_index_lookup(const hashscan_index *index, hashscan_kind kind, const uint8_t *digest,
                                    hashscan_hit_fn on_hit, void *user, hashscan_error *error) {
  if (index == NULL || digest == NULL || on_hit == NULL)
    return error_set(error, HASHSCAN_E_ARGUMENT, "index, digest or on_hit is NULL");
  if (hashscan_kind_bytes(kind) == 0 || kind == HASHSCAN_KIND_PDQ)
    return error_set(error, HASHSCAN_E_ARGUMENT, "kind %s has no digests to look up", hashscan_kind_name(kind));
  uint32_t entry;
  uint32_t end;
  if (!segment_lookup(&index->segment, kind, digest, &entry, &end)) return HASHSCAN_SUCCESS;
  for (; entry < end; entry++) {
    const hashscan_hit hit = {.entry = entry};
    if (on_hit(&hit, user) != 0) return error_set(error, HASHSCAN_E_STOPPED, "the lookup was stopped by its callback");
  }
  return HASHSCAN_SUCCESS;
}
