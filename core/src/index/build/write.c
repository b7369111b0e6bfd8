/* SPDX-License-Identifier: Apache-2.0 */
/* Writes the entries of a builder as an index folder with one segment. */
#include "base/error.h"
#include "index/build/folder.h"
#include "index/build/segment_writer.h"

static hashscan_code write_files(struct folder *folder, const hashscan_builder *builder, hashscan_error *error) {
  struct manifest manifest = {.segment_count = 1, .segments[0].entries = builder->entry_count};
  hashscan_error failure;
  hashscan_code code = segment_write(builder, folder->dirfd, &folder->access, manifest.segments[0].digest,
                                     &manifest.segments[0].size, &failure);
  if (code == HASHSCAN_SUCCESS) code = folder_commit(folder, &manifest, &failure);
  return code == HASHSCAN_SUCCESS ? code : error_set(error, code, "%s: %s", folder->path, failure.message);
}

hashscan_code hashscan_builder_write(hashscan_builder *builder, const char *path, hashscan_error *error) {
  if (builder == NULL || path == NULL) return error_set(error, HASHSCAN_E_ARGUMENT, "builder or path is NULL");
  struct folder folder;
  hashscan_code code = builder_sort(builder, error);
  if (code == HASHSCAN_SUCCESS) code = folder_open(&folder, path, true, builder->mode, error);
  if (code != HASHSCAN_SUCCESS) return code;
  code = write_files(&folder, builder, error);
  folder_close(&folder);
  return code;
}
