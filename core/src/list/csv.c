/* SPDX-License-Identifier: Apache-2.0 */
/* CSV lists as RFC 4180 writes them, with a header that says which columns matter.
 *
 * A record is cut into cells, each terminated in one scratch buffer; then its hashes are all decoded before the first
 * is given out, so that a bad record adds nothing. After a record with broken quoting the next line is tried, whatever
 * the quotes said: one stray quote must not swallow the rest of a list. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/checked.h"
#include "base/error.h"
#include "base/utf8.h"
#include "list/list.h"

/* What a column holds. The kinds of hashscan_kind come first. */
enum column { COLUMN_HASH = HASHSCAN_KIND_COUNT, COLUMN_KIND, COLUMN_ID, COLUMN_LABELS, COLUMN_NUMBER, COLUMN_COUNT };

static const char *const column_names[COLUMN_COUNT] = {"pdq",  "md5",  "sha1", "sha256", "hash64",
                                                       "hash", "kind", "id",   "labels", "number"};

#define NO_CELL SIZE_MAX

struct csv {
  char *text; /* the cells of a record, each terminated */
  size_t text_size;
  size_t cells[LIST_MAX_COLUMNS]; /* where each begins */
  size_t lengths[LIST_MAX_COLUMNS];
  size_t cell_count;
  size_t cell_of[COLUMN_COUNT]; /* which cell holds a column; NO_CELL */
  size_t header_cells;
};

/* A record while it is cut. */
struct cursor {
  const uint8_t *at;
  const uint8_t *end;
};

/* ---- Records --------------------------------------------------------------------------------------------------- */

static void append(struct csv *csv, const uint8_t *bytes, size_t size) {
  memcpy(csv->text + csv->text_size, bytes, size);
  csv->text_size += size;
}

static bool at_line_end(const struct cursor *cursor) {
  const uint8_t *at = cursor->at;
  if (at < cursor->end && *at == '\r') at++;
  return at == cursor->end || *at == '\n';
}

/* From behind the opening quote to behind the closing one. False when there is none. */
static bool cut_quoted(struct csv *csv, struct cursor *cursor) {
  for (;;) {
    const uint8_t *const quote = memchr(cursor->at, '"', (size_t)(cursor->end - cursor->at));
    if (quote == NULL) {
      cursor->at = cursor->end;
      return false;
    }
    append(csv, cursor->at, (size_t)(quote - cursor->at));
    cursor->at = quote + 1;
    if (cursor->at == cursor->end || *cursor->at != '"') return true;
    append(csv, quote, 1);
    cursor->at++;
  }
}

static const char *cut_cell(struct csv *csv, struct cursor *cursor) {
  if (csv->cell_count == LIST_MAX_COLUMNS) return "more than 256 columns";
  csv->cells[csv->cell_count] = csv->text_size;
  if (cursor->at < cursor->end && *cursor->at == '"') {
    cursor->at++;
    if (!cut_quoted(csv, cursor)) return "a quoted field has no closing quote";
    if (!at_line_end(cursor) && *cursor->at != ',') return "text after a closing quote";
  } else {
    const uint8_t *const first = cursor->at;
    while (!at_line_end(cursor) && *cursor->at != ',' && *cursor->at != '"') cursor->at++;
    if (!at_line_end(cursor) && *cursor->at == '"') return "a quote inside an unquoted field";
    append(csv, first, (size_t)(cursor->at - first));
  }
  csv->lengths[csv->cell_count] = csv->text_size - csv->cells[csv->cell_count];
  csv->cell_count++;
  append(csv, (const uint8_t *)"", 1);
  return NULL;
}

/* Cuts the record at cursor->at, which moves behind its line end. NULL, or why it cannot be cut. */
static const char *cut_record(struct csv *csv, struct cursor *cursor) {
  const uint8_t *const start = cursor->at;
  const uint8_t *const end = cursor->end;
  if ((size_t)(end - start) > LIST_MAX_LINE + 2) cursor->end = start + LIST_MAX_LINE + 2; /* with CR and LF */
  csv->text_size = 0;
  csv->cell_count = 0;
  const char *bad;
  while ((bad = cut_cell(csv, cursor)) == NULL && !at_line_end(cursor)) cursor->at++; /* over the comma */
  cursor->end = end;
  if ((size_t)(cursor->at - start) > LIST_MAX_LINE) return "longer than 1048576 bytes";
  if (bad != NULL) return bad;
  if (memchr(start, '\0', (size_t)(cursor->at - start)) != NULL) return "a NUL byte (lists are UTF-8 text)";
  list_next_line(&cursor->at, end);
  return NULL;
}

static struct list_span cell_span(const struct csv *csv, size_t cell) {
  if (cell == NO_CELL) return (struct list_span){(const uint8_t *)"", 0};
  return list_trim((struct list_span){(const uint8_t *)csv->text + csv->cells[cell], csv->lengths[cell]});
}

/* ---- The header ------------------------------------------------------------------------------------------------ */

