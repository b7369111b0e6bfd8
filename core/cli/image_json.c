/* SPDX-License-Identifier: Apache-2.0 */
/* Image hashes as JSON, written and read. The reader takes nothing for granted: a key that it does not know could be a
 * bit that is unknown, and to pass it over a match that is missed. */
#include "image_json.h"

#include <stdio.h>
#include <string.h>

#include "json_reader.h"
#include "record.h"

/* ---- Writing ----------------------------------------------------------------------------------------------------- */

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

/* ---- Reading ----------------------------------------------------------------------------------------------------- */

enum member {
  TYPE,
  PATH,
  PATH_BASE64,
  STATUS,
  REASON,
  FORMAT,
  WIDTH,
  HEIGHT,
  PROFILE,
  LEVEL,
  VIEW,
  PICTURE,
  PICTURES,
  QUALITY,
  QUALITY_RANGE,
  VIEWS,
  UNSEEN,
  HASH,
  UNKNOWN,
  DIHEDRAL,
  DIHEDRAL_UNKNOWN,
  DIGESTS,
  MEMBERS
};

static const char *const member_names[MEMBERS] = {
    "type",    "path",  "path_base64", "status",   "reason",           "format",  "width",         "height",
    "profile", "level", "view",        "picture",  "pictures",         "quality", "quality_range", "views",
    "unseen",  "hash",  "unknown",     "dihedral", "dihedral_unknown", "digests"};

#define BIT(member) (1u << (member))

/* What an object with a hash has beside it, and what none without one has. */
#define ALWAYS (BIT(TYPE) | BIT(STATUS))
#define WITH_HASH                                                                                                      \
  (BIT(PROFILE) | BIT(LEVEL) | BIT(VIEW) | BIT(PICTURE) | BIT(PICTURES) | BIT(QUALITY) | BIT(HASH) | BIT(WIDTH) |      \
   BIT(HEIGHT))
#define ONLY_WITH_HASH                                                                                                 \
  ((WITH_HASH | BIT(QUALITY_RANGE) | BIT(VIEWS) | BIT(UNSEEN) | BIT(UNKNOWN) | BIT(DIHEDRAL) |                         \
    BIT(DIHEDRAL_UNKNOWN)) &                                                                                           \
   ~(BIT(WIDTH) | BIT(HEIGHT)))

struct reading {
  hashscan_image_hash *image;
  uint32_t seen;       /* a bit for each enum member */
  const char *problem; /* the name of a member, or NULL */
};

/* An enumeration's value by its name. */
#define READ_NAME(type)                                                                                                \
  static bool read_##type(struct json_reader *reader, hashscan_##type *value) {                                        \
    char name[32];                                                                                                     \
    return json_read_string(reader, name, sizeof name) &&                                                              \
           hashscan_##type##_parse(name, value, NULL) == HASHSCAN_SUCCESS;                                             \
  }

READ_NAME(status)
READ_NAME(format)
READ_NAME(profile)
READ_NAME(level)
READ_NAME(view)

static bool read_number(struct json_reader *reader, uint32_t *value) {
  uint64_t number;
  if (!json_read_integer(reader, UINT32_MAX, &number)) return false;
  *value = (uint32_t)number;
  return true;
}

static bool read_quality(struct json_reader *reader, int *value) {
  uint64_t number;
  if (!json_read_integer(reader, 100, &number)) return false;
  *value = (int)number;
  return true;
}

static bool read_hex(struct json_reader *reader, uint8_t *bytes, size_t size) {
  char hex[HASHSCAN_MAX_HEX];
  return json_read_string(reader, hex, sizeof hex) &&
         hashscan_hex_decode(hex, strlen(hex), bytes, size, NULL) == HASHSCAN_SUCCESS;
}

struct range {
  hashscan_image_hash *image;
  unsigned count;
};

static bool read_range_end(void *user, struct json_reader *reader) {
  struct range *range = user;
  if (++range->count > 2) return false;
  return read_quality(reader, range->count == 1 ? &range->image->quality_low : &range->image->quality_high);
}

static bool read_range(struct json_reader *reader, hashscan_image_hash *image) {
  struct range range = {image, 0};
  return json_read_array(reader, read_range_end, &range) && range.count == 2;
}

static bool read_other_view(void *user, struct json_reader *reader) {
  uint32_t *views = user;
  hashscan_view view;
  if (!read_view(reader, &view) || (*views >> view & 1u) != 0) return false;
  *views |= 1u << view;
  return true;
}

/* The seven hashes, or masks, by transform. */
struct dihedral {
  hashscan_pdq *hashes;
  uint32_t seen;
};

static bool read_transformed(void *user, const char *key, struct json_reader *reader) {
  struct dihedral *dihedral = user;
  hashscan_transform transform;
  if (hashscan_transform_parse(key, &transform, NULL) != HASHSCAN_SUCCESS || (dihedral->seen >> transform & 1u) != 0)
    return false;
  dihedral->seen |= 1u << transform;
  return read_hex(reader, dihedral->hashes[transform].bytes, sizeof *dihedral->hashes);
}

static bool read_dihedral(struct json_reader *reader, hashscan_pdq *hashes) {
  struct dihedral dihedral = {hashes, 1u << HASHSCAN_TRANSFORM_NONE};
  return json_read_object(reader, read_transformed, &dihedral) && dihedral.seen == (1u << HASHSCAN_TRANSFORM_COUNT) - 1;
}

