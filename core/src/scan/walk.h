/* SPDX-License-Identifier: Apache-2.0 */
/* Walking folders in a stable order: names in byte order, links followed, each folder entered once. */
#ifndef HASHSCAN_SCAN_WALK_H
#define HASHSCAN_SCAN_WALK_H

#include <stdbool.h>

/* Where what was found goes. `path` is valid during the call. Returning false ends the walk. */
struct walk_sink {
  void *user;
  /* Everything with a name that is no folder, whatever it turns out to be when it is opened. */
  bool (*file)(void *user, const char *path);
  /* A folder that cannot be listed, or not to its end. */
  bool (*unreadable)(void *user, const char *path, int errnum);
};

enum walk_end { WALK_DONE, WALK_STOPPED, WALK_NO_MEMORY };

struct walk;

/* NULL when out of memory. */
struct walk *walk_create(const struct walk_sink *sink);
void walk_destroy(struct walk *walk);

/* Walks one root, a file or a folder. Folders that this walk entered before, under any root, are not entered again. */
enum walk_end walk_root(struct walk *walk, const char *root);

#endif
