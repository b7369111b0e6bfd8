/* SPDX-License-Identifier: Apache-2.0 */
/* Batch scans: one record an input whatever it is, in one order whatever the number of threads; duplicates; stopping.
 */
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

#include "../support/fixture.h"
#include "hashscan.h"

/* An index that lists one picture; its JPEG. */
struct world {
  char folder[FIXTURE_PATH_SIZE];
  char index[FIXTURE_PATH_SIZE];
  char tree[FIXTURE_PATH_SIZE];
  struct fixture_bytes known;   /* matches */
  struct fixture_bytes unknown; /* does not */
  hashscan_matcher *matcher;
};

static struct world world;

static struct fixture_bytes jpeg_of_seed(uint64_t seed) {
  struct fixture_picture picture = fixture_busy(seed, 96, 80);
  struct fixture_bytes bytes = fixture_jpeg(&picture, 90);
  fixture_picture_free(&picture);
  return bytes;
}

static int set_up(void **state) {
  (void)state;
  fixture_folder(world.folder);
  fixture_join(world.index, world.folder, "index");
  fixture_join(world.tree, world.folder, "tree");
  world.known = jpeg_of_seed(7);
  world.unknown = jpeg_of_seed(8);
  const hashscan_image_hash hash = fixture_hash(&world.known);
  fixture_index(world.index, hash.hashes, 1);
  assert_int_equal(hashscan_matcher_create(world.index, NULL, &world.matcher, NULL), HASHSCAN_SUCCESS);
  return 0;
}

static int tear_down(void **state) {
  (void)state;
  hashscan_matcher_destroy(world.matcher);
  fixture_bytes_free(&world.known);
  fixture_bytes_free(&world.unknown);
  fixture_remove(world.folder);
  return 0;
}

/* ---- Trees and what is recorded of them -------------------------------------------------------------------------- */

static int new_tree(void **state) {
  (void)state;
  return mkdir(world.tree, 0700);
}

static int remove_tree(void **state) {
  (void)state;
  fixture_remove(world.tree);
  return 0;
}

static const char *in_tree(const char *name) {
  static char path[FIXTURE_PATH_SIZE];
  return fixture_join(path, world.tree, name);
}

static void put(const char *name, const struct fixture_bytes *bytes) {
  fixture_write(in_tree(name), bytes->bytes, bytes->size);
}

static void put_folder(const char *name) {
  assert_int_equal(mkdir(in_tree(name), 0700), 0);
}

static void put_link(const char *target, const char *name) {
  assert_int_equal(symlink(target, in_tree(name)), 0);
}

static void put_socket(const char *name) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  const int length = snprintf(address.sun_path, sizeof address.sun_path, "%s", in_tree(name));
  assert_true(length > 0 && (size_t)length < sizeof address.sun_path);
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  assert_true(fd >= 0);
  assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof address), 0);
  close(fd);
}

/* One line an input: PATH STATUS OUTCOME REASON, the path below the tree; plus how the callbacks behaved. */
struct log {
  char *text;
  size_t size;
  uint64_t records;
  atomic_int inside;    /* callbacks running right now */
  uint64_t stop_record; /* on_record answers nonzero from this record on; 0: never */
  uint64_t stop_after;  /* should_stop answers nonzero after this many records; UINT64_MAX: never */
  uint64_t progress_calls;
  hashscan_progress last_progress;
};

static void enter(struct log *log) {
  assert_int_equal(atomic_fetch_add(&log->inside, 1), 0);
}

static void leave(struct log *log) {
  atomic_fetch_sub(&log->inside, 1);
}

static const char *below_tree(const char *path) {
  const size_t length = strlen(world.tree);
  return strncmp(path, world.tree, length) == 0 && path[length] == '/' ? path + length + 1 : path;
}

