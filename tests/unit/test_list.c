/* SPDX-License-Identifier: Apache-2.0 */
/* Hash lists: what each format gives and refuses, message by message, and a speed line. */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../support/fixture.h"
#include "../support/guard.h"
#include "base/clock.h"
#include "list/list.h"

#define MD5 "0123456789abcdef0123456789abcdef"
#define SHA1 MD5 "01234567"
#define PDQ MD5 MD5
#define PDQ2 "ff23456789abcdef0123456789abcdef" MD5

/* Entries as lines "list/version kind hash id [label]...", to compare with a literal. */
struct transcript {
  char text[4096];
  size_t used;
  uint64_t refuse_after;
  uint64_t entries;
};

static struct transcript transcript;
static hashscan_list_report report = HASHSCAN_LIST_REPORT_INIT;
static hashscan_error error;

static void write_text(struct transcript *out, const char *text) {
  out->used += (size_t)snprintf(out->text + out->used, sizeof out->text - out->used, "%s", text);
  assert_true(out->used < sizeof out->text);
}

static hashscan_code record(void *user, const struct list_entry *entry, hashscan_error *sink_error) {
  struct transcript *out = user;
  char hex[HASHSCAN_MAX_HEX];
  if (out->refuse_after != 0 && out->entries == out->refuse_after) {
    sink_error->code = HASHSCAN_E_LIMIT;
    return HASHSCAN_E_LIMIT;
  }
  out->entries++;
  hashscan_hex_encode(entry->hash, hashscan_kind_bytes(entry->kind), hex);
  write_text(out, hashscan_kind_name(entry->kind));
  write_text(out, " ");
  write_text(out, hex);
  write_text(out, " ");
  write_text(out, entry->id);
  const char *label = entry->labels;
  for (size_t i = 0; i < entry->label_count; i++, label += strlen(label) + 1) {
    write_text(out, " [");
    write_text(out, label);
    write_text(out, "]");
  }
  if (entry->number != 0) {
    char number[24];
    snprintf(number, sizeof number, " #%" PRIu64, entry->number);
    write_text(out, number);
  }
  write_text(out, "\n");
  return HASHSCAN_SUCCESS;
}

/* The list lies at the end of a page: reading one byte past it faults. */
static hashscan_code read_bytes(const void *bytes, size_t size, const hashscan_list_options *options) {
  struct guard guard = guard_alloc(size);
  if (size > 0) memcpy(guard.bytes, bytes, size);
  memset(&transcript, 0, sizeof transcript);
  memset(&error, 0, sizeof error);
  const hashscan_code code = list_read("lists/a.txt", guard.bytes, size, options, record, &transcript, &report, &error);
  guard_free(&guard);
  return code;
}

static void assert_reads_with(const char *list, const hashscan_list_options *options, const char *entries) {
  const hashscan_code code = read_bytes(list, strlen(list), options);
  assert_string_equal(error.message, "");
  assert_int_equal(code, HASHSCAN_SUCCESS);
  assert_string_equal(transcript.text, entries);
  assert_int_equal(report.entries, transcript.entries);
  assert_int_equal(report.first_bad.code, HASHSCAN_SUCCESS);
}

static void assert_reads(const char *list, const char *entries) {
  assert_reads_with(list, NULL, entries);
}

static void assert_fails_with(const char *list, const hashscan_list_options *options, const char *message) {
  assert_int_equal(read_bytes(list, strlen(list), options), HASHSCAN_E_FORMAT);
  assert_string_equal(error.message, message);
  assert_int_equal(error.code, HASHSCAN_E_FORMAT);
  assert_string_equal(report.first_bad.message, message);
  assert_null(strstr(message, "0123456789abc"));
}

static void assert_fails(const char *list, const char *message) {
  assert_fails_with(list, NULL, message);
}

static hashscan_list_options skipping(void) {
  hashscan_list_options options = HASHSCAN_LIST_OPTIONS_INIT;
  options.skip_bad_lines = 1;
  return options;
}

/* Reads with skip_bad_lines: these entries, this many lines and bad lines, and the first bad one. */
static void assert_skips(const char *list, const char *entries, uint64_t lines, uint64_t bad, const char *first) {
  const hashscan_list_options options = skipping();
  assert_int_equal(read_bytes(list, strlen(list), &options), HASHSCAN_SUCCESS);
  assert_string_equal(transcript.text, entries);
  assert_int_equal(report.lines, lines);
  assert_int_equal(report.bad_lines, bad);
  assert_string_equal(report.first_bad.message, first);
}

