/* SPDX-License-Identifier: Apache-2.0 */
/* The small helpers of base/: numbers in bytes, SplitMix64 against its published sequence, memory that grows, ASCII. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buffer.h"
#include "base/bytes.h"
#include "base/parallel.h"
#include "base/splitmix.h"
#include "base/utf8.h"

static void test_numbers_in_bytes(void **unused) {
  (void)unused;
  static const uint8_t bytes[] = {0xff, 0x81, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0xf8};
  uint8_t stored[8];
  assert_int_equal(load_be16(bytes + 1), 0x8102);
  assert_int_equal(load_be32(bytes + 1), 0x81020304);
  assert_int_equal(load_le16(bytes + 1), 0x0281);
  assert_true(load_le64(bytes + 1) == UINT64_C(0xf807060504030281));
  assert_int_equal(FOURCC(0x81, 2, 3, 4), load_be32(bytes + 1));
  store_be32(stored, 0x81020304);
  assert_memory_equal(stored, bytes + 1, 4);
  store_le64(stored, load_le64(bytes + 1));
  assert_memory_equal(stored, bytes + 1, 8);
}

/* The first numbers for seed 1234567, as the authors' splitmix64.c prints them. */
static void test_splitmix(void **unused) {
  (void)unused;
  static const uint64_t expected[] = {UINT64_C(6457827717110365317), UINT64_C(3203168211198807973),
                                      UINT64_C(9817491932198370423)};
  uint64_t state = 1234567;
  for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) assert_true(splitmix_next(&state) == expected[i]);
}

static void test_buffer(void **unused) {
  (void)unused;
  struct buffer buffer = {0};
  assert_true(buffer_append(&buffer, NULL, 0));
  assert_null(buffer.bytes);
  for (unsigned i = 0; i < 1000; i++) {
    const uint8_t pair[2] = {(uint8_t)i, (uint8_t)(i >> 8)};
    assert_true(buffer_append(&buffer, pair, sizeof pair));
  }
  assert_int_equal(buffer.size, 2000);
  assert_true(buffer.capacity >= 2000 && buffer.capacity < 4000);
  for (unsigned i = 0; i < 1000; i++) assert_int_equal(load_le16(buffer.bytes + 2 * i), i);
  assert_true(buffer_reserve(&buffer, 5000));
  assert_int_equal(buffer.capacity, 5000);
  assert_false(buffer_append(&buffer, "x", SIZE_MAX)); /* and nothing is read of it */
  assert_int_equal(buffer.size, 2000);
  buffer_free(&buffer);
  assert_null(buffer.bytes);
}

static void test_array_size_overflows(void **unused) {
  (void)unused;
  size_t capacity = 0;
  assert_null(array_reserve(NULL, &capacity, SIZE_MAX / 2, 4));
  assert_int_equal(capacity, 0);
}

static void test_ascii(void **unused) {
  (void)unused;
  char text[] = "a\x1b[0m \xc3\xa4 ~\x7f";
  utf8_make_ascii(text);
  assert_string_equal(text, "a?[0m ?? ~?");
}

static void test_cpus(void **unused) {
  (void)unused;
  assert_in_range(parallel_cpus(), 1, 1 << 20);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_numbers_in_bytes),     cmocka_unit_test(test_splitmix), cmocka_unit_test(test_buffer),
      cmocka_unit_test(test_array_size_overflows), cmocka_unit_test(test_ascii),    cmocka_unit_test(test_cpus),
  };
  return cmocka_run_group_tests_name("base", tests, NULL, NULL);
}