static int on_record(void *user, const hashscan_record *record) {
  struct log *log = user;
  const hashscan_image_hash *image = &record->verdict->image;
  enter(log);
  assert_int_equal(record->number, log->records);
  char line[8192];
  const int length =
      snprintf(line, sizeof line, "%s %s %s%s%s%s\n", below_tree(record->path), hashscan_status_name(image->status),
               hashscan_outcome_name(record->verdict->outcome), record->duplicate ? " duplicate" : "",
               image->reason[0] == '\0' ? "" : " ", image->reason);
  assert_true(length > 0 && (size_t)length < sizeof line);
  log->text = realloc(log->text, log->size + (size_t)length + 1);
  memcpy(log->text + log->size, line, (size_t)length + 1);
  log->size += (size_t)length;
  log->records++;
  if (record->verdict->outcome == HASHSCAN_MATCH) {
    assert_int_equal(record->verdict->match_count, 1);
    assert_string_equal(record->verdict->matches[0].id, "0");
    assert_int_equal(image->hash_count, 8);
  }
  leave(log);
  return log->stop_record > 0 && log->records >= log->stop_record;
}

static void on_progress(void *user, const hashscan_progress *progress) {
  struct log *log = user;
  enter(log);
  assert_int_equal(progress->done, log->records);
  assert_true(progress->total >= progress->done);
  log->progress_calls++;
  log->last_progress = *progress;
  leave(log);
}

static int should_stop(void *user) {
  struct log *log = user;
  enter(log);
  leave(log);
  return log->records >= log->stop_after;
}

static struct log new_log(void) {
  return (struct log){.stop_after = UINT64_MAX};
}

static hashscan_scan_options options_for(struct log *log, const char *const *paths, size_t count, unsigned threads) {
  return (hashscan_scan_options){.size = sizeof(hashscan_scan_options),
                                 .paths = paths,
                                 .path_count = count,
                                 .threads = threads,
                                 .on_record = on_record,
                                 .should_stop = should_stop,
                                 .user = log};
}

static void check_summary(const hashscan_scan_summary *summary, uint64_t records) {
  uint64_t outcomes = 0;
  uint64_t statuses = 0;
  for (size_t i = 0; i < 3; i++) outcomes += summary->by_outcome[i];
  for (size_t i = 0; i < HASHSCAN_STATUS_COUNT; i++) statuses += summary->by_status[i];
  assert_int_equal(summary->inputs, records);
  assert_int_equal(outcomes, records);
  assert_int_equal(statuses, records);
}

static hashscan_scan_summary scan_tree(struct log *log, unsigned threads) {
  const char *const paths[] = {world.tree};
  const hashscan_scan_options options = options_for(log, paths, 1, threads);
  hashscan_scan_summary summary;
  assert_int_equal(hashscan_scan(world.matcher, &options, &summary, NULL), HASHSCAN_SUCCESS);
  check_summary(&summary, log->records);
  return summary;
}

static void expect_log(struct log *log, const char *expected) {
  assert_string_equal(log->text == NULL ? "" : log->text, expected);
  free(log->text);
  *log = new_log();
}

/* ---- What is found ----------------------------------------------------------------------------------------------- */

static void put_oddities(void) {
  put("known.jpg", &world.known);
  put("unknown.png", &world.unknown);
  put("Zebra", &world.known);
  put("\xe9t\xe9", &world.known); /* not UTF-8 */
  put(".hidden", &world.unknown);
  put_folder("a.jpg");
  put("a.jpg/inside", &world.known);
  put_link("..", "a.jpg/up");
  put_folder("empty");
  fixture_write(in_tree("empty.jpg"), "", 0);
  fixture_write(in_tree("text.jpg"), "hello", 5);
  assert_int_equal(mkfifo(in_tree("fifo"), 0600), 0);
  put_socket("socket");
  put_link("/dev/null", "device");
  put_link("nowhere", "dangling");
  put_link("loop2", "loop1");
  put_link("loop1", "loop2");
  put_link("a.jpg", "again");
  put_link("known.jpg", "link.jpg");
}

/* Byte order: upper case before lower, bytes over 127 last. The link "again" is the second way into a.jpg and adds
 * nothing, and neither does a.jpg/up, the way back to the root. */
