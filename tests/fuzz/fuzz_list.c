/* SPDX-License-Identifier: Apache-2.0 */
/* Hash lists: any bytes, under any options, end with SUCCESS or FORMAT, and every entry that comes out keeps the
 * promises of list.h. The first byte picks the options, the rest is the list, read as text or CSV and then as a binary
 * one. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "list/list.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void require(int holds) {
  if (!holds) abort();
}

struct seen {
  uint64_t entries;
  unsigned hash_sum; /* so that every byte of a hash is read */
};

static hashscan_code check_entry(void *user, const struct list_entry *entry, hashscan_error *error) {
  struct seen *seen = user;
  (void)error;
  seen->entries++;
  require(hashscan_kind_bytes(entry->kind) != 0);
  for (size_t i = 0; i < hashscan_kind_bytes(entry->kind); i++) seen->hash_sum += entry->hash[i];
  require(strcmp(entry->list, "fuzz") == 0 && entry->version[0] == '\0');
  require(utf8_valid(entry->id, strlen(entry->id)));
  const char *label = entry->labels;
  for (size_t i = 0; i < entry->label_count; i++) {
    require(label[0] != '\0' && label[0] != ' ' && strchr(label, ';') == NULL && utf8_valid(label, strlen(label)));
    label += strlen(label) + 1;
  }
  return HASHSCAN_SUCCESS;
}

static uint64_t count_lines(const uint8_t *bytes, size_t size) {
  if (size >= 3 && memcmp(bytes, "\xef\xbb\xbf", 3) == 0) {
    bytes += 3;
    size -= 3;
  }
  uint64_t lines = size > 0 && bytes[size - 1] != '\n';
  for (size_t i = 0; i < size; i++) lines += bytes[i] == '\n';
  return lines;
}

static hashscan_code read_list(const uint8_t *bytes, size_t size, const hashscan_list_options *options,
                               hashscan_list_report *report) {
  struct seen seen = {0};
  hashscan_error error = {0};
  const hashscan_code code = list_read("folder/fuzz.txt", bytes, size, options, check_entry, &seen, report, &error);
  require(code == HASHSCAN_SUCCESS || code == HASHSCAN_E_FORMAT);
  require(report->entries == seen.entries && report->bad_lines <= report->lines);
  require((code == HASHSCAN_SUCCESS) == (error.code == HASHSCAN_SUCCESS));
  if (report->bad_lines > 0 || code != HASHSCAN_SUCCESS)
    require(strncmp(report->first_bad.message, "folder/fuzz.txt:", 16) == 0);
  return code;
}

/* What a binary list must not be, so that nobody takes a text list for one; only its beginning is looked at. */
static int is_hex_text(const uint8_t *bytes, size_t size) {
  size_t i = 0;
  while (i < size && i < 4096 && bytes[i] != '\0' && strchr("0123456789abcdefABCDEF\r\n", bytes[i]) != NULL) i++;
  return size > 0 && (i == size || i == 4096);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
  if (size == 0) return 0;
  hashscan_list_options options = HASHSCAN_LIST_OPTIONS_INIT;
  options.format = (hashscan_list_format)(bytes[0] % 3);
  options.skip_bad_lines = bytes[0] >> 2 & 1;
  options.has_kind = bytes[0] >> 3 & 1;
  options.kind = (hashscan_kind)((bytes[0] >> 4) % HASHSCAN_KIND_COUNT);
  hashscan_list_report report = HASHSCAN_LIST_REPORT_INIT;
  hashscan_code code = read_list(bytes + 1, size - 1, &options, &report);
  const uint64_t lines = count_lines(bytes + 1, size - 1);
  require(code == HASHSCAN_SUCCESS ? report.lines == lines : report.lines <= lines);

  options.format = HASHSCAN_LIST_FORMAT_BINARY;
  options.has_kind = 1;
  code = read_list(bytes + 1, size - 1, &options, &report);
  const size_t hash_bytes = hashscan_kind_bytes(options.kind);
  const bool taken = (size - 1) % hash_bytes == 0 && !is_hex_text(bytes + 1, size - 1);
  require(code == (taken ? HASHSCAN_SUCCESS : HASHSCAN_E_FORMAT));
  require(report.entries == (taken ? (size - 1) / hash_bytes : 0) && report.lines == 0);
  return 0;
}
