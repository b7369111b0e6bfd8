/* SPDX-License-Identifier: Apache-2.0 */
/* An index folder that is being written: one writer at a time, and everything appears with the rename of MANIFEST. */
#ifndef HASHSCAN_INDEX_BUILD_FOLDER_H
#define HASHSCAN_INDEX_BUILD_FOLDER_H

#include <stdbool.h>

#include "base/access.h"
#include "index/format/manifest.h"

#define FOLDER_LOCK_NAME "LOCK"
#define FOLDER_LOG_TEMPORARY "log.tmp"

struct folder {
  const char *path; /* the caller's */
  int dirfd;
  int lock;                  /* held; -1: not */
  bool created;              /* by this writer */
  bool uncertain;            /* a new MANIFEST stands, and may not have reached the disk */
  struct file_access access; /* of new files: that of MANIFEST, unless a mode was set */
};

/* Opens the folder at `path` for writing and locks it. With `create` it is made when missing, and may be empty. `mode`
 * is as for folder_set_mode; 0: as the index has it, and a new one is private.
 * Errors: IO (also when another writer has it), ARGUMENT (something else is there); without `create` FORMAT. */
hashscan_code folder_open(struct folder *folder, const char *path, bool create, mode_t mode, hashscan_error *error);

/* Removes what was written and never committed, and releases the lock. When it is uncertain whether the disk has the
 * old MANIFEST or the new one, nothing is removed that either names. */
void folder_close(struct folder *folder);

/* From the next commit on the files of the index have this mode, and its folder the one that goes with it. */
void folder_set_mode(struct folder *folder, mode_t mode);

/* Gives what is there the mode that was set, if one was. Errors: IO. */
hashscan_code folder_apply_mode(const struct folder *folder, hashscan_error *error);

/* Writes MANIFEST and sets its digest: the moment of change. Then removes what it does not name. */
hashscan_code folder_commit(struct folder *folder, struct manifest *manifest, hashscan_error *error);

#endif
