/* SPDX-License-Identifier: Apache-2.0 */
/* The spelling of every public enumeration, and hex. */
#include <string.h>

#include "base/error.h"
#include "base/hex.h"

#define NAME_OF(table, value) ((size_t)(value) < sizeof(table) / sizeof *(table) ? (table)[value] : "unknown")

static const char *const kind_names[] = {"pdq", "md5", "sha1", "sha256", "hash64"};
static const uint8_t kind_bytes[] = {32, 16, 20, 32, 8};

size_t hashscan_kind_bytes(hashscan_kind kind) {
  return (size_t)kind < sizeof kind_bytes ? kind_bytes[kind] : 0;
}

const char *hashscan_kind_name(hashscan_kind kind) {
  return NAME_OF(kind_names, kind);
}

hashscan_code hashscan_kind_parse(const char *name, hashscan_kind *kind, hashscan_error *error) {
  for (size_t i = 0; i < sizeof kind_names / sizeof *kind_names; i++) {
    if (strcmp(name, kind_names[i]) != 0) continue;
    *kind = (hashscan_kind)i;
    return HASHSCAN_SUCCESS;
  }
  return error_set(error, HASHSCAN_E_ARGUMENT, "'%.40s' is not a kind; known are pdq, hash64, md5, sha1, sha256", name);
}

const char *hashscan_profile_name(hashscan_profile profile) {
  static const char *const names[] = {"full", "nn512"};
  return NAME_OF(names, profile);
}

const char *hashscan_level_name(hashscan_level level) {
  static const char *const names[] = {"exact", "fast", "blocks"};
  return NAME_OF(names, level);
}

const char *hashscan_transform_name(hashscan_transform transform) {
  static const char *const names[] = {"none", "rot90", "rot180", "rot270", "flipx", "flipy", "flipplus1", "flipminus1"};
  return NAME_OF(names, transform);
}

const char *hashscan_view_name(hashscan_view view) {
  static const char *const names[] = {"stored",         "on-white",       "on-black",    "gamma",
                                      "gamma-on-white", "gamma-on-black", "other-colors"};
  return NAME_OF(names, view);
}

const char *hashscan_method_name(hashscan_method method) {
  static const char *const names[] = {"exact", "fast", "fast-confirmed", "blocks"};
  return NAME_OF(names, method);
}

const char *hashscan_status_name(hashscan_status status) {
  static const char *const names[] = {"ok",    "damaged",    "low_quality", "not_image", "unsupported", "corrupt",
                                      "limit", "unreadable", "changed",     "timeout",   "crash"};
  return NAME_OF(names, status);
}

const char *hashscan_format_name(hashscan_format format) {
  static const char *const names[] = {"unknown", "jpeg", "jpeg-cmyk", "png"};
  return NAME_OF(names, format);
}

const char *hashscan_list_format_name(hashscan_list_format format) {
  static const char *const names[] = {"auto", "text", "csv", "binary"};
  return NAME_OF(names, format);
}

const char *hashscan_outcome_name(hashscan_outcome outcome) {
  static const char *const names[] = {"unexamined", "not_image", "no_match", "match"};
  return NAME_OF(names, outcome);
}

const char *hashscan_links_name(hashscan_links links) {
  static const char *const names[] = {"within", "follow", "skip"};
  return NAME_OF(names, links);
}

void hashscan_hex_encode(const uint8_t *bytes, size_t size, char *hex) {
  static const char digits[] = "0123456789abcdef";
  for (size_t i = 0; i < size; i++) {
    hex[2 * i] = digits[bytes[i] >> 4];
    hex[2 * i + 1] = digits[bytes[i] & 15];
  }
  hex[2 * size] = '\0';
}

hashscan_code hashscan_hex_decode(const char *hex, size_t length, uint8_t *bytes, size_t size, hashscan_error *error) {
  if (length % 2 != 0 || length / 2 != size)
    return error_set(error, HASHSCAN_E_ARGUMENT, "%zu hex digits where %zu are needed", length, 2 * size);
  for (size_t i = 0; i < size; i++) {
    const int high = hex_digit(hex[2 * i]);
    const int low = hex_digit(hex[2 * i + 1]);
    if (high < 0 || low < 0)
      return error_set(error, HASHSCAN_E_ARGUMENT, "not a hex digit at position %zu", 2 * i + (high < 0 ? 1 : 2));
    bytes[i] = (uint8_t)(high << 4 | low);
  }
  return HASHSCAN_SUCCESS;
}
