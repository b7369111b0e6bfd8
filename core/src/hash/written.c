/* SPDX-License-Identifier: Apache-2.0 */
/* The written form of an image hash (core/doc/FORMAT.md), 800 bytes, integers little-endian:
 *
 *       0   8 magic            16   8 status, format, profile, level, view, hash_count, digests, unseen
 *       8   4 version 1        24  20 picture, picture_count, width, height, views
 *      12   4 size 800         44   4 quality, quality_low, quality_high, reserved
 *      48 256 hashes          560  16 md5              628   4 reserved
 *     304 256 unknown         576  20 sha1             632 160 reason
 *                             596  32 sha256           792   8 reserved
 *
 * Each possible answer has exactly one form, so whatever is read back is written as the bytes it came from. */
#include <stdbool.h>
#include <string.h>

#include "base/bytes.h"
#include "base/error.h"
#include "base/options.h"
#include "base/utf8.h"
#include "hash/image_hash.h"

enum {
  VERSION = 1,
  AT_VERSION = 8,
  AT_SIZE = 12,
  AT_STATUS = 16,
  AT_FORMAT,
  AT_PROFILE,
  AT_LEVEL,
  AT_VIEW,
  AT_HASH_COUNT,
  AT_DIGESTS,
  AT_UNSEEN,
  AT_PICTURE,
  AT_PICTURE_COUNT = 28,
  AT_WIDTH = 32,
  AT_HEIGHT = 36,
  AT_VIEWS = 40,
  AT_QUALITY = 44,
  AT_QUALITY_LOW,
  AT_QUALITY_HIGH,
  AT_RESERVED_BYTE,
  AT_HASHES,
  AT_UNKNOWN = 304,
  AT_MD5 = 560,
  AT_SHA1 = 576,
  AT_SHA256 = 596,
  AT_RESERVED_WORD = 628,
  AT_REASON = 632,
  AT_RESERVED_END = 792,
  NO_QUALITY = 255
};

_Static_assert(AT_PICTURE == 24 && AT_HASHES == 48, "the fields lie where FORMAT.md says");
_Static_assert(AT_REASON + HASHSCAN_REASON_SIZE == AT_RESERVED_END && AT_RESERVED_END + 8 == HASHSCAN_IMAGE_HASH_BYTES,
               "the form is as long as FORMAT.md says");

static const uint8_t magic[AT_VERSION] = {0x89, 'H', 'S', 'I', '\r', '\n', '\n', 'I'};

/* ---- Writing ----------------------------------------------------------------------------------------------------- */

static uint8_t quality_byte(int quality) {
  return quality < 0 ? NO_QUALITY : (uint8_t)quality;
}

static void put_numbers(const hashscan_image_hash *hash, uint8_t *bytes) {
  bytes[AT_STATUS] = (uint8_t)hash->status;
  bytes[AT_FORMAT] = (uint8_t)hash->format;
  bytes[AT_PROFILE] = (uint8_t)hash->profile;
  bytes[AT_LEVEL] = (uint8_t)hash->level;
  bytes[AT_VIEW] = (uint8_t)hash->view;
  bytes[AT_HASH_COUNT] = (uint8_t)hash->hash_count;
  bytes[AT_DIGESTS] = (uint8_t)hash->digests;
  bytes[AT_UNSEEN] = (uint8_t)hash->unseen;
  store_le32(bytes + AT_PICTURE, hash->picture);
  store_le32(bytes + AT_PICTURE_COUNT, hash->picture_count);
  store_le32(bytes + AT_WIDTH, hash->width);
  store_le32(bytes + AT_HEIGHT, hash->height);
  store_le32(bytes + AT_VIEWS, hash->views);
  bytes[AT_QUALITY] = quality_byte(hash->quality);
  bytes[AT_QUALITY_LOW] = quality_byte(hash->quality_low);
  bytes[AT_QUALITY_HIGH] = quality_byte(hash->quality_high);
}

static void put_reason(const hashscan_image_hash *hash, uint8_t *bytes) {
  char reason[HASHSCAN_REASON_SIZE];
  memcpy(reason, hash->reason, sizeof reason);
  utf8_make_ascii(reason);
  memcpy(bytes + AT_REASON, reason, strlen(reason));
}

hashscan_code hashscan_image_hash_encode(const hashscan_image_hash *hash, uint8_t *bytes, size_t size,
                                         hashscan_error *error) {
  if (hash == NULL || bytes == NULL) return error_set(error, HASHSCAN_E_ARGUMENT, "hash or bytes is NULL");
  if (size < HASHSCAN_IMAGE_HASH_BYTES)
    return error_set(error, HASHSCAN_E_ARGUMENT, "%zu bytes where an image hash takes %d", size,
                     HASHSCAN_IMAGE_HASH_BYTES);
  hashscan_image_hash known = HASHSCAN_IMAGE_HASH_INIT;
  hashscan_code code = image_hash_copy(&known, hash, error);
  if (code == HASHSCAN_SUCCESS) code = image_hash_check(&known, error);
  if (code != HASHSCAN_SUCCESS) return code;
  memset(bytes, 0, HASHSCAN_IMAGE_HASH_BYTES);
  memcpy(bytes, magic, sizeof magic);
  store_le32(bytes + AT_VERSION, VERSION);
  store_le32(bytes + AT_SIZE, HASHSCAN_IMAGE_HASH_BYTES);
  put_numbers(&known, bytes);
  memcpy(bytes + AT_HASHES, known.hashes, sizeof known.hashes);
  memcpy(bytes + AT_UNKNOWN, known.unknown, sizeof known.unknown);
  memcpy(bytes + AT_MD5, known.md5, sizeof known.md5);
  memcpy(bytes + AT_SHA1, known.sha1, sizeof known.sha1);
  memcpy(bytes + AT_SHA256, known.sha256, sizeof known.sha256);
  put_reason(&known, bytes);
  return HASHSCAN_SUCCESS;
}

