/* SPDX-License-Identifier: Apache-2.0 */
/* Writes an index folder so that whoever opens it sees the old index or the new one.
 *
 *   1. lock the file LOCK, so that there is one writer at a time; the kernel releases it when its holder dies
 *   2. new segments and logs: written under a temporary name, fsynced, renamed, folder fsynced; or records are appended
 *      to the log behind what MANIFEST counts, and fsynced
 *   3. MANIFEST: written like a segment; its rename is the moment of change
 *   4. segments and logs that MANIFEST does not name, and leftovers of crashed writers, are removed
 *
 * A reader that holds an old segment open keeps it; one that read the old MANIFEST and comes too late for its files
 * reads MANIFEST again (search/open.c). */
#include "index/build/folder.h"

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

#define MANIFEST_TEMPORARY "MANIFEST.tmp"

/* ---- What is in the folder ------------------------------------------------------------------------------------- */

/* `prefix`, 16 lower-case hex digits, `suffix`. */
static bool is_numbered(const char *name, const char *prefix, const char *suffix) {
  const size_t start = strlen(prefix);
  if (strncmp(name, prefix, start) != 0) return false;
  for (size_t i = start; i < start + 16; i++)
    if (hex_digit(name[i]) < 0 || (name[i] >= 'A' && name[i] <= 'F')) return false;
  return strcmp(name + start + 16, suffix) == 0;
}

static bool is_data_name(const char *name) {
  return is_numbered(name, "segment-", ".hsi") || is_numbered(name, "log-", ".hsl");
}

static bool is_temporary_name(const char *name) {
  return strcmp(name, INDEX_SEGMENT_TEMPORARY) == 0 || strcmp(name, MANIFEST_TEMPORARY) == 0 ||
         strcmp(name, FOLDER_LOG_TEMPORARY) == 0;
}

static bool is_own_name(const char *name) {
  return strcmp(name, ".") == 0 || strcmp(name, "..") == 0 || strcmp(name, FOLDER_LOCK_NAME) == 0 ||
         is_data_name(name) || is_temporary_name(name);
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
  for (struct dirent *file; !foreign && (file = readdir(listing)) != NULL;) foreign = !is_own_name(file->d_name);
  closedir(listing);
  if (!foreign) return HASHSCAN_SUCCESS;
  return error_set(error, HASHSCAN_E_ARGUMENT, "%s holds other files and no index; choose an empty or new folder",
                   path);
}

static hashscan_code check_target(const char *path, int dirfd, bool create, hashscan_error *error) {
  struct file_map map;
  const hashscan_code code = file_map_open(dirfd, path, INDEX_MANIFEST_NAME, &map, error);
  if (map.missing && create) return check_no_foreign_files(path, dirfd, error);
  if (map.missing) return error_set(error, HASHSCAN_E_FORMAT, "%s: not an index: it has no MANIFEST", path);
  if (code != HASHSCAN_SUCCESS) return code;
  const bool ours = map.size >= INDEX_MAGIC_BYTES && memcmp(map.bytes, INDEX_MANIFEST_MAGIC, INDEX_MAGIC_BYTES) == 0;
  file_map_close(&map);
  if (ours) return HASHSCAN_SUCCESS;
  return error_set(error, HASHSCAN_E_ARGUMENT, "%s holds a MANIFEST that is not of an index; choose another folder",
                   path);
}

static bool is_named(const struct manifest *manifest, const char *name) {
  char known[LOG_NAME_BYTES > INDEX_SEGMENT_NAME_BYTES ? LOG_NAME_BYTES : INDEX_SEGMENT_NAME_BYTES];
  for (uint32_t i = 0; i < manifest->segment_count; i++) {
    index_segment_name(manifest->segments[i].digest, known);
    if (strcmp(name, known) == 0) return true;
  }
  log_name(manifest->log_id, known);
  return manifest->log_id != 0 && strcmp(name, known) == 0;
}

