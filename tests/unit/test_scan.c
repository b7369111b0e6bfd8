/* SPDX-License-Identifier: Apache-2.0 */
/* Batch scans: one record an input whatever it is, in one order whatever the number of threads; limits; duplicates;
 * files and indexes that change meanwhile. How a scan is fed and stopped is in test_scan_control.c. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "../support/scene.h"

static void put_socket(const char *name) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  const int length = snprintf(address.sun_path, sizeof address.sun_path, "%s", scene_path(name));
  assert_true(length > 0 && (size_t)length < sizeof address.sun_path);
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  assert_true(fd >= 0);
  assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof address), 0);
  close(fd);
}

/* ---- What is found ----------------------------------------------------------------------------------------------- */

static void put_oddities(void) {
  scene_put("known.jpg", &scene.known);
  scene_put("unknown.png", &scene.unknown);
  scene_put("Zebra", &scene.known);
  scene_put("\xe9t\xe9", &scene.known); /* not UTF-8 */
  scene_put(".hidden", &scene.unknown);
  scene_put_folder("a.jpg");
  scene_put("a.jpg/inside", &scene.known);
  scene_put_link("..", "a.jpg/up");
  scene_put_folder("empty");
  fixture_write(scene_path("empty.jpg"), "", 0);
  fixture_write(scene_path("text.jpg"), "hello", 5);
  assert_int_equal(mkfifo(scene_path("fifo"), 0600), 0);
  put_socket("socket");
  scene_put_link("/dev/null", "device");
  scene_put_link("nowhere", "dangling");
  scene_put_link("loop2", "loop1");
  scene_put_link("loop1", "loop2");
  scene_put_link("a.jpg", "again");
  scene_put_link("known.jpg", "link.jpg");
}

/* Byte order: upper case before lower, bytes over 127 last. The link "again" is the second way into a.jpg and adds
 * nothing, and neither does a.jpg/up, the way back to the root. */
static const char oddities[] = ".hidden ok no_match\n"
                               "Zebra ok match\n"
                               "a.jpg/inside ok match duplicate\n"
                               "dangling unreadable unexamined a dangling symbolic link\n"
                               "device unreadable unexamined a symbolic link that leads outside the scanned paths "
                               "(links is within)\n"
                               "empty.jpg not_image not_image empty file\n"
                               "fifo unsupported unexamined a FIFO, not a regular file\n"
                               "known.jpg ok match duplicate\n"
                               "link.jpg ok match duplicate\n"
                               "loop1 unreadable unexamined Too many levels of symbolic links\n"
                               "loop2 unreadable unexamined Too many levels of symbolic links\n"
                               "socket unsupported unexamined a socket, not a regular file\n"
                               "text.jpg not_image not_image begins like no image\n"
                               "unknown.png ok no_match duplicate\n"
                               "\xe9t\xe9 ok match duplicate\n";

static void every_input_has_a_record_in_one_order(void **state) {
  (void)state;
  put_oddities();
  static const unsigned threads[] = {1, 2, 5, 0};
  for (size_t i = 0; i < sizeof threads / sizeof *threads; i++) {
    struct scene_log log = scene_log_new();
    const struct scene_summary summary = scene_scan(&log, threads[i]);
    assert_int_equal(summary.inputs, 15);
    assert_int_equal(summary.by_outcome[HASHSCAN_OUTCOME_MATCH], 5);
    assert_int_equal(summary.by_outcome[HASHSCAN_OUTCOME_NO_MATCH], 2);
    assert_int_equal(summary.by_outcome[HASHSCAN_OUTCOME_NOT_IMAGE], 2);
    assert_int_equal(summary.by_outcome[HASHSCAN_OUTCOME_UNEXAMINED], 6);
    assert_int_equal(summary.duplicates, 5);
    assert_int_equal(summary.bytes, 5 * scene.known.size + 2 * scene.unknown.size + 5);
    assert_false(summary.stopped);
    scene_log_expect(&log, oddities);
  }
}

