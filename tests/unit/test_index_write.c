/* SPDX-License-Identifier: Apache-2.0 */
/* Writing indexes: equal bytes from equal lists, what a target may be, and that an index stays whole and readable
 * whatever happens to its writer. */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "../support/fixture.h"
#include "../support/indexes.h"
#include "base/clock.h"
#include "base/file_read.h"

static char folder[FIXTURE_PATH_SIZE];
static hashscan_error error;

static const char *path_of(const char *name) {
  static char paths[4][FIXTURE_PATH_SIZE];
  static unsigned next;
  return fixture_join(paths[next++ % 4], folder, name);
}

static void read_whole(const char *path, struct buffer *buffer) {
  char reason[160];
  assert_int_equal(file_read(AT_FDCWD, path, UINT64_MAX, buffer, reason), HASHSCAN_STATUS_OK);
}

static void assert_digest(const char *path, char digest[33]) {
  hashscan_index *index = indexes_open(path);
  hashscan_index_info info = HASHSCAN_INDEX_INFO_INIT;
  hashscan_index_describe(index, &info, NULL);
  if (digest[0] == '\0') memcpy(digest, info.digest, 33);
  assert_string_equal(info.digest, digest);
  hashscan_index_close(index);
}

/* The same entries in the same order give the same bytes, however often the builder wrote in between. */
static void test_deterministic(void **unused) {
  (void)unused;
  hashscan_builder *once = indexes_builder();
  hashscan_builder *twice = indexes_builder();
  indexes_fill(once, 0, 900);
  indexes_fill(twice, 0, 500);
  hashscan_index_close(indexes_write_and_open(twice, path_of("twice")));
  indexes_fill(twice, 500, 900);
  hashscan_index_close(indexes_write_and_open(once, path_of("once")));
  hashscan_index_close(indexes_write_and_open(twice, path_of("twice")));
  struct buffer a = {0};
  struct buffer b = {0};
  read_whole(path_of("once/MANIFEST"), &a);
  read_whole(path_of("twice/MANIFEST"), &b);
  assert_int_equal(a.size, b.size);
  assert_memory_equal(a.bytes, b.bytes, a.size); /* holds the digest of the segment */
  buffer_free(&a);
  buffer_free(&b);
  hashscan_builder_destroy(once);
  hashscan_builder_destroy(twice);
}

/* LOCK is not counted. */
static size_t count_files(const char *path) {
  char command[FIXTURE_PATH_SIZE + 48];
  snprintf(command, sizeof command, "ls -A '%s' | grep -vxc LOCK", path);
  FILE *pipe = popen(command, "r");
  assert_non_null(pipe);
  size_t count = 0;
  assert_int_equal(fscanf(pipe, "%zu", &count), 1);
  pclose(pipe);
  return count;
}

static int keep_entry(void *user, const hashscan_hit *hit) {
  *(uint64_t *)user = hit->entry;
  return 0;
}

/* The index holds the hashes 0 to `count` - 1 of indexes_fill, and finds them. */
static void check_holds(const hashscan_index *index, uint64_t count) {
  hashscan_index_info info = HASHSCAN_INDEX_INFO_INIT;
  hashscan_index_describe(index, &info, NULL);
  assert_int_equal(info.entries, count);
  for (uint64_t i = 0; i < count; i++) {
    const hashscan_kind kind = (hashscan_kind)(i % HASHSCAN_KIND_COUNT);
    hashscan_pdq hash;
    uint64_t found = UINT64_MAX;
    hashscan_entry entry = HASHSCAN_ENTRY_INIT;
    indexes_hash(kind, i, hash.bytes);
    const hashscan_code code = hashscan_kind_perceptual(kind)
                                   ? indexes_search(index, kind, &hash, NULL, 1, 0, keep_entry, &found, &error)
                                   : hashscan_index_lookup(index, kind, hash.bytes, 1, keep_entry, &found, &error);
    assert_int_equal(code, HASHSCAN_SUCCESS);
    assert_int_equal(hashscan_index_entry(index, found, &entry, &error), HASHSCAN_SUCCESS);
    assert_memory_equal(entry.hash, hash.bytes, hashscan_kind_bytes(kind));
    assert_string_equal(entry.list, "demo");
  }
}

static void test_replace(void **unused) {
  (void)unused;
  char path[FIXTURE_PATH_SIZE];
  fixture_join(path, folder, "replaced");
  hashscan_builder *builder = indexes_builder();
  indexes_fill(builder, 0, 500);
  hashscan_index *old = indexes_write_and_open(builder, path);
  fixture_write(path_of("replaced/segment.tmp"), "left by a crash", 15);
  fixture_write(path_of("replaced/segment-0123456789abcdef.hsi"), "left by a crash", 15);
  fixture_write(path_of("replaced/segment-0123456789ABCDEF.hsi"), "not ours", 8);
  fixture_write(path_of("replaced/notes.txt"), "not ours", 8);
  indexes_fill(builder, 500, 700);
  hashscan_index *new = indexes_write_and_open(builder, path);
  assert_int_equal(count_files(path), 4);
  check_holds(old, 500);
  check_holds(new, 700);
  assert_ptr_equal(hashscan_index_retain(old), old);
  hashscan_index_close(old);
  check_holds(old, 500);
  hashscan_index_close(old);
  hashscan_index_close(new);
  /* Writing what is there already changes nothing. */
  hashscan_index_close(indexes_write_and_open(builder, path));
  assert_int_equal(count_files(path), 4);
  hashscan_builder_destroy(builder);
}

