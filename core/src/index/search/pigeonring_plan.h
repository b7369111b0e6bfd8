/* SPDX-License-Identifier: Apache-2.0 */
/* How a query goes through a pigeonring: its words, its thresholds, what that is estimated to cost, and the test that a
 * candidate has to pass. */
#ifndef HASHSCAN_INDEX_SEARCH_PIGEONRING_PLAN_H
#define HASHSCAN_INDEX_SEARCH_PIGEONRING_PLAN_H

#include "index/format/pigeonring.h"

/* Nanoseconds, measured by `hashscan-bench index`: a probe before its entries are looked at, and a row that is compared
 * in full. */
#define PIGEONRING_PROBE_NANOSECONDS 14.0
#define PIGEONRING_ROW_NANOSECONDS 40.0

/* The same for a sweep: a table, whatever the number of queries, and a probe. */
#define PIGEONRING_SWEEP_TABLE_NANOSECONDS 650e3
#define PIGEONRING_SWEEP_PROBE_NANOSECONDS 8.0
#define PIGEONRING_SWEEP_ENTRY_FACTOR 0.5 /* of what an entry costs otherwise */

struct pigeonring_query {
  const uint8_t *row;     /* row_bytes */
  const uint8_t *unknown; /* row_bytes, a set bit is unknown; NULL: all bits are known */
};

/* How to search for one query. */
struct pigeonring_plan {
  uint16_t word[PIGEONRING_MAX_WORDS];
  uint16_t known[PIGEONRING_MAX_WORDS];    /* bits of the word that count */
  uint8_t threshold[PIGEONRING_MAX_WORDS]; /* u_t */
  uint64_t probes;
  double cost; /* nanoseconds, estimated from average bucket sizes */
};

/* The thresholds of a query with all bits known: every word costs the same, so they are as equal as they can be. */
void pigeonring_even_thresholds(const struct pigeonring *ring, unsigned radius,
                                uint8_t threshold[PIGEONRING_MAX_WORDS]);

/* Whether thresholds for this radius exist. */
bool pigeonring_reaches(const struct pigeonring *ring, unsigned radius);

/* Chooses the thresholds. False when the radius is out of the pigeonring's reach, whatever the cost. */
bool pigeonring_plan(const struct pigeonring *ring, const struct pigeonring_query *query, unsigned radius,
                     struct pigeonring_plan *plan);

/* Whether a sweep for `count` queries with all bits known is estimated to take less time than searching for one after
 * the other, or than scanning all rows at `scan_cost` nanoseconds a query. False when the radius is out of reach. */
bool pigeonring_sweep_pays(const struct pigeonring *ring, unsigned radius, uint32_t count, double scan_cost);

/* Whether row `number`, found in table `table`, is to be reported from there: it is within the radius, and no table
 * before finds it. Sets *distance. */
bool pigeonring_qualifies(const struct pigeonring *ring, const uint8_t threshold[PIGEONRING_MAX_WORDS], size_t number,
                          const uint8_t *query, const uint8_t *known, unsigned radius, unsigned table,
                          unsigned *distance);

/* Called for each row within the radius; false ends the search. */
typedef bool (*pigeonring_visit)(void *user, uint32_t query, size_t row, unsigned distance);

enum pigeonring_outcome {
  PIGEONRING_DONE,
  PIGEONRING_STOPPED, /* by `visit` or the control */
  PIGEONRING_HEAVY    /* it turned out that `budget` would not do; nothing was reported for any query */
};

#endif
