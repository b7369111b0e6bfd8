/* SPDX-License-Identifier: Apache-2.0 */
/* The functions of hashscan.h that need nothing but their arguments: versions, names, kinds, hex, distance. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "../support/expect.h"
#include "hashscan.h"

static void versions(void **state) {
  (void)state;
  char version[40];
  snprintf(version, sizeof version, "%d.%d.%d", HASHSCAN_VERSION_MAJOR, HASHSCAN_VERSION_MINOR, HASHSCAN_VERSION_PATCH);
  assert_string_equal(hashscan_version(), version);
  assert_non_null(hashscan_cpu());
}

/* The functions of one enumeration, on int. */
#define ADAPT(type)                                                                                                    \
  static const char *type##_name(int value) {                                                                          \
    return hashscan_##type##_name((hashscan_##type)value);                                                             \
  }                                                                                                                    \
  static hashscan_code type##_parse(const char *name, int *value, hashscan_error *error) {                             \
    hashscan_##type parsed = (hashscan_##type) * value;                                                                \
    const hashscan_code code = hashscan_##type##_parse(name, &parsed, error);                                          \
    *value = (int)parsed;                                                                                              \
    return code;                                                                                                       \
  }                                                                                                                    \
  static hashscan_code type##_parse_to_null(hashscan_error *error) {                                                   \
    return hashscan_##type##_parse(type##_name(0), NULL, error);                                                       \
  }

ADAPT(code)
ADAPT(kind)
ADAPT(profile)
ADAPT(level)
ADAPT(transform)
ADAPT(transforms)
ADAPT(status)
ADAPT(format)
ADAPT(view)
ADAPT(luma_range)
ADAPT(list_format)
ADAPT(outcome)
ADAPT(method)
ADAPT(links)

static const struct {
  const char *(*name)(int value);
  hashscan_code (*parse)(const char *name, int *value, hashscan_error *error);
  hashscan_code (*parse_to_null)(hashscan_error *error);
  int count;
  const char *what;
  const char *names[12];
} enumerations[] = {
/* clang-format off */
#define OF(type) type##_name, type##_parse, type##_parse_to_null
    {OF(code), HASHSCAN_CODE_COUNT, "a code",
     {"success", "argument", "memory", "io", "format", "version", "limit", "cpu", "stopped", "timeout"}},
    {OF(kind), HASHSCAN_KIND_COUNT, "a kind", {"pdq", "md5", "sha1", "sha256", "hash64"}},
    {OF(profile), HASHSCAN_PROFILE_COUNT, "a profile", {"full", "nn512"}},
    {OF(level), HASHSCAN_LEVEL_COUNT, "a level", {"exact", "fast", "blocks"}},
    {OF(transform), HASHSCAN_TRANSFORM_COUNT, "a transform",
     {"none", "rot90", "rot180", "rot270", "flipx", "flipy", "flipplus1", "flipminus1"}},
    {OF(transforms), HASHSCAN_TRANSFORMS_COUNT, "a set of transforms", {"none", "dihedral", "hashed"}},
    {OF(status), HASHSCAN_STATUS_COUNT, "a status",
     {"ok", "damaged", "low_quality", "not_image", "unsupported", "corrupt", "limit", "unreadable", "changed",
      "timeout", "crash"}},
    {OF(format), HASHSCAN_FORMAT_COUNT, "a format", {"unknown", "jpeg", "jpeg-cmyk", "png"}},
    {OF(view), HASHSCAN_VIEW_COUNT, "a view",
     {"stored", "on-white", "on-black", "gamma", "gamma-on-white", "gamma-on-black", "other-colors"}},
    {OF(luma_range), HASHSCAN_LUMA_RANGE_COUNT, "a range of luma", {"full", "limited"}},
    {OF(list_format), HASHSCAN_LIST_FORMAT_COUNT, "a list format", {"auto", "text", "csv", "binary"}},
    {OF(outcome), HASHSCAN_OUTCOME_COUNT, "an outcome", {"unexamined", "not_image", "no_match", "match"}},
    {OF(method), HASHSCAN_METHOD_COUNT, "a method", {"exact", "fast", "fast-confirmed", "blocks"}},
    {OF(links), HASHSCAN_LINKS_COUNT, "a choice of links", {"within", "follow", "skip"}},
    /* clang-format on */
};

