/* SPDX-License-Identifier: Apache-2.0 */
/* Opens an index: MANIFEST, the segments that it names, the log over them, and a part made from what the log added.
 * All of it is validated and made searchable, or, for info.c, only as much of it is looked at as counting needs.
 *
 * A writer may replace MANIFEST meanwhile and remove what the old one named. So when something is missing or does not
 * fit, MANIFEST is read again: if it has changed, everything is read again, and only otherwise is the index damaged. */
#include "index/search/open.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cpu.h"
#include "base/error.h"
#include "index/build/segment_writer.h"
#include "index/format/blob.h"
#include "index/search/count.h"

/* How often a writer may replace the index while it is being opened, before that is an error. */
#define OPEN_ATTEMPTS 16

/* What messages call an index that is in no folder. */
#define MEMORY_NAME "index in memory"

/* Where the files of an index are: in a folder or, where `blob` is not NULL, in memory. */
struct source {
  const char *path; /* for messages */
  int dirfd;
  const struct blob *blob;
};

/* ---- Files ----------------------------------------------------------------------------------------------------- */

/* Maps the file `name`, for reading all of it or little. */
static hashscan_code map_named(int dirfd, const char *path, const char *name, bool whole, struct file_map *map,
                               hashscan_error *error) {
  const hashscan_code code = (whole ? file_map_open : file_map_open_sparse)(dirfd, path, name, map, error);
  if (!map->missing) return code;
  return error_set(error, HASHSCAN_E_FORMAT, "%s: %s is missing, which MANIFEST names", path, name);
}

/* Copies a file of a blob to where its sections are aligned. */
static hashscan_code copy_file(const struct blob_file *file, struct buffer *copy, hashscan_error *error) {
  if (file->size > SIZE_MAX - INDEX_ALIGNMENT) return error_memory(error);
  const size_t capacity = (size_t)index_align(file->size);
  copy->bytes = aligned_alloc(INDEX_ALIGNMENT, capacity == 0 ? INDEX_ALIGNMENT : capacity);
  if (copy->bytes == NULL) return error_memory(error);
  copy->size = (size_t)file->size;
  copy->capacity = capacity;
  if (copy->size > 0) memcpy(copy->bytes, file->bytes, copy->size);
  buffer_hide(copy);
  return HASHSCAN_SUCCESS;
}

static hashscan_code fetch_segment(const struct source *source, uint32_t number, const struct manifest_segment *named,
                                   bool whole, struct part *part, hashscan_error *error) {
  if (source->blob != NULL) return copy_file(&source->blob->files[1 + number], &part->memory, error);
  char name[INDEX_SEGMENT_NAME_BYTES];
  index_segment_name(named->digest, name);
  return map_named(source->dirfd, source->path, name, whole, &part->map, error);
}

static hashscan_code load_segment(const struct source *source, uint32_t number, const struct manifest_segment *named,
                                  enum index_depth depth, struct part *part, hashscan_error *error) {
  const bool whole = depth == INDEX_WHOLE;
  hashscan_code code = fetch_segment(source, number, named, whole, part, error);
  if (code != HASHSCAN_SUCCESS) return code;
  const struct blob_file file = part_file(part);
  code = (whole ? index_segment_validate : index_segment_outline)(source->path, file.bytes, (size_t)file.size,
                                                                  &part->segment, error);
  if (code != HASHSCAN_SUCCESS) return code;
  if (memcmp(part->segment.digest, named->digest, INDEX_DIGEST_BYTES) != 0 || file.size != named->size ||
      part->segment.entry_count != named->entries)
    return error_set(error, HASHSCAN_E_FORMAT, "%s: the segment is not the one that MANIFEST names", source->path);
  return HASHSCAN_SUCCESS;
}

static hashscan_code copy_log(const char *path, const struct manifest *manifest, const struct blob_file *file,
                              struct buffer *log, hashscan_error *error) {
  if (file->size < manifest->log_size)
    return error_set(error, HASHSCAN_E_FORMAT, "%s: the log is truncated: %llu of %llu bytes", path,
                     (unsigned long long)file->size, (unsigned long long)manifest->log_size);
  return copy_file(&(struct blob_file){file->bytes, manifest->log_size}, log, error);
}