/* ---- Text ------------------------------------------------------------------------------------------------------ */

static void test_text(void **unused) {
  (void)unused;
  assert_reads("", "");
  assert_int_equal(report.lines, 0);
  assert_reads("\n\n", "");
  assert_int_equal(report.lines, 2);
  assert_reads(MD5 "\n" SHA1 "\n" PDQ "\n", "md5 " MD5 " \nsha1 " SHA1 " \npdq " PDQ " \n");
  assert_int_equal(report.lines, 3);
  assert_reads(MD5, "md5 " MD5 " \n");
  assert_int_equal(report.lines, 1);
  assert_reads("\xef\xbb\xbf# list\r\n\r\n \t" MD5 " \r\n#" MD5 "\r\n" MD5 " # note\r\n" MD5 "\t#\r",
               "md5 " MD5 " \nmd5 " MD5 " \nmd5 " MD5 " \n");
  assert_reads("0123456789ABCDEF0123456789AbCdEf\n", "md5 " MD5 " \n");
  assert_reads("# \xff not UTF-8, but a comment\n" MD5, "md5 " MD5 " \n");
}

static void test_text_kind(void **unused) {
  (void)unused;
  hashscan_list_options options = HASHSCAN_LIST_OPTIONS_INIT;
  options.has_kind = 1;
  options.kind = HASHSCAN_KIND_SHA256;
  assert_reads_with(PDQ "\n", &options, "sha256 " PDQ " \n");
  assert_fails_with(MD5 "\n", &options, "lists/a.txt:1: 32 hex digits where sha256 has 64");
  options.kind = HASHSCAN_KIND_PDQ;
  assert_fails_with(SHA1 "\n", &options, "lists/a.txt:1: 40 hex digits where pdq has 64");
}

static void test_text_bad(void **unused) {
  (void)unused;
  assert_fails(MD5 "\n\nxyz\n", "lists/a.txt:3: not a hex digit at character 1 of the hash");
  assert_int_equal(report.entries, 1);
  assert_int_equal(report.lines, 3);
  assert_fails(MD5 "0\n", "lists/a.txt:1: 33 hex digits; 16 (hash64), 32 (md5), 40 (sha1) or 64 (pdq) are expected");
  assert_fails("0123456789abcdef0123456789abcdeg", "lists/a.txt:1: not a hex digit at character 32 of the hash");
  assert_fails(MD5 "#glued\n", "lists/a.txt:1: not a hex digit at character 33 of the hash");
  assert_fails(MD5 " " MD5 "\n", "lists/a.txt:1: not a hex digit at character 33 of the hash");
  const char nul[] = MD5 " # \0";
  assert_int_equal(read_bytes(nul, sizeof nul, NULL), HASHSCAN_E_FORMAT);
  assert_string_equal(error.message, "lists/a.txt:1: a NUL byte (raw bytes need the format binary)");
  assert_skips("x\n" MD5 "\n" MD5 "00\n" SHA1, "md5 " MD5 " \nsha1 " SHA1 " \n", 4, 2,
               "lists/a.txt:1: not a hex digit at character 1 of the hash");
}

static void test_long_lines(void **unused) {
  (void)unused;
  const size_t size = LIST_MAX_LINE + 2;
  char *line = malloc(size + 1);
  assert_non_null(line);
  memset(line, '#', size);
  line[size] = '\0';
  line[LIST_MAX_LINE] = '\n';
  line[LIST_MAX_LINE + 1] = '\n';
  assert_reads(line, "");
  line[LIST_MAX_LINE] = '#';
  assert_fails(line, "lists/a.txt:1: longer than 1048576 bytes");

  /* A record with its line end just fits, quoted or not, or is one byte too long. */
  for (int quoted = 0; quoted < 2; quoted++) {
    for (size_t record_size = LIST_MAX_LINE - 1; record_size <= LIST_MAX_LINE + 1; record_size++) {
      const char header[] = "md5,note\n";
      const char start[] = MD5 ",";
      char *list = malloc(sizeof header + record_size + 8);
      assert_non_null(list);
      memcpy(list, header, sizeof header - 1);
      char *record_start = list + sizeof header - 1;
      memset(record_start, 'n', record_size);
      memcpy(record_start, start, sizeof start - 1);
      if (quoted) record_start[sizeof start - 1] = record_start[record_size - 1] = '"';
      strcpy(record_start + record_size, "\r\n");
      if (record_size <= LIST_MAX_LINE) assert_reads(list, "md5 " MD5 " \n");
      else assert_fails(list, "lists/a.txt:2: longer than 1048576 bytes");
      free(list);
    }
  }
  free(line);
}

