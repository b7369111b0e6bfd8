/* SPDX-License-Identifier: Apache-2.0 */
/* Collects entries in memory and sorts them. */
#include "index/build/builder.h"

#include <stdlib.h>

#include "base/checked.h"
#include "base/cpu.h"
#include "base/error.h"
#include "base/options.h"
#include "base/parallel.h"
#include "base/utf8.h"
#include "list/list.h"

hashscan_code hashscan_builder_create(hashscan_builder **builder, hashscan_error *error) {
  if (builder == NULL) return error_set(error, HASHSCAN_E_ARGUMENT, "builder is NULL");
  *builder = NULL;
  const hashscan_code code = cpu_check(error);
  if (code != HASHSCAN_SUCCESS) return code;
  *builder = calloc(1, sizeof **builder);
  if (*builder == NULL) return error_memory(error);
  (*builder)->lists.limit = INDEX_MAX_LISTS;
  return HASHSCAN_SUCCESS;
}

void hashscan_builder_destroy(hashscan_builder *builder) {
  if (builder == NULL) return;
  for (unsigned kind = 0; kind < HASHSCAN_KIND_COUNT; kind++) free(builder->kinds[kind].entries);
  free(builder->strings.bytes);
  free(builder->labels);
  intern_free(&builder->lists);
  intern_free(&builder->label_sets);
  free(builder);
}

hashscan_code hashscan_builder_set_mode(hashscan_builder *builder, unsigned mode, hashscan_error *error) {
  if (builder == NULL) return error_set(error, HASHSCAN_E_ARGUMENT, "builder is NULL");
  const hashscan_code code = access_check(mode, error);
  if (code == HASHSCAN_SUCCESS) builder->mode = (mode_t)mode;
  return code;
}

/* ---- One entry ------------------------------------------------------------------------------------------------- */

/* An entry's strings with their sizes, terminators included. NULL reads as empty. */
struct entry_strings {
  const char *list, *version, *id, *labels;
  size_t list_size, version_size, id_size, labels_size;
};

static bool measure(const char *given, const char **string, size_t *size) {
  *string = given == NULL ? "" : given;
  *size = strlen(*string) + 1;
  return utf8_valid(*string, *size);
}

static bool measure_labels(const struct list_entry *entry, struct entry_strings *strings) {
  strings->labels = entry->labels;
  strings->labels_size = list_labels_bytes(entry);
  return utf8_valid(strings->labels, strings->labels_size);
}

static hashscan_code check_entry(const struct list_entry *entry, struct entry_strings *strings, hashscan_error *error) {
  if (hashscan_kind_bytes(entry->kind) == 0)
    return error_set(error, HASHSCAN_E_ARGUMENT, "unknown kind %d", (int)entry->kind);
  if (entry->hash == NULL) return error_set(error, HASHSCAN_E_ARGUMENT, "the entry's hash is NULL");
  if (entry->label_count > UINT32_MAX) return error_set(error, HASHSCAN_E_LIMIT, "more than 2^32 - 1 labels");
  if (!measure(entry->list, &strings->list, &strings->list_size) ||
      !measure(entry->version, &strings->version, &strings->version_size))
    return error_set(error, HASHSCAN_E_ARGUMENT, "the list's name or version is not UTF-8");
  if (strings->list_size > HASHSCAN_MAX_LIST_NAME + 1 || strings->version_size > HASHSCAN_MAX_LIST_NAME + 1)
    return error_set(error, HASHSCAN_E_LIMIT, "the list's name or version has more than %d bytes",
                     HASHSCAN_MAX_LIST_NAME);
  if (!measure(entry->id, &strings->id, &strings->id_size))
    return error_set(error, HASHSCAN_E_ARGUMENT, "the entry's id is not UTF-8");
  if (!measure_labels(entry, strings)) return error_set(error, HASHSCAN_E_ARGUMENT, "a label is not UTF-8");
  return HASHSCAN_SUCCESS;
}

static bool same_list(const hashscan_builder *builder, uint32_t number, const struct entry_strings *strings) {
  const char *name = builder->strings.bytes + builder->lists.values[number].offset;
  return strcmp(name, strings->list) == 0 && strcmp(name + strings->list_size, strings->version) == 0;
}

/* Most entries belong to the newest list, which needs no hashing. */
static bool intern_list(hashscan_builder *builder, const struct entry_strings *strings, uint32_t *number) {
  const size_t known = builder->lists.value_count;
  if (known > 0 && same_list(builder, (uint32_t)known - 1, strings)) {
    *number = (uint32_t)known - 1;
    return true;
  }
  return intern_pair(&builder->lists, &builder->strings, strings->list, strings->version, number);
}

static bool intern_labels(hashscan_builder *builder, const struct list_entry *entry,
                          const struct entry_strings *strings, uint32_t *number) {
  *number = 0;
  if (entry->label_count == 0) return true;
  if (!intern(&builder->label_sets, &builder->strings, strings->labels, strings->labels_size, number)) return false;
  builder->label_sets.values[*number].count = entry->label_count;
  ++*number;
  return true;
}

