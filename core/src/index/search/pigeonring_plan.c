/* SPDX-License-Identifier: Apache-2.0 */
/* Chooses the thresholds of a query by estimated cost, and decides on a candidate. */
#include "index/search/pigeonring_plan.h"

#include <string.h>

/* ---- Planning ---------------------------------------------------------------------------------------------------- */

/* Keys within `threshold` - 1 of a word of which `known` bits count. */
static double probes_of(unsigned known_bits, unsigned threshold) {
  double keys = 0;
  double ways = 1;
  for (unsigned distance = 0; distance < threshold && distance <= known_bits; distance++) {
    keys += ways;
    ways = ways * (known_bits - distance) / (distance + 1);
  }
  return keys * (double)(1u << (PIGEONRING_WORD_BITS - known_bits));
}

static unsigned count_bits(uint16_t word) {
  return (unsigned)__builtin_popcount(word);
}

void pigeonring_even_thresholds(const struct pigeonring *ring, unsigned radius,
                                uint8_t threshold[PIGEONRING_MAX_WORDS]) {
  for (unsigned t = 0; t < ring->words; t++)
    threshold[t] = (uint8_t)((radius + 1) / ring->words + (t < (radius + 1) % ring->words));
}

static void plan_evenly(const struct pigeonring *ring, unsigned radius, struct pigeonring_plan *plan) {
  pigeonring_even_thresholds(ring, radius, plan->threshold);
  for (unsigned t = 0; t < ring->words; t++) {
    plan->known[t] = UINT16_MAX;
    plan->probes += (uint64_t)probes_of(PIGEONRING_WORD_BITS, plan->threshold[t]);
  }
}

/* Raises the thresholds one by one, each time that of the word where it costs least. The cost of a word is convex in
 * its threshold as far as thresholds go here, so that the greedy choice is optimal. */
static void thresholds_by_cost(const struct pigeonring *ring, const uint8_t *unknown_bits, unsigned radius,
                               struct pigeonring_plan *plan) {
  uint16_t unknown[PIGEONRING_MAX_WORDS];
  double step[PIGEONRING_MAX_WORDS] = {0}; /* what the next threshold costs in addition */
  pigeonring_words(ring, unknown_bits, unknown);
  for (unsigned t = 0; t < ring->words; t++) {
    plan->known[t] = (uint16_t)~unknown[t];
    step[t] = probes_of(count_bits(plan->known[t]), 1);
  }
  for (unsigned sum = 0; sum <= radius; sum++) {
    unsigned best = ring->words;
    for (unsigned t = 0; t < ring->words; t++)
      if (plan->threshold[t] < PIGEONRING_MAX_THRESHOLD && (best == ring->words || step[t] < step[best])) best = t;
    const unsigned known_bits = count_bits(plan->known[best]);
    const unsigned threshold = ++plan->threshold[best];
    plan->probes += (uint64_t)step[best];
    step[best] = probes_of(known_bits, threshold + 1) - probes_of(known_bits, threshold);
  }
}

static double cost_of(const struct pigeonring *ring, double probes) {
  return probes * (PIGEONRING_PROBE_NANOSECONDS + (double)ring->row_count / PIGEONRING_KEYS * ring->entry_nanoseconds);
}

bool pigeonring_reaches(const struct pigeonring *ring, unsigned radius) {
  return radius + 1 <= ring->words * PIGEONRING_MAX_THRESHOLD;
}

bool pigeonring_plan(const struct pigeonring *ring, const struct pigeonring_query *query, unsigned radius,
                     struct pigeonring_plan *plan) {
  if (!pigeonring_reaches(ring, radius)) return false;
  memset(plan, 0, sizeof *plan);
  pigeonring_words(ring, query->row, plan->word);
  if (query->unknown == NULL) plan_evenly(ring, radius, plan);
  else thresholds_by_cost(ring, query->unknown, radius, plan);
  plan->cost = cost_of(ring, (double)plan->probes);
  return true;
}

bool pigeonring_sweep_pays(const struct pigeonring *ring, unsigned radius, uint32_t count, double scan_cost) {
  if (!pigeonring_reaches(ring, radius)) return false;
  uint8_t threshold[PIGEONRING_MAX_WORDS];
  double probes = 0;
  pigeonring_even_thresholds(ring, radius, threshold);
  for (unsigned t = 0; t < ring->words; t++) probes += probes_of(PIGEONRING_WORD_BITS, threshold[t]);
  const double entries = (double)ring->row_count / PIGEONRING_KEYS * ring->entry_nanoseconds;
  const double table = ring->words * PIGEONRING_SWEEP_TABLE_NANOSECONDS;
  const double sweep =
      table / count + probes * (PIGEONRING_SWEEP_PROBE_NANOSECONDS + entries * PIGEONRING_SWEEP_ENTRY_FACTOR);
  const double search = cost_of(ring, probes);
  return sweep < (search < scan_cost ? search : scan_cost);
}

/* ---- Candidates -------------------------------------------------------------------------------------------------- */

static unsigned word_distance(const struct pigeonring *ring, const uint64_t *differ, unsigned t) {
  int bits = 0;
  for (size_t k = 0; k < ring->row_bytes / 8; k++) bits += __builtin_popcountll(differ[k] & ring->mask[t][k]);
  return (unsigned)bits;
}

/* Whether a row with these differing bits qualifies from a start before `table`, from which it is reported then. */
static bool found_before(const struct pigeonring *ring, const uint8_t *threshold, const uint64_t *differ,
                         unsigned table) {
  unsigned distance = word_distance(ring, differ, 0);
  for (unsigned t = 0; t < table; t++) {
    const unsigned next = word_distance(ring, differ, t + 1);
    if (distance < threshold[t] && distance + next < threshold[t] + threshold[t + 1u]) return true;
    distance = next;
  }
  return false;
}

bool pigeonring_qualifies(const struct pigeonring *ring, const uint8_t threshold[PIGEONRING_MAX_WORDS], size_t number,
                          const uint8_t *query, const uint8_t *known, unsigned radius, unsigned table,
                          unsigned *distance) {
  const uint8_t *row = ring->rows + number * ring->row_bytes;
  *distance = ring->distance(row, query, known);
  if (*distance > radius) return false;
  uint64_t differ[PIGEONRING_MAX_WORDS / 4];
  for (size_t k = 0; k < ring->row_bytes / 8; k++) {
    uint64_t wanted, counts;
    memcpy(&differ[k], row + 8 * k, 8);
    memcpy(&wanted, query + 8 * k, 8);
    memcpy(&counts, known + 8 * k, 8);
    differ[k] = (differ[k] ^ wanted) & counts;
  }
  return !found_before(ring, threshold, differ, table);
}
