/* SPDX-License-Identifier: Apache-2.0 */
/* Walking folders in a stable order: names in byte order, each folder entered once. */
#ifndef HASHSCAN_SCAN_WALK_H
#define HASHSCAN_SCAN_WALK_H

#include <stdbool.h>

#include "hashscan.h"
#include "scan/place.h"

/* Where what was found goes. `path` is valid during the call. Returning false ends the walk. */
struct walk_sink {
  void *user;
  /* Everything with a name that is no folder, whatever it turns out to be when it is opened. */
  bool (*file)(void *user, const char *path, const struct place *place);
  /* What nobody is to open: a folder that cannot be listed, or not to its end; a link that is not followed. */
  bool (*unexamined)(void *user, const char *path, hashscan_status status, const char *reason);
};

enum walk_end { WALK_DONE, WALK_STOPPED, WALK_NO_MEMORY };

struct walk;

/* NULL when out of memory. */
struct walk *walk_create(const struct walk_sink *sink, hashscan_links links);
void walk_destroy(struct walk *walk);

/* Links may lead to the file or folder at `root`, and to what lies in it. False when out of memory. */
bool walk_announce(struct walk *walk, const char *root);

/* Walks one root, a file or a folder, also when it is a link; a folder is announced by that. Folders that this walk
 * entered before, under any root, are not entered again. */
enum walk_end walk_root(struct walk *walk, const char *root);

#endif
