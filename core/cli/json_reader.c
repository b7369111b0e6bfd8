/* SPDX-License-Identifier: Apache-2.0 */
/* JSON after RFC 8259, read. */
#include "json_reader.h"

#include <string.h>

static void skip_space(struct json_reader *reader) {
  while (reader->at < reader->end && memchr(" \t\r\n", *reader->at, 4) != NULL) reader->at++;
}

/* Takes `c` when it is next, after white space. */
static bool take(struct json_reader *reader, char c) {
  skip_space(reader);
  if (reader->at == reader->end || *reader->at != c) return false;
  reader->at++;
  return true;
}

bool json_read_object(struct json_reader *reader,
                      bool (*member)(void *user, const char *key, struct json_reader *reader), void *user) {
  if (!take(reader, '{')) return false;
  if (take(reader, '}')) return true;
  do {
    char key[JSON_MAX_KEY + 1];
    if (!json_read_string(reader, key, sizeof key) || !take(reader, ':') || !member(user, key, reader)) return false;
  } while (take(reader, ','));
  return take(reader, '}');
}

bool json_read_array(struct json_reader *reader, bool (*element)(void *user, struct json_reader *reader), void *user) {
  if (!take(reader, '[')) return false;
  if (take(reader, ']')) return true;
  do {
    if (!element(user, reader)) return false;
  } while (take(reader, ','));
  return take(reader, ']');
}

/* ---- Strings ----------------------------------------------------------------------------------------------------- */

static bool read_hex4(struct json_reader *reader, uint32_t *code) {
  if (reader->end - reader->at < 4) return false;
  *code = 0;
  for (int i = 0; i < 4; i++) {
    const char c = *reader->at++;
    const char *digits = "0123456789abcdef";
    const char *found = c == '\0' ? NULL : strchr(digits, c >= 'A' && c <= 'F' ? c - 'A' + 'a' : c);
    if (found == NULL) return false;
    *code = *code << 4 | (uint32_t)(found - digits);
  }
  return true;
}

/* What follows a backslash and a u: one UTF-16 unit, or two. */
static bool read_utf16(struct json_reader *reader, uint32_t *code) {
  uint32_t low;
  if (!read_hex4(reader, code) || (*code >= 0xdc00 && *code <= 0xdfff)) return false;
  if (*code < 0xd800 || *code > 0xdbff) return true;
  if (reader->end - reader->at < 2 || reader->at[0] != '\\' || reader->at[1] != 'u') return false;
  reader->at += 2;
  if (!read_hex4(reader, &low) || low < 0xdc00 || low > 0xdfff) return false;
  *code = 0x10000 + ((*code - 0xd800) << 10) + (low - 0xdc00);
  return true;
}

static bool read_escape(struct json_reader *reader, uint32_t *code) {
  static const char letters[] = "\"\\/bfnrt";
  static const char meanings[] = "\"\\/\b\f\n\r\t";
  if (reader->at == reader->end) return false;
  const char c = *reader->at++;
  if (c == 'u') return read_utf16(reader, code);
  const char *found = c == '\0' ? NULL : strchr(letters, c);
  if (found != NULL) *code = (uint32_t)meanings[found - letters];
  return found != NULL;
}

static size_t encode_utf8(uint32_t code, char bytes[4]) {
  if (code < 0x80) {
    bytes[0] = (char)code;
    return 1;
  }
  const size_t length = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
  for (size_t i = length - 1; i > 0; i--, code >>= 6) bytes[i] = (char)(0x80 | (code & 63));
  bytes[0] = (char)(0xf00 >> length | code);
  return length;
}

/* The next character as it stands in the string, up to four bytes of UTF-8; 0: the string has ended, or is none. */
static size_t next_character(struct json_reader *reader, char bytes[4]) {
  if (reader->at == reader->end || *reader->at == '"' || (unsigned char)*reader->at < 0x20) return 0;
  bytes[0] = *reader->at++;
  if (bytes[0] != '\\') return 1;
  uint32_t code;
  return read_escape(reader, &code) && code != 0 ? encode_utf8(code, bytes) : 0;
}

/* With `text` NULL the string is only passed over. */
static bool read_string(struct json_reader *reader, char *text, size_t size) {
  if (!take(reader, '"')) return false;
  size_t used = 0;
  char bytes[4];
  size_t length;
  while ((length = next_character(reader, bytes)) > 0) {
    if (text == NULL) continue;
    if (size - used <= length) return false;
    memcpy(text + used, bytes, length);
    used += length;
  }
  if (text != NULL) text[used] = '\0';
  if (reader->at == reader->end || *reader->at != '"') return false;
  reader->at++;
  return true;
}

bool json_read_string(struct json_reader *reader, char *text, size_t size) {
  return read_string(reader, text, size);
}

bool json_skip_string(struct json_reader *reader) {
  return read_string(reader, NULL, 0);
}

/* ---- Other values ------------------------------------------------------------------------------------------------ */

bool json_read_integer(struct json_reader *reader, uint64_t max, uint64_t *value) {
  skip_space(reader);
  const char *start = reader->at;
  *value = 0;
  for (; reader->at < reader->end && *reader->at >= '0' && *reader->at <= '9'; reader->at++) {
    const uint64_t digit = (uint64_t)(*reader->at - '0');
    if (digit > max || *value > (max - digit) / 10) return false;
    *value = 10 * *value + digit;
  }
  const size_t digits = (size_t)(reader->at - start);
  return digits > 0 && (digits == 1 || *start != '0');
}

bool json_read_true(struct json_reader *reader) {
  skip_space(reader);
  if (reader->end - reader->at < 4 || memcmp(reader->at, "true", 4) != 0) return false;
  reader->at += 4;
  return true;
}

bool json_read_end(struct json_reader *reader) {
  skip_space(reader);
  return reader->at == reader->end;
}