/* Copied, because a writer may be appending to the file; what counts of it never changes. */
static hashscan_code read_log(const struct source *source, const struct manifest *manifest, struct buffer *log,
                              mode_t *mode, hashscan_error *error) {
  if (source->blob != NULL) {
    const struct blob_file *file = &source->blob->files[1 + manifest->segment_count];
    if (file->size > manifest->log_size)
      return error_set(error, HASHSCAN_E_FORMAT, "%s: the log has more bytes than count", source->path);
    return copy_log(source->path, manifest, file, log, error);
  }
  char name[LOG_NAME_BYTES];
  struct file_map map = {0};
  log_name(manifest->log_id, name);
  hashscan_code code = map_named(source->dirfd, source->path, name, true, &map, error);
  if (code != HASHSCAN_SUCCESS) return code;
  code = copy_log(source->path, manifest, &(struct blob_file){map.bytes, map.size}, log, error);
  *mode |= map.mode;
  file_map_close(&map);
  return code;
}

static hashscan_code check_log_digest(const char *path, const struct manifest *manifest, const struct buffer *log,
                                      hashscan_error *error) {
  uint8_t digest[INDEX_DIGEST_BYTES];
  index_digest(log->bytes, log->size, digest);
  if (memcmp(digest, manifest->log_digest, INDEX_DIGEST_BYTES) == 0) return HASHSCAN_SUCCESS;
  return error_set(error, HASHSCAN_E_FORMAT, "%s: the log fails its checksum", path);
}

/* ---- The log's own entries ------------------------------------------------------------------------------------- */

static hashscan_code add_live(const struct log_entries *entries, hashscan_builder *builder, hashscan_error *error) {
  hashscan_code code = HASHSCAN_SUCCESS;
  for (size_t i = 0; i < entries->count && code == HASHSCAN_SUCCESS; i++) {
    struct list_entry entry;
    if (entries->items[i].dead) continue;
    log_entry_decode(&entries->items[i], &entry);
    code = builder_add(builder, &entry, error);
  }
  return code == HASHSCAN_SUCCESS ? builder_sort(builder, error) : code;
}

/* The same way as into a file and back, so that there is one representation to search. */
static hashscan_code make_part(const char *path, const struct log_entries *entries, struct part *part,
                               hashscan_error *error) {
  hashscan_builder *builder;
  hashscan_code code = hashscan_builder_create(&builder, error);
  if (code != HASHSCAN_SUCCESS) return code;
  code = add_live(entries, builder, error);
  if (code == HASHSCAN_SUCCESS) code = segment_encode(builder, &part->memory, error);
  hashscan_builder_destroy(builder);
  if (code != HASHSCAN_SUCCESS) return code;
  buffer_hide(&part->memory);
  return index_segment_validate(path, part->memory.bytes, part->memory.size, &part->segment, error);
}

static hashscan_code load_log(const struct source *source, hashscan_index *index, hashscan_error *error) {
  const char *const path = source->path;
  if (index->manifest.log_id == 0) return HASHSCAN_SUCCESS;
  struct buffer *log = &index->log_bytes;
  struct log_entries *entries = &index->log_entries;
  hashscan_code code = read_log(source, &index->manifest, log, &index->mode, error);
  if (code == HASHSCAN_SUCCESS) code = check_log_digest(path, &index->manifest, log, error);
  if (code == HASHSCAN_SUCCESS)
    code = log_replay(path, log->bytes, log->size, index->parts, index->part_count, entries, error);
  if (code != HASHSCAN_SUCCESS) return code;
  size_t live = 0;
  for (size_t i = 0; i < entries->count; i++) live += !entries->items[i].dead;
  index->dead += entries->count - live;
  if (live == 0) return HASHSCAN_SUCCESS;
  return make_part(path, entries, &index->parts[index->part_count++], error);
}

/* ---- Loading --------------------------------------------------------------------------------------------------- */

static hashscan_code finish_parts(hashscan_index *index, hashscan_error *error) {
  hashscan_code code = HASHSCAN_SUCCESS;
  for (uint32_t i = 0; i < index->part_count && code == HASHSCAN_SUCCESS; i++) {
    struct part *part = &index->parts[i];
    part->base = index->entries;
    index->entries += part_live_count(part);
    index->dead += part->dead_count;
    code = part_finish(part, error);
  }
  return code;
}

static hashscan_code load(const struct source *source, enum index_depth depth, hashscan_index *index,
                          hashscan_error *error) {
  const struct manifest *manifest = &index->manifest;
  index->parts = calloc((size_t)manifest->segment_count + 1, sizeof *index->parts);
  if (index->parts == NULL) return error_memory(error);
  hashscan_code code = HASHSCAN_SUCCESS;
  while (code == HASHSCAN_SUCCESS && index->part_count < manifest->segment_count) {
    const uint32_t next = index->part_count++;
    code = load_segment(source, next, &manifest->segments[next], depth, &index->parts[next], error);
    index->mode |= index->parts[next].map.mode;
  }
  if (code == HASHSCAN_SUCCESS) code = load_log(source, index, error);
  if (code == HASHSCAN_SUCCESS) code = finish_parts(index, error);
  return code == HASHSCAN_SUCCESS ? index_count(source->path, index, error) : code;
}

