/* SPDX-License-Identifier: Apache-2.0 */
/* JSON after RFC 8259, base64 after RFC 4648. */
#include "json.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "hashscan.h"
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

/* Through memory of its own where the usual room is too small. */
static void put_long_string(struct output *out, const char *text, size_t length, size_t size) {
  char *escaped = malloc(size + 1);
  if (escaped == NULL) {
    if (out->failed_errno == 0) out->failed_errno = ENOMEM;
    return;
  }
  hashscan_json_escape(text, length, escaped, size + 1);
  output_put(out, escaped, size);
  free(escaped);
}

void json_string(struct json *json, const char *key, const char *text) {
  char escaped[1024];
  const size_t length = strlen(text);
  const size_t size = hashscan_json_escape(text, length, escaped, sizeof escaped);
  begin_value(json, key);
  output_put(json->out, "\"", 1);
  if (size < sizeof escaped) output_put(json->out, escaped, size);
  else put_long_string(json->out, text, length, size);
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
  if (text_is_utf8(path)) {
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
