/* SPDX-License-Identifier: Apache-2.0 */
/* Engines, and the timing of their calls on one or more threads. */
#include "index_engines.h"

#include <stdlib.h>
#include <string.h>

#include "../tests/oracles/index_random.h"
#include "base/clock.h"
#include "base/parallel.h"

enum { WARM_UP = 64, MAX_PLANTED = 102, ROW_WORDS = DATA_HASH_BYTES / 8 };

#if defined(__x86_64__)
#define POPCNT __attribute__((target("popcnt")))
#else
#define POPCNT
#endif

/* ---- Engines ----------------------------------------------------------------------------------------------------- */

static bool search_any(const struct built *built, const uint8_t *queries, const uint8_t *unknown, uint32_t count,
                       unsigned radius, hamming_visit visit, void *user) {
  return searcher_search(built->any, built->scratch, queries, unknown, count, radius, NULL, visit, user);
}

static bool search_flat(const struct built *built, const uint8_t *queries, const uint8_t *unknown, uint32_t count,
                        unsigned radius, hamming_visit visit, void *user) {
  return searcher_search(built->flat, built->scratch, queries, unknown, count, radius, NULL, visit, user);
}

POPCNT static bool naive_known(const uint8_t *rows, size_t count, const uint64_t *query, unsigned radius,
                               hamming_visit visit, void *user) {
  for (size_t i = 0; i < count; i++) {
    uint64_t row[ROW_WORDS];
    memcpy(row, rows + i * sizeof row, sizeof row);
    const int distance = __builtin_popcountll(row[0] ^ query[0]) + __builtin_popcountll(row[1] ^ query[1]) +
                         __builtin_popcountll(row[2] ^ query[2]) + __builtin_popcountll(row[3] ^ query[3]);
    if ((unsigned)distance <= radius && !visit(user, i, 0, (unsigned)distance)) return false;
  }
  return true;
}

POPCNT static bool naive_masked(const uint8_t *rows, size_t count, const uint64_t *query, const uint64_t *unknown,
                                unsigned radius, hamming_visit visit, void *user) {
  for (size_t i = 0; i < count; i++) {
    uint64_t row[ROW_WORDS];
    memcpy(row, rows + i * sizeof row, sizeof row);
    int distance = 0;
    for (int k = 0; k < ROW_WORDS; k++) distance += __builtin_popcountll((row[k] ^ query[k]) & ~unknown[k]);
    if ((unsigned)distance <= radius && !visit(user, i, 0, (unsigned)distance)) return false;
  }
  return true;
}

/* The scan that anyone would write first: four scalar POPCNTs a row. One query a call. */
static bool search_naive(const struct built *built, const uint8_t *query, const uint8_t *unknown, uint32_t count,
                         unsigned radius, hamming_visit visit, void *user) {
  uint64_t asked[ROW_WORDS];
  uint64_t masked[ROW_WORDS];
  (void)count;
  memcpy(asked, query, sizeof asked);
  if (unknown == NULL) return naive_known(built->rows->rows, built->rows->row_count, asked, radius, visit, user);
  memcpy(masked, unknown, sizeof masked);
  return naive_masked(built->rows->rows, built->rows->row_count, asked, masked, radius, visit, user);
}

bool engines_create(struct engine engines[ENGINES], const struct questions *questions) {
  static const struct engine kinds[ENGINES] = {
      {.name = "ring", .search = search_any, .at_once = 1},
      {.name = "flat", .search = search_flat, .at_once = 1, .may_sample = true},
      {.name = "ring-batch", .search = search_any},
      {.name = "naive", .search = search_naive, .at_once = 1, .may_sample = true},
  };
  bool enough = true;
  for (size_t i = 0; i < ENGINES; i++) {
    engines[i] = kinds[i];
    if (engines[i].at_once == 0) engines[i].at_once = questions->batch;
    engines[i].seconds = calloc(questions->count * questions->rounds, sizeof *engines[i].seconds);
    engines[i].round_seconds = calloc(questions->rounds, sizeof *engines[i].round_seconds);
    engines[i].answers = calloc(questions->count, sizeof *engines[i].answers);
    enough = enough && engines[i].seconds != NULL && engines[i].round_seconds != NULL && engines[i].answers != NULL;
  }
  return enough;
}

