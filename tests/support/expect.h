/* SPDX-License-Identifier: Apache-2.0 */
/* Calls of the library in tests: that one succeeds, or fails as its contract says. */
#ifndef HASHSCAN_TESTS_EXPECT_H
#define HASHSCAN_TESTS_EXPECT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* The call, which is given the caller's `error`, succeeds. */
#define OK(call)                                                                                                       \
  do {                                                                                                                 \
    if ((call) != HASHSCAN_SUCCESS) fail_msg("%s:%d: %s", __FILE__, __LINE__, error.message);                          \
  } while (0)

/* The call, which is given a pointer `error`, fails with the code `expected`, says so in the error as well, and does
 * the same without one. */
#define EXPECT(expected, call)                                                                                         \
  do {                                                                                                                 \
    hashscan_error error_ = {0};                                                                                       \
    hashscan_error *error = &error_;                                                                                   \
    assert_int_equal(call, expected);                                                                                  \
    assert_int_equal(error_.code, expected);                                                                           \
    assert_true(error_.message[0] != '\0');                                                                            \
    assert_null(strchr(error_.message, '\n'));                                                                         \
    error = NULL;                                                                                                      \
    assert_int_equal(call, expected);                                                                                  \
  } while (0)

#endif
