/* SPDX-License-Identifier: Apache-2.0 */
/* What opening must refuse of an index that was changed: every flipped byte and every truncation of MANIFEST and of
 * what counts of the log, missing files, and logs that lie although their digest is right. What stands behind the
 * committed end of the log changes nothing. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "../support/entries.h"
#include "../support/expect.h"
#include "../support/fixture.h"
#include "../support/guard.h"
#include "../support/indexes.h"
#include "base/file_read.h"
#include "index/update/changes.h"

static char folder[FIXTURE_PATH_SIZE];
static char index_path[FIXTURE_PATH_SIZE];
static char manifest_path[FIXTURE_PATH_SIZE];
static char log_path[FIXTURE_PATH_SIZE];
static struct buffer manifest_bytes;
static struct buffer log_bytes;
static char digest[33];
static struct manifest manifest;
static hashscan_error error;

static void read_whole(const char *path, struct buffer *buffer) {
  char reason[160];
  assert_int_equal(file_read(AT_FDCWD, path, UINT64_MAX, buffer, reason), HASHSCAN_STATUS_OK);
}

static void stage(hashscan_updater *updater, size_t first, size_t end, const char *list) {
  for (size_t i = first; i < end; i++) {
    uint8_t hash[HASHSCAN_MAX_HASH_BYTES];
    char id[16];
    const hashscan_kind kind = (hashscan_kind)(i % HASHSCAN_KIND_COUNT);
    indexes_hash(kind, i, hash);
    snprintf(id, sizeof id, "%zu", i);
    const hashscan_entry entry = entry_labelled(kind, hash, list, "1", id, ENTRY_LABELS("x"));
    OK(hashscan_updater_add(updater, &entry, &error));
  }
}

/* Two segments, each with dead entries, one with a list of another version; a log with live and dead entries. */
static int make_index(void **unused) {
  (void)unused;
  fixture_folder(folder);
  fixture_join(index_path, folder, "index");
  hashscan_builder *builder = indexes_builder();
  indexes_fill(builder, 0, 40);
  hashscan_index_close(indexes_write_and_open(builder, index_path));
  hashscan_builder_destroy(builder);
  hashscan_updater *updater;
  OK(hashscan_updater_open(index_path, &updater, &error));
  updater->log_max_entries = 5;
  stage(updater, 40, 60, "second");
  OK(hashscan_updater_commit(updater, NULL, &error));
  assert_int_equal(updater->base->manifest.segment_count, 2);
  stage(updater, 60, 64, "third");
  for (size_t i = 1; i < 60; i += 3) {
    uint8_t hash[HASHSCAN_MAX_HASH_BYTES];
    indexes_hash((hashscan_kind)(i % HASHSCAN_KIND_COUNT), i, hash);
    OK(hashscan_updater_remove_hash(updater, (hashscan_kind)(i % HASHSCAN_KIND_COUNT), hash, &error));
  }
  OK(hashscan_updater_commit(updater, NULL, &error));
  OK(hashscan_updater_remove_id(updater, NULL, "61", &error));
  const char text[] = "hash,kind,id,labels\n";
  char csv[200];
  char hex[HASHSCAN_MAX_HEX];
  uint8_t hash[HASHSCAN_MAX_HASH_BYTES];
  indexes_hash(HASHSCAN_KIND_PDQ, 45, hash);
  hashscan_hex_encode(hash, 32, hex);
  const int size = snprintf(csv, sizeof csv, "%s%s,pdq,45,x\n", text, hex);
  const hashscan_list_options options = {.size = sizeof options, .name = "second", .version = "2"};
  OK(hashscan_updater_replace_list_bytes(updater, "list", csv, (size_t)size, &options, NULL, &error));
  OK(hashscan_updater_commit(updater, NULL, &error));
  manifest = updater->base->manifest;
  assert_int_equal(manifest.segment_count, 2);
  assert_int_equal(updater->base->entries, 27 + 1 + 3);
  hashscan_updater_close(updater);
  char name[LOG_NAME_BYTES];
  log_name(manifest.log_id, name);
  fixture_join(log_path, index_path, name);
  fixture_join(manifest_path, index_path, "MANIFEST");
  read_whole(manifest_path, &manifest_bytes);
  read_whole(log_path, &log_bytes);
  assert_int_equal(log_bytes.size, manifest.log_size);
  hashscan_hex_encode(manifest.digest, INDEX_DIGEST_BYTES, digest);
  return 0;
}