void engines_destroy(struct engine engines[ENGINES]) {
  for (size_t i = 0; i < ENGINES; i++) {
    free(engines[i].seconds);
    free(engines[i].round_seconds);
    free(engines[i].answers);
  }
}

/* ---- Calls ------------------------------------------------------------------------------------------------------- */

static bool take_hit(void *user, size_t row, uint32_t query, unsigned distance) {
  struct answer *answer = (struct answer *)user + query;
  answer->sum += splitmix_mix((uint64_t)row << 9 | distance);
  answer->hits++;
  return true;
}

/* Asks the queries `first` to `first + count` - 1 in one call and returns its seconds. */
static double ask(struct engine *engine, const struct questions *questions, size_t first, size_t count) {
  const uint8_t *unknown = questions->data->unknown;
  for (size_t i = first; i < first + count; i++) engine->answers[i] = (struct answer){.given = true};
  const double start = clock_seconds();
  engine->search(questions->built, questions->data->queries + first * DATA_HASH_BYTES,
                 unknown == NULL ? NULL : unknown + first * DATA_HASH_BYTES, (uint32_t)count, questions->radius,
                 take_hit, engine->answers + first);
  return clock_seconds() - start;
}

void engine_prepare(struct engine *engine, const struct questions *questions, double seconds) {
  engine->timed = questions->count;
  size_t warm = questions->count < WARM_UP ? questions->count : WARM_UP;
  if (engine->may_sample) {
    ask(engine, questions, 0, 1);
    const double fit = seconds / (ask(engine, questions, 0, 1) + 1e-9) / (double)questions->rounds;
    if (fit < (double)engine->timed) engine->timed = fit < 1 ? 1 : (size_t)fit;
    if (warm > engine->timed) warm = engine->timed;
  }
  for (size_t first = 0; first < warm; first += engine->at_once)
    ask(engine, questions, first, warm - first < engine->at_once ? warm - first : engine->at_once);
}

struct round {
  struct engine *engine;
  const struct questions *questions;
  size_t number;
};

static void run_call(void *user, size_t call) {
  const struct round *round = user;
  struct engine *engine = round->engine;
  const size_t first = call * engine->at_once;
  const size_t left = engine->timed - first;
  const size_t count = left < engine->at_once ? left : engine->at_once;
  const double each = ask(engine, round->questions, first, count) / (double)count;
  for (size_t i = first; i < first + count; i++) engine->seconds[i * round->questions->rounds + round->number] = each;
}

/* The engine before has left its own rows in the caches: a few queries from the end, which hardly any engine times. */
static void warm_up(struct engine *engine, const struct questions *questions) {
  const size_t wanted = engine->may_sample ? 1 : WARM_UP;
  const size_t count = questions->count < wanted ? questions->count : wanted;
  for (size_t left = count; left > 0;) {
    const size_t asked = left < engine->at_once ? left : engine->at_once;
    ask(engine, questions, questions->count - left, asked);
    left -= asked;
  }
}

void engine_round(struct engine *engine, const struct questions *questions, size_t number) {
  struct round round = {engine, questions, number};
  warm_up(engine, questions);
  const double start = clock_seconds();
  parallel_for(questions->threads, (engine->timed + engine->at_once - 1) / engine->at_once, run_call, &round);
  engine->round_seconds[number] = clock_seconds() - start;
}

void engine_answer_planted(struct engine *engine, const struct questions *questions) {
  size_t left = MAX_PLANTED;
  for (size_t i = engine->timed; left > 0 && i < questions->count; i++) {
    if (!data_is_planted(i)) continue;
    ask(engine, questions, i, 1);
    left--;
  }
}

bool engines_agree(const struct engine *a, const struct engine *b, size_t queries) {
  for (size_t i = 0; i < queries; i++) {
    const struct answer *x = &a->answers[i];
    const struct answer *y = &b->answers[i];
    if (x->given && y->given && (x->sum != y->sum || x->hits != y->hits)) return false;
  }
  return true;
}
