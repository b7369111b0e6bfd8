/* SPDX-License-Identifier: Apache-2.0 */
/* What hashscan_index_read_info makes of damage, for every flipped byte and every truncation of every file of an index:
 * it refuses what it says it checks, and of what it does not check it takes no harm; opening refuses all of it. */
#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../support/entries.h"
#include "../support/expect.h"
#include "../support/fixture.h"
#include "../support/indexes.h"
#include "base/file_read.h"
#include "index/update/changes.h"

enum { FILES = 4 };

/* A file of the index as it should be. */
struct stored {
  char path[FIXTURE_PATH_SIZE];
  struct buffer bytes;
  bool is_segment;
};

static char folder[FIXTURE_PATH_SIZE];
static char index_path[FIXTURE_PATH_SIZE];
static struct stored files[FILES];
static hashscan_index_info good = HASHSCAN_INDEX_INFO_INIT;
static hashscan_error error;

static void stage(hashscan_updater *updater, size_t first, size_t end, const char *list) {
  for (size_t i = first; i < end; i++) {
    const hashscan_kind kind = (hashscan_kind)(i % HASHSCAN_KIND_COUNT);
    uint8_t hash[HASHSCAN_MAX_HASH_BYTES];
    char id[16];
    indexes_hash(kind, i / 2, hash);
    snprintf(id, sizeof id, "%zu", i);
    const hashscan_entry entry = entry_labelled(kind, hash, list, "1", id, ENTRY_LABELS("x"));
    OK(hashscan_updater_add(updater, &entry, &error));
  }
}

/* MANIFEST, two segments with dead entries in rows of their own and shared, and a log. */
static void write_index(void) {
  hashscan_builder *builder = indexes_builder();
  hashscan_updater *updater;
  hashscan_index_close(indexes_write_and_open(builder, index_path));
  hashscan_builder_destroy(builder);
  OK(hashscan_updater_open(index_path, &updater, &error));
  updater->log_max_entries = 5;
  stage(updater, 0, 60, "first");
  stage(updater, 30, 70, "second");
  OK(hashscan_updater_commit(updater, NULL, &error));
  stage(updater, 70, 90, "third");
  OK(hashscan_updater_commit(updater, NULL, &error));
  stage(updater, 90, 94, "fourth");
  for (size_t i = 0; i < 94; i += 7) {
    char id[16];
    snprintf(id, sizeof id, "%zu", i);
    OK(hashscan_updater_remove_id(updater, i % 2 ? "first" : NULL, id, &error));
  }
  OK(hashscan_updater_commit(updater, NULL, &error));
  hashscan_updater_close(updater);
}

static int make_index(void **unused) {
  (void)unused;
  fixture_folder(folder);
  fixture_join(index_path, folder, "index");
  write_index();
  OK(hashscan_index_read_info(index_path, &good, NULL, NULL, &error));
  assert_true(good.segments == 2 && good.log_bytes > 0 && good.dead > 10);
  DIR *open_folder = opendir(index_path);
  assert_non_null(open_folder);
  size_t count = 0;
  for (struct dirent *item; (item = readdir(open_folder)) != NULL;) {
    char reason[160];
    if (item->d_name[0] == '.' || strcmp(item->d_name, "LOCK") == 0) continue;
    assert_in_range(count, 0, FILES - 1);
    struct stored *file = &files[count++];
    fixture_join(file->path, index_path, item->d_name);
    assert_int_equal(file_read(AT_FDCWD, file->path, UINT64_MAX, &file->bytes, reason), HASHSCAN_STATUS_OK);
    file->is_segment = memcmp(file->bytes.bytes, INDEX_SEGMENT_MAGIC, 8) == 0;
  }
  closedir(open_folder);
  assert_int_equal(count, FILES);
  return 0;
}

static int remove_index(void **unused) {
  (void)unused;
  for (size_t i = 0; i < FILES; i++) buffer_free(&files[i].bytes);
  fixture_remove(folder);
  return 0;
}