/* ---- CSV ------------------------------------------------------------------------------------------------------- */

static void test_csv(void **unused) {
  (void)unused;
  assert_reads("hash\n", "");
  assert_reads("hash,id\n" MD5 ",7f\n" PDQ ",\n", "md5 " MD5 " 7f\npdq " PDQ " \n");
  assert_reads("# from somewhere\n\nLabels , ID,note,Kind,HASH\n"
               "b; a b ;;c;,\xc3\xa9,ignored,sha256," PDQ "\r\n"
               ";,2,,, " PDQ " \n"
               "\n"
               ",3,,SHA1," SHA1,
               "sha256 " PDQ " \xc3\xa9 [b] [a b] [c]\npdq " PDQ " 2\nsha1 " SHA1 " 3\n");
  assert_int_equal(report.lines, 7);
  assert_reads("hash,number\n" MD5 ", 18446744073709551615 \n" MD5 ",\n" MD5 ",007\n",
               "md5 " MD5 "  #18446744073709551615\nmd5 " MD5 " \nmd5 " MD5 "  #7\n");
  assert_reads("id,md5,sha1,sha256,pdq,labels\nx," MD5 "," SHA1 "," PDQ2 "," PDQ ",L\ny,,," PDQ ",,\n",
               "pdq " PDQ " x [L]\nmd5 " MD5 " x [L]\nsha1 " SHA1 " x [L]\nsha256 " PDQ2 " x [L]\nsha256 " PDQ " y\n");
  assert_reads("\xef\xbb\xbf\"hash\",\"id\",\"labels\"\r\n\"" MD5 "\",\"a,\"\"b\"\"\r\nc\",\"x;y\"\r\n",
               "md5 " MD5 " a,\"b\"\r\nc [x] [y]\n");
  assert_int_equal(report.lines, 3);
}

static void test_csv_kind(void **unused) {
  (void)unused;
  hashscan_list_options options = HASHSCAN_LIST_OPTIONS_INIT;
  options.has_kind = 1;
  options.kind = HASHSCAN_KIND_SHA256;
  assert_reads_with("hash,kind,md5\n" PDQ ",,\n" PDQ ",pdq," MD5 "\n", &options,
                    "sha256 " PDQ " \nmd5 " MD5 " \npdq " PDQ " \n");
}

static void test_csv_bad(void **unused) {
  (void)unused;
  assert_fails("hash,number\n" MD5 ",18446744073709551616\n",
               "lists/a.txt:2: the number is not a whole number of at most 64 bits");
  assert_fails("hash,number\n" MD5 ",-1\n", "lists/a.txt:2: the number is not a whole number of at most 64 bits");
  assert_fails("hash,number\n" MD5 ",1 2\n", "lists/a.txt:2: the number is not a whole number of at most 64 bits");
  assert_fails("id,labels\nx,y\n",
               "lists/a.txt:1: the header has none of the columns hash, pdq, md5, sha1, sha256, hash64");
  assert_fails("#\nhash,id,Hash\n", "lists/a.txt:2: the header names a column twice");
  assert_fails("hash,id,\"no\n", "lists/a.txt:1: a quoted field has no closing quote");
  assert_fails("hash,\"x\ny\"\n", "lists/a.txt:1: a line break inside the header");
  assert_fails("hash,id\n" MD5 "\n", "lists/a.txt:2: 1 fields where the header has 2");
  assert_fails("hash,id\n" MD5 ",a,b\n", "lists/a.txt:2: 3 fields where the header has 2");
  assert_fails("hash,id\n,a\n", "lists/a.txt:2: no hash");
  assert_fails("hash,id\n# not a comment here,a\n", "lists/a.txt:2: not a hex digit at character 1 of the hash");
  assert_fails("hash,kind\n" MD5 ",crc32\n",
               "lists/a.txt:2: an unknown kind; known are pdq, md5, sha1, sha256, hash64");
  assert_fails("hash,kind\n" MD5 ",labels\n",
               "lists/a.txt:2: an unknown kind; known are pdq, md5, sha1, sha256, hash64");
  assert_fails("hash,kind\n" MD5 ",pdq\n", "lists/a.txt:2: 32 hex digits where pdq has 64");
  assert_fails("md5\n" SHA1 "\n", "lists/a.txt:2: 40 hex digits where md5 has 32");
  assert_fails("hash,id\n" MD5 ",a\"b\n", "lists/a.txt:2: a quote inside an unquoted field");
  assert_fails("hash,id\n" MD5 ",\"a\"b\n", "lists/a.txt:2: text after a closing quote");
  assert_fails("hash,id\n" MD5 ",\"a\n\n", "lists/a.txt:2: a quoted field has no closing quote");
  assert_fails("hash,id\n" MD5 ",\xc3\n", "lists/a.txt:2: the id is not UTF-8");
  assert_fails("hash,labels\n" MD5 ",a;\xed\xa0\x80\n", "lists/a.txt:2: the labels field is not UTF-8");
  const char nul[] = "hash,id\n" MD5 ",a\0b\n";
  assert_int_equal(read_bytes(nul, sizeof nul - 1, NULL), HASHSCAN_E_FORMAT);
  assert_string_equal(error.message, "lists/a.txt:2: a NUL byte (lists are UTF-8 text)");
  hashscan_list_options options = HASHSCAN_LIST_OPTIONS_INIT;
  options.format = HASHSCAN_LIST_FORMAT_CSV;
  assert_fails_with(MD5 "\n", &options,
                    "lists/a.txt:1: the header has none of the columns hash, pdq, md5, sha1, sha256, hash64");
  assert_fails_with("# nothing\n", &options, "lists/a.txt:1: a CSV list needs a header line");
}

