/* SPDX-License-Identifier: Apache-2.0 */
/* The log: changes since the segments were written. A header, then records, each of which stands for itself:
 *
 *     ADD      an entry; the log's entries are numbered in the order of these records
 *     NUMBERED the same with a number of the caller's; from version 3 on
 *     KILL     ranges of entries of a part that are dead from here on
 *     BITMAP   the same as a bit an entry, where that is shorter
 *     VERSION  another version for a list of a segment
 *
 * A part is a segment by its place in MANIFEST, or LOG_PART: the entries that the log has added so far. MANIFEST says
 * how many bytes count and what their digest is; what lies behind them was never committed. Nothing is ever changed
 * within them, so a reader of an older MANIFEST sees what it had. */
#ifndef HASHSCAN_INDEX_SEARCH_LOG_H
#define HASHSCAN_INDEX_SEARCH_LOG_H

#include "base/file.h"
#include "index/format/manifest.h"
#include "index/search/part.h"

#define LOG_RECORD_HEADER_BYTES 8 /* type u32, bytes that follow u32 */

enum log_type { LOG_ADD = 1, LOG_KILL = 2, LOG_BITMAP = 3, LOG_VERSION = 4, LOG_NUMBERED = 5 };

#define LOG_PART UINT32_MAX

/* ---- Reading --------------------------------------------------------------------------------------------------- */

/* An ADD or NUMBERED record; its bytes are the log's. */
struct log_entry {
  const uint8_t *payload;
  uint32_t size;
  bool numbered;
  bool dead;
};

struct log_entries {
  struct log_entry *items;
  size_t count;
  size_t capacity;
};

/* The format version in the header of a log. */
static inline uint32_t log_version(const uint8_t *bytes) {
  return load_u32(bytes + INDEX_MAGIC_BYTES);
}

void log_entries_free(struct log_entries *entries);

/* Applies a whole log to `parts`, which are the segments, and collects what it added. Checks every byte but the digest.
 * Errors: FORMAT, VERSION, MEMORY. */
hashscan_code log_replay(const char *source, const uint8_t *bytes, size_t size, struct part *parts, uint32_t part_count,
                         struct log_entries *entries, hashscan_error *error);

/* The entry of a record that was replayed. */
void log_entry_decode(const struct log_entry *record, struct list_entry *entry);

/* ---- Writing --------------------------------------------------------------------------------------------------- */

/* Records on their way to a file. Zero-initialise. Running out of memory sticks. */
struct log_writer {
  struct buffer bytes;
  bool failed;
};

void log_put(struct log_writer *writer, const void *bytes, size_t size);
void log_put_header(struct log_writer *writer);
void log_put_entry(struct log_writer *writer, const struct list_entry *entry);

/* Kills the entries whose bits are set; `bits` is a bitmap over the `entries` of the part, and sets at least one. */
void log_put_kills(struct log_writer *writer, uint32_t part, const uint64_t *bits, uint32_t entries);
void log_put_version(struct log_writer *writer, uint32_t part, uint32_t list, const char *version);

/* Bytes that an entry takes. */
uint64_t log_entry_bytes(const struct list_entry *entry);

#endif
