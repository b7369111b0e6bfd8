/* SPDX-License-Identifier: Apache-2.0 */
/* A part of an open index: a segment, which entries of it are dead, and which lists of it have a newer version. The
 * segment is a mapped file, or was made in memory from the log: both are searched in the same way.
 *
 * Within a part live entries are numbered without gaps. The dead ones before an entry are counted by a bitmap with a
 * sum for each block, so both directions cost a few cache lines. */
#ifndef HASHSCAN_INDEX_SEARCH_PART_H
#define HASHSCAN_INDEX_SEARCH_PART_H

#include <stdbool.h>

#include "base/file.h"
#include "index/format/blob.h"
#include "index/format/segment.h"
#include "index/search/searcher.h"

struct part {
  struct file_map map;  /* the segment's bytes, one of the two */
  struct buffer memory; /* aligned as sections are */
  struct segment segment;
  struct searcher *searchers[HASHSCAN_KIND_COUNT]; /* of the perceptual kinds */
  uint64_t *dead;                                  /* a bit an entry; NULL: all live */
  uint32_t *dead_before;                           /* each block; set by part_finish */
  uint32_t dead_count;
  char **versions; /* by list; NULL or a NULL element: as the segment says */
  /* The labels of each set as an array: those of set s begin at labels[label_starts[s]]. NULL without labels. */
  const char **labels;
  size_t *label_starts;
  uint64_t base; /* number in the index of the first live entry */
};

/* The segment's bytes, wherever they are. */
static inline struct blob_file part_file(const struct part *part) {
  if (part->memory.bytes != NULL) return (struct blob_file){part->memory.bytes, part->memory.size};
  return (struct blob_file){part->map.bytes, part->map.size};
}

/* Words of a bitmap over `entries`; one more than needed, so that a position at the end can be asked for. */
static inline size_t part_bitmap_words(uint32_t entries) {
  return (size_t)entries / 64 + 1;
}

static inline bool part_is_dead(const struct part *part, uint32_t entry) {
  return part->dead != NULL && (part->dead[entry / 64] >> entry % 64 & 1) != 0;
}

static inline uint32_t part_live_count(const struct part *part) {
  return part->segment.entry_count - part->dead_count;
}

/* The list of an entry, as a number in the segment. */
static inline uint32_t part_entry_list(const struct part *part, uint32_t entry) {
  return load_u16(part->segment.entries + (size_t)entry * INDEX_ENTRY_BYTES + INDEX_ENTRY_LIST);
}

const char *part_list_name(const struct part *part, uint32_t list);
const char *part_list_version(const struct part *part, uint32_t list);

/* Marks an entry dead. Errors: MEMORY, FORMAT (it is dead already). */
hashscan_code part_kill(struct part *part, uint32_t entry);

/* Gives a list of the segment another version. False when out of memory. */
bool part_set_version(struct part *part, uint32_t list, const char *version);

/* After the last part_kill: makes the numbers of live entries available. Errors: MEMORY. */
hashscan_code part_finish(struct part *part, hashscan_error *error);

/* Makes a part searchable whose segment was validated, and lists its labels. Errors: MEMORY. */
hashscan_code part_make_searchable(struct part *part, hashscan_error *error);

/* Live entries before number `entry` (at most entry_count). */
uint32_t part_live_before(const struct part *part, uint32_t entry);

/* The entry with `live` live ones before it; `live` is less than part_live_count. */
uint32_t part_live_entry(const struct part *part, uint32_t live);

/* Live entries of a kind. */
uint32_t part_live_of_kind(const struct part *part, hashscan_kind kind);

/* Rows of a kind with a live entry, and live entries by list (`live` has room for each list of the segment). Both read
 * of the segment what belongs to dead entries alone, and are true of a segment that was validated; of an outline they
 * may be false, which is damage, or count wrongly where damage does not show. */
bool part_live_rows(const struct part *part, hashscan_kind kind, uint32_t *rows);
bool part_live_by_list(const struct part *part, uint64_t *live);

/* Fills `out` for entry number `entry`, dead or live, which must exist. */
void part_entry(const struct part *part, uint32_t entry, struct list_entry *out);

/* The labels of an entry of a searchable part. NULL when it has none. */
const char *const *part_entry_labels(const struct part *part, uint32_t entry);

void part_release(struct part *part);

#endif