static bool store_id(hashscan_builder *builder, const struct entry_strings *strings, uint64_t *id) {
  *id = 0;
  if (strings->id_size == 1) return true;
  if (!string_pool_reserve(&builder->strings, strings->id_size)) return false;
  /* analyze: a pool in which room was reserved has bytes. */
  if (strcmp(builder->strings.bytes + builder->last_id, strings->id) != 0)
    builder->last_id = string_pool_append(&builder->strings, strings->id, strings->id_size);
  *id = builder->last_id;
  return true;
}

/* What fails leaves at most unused strings behind, never half an entry. */
static bool store_entry(hashscan_builder *builder, const struct list_entry *entry,
                        const struct entry_strings *strings) {
  struct builder_kind *kind = &builder->kinds[entry->kind];
  struct builder_entry stored = {0};
  struct builder_entry *entries = array_reserve(kind->entries, &kind->capacity, kind->count + 1, sizeof *entries);
  if (entries == NULL) return false;
  kind->entries = entries;
  if (!intern_labels(builder, entry, strings, &stored.labels) || !store_id(builder, strings, &stored.id) ||
      !intern_list(builder, strings, &stored.list))
    return false;
  stored.number = entry->number;
  memcpy(stored.hash, entry->hash, hashscan_kind_bytes(entry->kind));
  kind->sorted = kind->count == 0 ||
                 (kind->sorted && memcmp(kind->entries[kind->count - 1].hash, stored.hash, sizeof stored.hash) <= 0);
  kind->entries[kind->count++] = stored;
  builder->lists.values[stored.list].count++;
  builder->entry_count++;
  builder->numbered = builder->numbered || entry->number != 0;
  return true;
}

hashscan_code builder_add(hashscan_builder *builder, const struct list_entry *entry, hashscan_error *error) {
  struct entry_strings strings = {0};
  const hashscan_code code = check_entry(entry, &strings, error);
  if (code != HASHSCAN_SUCCESS) return code;
  if (builder->entry_count >= INDEX_MAX_ENTRIES)
    return error_set(error, HASHSCAN_E_LIMIT, "more than 2^32 - 2 entries");
  if (store_entry(builder, entry, &strings)) return HASHSCAN_SUCCESS;
  if (builder->lists.full) return error_set(error, HASHSCAN_E_LIMIT, "more than %d lists", INDEX_MAX_LISTS);
  return error_memory(error);
}

/* Puts the labels of an entry one behind the other into builder->labels. */
static hashscan_code gather_labels(hashscan_builder *builder, const hashscan_entry *entry, hashscan_error *error) {
  size_t size = 0;
  if (entry->labels == NULL && entry->label_count > 0)
    return error_set(error, HASHSCAN_E_ARGUMENT, "the entry's labels are NULL");
  for (size_t i = 0; i < entry->label_count; i++) {
    if (entry->labels[i] == NULL) return error_set(error, HASHSCAN_E_ARGUMENT, "a label is NULL");
    const size_t label_size = strlen(entry->labels[i]) + 1;
    size_t wanted;
    char *labels = !checked_add(size, label_size, &wanted)
                       ? NULL
                       : array_reserve(builder->labels, &builder->labels_capacity, wanted, 1);
    if (labels == NULL) return error_memory(error);
    builder->labels = labels;
    memcpy(labels + size, entry->labels[i], label_size);
    size = wanted;
  }
  return HASHSCAN_SUCCESS;
}

hashscan_code hashscan_builder_add(hashscan_builder *builder, const hashscan_entry *given, hashscan_error *error) {
  if (builder == NULL || given == NULL) return error_set(error, HASHSCAN_E_ARGUMENT, "builder or entry is NULL");
  hashscan_entry entry = HASHSCAN_ENTRY_INIT;
  hashscan_code code = options_copy(&entry, sizeof entry, given, "hashscan_entry", error);
  if (code == HASHSCAN_SUCCESS) code = options_reserved(entry.reserved, "hashscan_entry", error);
  if (code == HASHSCAN_SUCCESS) code = gather_labels(builder, &entry, error);
  if (code != HASHSCAN_SUCCESS) return code;
  return builder_add(builder,
                     &(struct list_entry){.kind = entry.kind,
                                          .hash = entry.hash,
                                          .list = entry.list,
                                          .version = entry.version,
                                          .id = entry.id,
                                          .labels = builder->labels,
                                          .label_count = entry.label_count,
                                          .number = entry.number},
                     error);
}

void builder_entry(const hashscan_builder *builder, hashscan_kind kind, size_t i, struct list_entry *out) {
  const struct builder_entry *entry = &builder->kinds[kind].entries[i];
  const char *const strings = builder->strings.bytes;
  const char *const list = strings + builder->lists.values[entry->list].offset;
  *out = (struct list_entry){.kind = kind,
                             .hash = entry->hash,
                             .list = list,
                             .version = list + strlen(list) + 1,
                             .id = strings + entry->id,
                             .labels = "",
                             .number = entry->number};
  if (entry->labels == 0) return;
  const struct interned *labels = &builder->label_sets.values[entry->labels - 1];
  out->labels = strings + labels->offset;
  out->label_count = labels->count;
}