/* Whether the byte is inside of a section whose checksum is not looked at. */
static bool is_unchecked(const struct stored *file, size_t at) {
  if (!file->is_segment) return false;
  for (unsigned section = 0; section < INDEX_SECTION_COUNT; section++) {
    const uint8_t *row = file->bytes.bytes + INDEX_HEADER_BYTES + section * INDEX_TABLE_ROW_BYTES;
    const uint64_t offset = load_u64(row + 8);
    const uint64_t size = load_u64(row + 16) * index_section_stride(section);
    if (at >= offset && at - offset < size) return section != INDEX_LISTS;
  }
  return false;
}

/* Whether the numbers were read, which must be the sound ones where damage cannot reach them. */
static bool is_read(const char *what, size_t at) {
  hashscan_index_info info = HASHSCAN_INDEX_INFO_INIT;
  hashscan_index_info before = HASHSCAN_INDEX_INFO_INIT;
  memset(&info, 0x5a, sizeof info);
  info.size = sizeof info;
  before = info;
  const hashscan_code code = hashscan_index_read_info(index_path, &info, NULL, NULL, &error);
  if (code == HASHSCAN_SUCCESS) {
    assert_int_equal(info.entries, good.entries);
    assert_int_equal(info.dead, good.dead);
    assert_string_equal(info.digest, good.digest);
    uint64_t entries = 0;
    for (unsigned kind = 0; kind < HASHSCAN_KIND_COUNT; kind++) entries += info.entries_by_kind[kind];
    assert_int_equal(entries, good.entries);
    return true;
  }
  if (code != HASHSCAN_E_FORMAT && code != HASHSCAN_E_VERSION)
    fail_msg("%s at %zu: %s", what, at, hashscan_code_name(code));
  assert_non_null(strstr(error.message, index_path));
  assert_memory_equal(&info, &before, sizeof info);
  return false;
}

static void assert_not_opened(void) {
  hashscan_index *index;
  assert_int_not_equal(hashscan_index_open(index_path, &index, &error), HASHSCAN_SUCCESS);
}

static void test_flipped_bytes(void **unused) {
  (void)unused;
  static const uint8_t flips[] = {0x01, 0x80, 0xff};
  size_t read = 0;
  for (size_t i = 0; i < FILES; i++) {
    const struct buffer *bytes = &files[i].bytes;
    for (size_t at = 0; at < bytes->size * sizeof flips; at++) {
      const size_t place = at / sizeof flips;
      bytes->bytes[place] ^= flips[at % sizeof flips];
      fixture_write(files[i].path, bytes->bytes, bytes->size);
      bytes->bytes[place] ^= flips[at % sizeof flips];
      if (is_read("flipped byte", place)) {
        if (!is_unchecked(&files[i], place)) fail_msg("byte %zu of %s is not checked", place, files[i].path);
        read++;
      }
      if (at % 16 == 0) assert_not_opened();
    }
    fixture_write(files[i].path, bytes->bytes, bytes->size);
  }
  assert_true(read > 0);
  assert_true(is_read("nothing", 0));
}

static void test_truncations(void **unused) {
  (void)unused;
  for (size_t i = 0; i < FILES; i++) {
    for (size_t size = 0; size < files[i].bytes.size; size++) {
      fixture_write(files[i].path, files[i].bytes.bytes, size);
      if (is_read("truncation", size)) fail_msg("%zu bytes of %s are enough", size, files[i].path);
    }
    assert_int_equal(remove(files[i].path), 0);
    assert_false(is_read("missing file", i));
    fixture_write(files[i].path, files[i].bytes.bytes, files[i].bytes.size);
  }
  assert_true(is_read("nothing", 0));
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_flipped_bytes), cmocka_unit_test(test_truncations)};
  return cmocka_run_group_tests(tests, make_index, remove_index);
}
