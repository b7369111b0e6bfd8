/* SPDX-License-Identifier: Apache-2.0 */
/* Text from outside: what is plain, and what JSON makes of it. UTF-8 itself is in test_file.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../support/guard.h"
#include "hashscan.h"

static size_t encode(uint32_t code, char out[4]) {
  if (code < 0x80) {
    out[0] = (char)code;
    return 1;
  }
  const size_t length = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
  static const unsigned lead[] = {0, 0, 0xc0, 0xe0, 0xf0};
  for (size_t i = length - 1; i > 0; i--, code >>= 6) out[i] = (char)(0x80 | (code & 0x3f));
  out[0] = (char)(lead[length] | code);
  return length;
}

static bool is_control(uint32_t code) {
  static const uint32_t ranges[][2] = {{0x00, 0x1f},     {0x7f, 0x9f},     {0x61c, 0x61c},
                                       {0x200e, 0x200f}, {0x2028, 0x202e}, {0x2066, 0x2069}};
  for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++)
    if (code >= ranges[i][0] && code <= ranges[i][1]) return true;
  return false;
}

static bool is_surrogate(uint32_t code) {
  return code >= 0xd800 && code <= 0xdfff;
}

/* What JSON has for a character, written down anew. */
static const char *json_of(uint32_t code, const char *utf8, size_t length, char out[16]) {
  static const struct {
    uint32_t code;
    const char *json;
  } named[] = {{'"', "\\\""}, {'\\', "\\\\"}, {8, "\\b"}, {9, "\\t"}, {10, "\\n"}, {12, "\\f"}, {13, "\\r"}};
  for (size_t i = 0; i < sizeof named / sizeof *named; i++)
    if (named[i].code == code) return named[i].json;
  if (is_control(code)) snprintf(out, 16, "\\u%04x", (unsigned)code);
  else snprintf(out, 16, "%.*s", (int)length, utf8);
  return out;
}

static void every_character(void **state) {
  (void)state;
  for (uint32_t code = 0; code <= 0x10ffff; code++) {
    char text[5] = {0}, expected[16], json[16];
    size_t length;
    uint32_t found;
    if (is_surrogate(code)) continue;
    const size_t bytes = encode(code, text);
    const hashscan_text_class class = hashscan_text_classify(text, bytes, &length, &found);
    if (class != (is_control(code) ? HASHSCAN_TEXT_CONTROL : HASHSCAN_TEXT_PLAIN) || length != bytes || found != code)
      fail_msg("U+%04X: class %d, %zu bytes, U+%04X", (unsigned)code, (int)class, length, (unsigned)found);
    const char *wanted = json_of(code, text, bytes, expected);
    const size_t size = hashscan_json_escape(text, bytes, json, sizeof json);
    if (size != strlen(wanted) || strcmp(json, wanted) != 0) fail_msg("U+%04X: %s", (unsigned)code, json);
  }
}

/* Nothing behind what may be looked at is: the text ends at an unmapped page, with and without a terminator. */
static void malformed_bytes(void **state) {
  (void)state;
  static const char *const texts[] = {
      "\x80",         "\xbf",         "\xc0\x80",         "\xc1\xbf", "\xc3", "\xe2\x80",         "\xe0\x80\x80",
      "\xed\xa0\x80", "\xf0\x9f\x98", "\xf0\x80\x80\x80", "\xf8",     "\xff", "\xf4\x90\x80\x80", "\xe2"};
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
    const size_t size = strlen(texts[i]);
    for (int terminated = 0; terminated <= 1; terminated++) {
      struct guard guard = guard_alloc(size + (size_t)terminated);
      char *text = (char *)guard.bytes;
      size_t length;
      uint32_t code;
      memcpy(text, texts[i], size + (size_t)terminated);
      assert_int_equal(hashscan_text_classify(text, terminated ? SIZE_MAX : size, &length, &code),
                       HASHSCAN_TEXT_MALFORMED);
      assert_int_equal(length, 1);
      assert_int_equal(code, (uint8_t)texts[i][0]);
      char json[40], expected[40] = "";
      for (size_t byte = 0; byte < size; byte++) strcat(expected, "\xef\xbf\xbd");
      assert_int_equal(hashscan_json_escape(text, size, json, sizeof json), strlen(expected));
      assert_string_equal(json, expected);
      guard_free(&guard);
    }
  }
}

/* A room of any size gets the longest run of whole characters that fits, and the return value never changes. */
static void json_is_cut_between_characters(void **state) {
  (void)state;
  static const char text[] = "a\"\x01\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\xff\xe2\x80\xae"
                             "b\0c";
  static const char *const pieces[] = {
      "a",       "\\\"", "\\u0001", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x98\x80", "\xef\xbf\xbd",
      "\\u202e", "b",    "\\u0000", "c"};
  char whole[80] = "";
  for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) strcat(whole, pieces[i]);
  const size_t length = sizeof text - 1;
  assert_int_equal(hashscan_json_escape(text, length, NULL, 0), strlen(whole));
  for (size_t size = 1; size <= strlen(whole) + 2; size++) {
    struct guard guard = guard_alloc(size);
    char *json = (char *)guard.bytes;
    assert_int_equal(hashscan_json_escape(text, length, json, size), strlen(whole));
    size_t fits = 0;
    for (size_t i = 0; i < sizeof pieces / sizeof *pieces && fits + strlen(pieces[i]) < size; i++)
      fits += strlen(pieces[i]);
    assert_int_equal(strlen(json), fits);
    assert_memory_equal(json, whole, fits);
    guard_free(&guard);
  }
}

static void printable(void **state) {
  (void)state;
  char text[] = "a\x1b[m \xc2\x9b \xe2\x80\xae \xe9\xe2\x82\xac";
  hashscan_text_make_printable(text);
  assert_string_equal(text, "a?[m ? ? ?\xe2\x82\xac");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_character),
      cmocka_unit_test(malformed_bytes),
      cmocka_unit_test(json_is_cut_between_characters),
      cmocka_unit_test(printable),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
