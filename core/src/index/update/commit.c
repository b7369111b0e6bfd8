/* SPDX-License-Identifier: Apache-2.0 */
/* Writes what an updater has staged, in one of two ways:
 *
 *     append    a few entries: records behind the committed end of the log
 *     rewrite   many entries, or a log grown long: the log's entries, the staged ones and the last segments become one
 *               segment; what the log says of the segments before is repeated in a new log
 *
 * A rewrite takes in a segment as long as it holds no more live entries than what has come together behind it. So sizes
 * at least double from the last segment to the first, there are few of them, and an entry is rewritten a logarithmic
 * number of times. Compacting is a rewrite of everything. Either way MANIFEST comes last (folder.c). */
#include "index/update/commit.h"

#include <stdlib.h>

#include "base/error.h"
#include "index/build/segment_writer.h"

/* A longer log is rewritten, once there is room beside it for what a rewrite repeats: a bit for each entry. */
#define LOG_MAX_BYTES ((uint64_t)16 << 20)

static bool any_changes(const hashscan_updater *updater) {
  if (updater->staged->entry_count > 0) return true;
  for (uint32_t i = 0; i < updater->base->part_count; i++)
    if (updater->changes[i].kills != NULL || updater->changes[i].versions != NULL) return true;
  return false;
}

static uint64_t staged_bytes(const hashscan_builder *staged) {
  uint64_t bytes = 0;
  for (unsigned kind = 0; kind < HASHSCAN_KIND_COUNT; kind++) {
    for (size_t i = 0; i < staged->kinds[kind].count; i++) {
      struct list_entry entry;
      builder_entry(staged, (hashscan_kind)kind, i, &entry);
      bytes += log_entry_bytes(&entry);
    }
  }
  return bytes;
}

static hashscan_code writer_code(const struct log_writer *log, hashscan_error *error) {
  return log->failed ? error_memory(error) : HASHSCAN_SUCCESS;
}

/* ---- Appending ------------------------------------------------------------------------------------------------- */

/* A live entry of the log by what the log's part is ordered by. */
struct ordinal {
  const struct log_entry *record;
  uint32_t number; /* among the ADD records */
};

static int compare_ordinals(const void *left, const void *right) {
  const struct ordinal *a = left;
  const struct ordinal *b = right;
  struct list_entry first;
  struct list_entry second;
  log_entry_decode(a->record, &first);
  log_entry_decode(b->record, &second);
  if (first.kind != second.kind) return first.kind < second.kind ? -1 : 1;
  const int order = memcmp(first.hash, second.hash, hashscan_kind_bytes(first.kind));
  if (order != 0) return order;
  return a->number < b->number ? -1 : a->number > b->number;
}

/* The ADD records behind the entries of the log's part: entries are numbered by kind, hash and order of addition. */
static struct ordinal *order_log(const struct log_entries *entries) {
  struct ordinal *ordinals = malloc((entries->count + 1) * sizeof *ordinals);
  size_t live = 0;
  for (uint32_t i = 0; ordinals != NULL && i < entries->count; i++)
    if (!entries->items[i].dead) ordinals[live++] = (struct ordinal){&entries->items[i], i};
  if (ordinals != NULL) qsort(ordinals, live, sizeof *ordinals, compare_ordinals);
  return ordinals;
}

/* Kills entries of the log's part, whose numbers become those of their ADD records. */
static bool put_log_kills(struct log_writer *log, const struct log_entries *entries, const uint64_t *kills,
                          uint32_t count) {
  const uint32_t added = (uint32_t)entries->count;
  struct ordinal *ordinals = order_log(entries);
  uint64_t *bits = calloc(part_bitmap_words(added), sizeof *bits);
  const bool enough = ordinals != NULL && bits != NULL;
  for (uint32_t i = 0; enough && i < count; i++) {
    if ((kills[i / 64] >> i % 64 & 1) == 0) continue;
    const uint32_t number = ordinals[i].number;
    bits[number / 64] |= (uint64_t)1 << number % 64;
  }
  if (enough) log_put_kills(log, LOG_PART, bits, added);
  free(ordinals);
  free(bits);
  return enough;
}

static bool put_changes(const hashscan_updater *updater, uint32_t number, struct log_writer *log) {
  const struct part *part = &updater->base->parts[number];
  const struct part_changes *changes = &updater->changes[number];
  const uint32_t entries = part->segment.entry_count;
  if (number == updater->base->manifest.segment_count)
    return changes->kills == NULL || put_log_kills(log, &updater->base->log_entries, changes->kills, entries);
  if (changes->kills != NULL) log_put_kills(log, number, changes->kills, entries);
  for (uint32_t list = 0; changes->versions != NULL && list < part->segment.list_count; list++)
    if (changes->versions[list] != NULL) log_put_version(log, number, list, changes->versions[list]);
  return true;
}