/* What the files let anybody do, as far as their folder lets anybody through to them. */
static mode_t effective_mode(int dirfd, mode_t files) {
  struct stat folder;
  mode_t through = 0700;
  if (fstat(dirfd, &folder) != 0) return files & 0777;
  if ((folder.st_mode & S_IXGRP) != 0) through |= 0070;
  if ((folder.st_mode & S_IXOTH) != 0) through |= 0007;
  return files & through;
}

static bool manifest_changed(int dirfd, const struct manifest *manifest) {
  struct manifest now;
  return manifest_read("", dirfd, &now, NULL) == HASHSCAN_SUCCESS &&
         memcmp(now.digest, manifest->digest, INDEX_DIGEST_BYTES) != 0;
}

hashscan_code index_load(const char *path, int dirfd, enum index_depth depth, hashscan_index *index,
                         hashscan_error *error) {
  for (int attempt = 0; attempt < OPEN_ATTEMPTS; attempt++) {
    struct manifest manifest;
    hashscan_code code = manifest_read(path, dirfd, &manifest, error);
    if (code != HASHSCAN_SUCCESS) return code;
    index->manifest = manifest;
    code = load(&(struct source){.path = path, .dirfd = dirfd}, depth, index, error);
    index->mode = effective_mode(dirfd, index->mode);
    if (code == HASHSCAN_SUCCESS) return code;
    index_unload(index);
    if (code == HASHSCAN_E_MEMORY || !manifest_changed(dirfd, &manifest)) return code;
  }
  return error_set(error, HASHSCAN_E_IO, "%s: replaced again and again while being opened", path);
}

/* ---- Opening --------------------------------------------------------------------------------------------------- */

static hashscan_code make_searchable(hashscan_index *index, hashscan_error *error) {
  hashscan_code code = HASHSCAN_SUCCESS;
  for (uint32_t i = 0; i < index->part_count && code == HASHSCAN_SUCCESS; i++)
    code = part_make_searchable(&index->parts[i], error);
  if (code != HASHSCAN_SUCCESS) return code;
  index->scratch = scratch_pool_create();
  return index->scratch == NULL ? error_memory(error) : HASHSCAN_SUCCESS;
}

/* Ends the opening of `opened`, which loading has filled or, with `code`, has not: makes it searchable and hands it
 * out, or frees it. */
static hashscan_code end_opening(hashscan_index *opened, hashscan_code code, bool keep_log, hashscan_index **index,
                                 hashscan_error *error) {
  if (code == HASHSCAN_SUCCESS) code = make_searchable(opened, error);
  if (code != HASHSCAN_SUCCESS) {
    index_unload(opened);
    free(opened);
    return code;
  }
  if (!keep_log) log_entries_free(&opened->log_entries);
  atomic_init(&opened->references, 1);
  *index = opened;
  return HASHSCAN_SUCCESS;
}

hashscan_code index_open_folder(const char *path, int dirfd, bool keep_log, hashscan_index **index,
                                hashscan_error *error) {
  *index = NULL;
  hashscan_index *opened = calloc(1, sizeof *opened);
  if (opened == NULL) return error_memory(error);
  return end_opening(opened, index_load(path, dirfd, INDEX_WHOLE, opened, error), keep_log, index, error);
}

hashscan_code index_folder(const char *path, int *dirfd, hashscan_error *error) {
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
  code = index_folder(path, &dirfd, error);
  if (code != HASHSCAN_SUCCESS) return code;
  code = index_open_folder(path, dirfd, false, index, error);
  close(dirfd);
  return code;
}

hashscan_code hashscan_index_open_descriptor(int descriptor, const char *name, hashscan_index **index,
                                             hashscan_error *error) {
  if (index != NULL) *index = NULL;
  if (name == NULL || index == NULL) return error_set(error, HASHSCAN_E_ARGUMENT, "name or index is NULL");
  const hashscan_code code = cpu_check(error);
  return code == HASHSCAN_SUCCESS ? index_open_folder(name, descriptor, false, index, error) : code;
}

/* ---- In memory ------------------------------------------------------------------------------------------------- */