#define ENUMERATIONS (sizeof enumerations / sizeof *enumerations)

static void every_value_has_its_name(void **state) {
  (void)state;
  for (size_t e = 0; e < ENUMERATIONS; e++) {
    const int count = enumerations[e].count;
    for (int i = 0; i < count; i++) assert_string_equal(enumerations[e].name(i), enumerations[e].names[i]);
    assert_null(enumerations[e].names[count]); /* the table above is whole */
    assert_string_equal(enumerations[e].name(count), "unknown");
    assert_string_equal(enumerations[e].name(-1), "unknown");
  }
}

static void every_name_is_parsed(void **state) {
  (void)state;
  for (size_t e = 0; e < ENUMERATIONS; e++)
    for (int i = 0; i < enumerations[e].count; i++) {
      int value = 77;
      hashscan_error error = {HASHSCAN_E_IO, "untouched"};
      assert_int_equal(enumerations[e].parse(enumerations[e].names[i], &value, &error), HASHSCAN_SUCCESS);
      assert_int_equal(value, i);
      assert_string_equal(error.message, "untouched");
    }
}

/* The message names what is known, whole. */
static void expect_refusal_text(size_t e) {
  char expected[400];
  int value = 77;
  hashscan_error refused;
  size_t used = (size_t)snprintf(expected, sizeof expected, "'no such' is not %s; known are", enumerations[e].what);
  for (int i = 0; i < enumerations[e].count; i++)
    used +=
        (size_t)snprintf(expected + used, sizeof expected - used, "%s %s", i > 0 ? "," : "", enumerations[e].names[i]);
  assert_int_equal(enumerations[e].parse("no such", &value, &refused), HASHSCAN_E_ARGUMENT);
  assert_string_equal(refused.message, expected);
}

static void other_names_are_refused(void **state) {
  (void)state;
  for (size_t e = 0; e < ENUMERATIONS; e++) {
    char upper[40], longer[40], shorter[40];
    const char *first = enumerations[e].names[0];
    snprintf(upper, sizeof upper, "%c%s", first[0] - 'a' + 'A', first + 1);
    snprintf(longer, sizeof longer, "%s ", first);
    snprintf(shorter, sizeof shorter, "%.*s", (int)strlen(first) - 1, first);
    const char *const bad[] = {"", "no such", upper, longer, shorter, NULL};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
      int value = 77;
      EXPECT(HASHSCAN_E_ARGUMENT, enumerations[e].parse(bad[i], &value, error));
      assert_int_equal(value, 77);
    }
    EXPECT(HASHSCAN_E_ARGUMENT, enumerations[e].parse_to_null(error));
    expect_refusal_text(e);
  }
}

static void dependencies(void **state) {
  (void)state;
  const char *name = NULL, *version = NULL;
  unsigned count = 0;
  while (hashscan_dependency(count, &name, &version)) {
    assert_true(name[0] != '\0');
    assert_true(version[0] >= '0' && version[0] <= '9');
    count++;
  }
  assert_int_equal(count, 6);
  assert_int_equal(hashscan_dependency(UINT32_MAX, &name, &version), 0);
}

static void kinds(void **state) {
  (void)state;
  static const size_t sizes[HASHSCAN_KIND_COUNT] = {32, 16, 20, 32, 8};
  static const int perceptual[HASHSCAN_KIND_COUNT] = {1, 0, 0, 0, 1};
  for (int i = 0; i < HASHSCAN_KIND_COUNT; i++) {
    assert_int_equal(hashscan_kind_bytes((hashscan_kind)i), sizes[i]);
    assert_int_equal(hashscan_kind_perceptual((hashscan_kind)i), perceptual[i]);
  }
  assert_int_equal(hashscan_kind_bytes((hashscan_kind)5), 0);
  assert_int_equal(hashscan_kind_perceptual((hashscan_kind)5), 0);
}

