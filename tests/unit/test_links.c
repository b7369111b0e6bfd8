/* SPDX-License-Identifier: Apache-2.0 */
/* Symbolic links in a scan: which are followed, that the others have a record, and that nobody who exchanges names
 * during a scan gets it to read what it was not to read. The picture outside of the scanned paths is a known one, so
 * that reading it would show as a match. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

#include "../support/expect.h"
#include "../support/scene.h"

#define OUTSIDE " unreadable unexamined a symbolic link that leads outside the scanned paths (links is within)\n"
#define SKIPPED " unreadable unexamined a symbolic link, not followed (links is skip)\n"
#define REPLACED " changed unexamined was replaced while being scanned\n"

/* ---- An open that tests can disturb; the library's calls end up here --------------------------------------------- */

static void (*before_open)(const char *path, int flags);
static bool inside_hook;

int open(const char *path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  const mode_t mode = (flags & O_CREAT) != 0 ? va_arg(arguments, mode_t) : 0;
  va_end(arguments);
  if (before_open != NULL && !inside_hook) {
    inside_hook = true;
    before_open(path, flags);
    inside_hook = false;
  }
  return (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}

static void (*before_realpath)(void); /* the next one only */

char *realpath(const char *path, char *resolved) {
  void (*const hook)(void) = before_realpath;
  before_realpath = NULL;
  if (hook != NULL) hook();
  return resolved == NULL ? canonicalize_file_name(path) : NULL;
}

/* ---- The tree ---------------------------------------------------------------------------------------------------- */

static char outside[FIXTURE_PATH_SIZE];

static void put_outside(const char *name) {
  char path[FIXTURE_PATH_SIZE];
  fixture_write(fixture_join(path, outside, name), scene.known.bytes, scene.known.size);
}

/* "tree-too" begins as the tree's name does. */
static int new_tree(void **state) {
  before_open = NULL;
  if (scene_new_tree(state) != 0) return 1;
  fixture_join(outside, scene.folder, "tree-too");
  if (mkdir(outside, 0700) != 0) return 1;
  put_outside("x");
  return 0;
}

static int remove_tree(void **state) {
  before_open = NULL;
  before_realpath = NULL;
  fixture_remove(outside);
  return scene_remove_tree(state);
}

static void scan(hashscan_links links, const char *const *paths, size_t count, unsigned threads, const char *expected) {
  struct scene_log log = scene_log_new();
  hashscan_scan_options options = scene_options(&log, paths, count, threads);
  struct scene_summary summary;
  options.links = links;
  options.on_progress = threads > 1 ? scene_on_progress : NULL;
  assert_int_equal(scene_run(&options, &summary, NULL), HASHSCAN_SUCCESS);
  scene_check_summary(&summary, log.records);
  if (threads > 1) assert_int_equal(log.last_progress.total, log.records);
  scene_log_expect(&log, expected);
}

static void scan_tree(hashscan_links links, const char *expected) {
  const char *const paths[] = {scene.tree};
  scan(links, paths, 1, 1, expected);
  scan(links, paths, 1, 3, expected);
}

/* ---- Which are followed ------------------------------------------------------------------------------------------ */

static void put_links(void) {
  char file[FIXTURE_PATH_SIZE];
  scene_put("file", &scene.unknown);
  scene_put_folder("folder");
  scene_put("folder/inside", &scene.unknown);
  scene_put_link("../file", "folder/to-file");
  scene_put_link("..", "folder/to-root");
  scene_put_link("../..", "folder/too-far");
  scene_put_link("folder", "a-folder"); /* before the folder itself */
  scene_put_link("folder", "z-folder");
  scene_put_link(fixture_join(file, scene.tree, "file"), "absolute");
  scene_put_link("absolute", "chain");
  scene_put_link("dangling-target", "dangling");
  scene_put_link("loop", "loop");
  scene_put_link("/dev/null", "null");
  scene_put_link("../tree-too/x", "outside-file");
  scene_put_link(outside, "outside-folder");
  scene_put_link("outside-file", "outside-chain");
  scene_put_link("folder/../../tree-too/x", "outside-around");
  scene_put_link("../tree-too/../tree/file", "there-and-back");
}

static void links_within_are_followed(void **state) {
  (void)state;
  put_links();
  scan_tree(HASHSCAN_LINKS_WITHIN,
            "a-folder/inside ok no_match\n"
            "a-folder/to-file ok no_match duplicate\n"
            "a-folder/too-far" OUTSIDE "absolute ok no_match duplicate\n"
            "chain ok no_match duplicate\n"
            "dangling unreadable unexamined a dangling symbolic link\n"
            "file ok no_match duplicate\n"
            "loop unreadable unexamined Too many levels of symbolic links\n"
            "null" OUTSIDE "outside-around" OUTSIDE "outside-chain" OUTSIDE "outside-file" OUTSIDE
            "outside-folder" OUTSIDE "there-and-back ok no_match duplicate\n");
}

static void all_links_are_skipped(void **state) {
  (void)state;
  put_links();
  scan_tree(HASHSCAN_LINKS_SKIP,
            "a-folder" SKIPPED "absolute" SKIPPED "chain" SKIPPED "dangling" SKIPPED "file ok no_match\n"
            "folder/inside ok no_match duplicate\n"
            "folder/to-file" SKIPPED "folder/to-root" SKIPPED "folder/too-far" SKIPPED "loop" SKIPPED "null" SKIPPED
            "outside-around" SKIPPED "outside-chain" SKIPPED "outside-file" SKIPPED "outside-folder" SKIPPED
            "there-and-back" SKIPPED "z-folder" SKIPPED);
}

static void all_links_are_followed(void **state) {
  (void)state;
  put_links();
  assert_int_equal(unlink(scene_path("folder/too-far")), 0); /* leads to the index */
  scan_tree(HASHSCAN_LINKS_FOLLOW, "a-folder/inside ok no_match\n"
                                   "a-folder/to-file ok no_match duplicate\n"
                                   "absolute ok no_match duplicate\n"
                                   "chain ok no_match duplicate\n"
                                   "dangling unreadable unexamined a dangling symbolic link\n"
                                   "file ok no_match duplicate\n"
                                   "loop unreadable unexamined Too many levels of symbolic links\n"
                                   "null unsupported unexamined a character device, not a regular file\n"
                                   "outside-around ok match\n"
                                   "outside-chain ok match duplicate\n"
                                   "outside-file ok match duplicate\n"
                                   "outside-folder/x ok match duplicate\n"
                                   "there-and-back ok no_match duplicate\n");
}

/* What the caller names is scanned, and what it names later is known from the beginning. */
static void paths_may_be_links(void **state) {
  (void)state;
  char to_folder[FIXTURE_PATH_SIZE];
  char to_file[FIXTURE_PATH_SIZE];
  char other[FIXTURE_PATH_SIZE];
  fixture_join(to_folder, scene.tree, "b-folder");
  fixture_join(to_file, scene.tree, "c-file");
  fixture_join(other, outside, "x");
  scene_put_folder("a");
  scene_put_link("../b-folder/x", "a/through");
  scene_put_link("../../tree-too/x", "a/to-file");
  scene_put_link(outside, "b-folder");
  scene_put_link(other, "c-file");
  char folder[FIXTURE_PATH_SIZE];
  fixture_join(folder, scene.tree, "a");
  const char *const only[] = {folder};
  const char *const with_folder[] = {folder, to_folder};
  const char *const with_file[] = {folder, to_file};
  const char *const with_links[] = {to_folder, to_file};
  scan(HASHSCAN_LINKS_WITHIN, only, 1, 2, "a/through" OUTSIDE "a/to-file" OUTSIDE);
  scan(HASHSCAN_LINKS_WITHIN, with_folder, 2, 2,
       "a/through ok match\na/to-file ok match duplicate\nb-folder/x ok match duplicate\n");
  scan(HASHSCAN_LINKS_WITHIN, with_file, 2, 2,
       "a/through ok match\na/to-file ok match duplicate\nc-file ok match duplicate\n");
  for (int links = HASHSCAN_LINKS_WITHIN; links <= HASHSCAN_LINKS_SKIP; links++)
    scan((hashscan_links)links, with_links, 2, 2, "b-folder/x ok match\nc-file ok match duplicate\n");
}

struct source {
  struct scene_log log; /* the callbacks', and therefore first */
  const char *paths[3];
  size_t next;
};

static int next_path(void *user, const char **path) {
  struct source *source = user;
  *path = source->next < 3 ? source->paths[source->next++] : NULL;
  return 0;
}

/* Of a source nobody knows what is still to come. */
static void pulled_folders_count_from_then_on(void **state) {
  (void)state;
  char first[FIXTURE_PATH_SIZE];
  char last[FIXTURE_PATH_SIZE];
  scene_put_folder("a");
  scene_put_folder("c");
  scene_put_link("../../tree-too/x", "a/link");
  scene_put_link("../../tree-too/x", "c/link");
  struct source source = {
      .log = scene_log_new(),
      .paths = {fixture_join(first, scene.tree, "a"), outside, fixture_join(last, scene.tree, "c")}};
  hashscan_scan_options options = scene_options(&source.log, NULL, 0, 2);
  options.user = &source;
  options.next_path = next_path;
  assert_int_equal(hashscan_scan(scene.matcher, &options, NULL, NULL), HASHSCAN_SUCCESS);
  char expected[2048];
  snprintf(expected, sizeof expected, "a/link" OUTSIDE "%s/x ok match\nc/link ok match duplicate\n", outside);
  scene_log_expect(&source.log, expected);
}

static void unknown_policies_are_refused(void **state) {
  (void)state;
  struct scene_log log = scene_log_new();
  const char *const paths[] = {scene.tree};
  hashscan_scan_options options = scene_options(&log, paths, 1, 1);
  options.links = (hashscan_links)3;
  EXPECT(HASHSCAN_E_ARGUMENT, hashscan_scan(scene.matcher, &options, NULL, error));
}

/* ---- Exchanged meanwhile ----------------------------------------------------------------------------------------- */

/* Calls `exchange` before the open number `count` of what ends in `suffix`; "^/" is the path "/". */
static struct {
  const char *suffix;
  int count;
  void (*exchange)(void);
} trap;

static void spring(const char *path, int flags) {
  (void)flags;
  const size_t length = strlen(path);
  const size_t end = strlen(trap.suffix);
  const bool hit = trap.suffix[0] == '^' ? strcmp(path, trap.suffix + 1) == 0
                                         : length >= end && strcmp(path + length - end, trap.suffix) == 0;
  if (hit && trap.count > 0 && --trap.count == 0) trap.exchange();
}

static void set_trap(const char *suffix, int count, void (*exchange)(void)) {
  trap.suffix = suffix;
  trap.count = count;
  trap.exchange = exchange;
  before_open = spring;
}

static void scan_trapped(const char *expected) {
  const char *const paths[] = {scene.tree};
  scan(HASHSCAN_LINKS_WITHIN, paths, 1, 1, expected);
  assert_int_equal(trap.count, 0);
}

static void replace_by_link(const char *name, const char *target) {
  char path[FIXTURE_PATH_SIZE];
  char aside[FIXTURE_PATH_SIZE];
  assert_int_equal(rename(fixture_join(path, scene.tree, name), fixture_join(aside, scene.folder, "aside")), 0);
  scene_put_link(target, name);
}

static void remove_aside(void) {
  char aside[FIXTURE_PATH_SIZE];
  fixture_remove(fixture_join(aside, scene.folder, "aside"));
}

static void file_becomes_link(void) {
  replace_by_link("d/x", "../../tree-too/x");
}

/* The worker opens the folder, and then finds a link where the walk saw a file. */
static void a_file_that_becomes_a_link(void **state) {
  (void)state;
  scene_put_folder("d");
  scene_put("d/x", &scene.unknown);
  set_trap("/d/", 1, file_becomes_link);
  scan_trapped("d/x" REPLACED);
  remove_aside();
}

static void folder_becomes_link(void) {
  replace_by_link("d", outside);
}

static void a_folder_that_becomes_a_link_before_its_file_is_read(void **state) {
  (void)state;
  scene_put_folder("d");
  scene_put("d/x", &scene.unknown);
  set_trap("/d/", 1, folder_becomes_link);
  scan_trapped("d/x changed unexamined its folder was replaced while being scanned\n");
  remove_aside();
}

/* The first open of "tree/" with a slash is that for entering d. */
static void a_folder_that_becomes_a_link_before_it_is_listed(void **state) {
  (void)state;
  scene_put_folder("d");
  scene_put("d/x", &scene.unknown);
  set_trap("/tree/", 1, folder_becomes_link);
  scan_trapped("d" REPLACED);
  remove_aside();
}

static void link_leads_elsewhere(void) {
  assert_int_equal(unlink(scene_path("d/link")), 0);
  scene_put_link("../../tree-too/x", "d/link");
}

static void target_is_exchanged(void) {
  char target[FIXTURE_PATH_SIZE];
  assert_int_equal(rename(scene_path("d/other"), fixture_join(target, scene.tree, "d/target")), 0);
}

/* After it was followed: the second open of its folder is the worker's. */
static void a_link_that_leads_elsewhere_when_it_is_read(void **state) {
  (void)state;
  scene_put("a", &scene.unknown);
  scene_put_folder("d");
  scene_put_link("../a", "d/link");
  set_trap("/d/", 2, link_leads_elsewhere);
  scan_trapped("a ok no_match\nd/link" REPLACED);
}

static void link_gets_a_target(void) {
  put_outside("later");
}

static void a_dangling_link_that_leads_somewhere_when_it_is_read(void **state) {
  (void)state;
  scene_put_folder("d");
  scene_put_link("../../tree-too/later", "d/link");
  set_trap("/d/", 2, link_gets_a_target);
  scan_trapped("d/link" REPLACED);
}

/* While it is followed: the open of "/" comes when the target is known and the folders on the way to it are not. */
static void a_target_that_is_exchanged_while_its_link_is_followed(void **state) {
  (void)state;
  scene_put_folder("d");
  scene_put_link("target", "d/link");
  scene_put("d/other", &scene.known);
  scene_put("d/target", &scene.unknown);
  set_trap("^/", 1, target_is_exchanged);
  scan_trapped("d/link" REPLACED "d/other unreadable unexamined No such file or directory\nd/target ok match\n");
}

static void way_becomes_link(void) {
  replace_by_link("d/way", outside);
}

/* The way leads to a picture of the same name outside. */
static void a_way_that_becomes_a_link_while_a_link_is_followed(void **state) {
  (void)state;
  scene_put_folder("d");
  scene_put_folder("d/way");
  scene_put("d/way/x", &scene.unknown);
  scene_put_link("way/x", "d/link");
  set_trap("^/", 1, way_becomes_link);
  scan_trapped("d/link" REPLACED "d/way" REPLACED);
  remove_aside();
}

/* The way is a link that leads outside, or a folder; the other one waits beside the tree. */
static void exchange_way(void) {
  char way[FIXTURE_PATH_SIZE];
  char spare[FIXTURE_PATH_SIZE];
  fixture_join(way, scene.tree, "way");
  fixture_join(spare, scene.folder, "spare");
  assert_int_equal(syscall(SYS_renameat2, AT_FDCWD, way, AT_FDCWD, spare, 2 /* RENAME_EXCHANGE */), 0);
}

/* Where the way leads outside whenever a file is opened, and was inside only while that was looked at. */
static void scan_with_deceptive_way(void) {
  char spare[FIXTURE_PATH_SIZE];
  scene_put_folder("d");
  scene_put_link("../way/x", "d/link");
  scene_put_link(outside, "way");
  char picture[FIXTURE_PATH_SIZE];
  char folder[FIXTURE_PATH_SIZE];
  assert_int_equal(mkdir(fixture_join(spare, scene.folder, "spare"), 0700), 0);
  fixture_write(fixture_join(picture, spare, "x"), scene.unknown.bytes, scene.unknown.size);
  before_realpath = exchange_way;
  struct scene_log log = scene_log_new();
  const char *const paths[] = {fixture_join(folder, scene.tree, "d"), scene.tree};
  const hashscan_scan_options options = scene_options(&log, paths, 2, 1);
  assert_int_equal(hashscan_scan(scene.matcher, &options, NULL, NULL), HASHSCAN_SUCCESS);
  assert_int_equal(strncmp(log.text, "d/link" REPLACED, strlen("d/link" REPLACED)), 0);
  free(log.text);
  fixture_remove(spare);
}

static void the_way_back_is_gone_without_links(void **state) {
  (void)state;
  set_trap("^/", 1, exchange_way);
  scan_with_deceptive_way();
  assert_int_equal(trap.count, 0);
}

static void the_way_back_ends_at_the_file_that_was_opened(void **state) {
  (void)state;
  set_trap("/d/", 2, exchange_way);
  scan_with_deceptive_way();
  assert_int_equal(trap.count, 1); /* no worker came to open it */
}

#define LINKS_TEST(test) cmocka_unit_test_setup_teardown(test, new_tree, remove_tree)

int main(void) {
  const struct CMUnitTest tests[] = {
      LINKS_TEST(links_within_are_followed),
      LINKS_TEST(all_links_are_skipped),
      LINKS_TEST(all_links_are_followed),
      LINKS_TEST(paths_may_be_links),
      LINKS_TEST(pulled_folders_count_from_then_on),
      LINKS_TEST(unknown_policies_are_refused),
      LINKS_TEST(a_file_that_becomes_a_link),
      LINKS_TEST(a_folder_that_becomes_a_link_before_its_file_is_read),
      LINKS_TEST(a_folder_that_becomes_a_link_before_it_is_listed),
      LINKS_TEST(a_link_that_leads_elsewhere_when_it_is_read),
      LINKS_TEST(a_dangling_link_that_leads_somewhere_when_it_is_read),
      LINKS_TEST(a_target_that_is_exchanged_while_its_link_is_followed),
      LINKS_TEST(a_way_that_becomes_a_link_while_a_link_is_followed),
      LINKS_TEST(the_way_back_is_gone_without_links),
      LINKS_TEST(the_way_back_ends_at_the_file_that_was_opened),
  };
  return cmocka_run_group_tests(tests, scene_set_up, scene_tear_down);
}