static void test_csv_skip(void **unused) {
  (void)unused;
  /* A stray quote costs its own line alone. */
  assert_skips("hash,id\n" MD5 ",\"a\n" MD5 ",b\n" SHA1 ",\"c\"\n", "md5 " MD5 " b\nsha1 " SHA1 " c\n", 4, 1,
               "lists/a.txt:2: text after a closing quote");
  assert_skips("hash,id\n" MD5 ",\"a\n" MD5 ",b\n", "md5 " MD5 " b\n", 3, 1,
               "lists/a.txt:2: a quoted field has no closing quote");
  /* A whole record with a bad hash counts with all of its lines; no hash of a bad row is added. */
  assert_skips("md5,sha1,id\n" MD5 ",00,\"a\nb\nc\"\n" MD5 ",,d\n", "md5 " MD5 " d\n", 5, 3,
               "lists/a.txt:2: 2 hex digits where sha1 has 40");
  /* Without a usable header there is nothing to skip to. */
  const hashscan_list_options options = skipping();
  assert_fails_with("id\n" MD5 "\n", &options,
                    "lists/a.txt:1: the header has none of the columns hash, pdq, md5, sha1, sha256, hash64");
}

static void test_csv_columns(void **unused) {
  (void)unused;
  char list[2000] = "hash";
  for (int i = 1; i < 256; i++) strcat(list, ",x");
  strcat(list, "\n" MD5);
  for (int i = 1; i < 256; i++) strcat(list, ",");
  assert_reads(list, "md5 " MD5 " \n");
  strcat(list, ",");
  assert_fails(list, "lists/a.txt:2: more than 256 columns");
}

/* ---- Choosing, options, files ---------------------------------------------------------------------------------- */

static void test_auto(void **unused) {
  (void)unused;
  assert_true(list_is_csv((const uint8_t *)"x, \"PDQ\" ,y", 11));
  assert_true(list_is_csv((const uint8_t *)"#\n\n id", 6));
  assert_false(list_is_csv((const uint8_t *)"", 0));
  assert_false(list_is_csv((const uint8_t *)"# hash\nhashes", 13));
  hashscan_list_options options = HASHSCAN_LIST_OPTIONS_INIT;
  options.format = HASHSCAN_LIST_FORMAT_TEXT;
  assert_fails_with("md5\n", &options, "lists/a.txt:1: not a hex digit at character 1 of the hash");
}

static void test_options(void **unused) {
  (void)unused;
  hashscan_list_options options = HASHSCAN_LIST_OPTIONS_INIT;
  options.format = (hashscan_list_format)7;
  assert_int_equal(read_bytes("", 0, &options), HASHSCAN_E_ARGUMENT);
  options = (hashscan_list_options)HASHSCAN_LIST_OPTIONS_INIT;
  options.has_kind = 1;
  options.kind = (hashscan_kind)HASHSCAN_KIND_COUNT;
  assert_int_equal(read_bytes("", 0, &options), HASHSCAN_E_ARGUMENT);
  options = (hashscan_list_options)HASHSCAN_LIST_OPTIONS_INIT;
  options.name = "\xff";
  assert_int_equal(read_bytes("", 0, &options), HASHSCAN_E_ARGUMENT);
  options.name = NULL;
  options.version = "\xff";
  assert_int_equal(read_bytes("", 0, &options), HASHSCAN_E_ARGUMENT);
}

