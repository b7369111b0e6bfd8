/* SPDX-License-Identifier: Apache-2.0 */
/* The JSON form of image hashes (core/doc/FORMAT.md): what hash prints and query reads. */
#ifndef HASHSCAN_CLI_IMAGE_JSON_H
#define HASHSCAN_CLI_IMAGE_JSON_H

#include "json.h"

#include "hashscan.h"

/* Writes the keys that follow `type` and the path, into the object that is open. */
void image_json_write(struct json *json, const hashscan_image_hash *image);

/* Reads one such object, with `type` and a path or none, that is `length` bytes long. False: `reason` says why, in one
 * line that repeats nothing of it. */
bool image_json_read(const char *text, size_t length, hashscan_image_hash *image, char *reason, size_t reason_size);

#endif