static void assert_refused(hashscan_builder *builder, const char *path, hashscan_code code, const char *text) {
  assert_int_equal(hashscan_builder_write(builder, path, &error), code);
  if (strstr(error.message, text) == NULL) fail_msg("'%s' lacks '%s'", error.message, text);
}

static void test_refused_targets(void **unused) {
  (void)unused;
  hashscan_builder *builder = indexes_builder();
  fixture_write(path_of("file"), "x", 1);
  assert_refused(builder, path_of("file"), HASHSCAN_E_ARGUMENT, "is a file");
  assert_int_equal(mkdir(path_of("full"), 0777), 0);
  fixture_write(path_of("full/photo.jpg"), "x", 1);
  assert_refused(builder, path_of("full"), HASHSCAN_E_ARGUMENT, "holds other files");
  assert_int_equal(count_files(path_of("full")), 1);
  assert_int_equal(mkdir(path_of("java"), 0777), 0);
  fixture_write(path_of("java/MANIFEST"), "Manifest-Version: 1.0\n", 22);
  assert_refused(builder, path_of("java"), HASHSCAN_E_ARGUMENT, "not of an index");
  assert_refused(builder, path_of("no/such/parent"), HASHSCAN_E_IO, "No such file or directory");
  assert_refused(builder, "", HASHSCAN_E_IO, "cannot create");
  assert_refused(builder, NULL, HASHSCAN_E_ARGUMENT, "NULL");
  /* An empty folder is fine, and one where a first write never finished. */
  assert_int_equal(mkdir(path_of("ready"), 0777), 0);
  fixture_write(path_of("ready/segment.tmp"), "x", 1);
  hashscan_index_close(indexes_write_and_open(builder, path_of("ready")));
  const int lock = open(path_of("ready/LOCK"), O_RDWR);
  assert_int_equal(flock(lock, LOCK_EX), 0);
  assert_refused(builder, path_of("ready"), HASHSCAN_E_IO, "another process is changing this index");
  close(lock);
  hashscan_builder_destroy(builder);
}

/* The file size limit stands for a disk that is full after so many bytes. */
static void test_full_disk(void **unused) {
  (void)unused;
  signal(SIGXFSZ, SIG_IGN);
  struct rlimit before;
  getrlimit(RLIMIT_FSIZE, &before);
  hashscan_builder *builder = indexes_builder();
  indexes_fill(builder, 0, 100);
  char path[FIXTURE_PATH_SIZE];
  char new_path[FIXTURE_PATH_SIZE];
  fixture_join(path, folder, "disk");
  fixture_join(new_path, folder, "new-disk");
  char digest[33] = "";
  hashscan_index_close(indexes_write_and_open(builder, path));
  assert_digest(path, digest);
  indexes_fill(builder, 100, 400);
  for (rlim_t limit = 0; limit < 12000; limit += 95) {
    const struct rlimit small = {limit, before.rlim_max};
    setrlimit(RLIMIT_FSIZE, &small);
    const hashscan_code code = hashscan_builder_write(builder, path, &error);
    const hashscan_code fresh = hashscan_builder_write(builder, new_path, &error);
    setrlimit(RLIMIT_FSIZE, &before);
    assert_int_equal(code, HASHSCAN_E_IO);
    assert_int_equal(fresh, HASHSCAN_E_IO);
    assert_non_null(strstr(error.message, "File too large"));
    assert_digest(path, digest);
    assert_int_equal(count_files(path), 2);
    assert_int_not_equal(access(new_path, F_OK), 0);
  }
  hashscan_builder_destroy(builder);
}

static void write_forever(const char *path) {
  hashscan_builder *small = indexes_builder();
  hashscan_builder *large = indexes_builder();
  indexes_fill(small, 0, 10);
  indexes_fill(large, 0, 50);
  for (;;) {
    hashscan_builder_write(small, path, NULL);
    hashscan_builder_write(large, path, NULL);
  }
}

/* Killed at whatever moment: the folder opens, with one of the two contents. */
static void test_readers_and_crashes(void **unused) {
  (void)unused;
  char path[FIXTURE_PATH_SIZE];
  fixture_join(path, folder, "busy");
  hashscan_builder *builder = indexes_builder();
  indexes_fill(builder, 0, 10);
  hashscan_index_close(indexes_write_and_open(builder, path));
  size_t seen[51] = {0};
  for (int round = 0; round < 20; round++) {
    const pid_t writer = fork();
    if (writer == 0) write_forever(path);
    const double start = clock_seconds();
    while (clock_seconds() - start < 0.03) {
      hashscan_index *index = indexes_open(path);
      hashscan_index_info info = HASHSCAN_INDEX_INFO_INIT;
      hashscan_index_describe(index, &info, NULL);
      assert_true(info.entries == 10 || info.entries == 50);
      seen[info.entries]++;
      hashscan_index_close(index);
    }
    usleep((useconds_t)(round * 137));
    kill(writer, SIGKILL);
    waitpid(writer, NULL, 0);
    hashscan_index_close(indexes_open(path));
  }
  assert_true(seen[10] > 0 && seen[50] > 0);
  hashscan_index_close(indexes_write_and_open(builder, path));
  assert_int_equal(count_files(path), 2);
  hashscan_builder_destroy(builder);
}

int main(void) {
  fixture_folder(folder);
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_deterministic), cmocka_unit_test(test_replace),
                                     cmocka_unit_test(test_refused_targets), cmocka_unit_test(test_full_disk),
                                     cmocka_unit_test(test_readers_and_crashes)};
  const int failed = cmocka_run_group_tests(tests, NULL, NULL);
  fixture_remove(folder);
  return failed;
}
