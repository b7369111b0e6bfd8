/* SPDX-License-Identifier: Apache-2.0 */
/* Hash lists: file or bytes in, one list entry after the other out (core/doc/FORMAT.md describes the formats).
 *
 * list_read() checks the options, tells the format, and hands the bytes to the reader of that format: text.c, csv.c or
 * binary.c. A reader of lines gives each good one to the sink and each bad one to list_bad_lines(), which fails or
 * counts. Messages name file, line and reason, and never repeat what stands there: it may be a hash. */
#ifndef HASHSCAN_LIST_LIST_H
#define HASHSCAN_LIST_LIST_H

#include <stdbool.h>

#include "base/buffer.h"
#include "hashscan.h"
#include "list/entry.h"

#define LIST_MAX_LINE ((size_t)1 << 20) /* bytes in a line, or in a CSV record with line breaks inside quotes */
#define LIST_MAX_COLUMNS 256            /* of a CSV */

/* Takes one entry, valid during the call. Any code but SUCCESS ends the reading with that code. */
typedef hashscan_code (*list_sink)(void *user, const struct list_entry *entry, hashscan_error *error);

/* Reads a list from memory. `source` names it in messages and, when options->name is NULL, gives its name. `options`
 * and `report` may be NULL; `report` is filled on failure too. Errors: FORMAT, ARGUMENT, MEMORY, the sink's. */
hashscan_code list_read(const char *source, const uint8_t *bytes, size_t size, const hashscan_list_options *options,
                        list_sink sink, void *user, hashscan_list_report *report, hashscan_error *error);

/* The same from a regular file. Errors: also IO. */
hashscan_code list_read_file(const char *path, const hashscan_list_options *options, list_sink sink, void *user,
                             hashscan_list_report *report, hashscan_error *error);

/* Collects what `read` gives, up to its end, in `bytes`, which the caller frees whatever comes. `source` is for
 * messages. Errors: MEMORY, STOPPED, ARGUMENT (it says that it gave more than there was room for). */
hashscan_code list_collect(const char *source, hashscan_read_fn read, void *user, struct buffer *bytes,
                           hashscan_error *error);

/* ---- Inside the room ------------------------------------------------------------------------------------------- */

/* One list being read. */
struct list_reader {
  const char *source;
  const uint8_t *at; /* start of the next line or hash */
  const uint8_t *end;
  hashscan_list_options options;
  struct list_entry entry; /* list and version are set; the format fills the rest */
  list_sink sink;
  void *user;
  hashscan_list_report *report; /* report->lines is the number of the line last read */
  hashscan_error *error;
};

hashscan_code list_read_text(struct list_reader *reader);
hashscan_code list_read_csv(struct list_reader *reader);
hashscan_code list_read_binary(struct list_reader *reader);

/* Whether the first line that is neither blank nor a comment is a CSV header that names a known column. */
bool list_is_csv(const uint8_t *bytes, size_t size);

/* `lines` lines beginning with number `line` are bad: fails with FORMAT, or counts them. */
hashscan_code list_bad_lines(struct list_reader *reader, uint64_t line, uint64_t lines, const char *reason);

/* Gives reader->entry to the sink and counts it. */
hashscan_code list_emit(struct list_reader *reader);

#define LIST_REASON_SIZE 120

/* What bytes that are no text may be. */
#define LIST_BINARY_HINT " (raw bytes need the format binary)"

/* Decodes hex digits. *kind is what they must be, or with `by_length` what their number says. On failure `reason` is
 * one line. */
bool list_parse_hash(const uint8_t *text, size_t length, bool by_length, hashscan_kind *kind,
                     uint8_t hash[HASHSCAN_MAX_HASH_BYTES], char reason[LIST_REASON_SIZE]);

/* A span of input bytes. */
struct list_span {
  const uint8_t *bytes;
  size_t size;
};

/* `span` without blanks (space, tab, carriage return) at both ends. */
struct list_span list_trim(struct list_span span);

/* The line at *at without its line feed; moves *at behind it. */
struct list_span list_next_line(const uint8_t **at, const uint8_t *end);

#endif