static hashscan_code load_blob(const struct blob *blob, hashscan_index *index, hashscan_error *error) {
  if (blob->file_count == 0)
    return error_set(error, HASHSCAN_E_FORMAT, "%s: the blob is damaged: it has no MANIFEST", MEMORY_NAME);
  const struct blob_file *manifest = &blob->files[0];
  const hashscan_code code =
      manifest_decode(MEMORY_NAME, manifest->bytes, (size_t)manifest->size, &index->manifest, error);
  if (code != HASHSCAN_SUCCESS) return code;
  if (blob->file_count != 1 + index->manifest.segment_count + (index->manifest.log_id != 0))
    return error_set(error, HASHSCAN_E_FORMAT, "%s: the blob is damaged: its files are not those that MANIFEST names",
                     MEMORY_NAME);
  return load(&(struct source){.path = MEMORY_NAME, .dirfd = -1, .blob = blob}, INDEX_WHOLE, index, error);
}

hashscan_code hashscan_index_open_bytes(const void *bytes, size_t size, hashscan_index **index, hashscan_error *error) {
  if (index != NULL) *index = NULL;
  if (index == NULL || (bytes == NULL && size > 0))
    return error_set(error, HASHSCAN_E_ARGUMENT, "bytes or index is NULL");
  hashscan_code code = cpu_check(error);
  struct blob blob;
  if (code == HASHSCAN_SUCCESS) code = blob_decode(MEMORY_NAME, bytes, size, &blob, error);
  if (code != HASHSCAN_SUCCESS) return code;
  hashscan_index *opened = calloc(1, sizeof *opened);
  if (opened == NULL) return error_memory(error);
  return end_opening(opened, load_blob(&blob, opened, error), false, index, error);
}

/* The segment stays where it was encoded. */
static hashscan_code load_built(const hashscan_builder *builder, hashscan_index *index, hashscan_error *error) {
  index->parts = calloc(1, sizeof *index->parts);
  if (index->parts == NULL) return error_memory(error);
  index->part_count = 1;
  struct part *part = index->parts;
  hashscan_code code = segment_encode(builder, &part->memory, error);
  if (code != HASHSCAN_SUCCESS) return code;
  buffer_hide(&part->memory);
  code = index_segment_validate(MEMORY_NAME, part->memory.bytes, part->memory.size, &part->segment, error);
  if (code != HASHSCAN_SUCCESS) return code;
  struct manifest *manifest = &index->manifest;
  uint8_t bytes[INDEX_MANIFEST_MAX_BYTES];
  manifest->segment_count = 1;
  manifest->segments[0].size = part->memory.size;
  manifest->segments[0].entries = part->segment.entry_count;
  memcpy(manifest->segments[0].digest, part->segment.digest, INDEX_DIGEST_BYTES);
  manifest_encode(manifest, bytes);
  code = finish_parts(index, error);
  return code == HASHSCAN_SUCCESS ? index_count(MEMORY_NAME, index, error) : code;
}

hashscan_code hashscan_builder_index(hashscan_builder *builder, hashscan_index **index, hashscan_error *error) {
  if (index != NULL) *index = NULL;
  if (builder == NULL || index == NULL) return error_set(error, HASHSCAN_E_ARGUMENT, "builder or index is NULL");
  const hashscan_code code = builder_sort(builder, error);
  if (code != HASHSCAN_SUCCESS) return code;
  hashscan_index *opened = calloc(1, sizeof *opened);
  if (opened == NULL) return error_memory(error);
  return end_opening(opened, load_built(builder, opened, error), false, index, error);
}

hashscan_code hashscan_index_write_bytes(const hashscan_index *index, void *bytes, size_t capacity, size_t *size,
                                         hashscan_error *error) {
  if (index == NULL || size == NULL || (bytes == NULL && capacity > 0))
    return error_set(error, HASHSCAN_E_ARGUMENT, "index, bytes or size is NULL");
  uint8_t manifest[INDEX_MANIFEST_MAX_BYTES];
  const uint32_t segments = index->manifest.segment_count;
  struct blob blob = {.file_count = 1 + segments + (index->manifest.log_id != 0)};
  blob.files[0] = (struct blob_file){manifest, manifest_repeat(&index->manifest, manifest)};
  for (uint32_t i = 0; i < segments; i++) blob.files[1 + i] = part_file(&index->parts[i]);
  if (index->manifest.log_id != 0)
    blob.files[1 + segments] = (struct blob_file){index->log_bytes.bytes, index->log_bytes.size};
  const uint64_t wanted = blob_bytes(&blob);
  if (wanted > SIZE_MAX) return error_memory(error);
  *size = (size_t)wanted;
  if (capacity >= *size) blob_encode(&blob, bytes);
  return HASHSCAN_SUCCESS;
}