static int remove_index(void **unused) {
  (void)unused;
  buffer_free(&manifest_bytes);
  buffer_free(&log_bytes);
  fixture_remove(folder);
  return 0;
}

static void assert_refused(const char *what, size_t at) {
  hashscan_index *index;
  hashscan_updater *updater;
  const hashscan_code code = hashscan_index_open(index_path, &index, &error);
  if (code != HASHSCAN_E_FORMAT && code != HASHSCAN_E_VERSION)
    fail_msg("%s at %zu: %s", what, at, hashscan_code_name(code));
  assert_non_null(strstr(error.message, index_path));
  if (at % 16 == 0) assert_int_not_equal(hashscan_updater_open(index_path, &updater, NULL), HASHSCAN_SUCCESS);
}

static void assert_intact(void) {
  hashscan_index *index = indexes_open(index_path);
  hashscan_index_info info = HASHSCAN_INDEX_INFO_INIT;
  hashscan_index_describe(index, &info, NULL);
  assert_string_equal(info.digest, digest);
  assert_int_equal(info.entries, 31);
  hashscan_index_close(index);
}

static void damage(const char *path, const struct buffer *good) {
  uint8_t *bytes = malloc(good->size);
  assert_non_null(bytes);
  memcpy(bytes, good->bytes, good->size);
  for (size_t i = 0; i < good->size; i++) {
    for (unsigned bit = 0; bit < 8; bit++) {
      bytes[i] ^= (uint8_t)(1u << bit);
      fixture_write(path, bytes, good->size);
      assert_refused("flipped bit", i);
      bytes[i] = good->bytes[i];
    }
    fixture_write(path, bytes, i);
    assert_refused("truncation", i);
  }
  fixture_write(path, good->bytes, good->size);
  free(bytes);
  assert_intact();
}

static void test_damaged_manifest(void **unused) {
  (void)unused;
  damage(manifest_path, &manifest_bytes);
}

static void test_damaged_log(void **unused) {
  (void)unused;
  damage(log_path, &log_bytes);
}

/* A writer that died while appending: readers do not see it, and the next writer cuts it off. */
static void test_torn_tail(void **unused) {
  (void)unused;
  uint8_t *bytes = malloc(log_bytes.size + 300);
  assert_non_null(bytes);
  memcpy(bytes, log_bytes.bytes, log_bytes.size);
  for (size_t extra = 1; extra <= 300; extra += 13) {
    memset(bytes + log_bytes.size, (int)extra, extra);
    fixture_write(log_path, bytes, log_bytes.size + extra);
    assert_intact();
  }
  hashscan_updater *updater;
  OK(hashscan_updater_open(index_path, &updater, &error));
  const hashscan_entry entry = entry_plain(HASHSCAN_KIND_PDQ, bytes, "l", "v", "i");
  OK(hashscan_updater_add(updater, &entry, &error));
  OK(hashscan_updater_commit(updater, NULL, &error));
  assert_int_equal(updater->base->entries, 32);
  const uint64_t committed = updater->base->manifest.log_size;
  hashscan_updater_close(updater);
  struct buffer after = {0};
  read_whole(log_path, &after);
  assert_int_equal(after.size, committed);
  assert_memory_equal(after.bytes, log_bytes.bytes, log_bytes.size);
  buffer_free(&after);
  free(bytes);
  fixture_write(log_path, log_bytes.bytes, log_bytes.size);
  fixture_write(manifest_path, manifest_bytes.bytes, manifest_bytes.size);
  assert_intact();
}

static void assert_missing(const char *path) {
  char aside[FIXTURE_PATH_SIZE];
  hashscan_index *index;
  fixture_join(aside, folder, "aside");
  assert_int_equal(rename(path, aside), 0);
  assert_int_equal(hashscan_index_open(index_path, &index, &error), HASHSCAN_E_FORMAT);
  assert_non_null(strstr(error.message, "is missing, which MANIFEST names"));
  assert_int_equal(symlink(aside, path), 0);
  assert_int_equal(hashscan_index_open(index_path, &index, &error), HASHSCAN_E_IO);
  assert_int_equal(unlink(path), 0);
  assert_int_equal(rename(aside, path), 0);
  assert_intact();
}