static bool read_digest(void *user, const char *key, struct json_reader *reader) {
  hashscan_image_hash *image = user;
  hashscan_kind kind;
  if (hashscan_kind_parse(key, &kind, NULL) != HASHSCAN_SUCCESS || (image->digests >> kind & 1u) != 0) return false;
  image->digests |= 1u << kind;
  switch (kind) {
  case HASHSCAN_KIND_MD5:
    return read_hex(reader, image->md5, sizeof image->md5);
  case HASHSCAN_KIND_SHA1:
    return read_hex(reader, image->sha1, sizeof image->sha1);
  case HASHSCAN_KIND_SHA256:
    return read_hex(reader, image->sha256, sizeof image->sha256);
  case HASHSCAN_KIND_PDQ:
  case HASHSCAN_KIND_HASH64:
    break;
  }
  return false;
}

static bool read_type(struct json_reader *reader) {
  char type[8];
  return json_read_string(reader, type, sizeof type) && strcmp(type, "hash") == 0;
}

static bool read_value(enum member member, struct json_reader *reader, hashscan_image_hash *image) {
  switch (member) {
  case TYPE:
    return read_type(reader);
  case PATH:
  case PATH_BASE64:
    return json_skip_string(reader);
  case STATUS:
    return read_status(reader, &image->status);
  case REASON:
    return json_read_string(reader, image->reason, sizeof image->reason);
  case FORMAT:
    return read_format(reader, &image->format);
  case WIDTH:
    return read_number(reader, &image->width);
  case HEIGHT:
    return read_number(reader, &image->height);
  case PROFILE:
    return read_profile(reader, &image->profile);
  case LEVEL:
    return read_level(reader, &image->level);
  case VIEW:
    return read_view(reader, &image->view);
  case PICTURE:
    return read_number(reader, &image->picture);
  case PICTURES:
    return read_number(reader, &image->picture_count);
  case QUALITY:
    return read_quality(reader, &image->quality);
  case QUALITY_RANGE:
    return read_range(reader, image);
  case VIEWS:
    return json_read_array(reader, read_other_view, &image->views);
  case UNSEEN:
    image->unseen = 1;
    return json_read_true(reader);
  case HASH:
    return read_hex(reader, image->hashes[0].bytes, sizeof *image->hashes);
  case UNKNOWN:
    return read_hex(reader, image->unknown[0].bytes, sizeof *image->unknown);
  case DIHEDRAL:
    return read_dihedral(reader, image->hashes);
  case DIHEDRAL_UNKNOWN:
    return read_dihedral(reader, image->unknown);
  case DIGESTS:
    return json_read_object(reader, read_digest, image);
  case MEMBERS:
    break;
  }
  return false;
}

static bool read_member(void *user, const char *key, struct json_reader *reader) {
  struct reading *reading = user;
  unsigned member = 0;
  while (member < MEMBERS && strcmp(member_names[member], key) != 0) member++;
  if (member == MEMBERS || (reading->seen & BIT(member)) != 0) return false;
  reading->seen |= BIT(member);
  if (read_value((enum member)member, reader, reading->image)) return true;
  if (reading->problem == NULL) reading->problem = member_names[member];
  return false;
}

/* The masks of unknown bits go with hashes that are not exact, and are never left out. */
static uint32_t masks_wanted(const struct reading *reading) {
  if ((reading->seen & BIT(HASH)) == 0 || reading->image->level == HASHSCAN_LEVEL_EXACT) return 0;
  return BIT(UNKNOWN) | ((reading->seen & BIT(DIHEDRAL)) != 0 ? BIT(DIHEDRAL_UNKNOWN) : 0);
}

/* The first member that is missing or too much; NULL when all is as it must be. */
static const char *misplaced(const struct reading *reading) {
  const bool has_hash = (reading->seen & BIT(HASH)) != 0;
  const uint32_t masks = BIT(UNKNOWN) | BIT(DIHEDRAL_UNKNOWN);
  const uint32_t needed = ALWAYS | (has_hash ? WITH_HASH : 0) | masks_wanted(reading);
  const uint32_t excluded =
      (has_hash ? 0 : ONLY_WITH_HASH) | (reading->seen & BIT(PATH) ? BIT(PATH_BASE64) : 0) | (masks & ~needed);
  const uint32_t wrong = (needed & ~reading->seen) | (excluded & reading->seen);
  for (unsigned member = 0; member < MEMBERS; member++)
    if ((wrong & BIT(member)) != 0) return member_names[member];
  return NULL;
}

static void complete(const struct reading *reading) {
  hashscan_image_hash *image = reading->image;
  if ((reading->seen & BIT(HASH)) == 0) return;
  image->hash_count = (reading->seen & BIT(DIHEDRAL)) != 0 ? HASHSCAN_MAX_HASHES : 1;
  if ((reading->seen & BIT(QUALITY_RANGE)) == 0) image->quality_low = image->quality_high = image->quality;
}

bool image_json_read(const char *text, size_t length, hashscan_image_hash *image, char *reason, size_t reason_size) {
  *image = (hashscan_image_hash)HASHSCAN_IMAGE_HASH_INIT;
  struct json_reader reader = {text, text + length};
  struct reading reading = {.image = image};
  if (!json_read_object(&reader, read_member, &reading) || !json_read_end(&reader)) {
    if (reading.problem != NULL)
      snprintf(reason, reason_size, "an image hash whose %s cannot be read", reading.problem);
    else snprintf(reason, reason_size, "not an image hash as JSON, at byte %zu", (size_t)(reader.at - text));
    return false;
  }
  const char *member = misplaced(&reading);
  if (member != NULL) {
    snprintf(reason, reason_size, "an image hash with a missing or misplaced %s", member);
    return false;
  }
  complete(&reading);
  uint8_t bytes[HASHSCAN_IMAGE_HASH_BYTES];
  hashscan_error error;
  if (hashscan_image_hash_encode(image, bytes, sizeof bytes, &error) == HASHSCAN_SUCCESS) return true;
  snprintf(reason, reason_size, "%.90s", error.message);
  return false;
}
