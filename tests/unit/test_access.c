/* SPDX-License-Identifier: Apache-2.0 */
/* Who can read an index: nobody but its owner unless somebody says so, and then for as long as it lives; and that core
 * dumps leave out what was mapped or copied from it. */
#include <dirent.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "../support/entries.h"
#include "../support/expect.h"
#include "../support/fixture.h"
#include "../support/indexes.h"
#include "index/update/changes.h"

static char folder[FIXTURE_PATH_SIZE];
static char path[FIXTURE_PATH_SIZE];
static hashscan_error failure;

static int set_up(void **state) {
  (void)state;
  fixture_folder(folder);
  fixture_join(path, folder, "index");
  return 0;
}

static int tear_down(void **state) {
  (void)state;
  umask(022);
  fixture_remove(folder);
  return 0;
}

static struct stat status_of(const char *name) {
  char file[FIXTURE_PATH_SIZE];
  struct stat status;
  assert_int_equal(lstat(fixture_join(file, path, name), &status), 0);
  return status;
}

/* Checks every file of the index, LOCK included, and the folder; how many files there are. */
static size_t check_modes(mode_t files, mode_t of_folder) {
  DIR *listing = opendir(path);
  assert_non_null(listing);
  size_t count = 0;
  for (struct dirent *file; (file = readdir(listing)) != NULL;) {
    if (strcmp(file->d_name, ".") == 0 || strcmp(file->d_name, "..") == 0) continue;
    assert_int_equal(status_of(file->d_name).st_mode & 07777, files);
    count++;
  }
  closedir(listing);
  assert_int_equal(status_of(".").st_mode & 07777, of_folder);
  return count;
}

static uint32_t mode_in_info(void) {
  hashscan_index_info opened = HASHSCAN_INDEX_INFO_INIT;
  hashscan_index_info read = HASHSCAN_INDEX_INFO_INIT;
  hashscan_index *index = indexes_open(path);
  hashscan_index_describe(index, &opened, NULL);
  hashscan_index_close(index);
  assert_int_equal(hashscan_index_read_info(path, &read, NULL, NULL, &failure), HASHSCAN_SUCCESS);
  assert_int_equal(opened.mode, read.mode);
  return read.mode;
}

static void write_index(unsigned mode, size_t entries) {
  hashscan_builder *builder = indexes_builder();
  indexes_fill(builder, 0, entries);
  if (mode != 0) assert_int_equal(hashscan_builder_set_mode(builder, mode, &failure), HASHSCAN_SUCCESS);
  assert_int_equal(hashscan_builder_write(builder, path, &failure), HASHSCAN_SUCCESS);
  hashscan_builder_destroy(builder);
}

static hashscan_updater *open_updater(void) {
  hashscan_updater *updater;
  assert_int_equal(hashscan_updater_open(path, &updater, &failure), HASHSCAN_SUCCESS);
  return updater;
}

static void stage(hashscan_updater *updater, size_t first, size_t end) {
  for (size_t i = first; i < end; i++) {
    uint8_t hash[HASHSCAN_MAX_HASH_BYTES];
    indexes_hash(HASHSCAN_KIND_PDQ, i, hash);
    const hashscan_entry entry = entry_plain(HASHSCAN_KIND_PDQ, hash, "added", "1", "id");
    assert_int_equal(hashscan_updater_add(updater, &entry, &failure), HASHSCAN_SUCCESS);
  }
}

/* A log, a segment beside others with a log that repeats what died, and one segment again. */
static void change_in_every_way(mode_t files, mode_t of_folder) {
  hashscan_updater *updater = open_updater();
  stage(updater, 1000, 1010);
  assert_int_equal(hashscan_updater_commit(updater, NULL, &failure), HASHSCAN_SUCCESS);
  assert_int_equal(check_modes(files, of_folder), 4);
  updater->log_max_entries = 20;
  stage(updater, 1010, 1060);
  uint8_t hash[HASHSCAN_MAX_HASH_BYTES];
  indexes_hash(HASHSCAN_KIND_PDQ, 0, hash);
  assert_int_equal(hashscan_updater_remove_hash(updater, HASHSCAN_KIND_PDQ, hash, &failure), HASHSCAN_SUCCESS);
  assert_int_equal(hashscan_updater_commit(updater, NULL, &failure), HASHSCAN_SUCCESS);
  assert_int_equal(check_modes(files, of_folder), 5);
  assert_int_equal(hashscan_updater_compact(updater, NULL, &failure), HASHSCAN_SUCCESS);
  assert_int_equal(check_modes(files, of_folder), 3);
  hashscan_updater_close(updater);
  assert_int_equal(check_modes(files, of_folder), 3);
}