static void test_missing_files(void **unused) {
  (void)unused;
  assert_missing(log_path);
  for (uint32_t i = 0; i < manifest.segment_count; i++) {
    char name[INDEX_SEGMENT_NAME_BYTES];
    char path[FIXTURE_PATH_SIZE];
    index_segment_name(manifest.segments[i].digest, name);
    assert_missing(fixture_join(path, index_path, name));
  }
}

/* ---- Logs that lie ------------------------------------------------------------------------------------------------
 */

/* A log whose records are all there is to them, over two segments of 40 and 20 entries and of one list each. */
#define U32(value) (value) & 255, (value) >> 8 & 255, (value) >> 16 & 255, (value) >> 24 & 255
#define LIE(text, ...)                                                                                                 \
  {                                                                                                                    \
    text, {__VA_ARGS__}, sizeof(const uint8_t[]) {                                                                     \
      __VA_ARGS__                                                                                                      \
    }                                                                                                                  \
  }

struct lie {
  const char *text; /* of the refusal; NULL: this one is fine */
  uint8_t bytes[96];
  size_t size;
};

static const struct lie lies[] = {
    LIE(NULL, U32(LOG_KILL), U32(12), U32(0), U32(39), U32(1)),
    LIE(NULL, U32(LOG_KILL), U32(20), U32(1), U32(0), U32(5), U32(6), U32(14)),
    LIE(NULL, U32(LOG_BITMAP), U32(7), U32(1), 255, 255, 15),
    LIE(NULL, U32(LOG_VERSION), U32(10), U32(1), U32(0), '9', 0),
    LIE("a record is cut short", U32(LOG_KILL), U32(12), U32(0), U32(39)),
    LIE("a record is cut short", U32(LOG_KILL), U32(0xffffffff), U32(0), U32(39), U32(1)),
    LIE("a record is cut short", U32(LOG_KILL), 12),
    LIE("an unknown record", U32(0), U32(0)),
    LIE("an unknown record", U32(6), U32(4), U32(0)),
    LIE("cut short", U32(LOG_KILL), U32(0)),
    LIE("cut short", U32(LOG_KILL), U32(4), U32(0)),
    LIE("cut short", U32(LOG_KILL), U32(11), U32(0), U32(39), 1, 0, 0),
    LIE("a part that does not exist", U32(LOG_KILL), U32(12), U32(2), U32(0), U32(1)),
    LIE("a part that does not exist", U32(LOG_KILL), U32(12), U32(0xfffffffe), U32(0), U32(1)),
    LIE("out of order", U32(LOG_KILL), U32(12), U32(0xffffffff), U32(0), U32(1)),
    LIE("out of order", U32(LOG_KILL), U32(12), U32(0), U32(40), U32(1)),
    LIE("out of order", U32(LOG_KILL), U32(12), U32(0), U32(39), U32(2)),
    LIE("out of order", U32(LOG_KILL), U32(12), U32(0), U32(0xffffffff), U32(2)),
    LIE("out of order", U32(LOG_KILL), U32(12), U32(0), U32(39), U32(0xffffffff)),
    LIE("out of order", U32(LOG_KILL), U32(12), U32(0), U32(3), U32(0)),
    LIE("out of order", U32(LOG_KILL), U32(20), U32(0), U32(3), U32(2), U32(5), U32(1)),
    LIE("out of order", U32(LOG_KILL), U32(20), U32(0), U32(3), U32(2), U32(1), U32(1)),
    LIE("dies twice", U32(LOG_KILL), U32(12), U32(0), U32(3), U32(2), U32(LOG_KILL), U32(12), U32(0), U32(4), U32(1)),
    LIE("dies twice", U32(LOG_KILL), U32(12), U32(1), U32(3), U32(2), U32(LOG_BITMAP), U32(7), U32(1), 8, 0, 0),
    LIE("bitmap", U32(LOG_BITMAP), U32(3), 0, 0, 0),
    LIE("bitmap", U32(LOG_BITMAP), U32(6), U32(1), 1, 0),
    LIE("bitmap", U32(LOG_BITMAP), U32(8), U32(1), 1, 0, 0, 0),
    LIE("bitmap", U32(LOG_BITMAP), U32(7), U32(1), 1, 0, 16),
    LIE("bitmap", U32(LOG_BITMAP), U32(7), U32(2), 1, 0, 0),
    LIE("version is cut short", U32(LOG_VERSION), U32(8), U32(0), U32(0)),
    LIE("version is cut short", U32(LOG_VERSION), U32(9), U32(0), U32(0), '9'),
    LIE("version is cut short", U32(LOG_VERSION), U32(11), U32(0), U32(0), '9', 0, 0),
    LIE("version is cut short", U32(LOG_VERSION), U32(10), U32(0), U32(0), 0xff, 0),
    LIE("does not exist", U32(LOG_VERSION), U32(10), U32(0), U32(1), '9', 0),
    LIE("does not exist", U32(LOG_VERSION), U32(10), U32(2), U32(0), '9', 0),
    LIE("does not exist", U32(LOG_VERSION), U32(10), U32(0xffffffff), U32(0), '9', 0),
    LIE("an entry is cut short", U32(LOG_ADD), U32(4), U32(0)),
    LIE("an entry is cut short", U32(LOG_ADD), U32(15), U32(HASHSCAN_KIND_HASH64), U32(0), 1, 2, 3, 4, 5, 6, 7),
    LIE(NULL, U32(LOG_NUMBERED), U32(27), U32(HASHSCAN_KIND_HASH64), U32(0), U32(0), U32(1), 1, 2, 3, 4, 5, 6, 7, 8, 0,
        0, 0),
    LIE("the number of an entry is 0", U32(LOG_NUMBERED), U32(27), U32(HASHSCAN_KIND_HASH64), U32(0), U32(0), U32(0), 1,
        2, 3, 4, 5, 6, 7, 8, 0, 0, 0),
    LIE("an entry is cut short", U32(LOG_NUMBERED), U32(12), U32(HASHSCAN_KIND_HASH64), U32(0), U32(1)),
    LIE("an entry is cut short", U32(LOG_NUMBERED), U32(23), U32(HASHSCAN_KIND_HASH64), U32(0), U32(1), U32(0), 1, 2, 3,
        4, 5, 6, 7),
    LIE("strings do not fit", U32(LOG_NUMBERED), U32(26), U32(HASHSCAN_KIND_HASH64), U32(0), U32(1), U32(0), 1, 2, 3, 4,
        5, 6, 7, 8, 0, 0),
    LIE("unknown kind", U32(LOG_ADD), U32(8), U32(HASHSCAN_KIND_COUNT), U32(0)),
    LIE("unknown kind", U32(LOG_ADD), U32(8), U32(0xffffffff), U32(0)),
    LIE("strings do not fit", U32(LOG_ADD), U32(20), U32(HASHSCAN_KIND_HASH64), U32(0), 1, 2, 3, 4, 5, 6, 7, 8, 'l', 0,
        'v', 0),
    LIE("strings do not fit", U32(LOG_ADD), U32(21), U32(HASHSCAN_KIND_HASH64), U32(0), 1, 2, 3, 4, 5, 6, 7, 8, 'l', 0,
        'v', 0, 'i'),
    LIE("strings do not fit", U32(LOG_ADD), U32(20), U32(HASHSCAN_KIND_HASH64), U32(0), 1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 0,
        0),
    LIE("strings do not fit", U32(LOG_ADD), U32(20), U32(HASHSCAN_KIND_HASH64), U32(0xffffffff), 1, 2, 3, 4, 5, 6, 7, 8,
        0, 0, 0, 0),
    LIE("strings do not fit", U32(LOG_ADD), U32(19), U32(HASHSCAN_KIND_HASH64), U32(1), 1, 2, 3, 4, 5, 6, 7, 8, 0, 0,
        0),
    LIE("strings do not fit", U32(LOG_ADD), U32(20), U32(HASHSCAN_KIND_HASH64), U32(0), 1, 2, 3, 4, 5, 6, 7, 8, 0xc0, 0,
        0, 0),
};

