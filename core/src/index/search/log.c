/* SPDX-License-Identifier: Apache-2.0 */
/* Reads and writes the records of the log. A log comes from the same writer as the segments, yet nothing in it is taken
 * on trust: a record that does not fit the parts as they are at that point is damage. */
#include "index/search/log.h"

#include <stdlib.h>

#include "base/error.h"
#include "base/strings.h"
#include "base/utf8.h"

void log_entries_free(struct log_entries *entries) {
  free(entries->items);
  *entries = (struct log_entries){0};
}

/* ---- Reading --------------------------------------------------------------------------------------------------- */

struct replay {
  const char *source;
  uint32_t version; /* of the log */
  struct part *parts;
  uint32_t part_count;
  struct log_entries *entries;
  hashscan_error *error;
};

static hashscan_code damaged(const struct replay *replay, const char *reason) {
  return error_set(replay->error, HASHSCAN_E_FORMAT, "%s: the log is damaged: %s", replay->source, reason);
}

/* Whether the bytes are exactly `count` terminated UTF-8 strings. */
static bool are_strings(const uint8_t *bytes, size_t size, uint64_t count) {
  if (size == 0 || bytes[size - 1] != '\0' || !utf8_valid(bytes, size)) return false;
  for (size_t i = 0; i < size; i++) {
    if (bytes[i] != '\0') continue;
    if (count == 0) return false;
    count--;
  }
  return count == 0;
}

/* ADD: kind u32, number of labels u32, hash, then list, version, id and the labels as terminated strings. NUMBERED has
 * the number of the entry, u64 and not 0, in front of the hash. */
#define ADD_HASH ((size_t)8)
#define NUMBERED_HASH ((size_t)16)
#define ADD_STRINGS 3

/* Of the two strings at `list`, its name and its version. */
static bool names_fit(const char *list) {
  return strlen(list) <= HASHSCAN_MAX_LIST_NAME && strlen(list_next_string(list)) <= HASHSCAN_MAX_LIST_NAME;
}

static hashscan_code replay_add(struct replay *replay, bool numbered, const uint8_t *payload, uint32_t size) {
  const size_t fixed = numbered ? NUMBERED_HASH : ADD_HASH;
  if (size < fixed) return damaged(replay, "an entry is cut short");
  const size_t hash_bytes = hashscan_kind_bytes((hashscan_kind)load_u32(payload));
  if (hash_bytes == 0) return damaged(replay, "an entry is of an unknown kind");
  if (numbered && load_u64(payload + ADD_HASH) == 0) return damaged(replay, "the number of an entry is 0");
  const size_t strings = fixed + hash_bytes;
  if (size < strings) return damaged(replay, "an entry is cut short");
  if (!are_strings(payload + strings, size - strings, (uint64_t)load_u32(payload + 4) + ADD_STRINGS))
    return damaged(replay, "an entry's strings do not fit");
  if (!names_fit((const char *)payload + strings)) return damaged(replay, "a list's name is too long");
  struct log_entries *entries = replay->entries;
  if (entries->count >= INDEX_MAX_ENTRIES) return damaged(replay, "it has too many entries");
  struct log_entry *items = array_reserve(entries->items, &entries->capacity, entries->count + 1, sizeof *items);
  if (items == NULL) return error_memory(replay->error);
  entries->items = items;
  items[entries->count++] = (struct log_entry){payload, size, numbered, false};
  return HASHSCAN_SUCCESS;
}

void log_entry_decode(const struct log_entry *record, struct list_entry *entry) {
  entry->kind = (hashscan_kind)load_u32(record->payload);
  entry->label_count = load_u32(record->payload + 4);
  entry->number = record->numbered ? load_u64(record->payload + ADD_HASH) : 0;
  entry->hash = record->payload + (record->numbered ? NUMBERED_HASH : ADD_HASH);
  entry->list = (const char *)entry->hash + hashscan_kind_bytes(entry->kind);
  entry->version = list_next_string(entry->list);
  entry->id = list_next_string(entry->version);
  entry->labels = entry->label_count == 0 ? "" : list_next_string(entry->id);
}

static bool entries_of(const struct replay *replay, uint32_t part, uint32_t *count) {
  if (part != LOG_PART && part >= replay->part_count) return false;
  *count = part == LOG_PART ? (uint32_t)replay->entries->count : replay->parts[part].segment.entry_count;
  return true;
}

static hashscan_code kill_entry(struct replay *replay, uint32_t part, uint32_t entry) {
  hashscan_code code;
  if (part != LOG_PART) {
    code = part_kill(&replay->parts[part], entry);
  } else {
    code = replay->entries->items[entry].dead ? HASHSCAN_E_FORMAT : HASHSCAN_SUCCESS;
    replay->entries->items[entry].dead = true;
  }
  if (code == HASHSCAN_E_MEMORY) return error_memory(replay->error);
  return code == HASHSCAN_SUCCESS ? code : damaged(replay, "an entry dies twice");
}

