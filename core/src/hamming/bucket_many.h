/* SPDX-License-Identifier: Apache-2.0 */
/* The inner loop of a sweep over the pigeonring: many queries look into one bucket, whose words are in cache by then.
 * Which of them find something cannot be predicted, so nothing here branches on it; what was found is taken apart
 * later. bucket_many.c holds the scalar reference; x86/ and arm/ override it. bucket.h is the loop for a few queries.
 */
#ifndef HASHSCAN_HAMMING_BUCKET_MANY_H
#define HASHSCAN_HAMMING_BUCKET_MANY_H

#include "hamming/bucket.h"

#define BUCKET_GROUP_WORDS 64
#define BUCKET_MANY_GROUPS 8 /* a span has at most so many groups */
#define BUCKET_MANY_WORDS ((BUCKET_MANY_GROUPS - 1) * BUCKET_GROUP_WORDS)

/* Words `begin` to `end` - 1 of a table, at least one and at most BUCKET_MANY_WORDS. */
struct bucket_span {
  uint32_t begin;
  uint32_t end;
};

/* What one query looks for: words that differ from `query` in at most `limit` bits. */
struct bucket_probe {
  uint32_t tag; /* the caller's, repeated in groups */
  uint16_t query;
  uint8_t limit;
  uint8_t key; /* the caller's */
};

/* Bit i of `close` tells that the word at `first` + i is within the limit of the probe with this tag. */
struct bucket_group {
  uint64_t close; /* not zero */
  uint32_t first;
  uint32_t tag;
};

/* Writes a group wherever there is a word within the limit of a probe, probe by probe and in order, to `groups`, which
 * has room for BUCKET_MANY_GROUPS groups a probe and one more; what lies behind the groups returned may be written
 * over. Returns how many there are. */
typedef size_t (*bucket_many_kernel)(const uint16_t *words, struct bucket_span span, const struct bucket_probe *probes,
                                     size_t count, struct bucket_group *groups);

/* The kernel of `tier`; a tier without one of its own gets that of the next lower one. The machine must have it. */
bucket_many_kernel bucket_many_kernel_for(enum cpu_tier tier);

/* The groups of a span begin at a cache line. Returns how many there are, and the bits in each that are inside. */
static inline size_t bucket_groups(struct bucket_span span, uint32_t *first, uint64_t inside[BUCKET_MANY_GROUPS]) {
  assert(span.begin < span.end && span.end - span.begin <= BUCKET_MANY_WORDS);
  *first = span.begin & ~(BUCKET_LINE_WORDS - 1u);
  const uint32_t length = span.end - *first;
  const size_t count = (length + BUCKET_GROUP_WORDS - 1) / BUCKET_GROUP_WORDS;
  for (size_t i = 0; i < count; i++) inside[i] = UINT64_MAX;
  /* analyze: a span is not empty, so `count` is 1 or more. */
  inside[count - 1] >>= (BUCKET_GROUP_WORDS - length % BUCKET_GROUP_WORDS) % BUCKET_GROUP_WORDS;
  inside[0] &= UINT64_MAX << (span.begin - *first);
  return count;
}

#endif