static void load_parts(struct part parts[2]) {
  for (unsigned i = 0; i < 2; i++) {
    char name[INDEX_SEGMENT_NAME_BYTES];
    char path[FIXTURE_PATH_SIZE];
    index_segment_name(manifest.segments[i].digest, name);
    parts[i] = (struct part){0};
    assert_int_equal(file_map_open(AT_FDCWD, ".", fixture_join(path, index_path, name), &parts[i].map, &error),
                     HASHSCAN_SUCCESS);
    OK(index_segment_validate("s", parts[i].map.bytes, parts[i].map.size, &parts[i].segment, &error));
  }
}

static void check_lie(const struct lie *lie) {
  struct part parts[2];
  struct log_entries entries = {0};
  struct log_writer log = {0};
  load_parts(parts);
  log_put_header(&log);
  log_put(&log, lie->bytes, lie->size);
  struct guard copy = guard_alloc(log.bytes.size);
  memcpy(copy.bytes, log.bytes.bytes, log.bytes.size);
  const hashscan_code code = log_replay("s", copy.bytes, log.bytes.size, parts, 2, &entries, &error);
  if (lie->text == NULL) {
    if (code != HASHSCAN_SUCCESS) fail_msg("record %zu: %s", (size_t)(lie - lies), error.message);
  } else if (code != HASHSCAN_E_FORMAT || strstr(error.message, lie->text) == NULL) {
    fail_msg("lie %zu: code %d, '%s' lacks '%s'", (size_t)(lie - lies), (int)code, error.message, lie->text);
  }
  guard_free(&copy);
  buffer_free(&log.bytes);
  log_entries_free(&entries);
  for (unsigned i = 0; i < 2; i++) part_release(&parts[i]);
}

