/* SPDX-License-Identifier: Apache-2.0 */
/* JSON after RFC 8259, base64 after RFC 4648. */
#include "json.h"

#include <inttypes.h>
#include <string.h>

#include "text.h"

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

/* Characters are escaped as UTF-16 has them; all that need it are in the first plane. */
static void put_escaped(struct output *out, unsigned code) {
  static const char escaped[] = "\b\f\n\r\t\"\\";
  static const char letters[] = "bfnrt\"\\";
  const char *found = code < 0x80 ? strchr(escaped, (int)code) : NULL;
  if (found != NULL) output_format(out, "\\%c", letters[found - escaped]);
  else output_format(out, "\\u%04x", code);
}

void json_string(struct json *json, const char *key, const char *text) {
  unsigned length, code;
  begin_value(json, key);
  output_put(json->out, "\"", 1);
  const char *run = text; /* start of what can go out as it is */
  for (; *text != '\0'; text += length) {
    const enum text_class class = text_classify(text, &length, &code);
    if (class == TEXT_PLAIN && code != '"' && code != '\\') continue;
    output_put(json->out, run, (size_t)(text - run));
    if (class == TEXT_MALFORMED) output_text(json->out, "\xef\xbf\xbd");
    else put_escaped(json->out, code);
    run = text + length;
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
  unsigned length, code;
  while (*at != '\0' && text_classify(at, &length, &code) != TEXT_MALFORMED) at += length;
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
