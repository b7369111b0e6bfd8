/* SPDX-License-Identifier: Apache-2.0 */
/* Text from outside on its way to people and programs: what may go to a terminal, and JSON strings after RFC 8259. */
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"
#include "hashscan.h"

static uint32_t code_point(const uint8_t *bytes, size_t length) {
  static const uint8_t lead_bits[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
  uint32_t code = bytes[0] & lead_bits[length];
  for (size_t i = 1; i < length; i++) code = code << 6 | (bytes[i] & 0x3f);
  return code;
}

hashscan_text_class hashscan_text_classify(const char *text, size_t size, size_t *length, uint32_t *code) {
  const uint8_t *bytes = (const uint8_t *)text;
  const size_t found = utf8_sequence_length(bytes, size);
  *length = found > 0 ? found : 1;
  *code = found > 0 ? code_point(bytes, found) : bytes[0];
  if (found == 0) return HASHSCAN_TEXT_MALFORMED;
  return utf8_is_control(bytes, found) ? HASHSCAN_TEXT_CONTROL : HASHSCAN_TEXT_PLAIN;
}

void hashscan_text_make_printable(char *text) {
  utf8_make_printable(text);
}

/* Writes whole characters as long as they fit, and counts all. */
struct cut_text {
  char *bytes;
  size_t room; /* terminator included */
  size_t used;
  size_t wanted;
};

static void put(struct cut_text *out, const char *bytes, size_t size) {
  if (out->wanted == out->used && out->used + size < out->room) {
    memcpy(out->bytes + out->used, bytes, size);
    out->used += size;
  }
  out->wanted += size;
}

/* As UTF-16 has it; all characters that need this are in the first plane. */
static void put_escaped(struct cut_text *out, uint32_t code) {
  static const char escaped[] = "\b\f\n\r\t\"\\";
  static const char letters[] = "bfnrt\"\\";
  char text[8];
  const char *found = code > 0 && code < 0x80 ? strchr(escaped, (int)code) : NULL;
  if (found != NULL) snprintf(text, sizeof text, "\\%c", letters[found - escaped]);
  else snprintf(text, sizeof text, "\\u%04x", (unsigned)code);
  put(out, text, strlen(text));
}

size_t hashscan_json_escape(const char *text, size_t length, char *json, size_t size) {
  struct cut_text out = {.bytes = json, .room = size};
  size_t bytes;
  uint32_t code;
  for (size_t at = 0; at < length; at += bytes) {
    const hashscan_text_class class = hashscan_text_classify(text + at, length - at, &bytes, &code);
    if (class == HASHSCAN_TEXT_MALFORMED) put(&out, "\xef\xbf\xbd", 3);
    else if (class == HASHSCAN_TEXT_PLAIN && code != '"' && code != '\\') put(&out, text + at, bytes);
    else put_escaped(&out, code);
  }
  if (size > 0) json[out.used] = '\0';
  return out.wanted;
}
