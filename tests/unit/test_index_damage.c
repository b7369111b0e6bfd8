/* SPDX-License-Identifier: Apache-2.0 */
/* What opening an index must refuse: every flipped byte, every truncation, missing and foreign files, and contents that
 * lie although their digests are right. */
#include <errno.h>
#include <fcntl.h>
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
#include "../support/fixture.h"
#include "../support/guard.h"
#include "../support/seal.h"
#include "base/file_read.h"
#include "index/build/segment_writer.h"
#include "index/format/manifest.h"
#include "index/format/segment.h"
#include "index/search/log.h"

#define MANIFEST_BYTES (INDEX_MANIFEST_FIXED_BYTES + INDEX_MANIFEST_ROW_BYTES) /* one segment */

static char folder[FIXTURE_PATH_SIZE];
static char index_path[FIXTURE_PATH_SIZE];
static char manifest_path[FIXTURE_PATH_SIZE];
static char segment_path[FIXTURE_PATH_SIZE];
static struct buffer manifest;
static struct buffer segment;
static hashscan_error error;

/* Two rows of PDQ, three of MD5, none of SHA-1, one of SHA-256; two lists; two label sets. */
static const char list_a[] = "hash,kind,id,labels,number\n"
                             "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff,pdq,p0,x;y,1\n"
                             "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff,pdq,p1,,\n"
                             "f0112233445566778899aabbccddeeff00112233445566778899aabbccddeeff,pdq,p2,x;y,\n"
                             "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff,sha256,s,z,\n";
static const char list_b[] = "10112233445566778899aabbccddeeff\n"
                             "20112233445566778899aabbccddeeff\n"
                             "a0112233445566778899aabbccddeeff\n";

static void read_whole(const char *path, struct buffer *buffer) {
  char reason[160];
  assert_int_equal(file_read(AT_FDCWD, path, UINT64_MAX, buffer, reason), HASHSCAN_STATUS_OK);
}

static void add_list(hashscan_builder *builder, const char *name, const char *text) {
  assert_int_equal(hashscan_builder_add_list_bytes(builder, name, text, strlen(text), NULL, NULL, &error),
                   HASHSCAN_SUCCESS);
}

static int make_index(void **unused) {
  (void)unused;
  fixture_folder(folder);
  fixture_join(index_path, folder, "index");
  hashscan_builder *builder;
  assert_int_equal(hashscan_builder_create(&builder, &error), HASHSCAN_SUCCESS);
  add_list(builder, "a", list_a);
  add_list(builder, "b", list_b);
  assert_int_equal(hashscan_builder_write(builder, index_path, &error), HASHSCAN_SUCCESS);
  hashscan_builder_destroy(builder);
  fixture_join(manifest_path, index_path, "MANIFEST");
  read_whole(manifest_path, &manifest);
  struct manifest decoded;
  char name[INDEX_SEGMENT_NAME_BYTES];
  assert_int_equal(manifest_decode("m", manifest.bytes, manifest.size, &decoded, &error), HASHSCAN_SUCCESS);
  index_segment_name(decoded.segments[0].digest, name);
  fixture_join(segment_path, index_path, name);
  read_whole(segment_path, &segment);
  return 0;
}

static int remove_index(void **unused) {
  (void)unused;
  buffer_free(&manifest);
  buffer_free(&segment);
  fixture_remove(folder);
  return 0;
}

/* Opening is refused with FORMAT or VERSION, and a message that names the index. */
static void assert_refused(const char *what, size_t at) {
  hashscan_index *index;
  const hashscan_code code = hashscan_index_open(index_path, &index, &error);
  if (code != HASHSCAN_E_FORMAT && code != HASHSCAN_E_VERSION)
    fail_msg("%s at %zu: %s", what, at, hashscan_code_name(code));
  assert_null(index);
  assert_non_null(strstr(error.message, index_path));
}

static void assert_opens(void) {
  hashscan_index *index;
  assert_int_equal(hashscan_index_open(index_path, &index, &error), HASHSCAN_SUCCESS);
  hashscan_index_close(index);
}

