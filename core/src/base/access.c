/* SPDX-License-Identifier: Apache-2.0 */
/* Who may read and write the files that are written. The mode is set last: until then a file is its creator's alone. */
#include "base/access.h"

#include <errno.h>
#include <unistd.h>

#include "base/error.h"

hashscan_code access_check(unsigned mode, hashscan_error *error) {
  if ((mode & ~0666u) == 0 && (mode & 0600u) == 0600u) return HASHSCAN_SUCCESS;
  return error_set(error, HASHSCAN_E_ARGUMENT, "mode %04o is not 0600 with some of 0066", mode);
}

struct file_access access_like(const struct stat *status) {
  return (struct file_access){.mode = (status->st_mode & 0666) | ACCESS_PRIVATE,
                              .owned = true,
                              .owner = status->st_uid,
                              .group = status->st_gid};
}

static int keep_owner(int fd, const struct stat *now, const struct file_access *access) {
  if (now->st_uid == access->owner && now->st_gid == access->group) return 0;
  if (fchown(fd, access->owner, access->group) == 0 || now->st_gid == access->group) return 0;
  if (fchown(fd, (uid_t)-1, access->group) == 0) return 0;
  return (access->mode & 0060) == 0 ? 0 : errno;
}

int access_apply(int fd, const struct file_access *access) {
  struct stat now;
  if (fstat(fd, &now) != 0) return errno;
  const int failed = access->owned ? keep_owner(fd, &now, access) : 0;
  const mode_t mode = S_ISDIR(now.st_mode) ? access_folder_mode(access->mode) : access->mode;
  if (failed != 0 || (now.st_mode & 0777) == mode) return failed;
  if (fchmod(fd, (now.st_mode & 07000) | mode) == 0) return 0;
  /* Some file systems have one mode for all files. Then that is what the index has: its readers say so. */
  return errno == EPERM && !access->asked ? 0 : errno;
}