static enum column column_of(struct list_span name) {
  for (enum column column = 0; column < COLUMN_COUNT; column++)
    if (strlen(column_names[column]) == name.size &&
        strncasecmp(column_names[column], (const char *)name.bytes, name.size) == 0)
      return column;
  return COLUMN_COUNT;
}

/* The first line that is neither blank nor a comment; *at moves to it, and *lines counts those before it. */
static bool find_header(const uint8_t **at, const uint8_t *end, struct list_span *header, uint64_t *lines) {
  while (*at < end) {
    const uint8_t *next = *at;
    *header = list_trim(list_next_line(&next, end));
    if (header->size > 0 && header->bytes[0] != '#') return true;
    *at = next;
    ++*lines;
  }
  return false;
}

bool list_is_csv(const uint8_t *bytes, size_t size) {
  struct list_span header;
  uint64_t lines = 0;
  const uint8_t *at = bytes;
  if (!find_header(&at, bytes + size, &header, &lines)) return false;
  while (header.size > 0) {
    const uint8_t *const comma = memchr(header.bytes, ',', header.size);
    const size_t length = comma == NULL ? header.size : (size_t)(comma - header.bytes);
    struct list_span name = list_trim((struct list_span){header.bytes, length});
    if (name.size >= 2 && name.bytes[0] == '"' && name.bytes[name.size - 1] == '"')
      name = list_trim((struct list_span){name.bytes + 1, name.size - 2});
    if (column_of(name) != COLUMN_COUNT) return true;
    if (comma == NULL) return false;
    header.bytes += length + 1;
    header.size -= length + 1;
  }
  return false;
}

static hashscan_code bad_header(struct list_reader *reader, const char *reason) {
  reader->options.skip_bad_lines = 0; /* without a header there is nothing to go on with */
  return list_bad_lines(reader, reader->report->lines, 1, reason);
}

static hashscan_code map_columns(struct list_reader *reader, struct csv *csv) {
  bool has_hash = false;
  for (size_t i = 0; i < COLUMN_COUNT; i++) csv->cell_of[i] = NO_CELL;
  for (size_t cell = 0; cell < csv->cell_count; cell++) {
    const enum column column = column_of(cell_span(csv, cell));
    if (column == COLUMN_COUNT) continue;
    if (csv->cell_of[column] != NO_CELL) return bad_header(reader, "the header names a column twice");
    csv->cell_of[column] = cell;
    has_hash |= column <= COLUMN_HASH;
  }
  csv->header_cells = csv->cell_count;
  if (has_hash) return HASHSCAN_SUCCESS;
  return bad_header(reader, "the header has none of the columns hash, pdq, md5, sha1, sha256, hash64");
}

static hashscan_code read_header(struct list_reader *reader, struct csv *csv) {
  struct list_span header;
  if (!find_header(&reader->at, reader->end, &header, &reader->report->lines))
    return bad_header(reader, "a CSV list needs a header line");
  const uint8_t *const start = reader->at;
  struct cursor cursor = {reader->at, reader->end};
  const char *bad = cut_record(csv, &cursor);
  reader->at = cursor.at;
  reader->report->lines++;
  if (bad != NULL) return bad_header(reader, bad);
  const uint8_t *next = start;
  list_next_line(&next, reader->end);
  if (next != cursor.at) return bad_header(reader, "a line break inside the header");
  return map_columns(reader, csv);
}

/* ---- Rows ------------------------------------------------------------------------------------------------------ */

struct row_hashes {
  size_t count;
  hashscan_kind kinds[COLUMN_HASH + 1];
  uint8_t hashes[COLUMN_HASH + 1][HASHSCAN_MAX_HASH_BYTES];
};

/* What the `hash` cell holds: its `kind` cell says, or the options, or its length. */
static bool kind_of_row(const struct list_reader *reader, const struct csv *csv, bool *by_length, hashscan_kind *kind) {
  const struct list_span name = cell_span(csv, csv->cell_of[COLUMN_KIND]);
  *by_length = name.size == 0 && !reader->options.has_kind;
  *kind = reader->options.kind;
  if (name.size == 0) return true;
  const enum column column = column_of(name);
  *kind = (hashscan_kind)column;
  return column < COLUMN_HASH;
}

/* Decodes every hash of the row. False: `reason` says why not. */
static bool decode_row(const struct list_reader *reader, const struct csv *csv, struct row_hashes *row,
                       char reason[LIST_REASON_SIZE]) {
  row->count = 0;
  for (enum column column = 0; column <= COLUMN_HASH; column++) {
    const struct list_span text = cell_span(csv, csv->cell_of[column]);
    if (text.size == 0) continue;
    bool by_length = false;
    hashscan_kind kind = (hashscan_kind)column;
    if (column == COLUMN_HASH && !kind_of_row(reader, csv, &by_length, &kind)) {
      snprintf(reason, LIST_REASON_SIZE, "an unknown kind; known are pdq, md5, sha1, sha256, hash64");
      return false;
    }
    if (!list_parse_hash(text.bytes, text.size, by_length, &kind, row->hashes[row->count], reason)) return false;
    row->kinds[row->count++] = kind;
  }
  if (row->count == 0) snprintf(reason, LIST_REASON_SIZE, "no hash");
  return row->count > 0;
}