/* Roots keep their order; a file named twice is scanned twice, a folder once; missing ones have a record. */
static void roots_come_in_the_order_given(void **state) {
  (void)state;
  scene_put_folder("d");
  scene_put("d/x", &scene.known);
  scene_put("b", &scene.unknown);
  char paths[6][FIXTURE_PATH_SIZE];
  static const char *const names[] = {"missing", "d/", "b", "d", "b", "b/x"};
  const char *roots[7];
  for (size_t i = 0; i < 6; i++) roots[i] = fixture_join(paths[i], scene.tree, names[i]);
  roots[6] = "";
  struct scene_log log = scene_log_new();
  const hashscan_scan_options options = scene_options(&log, roots, 7, 2);
  struct scene_summary summary;
  assert_int_equal(scene_run(&options, &summary, NULL), HASHSCAN_SUCCESS);
  scene_log_expect(&log, "missing unreadable unexamined No such file or directory\n"
                         "d/x ok match\n"
                         "b ok no_match\n"
                         "b ok no_match duplicate\n"
                         "b/x unreadable unexamined Not a directory\n"
                         " unreadable unexamined No such file or directory\n");
}

/* Deeper than any path may be: what lies out of reach is said, and the walk goes on. */
static void too_deep_folders_are_reported(void **state) {
  (void)state;
  enum { DEPTH = 40 };
  char name[201];
  memset(name, 'n', 200);
  name[200] = '\0';
  int folder = open(scene.tree, O_RDONLY | O_DIRECTORY);
  for (int i = 0; i < DEPTH; i++) {
    assert_int_equal(mkdirat(folder, name, 0700), 0);
    const int next = openat(folder, name, O_RDONLY | O_DIRECTORY);
    assert_true(next >= 0);
    close(folder);
    folder = next;
  }
  const int file = openat(folder, "file", O_WRONLY | O_CREAT, 0600);
  assert_true(file >= 0);
  close(file);
  close(folder);
  scene_put("z", &scene.known);
  struct scene_log log = scene_log_new();
  const struct scene_summary summary = scene_scan(&log, 2);
  assert_int_equal(summary.inputs, 2);
  assert_int_equal(summary.by_status[HASHSCAN_STATUS_UNREADABLE], 1);
  assert_int_equal(summary.by_outcome[HASHSCAN_OUTCOME_MATCH], 1);
  assert_non_null(strstr(log.text, "unreadable unexamined File name too long\nz ok match\n"));
  free(log.text);
  char command[FIXTURE_PATH_SIZE + 20];
  snprintf(command, sizeof command, "rm -rf '%s'/n*", scene.tree);
  assert_int_equal(system(command), 0);
}

/* Permissions do not bind root, so root becomes nobody for a while. */
static void unlistable_folder_has_a_record(void **state) {
  (void)state;
  scene_put_folder("closed");
  scene_put("closed/x", &scene.known);
  assert_int_equal(chmod(scene_path("closed"), 0), 0);
  assert_int_equal(chmod(scene.folder, 0711), 0);
  assert_int_equal(chmod(scene.tree, 0755), 0);
  const uid_t user = geteuid();
  if (user == 0) assert_int_equal(seteuid(65534), 0);
  struct scene_log log = scene_log_new();
  scene_scan(&log, 1);
  assert_int_equal(seteuid(user), 0);
  assert_int_equal(chmod(scene_path("closed"), 0700), 0);
  scene_log_expect(&log, "closed unreadable unexamined Permission denied\n");
}

static struct scene_summary scan_tree_with_limits(struct scene_log *log, const hashscan_limits *limits) {
  hashscan_match_options options = HASHSCAN_MATCH_OPTIONS_INIT;
  options.limits = limits;
  hashscan_matcher *usual = scene.matcher;
  assert_int_equal(hashscan_matcher_create((const char *const[]){scene.index}, 1, &options, &scene.matcher, NULL),
                   HASHSCAN_SUCCESS);
  const struct scene_summary summary = scene_scan(log, 1);
  hashscan_matcher_destroy(scene.matcher);
  scene.matcher = usual;
  return summary;
}

