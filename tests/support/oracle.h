/* SPDX-License-Identifier: Apache-2.0 */
/* The default level must give the verdict of exact on every file: outcome, status, matches, distances, transforms. This
 * compares them for one file, against indexes that its exact hash is just within the radius of, and just beyond, so
 * that one wrong certain bit of a fast hash is enough to be seen. Asserts nothing by itself but aborts when the library
 * fails, so that tests and fuzz targets can share it. */
#ifndef HASHSCAN_TESTS_ORACLE_H
#define HASHSCAN_TESTS_ORACLE_H

#include <stdbool.h>

#include "fixture.h"

struct oracle {
  char folder[FIXTURE_PATH_SIZE]; /* in memory, where the system has such a place */
  char near[FIXTURE_PATH_SIZE];   /* index of hashes at distance 0 and 29 to 33 */
  char edge[FIXTURE_PATH_SIZE];   /* index of one hash at distance 31, whose bits are all certain and right */
  hashscan_hasher *exact, *fast;
  hashscan_limits limits;
  bool quick;     /* set by the caller: one policy a file, chosen by the seed, instead of all */
  char text[300]; /* of the first difference of the last file */

  /* Of all files so far. */
  size_t files, differ, hashed;
  size_t fast_hashes;                     /* hashed at another level than exact */
  size_t verdicts[HASHSCAN_METHOD_COUNT]; /* of the default, by method */
};

/* NULL limits: the defaults. */
void oracle_open(struct oracle *oracle, const hashscan_limits *limits);
void oracle_close(struct oracle *oracle);

/* Whether the two agree about the file. `seed` picks bits, transforms and some of the policies. Otherwise oracle->text
 * says what differs. */
bool oracle_agrees(struct oracle *oracle, const void *bytes, size_t size, uint64_t seed);

/* The same of pixels as hashscan_hash_pixels takes them, rows without gaps: the certain bits of the fast hash are
 * right. For pictures that no file of a known format may be as large as. */
bool oracle_pixels_agree(struct oracle *oracle, const uint8_t *pixels, uint32_t width, uint32_t height,
                         unsigned channels);

#endif