/* KILL: part u32, then ranges: first u32, number u32; ascending, apart from each other, none empty. */
static hashscan_code replay_kill(struct replay *replay, const uint8_t *payload, uint32_t size) {
  uint32_t count;
  if (size < 12 || size % 8 != 4) return damaged(replay, "ranges of dead entries are cut short");
  const uint32_t part = load_u32(payload);
  if (!entries_of(replay, part, &count)) return damaged(replay, "entries die in a part that does not exist");
  uint64_t end = 0;
  for (uint32_t at = 4; at < size; at += 8) {
    const uint32_t first = load_u32(payload + at);
    const uint32_t number = load_u32(payload + at + 4);
    if (number == 0 || (at > 4 && first <= end) || first > count || number > count - first)
      return damaged(replay, "ranges of dead entries are out of order");
    end = (uint64_t)first + number;
    for (uint32_t entry = first; entry < end; entry++) {
      const hashscan_code code = kill_entry(replay, part, entry);
      if (code != HASHSCAN_SUCCESS) return code;
    }
  }
  return HASHSCAN_SUCCESS;
}

static uint32_t bitmap_bytes(uint32_t entries) {
  return entries / 8 + (entries % 8 != 0);
}

/* BITMAP: part u32, then a bit for each entry of it, the first in the lowest bit of the first byte. */
static hashscan_code replay_bitmap(struct replay *replay, const uint8_t *payload, uint32_t size) {
  uint32_t count;
  if (size < 4 || !entries_of(replay, load_u32(payload), &count) || size - 4 != bitmap_bytes(count))
    return damaged(replay, "a bitmap of dead entries does not fit");
  for (uint64_t bit = 0; bit < (uint64_t)(size - 4) * 8; bit++) {
    if ((payload[4 + bit / 8] >> bit % 8 & 1) == 0) continue;
    if (bit >= count) return damaged(replay, "a bitmap of dead entries does not fit");
    const hashscan_code code = kill_entry(replay, load_u32(payload), (uint32_t)bit);
    if (code != HASHSCAN_SUCCESS) return code;
  }
  return HASHSCAN_SUCCESS;
}

/* VERSION: segment u32, list u32, version as a terminated string. */
static hashscan_code replay_version(struct replay *replay, const uint8_t *payload, uint32_t size) {
  if (size < 8 || !are_strings(payload + 8, size - 8, 1)) return damaged(replay, "a version is cut short");
  if (size - 8 > HASHSCAN_MAX_LIST_NAME + 1) return damaged(replay, "a list's version is too long");
  const uint32_t part = load_u32(payload);
  const uint32_t list = load_u32(payload + 4);
  if (part >= replay->part_count || list >= replay->parts[part].segment.list_count)
    return damaged(replay, "a list has a version and does not exist");
  return part_set_version(&replay->parts[part], list, (const char *)payload + 8) ? HASHSCAN_SUCCESS
                                                                                 : error_memory(replay->error);
}

static hashscan_code replay_record(struct replay *replay, uint32_t type, const uint8_t *payload, uint32_t size) {
  switch (type) {
  case LOG_ADD:
    return replay_add(replay, false, payload, size);
  case LOG_KILL:
    return replay_kill(replay, payload, size);
  case LOG_BITMAP:
    return replay_bitmap(replay, payload, size);
  case LOG_VERSION:
    return replay_version(replay, payload, size);
  case LOG_NUMBERED:
    if (replay->version >= 3) return replay_add(replay, true, payload, size);
    return damaged(replay, "an unknown record");
  default:
    return damaged(replay, "an unknown record");
  }
}

static hashscan_code check_header(struct replay *replay, const uint8_t *bytes, size_t size) {
  if (size < LOG_HEADER_BYTES || memcmp(bytes, INDEX_LOG_MAGIC, INDEX_MAGIC_BYTES) != 0)
    return damaged(replay, "it does not begin as one of hashscan's does");
  replay->version = log_version(bytes);
  const hashscan_code code = index_version_check(replay->source, "the log", replay->version, replay->error);
  if (code != HASHSCAN_SUCCESS) return code;
  return load_u32(bytes + 12) == 0 ? HASHSCAN_SUCCESS : damaged(replay, "a reserved byte is set");
}

