/* SPDX-License-Identifier: Apache-2.0 */
/* Writing an index folder, so that whoever opens it sees the old index or the new one.
 *
 *   1. lock the folder, so that there is one writer at a time
 *   2. the segment: written as segment.tmp, fsynced, renamed to a name made from its digest, folder fsynced
 *   3. MANIFEST: the same; its rename is the moment of change
 *   4. segments that MANIFEST does not name, and leftovers of crashed writers, are removed
 *
 * A reader that holds the old segment open keeps it; one that read the old MANIFEST and comes too late for its segment
 * reads MANIFEST again (index.c). */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/hex.h"
#include "index/builder.h"
#include "index/manifest.h"

#define MANIFEST_TEMPORARY "MANIFEST.tmp"

/* ---- What is in the folder ------------------------------------------------------------------------------------- */

/* segment-<16 lower-case hex digits>.hsi */
static bool is_segment_name(const char *name) {
  if (strlen(name) != INDEX_SEGMENT_NAME_BYTES - 1 || strncmp(name, "segment-", 8) != 0) return false;
  for (unsigned i = 8; i < 24; i++)
    if (hex_digit(name[i]) < 0 || (name[i] >= 'A' && name[i] <= 'F')) return false;
  return strcmp(name + 24, ".hsi") == 0;
}

static bool is_temporary_name(const char *name) {
  return strcmp(name, INDEX_SEGMENT_TEMPORARY) == 0 || strcmp(name, MANIFEST_TEMPORARY) == 0;
}

static DIR *open_listing(int dirfd) {
  const int fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR *listing = fd < 0 ? NULL : fdopendir(fd);
  if (listing == NULL && fd >= 0) close(fd);
  return listing;
}

/* Without MANIFEST a folder may hold nothing but what a writer left that never finished. */
static hashscan_code check_no_foreign_files(const char *path, int dirfd, hashscan_error *error) {
  DIR *listing = open_listing(dirfd);
  if (listing == NULL) return error_set_errno(error, HASHSCAN_E_IO, errno, "%s", path);
  bool foreign = false;
  for (struct dirent *file; !foreign && (file = readdir(listing)) != NULL;) {
    const char *name = file->d_name;
    foreign = strcmp(name, ".") != 0 && strcmp(name, "..") != 0 && !is_segment_name(name) && !is_temporary_name(name);
  }
  closedir(listing);
  if (!foreign) return HASHSCAN_SUCCESS;
  return error_set(error, HASHSCAN_E_ARGUMENT, "%s holds other files and no index; choose an empty or new folder",
                   path);
}

static hashscan_code check_target(const char *path, int dirfd, hashscan_error *error) {
  struct file_map map;
  const int failed = file_map_open(dirfd, INDEX_MANIFEST_NAME, &map);
  if (failed == ENOENT) return check_no_foreign_files(path, dirfd, error);
  if (failed != 0) return error_set_errno(error, HASHSCAN_E_IO, failed, "%s/MANIFEST", path);
  const bool ours = map.size >= INDEX_MAGIC_BYTES && memcmp(map.bytes, INDEX_MANIFEST_MAGIC, INDEX_MAGIC_BYTES) == 0;
  file_map_close(&map);
  if (ours) return HASHSCAN_SUCCESS;
  return error_set(error, HASHSCAN_E_ARGUMENT, "%s holds a MANIFEST that is not of an index; choose another folder",
                   path);
}

/* Best effort: what stays behind is removed by the next write. A MANIFEST that cannot be read protects everything. */
static void remove_unreferenced(int dirfd) {
  char keep[INDEX_SEGMENT_NAME_BYTES] = "";
  struct manifest manifest;
  if (manifest_read("", dirfd, &manifest, NULL) == HASHSCAN_SUCCESS) index_segment_name(manifest.segment_digest, keep);
  else if (faccessat(dirfd, INDEX_MANIFEST_NAME, F_OK, AT_SYMLINK_NOFOLLOW) == 0) return;
  DIR *listing = open_listing(dirfd);
  if (listing == NULL) return;
  for (struct dirent *file; (file = readdir(listing)) != NULL;)
    if (is_temporary_name(file->d_name) || (is_segment_name(file->d_name) && strcmp(file->d_name, keep) != 0))
      unlinkat(dirfd, file->d_name, 0);
  closedir(listing);
}