/* ---- Lists ----------------------------------------------------------------------------------------------------- */

static hashscan_code add_from_list(void *user, const struct list_entry *entry, hashscan_error *error) {
  return builder_add(user, entry, error);
}

hashscan_code hashscan_builder_add_list(hashscan_builder *builder, const char *path,
                                        const hashscan_list_options *options, hashscan_list_report *report,
                                        hashscan_error *error) {
  if (builder == NULL || path == NULL) return error_set(error, HASHSCAN_E_ARGUMENT, "builder or path is NULL");
  return list_read_file(path, options, add_from_list, builder, report, error);
}

hashscan_code hashscan_builder_add_list_bytes(hashscan_builder *builder, const char *source, const void *bytes,
                                              size_t size, const hashscan_list_options *options,
                                              hashscan_list_report *report, hashscan_error *error) {
  if (builder == NULL || source == NULL || (bytes == NULL && size > 0))
    return error_set(error, HASHSCAN_E_ARGUMENT, "builder, source or bytes is NULL");
  return list_read(source, bytes, size, options, add_from_list, builder, report, error);
}

hashscan_code hashscan_builder_add_list_from(hashscan_builder *builder, const char *source, hashscan_read_fn read,
                                             void *user, const hashscan_list_options *options,
                                             hashscan_list_report *report, hashscan_error *error) {
  if (builder == NULL || source == NULL || read == NULL)
    return error_set(error, HASHSCAN_E_ARGUMENT, "builder, source or read is NULL");
  struct buffer bytes = {0};
  hashscan_code code = list_collect(source, read, user, &bytes, error);
  if (code == HASHSCAN_SUCCESS)
    code = hashscan_builder_add_list_bytes(builder, source, bytes.bytes, bytes.size, options, report, error);
  buffer_free(&bytes);
  return code;
}

/* ---- Order ----------------------------------------------------------------------------------------------------- */

/* What is sorted instead of whole entries: the hash's leading 64 bits decide nearly always. */
struct sort_key {
  uint64_t leading;
  uint32_t position;
};

static int compare_keys(const void *left, const void *right, void *user) {
  const struct sort_key *a = left;
  const struct sort_key *b = right;
  const struct builder_entry *entries = user;
  if (a->leading != b->leading) return a->leading < b->leading ? -1 : 1;
  const int order = memcmp(entries[a->position].hash, entries[b->position].hash, HASHSCAN_MAX_HASH_BYTES);
  if (order != 0) return order;
  return a->position < b->position ? -1 : a->position > b->position;
}

static uint64_t leading_bits(const uint8_t *hash) {
  uint64_t leading = 0;
  for (unsigned i = 0; i < 8; i++) leading = leading << 8 | hash[i];
  return leading;
}

enum { SORT_BUCKETS = 256 };

/* Keys partitioned by their leading byte into buckets, which are sorted independently of one another. */
struct sort_job {
  struct builder_entry *entries;
  struct builder_entry *sorted;
  struct sort_key *keys;
  size_t bucket_end[SORT_BUCKETS];
};

static void partition_keys(struct sort_job *job, size_t count) {
  size_t next[SORT_BUCKETS] = {0};
  for (size_t i = 0; i < count; i++) job->bucket_end[job->entries[i].hash[0]]++;
  for (unsigned b = 1; b < SORT_BUCKETS; b++) {
    next[b] = job->bucket_end[b - 1];
    job->bucket_end[b] += next[b];
  }
  for (size_t i = 0; i < count; i++)
    job->keys[next[job->entries[i].hash[0]]++] = (struct sort_key){leading_bits(job->entries[i].hash), (uint32_t)i};
}

static void sort_bucket(void *user, size_t bucket) {
  struct sort_job *job = user;
  const size_t first = bucket == 0 ? 0 : job->bucket_end[bucket - 1];
  const size_t end = job->bucket_end[bucket];
  qsort_r(job->keys + first, end - first, sizeof *job->keys, compare_keys, job->entries);
  for (size_t i = first; i < end; i++) job->sorted[i] = job->entries[job->keys[i].position];
}

static bool sort_kind(struct builder_kind *kind) {
  if (kind->sorted || kind->count < 2) return true;
  struct sort_job job = {.entries = kind->entries};
  job.keys = malloc(kind->count * sizeof *job.keys);
  job.sorted = malloc(kind->count * sizeof *job.sorted);
  if (job.keys == NULL || job.sorted == NULL) {
    free(job.keys);
    free(job.sorted);
    return false;
  }
  partition_keys(&job, kind->count);
  parallel_for(kind->count < 10000 ? 1 : parallel_cpus(), SORT_BUCKETS, sort_bucket, &job);
  free(job.keys);
  free(kind->entries);
  kind->entries = job.sorted;
  kind->capacity = kind->count;
  kind->sorted = true;
  return true;
}

hashscan_code builder_sort(hashscan_builder *builder, hashscan_error *error) {
  for (unsigned kind = 0; kind < HASHSCAN_KIND_COUNT; kind++)
    if (!sort_kind(&builder->kinds[kind])) return error_memory(error);
  return HASHSCAN_SUCCESS;
}