static void large_files_are_limited(void **state) {
  (void)state;
  scene_put("known", &scene.known);
  fixture_write(scene_path("small"), "x", 1);
  hashscan_limits limits = HASHSCAN_LIMITS_INIT;
  limits.max_file_bytes = scene.known.size - 1;
  struct scene_log log = scene_log_new();
  const struct scene_summary summary = scan_tree_with_limits(&log, &limits);
  assert_int_equal(summary.by_status[HASHSCAN_STATUS_LIMIT], 1);
  assert_int_equal(summary.by_status[HASHSCAN_STATUS_NOT_IMAGE], 1);
  assert_non_null(strstr(log.text, "known limit unexamined"));
  assert_non_null(strstr(log.text, "max_file_bytes"));
  free(log.text);
}

/* What one input was refused for want of time or memory, the next may have. */
static void limits_are_not_remembered(void **state) {
  (void)state;
  scene_put("a", &scene.known);
  scene_put("b", &scene.known);
  hashscan_limits limits = HASHSCAN_LIMITS_INIT;
  limits.max_seconds = 1e-9;
  struct scene_log log = scene_log_new();
  const struct scene_summary summary = scan_tree_with_limits(&log, &limits);
  assert_int_equal(summary.by_status[HASHSCAN_STATUS_TIMEOUT], 2);
  assert_int_equal(summary.by_outcome[HASHSCAN_OUTCOME_UNEXAMINED], 2);
  assert_int_equal(summary.duplicates, 0);
  free(log.text);
}

/* More inputs than slots in the queue, most of them equal, of two kinds in turn; every answer is right for its bytes.
 */
static void equal_bytes_are_decoded_once(void **state) {
  (void)state;
  enum { COUNT = 600 };
  char name[32];
  for (int i = 0; i < COUNT; i++) {
    snprintf(name, sizeof name, "%04d", i);
    scene_put(name, i % 3 == 0 ? &scene.known : &scene.unknown);
  }
  for (unsigned threads = 1; threads <= 4; threads++) {
    struct scene_log log = scene_log_new();
    const struct scene_summary summary = scene_scan(&log, threads);
    assert_int_equal(summary.inputs, COUNT);
    assert_int_equal(summary.by_outcome[HASHSCAN_OUTCOME_MATCH], COUNT / 3);
    assert_int_equal(summary.by_outcome[HASHSCAN_OUTCOME_NO_MATCH], COUNT - COUNT / 3);
    assert_int_equal(summary.duplicates, COUNT - 2);
    const char *line = log.text;
    for (int i = 0; i < COUNT; i++) {
      char expected[64];
      snprintf(expected, sizeof expected, "%04d ok %s%s\n", i, i % 3 == 0 ? "match" : "no_match",
               i < 2 ? "" : " duplicate");
      assert_memory_equal(line, expected, strlen(expected));
      line += strlen(expected);
    }
    free(log.text);
  }
}

static void nothing_to_scan(void **state) {
  (void)state;
  struct scene_log log = scene_log_new();
  hashscan_scan_options options = scene_options(&log, NULL, 0, 3);
  struct scene_summary summary;
  assert_int_equal(scene_run(&options, &summary, NULL), HASHSCAN_SUCCESS);
  scene_check_summary(&summary, 0);
  assert_false(summary.stopped);
  scene_scan(&log, 3); /* an empty folder */
  scene_log_expect(&log, "");
}

/* ---- A scene that changes ---------------------------------------------------------------------------------------- */

struct vandal {
  char path[FIXTURE_PATH_SIZE];
  atomic_bool over;
};

static void *truncate_and_write(void *user) {
  struct vandal *vandal = user;
  const int fd = open(vandal->path, O_RDWR);
  if (fd < 0) abort();
  while (!atomic_load(&vandal->over)) {
    if (ftruncate(fd, 100) != 0 || pwrite(fd, scene.known.bytes, scene.known.size, 0) < 0) abort();
  }
  close(fd);
  return NULL;
}

