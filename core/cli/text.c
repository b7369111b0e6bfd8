/* SPDX-License-Identifier: Apache-2.0 */
/* UTF-8 after RFC 3629, and the characters that steer a terminal or reorder what stands on it. */
#include "text.h"

#include <string.h>

/* Bytes of the UTF-8 sequence at `c`; 0 when it is malformed, overlong, a surrogate or beyond U+10FFFF. */
static unsigned sequence_length(const unsigned char *c) {
  if (c[0] < 0x80) return 1;
  const unsigned length = c[0] >= 0xf0 ? 4 : c[0] >= 0xe0 ? 3 : 2;
  if (c[0] < 0xc2 || c[0] > 0xf4) return 0;
  if (c[0] == 0xe0 && c[1] < 0xa0) return 0; /* overlong */
  if (c[0] == 0xed && c[1] > 0x9f) return 0; /* surrogates */
  if (c[0] == 0xf0 && c[1] < 0x90) return 0; /* overlong */
  if (c[0] == 0xf4 && c[1] > 0x8f) return 0; /* beyond U+10FFFF */
  for (unsigned i = 1; i < length; i++)
    if ((c[i] & 0xc0) != 0x80) return 0; /* the terminator fails this too, so reading stops there */
  return length;
}

static unsigned code_point(const unsigned char *c, unsigned length) {
  static const unsigned char lead_bits[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
  unsigned code = c[0] & lead_bits[length];
  for (unsigned i = 1; i < length; i++) code = code << 6 | (c[i] & 0x3f);
  return code;
}

static bool is_control(unsigned code) {
  return code < 0x20 || (code >= 0x7f && code <= 0x9f) || code == 0x061c || code == 0x200e || code == 0x200f ||
         (code >= 0x2028 && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069);
}

enum text_class text_classify(const char *text, unsigned *length, unsigned *code) {
  const unsigned char *c = (const unsigned char *)text;
  const unsigned found = sequence_length(c);
  *length = found > 0 ? found : 1;
  *code = found > 0 ? code_point(c, found) : c[0];
  if (found == 0) return TEXT_MALFORMED;
  return is_control(*code) ? TEXT_CONTROL : TEXT_PLAIN;
}

bool text_is_plain(const char *text) {
  unsigned length, code;
  for (; *text != '\0'; text += length)
    if (text_classify(text, &length, &code) != TEXT_PLAIN) return false;
  return true;
}

unsigned text_put_escaped(struct output *out, const char *text) {
  unsigned length, code;
  const enum text_class class = text_classify(text, &length, &code);
  if (code == '\\') output_text(out, "\\\\");
  else if (code == '\n') output_text(out, "\\n");
  else if (code == '\r') output_text(out, "\\r");
  else if (class == TEXT_PLAIN) output_put(out, text, length);
  else
    for (unsigned i = 0; i < length; i++) output_format(out, "\\x%02x", (unsigned)(unsigned char)text[i]);
  return length;
}
