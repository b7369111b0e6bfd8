/* SPDX-License-Identifier: Apache-2.0 */
/* What all list formats share: options, choice of the format, bad lines, hex, and the file behind a list. */
#include "list/list.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "base/error.h"
#include "base/file_read.h"
#include "base/hex.h"
#include "base/options.h"
#include "base/utf8.h"

#define READ_BYTES ((size_t)64 << 10) /* that a reader is first given room for */

#define VALID 0x10 /* set for every hex digit, so that one AND over all digits finds a stranger */

static const uint8_t hex_values[256] = {
    ['0'] = VALID | 0,  ['1'] = VALID | 1,  ['2'] = VALID | 2,  ['3'] = VALID | 3,  ['4'] = VALID | 4,
    ['5'] = VALID | 5,  ['6'] = VALID | 6,  ['7'] = VALID | 7,  ['8'] = VALID | 8,  ['9'] = VALID | 9,
    ['a'] = VALID | 10, ['b'] = VALID | 11, ['c'] = VALID | 12, ['d'] = VALID | 13, ['e'] = VALID | 14,
    ['f'] = VALID | 15, ['A'] = VALID | 10, ['B'] = VALID | 11, ['C'] = VALID | 12, ['D'] = VALID | 13,
    ['E'] = VALID | 14, ['F'] = VALID | 15};

struct list_span list_trim(struct list_span span) {
  static const char blanks[] = " \t\r";
  while (span.size > 0 && memchr(blanks, span.bytes[0], 3) != NULL) {
    span.bytes++;
    span.size--;
  }
  while (span.size > 0 && memchr(blanks, span.bytes[span.size - 1], 3) != NULL) span.size--;
  return span;
}

struct list_span list_next_line(const uint8_t **at, const uint8_t *end) {
  const uint8_t *const line = *at;
  const uint8_t *const feed = memchr(line, '\n', (size_t)(end - line));
  *at = feed == NULL ? end : feed + 1;
  return (struct list_span){line, (size_t)((feed == NULL ? end : feed) - line)};
}

static bool is_text(const uint8_t *bytes, size_t size) {
  for (size_t i = 0; i < size; i++)
    if (bytes[i] < ' ' && bytes[i] != '\t' && bytes[i] != '\r') return false;
  return utf8_valid(bytes, size);
}

static bool explain_hex(const uint8_t *text, size_t length, char reason[LIST_REASON_SIZE]) {
  size_t position = 0;
  while (position < length && hex_digit((char)text[position]) >= 0) position++;
  if (position == length) return false;
  snprintf(reason, LIST_REASON_SIZE, "not a hex digit at character %zu of the hash%s", position + 1,
           is_text(text, length) ? "" : LIST_BINARY_HINT);
  return true;
}

bool list_parse_hash(const uint8_t *text, size_t length, bool by_length, hashscan_kind *kind,
                     uint8_t hash[HASHSCAN_MAX_HASH_BYTES], char reason[LIST_REASON_SIZE]) {
  if (by_length ? hashscan_kind_guess(length, kind, NULL) != HASHSCAN_SUCCESS
                : length != 2 * hashscan_kind_bytes(*kind)) {
    if (explain_hex(text, length, reason)) return false;
    if (by_length)
      snprintf(reason, LIST_REASON_SIZE, "%zu hex digits; 16 (hash64), 32 (md5), 40 (sha1) or 64 (pdq) are expected",
               length);
    else
      snprintf(reason, LIST_REASON_SIZE, "%zu hex digits where %s has %zu", length, hashscan_kind_name(*kind),
               2 * hashscan_kind_bytes(*kind));
    return false;
  }
  uint8_t valid = VALID;
  for (size_t i = 0; i < length / 2; i++) {
    const uint8_t high = hex_values[text[2 * i]];
    const uint8_t low = hex_values[text[2 * i + 1]];
    valid &= high & low;
    hash[i] = (uint8_t)(high << 4 | (low & 15));
  }
  return valid != 0 || !explain_hex(text, length, reason);
}

hashscan_code list_bad_lines(struct list_reader *reader, uint64_t line, uint64_t lines, const char *reason) {
  hashscan_error bad;
  error_set(&bad, HASHSCAN_E_FORMAT, "%s:%" PRIu64 ": %s", reader->source, line, reason);
  if (reader->report->first_bad.code == HASHSCAN_SUCCESS) reader->report->first_bad = bad;
  if (!reader->options.skip_bad_lines) {
    if (reader->error != NULL) *reader->error = bad;
    return HASHSCAN_E_FORMAT;
  }
  reader->report->bad_lines += lines;
  return HASHSCAN_SUCCESS;
}

hashscan_code list_emit(struct list_reader *reader) {
  const hashscan_code code = reader->sink(reader->user, &reader->entry, reader->error);
  if (code == HASHSCAN_SUCCESS) reader->report->entries++;
  return code;
}

/* The file's name without folder and extension; the caller frees it. NULL when out of memory. */
static char *name_of_source(const char *source) {
  const char *slash = strrchr(source, '/');
  const char *name = slash == NULL ? source : slash + 1;
  const char *dot = strrchr(name, '.');
  return strndup(name, dot == NULL || dot == name ? strlen(name) : (size_t)(dot - name));
}