/* ---- Writing --------------------------------------------------------------------------------------------------- */

static hashscan_code lock_folder(const char *path, int dirfd, hashscan_error *error) {
  int failed;
  do failed = flock(dirfd, LOCK_EX | LOCK_NB) == 0 ? 0 : errno;
  while (failed == EINTR);
  if (failed == EWOULDBLOCK) return error_set(error, HASHSCAN_E_IO, "%s: another process is writing this index", path);
  return HASHSCAN_SUCCESS; /* a file system without locks is used without */
}

static hashscan_code open_target(const char *path, int *dirfd, bool *created, hashscan_error *error) {
  *created = mkdir(path, 0777) == 0;
  if (!*created && errno != EEXIST) return error_set_errno(error, HASHSCAN_E_IO, errno, "cannot create %s", path);
  *dirfd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (*dirfd < 0 && errno == ENOTDIR)
    return error_set(error, HASHSCAN_E_ARGUMENT, "%s is a file; an index is a folder", path);
  if (*dirfd < 0) return error_set_errno(error, HASHSCAN_E_IO, errno, "%s", path);
  const hashscan_code code = lock_folder(path, *dirfd, error);
  return code == HASHSCAN_SUCCESS ? check_target(path, *dirfd, error) : code;
}

static hashscan_code write_manifest(int dirfd, struct manifest *manifest, hashscan_error *error) {
  uint8_t bytes[INDEX_MANIFEST_BYTES];
  struct file_writer writer;
  manifest_encode(manifest, bytes);
  const hashscan_code code = file_writer_open(&writer, dirfd, MANIFEST_TEMPORARY, error);
  if (code != HASHSCAN_SUCCESS) return code;
  file_writer_put(&writer, bytes, sizeof bytes);
  return file_writer_commit(&writer, INDEX_MANIFEST_NAME, error);
}

/* The new folder's own name must reach the disk as well. */
static hashscan_code sync_parent(const char *path, int dirfd, hashscan_error *error) {
  const int parent = openat(dirfd, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const bool synced = parent >= 0 && fsync(parent) == 0;
  const int failed = errno;
  if (parent >= 0) close(parent);
  return synced ? HASHSCAN_SUCCESS
                : error_set_errno(error, HASHSCAN_E_IO, failed, "cannot sync the folder that holds %s", path);
}

static hashscan_code write_files(const hashscan_builder *builder, const char *path, int dirfd, hashscan_error *error) {
  struct manifest manifest = {.entries = builder->entry_count};
  hashscan_error failure;
  hashscan_code code = segment_write(builder, dirfd, manifest.segment_digest, &manifest.segment_size, &failure);
  if (code == HASHSCAN_SUCCESS) code = write_manifest(dirfd, &manifest, &failure);
  return code == HASHSCAN_SUCCESS ? code : error_set(error, code, "%s: %s", path, failure.message);
}

hashscan_code hashscan_builder_write(hashscan_builder *builder, const char *path, hashscan_error *error) {
  if (builder == NULL || path == NULL) return error_set(error, HASHSCAN_E_ARGUMENT, "builder or path is NULL");
  int dirfd = -1;
  bool created = false;
  hashscan_code code = builder_sort(builder, error);
  if (code == HASHSCAN_SUCCESS) code = open_target(path, &dirfd, &created, error);
  if (code == HASHSCAN_SUCCESS) {
    code = write_files(builder, path, dirfd, error);
    remove_unreferenced(dirfd);
  }
  if (code == HASHSCAN_SUCCESS && created) code = sync_parent(path, dirfd, error);
  else if (created) rmdir(path);
  if (dirfd >= 0) close(dirfd);
  return code;
}