/* Best effort: what stays behind is removed by the next writer. A MANIFEST that cannot be read protects everything. */
static void remove_unnamed(int dirfd) {
  struct manifest manifest = {0};
  if (manifest_read("", dirfd, &manifest, NULL) != HASHSCAN_SUCCESS &&
      faccessat(dirfd, INDEX_MANIFEST_NAME, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
    return;
  DIR *listing = open_listing(dirfd);
  if (listing == NULL) return;
  for (struct dirent *file; (file = readdir(listing)) != NULL;)
    if (is_temporary_name(file->d_name) || (is_data_name(file->d_name) && !is_named(&manifest, file->d_name)))
      unlinkat(dirfd, file->d_name, 0);
  closedir(listing);
}

/* ---- Opening and closing --------------------------------------------------------------------------------------- */

/* Whether the locked file is still the one in the folder: its holder may have removed it. */
static bool is_current(int dirfd, int lock) {
  struct stat held;
  struct stat named;
  return fstat(lock, &held) == 0 && fstatat(dirfd, FOLDER_LOCK_NAME, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
         held.st_dev == named.st_dev && held.st_ino == named.st_ino;
}

static hashscan_code lock_folder(struct folder *folder, hashscan_error *error) {
  const int lock = openat(folder->dirfd, FOLDER_LOCK_NAME,
                          O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, ACCESS_PRIVATE);
  if (lock < 0) return error_set_errno(error, HASHSCAN_E_IO, errno, "cannot write to %s", folder->path);
  int failed;
  do failed = flock(lock, LOCK_EX | LOCK_NB) == 0 ? 0 : errno;
  while (failed == EINTR);
  if (failed == 0 && !is_current(folder->dirfd, lock)) failed = EWOULDBLOCK;
  if (failed == 0) {
    folder->lock = lock;
    return HASHSCAN_SUCCESS;
  }
  close(lock);
  if (failed != EWOULDBLOCK) return error_set_errno(error, HASHSCAN_E_IO, failed, "cannot lock %s", folder->path);
  return error_set(error, HASHSCAN_E_IO, "%s: another process is changing this index", folder->path);
}

static hashscan_code make_folder(struct folder *folder, hashscan_error *error) {
  folder->created = mkdir(folder->path, access_folder_mode(ACCESS_PRIVATE)) == 0;
  if (folder->created || errno == EEXIST) return HASHSCAN_SUCCESS;
  return error_set_errno(error, HASHSCAN_E_IO, errno, "cannot create %s", folder->path);
}

/* With the lock held, under which nobody replaces MANIFEST. */
static void choose_access(struct folder *folder, mode_t mode) {
  struct stat manifest;
  folder->access = (struct file_access){.mode = ACCESS_PRIVATE};
  if (fstatat(folder->dirfd, INDEX_MANIFEST_NAME, &manifest, AT_SYMLINK_NOFOLLOW) == 0)
    folder->access = access_like(&manifest);
  if (mode != 0) folder_set_mode(folder, mode);
  access_apply(folder->lock, &folder->access); /* whoever may write the index must be able to lock it: best effort */
}

static hashscan_code open_existing(struct folder *folder, bool create, hashscan_error *error) {
  folder->dirfd = open(folder->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder->dirfd < 0 && errno == ENOTDIR)
    return error_set(error, create ? HASHSCAN_E_ARGUMENT : HASHSCAN_E_FORMAT, "%s is a file; an index is a folder",
                     folder->path);
  if (folder->dirfd < 0) return error_set_errno(error, HASHSCAN_E_IO, errno, "%s", folder->path);
  /* Before the lock, so that nothing is left in a folder that is somebody else's. */
  const hashscan_code code = check_target(folder->path, folder->dirfd, create, error);
  return code == HASHSCAN_SUCCESS ? lock_folder(folder, error) : code;
}

hashscan_code folder_open(struct folder *folder, const char *path, bool create, mode_t mode, hashscan_error *error) {
  *folder = (struct folder){.path = path, .dirfd = -1, .lock = -1};
  hashscan_code code = create ? make_folder(folder, error) : HASHSCAN_SUCCESS;
  if (code == HASHSCAN_SUCCESS) code = open_existing(folder, create, error);
  if (code == HASHSCAN_SUCCESS) choose_access(folder, mode);
  if (code != HASHSCAN_SUCCESS) folder_close(folder);
  return code;
}

void folder_close(struct folder *folder) {
  if (folder->lock >= 0 && !folder->uncertain) remove_unnamed(folder->dirfd);
  if (folder->lock >= 0 && folder->created) unlinkat(folder->dirfd, FOLDER_LOCK_NAME, 0);
  if (folder->created) rmdir(folder->path);
  if (folder->lock >= 0) close(folder->lock);
  if (folder->dirfd >= 0) close(folder->dirfd);
  *folder = (struct folder){.dirfd = -1, .lock = -1};
}

/* ---- Who may read it ------------------------------------------------------------------------------------------- */

void folder_set_mode(struct folder *folder, mode_t mode) {
  folder->access.mode = mode;
  folder->access.asked = true;
}

static int apply_to_file(const struct folder *folder, const char *name) {
  const int fd = openat(folder->dirfd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  if (fd < 0) return errno;
  const int failed = access_apply(fd, &folder->access);
  close(fd);
  return failed;
}

hashscan_code folder_apply_mode(const struct folder *folder, hashscan_error *error) {
  if (!folder->access.asked) return HASHSCAN_SUCCESS;
  const struct file_access own = {.mode = folder->access.mode, .asked = true};
  DIR *listing = open_listing(folder->dirfd);
  int failed = listing == NULL ? errno : 0;
  for (struct dirent *file; failed == 0 && (file = readdir(listing)) != NULL;)
    if (is_data_name(file->d_name) || strcmp(file->d_name, INDEX_MANIFEST_NAME) == 0)
      failed = apply_to_file(folder, file->d_name);
  if (listing != NULL) closedir(listing);
  if (failed == 0) failed = access_apply(folder->lock, &own);
  if (failed == 0) failed = access_apply(folder->dirfd, &own);
  if (failed == 0) return HASHSCAN_SUCCESS;
  return error_set_errno(error, HASHSCAN_E_IO, failed, "cannot set mode %04o", (unsigned)folder->access.mode);
}

/* ---- Writing --------------------------------------------------------------------------------------------------- */

static hashscan_code write_manifest(const struct folder *folder, struct manifest *manifest, hashscan_error *error) {
  uint8_t bytes[INDEX_MANIFEST_MAX_BYTES];
  struct file_writer writer;
  const size_t size = manifest_encode(manifest, bytes);
  const hashscan_code code = file_writer_open(&writer, folder->dirfd, MANIFEST_TEMPORARY, &folder->access, error);
  if (code != HASHSCAN_SUCCESS) return code;
  file_writer_put(&writer, bytes, size);
  return file_writer_commit(&writer, INDEX_MANIFEST_NAME, error);
}

/* The new folder's own name must reach the disk as well. */
static hashscan_code sync_parent(const struct folder *folder, hashscan_error *error) {
  const int parent = openat(folder->dirfd, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const bool synced = parent >= 0 && fsync(parent) == 0;
  const int failed = errno;
  if (parent >= 0) close(parent);
  return synced ? HASHSCAN_SUCCESS
                : error_set_errno(error, HASHSCAN_E_IO, failed, "cannot sync the folder that holds %s", folder->path);
}

hashscan_code folder_commit(struct folder *folder, struct manifest *manifest, hashscan_error *error) {
  hashscan_code code = folder_apply_mode(folder, error);
  if (code != HASHSCAN_SUCCESS) return code;
  code = write_manifest(folder, manifest, error);
  struct manifest standing;
  if (code != HASHSCAN_SUCCESS) {
    folder->uncertain = manifest_read("", folder->dirfd, &standing, NULL) == HASHSCAN_SUCCESS &&
                        memcmp(standing.digest, manifest->digest, INDEX_DIGEST_BYTES) == 0;
    return code;
  }
  remove_unnamed(folder->dirfd);
  const bool created = folder->created;
  folder->created = false;
  return created ? sync_parent(folder, error) : HASHSCAN_SUCCESS;
}