/* Whatever a read catches is a snapshot or `changed`; other inputs are what they always are. */
static void file_that_changes_harms_nobody_else(void **state) {
  (void)state;
  scene_put("steady", &scene.known);
  scene_put("shaky", &scene.known);
  struct vandal vandal = {.over = false};
  fixture_join(vandal.path, scene.tree, "shaky");
  char steady[FIXTURE_PATH_SIZE];
  fixture_join(steady, scene.tree, "steady");
  const char *paths[400];
  for (size_t i = 0; i < 400; i++) paths[i] = i % 2 == 0 ? steady : vandal.path;
  pthread_t thread;
  assert_int_equal(pthread_create(&thread, NULL, truncate_and_write, &vandal), 0);
  struct scene_log log = scene_log_new();
  const hashscan_scan_options options = scene_options(&log, paths, 400, 2);
  struct scene_summary summary;
  assert_int_equal(scene_run(&options, &summary, NULL), HASHSCAN_SUCCESS);
  atomic_store(&vandal.over, true);
  pthread_join(thread, NULL);
  scene_check_summary(&summary, 400);
  print_message("           %d of 200 reads caught a change\n", (int)summary.by_status[HASHSCAN_STATUS_CHANGED]);
  size_t steady_matches = 0;
  for (const char *at = log.text; (at = strstr(at, "steady ok match")) != NULL; at++) steady_matches++;
  assert_int_equal(steady_matches, 200);
  assert_int_equal(summary.by_status[HASHSCAN_STATUS_UNREADABLE], 0);
  free(log.text);
}

/* After a reload in mid-scan, equal bytes are answered from the new index, not from what was remembered. */
static int reload_at_ten(void *user, const hashscan_record *record) {
  struct scene_log *log = user;
  if (record->number == 10) {
    char cleared[FIXTURE_PATH_SIZE];
    const hashscan_pdq nothing = {{0}};
    fixture_index(fixture_join(cleared, scene.folder, "reloaded"), &nothing, 1);
    if (hashscan_matcher_reload(scene.matcher, NULL) != HASHSCAN_SUCCESS) abort();
  }
  return scene_on_record(log, record);
}

static void reload_in_mid_scan_is_heeded(void **state) {
  (void)state;
  scene_put("known", &scene.known);
  char index[FIXTURE_PATH_SIZE];
  fixture_join(index, scene.folder, "reloaded");
  const hashscan_image_hash hash = fixture_hash(&scene.known);
  fixture_index(index, hash.hashes, 1);
  hashscan_matcher *usual = scene.matcher;
  assert_int_equal(hashscan_matcher_create((const char *const[]){index}, 1, NULL, &scene.matcher, NULL),
                   HASHSCAN_SUCCESS);
  char path[FIXTURE_PATH_SIZE];
  fixture_join(path, scene.tree, "known");
  const char *paths[1000];
  for (size_t i = 0; i < 1000; i++) paths[i] = path;
  struct scene_log log = scene_log_new();
  hashscan_scan_options options = scene_options(&log, paths, 1000, 2);
  options.on_record = reload_at_ten;
  struct scene_summary summary;
  assert_int_equal(scene_run(&options, &summary, NULL), HASHSCAN_SUCCESS);
  /* When record 10 was out, at most the 128 slots of the queue behind it had been examined. */
  assert_in_range(summary.by_outcome[HASHSCAN_OUTCOME_MATCH], 11, 11 + 128);
  assert_int_equal(summary.by_outcome[HASHSCAN_OUTCOME_MATCH] + summary.by_outcome[HASHSCAN_OUTCOME_NO_MATCH], 1000);
  const char *first_no = strstr(log.text, "no_match");
  assert_non_null(first_no);
  free(log.text);
  hashscan_matcher_destroy(scene.matcher);
  scene.matcher = usual;
}

int main(void) {
  const struct CMUnitTest tests[] = {
      SCENE_TEST(every_input_has_a_record_in_one_order),
      SCENE_TEST(roots_come_in_the_order_given),
      SCENE_TEST(too_deep_folders_are_reported),
      SCENE_TEST(unlistable_folder_has_a_record),
      SCENE_TEST(large_files_are_limited),
      SCENE_TEST(limits_are_not_remembered),
      SCENE_TEST(equal_bytes_are_decoded_once),
      SCENE_TEST(nothing_to_scan),
      SCENE_TEST(file_that_changes_harms_nobody_else),
      SCENE_TEST(reload_in_mid_scan_is_heeded),
  };
  return cmocka_run_group_tests(tests, scene_set_up, scene_tear_down);
}
