/* SPDX-License-Identifier: Apache-2.0 */
/* JSON after RFC 8259, UTF-8 after RFC 3629, base64 after RFC 4648. */
#include "json.h"

#include <inttypes.h>
#include <string.h>

static void begin_value(struct json *json, const char *key) {
  if (json->comma) output_put(json->out, ",", 1);
  json->comma = true;
  if (key != NULL) output_format(json->out, "\"%s\":", key);
}

static void begin_group(struct json *json, const char *key, const char *bracket) {
  begin_value(json, key);
  output_put(json->out, bracket, 1);
  json->comma = false;
}

static void end_group(struct json *json, const char *bracket) {
  output_put(json->out, bracket, 1);
  json->comma = true;
}

void json_object_begin(struct json *json, const char *key) {
  begin_group(json, key, "{");
}

void json_object_end(struct json *json) {
  end_group(json, "}");
}

void json_array_begin(struct json *json, const char *key) {
  begin_group(json, key, "[");
}

void json_array_end(struct json *json) {
  end_group(json, "]");
}

void json_line_end(struct json *json) {
  output_put(json->out, "\n", 1);
  json->comma = false;
}

unsigned json_utf8_length(const char *text) {
  const unsigned char *c = (const unsigned char *)text;
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

static void put_escaped(struct output *out, char c) {
  static const char escaped[] = "\b\f\n\r\t\"\\";
  static const char letters[] = "bfnrt\"\\";
  const char *found = strchr(escaped, c);
  if (found != NULL) output_format(out, "\\%c", letters[found - escaped]);
  else output_format(out, "\\u%04x", (unsigned)(unsigned char)c);
}

static bool needs_escape(char c) {
  return (unsigned char)c < 0x20 || c == '"' || c == '\\';
}

void json_string(struct json *json, const char *key, const char *text) {
  begin_value(json, key);
  output_put(json->out, "\"", 1);
  const char *run = text; /* start of what can go out as it is */
  while (*text != '\0') {
    const unsigned length = json_utf8_length(text);
    if (length > 0 && !needs_escape(*text)) {
      text += length;
      continue;
    }
    output_put(json->out, run, (size_t)(text - run));
    if (length > 0) put_escaped(json->out, *text);
    else output_text(json->out, "\xef\xbf\xbd");
    run = ++text;
  }
  output_put(json->out, run, (size_t)(text - run));
  output_put(json->out, "\"", 1);
}

static void put_base64(struct output *out, const char *text) {
  static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const unsigned char *bytes = (const unsigned char *)text;
  for (size_t size = strlen(text); size > 0;) {
    const size_t part = size < 3 ? size : 3;
    const unsigned group =
        (unsigned)bytes[0] << 16 | (part > 1 ? (unsigned)bytes[1] << 8 : 0) | (part > 2 ? (unsigned)bytes[2] : 0);
    const char quartet[4] = {digits[group >> 18], digits[group >> 12 & 63], part > 1 ? digits[group >> 6 & 63] : '=',
                             part > 2 ? digits[group & 63] : '='};
    output_put(out, quartet, sizeof quartet);
    bytes += part;
    size -= part;
  }
}

void json_path(struct json *json, const char *path) {
  const char *at = path;
  while (*at != '\0') {
    const unsigned length = json_utf8_length(at);
    if (length == 0) break;
    at += length;
  }
  if (*at == '\0') {
    json_string(json, "path", path);
    return;
  }
  begin_value(json, "path_base64");
  output_put(json->out, "\"", 1);
  put_base64(json->out, path);
  output_put(json->out, "\"", 1);
}

void json_integer(struct json *json, const char *key, uint64_t value) {
  begin_value(json, key);
  output_format(json->out, "%" PRIu64, value);
}

void json_real(struct json *json, const char *key, double value, int decimals) {
  begin_value(json, key);
  output_format(json->out, "%.*f", decimals, value);
}

void json_bool(struct json *json, const char *key, bool value) {
  begin_value(json, key);
  output_text(json->out, value ? "true" : "false");
}
