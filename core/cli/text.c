/* SPDX-License-Identifier: Apache-2.0 */
/* Outside text, character by character. */
#include "text.h"

#include "hashscan.h"

bool text_is_plain(const char *text) {
  size_t length;
  uint32_t code;
  for (; *text != '\0'; text += length)
    if (hashscan_text_classify(text, SIZE_MAX, &length, &code) != HASHSCAN_TEXT_PLAIN) return false;
  return true;
}

bool text_is_utf8(const char *text) {
  size_t length;
  uint32_t code;
  for (; *text != '\0'; text += length)
    if (hashscan_text_classify(text, SIZE_MAX, &length, &code) == HASHSCAN_TEXT_MALFORMED) return false;
  return true;
}

size_t text_put_escaped(struct output *out, const char *text) {
  size_t length;
  uint32_t code;
  const hashscan_text_class class = hashscan_text_classify(text, SIZE_MAX, &length, &code);
  if (code == '\\') output_text(out, "\\\\");
  else if (code == '\n') output_text(out, "\\n");
  else if (code == '\r') output_text(out, "\\r");
  else if (class == HASHSCAN_TEXT_PLAIN) output_put(out, text, length);
  else
    for (size_t i = 0; i < length; i++) output_format(out, "\\x%02x", (unsigned)(unsigned char)text[i]);
  return length;
}
