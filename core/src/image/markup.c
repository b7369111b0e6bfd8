/* SPDX-License-Identifier: Apache-2.0 */
/* SVG is XML whose root element is svg: the prolog (XML 1.0 section 2.8) is skipped, in UTF-8 or UTF-16. Where a prolog
 * is broken, the file counts as SVG when an svg element stands anywhere behind: parsers differ in what they forgive.
 * XBM and XPM are C. */
#include "image/markup.h"

#include <stdbool.h>
#include <string.h>

/* Characters of one byte or of two, of which only the ASCII ones matter. */
struct text {
  const uint8_t *bytes;
  size_t count; /* characters */
  unsigned step;
  unsigned low; /* where in a pair the ASCII byte is; the other one is zero */
};

static int char_at(const struct text *text, size_t at) {
  if (at >= text->count) return -1;
  const uint8_t *c = text->bytes + at * text->step;
  if (text->step == 1) return c[0];
  return c[1 - text->low] == 0 ? c[text->low] : 0xff;
}

static bool starts_with(const struct text *text, size_t at, const char *word) {
  for (; *word != '\0'; word++, at++)
    if (char_at(text, at) != (unsigned char)*word) return false;
  return true;
}

/* Where `word` ends for the first time from `at` on; text->count + 1 when it does not come. */
static size_t behind(const struct text *text, size_t at, const char *word) {
  for (; at < text->count; at++)
    if (char_at(text, at) == (unsigned char)*word && starts_with(text, at, word)) return at + strlen(word);
  return text->count + 1;
}

static bool is_space(int c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}

static size_t skip_space(const struct text *text, size_t at) {
  while (is_space(char_at(text, at))) at++;
  return at;
}

/* An element or document type of this name begins at `at`: svg, or with any namespace prefix. */
static bool is_svg_name(const struct text *text, size_t at) {
  for (size_t start = at;; at++) {
    const int c = char_at(text, at);
    if ((at == start || c == ':') && starts_with(text, c == ':' ? at + 1 : at, "svg")) {
      const int next = char_at(text, (c == ':' ? at + 1 : at) + 3);
      if (is_space(next) || next == '>' || next == '/' || next == -1) return true;
    }
    if (c < 0 || is_space(c) || c == '>' || c == '/' || c == '<') return false;
  }
}

static bool has_svg_element(const struct text *text, size_t at) {
  for (; at < text->count; at++)
    if (char_at(text, at) == '<' && is_svg_name(text, at + 1)) return true;
  return false;
}

/* From behind "<!DOCTYPE" to behind its ">", over quoted texts, comments and the internal subset in brackets. */
static size_t skip_doctype(const struct text *text, size_t at) {
  int depth = 0;
  while (at < text->count) {
    const int c = char_at(text, at++);
    if (c == '"' || c == '\'') at = behind(text, at, c == '"' ? "\"" : "'");
    else if (c == '<' && starts_with(text, at, "!--")) at = behind(text, at + 3, "-->");
    else if (c == '<' && starts_with(text, at, "?")) at = behind(text, at, "?>");
    else if (c == '[') depth++;
    else if (c == ']') depth--;
    else if (c == '>' && depth <= 0) return at;
  }
  return text->count + 1;
}

static bool is_svg(const struct text *text) {
  size_t at = skip_space(text, 0);
  if (char_at(text, at) != '<') return false;
  const size_t start = at;
  while (char_at(text, at) == '<') {
    if (starts_with(text, at, "<?")) {
      at = behind(text, at, "?>");
    } else if (starts_with(text, at, "<!--")) {
      at = behind(text, at + 4, "-->");
    } else if (starts_with(text, at, "<!DOCTYPE")) {
      if (is_svg_name(text, skip_space(text, at + 9))) return true;
      at = skip_doctype(text, at + 9);
    } else {
      return is_svg_name(text, at + 1);
    }
    at = skip_space(text, at);
  }
  return has_svg_element(text, start);
}

/* The bytes as text: in UTF-16 when a byte order mark or the zeros of an ASCII character say so. */
static struct text text_of(const uint8_t *bytes, size_t size) {
  if (size >= 3 && memcmp(bytes, "\xef\xbb\xbf", 3) == 0) return (struct text){bytes + 3, size - 3, 1, 0};
  if (size >= 2 && memcmp(bytes, "\xff\xfe", 2) == 0) return (struct text){bytes + 2, size / 2 - 1, 2, 0};
  if (size >= 2 && memcmp(bytes, "\xfe\xff", 2) == 0) return (struct text){bytes + 2, size / 2 - 1, 2, 1};
  if (size >= 2 && bytes[0] == '<' && bytes[1] == 0) return (struct text){bytes, size / 2, 2, 0};
  if (size >= 2 && bytes[0] == 0 && bytes[1] == '<') return (struct text){bytes, size / 2, 2, 1};
  return (struct text){bytes, size, 1, 0};
}

/* "#define x_width 8", "#define x_height 8", "static char x_bits[] = {": all are needed to show anything, and readers
 * skip other lines before them. */
#define XBM_REACH 65536

static bool is_xbm(const uint8_t *bytes, size_t size) {
  static const char *const needed[] = {"bits[]", "#define", "width", "height"};
  if (size > XBM_REACH) size = XBM_REACH;
  for (size_t i = 0; i < sizeof needed / sizeof *needed; i++)
    if (memmem(bytes, size, needed[i], strlen(needed[i])) == NULL) return false;
  return true;
}

/* XPM 3 is C that begins with a comment, XPM 2 a format of its own. */
static bool is_xpm(const struct text *text) {
  const size_t at = skip_space(text, 0);
  const bool comment = starts_with(text, at, "/*");
  if (!comment && !starts_with(text, at, "!")) return false;
  return starts_with(text, skip_space(text, at + (comment ? 2 : 1)), comment ? "XPM" : "XPM2");
}

const char *markup_image(const uint8_t *bytes, size_t size) {
  const struct text text = text_of(bytes, size);
  if (is_svg(&text)) return "SVG";
  if (is_xpm(&text)) return "XPM";
  return is_xbm(bytes, size) ? "XBM" : NULL;
}
