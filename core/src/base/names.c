/* SPDX-License-Identifier: Apache-2.0 */
/* The spelling of every public enumeration, and hex. Each enumeration has one table of names, which its name function
 * and its parse function read. */
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/hex.h"

static const char *name_of(const char *const *names, size_t count, size_t value) {
  return value < count ? names[value] : "unknown";
}

/* "NAME is not WHAT; known are ...". */
static hashscan_code refuse(const char *name, const char *what, const char *const *names, size_t count,
                            hashscan_error *error) {
  char known[256] = "";
  for (size_t i = 0; i < count; i++) {
    const size_t used = strlen(known);
    snprintf(known + used, sizeof known - used, "%s%s", i == 0 ? "" : ", ", names[i]);
  }
  return error_set(error, HASHSCAN_E_ARGUMENT, "'%.40s' is not %s; known are %s", name, what, known);
}

static hashscan_code value_of(const char *name, const char *what, const char *const *names, size_t count, size_t *value,
                              hashscan_error *error) {
  if (name == NULL) return error_set(error, HASHSCAN_E_ARGUMENT, "the name of %s is NULL", what);
  for (*value = 0; *value < count; ++*value)
    if (strcmp(name, names[*value]) == 0) return HASHSCAN_SUCCESS;
  return refuse(name, what, names, count, error);
}

/* Defines hashscan_TYPE_name and hashscan_TYPE_parse. `what` is the enumeration in messages; the names follow in the
 * order of its values, `count` of them. */
#define NAMES(type, count, what, ...)                                                                                  \
  static const char *const type##_names[] = {__VA_ARGS__};                                                             \
  _Static_assert(sizeof type##_names / sizeof *type##_names == (count), "one name for each " #type);                   \
  const char *hashscan_##type##_name(hashscan_##type value) {                                                          \
    return name_of(type##_names, (count), (size_t)value);                                                              \
  }                                                                                                                    \
  hashscan_code hashscan_##type##_parse(const char *name, hashscan_##type *value, hashscan_error *error) {             \
    size_t found;                                                                                                      \
    if (value == NULL) return error_set(error, HASHSCAN_E_ARGUMENT, #type " is NULL");                                 \
    const hashscan_code code = value_of(name, what, type##_names, (count), &found, error);                             \
    if (code == HASHSCAN_SUCCESS) *value = (hashscan_##type)found;                                                     \
    return code;                                                                                                       \
  }

/* clang-format off */
NAMES(code, HASHSCAN_CODE_COUNT, "a code",
      "success", "argument", "memory", "io", "format", "version", "limit", "cpu", "stopped", "timeout")
NAMES(kind, HASHSCAN_KIND_COUNT, "a kind",
      "pdq", "md5", "sha1", "sha256", "hash64")
NAMES(profile, HASHSCAN_PROFILE_COUNT, "a profile",
      "full", "nn512")
NAMES(level, HASHSCAN_LEVEL_COUNT, "a level",
      "exact", "fast", "blocks")
NAMES(transform, HASHSCAN_TRANSFORM_COUNT, "a transform",
      "none", "rot90", "rot180", "rot270", "flipx", "flipy", "flipplus1", "flipminus1")
NAMES(transforms, HASHSCAN_TRANSFORMS_COUNT, "a set of transforms",
      "none", "dihedral", "hashed")
NAMES(status, HASHSCAN_STATUS_COUNT, "a status",
      "ok", "damaged", "low_quality", "not_image", "unsupported", "corrupt", "limit", "unreadable", "changed",
      "timeout", "crash")
NAMES(format, HASHSCAN_FORMAT_COUNT, "a format",
      "unknown", "jpeg", "jpeg-cmyk", "png")
NAMES(view, HASHSCAN_VIEW_COUNT, "a view",
      "stored", "on-white", "on-black", "gamma", "gamma-on-white", "gamma-on-black", "other-colors")
NAMES(luma_range, HASHSCAN_LUMA_RANGE_COUNT, "a range of luma",
      "full", "limited")
NAMES(list_format, HASHSCAN_LIST_FORMAT_COUNT, "a list format",
      "auto", "text", "csv", "binary")
NAMES(outcome, HASHSCAN_OUTCOME_COUNT, "an outcome",
      "unexamined", "not_image", "no_match", "match")
NAMES(method, HASHSCAN_METHOD_COUNT, "a method",
      "exact", "fast", "fast-confirmed", "blocks")
NAMES(links, HASHSCAN_LINKS_COUNT, "a choice of links",
      "within", "follow", "skip")
/* clang-format on */

size_t hashscan_kind_bytes(hashscan_kind kind) {
  static const uint8_t bytes[HASHSCAN_KIND_COUNT] = {32, 16, 20, 32, 8};
  return (size_t)kind < sizeof bytes ? bytes[kind] : 0;
}

int hashscan_kind_perceptual(hashscan_kind kind) {
  return kind == HASHSCAN_KIND_PDQ || kind == HASHSCAN_KIND_HASH64;
}

hashscan_code hashscan_kind_guess(size_t digits, hashscan_kind *kind, hashscan_error *error) {
  if (kind == NULL) return error_set(error, HASHSCAN_E_ARGUMENT, "kind is NULL");
  for (int i = 0; i < HASHSCAN_KIND_COUNT; i++) {
    if (2 * hashscan_kind_bytes((hashscan_kind)i) != digits) continue;
    *kind = (hashscan_kind)i; /* the first: 64 digits are pdq */
    return HASHSCAN_SUCCESS;
  }
  return error_set(error, HASHSCAN_E_ARGUMENT,
                   "%zu characters; a hash has 64 (pdq), 40 (sha1), 32 (md5) or 16 (hash64) digits", digits);
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
