/* SPDX-License-Identifier: Apache-2.0 */
/* Who may read and write the files that are written: hash lists are confidential, so nobody but the owner unless
 * somebody says otherwise. */
#ifndef HASHSCAN_BASE_ACCESS_H
#define HASHSCAN_BASE_ACCESS_H

#include <stdbool.h>
#include <sys/stat.h>

#include "hashscan.h"

#define ACCESS_PRIVATE ((mode_t)0600)

struct file_access {
  mode_t mode; /* of files */
  bool asked;  /* by the caller: then a file system that cannot have it is an error */
  bool owned;  /* whether files are to belong to the two below, as those before them do */
  uid_t owner;
  gid_t group;
};

/* Errors: ARGUMENT unless `mode` is 0600 with none, some or all of 0066. */
hashscan_code access_check(unsigned mode, hashscan_error *error);

/* The mode of a folder whose files have `mode`: who may read them may search it. */
static inline mode_t access_folder_mode(mode_t mode) {
  return mode | (mode & 0444) >> 2;
}

/* That of a file which is to be replaced, or which others are to be like. */
struct file_access access_like(const struct stat *status);

/* Gives the open file its owner, its group and its mode. Where the owner cannot be kept it stays as it is; that the
 * group cannot be kept is an error if the mode has rights for it. 0 or an errno value. */
int access_apply(int fd, const struct file_access *access);

#endif