/* ---- Reading ----------------------------------------------------------------------------------------------------- */

static int quality_of(uint8_t byte) {
  return byte == NO_QUALITY ? -1 : byte;
}

static void get_numbers(const uint8_t *bytes, hashscan_image_hash *hash) {
  hash->status = (hashscan_status)bytes[AT_STATUS];
  hash->format = (hashscan_format)bytes[AT_FORMAT];
  hash->profile = (hashscan_profile)bytes[AT_PROFILE];
  hash->level = (hashscan_level)bytes[AT_LEVEL];
  hash->view = (hashscan_view)bytes[AT_VIEW];
  hash->hash_count = bytes[AT_HASH_COUNT];
  hash->digests = bytes[AT_DIGESTS];
  hash->unseen = bytes[AT_UNSEEN];
  hash->picture = load_le32(bytes + AT_PICTURE);
  hash->picture_count = load_le32(bytes + AT_PICTURE_COUNT);
  hash->width = load_le32(bytes + AT_WIDTH);
  hash->height = load_le32(bytes + AT_HEIGHT);
  hash->views = load_le32(bytes + AT_VIEWS);
  hash->quality = quality_of(bytes[AT_QUALITY]);
  hash->quality_low = quality_of(bytes[AT_QUALITY_LOW]);
  hash->quality_high = quality_of(bytes[AT_QUALITY_HIGH]);
}

static bool is_zero(const uint8_t *bytes, size_t size) {
  for (size_t i = 0; i < size; i++)
    if (bytes[i] != 0) return false;
  return true;
}

/* Printable ASCII, then zeros to the end, of which there is at least one. */
static bool is_reason(const uint8_t *bytes) {
  size_t length = 0;
  while (length < HASHSCAN_REASON_SIZE && bytes[length] >= 0x20 && bytes[length] <= 0x7e) length++;
  return length < HASHSCAN_REASON_SIZE && is_zero(bytes + length, HASHSCAN_REASON_SIZE - length);
}

static hashscan_code check_frame(const uint8_t *bytes, size_t size, hashscan_error *error) {
  if (size < AT_STATUS || memcmp(bytes, magic, sizeof magic) != 0)
    return error_set(error, HASHSCAN_E_FORMAT, "not an image hash");
  if (load_le32(bytes + AT_VERSION) != VERSION)
    return error_set(error, HASHSCAN_E_VERSION, "an image hash in another version of its form than %d", VERSION);
  if (size != HASHSCAN_IMAGE_HASH_BYTES || load_le32(bytes + AT_SIZE) != HASHSCAN_IMAGE_HASH_BYTES)
    return error_set(error, HASHSCAN_E_FORMAT, "an image hash of another size than %d bytes",
                     HASHSCAN_IMAGE_HASH_BYTES);
  if (!is_zero(bytes + AT_RESERVED_BYTE, 1) || !is_zero(bytes + AT_RESERVED_WORD, 4) ||
      !is_zero(bytes + AT_RESERVED_END, 8))
    return error_set(error, HASHSCAN_E_FORMAT, "an image hash whose reserved bytes are not zero");
  if (!is_reason(bytes + AT_REASON))
    return error_set(error, HASHSCAN_E_FORMAT, "an image hash whose reason is not printable ASCII");
  return HASHSCAN_SUCCESS;
}

hashscan_code hashscan_image_hash_decode(const uint8_t *bytes, size_t size, hashscan_image_hash *out,
                                         hashscan_error *error) {
  if (bytes == NULL || out == NULL) return error_set(error, HASHSCAN_E_ARGUMENT, "bytes or out is NULL");
  const hashscan_code code = check_frame(bytes, size, error);
  if (code != HASHSCAN_SUCCESS) return code;
  hashscan_image_hash hash = HASHSCAN_IMAGE_HASH_INIT;
  get_numbers(bytes, &hash);
  memcpy(hash.hashes, bytes + AT_HASHES, sizeof hash.hashes);
  memcpy(hash.unknown, bytes + AT_UNKNOWN, sizeof hash.unknown);
  memcpy(hash.md5, bytes + AT_MD5, sizeof hash.md5);
  memcpy(hash.sha1, bytes + AT_SHA1, sizeof hash.sha1);
  memcpy(hash.sha256, bytes + AT_SHA256, sizeof hash.sha256);
  memcpy(hash.reason, bytes + AT_REASON, sizeof hash.reason);
  hashscan_error wrong;
  if (image_hash_check(&hash, &wrong) != HASHSCAN_SUCCESS)
    return error_set(error, HASHSCAN_E_FORMAT, "%s", wrong.message);
  return options_fill(out, &hash, sizeof hash, "hashscan_image_hash", error);
}
