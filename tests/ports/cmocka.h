/* SPDX-License-Identifier: Apache-2.0 */
/* The part of cmocka's interface that the tests of the index use, for targets that have no cmocka: Debian has none for
 * musl, and none for another machine unless its architecture is enabled. It prints what cmocka prints, which is what
 * tests/run.py counts. Where cmocka is there, tests use that and never this. */
#ifndef HASHSCAN_TESTS_PORTS_CMOCKA_H
#define HASHSCAN_TESTS_PORTS_CMOCKA_H

#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

struct CMUnitTest {
  const char *name;
  void (*test)(void **state);
  int (*set_up)(void **state);
  int (*tear_down)(void **state);
};

#define cmocka_unit_test(test)                                                                                         \
  { #test, test, NULL, NULL }
#define cmocka_unit_test_teardown(test, tear_down)                                                                     \
  { #test, test, NULL, tear_down }
#define cmocka_unit_test_setup_teardown(test, set_up, tear_down)                                                       \
  { #test, test, set_up, tear_down }

enum { PORTS_FAILED = 1, PORTS_SKIPPED = 2 };

/* Where a failed assertion and skip() go. Weak, so that every object of a program has the same one. */
__attribute__((weak)) jmp_buf ports_way_out;

__attribute__((unused, noreturn)) static void ports_fail(const char *file, int line, const char *what) {
  printf("[  ERROR   ] %s:%d: %s\n", file, line, what);
  longjmp(ports_way_out, PORTS_FAILED);
}

#define skip() longjmp(ports_way_out, PORTS_SKIPPED)
#define print_message(...) printf(__VA_ARGS__)
#define fail_msg(...)                                                                                                  \
  do {                                                                                                                 \
    printf(__VA_ARGS__);                                                                                               \
    printf("\n");                                                                                                      \
    ports_fail(__FILE__, __LINE__, "fail_msg");                                                                        \
  } while (0)

#define PORTS_HOLDS(condition, text) ((condition) ? (void)0 : ports_fail(__FILE__, __LINE__, text))

/* Like cmocka, numbers are compared as the widest unsigned integer, whatever their types. */
#define PORTS_NUMBER(value) ((uintmax_t)(value))
#define assert_true(condition) PORTS_HOLDS(condition, "not true: " #condition)
#define assert_false(condition) PORTS_HOLDS(!(condition), "not false: " #condition)
#define assert_null(pointer) PORTS_HOLDS((pointer) == NULL, "not NULL: " #pointer)
#define assert_non_null(pointer) PORTS_HOLDS((pointer) != NULL, "NULL: " #pointer)
#define assert_ptr_equal(a, b) PORTS_HOLDS((const void *)(a) == (const void *)(b), "not equal: " #a ", " #b)
#define assert_ptr_not_equal(a, b) PORTS_HOLDS((const void *)(a) != (const void *)(b), "equal: " #a ", " #b)
#define assert_int_equal(a, b) PORTS_HOLDS(PORTS_NUMBER(a) == PORTS_NUMBER(b), "not equal: " #a ", " #b)
#define assert_int_not_equal(a, b) PORTS_HOLDS(PORTS_NUMBER(a) != PORTS_NUMBER(b), "equal: " #a ", " #b)
#define assert_string_equal(a, b) PORTS_HOLDS(strcmp(a, b) == 0, "not equal: " #a ", " #b)
#define assert_memory_equal(a, b, size) PORTS_HOLDS(memcmp(a, b, size) == 0, "not equal: " #a ", " #b)
#define assert_memory_not_equal(a, b, size) PORTS_HOLDS(memcmp(a, b, size) != 0, "equal: " #a ", " #b)

/* The value is computed once. */
__attribute__((unused)) static int ports_in_range(uintmax_t value, uintmax_t low, uintmax_t high) {
  return value >= low && value <= high;
}

#define assert_in_range(value, low, high)                                                                              \
  PORTS_HOLDS(ports_in_range(PORTS_NUMBER(value), PORTS_NUMBER(low), PORTS_NUMBER(high)), "out of range: " #value)

__attribute__((unused)) static int ports_run(const struct CMUnitTest *test, void **state) {
  const int way = setjmp(ports_way_out);
  if (way != 0) return way;
  if (test->set_up != NULL) PORTS_HOLDS(test->set_up(state) == 0, "set-up");
  test->test(state);
  return 0;
}

/* A test that failed is cleaned up after as well. */
__attribute__((unused)) static int ports_run_and_tear_down(const struct CMUnitTest *test, void **state) {
  const int way = ports_run(test, state);
  return test->tear_down == NULL || test->tear_down(state) == 0 ? way : PORTS_FAILED;
}

/* How many tests failed. */
__attribute__((unused)) static int ports_run_all(const struct CMUnitTest *tests, size_t count) {
  int failed = 0;
  void *state = NULL;
  for (size_t i = 0; i < count; i++) {
    printf("[ RUN      ] %s\n", tests[i].name);
    const int way = ports_run_and_tear_down(&tests[i], &state);
    printf("[ %s ] %s\n", way == 0 ? "      OK" : way == PORTS_SKIPPED ? " SKIPPED" : " FAILED ", tests[i].name);
    fflush(stdout);
    failed += way == PORTS_FAILED;
  }
  return failed;
}

/* Of a group whose tests need something in common. */
__attribute__((unused)) static int ports_run_between(const struct CMUnitTest *group, const struct CMUnitTest *tests,
                                                     size_t count) {
  void *state = NULL;
  const int way = setjmp(ports_way_out);
  if (way != 0 || (group->set_up != NULL && group->set_up(&state) != 0)) {
    printf("[  FAILED  ] %s\n", group->name);
    return (int)count;
  }
  const int failed = ports_run_all(tests, count);
  if (group->tear_down != NULL) group->tear_down(&state);
  return failed;
}

#define cmocka_run_group_tests_name(name, tests, set_up, tear_down)                                                    \
  ports_run_between(&(const struct CMUnitTest){"test_" name, NULL, set_up, tear_down}, tests,                          \
                    sizeof(tests) / sizeof *(tests))
#define cmocka_run_group_tests(tests, set_up, tear_down) cmocka_run_group_tests_name("group", tests, set_up, tear_down)

#endif
