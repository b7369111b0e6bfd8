/* SPDX-License-Identifier: Apache-2.0 */
/* CSV fields after RFC 4180. A field is a list of texts with semicolons between them, mostly of one. */
#include "csv.h"

#include <string.h>

#include "hashscan.h"
#include "text.h"

static bool needs_quotes(const char *text) {
  return strpbrk(text, ",\"\r\n") != NULL;
}

/* Line feeds are as RFC 4180 has them. */
static bool needs_escapes(const char *text) {
  size_t length;
  uint32_t code;
  for (; *text != '\0'; text += length)
    if (hashscan_text_classify(text, SIZE_MAX, &length, &code) != HASHSCAN_TEXT_PLAIN && code != '\n') return true;
  return false;
}

/* Inside quotes: a quote is doubled. */
static void put_inside(struct output *out, const char *text, bool escaped) {
  size_t length;
  uint32_t code;
  for (; *text != '\0'; text += length) {
    hashscan_text_classify(text, SIZE_MAX, &length, &code);
    if (code == '"') output_text(out, "\"\"");
    else if (escaped) text_put_escaped(out, text);
    else output_put(out, text, length);
  }
}

static void put_field(struct output *out, const char *const *texts, size_t count) {
  bool quotes = false, escaped = count > 0 && texts[0][0] == '\\';
  for (size_t i = 0; i < count; i++) {
    quotes = quotes || needs_quotes(texts[i]);
    escaped = escaped || needs_escapes(texts[i]);
  }
  if (quotes) output_put(out, "\"", 1);
  if (escaped) output_put(out, "\\", 1);
  for (size_t i = 0; i < count; i++) {
    if (i > 0) output_put(out, ";", 1);
    put_inside(out, texts[i], escaped);
  }
  if (quotes) output_put(out, "\"", 1);
}

void csv_text(struct output *out, const char *text) {
  put_field(out, &text, 1);
}

void csv_labels(struct output *out, const char *const *labels, size_t count) {
  put_field(out, labels, count);
}
