/* SPDX-License-Identifier: Apache-2.0 */
/* A reader of one JSON text in memory that is taken apart where it stands. Strict: what RFC 8259 does not have, and
 * what the caller did not expect, fails, and everything after a failure fails too. Nothing recurses but the caller. */
#ifndef HASHSCAN_CLI_JSON_READER_H
#define HASHSCAN_CLI_JSON_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct json_reader {
  const char *at;
  const char *end;
};

#define JSON_MAX_KEY 31

/* Reads an object; `member` reads the value of each key, or returns false. Longer keys fail. */
bool json_read_object(struct json_reader *reader,
                      bool (*member)(void *user, const char *key, struct json_reader *reader), void *user);

/* Reads an array; `element` reads each value. */
bool json_read_array(struct json_reader *reader, bool (*element)(void *user, struct json_reader *reader), void *user);

/* Reads a string into `text`, terminated. One that does not fit, or that holds U+0000, fails. */
bool json_read_string(struct json_reader *reader, char *text, size_t size);
bool json_skip_string(struct json_reader *reader);

/* Reads an integer of 0 to `max`. */
bool json_read_integer(struct json_reader *reader, uint64_t max, uint64_t *value);

/* Reads `true`. */
bool json_read_true(struct json_reader *reader);

/* Whether nothing is left. */
bool json_read_end(struct json_reader *reader);

#endif
