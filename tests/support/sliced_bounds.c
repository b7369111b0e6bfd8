/* SPDX-License-Identifier: Apache-2.0 */
/* What sliced.c counts before it compares rows in full. A counter that let too many rows survive would still give right
 * answers, only slowly, so survivors are checked here one by one. The plan is private to sliced.c: this is a copy of
 * it with its public names changed. */
#define sliced_create bounds_create
#define sliced_destroy bounds_destroy
#define sliced_bytes bounds_bytes
#define sliced_search bounds_search
#include "hamming/sliced.c"

#include <stdio.h>

#include "hamming_checks.h"
#include "random.h"

enum { ROWS = SLICED_BLOCK_ROWS + 88 };

static unsigned bit(const uint8_t *hash, size_t number) {
  return (unsigned)hash[number / 8] >> number % 8 & 1;
}

/* Finds triple `triple`, counted through all sets, as bits of a hash. */
static void find_triple(size_t words, size_t triple, size_t bits[3]) {
  size_t set = 0;
  for (; triple >= set_size(words, set); set++) triple -= set_size(words, set);
  for (size_t k = 0; k < 3; k++) bits[k] = member_bit(words, set, k, triple);
}

/* Adds up the triples of a list in which at least two bits differ. False when one has an unknown bit. */
static bool sum_list(const struct sliced *sliced, const struct sliced_list *list, const struct question *question,
                     const uint8_t *row, unsigned *sum) {
  for (unsigned i = 0; i < list->count; i++) {
    const size_t triple = list->plane[i] / (4 * SLICED_PLANE_BYTES);
    if (triple == sliced->triples) continue; /* the plane of zeros */
    size_t bits[3];
    unsigned differ = 0;
    find_triple(sliced->row_bytes / 8, triple, bits);
    for (size_t k = 0; k < 3; k++) {
      if (bit(question->known, bits[k]) == 0) return false;
      differ += bit(row, bits[k]) ^ bit(question->row, bits[k]);
    }
    *sum += differ >= 2;
  }
  return true;
}

static bool check_survivors(const struct sliced *sliced, const struct question *question, unsigned radius) {
  const struct sliced_plan *plan = &question->plan;
  const bool counts = plan->add.count + plan->subtract.count > 0;
  for (size_t first = 0; first < ROWS; first += SLICED_BLOCK_ROWS) {
    struct sliced_rows within;
    sliced->count(sliced->planes + first / SLICED_BLOCK_ROWS * sliced->block_bytes, plan, &within);
    for (size_t i = first; i < ROWS && i < first + SLICED_BLOCK_ROWS; i++) {
      unsigned sum = 0;
      const uint8_t *row = sliced->rows + i * sliced->row_bytes;
      const bool known =
          sum_list(sliced, &plan->add, question, row, &sum) && sum_list(sliced, &plan->subtract, question, row, &sum);
      const bool expected = !counts || sum <= radius / 2;
      if (known && expected == (bit(within.bytes, i - first) == 1)) continue;
      printf("radius %u, %zu bytes, row %zu: %u triples, %s\n", radius, sliced->row_bytes, i, sum,
             known ? "survives wrongly or not at all" : "an unknown bit is counted");
      return false;
    }
  }
  return true;
}

/* Every query bit is set with a chance of 1, 1/2 or 1/4, so that lists of all lengths occur; rows lie around the radii.
 */
static bool check_width(size_t row_bytes, enum cpu_tier tier) {
  uint8_t rows[ROWS * HAMMING_MAX_ROW_BYTES];
  struct random_state state = random_seeded(row_bytes);
  bool good = true;
  for (unsigned round = 0; good && round < 30; round++) {
    struct question question;
    uint8_t query[HAMMING_MAX_ROW_BYTES];
    for (size_t i = 0; i < row_bytes; i++) {
      const uint64_t random = random_next(&state);
      query[i] = (uint8_t)(round % 3 == 0 ? 255 : round % 3 == 1 ? random : random & random >> 8);
      question.known[i] = (uint8_t)(round < 10 ? 255 : random >> 16 | random >> 24 | (round < 20 ? random >> 32 : 0));
    }
    for (size_t i = 0; i < sizeof rows; i++) {
      const uint64_t random = random_next(&state);
      rows[i] = (uint8_t)(query[i % row_bytes] ^ (random & random >> 8 & (i / row_bytes % 2 ? 255 : random >> 16)));
    }
    struct sliced *sliced = sliced_create(rows, ROWS, row_bytes, tier);
    if (sliced == NULL) return false;
    question.row = query;
    for (unsigned radius = 0; good && radius <= 96; radius += radius < 8 ? 1 : 5) {
      make_plan(sliced, query, question.known, radius, &question.plan);
      good = check_survivors(sliced, &question, radius);
    }
    sliced_destroy(sliced);
  }
  return good;
}

bool hamming_check_bounds(enum cpu_tier tier) {
  return check_width(32, tier) && check_width(8, tier);
}
