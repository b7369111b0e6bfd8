/* SPDX-License-Identifier: Apache-2.0 */
/* The inner loop of the pigeonring: it finds which 16-bit words of many buckets are close to a query's word. Buckets
 * are short and lie far apart, so the time goes into waiting for memory: kernels walk a list of them and prefetch each
 * one BUCKET_AHEAD buckets before its turn. bucket.c holds the scalar reference; x86/ and arm/ override it. */
#ifndef HASHSCAN_HAMMING_BUCKET_H
#define HASHSCAN_HAMMING_BUCKET_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cpu.h"

/* Kernels may read this many bytes beyond words[end - 1]; what they hold does not matter. */
#define BUCKET_OVERREAD 64

/* How many buckets ahead memory is prefetched. Measured at 1e6 and 1e7 rows: nothing changes
 * from 24 to 64 buckets; with fewer, lines come late, and many more push each other out of the first-level cache. Of a
 * bucket at most so many lines are prefetched; in a longer one the hardware has recognised the sequence by then. */
#define BUCKET_AHEAD 32
#define BUCKET_LINES_AHEAD 12

#define BUCKET_LINE_WORDS 32   /* a cache line of words */
#define BUCKET_HITS_AT_ONCE 64 /* most words that kernels look at between two checks for room */

/* Words `begin` to `end` - 1 of a table, and what to look for among them. */
struct bucket {
  const uint16_t *words; /* of the table; a multiple of 64 bytes, where speed matters */
  const uint32_t *rows;  /* as many; prefetched, not read, at each hit */
  uint32_t begin;
  uint32_t end;
  uint16_t query;
  uint16_t known; /* bits that count */
  uint16_t limit; /* largest number of differing bits */
  uint32_t tag;   /* the caller's, repeated in hits */
};

struct bucket_hit {
  uint32_t position; /* begin to end - 1 */
  uint32_t tag;
};

/* Appends a hit for each word within the limit of its bucket, in order, to `hits`, of which `*hit_count` are taken and
 * `room` exist. Returns how many buckets are done; fewer than `count` when there is no room for another
 * BUCKET_HITS_AT_ONCE hits, and then the next bucket begins where to go on. The caller has prefetched the first
 * BUCKET_AHEAD buckets. */
typedef size_t (*bucket_kernel)(struct bucket *buckets, size_t count, struct bucket_hit *hits, size_t *hit_count,
                                size_t room);

/* The kernel of `tier`; a tier without one of its own gets that of the next lower one. The machine must have it. */
bucket_kernel bucket_kernel_for(enum cpu_tier tier);

/* Prefetches two lines at a time, the same twice where there is only one: how many lines a bucket has cannot be
 * predicted, and a branch that is mispredicted costs more than a line prefetched twice. */
static inline void bucket_prefetch(const struct bucket *bucket) {
  if (bucket->begin == bucket->end) return;
  const uint32_t first = bucket->begin & ~(BUCKET_LINE_WORDS - 1u);
  const uint32_t most = first + BUCKET_LINES_AHEAD * BUCKET_LINE_WORDS - 1;
  const uint32_t last = bucket->end - 1 < most ? bucket->end - 1 : most;
  for (uint32_t i = first; i <= last; i += 2 * BUCKET_LINE_WORDS)
    for (uint32_t k = i; k < i + 2 * BUCKET_LINE_WORDS; k += BUCKET_LINE_WORDS)
      __builtin_prefetch(bucket->words + (k < last ? k : last));
}

/* The hits among some words: bit i * `spread` of `close` stands for the word at `first` + i. Returns the new count. */
static inline size_t bucket_append(const struct bucket *bucket, uint64_t close, unsigned spread, uint32_t first,
                                   struct bucket_hit *hits, size_t count) {
  for (; close != 0; close &= close - 1) {
    const uint32_t position = first + (uint32_t)__builtin_ctzll(close) / spread;
    __builtin_prefetch(bucket->rows + position);
    hits[count++] = (struct bucket_hit){.position = position, .tag = bucket->tag};
  }
  return count;
}

#endif