static hashscan_code check_options(const hashscan_list_options *options, hashscan_error *error) {
  if ((unsigned)options->format > HASHSCAN_LIST_FORMAT_BINARY)
    return error_set(error, HASHSCAN_E_ARGUMENT, "unknown list format %d", (int)options->format);
  if (options->has_kind && hashscan_kind_bytes(options->kind) == 0)
    return error_set(error, HASHSCAN_E_ARGUMENT, "unknown kind %d", (int)options->kind);
  if (options->format == HASHSCAN_LIST_FORMAT_BINARY && !options->has_kind)
    return error_set(error, HASHSCAN_E_ARGUMENT,
                     "a binary list does not say what its hashes are: the kind must be given");
  if (!utf8_valid(options->name, strlen(options->name)))
    return error_set(error, HASHSCAN_E_ARGUMENT, "the list name is not UTF-8");
  if (!utf8_valid(options->version, strlen(options->version)))
    return error_set(error, HASHSCAN_E_ARGUMENT, "the list version is not UTF-8");
  if (strlen(options->name) > HASHSCAN_MAX_LIST_NAME || strlen(options->version) > HASHSCAN_MAX_LIST_NAME)
    return error_set(error, HASHSCAN_E_LIMIT, "the list's name or version has more than %d bytes",
                     HASHSCAN_MAX_LIST_NAME);
  return HASHSCAN_SUCCESS;
}

static hashscan_code read_format(struct list_reader *reader) {
  static const uint8_t byte_order_mark[] = {0xef, 0xbb, 0xbf};
  const size_t mark = sizeof byte_order_mark;
  if (reader->options.format == HASHSCAN_LIST_FORMAT_BINARY) return list_read_binary(reader);
  if ((size_t)(reader->end - reader->at) >= mark && memcmp(reader->at, byte_order_mark, mark) == 0) reader->at += mark;
  hashscan_list_format format = reader->options.format;
  if (format == HASHSCAN_LIST_FORMAT_AUTO)
    format = list_is_csv(reader->at, (size_t)(reader->end - reader->at)) ? HASHSCAN_LIST_FORMAT_CSV
                                                                         : HASHSCAN_LIST_FORMAT_TEXT;
  return format == HASHSCAN_LIST_FORMAT_CSV ? list_read_csv(reader) : list_read_text(reader);
}

/* What the caller gets in every case from here on. */
static hashscan_code begin_report(hashscan_list_report *report, hashscan_error *error) {
  const hashscan_list_report nothing = HASHSCAN_LIST_REPORT_INIT;
  if (report == NULL) return HASHSCAN_SUCCESS;
  return options_fill(report, &nothing, sizeof nothing, "hashscan_list_report", error);
}

hashscan_code list_read(const char *source, const uint8_t *bytes, size_t size, const hashscan_list_options *options,
                        list_sink sink, void *user, hashscan_list_report *report, hashscan_error *error) {
  hashscan_list_report counted = HASHSCAN_LIST_REPORT_INIT;
  hashscan_code code = begin_report(report, error);
  if (code != HASHSCAN_SUCCESS) return code;
  if (bytes == NULL) bytes = (const uint8_t *)"";
  struct list_reader reader = {.source = source,
                               .at = bytes,
                               .end = bytes + size,
                               .sink = sink,
                               .user = user,
                               .report = &counted,
                               .error = error};
  reader.options = (hashscan_list_options)HASHSCAN_LIST_OPTIONS_INIT;
  code = options_copy(&reader.options, sizeof reader.options, options, "hashscan_list_options", error);
  if (code != HASHSCAN_SUCCESS) return code;
  char *name = name_of_source(source);
  if (name == NULL) return error_memory(error);
  if (reader.options.name == NULL) reader.options.name = name;
  if (reader.options.version == NULL) reader.options.version = "";
  reader.entry =
      (struct list_entry){.list = reader.options.name, .version = reader.options.version, .id = "", .labels = ""};
  code = check_options(&reader.options, error);
  if (code == HASHSCAN_SUCCESS) code = read_format(&reader);
  if (report != NULL) options_fill(report, &counted, sizeof counted, "hashscan_list_report", NULL);
  free(name);
  return code;
}

hashscan_code list_read_file(const char *path, const hashscan_list_options *options, list_sink sink, void *user,
                             hashscan_list_report *report, hashscan_error *error) {
  struct buffer buffer = {0};
  char reason[HASHSCAN_REASON_SIZE];
  hashscan_code code = begin_report(report, error);
  if (code != HASHSCAN_SUCCESS) return code;
  const hashscan_status status = file_read(AT_FDCWD, path, UINT64_MAX, &buffer, reason);
  if (status == HASHSCAN_STATUS_OK)
    code = list_read(path, buffer.bytes, buffer.size, options, sink, user, report, error);
  else /* without a limit on its size, memory is the only one */
    code =
        error_set(error, status == HASHSCAN_STATUS_LIMIT ? HASHSCAN_E_MEMORY : HASHSCAN_E_IO, "%s: %s", path, reason);
  buffer_free(&buffer);
  return code;
}

hashscan_code list_collect(const char *source, hashscan_read_fn read, void *user, struct buffer *bytes,
                           hashscan_error *error) {
  for (;;) {
    if (bytes->capacity - bytes->size < READ_BYTES / 2) {
      size_t wanted;
      if (!checked_mul(bytes->capacity, 2, &wanted)) return error_memory(error);
      if (!buffer_reserve(bytes, wanted < READ_BYTES ? READ_BYTES : wanted)) return error_memory(error);
    }
    const size_t room = bytes->capacity - bytes->size;
    size_t size = 0;
    if (read(user, bytes->bytes + bytes->size, room, &size) != 0)
      return error_set(error, HASHSCAN_E_STOPPED, "%s: reading was stopped by its callback", source);
    if (size > room)
      return error_set(error, HASHSCAN_E_ARGUMENT, "%s: %zu bytes were read into %zu", source, size, room);
    if (size == 0) return HASHSCAN_SUCCESS;
    bytes->size += size;
  }
}
