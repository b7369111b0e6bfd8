/* SPDX-License-Identifier: Apache-2.0 */
/* Where a walk found a name, and what it saw there: whoever opens the file later makes sure that it still is that.
 * Names are opened from the folder in which they were found, which is known by device and inode, and not by following
 * a path again: somebody may be moving folders and setting links in the tree all the while. */
#ifndef HASHSCAN_SCAN_PLACE_H
#define HASHSCAN_SCAN_PLACE_H

#include "scan/folder_set.h"

enum place_rule {
  PLACE_AS_GIVEN, /* the path is opened as it is, whatever it leads to */
  PLACE_NO_LINK,  /* the name is no symbolic link */
  PLACE_LINK      /* it is one, and leads to `target` */
};

/* A zeroed place is PLACE_AS_GIVEN. */
struct place {
  enum place_rule rule;
  size_t name; /* where the name begins in its path; 0 as given */
  struct folder_id folder;
  struct folder_id target; /* zeros, which no file has: it leads nowhere */
};

/* Opens the folder in which the name of `path` is; *dirfd goes to openat with path + place->name, and then to
 * place_close. False with errno: ESTALE when another folder has taken its place. `path` is as it was afterwards. */
bool place_open(char *path, const struct place *place, int *dirfd);
void place_close(int dirfd);

enum link_end {
  LINK_WITHIN,  /* leads to a root, or to what lies in one */
  LINK_OUTSIDE, /* leads elsewhere */
  LINK_NOWHERE, /* dangling, in a circle, or behind a folder that may not be searched */
  LINK_CHANGED, /* was changed while it was followed */
  LINK_FAILED   /* errno says why */
};

/* Follows the link at `path`, whose place is known but for the target, and sets that. `status` gets what is there. */
enum link_end place_follow(char *path, struct place *place, const struct folder_set *roots, struct stat *status);

#endif