static void a_new_index_is_its_owners(void **state) {
  (void)state;
  umask(0);
  write_index(0, 900);
  assert_int_equal(check_modes(0600, 0700), 3);
  assert_int_equal(mode_in_info(), 0600);
  change_in_every_way(0600, 0700);
  write_index(0, 500);
  check_modes(0600, 0700);
}

static void a_mode_lasts(void **state) {
  (void)state;
  umask(077);
  write_index(0640, 900);
  assert_int_equal(check_modes(0640, 0750), 3);
  assert_int_equal(mode_in_info(), 0640);
  change_in_every_way(0640, 0750);
  write_index(0, 500); /* replaced by one who says nothing of modes */
  check_modes(0640, 0750);
  write_index(0666, 500);
  check_modes(0666, 0777);
  assert_int_equal(mode_in_info(), 0666);
  write_index(0600, 500);
  check_modes(0600, 0700);
}

static void a_mode_is_set_with_or_without_changes(void **state) {
  (void)state;
  write_index(0644, 900);
  hashscan_updater *updater = open_updater();
  stage(updater, 1000, 1010);
  assert_int_equal(hashscan_updater_set_mode(updater, 0600, &failure), HASHSCAN_SUCCESS);
  assert_int_equal(check_modes(0644, 0755), 3);
  assert_int_equal(hashscan_updater_commit(updater, NULL, &failure), HASHSCAN_SUCCESS);
  assert_int_equal(check_modes(0600, 0700), 4);
  assert_int_equal(hashscan_updater_set_mode(updater, 0660, &failure), HASHSCAN_SUCCESS);
  assert_int_equal(hashscan_updater_commit(updater, NULL, &failure), HASHSCAN_SUCCESS);
  check_modes(0660, 0770);
  assert_int_equal(hashscan_updater_compact(updater, NULL, &failure), HASHSCAN_SUCCESS);
  assert_int_equal(hashscan_updater_set_mode(updater, 0604, &failure), HASHSCAN_SUCCESS);
  assert_int_equal(hashscan_updater_compact(updater, NULL, &failure), HASHSCAN_SUCCESS);
  check_modes(0604, 0705);
  hashscan_updater_close(updater);
}

/* An index from before there were modes is what it was, and says so. */
static void an_open_index_stays_open_and_says_so(void **state) {
  (void)state;
  write_index(0644, 900);
  change_in_every_way(0644, 0755);
  assert_int_equal(mode_in_info(), 0644);
  assert_int_equal(chmod(path, 0750), 0);
  assert_int_equal(mode_in_info(), 0640);
  assert_int_equal(chmod(path, 0700), 0);
  assert_int_equal(mode_in_info(), 0600);
  assert_int_equal(chmod(path, 02755), 0);
  write_index(0640, 10);
  check_modes(0640, 02750); /* the bit that hands the folder's group down is nobody's business */
}

/* The log holds entries as segments do. */
static void one_open_file_is_enough(void **state) {
  (void)state;
  static const char *const prefixes[] = {"segment-", "log-"};
  write_index(0600, 900);
  hashscan_updater *updater = open_updater();
  stage(updater, 1000, 1010);
  assert_int_equal(hashscan_updater_commit(updater, NULL, &failure), HASHSCAN_SUCCESS);
  hashscan_updater_close(updater);
  assert_int_equal(chmod(path, 0755), 0);
  assert_int_equal(mode_in_info(), 0600);
  for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++) {
    char command[FIXTURE_PATH_SIZE + 64];
    snprintf(command, sizeof command, "chmod o+r '%s'/%s*", path, prefixes[i]);
    assert_int_equal(system(command), 0);
    assert_int_equal(mode_in_info(), 0604);
    snprintf(command, sizeof command, "chmod o= '%s'/%s*", path, prefixes[i]);
    assert_int_equal(system(command), 0);
  }
  assert_int_equal(mode_in_info(), 0600);
}

