/* SPDX-License-Identifier: Apache-2.0 */
/* UTF-8 validation with a fast path for ASCII, after the table of well-formed byte sequences in RFC 3629 section 4. */
#include "base/utf8.h"

#include <string.h>

static bool is_ascii_word(const uint8_t *bytes) {
  uint64_t words[4];
  memcpy(words, bytes, sizeof words);
  return ((words[0] | words[1] | words[2] | words[3]) & 0x8080808080808080u) == 0;
}

/* Length of the sequence at `bytes`, of which `left` can be looked at; 0 when it is malformed. */
static size_t sequence_length(const uint8_t *bytes, size_t left) {
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
    const size_t length = sequence_length(at, (size_t)(end - at));
    if (length == 0) return false;
    at += length;
  }
  return true;
}
