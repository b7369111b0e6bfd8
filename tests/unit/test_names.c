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

static void names(void **state) {
  (void)state;
  char version[40];
  snprintf(version, sizeof version, "%d.%d.%d", HASHSCAN_VERSION_MAJOR, HASHSCAN_VERSION_MINOR, HASHSCAN_VERSION_PATCH);
  assert_string_equal(hashscan_version(), version);
  assert_non_null(hashscan_cpu());
  static const char *const codes[] = {"success", "argument", "memory", "io",     "format",
                                      "version", "limit",    "cpu",    "stopped"};
  for (int i = 0; i < 9; i++) assert_string_equal(hashscan_code_name((hashscan_code)i), codes[i]);
  assert_string_equal(hashscan_code_name((hashscan_code)9), "unknown");
  static const char *const statuses[HASHSCAN_STATUS_COUNT] = {"ok",          "damaged", "low_quality", "not_image",
                                                              "unsupported", "corrupt", "limit",       "unreadable",
                                                              "changed",     "timeout", "crash"};
  for (int i = 0; i < HASHSCAN_STATUS_COUNT; i++)
    assert_string_equal(hashscan_status_name((hashscan_status)i), statuses[i]);
  assert_string_equal(hashscan_status_name((hashscan_status)99), "unknown");
  static const char *const transforms[] = {"none",  "rot90", "rot180",    "rot270",
                                           "flipx", "flipy", "flipplus1", "flipminus1"};
  for (int i = 0; i < HASHSCAN_TRANSFORM_COUNT; i++)
    assert_string_equal(hashscan_transform_name((hashscan_transform)i), transforms[i]);
  assert_string_equal(hashscan_profile_name(HASHSCAN_PROFILE_FULL), "full");
  assert_string_equal(hashscan_profile_name(HASHSCAN_PROFILE_NN512), "nn512");
  assert_string_equal(hashscan_level_name(HASHSCAN_LEVEL_EXACT), "exact");
  assert_string_equal(hashscan_level_name(HASHSCAN_LEVEL_FAST), "fast");
  assert_string_equal(hashscan_level_name(HASHSCAN_LEVEL_BLOCKS), "blocks");
  assert_string_equal(hashscan_method_name(HASHSCAN_METHOD_EXACT), "exact");
  assert_string_equal(hashscan_view_name(HASHSCAN_VIEW_STORED), "stored");
  assert_string_equal(hashscan_view_name(HASHSCAN_VIEW_GAMMA_ON_WHITE), "gamma-on-white");
  assert_string_equal(hashscan_view_name(HASHSCAN_VIEW_OTHER_COLORS), "other-colors");
  assert_string_equal(hashscan_view_name(HASHSCAN_VIEW_COUNT), "unknown");
  assert_string_equal(hashscan_method_name(HASHSCAN_METHOD_FAST), "fast");
  assert_string_equal(hashscan_method_name(HASHSCAN_METHOD_FAST_CONFIRMED), "fast-confirmed");
  assert_string_equal(hashscan_method_name(HASHSCAN_METHOD_BLOCKS), "blocks");
  assert_string_equal(hashscan_format_name(HASHSCAN_FORMAT_UNKNOWN), "unknown");
  assert_string_equal(hashscan_format_name(HASHSCAN_FORMAT_JPEG), "jpeg");
  assert_string_equal(hashscan_format_name(HASHSCAN_FORMAT_JPEG_CMYK), "jpeg-cmyk");
  assert_string_equal(hashscan_format_name(HASHSCAN_FORMAT_PNG), "png");
  assert_string_equal(hashscan_list_format_name(HASHSCAN_LIST_FORMAT_CSV), "csv");
  assert_string_equal(hashscan_list_format_name(HASHSCAN_LIST_FORMAT_BINARY), "binary");
  assert_string_equal(hashscan_links_name(HASHSCAN_LINKS_WITHIN), "within");
  assert_string_equal(hashscan_links_name(HASHSCAN_LINKS_FOLLOW), "follow");
  assert_string_equal(hashscan_links_name(HASHSCAN_LINKS_SKIP), "skip");
  assert_string_equal(hashscan_links_name((hashscan_links)3), "unknown");
  assert_string_equal(hashscan_outcome_name(HASHSCAN_OUTCOME_COUNT), "unknown");
  assert_string_equal(hashscan_outcome_name(HASHSCAN_OUTCOME_NOT_IMAGE), "not_image");
  assert_string_equal(hashscan_outcome_name(HASHSCAN_OUTCOME_NO_MATCH), "no_match");
  assert_string_equal(hashscan_outcome_name(HASHSCAN_OUTCOME_MATCH), "match");
  assert_string_equal(hashscan_outcome_name(HASHSCAN_OUTCOME_UNEXAMINED), "unexamined");
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
  for (int i = 0; i < HASHSCAN_KIND_COUNT; i++) {
    hashscan_kind kind;
    assert_int_equal(hashscan_kind_bytes((hashscan_kind)i), sizes[i]);
    assert_int_equal(hashscan_kind_parse(hashscan_kind_name((hashscan_kind)i), &kind, NULL), HASHSCAN_SUCCESS);
    assert_int_equal(kind, i);
  }
  assert_int_equal(hashscan_kind_bytes((hashscan_kind)5), 0);
  assert_string_equal(hashscan_kind_name((hashscan_kind)5), "unknown");
  hashscan_kind kind;
  EXPECT(HASHSCAN_E_ARGUMENT, hashscan_kind_parse("PDQ", &kind, error));
  EXPECT(HASHSCAN_E_ARGUMENT, hashscan_kind_parse("", &kind, error));
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
      cmocka_unit_test(names),
      cmocka_unit_test(dependencies),
      cmocka_unit_test(kinds),
      cmocka_unit_test(hex),
      cmocka_unit_test(messages_are_fit_for_a_terminal),
      cmocka_unit_test(distance),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