hashscan_code log_replay(const char *source, const uint8_t *bytes, size_t size, struct part *parts, uint32_t part_count,
                         struct log_entries *entries, hashscan_error *error) {
  struct replay replay = {
      .source = source, .parts = parts, .part_count = part_count, .entries = entries, .error = error};
  hashscan_code code = check_header(&replay, bytes, size);
  size_t at = LOG_HEADER_BYTES;
  while (code == HASHSCAN_SUCCESS && at < size) {
    if (size - at < LOG_RECORD_HEADER_BYTES) return damaged(&replay, "a record is cut short");
    const uint32_t payload = load_u32(bytes + at + 4);
    if (payload > size - at - LOG_RECORD_HEADER_BYTES) return damaged(&replay, "a record is cut short");
    code = replay_record(&replay, load_u32(bytes + at), bytes + at + LOG_RECORD_HEADER_BYTES, payload);
    at += LOG_RECORD_HEADER_BYTES + payload;
  }
  return code;
}

/* ---- Writing --------------------------------------------------------------------------------------------------- */

void log_put(struct log_writer *writer, const void *bytes, size_t size) {
  if (!writer->failed && !buffer_append(&writer->bytes, bytes, size)) writer->failed = true;
}

static void put_u32(struct log_writer *writer, uint32_t value) {
  uint8_t bytes[4];
  store_u32(bytes, value);
  log_put(writer, bytes, sizeof bytes);
}

static void put_u64(struct log_writer *writer, uint64_t value) {
  uint8_t bytes[8];
  store_u64(bytes, value);
  log_put(writer, bytes, sizeof bytes);
}

void log_put_header(struct log_writer *writer) {
  log_put(writer, INDEX_LOG_MAGIC, INDEX_MAGIC_BYTES);
  put_u32(writer, INDEX_FORMAT_VERSION);
  put_u32(writer, 0);
}

uint64_t log_entry_bytes(const struct list_entry *entry) {
  return LOG_RECORD_HEADER_BYTES + (entry->number == 0 ? ADD_HASH : NUMBERED_HASH) + hashscan_kind_bytes(entry->kind) +
         strlen(entry->list) + strlen(entry->version) + strlen(entry->id) + ADD_STRINGS + list_labels_bytes(entry);
}

void log_put_entry(struct log_writer *writer, const struct list_entry *entry) {
  put_u32(writer, entry->number == 0 ? LOG_ADD : LOG_NUMBERED);
  put_u32(writer, (uint32_t)(log_entry_bytes(entry) - LOG_RECORD_HEADER_BYTES));
  put_u32(writer, (uint32_t)entry->kind);
  put_u32(writer, (uint32_t)entry->label_count);
  if (entry->number != 0) put_u64(writer, entry->number);
  log_put(writer, entry->hash, hashscan_kind_bytes(entry->kind));
  log_put(writer, entry->list, strlen(entry->list) + 1);
  log_put(writer, entry->version, strlen(entry->version) + 1);
  log_put(writer, entry->id, strlen(entry->id) + 1);
  log_put(writer, entry->labels, list_labels_bytes(entry));
}

static bool bit_set(const uint64_t *bits, uint64_t entry) {
  return (bits[entry / 64] >> entry % 64 & 1) != 0;
}

/* The next run of set bits at or after *end; *first and *end are set to its bounds. */
static bool next_run(const uint64_t *bits, uint32_t entries, uint32_t *first, uint32_t *end) {
  uint64_t at = *end;
  while (at < entries && !bit_set(bits, at)) at = bits[at / 64] >> at % 64 == 0 ? (at / 64 + 1) * 64 : at + 1;
  if (at >= entries) return false;
  *first = (uint32_t)at;
  while (at < entries && bit_set(bits, at)) at++;
  *end = (uint32_t)at;
  return true;
}

static uint64_t count_runs(const uint64_t *bits, uint32_t entries) {
  uint64_t runs = 0;
  for (uint32_t first, end = 0; next_run(bits, entries, &first, &end);) runs++;
  return runs;
}

void log_put_kills(struct log_writer *writer, uint32_t part, const uint64_t *bits, uint32_t entries) {
  const uint64_t runs = count_runs(bits, entries);
  const bool ranges = runs * 8 <= bitmap_bytes(entries);
  put_u32(writer, ranges ? LOG_KILL : LOG_BITMAP);
  put_u32(writer, 4 + (ranges ? (uint32_t)runs * 8 : bitmap_bytes(entries)));
  put_u32(writer, part);
  for (uint32_t first, end = 0; ranges && next_run(bits, entries, &first, &end);) {
    put_u32(writer, first);
    put_u32(writer, end - first);
  }
  for (uint32_t i = 0; !ranges && i < bitmap_bytes(entries); i++) {
    const uint8_t byte = (uint8_t)(bits[i / 8] >> i % 8 * 8);
    log_put(writer, &byte, 1);
  }
}

void log_put_version(struct log_writer *writer, uint32_t part, uint32_t list, const char *version) {
  put_u32(writer, LOG_VERSION);
  put_u32(writer, (uint32_t)(8 + strlen(version) + 1));
  put_u32(writer, part);
  put_u32(writer, list);
  log_put(writer, version, strlen(version) + 1);
}
