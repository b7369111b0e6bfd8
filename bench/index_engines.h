/* SPDX-License-Identifier: Apache-2.0 */
/* The ways of answering radius queries that are compared, timed query by query, with what they answered. */
#ifndef HASHSCAN_BENCH_INDEX_ENGINES_H
#define HASHSCAN_BENCH_INDEX_ENGINES_H

#include "../tests/oracles/index_data.h"
#include "index_built.h"

#define ENGINES 4

/* The same questions for every engine. */
struct questions {
  const struct built *built;
  const struct data *data;
  size_t count;
  unsigned radius;
  unsigned threads;
  size_t rounds;
  size_t batch; /* queries a call of ring-batch */
};

/* The hits of one query, in any order. */
struct answer {
  uint64_t sum; /* of hits, each mixed to 64 bits */
  uint64_t hits;
  bool given;
};

typedef bool (*engine_search)(const struct built *built, const uint8_t *queries, const uint8_t *unknown, uint32_t count,
                              unsigned radius, hamming_visit visit, void *user);

struct engine {
  const char *name;
  engine_search search;
  size_t at_once;        /* queries a call */
  bool may_sample;       /* answers only as many queries as there is time for */
  size_t timed;          /* the leading queries, answered in every round */
  double *seconds;       /* of each timed query in each round, query by query */
  double *round_seconds; /* of all of them, by the clock on the wall */
  struct answer *answers;
};

/* ring, flat, ring-batch, naive: in the order in which a round runs them, so that a pass over all rows lies between the
 * two that would otherwise find each other's buckets in the cache. False when out of memory. */
bool engines_create(struct engine engines[ENGINES], const struct questions *questions);
void engines_destroy(struct engine engines[ENGINES]);

/* Warms up, and gives engines that may sample as many queries as fit into `seconds` over all rounds. */
void engine_prepare(struct engine *engine, const struct questions *questions, double seconds);

/* Answers and times the timed queries once. */
void engine_round(struct engine *engine, const struct questions *questions, size_t round);

/* Answers planted queries that were not timed, up to a hundred: nearly all hits are theirs. */
void engine_answer_planted(struct engine *engine, const struct questions *questions);

/* Whether two engines gave the same answers to the queries that both answered. */
bool engines_agree(const struct engine *a, const struct engine *b, size_t queries);

#endif
