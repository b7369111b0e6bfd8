/* SPDX-License-Identifier: Apache-2.0 */
/* A set of files or folders by (device, inode). */
#ifndef HASHSCAN_SCAN_FOLDER_SET_H
#define HASHSCAN_SCAN_FOLDER_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

struct folder_id {
  dev_t device;
  ino_t inode;
};

static inline struct folder_id folder_id_of(const struct stat *status) {
  return (struct folder_id){.device = status->st_dev, .inode = status->st_ino};
}

static inline bool folder_id_equal(struct folder_id a, struct folder_id b) {
  return a.device == b.device && a.inode == b.inode;
}

#define FOLDER_SET_SECRET_BYTES 192 /* XXH3's default size */

/* Open addressing, at most half full; a power of two slots. Inode numbers are the choice of whoever made the file
 * system that is scanned, so they are hashed under a secret that is drawn for each set. Zero-initialise. */
struct folder_set {
  struct folder_id *slots;
  bool *used;
  size_t count;
  size_t capacity;
  uint8_t secret[FOLDER_SET_SECRET_BYTES];
};

/* False when out of memory or random numbers; *fresh tells whether it was not there yet. */
bool folder_set_add(struct folder_set *set, struct folder_id id, bool *fresh);

bool folder_set_has(const struct folder_set *set, struct folder_id id);

void folder_set_free(struct folder_set *set);

#endif
