/* SPDX-License-Identifier: Apache-2.0 */
/* The enumerations of the library, seen as lists of words. */
#include "enumerations.h"

#include <stdio.h>

struct enumeration {
  int count;
  const char *(*name)(int value);
  bool (*parse)(const char *name, int *value);
};

/* The functions of hashscan_TYPE, on int. */
#define ADAPT(type)                                                                                                    \
  static const char *type##_name(int value) {                                                                          \
    return hashscan_##type##_name((hashscan_##type)value);                                                             \
  }                                                                                                                    \
  static bool type##_parse(const char *name, int *value) {                                                             \
    hashscan_##type parsed;                                                                                            \
    if (hashscan_##type##_parse(name, &parsed, NULL) != HASHSCAN_SUCCESS) return false;                                \
    *value = (int)parsed;                                                                                              \
    return true;                                                                                                       \
  }

ADAPT(kind)
ADAPT(profile)
ADAPT(level)
ADAPT(transforms)
ADAPT(links)
ADAPT(list_format)

static const struct enumeration enumerations[] = {
    [OPTION_KIND] = {HASHSCAN_KIND_COUNT, kind_name, kind_parse},
    [OPTION_PROFILE] = {HASHSCAN_PROFILE_COUNT, profile_name, profile_parse},
    [OPTION_LEVEL] = {HASHSCAN_LEVEL_COUNT, level_name, level_parse},
    [OPTION_TRANSFORMS] = {HASHSCAN_TRANSFORMS_COUNT, transforms_name, transforms_parse},
    [OPTION_LINKS] = {HASHSCAN_LINKS_COUNT, links_name, links_parse},
    [OPTION_LIST_FORMAT] = {HASHSCAN_LIST_FORMAT_COUNT, list_format_name, list_format_parse}};

bool enumeration_of(enum option_type type) {
  return (size_t)type < sizeof enumerations / sizeof *enumerations && enumerations[type].count > 0;
}

bool enumeration_parse(enum option_type type, const char *name, int *value) {
  return enumerations[type].parse(name, value);
}

void enumeration_words(enum option_type type, char *words, size_t size) {
  size_t used = 0;
  for (int i = 0; i < enumerations[type].count && used < size; i++)
    used += (size_t)snprintf(words + used, size - used, "%s%s", i > 0 ? "|" : "", enumerations[type].name(i));
}
