/* SPDX-License-Identifier: Apache-2.0 */
/* Image hashes as JSON. */
#include "image_json.h"

#include "record.h"

static void write_pdq(struct json *json, const char *key, const hashscan_pdq *hash) {
  char hex[HASHSCAN_MAX_HEX];
  hashscan_hex_encode(hash->bytes, sizeof hash->bytes, hex);
  json_string(json, key, hex);
}

static void write_dihedral(struct json *json, const char *key, const hashscan_pdq *hashes, uint32_t count) {
  json_object_begin(json, key);
  for (uint32_t i = 1; i < count; i++) write_pdq(json, hashscan_transform_name((hashscan_transform)i), &hashes[i]);
  json_object_end(json);
}

static void write_hashes(struct json *json, const hashscan_image_hash *image) {
  const bool exact = image->level == HASHSCAN_LEVEL_EXACT;
  write_pdq(json, "hash", &image->hashes[HASHSCAN_TRANSFORM_NONE]);
  if (!exact) write_pdq(json, "unknown", &image->unknown[HASHSCAN_TRANSFORM_NONE]);
  if (image->hash_count == 1) return;
  write_dihedral(json, "dihedral", image->hashes, image->hash_count);
  if (!exact) write_dihedral(json, "dihedral_unknown", image->unknown, image->hash_count);
}

static void write_views(struct json *json, uint32_t views) {
  if (views == 0) return;
  json_array_begin(json, "views");
  for (int view = 0; view < HASHSCAN_VIEW_COUNT; view++)
    if ((views >> view & 1u) != 0) json_string(json, NULL, hashscan_view_name((hashscan_view)view));
  json_array_end(json);
}

static void write_digests(struct json *json, const hashscan_image_hash *image) {
  const struct {
    hashscan_kind kind;
    const uint8_t *bytes;
  } digests[] = {
      {HASHSCAN_KIND_MD5, image->md5}, {HASHSCAN_KIND_SHA1, image->sha1}, {HASHSCAN_KIND_SHA256, image->sha256}};
  if (image->digests == 0) return;
  json_object_begin(json, "digests");
  for (size_t i = 0; i < sizeof digests / sizeof *digests; i++) {
    char hex[HASHSCAN_MAX_HEX];
    if ((image->digests >> digests[i].kind & 1u) == 0) continue;
    hashscan_hex_encode(digests[i].bytes, hashscan_kind_bytes(digests[i].kind), hex);
    json_string(json, hashscan_kind_name(digests[i].kind), hex);
  }
  json_object_end(json);
}

static void write_picture(struct json *json, const hashscan_image_hash *image) {
  json_string(json, "profile", hashscan_profile_name(image->profile));
  json_string(json, "level", hashscan_level_name(image->level));
  json_string(json, "view", hashscan_view_name(image->view));
  json_integer(json, "picture", image->picture);
  json_integer(json, "pictures", image->picture_count);
  record_quality(json, image);
  write_views(json, image->views);
  if (image->unseen) json_bool(json, "unseen", true);
  write_hashes(json, image);
}

void image_json_write(struct json *json, const hashscan_image_hash *image) {
  json_string(json, "status", hashscan_status_name(image->status));
  if (image->format != HASHSCAN_FORMAT_UNKNOWN) json_string(json, "format", hashscan_format_name(image->format));
  if (image->width > 0 && image->height > 0) {
    json_integer(json, "width", image->width);
    json_integer(json, "height", image->height);
  }
  if (image->reason[0] != '\0') json_string(json, "reason", image->reason);
  if (image->hash_count > 0) write_picture(json, image);
  write_digests(json, image);
}