static void damage(const char *path, const struct buffer *good) {
  uint8_t *bytes = malloc(good->size + 64);
  assert_non_null(bytes);
  memcpy(bytes, good->bytes, good->size);
  memset(bytes + good->size, 0, 64);
  for (size_t i = 0; i < good->size; i++) {
    bytes[i] ^= (uint8_t)(1u << i % 8);
    fixture_write(path, bytes, good->size);
    assert_refused("flipped bit", i);
    bytes[i] = (uint8_t)~good->bytes[i];
    fixture_write(path, bytes, good->size);
    assert_refused("flipped byte", i);
    bytes[i] = good->bytes[i];
    fixture_write(path, bytes, i);
    assert_refused("truncation", i);
  }
  for (size_t extra = 1; extra <= 64; extra++) {
    fixture_write(path, bytes, good->size + extra);
    assert_refused("extra bytes", extra);
  }
  fixture_write(path, good->bytes, good->size);
  assert_opens();
  free(bytes);
}

static void test_damaged_manifest(void **unused) {
  (void)unused;
  damage(manifest_path, &manifest);
}

static void test_damaged_segment(void **unused) {
  (void)unused;
  damage(segment_path, &segment);
}

static void assert_message(const char *path, hashscan_code code, const char *text) {
  hashscan_index *index;
  assert_int_equal(hashscan_index_open(path, &index, &error), code);
  assert_null(index);
  if (strstr(error.message, text) == NULL) fail_msg("'%s' lacks '%s'", error.message, text);
}

static void test_folders(void **unused) {
  (void)unused;
  char path[FIXTURE_PATH_SIZE];
  assert_message(fixture_join(path, folder, "absent"), HASHSCAN_E_IO, strerror(ENOENT));
  fixture_write(fixture_join(path, folder, "file"), "", 0);
  assert_message(path, HASHSCAN_E_FORMAT, "an index is a folder");
  assert_message(folder, HASHSCAN_E_FORMAT, "has no MANIFEST");
  assert_int_equal(hashscan_index_open(NULL, NULL, &error), HASHSCAN_E_ARGUMENT);

  fixture_write(manifest_path, "", 0);
  assert_message(index_path, HASHSCAN_E_FORMAT, "MANIFEST is empty");
  assert_int_equal(unlink(manifest_path), 0);
  assert_int_equal(mkfifo(manifest_path, 0600), 0);
  assert_message(index_path, HASHSCAN_E_IO, "MANIFEST");
  assert_int_equal(unlink(manifest_path), 0);
  fixture_write(manifest_path, manifest.bytes, manifest.size);

  assert_int_equal(unlink(segment_path), 0);
  assert_message(index_path, HASHSCAN_E_FORMAT, "is missing");
  assert_int_equal(symlink(fixture_join(path, folder, "elsewhere"), segment_path), 0);
  fixture_write(path, segment.bytes, segment.size);
  assert_message(index_path, HASHSCAN_E_IO, strerror(ELOOP));
  assert_int_equal(unlink(segment_path), 0);
  fixture_write(segment_path, "", 0);
  assert_message(index_path, HASHSCAN_E_FORMAT, "the segment is empty");
  fixture_write(segment_path, manifest.bytes, manifest.size);
  assert_message(index_path, HASHSCAN_E_FORMAT, "does not begin");
  fixture_write(segment_path, segment.bytes, segment.size);
  assert_opens();
}

static void test_versions(void **unused) {
  (void)unused;
  uint8_t bytes[MANIFEST_BYTES];
  memcpy(bytes, manifest.bytes, sizeof bytes);
  store_u32(bytes + INDEX_HEADER_VERSION, 7);
  seal_header(bytes, sizeof bytes, sizeof bytes);
  fixture_write(manifest_path, bytes, sizeof bytes);
  assert_message(index_path, HASHSCAN_E_VERSION, "MANIFEST has format version 7; hashscan ");
  fixture_write(manifest_path, manifest.bytes, manifest.size);
}

/* A MANIFEST whose digest is right and whose content is not. */
static void check_manifest(size_t offset, uint8_t value, const char *text) {
  uint8_t bytes[MANIFEST_BYTES];
  memcpy(bytes, manifest.bytes, sizeof bytes);
  bytes[offset] = value;
  seal_header(bytes, sizeof bytes, sizeof bytes);
  fixture_write(manifest_path, bytes, sizeof bytes);
  assert_message(index_path, HASHSCAN_E_FORMAT, text);
  fixture_write(manifest_path, manifest.bytes, manifest.size);
}

