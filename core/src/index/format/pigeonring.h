/* SPDX-License-Identifier: Apache-2.0 */
/* The pigeonring: tables for exact radius search in a set of hashes of up to 256 bits (M. Norouzi, A. Punjani,
 * D. Fleet, "Fast Exact Search in Hamming Space with Multi-Index Hashing", TPAMI 2014; J. Qin, C. Xiao, "Pigeonring: A
 * Principle for Faster Thresholded Similarity Search", PVLDB 2018).
 *
 * The bits of a hash are partitioned into `words` words of 16 bits that stand in a ring. Table t sorts all rows by word
 * t into 65,536 buckets and keeps, beside each row's number, word t + 1 of the row.
 *
 * Let d_t be the distance in word t, and u_t >= 0 integers, the thresholds, with sum radius + 1. If the distances add
 * up to at most the radius, there is a start t from which every run along the ring satisfies d_t + ... + d_k <= u_t +
 * ... + u_k - 1: start right after the last maximum of the prefix sums of d - u. Runs of one and of two are tested
 * here: probe the buckets of table t whose key differs from the query's word in less than u_t bits, and keep the rows
 * whose next word differs in little enough. What is left is compared in full. A row may qualify from several starts; it
 * is reported from the lowest, which needs no memory of what was seen. Unknown bits of a query differ from nothing.
 *
 * This file holds the data structure. build/ chooses the partition and writes the tables; search/ chooses the
 * thresholds of a query (pigeonring_plan.h) and walks the tables for a few queries (pigeonring_search.h) or for
 * thousands (pigeonring_sweep.h). */
#ifndef HASHSCAN_INDEX_FORMAT_PIGEONRING_H
#define HASHSCAN_INDEX_FORMAT_PIGEONRING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hamming/bucket.h"
#include "hamming/bucket_many.h"
#include "hamming/hamming.h"

#define PIGEONRING_MAX_WORDS 16
#define PIGEONRING_WORD_BITS 16
#define PIGEONRING_MAX_ROW_BYTES (PIGEONRING_MAX_WORDS * PIGEONRING_WORD_BITS / 8)
#define PIGEONRING_KEYS 65536
#define PIGEONRING_MAX_THRESHOLD 5                   /* largest u_t: keys up to 4 bits away */
#define PIGEONRING_FLIPS (1 + 16 + 120 + 560 + 1820) /* ways to choose at most 4 of 16 bits */

/* The partition: which word each bit of a row belongs to. Bit b of a row is bit b % 8 of byte b / 8. Inside a word bits
 * ascend. */
struct pigeonring_layout {
  unsigned words;
  uint8_t word_of_bit[PIGEONRING_MAX_WORDS * PIGEONRING_WORD_BITS];
};

struct pigeonring_table {
  const uint32_t *directory; /* PIGEONRING_KEYS + 1: the first position of each key */
  const uint16_t *next;      /* word t + 1 of the row at each position; readable BUCKET_OVERREAD bytes beyond */
  const uint32_t *row;       /* number of the row at each position */
};

/* A pigeonring ready to be searched. The arrays stay with their owner. Any number of threads. */
struct pigeonring {
  unsigned words;
  size_t row_bytes;
  size_t row_count;
  const uint8_t *rows;
  struct pigeonring_table tables[PIGEONRING_MAX_WORDS];
  bucket_kernel kernel;
  bucket_many_kernel many_kernel;
  double entry_nanoseconds;
  hamming_distance distance;
  uint64_t mask[PIGEONRING_MAX_WORDS][PIGEONRING_MAX_WORDS / 4]; /* the bits of each word within a row */
  /* What each value of each nibble of a row adds to the words. */
  uint16_t words_of_nibble[2 * PIGEONRING_MAX_ROW_BYTES][16][PIGEONRING_MAX_WORDS];
  /* Every way to flip less than PIGEONRING_MAX_THRESHOLD bits of a word, fewest bits first. */
  struct pigeonring_flips {
    uint16_t bits;
    uint16_t weight;
  } flips[PIGEONRING_FLIPS];
};

/* Nanoseconds that one entry of a bucket takes to be looked at, measured by `hashscan-bench index`. */
#define PIGEONRING_ENTRY_NANOSECONDS 0.12
#define PIGEONRING_ENTRY_NANOSECONDS_SCALAR 2.5

/* Fills everything but the tables. `tier` must be one that the machine has. */
void pigeonring_init(struct pigeonring *ring, const struct pigeonring_layout *layout, const uint8_t *rows,
                     size_t row_count, enum cpu_tier tier);

/* Collects the bits of a row into its words. */
void pigeonring_words(const struct pigeonring *ring, const uint8_t *row, uint16_t words[PIGEONRING_MAX_WORDS]);

/* Builds table `t` from its words and those of the next table, one of each for every row in row order. `directory`,
 * `next` and `row` are the caller's, of PIGEONRING_KEYS + 1 and twice row_count elements. */
void pigeonring_build_table(const uint16_t *words, const uint16_t *next_words, size_t row_count, uint32_t *directory,
                            uint16_t *next, uint32_t *row);

/* Whether `layout` assigns every bit of a row to a word, 16 to each. */
bool pigeonring_layout_valid(const struct pigeonring_layout *layout);

#endif