static const char oddities[] = ".hidden ok no_match\n"
                               "Zebra ok match\n"
                               "a.jpg/inside ok match duplicate\n"
                               "dangling unreadable unexamined a dangling symbolic link\n"
                               "device unsupported unexamined a character device, not a regular file\n"
                               "empty.jpg corrupt unexamined empty file\n"
                               "fifo unsupported unexamined a FIFO, not a regular file\n"
                               "known.jpg ok match duplicate\n"
                               "link.jpg ok match duplicate\n"
                               "loop1 unreadable unexamined Too many levels of symbolic links\n"
                               "loop2 unreadable unexamined Too many levels of symbolic links\n"
                               "socket unsupported unexamined a socket, not a regular file\n"
                               "text.jpg unsupported unexamined not a JPEG or PNG image\n"
                               "unknown.png ok no_match duplicate\n"
                               "\xe9t\xe9 ok match duplicate\n";

static void every_input_has_a_record_in_one_order(void **state) {
  (void)state;
  put_oddities();
  static const unsigned threads[] = {1, 2, 5, 0};
  for (size_t i = 0; i < sizeof threads / sizeof *threads; i++) {
    struct log log = new_log();
    const hashscan_scan_summary summary = scan_tree(&log, threads[i]);
    assert_int_equal(summary.inputs, 15);
    assert_int_equal(summary.by_outcome[HASHSCAN_MATCH], 5);
    assert_int_equal(summary.by_outcome[HASHSCAN_NO_MATCH], 2);
    assert_int_equal(summary.by_outcome[HASHSCAN_UNEXAMINED], 8);
    assert_int_equal(summary.duplicates, 5);
    assert_int_equal(summary.bytes, 5 * world.known.size + 2 * world.unknown.size + 5);
    assert_false(summary.stopped);
    expect_log(&log, oddities);
  }
}

