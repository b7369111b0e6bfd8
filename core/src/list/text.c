/* SPDX-License-Identifier: Apache-2.0 */
/* Plain text lists: one hex hash a line. '#' at the start of a line or after a blank begins a comment. */
#include <string.h>

#include "list/list.h"

static struct list_span cut_comment(struct list_span line) {
  const uint8_t *const end = line.bytes + line.size;
  const uint8_t *at = line.bytes;
  while ((at = memchr(at, '#', (size_t)(end - at))) != NULL) {
    if (at == line.bytes || at[-1] == ' ' || at[-1] == '\t')
      return (struct list_span){line.bytes, (size_t)(at - line.bytes)};
    at++;
  }
  return line;
}

static hashscan_code read_line(struct list_reader *reader, struct list_span line) {
  const uint64_t number = ++reader->report->lines;
  if (line.size > LIST_MAX_LINE) return list_bad_lines(reader, number, 1, "longer than 1048576 bytes");
  if (memchr(line.bytes, '\0', line.size) != NULL)
    return list_bad_lines(reader, number, 1, "a NUL byte" LIST_BINARY_HINT);
  const struct list_span text = list_trim(cut_comment(line));
  if (text.size == 0) return HASHSCAN_SUCCESS;
  uint8_t hash[HASHSCAN_MAX_HASH_BYTES];
  char reason[LIST_REASON_SIZE];
  reader->entry.kind = reader->options.kind;
  if (!list_parse_hash(text.bytes, text.size, !reader->options.has_kind, &reader->entry.kind, hash, reason))
    return list_bad_lines(reader, number, 1, reason);
  reader->entry.hash = hash;
  return list_emit(reader);
}

hashscan_code list_read_text(struct list_reader *reader) {
  while (reader->at < reader->end) {
    const hashscan_code code = read_line(reader, list_next_line(&reader->at, reader->end));
    if (code != HASHSCAN_SUCCESS) return code;
  }
  return HASHSCAN_SUCCESS;
}