static void kinds_by_their_digits(void **state) {
  (void)state;
  for (size_t digits = 0; digits <= 140; digits++) {
    hashscan_kind kind = HASHSCAN_KIND_SHA256;
    hashscan_kind expected = HASHSCAN_KIND_SHA256; /* as it was */
    if (digits == 16) expected = HASHSCAN_KIND_HASH64;
    if (digits == 32) expected = HASHSCAN_KIND_MD5;
    if (digits == 40) expected = HASHSCAN_KIND_SHA1;
    if (digits == 64) expected = HASHSCAN_KIND_PDQ;
    if (expected == HASHSCAN_KIND_SHA256) EXPECT(HASHSCAN_E_ARGUMENT, hashscan_kind_guess(digits, &kind, error));
    else assert_int_equal(hashscan_kind_guess(digits, &kind, NULL), HASHSCAN_SUCCESS);
    assert_int_equal(kind, expected);
  }
  EXPECT(HASHSCAN_E_ARGUMENT, hashscan_kind_guess(64, NULL, error));
}

static void hex(void **state) {
  (void)state;
  const uint8_t bytes[] = {0x00, 0x9f, 0xa0, 0xff};
  char text[9];
  uint8_t back[4];
  hashscan_hex_encode(bytes, sizeof bytes, text);
  assert_string_equal(text, "009fa0ff");
  assert_int_equal(hashscan_hex_decode("009FA0fF", 8, back, 4, NULL), HASHSCAN_SUCCESS);
  assert_memory_equal(back, bytes, 4);
  EXPECT(HASHSCAN_E_ARGUMENT, hashscan_hex_decode("009fa0f", 7, back, 4, error));
  EXPECT(HASHSCAN_E_ARGUMENT, hashscan_hex_decode("009fa0ff00", 10, back, 4, error));
  static const char bad[] = {'/', ':', '@', 'G', '`', 'g', ' ', '\0', (char)0x80};
  for (size_t i = 0; i < 8; i++) {
    for (size_t j = 0; j < sizeof bad; j++) {
      char wrong[] = "009fa0ff";
      wrong[i] = bad[j];
      EXPECT(HASHSCAN_E_ARGUMENT, hashscan_hex_decode(wrong, 8, back, 4, error));
    }
  }
}

/* Messages quote names: neither form of a control gets through, and plain text does. */
static void messages_are_fit_for_a_terminal(void **state) {
  (void)state;
  static const struct {
    const char *name, *shown;
  } names[] = {{"a\x1b[m", "'a?[m'"},
               {"a\x7f", "'a?'"},
               {"\xc2\x80\xc2\x9f\xc2\xa0", "'\?\?\xc2\xa0'"},
               {"\x9b\xe9", "'\?\?'"},
               {"\xe2\x80\xa7\xe2\x80\xa8\xe2\x80\xae\xe2\x80\xaf", "'\xe2\x80\xa7\?\?\xe2\x80\xaf'"},
               {"\xe2\x81\xa5\xe2\x81\xa6\xe2\x81\xa9\xe2\x81\xaa", "'\xe2\x81\xa5\?\?\xe2\x81\xaa'"},
               {"\xe2\x80", "'\?\?'"},
               {"gr\xc3\xbc\xc3\x9f", "'gr\xc3\xbc\xc3\x9f'"}};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    hashscan_kind kind;
    hashscan_error error;
    assert_int_equal(hashscan_kind_parse(names[i].name, &kind, &error), HASHSCAN_E_ARGUMENT);
    if (strncmp(error.message, names[i].shown, strlen(names[i].shown)) != 0) fail_msg("%s", error.message);
  }
}

static void distance(void **state) {
  (void)state;
  hashscan_pdq a = {{0}};
  hashscan_pdq b = {{0}};
  for (unsigned bit = 0; bit < 256; bit++) {
    assert_int_equal(hashscan_pdq_distance(&a, &b), bit);
    assert_int_equal(hashscan_pdq_distance(&b, &a), bit);
    b.bytes[bit / 8] |= (uint8_t)(1u << bit % 8);
  }
  assert_int_equal(hashscan_pdq_distance(&a, &b), 256);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(versions),
      cmocka_unit_test(every_value_has_its_name),
      cmocka_unit_test(every_name_is_parsed),
      cmocka_unit_test(other_names_are_refused),
      cmocka_unit_test(dependencies),
      cmocka_unit_test(kinds),
      cmocka_unit_test(kinds_by_their_digits),
      cmocka_unit_test(hex),
      cmocka_unit_test(messages_are_fit_for_a_terminal),
      cmocka_unit_test(distance),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