static void test_lying_manifest(void **unused) {
  (void)unused;
  const size_t row = INDEX_MANIFEST_FIXED_BYTES;
  check_manifest(INDEX_HEADER_COUNT, 0, "another number of segments");
  check_manifest(INDEX_HEADER_COUNT, 2, "another number of segments");
  check_manifest(INDEX_HEADER_COUNT, 255, "another number of segments");
  check_manifest(INDEX_HEADER_ZEROS + 15, 1, "reserved byte");
  check_manifest(INDEX_HEADER_ENTRIES, 99, "in two ways");
  check_manifest(INDEX_HEADER_BYTES, 1, "half a log");      /* a name and no size */
  check_manifest(INDEX_HEADER_BYTES + 8, 99, "half a log"); /* a size and no name */
  check_manifest(INDEX_HEADER_BYTES + 16, 1, "half a log"); /* a digest and no name */
  check_manifest(INDEX_HEADER_BYTES + 32, 1, "reserved byte");
  check_manifest(row - 1, 1, "reserved byte");
  check_manifest(row, 0x55, "is missing");
  check_manifest(row + 15, 0x55, "not the one that MANIFEST names"); /* outside of the name's half */
  check_manifest(row + 16, 0x55, "not the one that MANIFEST names");
  check_manifest(row + 31, 0x55, "too large");
}

/* ---- Segments that lie ----------------------------------------------------------------------------------------- */

/* A change to a valid segment, which is sealed and must be refused with `text`. */
struct lie {
  unsigned section; /* INDEX_SECTION_COUNT: `offset` counts from the start of the file */
  size_t offset;
  uint64_t value;
  unsigned bytes; /* of `value`: 1, 4 or 8 */
  const char *text;
};

#define MD5_SECTION(part) (HASHSCAN_KIND_MD5 * INDEX_KIND_SECTIONS + (part))
#define SHA1_SECTION(part) (HASHSCAN_KIND_SHA1 * INDEX_KIND_SECTIONS + (part))
#define TABLE(section, field) (INDEX_HEADER_BYTES + (section)*INDEX_TABLE_ROW_BYTES + (field))
#define FILE_START INDEX_SECTION_COUNT

