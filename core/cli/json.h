/* SPDX-License-Identifier: Apache-2.0 */
/* A JSON writer. Values go out as they come; the writer keeps only whether a comma is due. `key` is NULL inside
 * arrays and at the top. */
#ifndef HASHSCAN_CLI_JSON_H
#define HASHSCAN_CLI_JSON_H

#include <stdbool.h>
#include <stdint.h>

#include "output.h"

struct json {
  struct output *out;
  bool comma;
};

void json_object_begin(struct json *json, const char *key);
void json_object_end(struct json *json);
void json_array_begin(struct json *json, const char *key);
void json_array_end(struct json *json);

/* Ends a line of JSON Lines. */
void json_line_end(struct json *json);

/* Bytes that are not UTF-8 become U+FFFD; controls are escaped (hashscan_json_escape), so that a line can be shown on a
 * terminal. */
void json_string(struct json *json, const char *key, const char *text);

/* A file name: as "path", or as "path_base64" when it is not UTF-8, since it must come back byte for byte. */
void json_path(struct json *json, const char *path);

void json_integer(struct json *json, const char *key, uint64_t value);
void json_real(struct json *json, const char *key, double value, int decimals);
void json_bool(struct json *json, const char *key, bool value);

#endif
