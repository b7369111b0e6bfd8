/* SPDX-License-Identifier: Apache-2.0 */
/* Opening what a walk has found, and following links.
 *
 * Whether a link leads to a place below a root is decided by the folders on the way to its target. realpath says which
 * they are; they are then gone through from / on, none by way of a link, so that each is what its name says at that
 * moment. Only when this ends at the very file that following the link opened is it the truth. */
#include "scan/place.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool place_open(char *path, const struct place *place, int *dirfd) {
  *dirfd = AT_FDCWD;
  if (place->rule == PLACE_AS_GIVEN) return true;
  const char first = path[place->name];
  path[place->name] = '\0';
  *dirfd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
  path[place->name] = first;
  struct stat status;
  if (*dirfd >= 0 && fstat(*dirfd, &status) == 0 && folder_id_equal(folder_id_of(&status), place->folder)) return true;
  if (*dirfd >= 0) errno = ESTALE;
  place_close(*dirfd);
  return false;
}

void place_close(int dirfd) {
  const int kept = errno;
  if (dirfd >= 0) close(dirfd);
  errno = kept;
}

static bool is_root(const struct stat *status, const struct folder_set *roots) {
  return folder_set_has(roots, folder_id_of(status));
}

/* Steps into the folder or file `name`, if that is no link. */
static bool step(int *at, const char *name, struct stat *status) {
  const int next = openat(*at, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
  close(*at);
  *at = next;
  return next >= 0 && fstat(next, status) == 0 && !S_ISLNK(status->st_mode);
}

/* Goes along `real`, which is absolute and gets cut into its names. */
static enum link_end go_along(char *real, struct folder_id target, const struct folder_set *roots) {
  struct stat status;
  int at = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (at < 0 || fstat(at, &status) != 0) {
    place_close(at);
    return LINK_FAILED;
  }
  bool inside = is_root(&status, roots);
  bool there = true;
  char *rest = real;
  for (char *name; there && (name = strtok_r(rest, "/", &rest)) != NULL;) {
    there = step(&at, name, &status);
    inside = inside || (there && is_root(&status, roots));
  }
  const bool no_more_files = at < 0 && (errno == EMFILE || errno == ENFILE);
  place_close(at);
  if (no_more_files) return LINK_FAILED;
  if (!there || !folder_id_equal(folder_id_of(&status), target)) return LINK_CHANGED;
  return inside ? LINK_WITHIN : LINK_OUTSIDE;
}

static bool leads_nowhere(int errnum) {
  return errnum == ENOENT || errnum == ELOOP || errnum == ENOTDIR || errnum == EACCES;
}

enum link_end place_follow(char *path, struct place *place, const struct folder_set *roots, struct stat *status) {
  int dirfd;
  if (!place_open(path, place, &dirfd)) return errno == ESTALE ? LINK_CHANGED : LINK_FAILED;
  place->rule = PLACE_LINK;
  place->target = (struct folder_id){0};
  const int fd = openat(dirfd, path + place->name, O_PATH | O_CLOEXEC);
  place_close(dirfd);
  if (fd < 0) return leads_nowhere(errno) ? LINK_NOWHERE : LINK_FAILED;
  const bool known = fstat(fd, status) == 0;
  place_close(fd);
  if (!known) return LINK_FAILED;
  place->target = folder_id_of(status);
  char *real = realpath(path, NULL);
  if (real == NULL) return leads_nowhere(errno) ? LINK_CHANGED : LINK_FAILED;
  const enum link_end end = go_along(real, place->target, roots);
  free(real);
  return end;
}
