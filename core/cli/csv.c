/* SPDX-License-Identifier: Apache-2.0 */
/* CSV fields after RFC 4180. */
#include "csv.h"

#include <string.h>

static bool needs_quotes(const char *text) {
  return strpbrk(text, ",\"\r\n") != NULL;
}

/* Inside quotes: a quote is doubled. */
static void put_quoted(struct output *out, const char *text) {
  for (; *text != '\0'; text++) {
    if (*text == '"') output_put(out, "\"", 1);
    output_put(out, text, 1);
  }
}

void csv_text(struct output *out, const char *text) {
  if (!needs_quotes(text)) {
    output_text(out, text);
    return;
  }
  output_put(out, "\"", 1);
  put_quoted(out, text);
  output_put(out, "\"", 1);
}

void csv_labels(struct output *out, const char *labels, size_t count) {
  bool quotes = false;
  const char *label = labels;
  for (size_t i = 0; i < count; i++, label += strlen(label) + 1) quotes = quotes || needs_quotes(label);
  if (quotes) output_put(out, "\"", 1);
  for (size_t i = 0; i < count; i++, labels += strlen(labels) + 1) {
    if (i > 0) output_put(out, ";", 1);
    put_quoted(out, labels);
  }
  if (quotes) output_put(out, "\"", 1);
}
