/* SPDX-License-Identifier: Apache-2.0 */
/* What tests of matching start from: a picture that lists can know, and verdicts in one line. Functions fail the test
 * that calls them when the library does. */
#ifndef HASHSCAN_TESTS_MATCHING_H
#define HASHSCAN_TESTS_MATCHING_H

#include "fixture.h"

/* A folder with a place for an index; `busy` is the JPEG of the picture, whose hash has quality enough. */
extern struct matching {
  char folder[FIXTURE_PATH_SIZE];
  char index[FIXTURE_PATH_SIZE];
  struct fixture_picture picture;
  struct fixture_bytes busy;
  hashscan_image_hash hash;
} matching;

/* Fixtures of a group. */
int matching_set_up(void **state);
int matching_tear_down(void **state);

hashscan_matcher *matching_open(const char *index, const hashscan_match_options *options);
hashscan_verdict *matching_verdict(hashscan_matcher *matcher, const void *bytes, size_t size);

/* By a matcher of its own; the verdict keeps its snapshot after the matcher is gone. */
hashscan_verdict *matching_once(const char *index, const hashscan_match_options *options, const void *bytes,
                                size_t size);

#endif