/* The new records. */
static hashscan_code put_tail(const hashscan_updater *updater, struct log_writer *log, hashscan_error *error) {
  for (uint32_t i = 0; i < updater->base->part_count; i++)
    if (!put_changes(updater, i, log)) return error_memory(error);
  for (unsigned kind = 0; kind < HASHSCAN_KIND_COUNT; kind++) {
    for (size_t i = 0; i < updater->staged->kinds[kind].count; i++) {
      struct list_entry entry;
      builder_entry(updater->staged, (hashscan_kind)kind, i, &entry);
      log_put_entry(log, &entry);
    }
  }
  return writer_code(log, error);
}

/* Writes a whole log under a name that no reader can know yet: it is made from the MANIFEST that is being left. */
static hashscan_code write_log(hashscan_updater *updater, const struct log_writer *log, struct manifest *manifest,
                               hashscan_error *error) {
  char name[LOG_NAME_BYTES];
  struct file_writer writer;
  manifest->log_id = load_u64(updater->base->manifest.digest) | 1;
  manifest->log_size = log->bytes.size;
  index_digest(log->bytes.bytes, log->bytes.size, manifest->log_digest);
  log_name(manifest->log_id, name);
  const hashscan_code code =
      file_writer_open(&writer, updater->folder.dirfd, FOLDER_LOG_TEMPORARY, &updater->folder.access, error);
  if (code != HASHSCAN_SUCCESS) return code;
  file_writer_put(&writer, log->bytes.bytes, log->bytes.size);
  return file_writer_commit(&writer, name, error);
}

/* `log` holds what is committed, and behind it the new records. */
static hashscan_code extend_log(hashscan_updater *updater, const struct log_writer *log, struct manifest *manifest,
                                hashscan_error *error) {
  char name[LOG_NAME_BYTES];
  const uint64_t committed = manifest->log_size;
  log_name(manifest->log_id, name);
  manifest->log_size = log->bytes.size;
  index_digest(log->bytes.bytes, log->bytes.size, manifest->log_digest);
  return file_append(updater->folder.dirfd, name, committed, log->bytes.bytes + committed,
                     log->bytes.size - (size_t)committed, error);
}

static hashscan_code append(hashscan_updater *updater, struct log_writer *log, hashscan_error *error) {
  struct manifest manifest = updater->base->manifest;
  /* Records of this version cannot stand behind the header of an older one. */
  const bool anew = manifest.log_id == 0 || log_version(log->bytes.bytes) != INDEX_FORMAT_VERSION;
  if (anew) store_u32(log->bytes.bytes + INDEX_MAGIC_BYTES, INDEX_FORMAT_VERSION);
  const hashscan_code code =
      anew ? write_log(updater, log, &manifest, error) : extend_log(updater, log, &manifest, error);
  return code == HASHSCAN_SUCCESS ? folder_commit(&updater->folder, &manifest, error) : code;
}

/* ---- Rewriting ------------------------------------------------------------------------------------------------- */

static uint64_t live_entries(const hashscan_updater *updater, uint32_t part) {
  uint64_t live = 0;
  for (uint32_t entry = 0; entry < updater->base->parts[part].segment.entry_count; entry++)
    live += update_is_live(updater, part, entry);
  return live;
}

/* The first segment that a rewrite takes in. */
static uint32_t choose_first(const hashscan_updater *updater) {
  const uint32_t segments = updater->base->manifest.segment_count;
  uint64_t together = updater->staged->entry_count;
  if (updater->base->part_count > segments) together += live_entries(updater, segments);
  uint32_t first = segments;
  while (first > 0) {
    const uint64_t live = live_entries(updater, first - 1);
    if (live > together) break;
    together += live;
    first--;
  }
  return first < INDEX_MAX_SEGMENTS ? first : 0;
}

static hashscan_code take_part(const hashscan_updater *updater, uint32_t number, hashscan_builder *builder,
                               hashscan_error *error) {
  const struct part *part = &updater->base->parts[number];
  for (uint32_t i = 0; i < part->segment.entry_count; i++) {
    if (!update_is_live(updater, number, i)) continue;
    struct list_entry entry;
    part_entry(part, i, &entry);
    entry.version = update_version(updater, number, part_entry_list(part, i));
    const hashscan_code code = builder_add(builder, &entry, error);
    if (code != HASHSCAN_SUCCESS) return code;
  }
  return HASHSCAN_SUCCESS;
}

static hashscan_code write_segment(hashscan_updater *updater, hashscan_builder *builder, struct manifest *manifest,
                                   hashscan_error *error) {
  /* An index keeps at least one segment, if an empty one. */
  if (builder->entry_count == 0 && manifest->segment_count > 0) return HASHSCAN_SUCCESS;
  struct manifest_segment *segment = &manifest->segments[manifest->segment_count++];
  segment->entries = builder->entry_count;
  const hashscan_code code = builder_sort(builder, error);
  if (code != HASHSCAN_SUCCESS) return code;
  return segment_write(builder, updater->folder.dirfd, &updater->folder.access, segment->digest, &segment->size, error);
}