static void owner_and_group_last(void **state) {
  (void)state;
  if (geteuid() != 0) {
    print_message("SKIPPED: only root can give an index to somebody else\n");
    skip();
  }
  write_index(0640, 900);
  static const char *const names[] = {"MANIFEST", "LOCK", "."};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    char file[FIXTURE_PATH_SIZE];
    assert_int_equal(chown(fixture_join(file, path, names[i]), 4321, 1234), 0);
  }
  change_in_every_way(0640, 0750);
  DIR *listing = opendir(path);
  for (struct dirent *file; (file = readdir(listing)) != NULL;) {
    if (strcmp(file->d_name, "..") == 0) continue;
    assert_int_equal(status_of(file->d_name).st_uid, 4321);
    assert_int_equal(status_of(file->d_name).st_gid, 1234);
  }
  closedir(listing);
}

static void modes_that_make_no_sense(void **state) {
  (void)state;
  static const unsigned bad[] = {0, 0400, 0200, 0066, 0700, 0755, 01600, 04644, 0666u << 9, UINT32_MAX};
  write_index(0, 10);
  hashscan_builder *builder = indexes_builder();
  hashscan_updater *updater = open_updater();
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    EXPECT(HASHSCAN_E_ARGUMENT, hashscan_builder_set_mode(builder, bad[i], error));
    EXPECT(HASHSCAN_E_ARGUMENT, hashscan_updater_set_mode(updater, bad[i], error));
  }
  EXPECT(HASHSCAN_E_ARGUMENT, hashscan_builder_set_mode(NULL, 0600, error));
  EXPECT(HASHSCAN_E_ARGUMENT, hashscan_updater_set_mode(NULL, 0600, error));
  hashscan_updater_close(updater);
  hashscan_builder_destroy(builder);
}

/* ---- Core dumps -------------------------------------------------------------------------------------------------- */

/* Whether the mapping that holds `address` is left out of core dumps; -1 where the kernel does not say. */
static int is_hidden(const void *address) {
  FILE *maps = fopen("/proc/self/smaps", "r");
  char line[4096];
  bool inside = false;
  int hidden = -1;
  while (maps != NULL && fgets(line, sizeof line, maps) != NULL) {
    uintptr_t first;
    uintptr_t end;
    if (sscanf(line, "%" SCNxPTR "-%" SCNxPTR " ", &first, &end) == 2)
      inside = (uintptr_t)address >= first && (uintptr_t)address < end;
    if (inside && strncmp(line, "VmFlags:", 8) == 0) hidden = strstr(line, " dd ") != NULL;
  }
  if (maps != NULL) fclose(maps);
  return hidden;
}

static void core_dumps_leave_the_index_out(void **state) {
  (void)state;
  if (is_hidden(path) < 0) {
    print_message("SKIPPED: /proc/self/smaps does not tell what core dumps leave out\n");
    skip();
  }
  assert_false(is_hidden(path));
  write_index(0, 3000);
  hashscan_updater *updater = open_updater();
  stage(updater, 10000, 14000);
  assert_int_equal(hashscan_updater_commit(updater, NULL, &failure), HASHSCAN_SUCCESS);
  const hashscan_index *index = updater->base;
  assert_int_equal(index->part_count, 2);
  assert_true(is_hidden(index->parts[0].map.bytes));
  const struct buffer *memory = &index->parts[1].memory;
  assert_true(is_hidden(memory->bytes + memory->size / 2));
  assert_true(is_hidden(index->log_bytes.bytes + index->log_bytes.size / 2));
  hashscan_updater_close(updater);
}

/* A buffer's pages go back as they were: they are the caller's as well. */
static void hidden_pages_come_back(void **state) {
  (void)state;
  if (is_hidden(path) < 0) skip();
  const size_t size = 64 * 4096;
  struct buffer buffer = {.bytes = aligned_alloc(4096, size), .size = size, .capacity = size};
  assert_non_null(buffer.bytes);
  uint8_t *const kept = buffer.bytes;
  buffer_hide(&buffer);
  assert_true(is_hidden(kept + size / 2));
  buffer_free(&buffer);
  assert_int_not_equal(is_hidden(kept + size / 2), 1); /* unmapped, or visible */
  buffer_hide(&buffer);
  buffer_free(&buffer);
}

#define ACCESS_TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
      ACCESS_TEST(a_new_index_is_its_owners),
      ACCESS_TEST(a_mode_lasts),
      ACCESS_TEST(a_mode_is_set_with_or_without_changes),
      ACCESS_TEST(an_open_index_stays_open_and_says_so),
      ACCESS_TEST(one_open_file_is_enough),
      ACCESS_TEST(owner_and_group_last),
      ACCESS_TEST(modes_that_make_no_sense),
      ACCESS_TEST(core_dumps_leave_the_index_out),
      ACCESS_TEST(hidden_pages_come_back),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
