/* SPDX-License-Identifier: Apache-2.0 */
/* Parts of result records that the commands have in common. */
#include "record.h"

#include <string.h>
#include <sys/stat.h>

#include "message.h"

void record_match(struct json *json, const char *index, const hashscan_entry *entry, unsigned distance,
                  const char *view, const char *transform) {
  json_object_begin(json, NULL);
  if (index != NULL) json_string(json, "index", index);
  json_string(json, "list", entry->list);
  json_string(json, "version", entry->version);
  json_string(json, "id", entry->id);
  if (entry->number != 0) json_integer(json, "number", entry->number);
  json_string(json, "kind", hashscan_kind_name(entry->kind));
  json_integer(json, "distance", distance);
  if (view != NULL) json_string(json, "view", view);
  if (transform != NULL) json_string(json, "transform", transform);
  json_array_begin(json, "labels");
  for (size_t i = 0; i < entry->label_count; i++) json_string(json, NULL, entry->labels[i]);
  json_array_end(json);
  json_object_end(json);
}

hashscan_entry record_entry(const hashscan_match *match) {
  return (hashscan_entry){.size = sizeof(hashscan_entry),
                          .kind = match->kind,
                          .list = match->list,
                          .version = match->version,
                          .id = match->id,
                          .labels = match->labels,
                          .label_count = match->label_count};
}

void record_matches(struct json *json, const hashscan_verdict *verdict) {
  json_array_begin(json, "matches");
  for (size_t i = 0; i < verdict->match_count; i++) {
    const hashscan_match *match = verdict->matches[i];
    const hashscan_entry entry = record_entry(match);
    const char *index = verdict->index_count > 1 ? match->index_path : NULL;
    const char *view = match->view == HASHSCAN_VIEW_STORED ? NULL : hashscan_view_name(match->view);
    record_match(json, index, &entry, match->distance, view, hashscan_transform_name(match->transform));
  }
  json_array_end(json);
}

void record_quality(struct json *json, const hashscan_image_hash *image) {
  json_integer(json, "quality", (uint64_t)image->quality);
  if (image->quality_low == image->quality_high) return;
  json_array_begin(json, "quality_range");
  json_integer(json, NULL, (uint64_t)image->quality_low);
  json_integer(json, NULL, (uint64_t)image->quality_high);
  json_array_end(json);
}

void record_index(struct json *json, const char *path, const hashscan_index *index) {
  hashscan_index_info info = HASHSCAN_INDEX_INFO_INIT;
  hashscan_index_describe(index, &info, NULL);
  json_object_begin(json, path == NULL ? "index" : NULL);
  if (path != NULL) json_string(json, "path", path);
  json_integer(json, "entries", info.entries);
  json_string(json, "digest", info.digest);
  json_object_end(json);
}

void record_warn_of_readers(const char *path, const hashscan_index_info *info) {
  if ((info->mode & S_IROTH) == 0) return;
  message("%s: every user of this machine can read this index, and hash lists are confidential: chmod -R o= ends that",
          path);
}