/* Roots keep their order; a file named twice is scanned twice, a folder once; missing ones have a record. */
static void roots_come_in_the_order_given(void **state) {
  (void)state;
  put_folder("d");
  put("d/x", &world.known);
  put("b", &world.unknown);
  char paths[6][FIXTURE_PATH_SIZE];
  static const char *const names[] = {"missing", "d/", "b", "d", "b", "b/x"};
  const char *roots[7];
  for (size_t i = 0; i < 6; i++) roots[i] = fixture_join(paths[i], world.tree, names[i]);
  roots[6] = "";
  struct log log = new_log();
  const hashscan_scan_options options = options_for(&log, roots, 7, 2);
  hashscan_scan_summary summary;
  assert_int_equal(hashscan_scan(world.matcher, &options, &summary, NULL), HASHSCAN_SUCCESS);
  expect_log(&log, "missing unreadable unexamined No such file or directory\n"
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
  int folder = open(world.tree, O_RDONLY | O_DIRECTORY);
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
  put("z", &world.known);
  struct log log = new_log();
  const hashscan_scan_summary summary = scan_tree(&log, 2);
  assert_int_equal(summary.inputs, 2);
  assert_int_equal(summary.by_status[HASHSCAN_STATUS_UNREADABLE], 1);
  assert_int_equal(summary.by_outcome[HASHSCAN_MATCH], 1);
  assert_non_null(strstr(log.text, "unreadable unexamined File name too long\nz ok match\n"));
  free(log.text);
  char command[FIXTURE_PATH_SIZE + 20];
  snprintf(command, sizeof command, "rm -rf '%s'/n*", world.tree);
  assert_int_equal(system(command), 0);
}

/* Permissions do not bind root, so root becomes nobody for a while. */
static void unlistable_folder_has_a_record(void **state) {
  (void)state;
  put_folder("closed");
  put("closed/x", &world.known);
  assert_int_equal(chmod(in_tree("closed"), 0), 0);
  assert_int_equal(chmod(world.folder, 0711), 0);
  assert_int_equal(chmod(world.tree, 0755), 0);
  const uid_t user = geteuid();
  if (user == 0) assert_int_equal(seteuid(65534), 0);
  struct log log = new_log();
  scan_tree(&log, 1);
  assert_int_equal(seteuid(user), 0);
  assert_int_equal(chmod(in_tree("closed"), 0700), 0);
  expect_log(&log, "closed unreadable unexamined Permission denied\n");
}

static hashscan_scan_summary scan_tree_with_limits(struct log *log, const hashscan_limits *limits) {
  hashscan_match_options options = HASHSCAN_MATCH_OPTIONS_INIT;
  options.limits = limits;
  hashscan_matcher *usual = world.matcher;
  assert_int_equal(hashscan_matcher_create(world.index, &options, &world.matcher, NULL), HASHSCAN_SUCCESS);
  const hashscan_scan_summary summary = scan_tree(log, 1);
  hashscan_matcher_destroy(world.matcher);
  world.matcher = usual;
  return summary;
}

static void large_files_are_limited(void **state) {
  (void)state;
  put("known", &world.known);
  fixture_write(in_tree("small"), "x", 1);
  hashscan_limits limits = HASHSCAN_LIMITS_INIT;
  limits.max_file_bytes = world.known.size - 1;
  struct log log = new_log();
  const hashscan_scan_summary summary = scan_tree_with_limits(&log, &limits);
  assert_int_equal(summary.by_status[HASHSCAN_STATUS_LIMIT], 1);
  assert_int_equal(summary.by_status[HASHSCAN_STATUS_UNSUPPORTED], 1);
  assert_non_null(strstr(log.text, "known limit unexamined"));
  assert_non_null(strstr(log.text, "max_file_bytes"));
  free(log.text);
}

/* What one input was refused for want of time or memory, the next may have. */
static void limits_are_not_remembered(void **state) {
  (void)state;
  put("a", &world.known);
  put("b", &world.known);
  hashscan_limits limits = HASHSCAN_LIMITS_INIT;
  limits.max_seconds = 1e-9;
  struct log log = new_log();
  const hashscan_scan_summary summary = scan_tree_with_limits(&log, &limits);
  assert_int_equal(summary.by_status[HASHSCAN_STATUS_TIMEOUT], 2);
  assert_int_equal(summary.by_outcome[HASHSCAN_UNEXAMINED], 2);
  assert_int_equal(summary.duplicates, 0);
  free(log.text);
}

/* More inputs than slots in the ring, most of them equal, of two kinds in turn; every answer is right for its bytes. */
static void equal_bytes_are_decoded_once(void **state) {
  (void)state;
  enum { COUNT = 600 };
  char name[32];
  for (int i = 0; i < COUNT; i++) {
    snprintf(name, sizeof name, "%04d", i);
    put(name, i % 3 == 0 ? &world.known : &world.unknown);
  }
  for (unsigned threads = 1; threads <= 4; threads++) {
    struct log log = new_log();
    const hashscan_scan_summary summary = scan_tree(&log, threads);
    assert_int_equal(summary.inputs, COUNT);
    assert_int_equal(summary.by_outcome[HASHSCAN_MATCH], COUNT / 3);
    assert_int_equal(summary.by_outcome[HASHSCAN_NO_MATCH], COUNT - COUNT / 3);
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
  struct log log = new_log();
  hashscan_scan_options options = options_for(&log, NULL, 0, 3);
  hashscan_scan_summary summary;
  assert_int_equal(hashscan_scan(world.matcher, &options, &summary, NULL), HASHSCAN_SUCCESS);
  check_summary(&summary, 0);
  assert_false(summary.stopped);
  scan_tree(&log, 3); /* an empty folder */
  expect_log(&log, "");
}

/* ---- Sources of paths -------------------------------------------------------------------------------------------- */

struct source {
  struct log log; /* first: the callbacks share `user` */
  char (*paths)[FIXTURE_PATH_SIZE];
  size_t count;
  size_t next;
  int end;                        /* what next_path answers when the paths are used up */
  char buffer[FIXTURE_PATH_SIZE]; /* overwritten by each call: nobody may keep the pointer */
};

static int next_path(void *user, const char **path) {
  struct source *source = user;
  memset(source->buffer, '#', sizeof source->buffer - 1);
  if (source->next == source->count) return source->end;
  memcpy(source->buffer, source->paths[source->next++], sizeof source->buffer);
  *path = source->buffer;
  return 1;
}

static void paths_are_pulled_after_the_given_ones(void **state) {
  (void)state;
  put("first", &world.known);
  put_folder("d");
  put("d/second", &world.unknown);
  char paths[3][FIXTURE_PATH_SIZE];
  fixture_join(paths[0], world.tree, "d");
  fixture_join(paths[1], world.tree, "gone");
  fixture_join(paths[2], world.tree, "first");
  struct source source = {.log = new_log(), .paths = paths, .count = 3};
  const char *const roots[] = {paths[2]};
  hashscan_scan_options options = options_for(&source.log, roots, 1, 2);
  options.next_path = next_path;
  options.on_progress = on_progress;
  hashscan_scan_summary summary;
  assert_int_equal(hashscan_scan(world.matcher, &options, &summary, NULL), HASHSCAN_SUCCESS);
  assert_int_equal(source.log.last_progress.done, 4);
  assert_int_equal(source.log.last_progress.total, 4);
  assert_true(source.log.last_progress.total_known);
  expect_log(&source.log, "first ok match\n"
                          "d/second ok no_match\n"
                          "gone unreadable unexamined No such file or directory\n"
                          "first ok match duplicate\n");
}

static void failing_source_ends_the_scan_after_what_it_gave(void **state) {
  (void)state;
  put("first", &world.known);
  char paths[1][FIXTURE_PATH_SIZE];
  fixture_join(paths[0], world.tree, "first");
  struct source source = {.log = new_log(), .paths = paths, .count = 1, .end = -1};
  hashscan_scan_options options = options_for(&source.log, NULL, 0, 2);
  options.next_path = next_path;
  hashscan_scan_summary summary;
  hashscan_error error = {0};
  assert_int_equal(hashscan_scan(world.matcher, &options, &summary, &error), HASHSCAN_E_IO);
  assert_int_equal(error.code, HASHSCAN_E_IO);
  check_summary(&summary, 1);
  expect_log(&source.log, "first ok match\n");
}

/* A source that ends because of the very signal that should_stop reports must not read as complete. */
static void source_that_ends_on_a_stop_is_not_complete(void **state) {
  (void)state;
  struct source source = {.log = new_log()};
  source.log.stop_after = 0;
  hashscan_scan_options options = options_for(&source.log, NULL, 0, 1);
  options.next_path = next_path;
  hashscan_scan_summary summary;
  assert_int_equal(hashscan_scan(world.matcher, &options, &summary, NULL), HASHSCAN_SUCCESS);
  assert_true(summary.stopped);
}

/* ---- Stopping and progress --------------------------------------------------------------------------------------- */

static void put_numbered(int count) {
  char name[32];
  for (int i = 0; i < count; i++) {
    snprintf(name, sizeof name, "%04d", i);
    put(name, i % 2 == 0 ? &world.known : &world.unknown);
  }
}

/* The records of a stopped scan are the first ones of the full scan, each complete. */
static void stopping_leaves_a_prefix(void **state) {
  (void)state;
  put_numbered(400);
  struct log full = new_log();
  scan_tree(&full, 2);
  static const uint64_t after[] = {0, 1, 17, 150};
  for (size_t i = 0; i < sizeof after / sizeof *after; i++) {
    for (unsigned threads = 1; threads <= 3; threads++) {
      struct log log = new_log();
      log.stop_after = after[i];
      const hashscan_scan_summary summary = scan_tree(&log, threads);
      assert_true(summary.stopped);
      /* What the ring held finished still comes out. */
      assert_in_range(summary.inputs, after[i], after[i] + 64 * threads);
      assert_memory_equal(log.text == NULL ? "" : log.text, full.text, log.size);
      free(log.text);
    }
  }
  free(full.text);
}

static void stop_after_the_last_record_is_no_stop(void **state) {
  (void)state;
  put_numbered(5);
  struct log log = new_log();
  log.stop_after = 5;
  const hashscan_scan_summary summary = scan_tree(&log, 2);
  assert_int_equal(summary.inputs, 5);
  assert_false(summary.stopped);
  free(log.text);
}

static void on_record_can_stop_at_once(void **state) {
  (void)state;
  put_numbered(300);
  const char *const paths[] = {world.tree};
  for (unsigned threads = 1; threads <= 3; threads++) {
    struct log log = new_log();
    log.stop_record = 20;
    hashscan_scan_options options = options_for(&log, paths, 1, threads);
    options.on_progress = on_progress;
    hashscan_scan_summary summary;
    hashscan_error error = {0};
    assert_int_equal(hashscan_scan(world.matcher, &options, &summary, &error), HASHSCAN_E_STOPPED);
    assert_int_equal(error.code, HASHSCAN_E_STOPPED);
    assert_int_equal(log.records, 20);
    check_summary(&summary, 20);
    free(log.text);
  }
}

static int slow_record(void *user, const hashscan_record *record) {
  usleep(20000);
  return on_record(user, record);
}

/* The counter runs ahead of records that come slowly, so the total is known long before the end. */
static void progress_knows_the_total_ahead(void **state) {
  (void)state;
  put_numbered(40);
  put_folder("d");
  put_link("nowhere", "d/dangling");
  struct log log = new_log();
  const char *const paths[] = {world.tree};
  hashscan_scan_options options = options_for(&log, paths, 1, 2);
  options.on_progress = on_progress;
  options.on_record = slow_record;
  hashscan_scan_summary summary;
  assert_int_equal(hashscan_scan(world.matcher, &options, &summary, NULL), HASHSCAN_SUCCESS);
  assert_true(log.progress_calls >= 3);
  assert_int_equal(log.last_progress.done, 41);
  assert_int_equal(log.last_progress.total, 41);
  assert_true(log.last_progress.total_known);
  assert_int_equal(log.last_progress.matches, 20);
  assert_int_equal(log.last_progress.bytes, 20 * (world.known.size + world.unknown.size));
  free(log.text);
}

/* ---- A world that changes ---------------------------------------------------------------------------------------- */

struct vandal {
  char path[FIXTURE_PATH_SIZE];
  atomic_bool over;
};

static void *truncate_and_write(void *user) {
  struct vandal *vandal = user;
  const int fd = open(vandal->path, O_RDWR);
  if (fd < 0) abort();
  while (!atomic_load(&vandal->over)) {
    if (ftruncate(fd, 100) != 0 || pwrite(fd, world.known.bytes, world.known.size, 0) < 0) abort();
  }
  close(fd);
  return NULL;
}

/* Whatever a read catches is a snapshot or `changed`; other inputs are what they always are. */
static void file_that_changes_harms_nobody_else(void **state) {
  (void)state;
  put("steady", &world.known);
  put("shaky", &world.known);
  struct vandal vandal = {.over = false};
  fixture_join(vandal.path, world.tree, "shaky");
  char steady[FIXTURE_PATH_SIZE];
  fixture_join(steady, world.tree, "steady");
  const char *paths[400];
  for (size_t i = 0; i < 400; i++) paths[i] = i % 2 == 0 ? steady : vandal.path;
  pthread_t thread;
  assert_int_equal(pthread_create(&thread, NULL, truncate_and_write, &vandal), 0);
  struct log log = new_log();
  const hashscan_scan_options options = options_for(&log, paths, 400, 2);
  hashscan_scan_summary summary;
  assert_int_equal(hashscan_scan(world.matcher, &options, &summary, NULL), HASHSCAN_SUCCESS);
  atomic_store(&vandal.over, true);
  pthread_join(thread, NULL);
  check_summary(&summary, 400);
  print_message("           %d of 200 reads caught a change\n", (int)summary.by_status[HASHSCAN_STATUS_CHANGED]);
  size_t steady_matches = 0;
  for (const char *at = log.text; (at = strstr(at, "steady ok match")) != NULL; at++) steady_matches++;
  assert_int_equal(steady_matches, 200);
  assert_int_equal(summary.by_status[HASHSCAN_STATUS_UNREADABLE], 0);
  free(log.text);
}

/* After a reload in mid-scan, equal bytes are answered from the new index, not from what was remembered. */
static int reload_at_ten(void *user, const hashscan_record *record) {
  struct log *log = user;
  if (record->number == 10) {
    char cleared[FIXTURE_PATH_SIZE];
    const hashscan_pdq nothing = {{0}};
    fixture_index(fixture_join(cleared, world.folder, "reloaded"), &nothing, 1);
    if (hashscan_matcher_reload(world.matcher, NULL) != HASHSCAN_SUCCESS) abort();
  }
  return on_record(log, record);
}

static void reload_in_mid_scan_is_heeded(void **state) {
  (void)state;
  put("known", &world.known);
  char index[FIXTURE_PATH_SIZE];
  fixture_join(index, world.folder, "reloaded");
  const hashscan_image_hash hash = fixture_hash(&world.known);
  fixture_index(index, hash.hashes, 1);
  hashscan_matcher *usual = world.matcher;
  assert_int_equal(hashscan_matcher_create(index, NULL, &world.matcher, NULL), HASHSCAN_SUCCESS);
  char path[FIXTURE_PATH_SIZE];
  fixture_join(path, world.tree, "known");
  const char *paths[1000];
  for (size_t i = 0; i < 1000; i++) paths[i] = path;
  struct log log = new_log();
  hashscan_scan_options options = options_for(&log, paths, 1000, 2);
  options.on_record = reload_at_ten;
  hashscan_scan_summary summary;
  assert_int_equal(hashscan_scan(world.matcher, &options, &summary, NULL), HASHSCAN_SUCCESS);
  /* When record 10 was out, at most the 128 slots of the ring behind it had been examined. */
  assert_in_range(summary.by_outcome[HASHSCAN_MATCH], 11, 11 + 128);
  assert_int_equal(summary.by_outcome[HASHSCAN_MATCH] + summary.by_outcome[HASHSCAN_NO_MATCH], 1000);
  const char *first_no = strstr(log.text, "no_match");
  assert_non_null(first_no);
  free(log.text);
  hashscan_matcher_destroy(world.matcher);
  world.matcher = usual;
}

#define TREE_TEST(test) cmocka_unit_test_setup_teardown(test, new_tree, remove_tree)

int main(void) {
  const struct CMUnitTest tests[] = {
      TREE_TEST(every_input_has_a_record_in_one_order),
      TREE_TEST(roots_come_in_the_order_given),
      TREE_TEST(too_deep_folders_are_reported),
      TREE_TEST(unlistable_folder_has_a_record),
      TREE_TEST(large_files_are_limited),
      TREE_TEST(limits_are_not_remembered),
      TREE_TEST(equal_bytes_are_decoded_once),
      TREE_TEST(nothing_to_scan),
      TREE_TEST(paths_are_pulled_after_the_given_ones),
      TREE_TEST(failing_source_ends_the_scan_after_what_it_gave),
      TREE_TEST(source_that_ends_on_a_stop_is_not_complete),
      TREE_TEST(stopping_leaves_a_prefix),
      TREE_TEST(stop_after_the_last_record_is_no_stop),
      TREE_TEST(on_record_can_stop_at_once),
      TREE_TEST(progress_knows_the_total_ahead),
      TREE_TEST(file_that_changes_harms_nobody_else),
      TREE_TEST(reload_in_mid_scan_is_heeded),
  };
  return cmocka_run_group_tests(tests, set_up, tear_down);
}