/* Turns "a; b;;c" into terminated labels, in place: no label gets longer. */
static size_t split_labels(char *text, size_t size) {
  const uint8_t *at = (const uint8_t *)text;
  const uint8_t *const end = at + size;
  size_t count = 0;
  for (bool more = true; more;) {
    const uint8_t *const semicolon = memchr(at, ';', (size_t)(end - at));
    const uint8_t *const stop = semicolon == NULL ? end : semicolon;
    const struct list_span label = list_trim((struct list_span){at, (size_t)(stop - at)});
    more = semicolon != NULL;
    at = more ? stop + 1 : end;
    if (label.size == 0) continue;
    memmove(text, label.bytes, label.size);
    text[label.size] = '\0';
    text += label.size + 1;
    count++;
  }
  return count;
}

/* Digits alone, so that no sign, blank or exponent is guessed at. */
static bool row_number(struct list_reader *reader, const struct csv *csv, char reason[LIST_REASON_SIZE]) {
  const struct list_span text = cell_span(csv, csv->cell_of[COLUMN_NUMBER]);
  uint64_t number = 0;
  bool good = true;
  for (size_t i = 0; i < text.size && good; i++) {
    const unsigned digit = text.bytes[i] - (unsigned)'0';
    good = digit <= 9 && checked_mul_u64(number, 10, &number) && checked_add_u64(number, digit, &number);
  }
  reader->entry.number = number;
  if (!good) snprintf(reason, LIST_REASON_SIZE, "the number is not a whole number of at most 64 bits");
  return good;
}

static bool row_strings(struct list_reader *reader, struct csv *csv, char reason[LIST_REASON_SIZE]) {
  const struct list_span id = cell_span(csv, csv->cell_of[COLUMN_ID]);
  const struct list_span labels = cell_span(csv, csv->cell_of[COLUMN_LABELS]);
  if (!utf8_valid(id.bytes, id.size) || !utf8_valid(labels.bytes, labels.size)) {
    snprintf(reason, LIST_REASON_SIZE, "the %s is not UTF-8", utf8_valid(id.bytes, id.size) ? "labels field" : "id");
    return false;
  }
  reader->entry.id = "";
  reader->entry.labels = "";
  reader->entry.label_count = 0;
  if (id.size > 0) {
    csv->text[(size_t)(id.bytes - (const uint8_t *)csv->text) + id.size] = '\0';
    reader->entry.id = (const char *)id.bytes;
  }
  if (labels.size > 0) {
    char *const text = csv->text + (labels.bytes - (const uint8_t *)csv->text);
    reader->entry.label_count = split_labels(text, labels.size);
    if (reader->entry.label_count > 0) reader->entry.labels = text;
  }
  return true;
}

static hashscan_code read_row(struct list_reader *reader, struct csv *csv, uint64_t line, uint64_t lines) {
  struct row_hashes row;
  char reason[LIST_REASON_SIZE];
  if (csv->cell_count != csv->header_cells) {
    snprintf(reason, sizeof reason, "%zu fields where the header has %zu", csv->cell_count, csv->header_cells);
    return list_bad_lines(reader, line, lines, reason);
  }
  if (!decode_row(reader, csv, &row, reason) || !row_number(reader, csv, reason) || !row_strings(reader, csv, reason))
    return list_bad_lines(reader, line, lines, reason);
  for (size_t i = 0; i < row.count; i++) {
    reader->entry.kind = row.kinds[i];
    reader->entry.hash = row.hashes[i];
    const hashscan_code code = list_emit(reader);
    if (code != HASHSCAN_SUCCESS) return code;
  }
  return HASHSCAN_SUCCESS;
}

static uint64_t count_lines(const uint8_t *at, const uint8_t *end) {
  uint64_t lines = 0;
  for (; at < end; lines++) list_next_line(&at, end);
  return lines;
}

static hashscan_code read_record(struct list_reader *reader, struct csv *csv) {
  const uint8_t *const start = reader->at;
  const uint64_t line = reader->report->lines + 1;
  const struct list_span first = list_next_line(&reader->at, reader->end);
  if (list_trim(first).size == 0) {
    reader->report->lines++;
    return HASHSCAN_SUCCESS;
  }
  struct cursor cursor = {start, reader->end};
  const char *bad = cut_record(csv, &cursor);
  const uint64_t lines = bad == NULL ? count_lines(start, cursor.at) : 1;
  reader->report->lines += lines;
  if (bad != NULL) return list_bad_lines(reader, line, lines, bad);
  reader->at = cursor.at;
  return read_row(reader, csv, line, lines);
}

hashscan_code list_read_csv(struct list_reader *reader) {
  struct csv csv = {.text = malloc(LIST_MAX_LINE + 16)}; /* what a record may hold, and a terminator a cell */
  if (csv.text == NULL) return error_memory(reader->error);
  hashscan_code code = read_header(reader, &csv);
  while (code == HASHSCAN_SUCCESS && reader->at < reader->end) code = read_record(reader, &csv);
  free(csv.text);
  return code;
}