static const struct lie lies[] = {
    {FILE_START, INDEX_HEADER_COUNT, 15, 4, "a section is missing"},
    {FILE_START, INDEX_HEADER_ZEROS, 1, 1, "reserved byte"},
    {FILE_START, INDEX_HEADER_ENTRIES, 8, 8, "its counts disagree"},
    {FILE_START, TABLE(0, 0), 7, 4, "an unknown section"},
    {FILE_START, TABLE(0, 4), 31, 4, "an unknown section"},
    {FILE_START, TABLE(0, 8), 0, 8, "out of place"},
    {FILE_START, TABLE(0, 8), UINT64_MAX - 63, 8, "out of place"},
    {FILE_START, TABLE(0, 16), UINT64_MAX, 8, "out of place"},
    {FILE_START, TABLE(0, 16), (uint64_t)1 << 59, 8, "out of place"},
    {FILE_START, TABLE(0, 16), 3, 8, "out of place"},
    {FILE_START, TABLE(INDEX_NUMBERS, 16), 0, 8, "bytes after the last section"},
    {INDEX_PREFIX, 8, 1, 1, "between sections"},
    {INDEX_ROWS, 0, 0xff, 1, "hashes are out of order"},
    {INDEX_ROWS, 32, 0x00, 1, "hashes are out of order"},
    {INDEX_STARTS, 0, 1, 4, "not accounted for"},
    {INDEX_STARTS, 4, 0, 4, "no entries or too many"},
    {INDEX_STARTS, 8, 0xfffffff0, 4, "no entries or too many"},
    {INDEX_PREFIX, 0, 1, 4, "does not cover"},
    {INDEX_PREFIX, 4, 1, 4, "does not cover"},
    {MD5_SECTION(INDEX_ROWS), 0, 0x90, 1, "hashes are out of order"},
    {MD5_SECTION(INDEX_PREFIX), 0, 1, 4, "does not cover"},
    {MD5_SECTION(INDEX_PREFIX), 4, 1, 4, "names the wrong rows"},
    {MD5_SECTION(INDEX_PREFIX), 4, 3, 4, "names the wrong rows"},
    {MD5_SECTION(INDEX_PREFIX), 4, 4, 4, "out of order"},
    {MD5_SECTION(INDEX_PREFIX), 4, 0xffffffff, 4, "out of order"},
    {MD5_SECTION(INDEX_STARTS), 0, 2, 4, "not accounted for"},
    {MD5_SECTION(INDEX_STARTS), 12, 5, 4, "no entries or too many"},
    {SHA1_SECTION(INDEX_STARTS), 0, 0, 4, "not accounted for"},
    {SHA1_SECTION(INDEX_STARTS), 0, 7, 4, "not accounted for"},
    {INDEX_ENTRIES, INDEX_ENTRY_ID, UINT64_MAX, 8, "an id points outside"},
    {INDEX_ENTRIES, INDEX_ENTRY_ID, 4, 8, "an id points outside"}, /* into the middle of "y" and its terminator */
    {INDEX_ENTRIES, INDEX_ENTRY_LIST, 2, 2, "a list that does not exist"},
    {INDEX_ENTRIES, INDEX_ENTRY_LIST, 1, 2, "another number of entries"},
    {INDEX_ENTRIES, INDEX_ENTRY_LABELS, 3, 4, "a label set that does not exist"},
    {INDEX_LISTS, INDEX_LIST_NAME, (uint64_t)1 << 40, 8, "a list points outside"},
    {INDEX_LISTS, INDEX_LIST_VERSION, (uint64_t)1 << 40, 8, "a list points outside"},
    {INDEX_LISTS, INDEX_LIST_ENTRIES, 5, 8, "another number of entries"},
    {INDEX_LABEL_SETS, INDEX_LABEL_SET_COUNT, 1, 4, "label sets are out of order"},
    {INDEX_LABEL_SETS, INDEX_LABEL_SET_BYTES, UINT64_MAX, 8, "a label set points outside"},
    {INDEX_LABEL_SETS, INDEX_LABEL_SET_BYTES + INDEX_LABEL_SET_COUNT, 0, 4, "label sets are out of order"},
    {INDEX_LABEL_SETS, INDEX_LABEL_SET_BYTES + INDEX_LABEL_SET_COUNT, 0xffffffff, 4, "runs past the strings"},
    {INDEX_LABEL_SETS, 2 * INDEX_LABEL_SET_BYTES, 1, 8, "label sets are out of order"},
    {INDEX_STRINGS, 0, 'x', 1, "not terminated"},
    {INDEX_STRINGS, 1, 0xff, 1, "not UTF-8"},
};

static void check_lie(const struct lie *lie) {
  struct guard copy = guard_alloc(segment.size);
  memcpy(copy.bytes, segment.bytes, segment.size);
  uint64_t start = 0;
  if (lie->section < INDEX_SECTION_COUNT) start = load_u64(copy.bytes + TABLE(lie->section, 8));
  uint8_t value[8];
  store_u64(value, lie->value);
  memcpy(copy.bytes + start + lie->offset, value, lie->bytes);
  seal_segment(copy.bytes, segment.size);
  struct segment view;
  const hashscan_code code = index_segment_validate("s", copy.bytes, segment.size, &view, &error);
  if (code != HASHSCAN_E_FORMAT || strstr(error.message, lie->text) == NULL)
    fail_msg("lie %zu: code %d, '%s' lacks '%s'", (size_t)(lie - lies), (int)code,
             code == HASHSCAN_SUCCESS ? "" : error.message, lie->text);
  guard_free(&copy);
}

static void test_lying_segment(void **unused) {
  (void)unused;
  for (size_t i = 0; i < sizeof lies / sizeof *lies; i++) check_lie(&lies[i]);
}

