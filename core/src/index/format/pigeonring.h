/* SPDX-License-Identifier: Apache-2.0 */
/* Ring-16: exact radius search in a set of hashes of up to 256 bits (M. Norouzi, A. Punjani,
 * D. Fleet, "Fast Exact Search in Hamming Space with Multi-Index Hashing", TPAMI 2014; J. Qin, C. Xiao, "Pigeonring: A
 * Principle for Faster Thresholded Similarity Search", PVLDB 2018).
 *
 * The bits of a hash are dealt into `words` words of 16 bits that stand in a ring. Table t sorts all rows by word t
 * into 65,536 buckets and keeps, beside each row's number, word t + 1 of the row.
 *
 * Let d_t be the distance in word t, and u_t >= 0 integers with sum radius + 1. If the distances add up to at most the
 * radius, there is a start t from which every run along the ring satisfies d_t + ... + d_k <= u_t + ... + u_k - 1:
 * start right after the last maximum of the prefix sums of d - u. Runs of one and of two are tested here: probe the
 * buckets of table t whose key differs from the query's word in less than u_t bits, and keep the rows whose next word
 * differs in little enough. What is left is compared in full. A row may qualify from several starts; it is reported
 * from the lowest, which needs no memory of what was seen. Unknown bits of a query differ from nothing. */
#ifndef HASHSCAN_INDEX_FORMAT_PIGEONRING_H
#define HASHSCAN_INDEX_FORMAT_PIGEONRING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hamming/bucket.h"
#include "hamming/bucket_many.h"
#include "hamming/hamming.h"

#define RING_MAX_WORDS 16
#define RING_WORD_BITS 16
#define RING_MAX_ROW_BYTES (RING_MAX_WORDS * RING_WORD_BITS / 8)
#define RING_KEYS 65536
#define RING_MAX_SHARE 5                       /* largest u_t: keys up to 4 bits away */
#define RING_FLIPS (1 + 16 + 120 + 560 + 1820) /* ways to choose at most 4 of 16 bits */

/* Nanoseconds, measured by `hashscan-bench index`: a probe before its entries are looked at, an entry, and a row that
 * is compared in full. */
#define RING_PROBE_NANOSECONDS 14.0
#define RING_ENTRY_NANOSECONDS 0.12
#define RING_ENTRY_NANOSECONDS_SCALAR 2.5
#define RING_ROW_NANOSECONDS 40.0

/* The same for a sweep (ring_sweep.c): a table, whatever the number of queries, a probe and an entry. */
#define RING_SWEEP_TABLE_NANOSECONDS 650e3
#define RING_SWEEP_PROBE_NANOSECONDS 8.0
#define RING_SWEEP_ENTRY_SHARE 0.5 /* of what an entry costs otherwise */

/* Which word each bit of a row belongs to: bit b of a row is bit b % 8 of byte b / 8. Inside a word bits ascend. */
struct ring_layout {
  unsigned words;
  uint8_t word_of_bit[RING_MAX_WORDS * RING_WORD_BITS];
};

struct ring_table {
  const uint32_t *directory; /* RING_KEYS + 1: the first position of each key */
  const uint16_t *next;      /* word t + 1 of the row at each position; readable BUCKET_OVERREAD bytes beyond */
  const uint32_t *row;       /* number of the row at each position */
};

/* A ring ready to be searched. The arrays stay with their owner. Any number of threads. */
struct ring {
  unsigned words;
  size_t row_bytes;
  size_t row_count;
  const uint8_t *rows;
  struct ring_table tables[RING_MAX_WORDS];
  bucket_kernel kernel;
  bucket_many_kernel many_kernel;
  double entry_nanoseconds;
  hamming_distance distance;
  uint64_t mask[RING_MAX_WORDS][RING_MAX_WORDS / 4]; /* the bits of each word within a row */
  /* Words contributed by each value of each nibble of a row. */
  uint16_t deal[2 * RING_MAX_ROW_BYTES][16][RING_MAX_WORDS];
  /* Every way to flip less than RING_MAX_SHARE bits of a word, fewest bits first. */
  struct ring_flips {
    uint16_t bits;
    uint16_t weight;
  } flips[RING_FLIPS];
};