/* Everything from segment `first` on, and what is staged, as one new segment. */
static hashscan_code merge(hashscan_updater *updater, uint32_t first, struct manifest *manifest,
                           hashscan_error *error) {
  hashscan_builder *builder;
  hashscan_code code = hashscan_builder_create(&builder, error);
  if (code != HASHSCAN_SUCCESS) return code;
  for (uint32_t i = first; i < updater->base->part_count && code == HASHSCAN_SUCCESS; i++)
    code = take_part(updater, i, builder, error);
  if (code == HASHSCAN_SUCCESS) code = update_copy_entries(updater->staged, builder, NULL, NULL, error);
  if (code == HASHSCAN_SUCCESS) code = write_segment(updater, builder, manifest, error);
  hashscan_builder_destroy(builder);
  return code;
}

/* What is to be known of a segment that stays as it is. False when out of memory. */
static bool repeat_changes(const hashscan_updater *updater, uint32_t number, struct log_writer *log) {
  const struct part *part = &updater->base->parts[number];
  const struct part_changes *changes = &updater->changes[number];
  const uint32_t entries = part->segment.entry_count;
  if (part->dead != NULL || changes->kills != NULL) {
    const size_t words = part_bitmap_words(entries);
    uint64_t *bits = calloc(words, sizeof *bits);
    if (bits == NULL) return false;
    for (size_t i = 0; i < words; i++)
      bits[i] = (part->dead == NULL ? 0 : part->dead[i]) | (changes->kills == NULL ? 0 : changes->kills[i]);
    log_put_kills(log, number, bits, entries);
    free(bits);
  }
  for (uint32_t list = 0; list < part->segment.list_count; list++)
    if ((part->versions != NULL && part->versions[list] != NULL) ||
        (changes->versions != NULL && changes->versions[list] != NULL))
      log_put_version(log, number, list, update_version(updater, number, list));
  return true;
}

static hashscan_code write_repeated(hashscan_updater *updater, uint32_t first, struct manifest *manifest,
                                    hashscan_error *error) {
  struct log_writer log = {0};
  hashscan_code code = HASHSCAN_SUCCESS;
  log_put_header(&log);
  for (uint32_t i = 0; i < first && code == HASHSCAN_SUCCESS; i++)
    if (!repeat_changes(updater, i, &log)) code = error_memory(error);
  if (code == HASHSCAN_SUCCESS) code = writer_code(&log, error);
  if (code == HASHSCAN_SUCCESS && log.bytes.size > LOG_HEADER_BYTES) code = write_log(updater, &log, manifest, error);
  buffer_free(&log.bytes);
  return code;
}

static hashscan_code rewrite(hashscan_updater *updater, uint32_t first, hashscan_error *error) {
  struct manifest manifest = {.segment_count = first};
  memcpy(manifest.segments, updater->base->manifest.segments, first * sizeof *manifest.segments);
  hashscan_code code = merge(updater, first, &manifest, error);
  if (code == HASHSCAN_SUCCESS) code = write_repeated(updater, first, &manifest, error);
  return code == HASHSCAN_SUCCESS ? folder_commit(&updater->folder, &manifest, error) : code;
}

/* ---- Choosing -------------------------------------------------------------------------------------------------- */

static bool is_compact(const hashscan_updater *updater) {
  const struct manifest *manifest = &updater->base->manifest;
  return manifest->segment_count == 1 && manifest->log_id == 0;
}

static uint64_t log_limit(const hashscan_updater *updater) {
  uint64_t limit = LOG_MAX_BYTES;
  for (uint32_t i = 0; i < updater->base->manifest.segment_count; i++)
    limit += updater->base->manifest.segments[i].entries / 4;
  return limit;
}

static bool is_large(const hashscan_updater *updater) {
  const hashscan_index *base = updater->base;
  return base->log_entries.count + updater->staged->entry_count > updater->log_max_entries ||
         base->manifest.log_size + staged_bytes(updater->staged) > log_limit(updater);
}

hashscan_code update_write(hashscan_updater *updater, bool compact, hashscan_error *error) {
  if (!any_changes(updater) && (!compact || is_compact(updater))) return folder_apply_mode(&updater->folder, error);
  if (compact) return rewrite(updater, 0, error);
  if (is_large(updater)) return rewrite(updater, choose_first(updater), error);
  struct log_writer log = {0};
  const struct buffer *committed = &updater->base->log_bytes;
  if (committed->size == 0) log_put_header(&log);
  log_put(&log, committed->bytes, committed->size);
  hashscan_code code = put_tail(updater, &log, error);
  if (code == HASHSCAN_SUCCESS)
    code = log.bytes.size > log_limit(updater) ? rewrite(updater, choose_first(updater), error)
                                               : append(updater, &log, error);
  buffer_free(&log.bytes);
  return code;
}