static void test_sink_stops(void **unused) {
  (void)unused;
  struct transcript stopping = {.refuse_after = 2};
  const char list[] = MD5 "\n" MD5 "\n" MD5 "\n" MD5 "\n";
  const hashscan_list_options options = skipping();
  assert_int_equal(list_read("a", (const uint8_t *)list, sizeof list - 1, &options, record, &stopping, &report, &error),
                   HASHSCAN_E_LIMIT);
  assert_int_equal(report.entries, 2);
  assert_int_equal(report.lines, 3);
}

static hashscan_code check_name(void *user, const struct list_entry *entry, hashscan_error *unused) {
  (void)unused;
  assert_string_equal(entry->list, user);
  assert_string_equal(entry->version, "");
  return HASHSCAN_SUCCESS;
}

static void test_names(void **unused) {
  (void)unused;
  const char *const cases[][2] = {
      {"/x/y.d/demo.v2.csv", "demo.v2"}, {"demo", "demo"}, {"./.hidden", ".hidden"}, {"a.txt", "a"}, {"dir.x/", ""}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
    assert_int_equal(list_read(cases[i][0], (const uint8_t *)MD5, 32, NULL, check_name, (void *)(uintptr_t)cases[i][1],
                               &report, NULL),
                     HASHSCAN_SUCCESS);
}

static void test_files(void **unused) {
  (void)unused;
  char folder[FIXTURE_PATH_SIZE];
  char path[FIXTURE_PATH_SIZE];
  fixture_folder(folder);
  fixture_write(fixture_join(path, folder, "a.txt"), MD5, 32);
  memset(&transcript, 0, sizeof transcript);
  assert_int_equal(list_read_file(path, NULL, record, &transcript, &report, &error), HASHSCAN_SUCCESS);
  assert_string_equal(transcript.text, "md5 " MD5 " \n");
  assert_int_equal(list_read_file(folder, NULL, record, &transcript, &report, &error), HASHSCAN_E_IO);
  assert_non_null(strstr(error.message, ": a folder, not a regular file"));
  assert_int_equal(report.entries, 0);
  fixture_join(path, folder, "missing");
  assert_int_equal(list_read_file(path, NULL, record, &transcript, NULL, &error), HASHSCAN_E_IO);
  assert_non_null(strstr(error.message, "/missing: No such file or directory"));
  fixture_remove(folder);
}

static hashscan_code ignore(void *user, const struct list_entry *entry, hashscan_error *unused) {
  (void)user;
  (void)entry;
  (void)unused;
  return HASHSCAN_SUCCESS;
}

static void test_speed(void **unused) {
  (void)unused;
  const size_t lines = 200000;
  const size_t line_size = 65;
  uint8_t *list = malloc(lines * line_size);
  assert_non_null(list);
  for (size_t i = 0; i < lines * line_size; i++)
    list[i] = (uint8_t)(i % line_size == 64 ? '\n' : "0123456789abcdef"[(i * 2654435761u >> 13) % 16]);
  const double start = clock_seconds();
  assert_int_equal(list_read("a", list, lines * line_size, NULL, ignore, NULL, &report, NULL), HASHSCAN_SUCCESS);
  const double seconds = clock_seconds() - start;
  assert_int_equal(report.entries, lines);
  print_message("list text: %.1f M lines/s\n", (double)lines / seconds * 1e-6);
  free(list);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_text),       cmocka_unit_test(test_text_kind), cmocka_unit_test(test_text_bad),
      cmocka_unit_test(test_long_lines), cmocka_unit_test(test_csv),       cmocka_unit_test(test_csv_kind),
      cmocka_unit_test(test_csv_bad),    cmocka_unit_test(test_csv_skip),  cmocka_unit_test(test_csv_columns),
      cmocka_unit_test(test_auto),       cmocka_unit_test(test_options),   cmocka_unit_test(test_sink_stops),
      cmocka_unit_test(test_names),      cmocka_unit_test(test_files),     cmocka_unit_test(test_speed)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
