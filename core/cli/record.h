/* SPDX-License-Identifier: Apache-2.0 */
/* Parts of result records that the commands have in common. */
#ifndef HASHSCAN_CLI_RECORD_H
#define HASHSCAN_CLI_RECORD_H

#include "hashscan.h"
#include "json.h"

/* One element of "matches". `index` is NULL when there is only one, `transform` where the question was a hash and not
 * an image, and `view` also where it is the stored one. */
void record_match(struct json *json, const char *index, const hashscan_entry *entry, unsigned distance,
                  const char *view, const char *transform);

/* The entry that matches, without its hash. */
hashscan_entry record_entry(const hashscan_match *match);

/* "matches":[...] of a verdict. */
void record_matches(struct json *json, const hashscan_verdict *verdict);

/* "quality":N, and where that is an estimate "quality_range":[LOW,HIGH], between which the exact level's quality lies.
 */
void record_quality(struct json *json, const hashscan_image_hash *image);

/* "index":{"entries":N,"digest":"..."}: which snapshot the answers came from. With a path an element of "indexes",
 * which has it too. */
void record_index(struct json *json, const char *path, const hashscan_index *index);

/* Says on standard error when every user of the machine can read the index at `path`. */
void record_warn_of_readers(const char *path, const hashscan_index_info *info);

#endif