static void test_lying_logs(void **unused) {
  (void)unused;
  for (size_t i = 0; i < sizeof lies / sizeof *lies; i++) check_lie(&lies[i]);
}

static void check_header(size_t at, uint8_t value, hashscan_code expected, const char *text) {
  struct log_writer log = {0};
  struct log_entries entries = {0};
  log_put_header(&log);
  log.bytes.bytes[at] = value;
  assert_int_equal(log_replay("s", log.bytes.bytes, log.bytes.size, NULL, 0, &entries, &error), expected);
  if (text != NULL) assert_non_null(strstr(error.message, text));
  assert_int_equal(log_replay("s", log.bytes.bytes, LOG_HEADER_BYTES - 1, NULL, 0, &entries, &error),
                   HASHSCAN_E_FORMAT);
  buffer_free(&log.bytes);
}

static void test_log_headers(void **unused) {
  (void)unused;
  check_header(0, 0x89, HASHSCAN_SUCCESS, NULL);
  check_header(7, 'S', HASHSCAN_E_FORMAT, "does not begin");
  check_header(8, 1, HASHSCAN_E_VERSION, "format version 1;");
  check_header(8, 2, HASHSCAN_SUCCESS, NULL);
  check_header(8, 4, HASHSCAN_E_VERSION, "format version 4;");
  check_header(12, 1, HASHSCAN_E_FORMAT, "reserved byte");
}

/* The records of version 2 know no numbers. */
static void test_numbers_in_an_old_log(void **unused) {
  (void)unused;
  static const uint8_t hash[8] = {1};
  struct log_writer log = {0};
  struct log_entries entries = {0};
  const struct list_entry entry = {
      .kind = HASHSCAN_KIND_HASH64, .hash = hash, .list = "l", .version = "", .id = "", .number = 3};
  log_put_header(&log);
  log_put_entry(&log, &entry);
  OK(log_replay("s", log.bytes.bytes, log.bytes.size, NULL, 0, &entries, &error));
  assert_int_equal(entries.count, 1);
  log_entries_free(&entries);
  log.bytes.bytes[INDEX_MAGIC_BYTES] = 2;
  assert_int_equal(log_replay("s", log.bytes.bytes, log.bytes.size, NULL, 0, &entries, &error), HASHSCAN_E_FORMAT);
  assert_non_null(strstr(error.message, "unknown record"));
  log_entries_free(&entries);
  buffer_free(&log.bytes);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_damaged_manifest),
                                     cmocka_unit_test(test_damaged_log),
                                     cmocka_unit_test(test_torn_tail),
                                     cmocka_unit_test(test_missing_files),
                                     cmocka_unit_test(test_lying_logs),
                                     cmocka_unit_test(test_log_headers),
                                     cmocka_unit_test(test_numbers_in_an_old_log)};
  return cmocka_run_group_tests(tests, make_index, remove_index);
}
