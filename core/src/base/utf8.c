/* SPDX-License-Identifier: Apache-2.0 */
/* UTF-8 validation with a fast path for ASCII, after the table of well-formed byte sequences in RFC 3629 section 4. */
#include "base/utf8.h"

#include <string.h>

static bool is_ascii_word(const uint8_t *bytes) {
  uint64_t words[4];
  memcpy(words, bytes, sizeof words);
  return ((words[0] | words[1] | words[2] | words[3]) & 0x8080808080808080u) == 0;
}

size_t utf8_sequence_length(const uint8_t *bytes, size_t left) {
  const uint8_t lead = bytes[0];
  size_t length;
  uint8_t low = 0x80, high = 0xbf;
  if (lead < 0x80) return 1;
  if (lead >= 0xc2 && lead <= 0xdf) {
    length = 2;
  } else if ((lead & 0xf0) == 0xe0) {
    length = 3;
    if (lead == 0xe0) low = 0xa0;
    if (lead == 0xed) high = 0x9f;
  } else if (lead >= 0xf0 && lead <= 0xf4) {
    length = 4;
    if (lead == 0xf0) low = 0x90;
    if (lead == 0xf4) high = 0x8f;
  } else {
    return 0;
  }
  if (left < length || bytes[1] < low || bytes[1] > high) return 0;
  for (size_t i = 2; i < length; i++)
    if ((bytes[i] & 0xc0) != 0x80) return 0;
  return length;
}

bool utf8_valid(const void *bytes, size_t size) {
  const uint8_t *at = bytes;
  const uint8_t *const end = size == 0 ? at : at + size;
  while (at < end) {
    while ((size_t)(end - at) >= 32 && is_ascii_word(at)) at += 32;
    if (at == end) break;
    const size_t length = utf8_sequence_length(at, (size_t)(end - at));
    if (length == 0) return false;
    at += length;
  }
  return true;
}

bool utf8_is_control(const uint8_t *bytes, size_t length) {
  if (length == 1) return bytes[0] < 0x20 || bytes[0] == 0x7f;
  if (length == 2) return (bytes[0] == 0xc2 && bytes[1] < 0xa0) || (bytes[0] == 0xd8 && bytes[1] == 0x9c);
  if (length != 3 || bytes[0] != 0xe2) return false;
  if (bytes[1] == 0x80 && (bytes[2] == 0x8e || bytes[2] == 0x8f)) return true;
  return (bytes[1] == 0x80 && bytes[2] >= 0xa8 && bytes[2] <= 0xae) ||
         (bytes[1] == 0x81 && bytes[2] >= 0xa6 && bytes[2] <= 0xa9);
}

void utf8_make_printable(char *text) {
  const uint8_t *from = (const uint8_t *)text;
  const uint8_t *const end = from + strlen(text);
  while (from < end) {
    const size_t length = utf8_sequence_length(from, (size_t)(end - from));
    if (length == 0 || utf8_is_control(from, length)) {
      *text++ = '?';
    } else {
      memmove(text, from, length);
      text += length;
    }
    from += length > 0 ? length : 1;
  }
  *text = '\0';
}

void utf8_make_ascii(char *text) {
  for (; *text != '\0'; text++)
    if (*text < ' ' || *text > '~') *text = '?';
}