/* A list's name may be as long as FORMAT.md says, wherever it stands: names are copied for each list of an index. */
static void test_long_list_names(void **unused) {
  (void)unused;
  static char name[HASHSCAN_MAX_LIST_NAME + 2];
  static const uint8_t hash[32] = {1};
  memset(name, 'n', sizeof name - 1);
  hashscan_builder *builder;
  assert_int_equal(hashscan_builder_create(&builder, &error), HASHSCAN_SUCCESS);
  hashscan_entry entry = entry_plain(HASHSCAN_KIND_PDQ, hash, name, "v", name);
  assert_int_equal(hashscan_builder_add(builder, &entry, &error), HASHSCAN_E_LIMIT);
  entry = entry_plain(HASHSCAN_KIND_PDQ, hash, "l", name, name);
  assert_int_equal(hashscan_builder_add(builder, &entry, &error), HASHSCAN_E_LIMIT);
  struct log_writer log = {0};
  struct log_entries entries = {0};
  log_put_header(&log);
  log_put_entry(&log,
                &(struct list_entry){.kind = HASHSCAN_KIND_PDQ, .hash = hash, .list = "l", .version = name, .id = "i"});
  assert_int_equal(log_replay("l", log.bytes.bytes, log.bytes.size, NULL, 0, &entries, &error), HASHSCAN_E_FORMAT);
  assert_non_null(strstr(error.message, "too long"));
  log_entries_free(&entries);
  buffer_free(&log.bytes);
  entry = entry_plain(HASHSCAN_KIND_PDQ, hash, name + 1, name + 1, name);
  assert_int_equal(hashscan_builder_add(builder, &entry, &error), HASHSCAN_SUCCESS);

  struct buffer bytes = {0};
  struct segment view;
  assert_int_equal(builder_sort(builder, &error), HASHSCAN_SUCCESS);
  assert_int_equal(segment_encode(builder, &bytes, &error), HASHSCAN_SUCCESS);
  hashscan_builder_destroy(builder);
  assert_int_equal(index_segment_validate("s", bytes.bytes, bytes.size, &view, &error), HASHSCAN_SUCCESS);
  const size_t lists = (size_t)load_u64(bytes.bytes + TABLE(INDEX_LISTS, 8));
  const size_t stored = (size_t)load_u64(bytes.bytes + TABLE(INDEX_ENTRIES, 8));
  store_u64(bytes.bytes + lists + INDEX_LIST_VERSION, load_u64(bytes.bytes + stored + INDEX_ENTRY_ID));
  seal_segment(bytes.bytes, bytes.size);
  assert_int_equal(index_segment_validate("s", bytes.bytes, bytes.size, &view, &error), HASHSCAN_E_FORMAT);
  assert_non_null(strstr(error.message, "too long"));
  buffer_free(&bytes);
}

/* The last byte of the strings ends every string. */
static void test_unterminated(void **unused) {
  (void)unused;
  const uint64_t strings = load_u64(segment.bytes + TABLE(INDEX_STRINGS, 16));
  const struct lie lie = {INDEX_STRINGS, (size_t)strings - 1, 'x', 1, "not terminated"};
  check_lie(&lie);
}

/* Every entry has a number or none has. */
static void test_one_number_too_few(void **unused) {
  (void)unused;
  assert_int_equal(load_u64(segment.bytes + TABLE(INDEX_NUMBERS, 16)), 7);
  struct guard copy = guard_alloc(segment.size - 8);
  struct segment view;
  memcpy(copy.bytes, segment.bytes, segment.size - 8);
  store_u64(copy.bytes + TABLE(INDEX_NUMBERS, 16), 6);
  seal_segment(copy.bytes, segment.size - 8);
  assert_int_equal(index_segment_validate("s", copy.bytes, segment.size - 8, &view, &error), HASHSCAN_E_FORMAT);
  assert_non_null(strstr(error.message, "its counts disagree"));
  guard_free(&copy);
}

/* Sealing an unchanged segment changes nothing, so the refusals above are for the lies. */
static void test_seal(void **unused) {
  (void)unused;
  struct guard copy = guard_alloc(segment.size);
  memcpy(copy.bytes, segment.bytes, segment.size);
  seal_segment(copy.bytes, segment.size);
  assert_memory_equal(copy.bytes, segment.bytes, segment.size);
  struct segment view;
  assert_int_equal(index_segment_validate("s", copy.bytes, segment.size, &view, &error), HASHSCAN_SUCCESS);
  assert_int_equal(view.entry_count, 7);
  guard_free(&copy);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_damaged_manifest), cmocka_unit_test(test_damaged_segment),
                                     cmocka_unit_test(test_folders),          cmocka_unit_test(test_versions),
                                     cmocka_unit_test(test_lying_manifest),   cmocka_unit_test(test_lying_segment),
                                     cmocka_unit_test(test_unterminated),     cmocka_unit_test(test_one_number_too_few),
                                     cmocka_unit_test(test_long_list_names),  cmocka_unit_test(test_seal)};
  return cmocka_run_group_tests(tests, make_index, remove_index);
}