/* Fills everything but the tables. `tier` must be one that the machine has. */
void ring_init(struct ring *ring, const struct ring_layout *layout, const uint8_t *rows, size_t row_count,
               enum cpu_tier tier);

/* Deals the bits of a row into words. */
void ring_deal(const struct ring *ring, const uint8_t *row, uint16_t words[RING_MAX_WORDS]);

/* Builds table `t` from its words and those of the next table, one of each for every row in row order. `directory`,
 * `next` and `row` are the caller's, of RING_KEYS + 1 and twice row_count elements. */
void ring_build_table(const uint16_t *words, const uint16_t *next_words, size_t row_count, uint32_t *directory,
                      uint16_t *next, uint32_t *row);

struct ring_query {
  const uint8_t *row;     /* row_bytes */
  const uint8_t *unknown; /* row_bytes, a set bit is unknown; NULL: all bits are known */
};

/* How to search for one query. */
struct ring_plan {
  uint16_t word[RING_MAX_WORDS];
  uint16_t known[RING_MAX_WORDS]; /* bits of the word that count */
  uint8_t share[RING_MAX_WORDS];  /* u_t */
  uint64_t probes;
  double cost; /* nanoseconds, estimated from average bucket sizes */
};

/* The shares of a query with all bits known: every word costs the same, so they are as equal as they can be. */
void ring_share_evenly(const struct ring *ring, unsigned radius, uint8_t share[RING_MAX_WORDS]);

/* Whether shares for this radius exist. */
bool ring_reaches(const struct ring *ring, unsigned radius);

/* Chooses the shares. False when the radius is out of the ring's reach, whatever the cost. */
bool ring_plan(const struct ring *ring, const struct ring_query *query, unsigned radius, struct ring_plan *plan);

/* Whether row `number`, found in table `table`, is to be reported from there: it is within the radius, and no table
 * before finds it. Sets *distance. */
bool ring_qualifies(const struct ring *ring, const uint8_t share[RING_MAX_WORDS], size_t number, const uint8_t *query,
                    const uint8_t *known, unsigned radius, unsigned table, unsigned *distance);

/* Called for each row within the radius; false ends the search. */
typedef bool (*ring_visit)(void *user, uint32_t query, size_t row, unsigned distance);

enum ring_outcome {
  RING_DONE,
  RING_STOPPED, /* by `visit` */
  RING_HEAVY    /* it turned out that `budget` would not do; nothing was reported for any query */
};

/* Searches `count` queries (at most RING_BATCH) with their plans, interleaved. `budget` is the cost, in nanoseconds a
 * query, beyond which RING_HEAVY is returned. Queries whose plans add up to more than RING_PROBES probes take longer
 * together than apart. */
#define RING_BATCH 4
#define RING_PROBES 2304 /* a plan for 256 bits and radius 47 takes 2192, four for radius 31 half as many */
enum ring_outcome ring_search(const struct ring *ring, const struct ring_query *queries, const struct ring_plan *plans,
                              size_t count, unsigned radius, double budget, ring_visit visit, void *user);

/* Whether a sweep for `count` queries with all bits known is estimated to take less time than searching for one after
 * the other, or than scanning all rows at `scan_cost` nanoseconds a query. False when the radius is out of reach. */
bool ring_sweep_pays(const struct ring *ring, unsigned radius, uint32_t count, double scan_cost);

/* Searches `count` queries with all bits known, `queries` one after the other, in one walk over the tables. The radius
 * must be in the ring's reach. `budget` as in ring_search. RING_HEAVY also when there are very many hits, or too
 * little memory. */
#define RING_SWEEP_MAX_QUERIES 65536
enum ring_outcome ring_sweep(const struct ring *ring, const uint8_t *queries, uint32_t count, unsigned radius,
                             double budget, ring_visit visit, void *user);

/* Chooses a layout from `count` sample rows, so that bits that tend to agree land in different words, mixed with
 * `secret`, so that nobody can craft rows that share a bucket. False when out of memory. */
bool ring_layout_choose(struct ring_layout *layout, unsigned words, const uint8_t *samples, size_t count,
                        uint64_t secret);

/* Whether `layout` deals every bit of a row once, 16 to a word. */
bool ring_layout_valid(const struct ring_layout *layout);

#endif
