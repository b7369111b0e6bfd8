/* SPDX-License-Identifier: Apache-2.0 */
/* Binary lists: the bytes of one hash after the other, all of one kind, and nothing between or around them. Any bytes
 * are a hash, so little can be wrong, and it is looked at before the first entry is given out: the size, and whether
 * this is a text list, of which an index would be made that matches nothing. */
#include "base/error.h"
#include "base/hex.h"
#include "list/list.h"

#define LOOKED_AT                                                                                                      \
  4096 /* bytes; that even eight bytes of a hash are all hex digits happens once in 170 million hashes */

static bool is_hex_text(const uint8_t *bytes, size_t size) {
  for (size_t i = 0; i < size && i < LOOKED_AT; i++)
    if (hex_digit((char)bytes[i]) < 0 && bytes[i] != '\r' && bytes[i] != '\n') return false;
  return size > 0;
}

static hashscan_code refuse(struct list_reader *reader) {
  if (reader->error != NULL) *reader->error = reader->report->first_bad;
  return HASHSCAN_E_FORMAT;
}

hashscan_code list_read_binary(struct list_reader *reader) {
  const hashscan_kind kind = reader->options.kind;
  const size_t hash_bytes = hashscan_kind_bytes(kind);
  const size_t size = (size_t)(reader->end - reader->at);
  if (size % hash_bytes != 0) {
    error_set(&reader->report->first_bad, HASHSCAN_E_FORMAT,
              "%s: %zu bytes are no whole number of %s hashes of %zu bytes", reader->source, size,
              hashscan_kind_name(kind), hash_bytes);
    return refuse(reader);
  }
  if (is_hex_text(reader->at, size)) {
    error_set(&reader->report->first_bad, HASHSCAN_E_FORMAT, "%s: hex digits, so a text list and not a binary one",
              reader->source);
    return refuse(reader);
  }
  reader->entry.kind = kind;
  for (; reader->at < reader->end; reader->at += hash_bytes) {
    reader->entry.hash = reader->at;
    const hashscan_code code = list_emit(reader);
    if (code != HASHSCAN_SUCCESS) return code;
  }
  return HASHSCAN_SUCCESS;
}
