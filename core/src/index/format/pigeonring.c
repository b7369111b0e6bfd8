/* SPDX-License-Identifier: Apache-2.0 */
/* Dealing bits into words, building tables, choosing the shares of a query, and deciding on a candidate. */
#include "index/format/pigeonring.h"

#include <string.h>

/* ---- Words ------------------------------------------------------------------------------------------------------- */

bool ring_layout_valid(const struct ring_layout *layout) {
  unsigned held[RING_MAX_WORDS] = {0};
  if (layout->words == 0 || layout->words > RING_MAX_WORDS || layout->words % 4 != 0) return false;
  for (size_t bit = 0; bit < (size_t)layout->words * RING_WORD_BITS; bit++) {
    const unsigned word = layout->word_of_bit[bit];
    if (word >= layout->words || held[word]++ == RING_WORD_BITS) return false;
  }
  return true;
}

/* Bit `bit` of a row becomes the next free bit of its word. */
static void deal_bit(struct ring *ring, size_t bit, unsigned word, unsigned position) {
  const size_t nibble = bit / 4;
  for (unsigned value = 0; value < 16; value++)
    if (value >> (bit % 4) & 1) ring->deal[nibble][value][word] |= (uint16_t)(1u << position);
  uint8_t row[RING_MAX_ROW_BYTES] = {0};
  row[bit / 8] = (uint8_t)(1u << (bit % 8));
  for (size_t k = 0; k < ring->row_bytes / 8; k++) {
    uint64_t part;
    memcpy(&part, row + 8 * k, sizeof part);
    ring->mask[word][k] |= part;
  }
}

static void list_flips(struct ring *ring) {
  size_t count = 0;
  for (unsigned weight = 0; weight < RING_MAX_SHARE; weight++)
    for (unsigned bits = 0; bits < RING_KEYS; bits++)
      if ((unsigned)__builtin_popcount(bits) == weight)
        ring->flips[count++] = (struct ring_flips){.bits = (uint16_t)bits, .weight = (uint16_t)weight};
}

void ring_init(struct ring *ring, const struct ring_layout *layout, const uint8_t *rows, size_t row_count,
               enum cpu_tier tier) {
  memset(ring, 0, sizeof *ring);
  ring->words = layout->words;
  ring->row_bytes = (size_t)layout->words * RING_WORD_BITS / 8;
  ring->rows = rows;
  ring->row_count = row_count;
  ring->kernel = bucket_kernel_for(tier);
  ring->many_kernel = bucket_many_kernel_for(tier);
  ring->entry_nanoseconds = tier == CPU_SCALAR ? RING_ENTRY_NANOSECONDS_SCALAR : RING_ENTRY_NANOSECONDS;
  ring->distance = hamming_distance_for(tier, ring->row_bytes);
  unsigned position[RING_MAX_WORDS] = {0};
  for (size_t bit = 0; bit < ring->row_bytes * 8; bit++) {
    const unsigned word = layout->word_of_bit[bit];
    deal_bit(ring, bit, word, position[word]++);
  }
  list_flips(ring);
}

void ring_deal(const struct ring *ring, const uint8_t *row, uint16_t words[RING_MAX_WORDS]) {
  uint64_t dealt[RING_MAX_WORDS / 4] = {0};
  for (size_t nibble = 0; nibble < 2 * ring->row_bytes; nibble++) {
    const unsigned value = (unsigned)row[nibble / 2] >> (nibble % 2 * 4) & 15u;
    uint64_t part[RING_MAX_WORDS / 4];
    memcpy(part, ring->deal[nibble][value], sizeof part);
    for (size_t k = 0; k < RING_MAX_WORDS / 4; k++) dealt[k] |= part[k];
  }
  memcpy(words, dealt, sizeof dealt);
}

/* ---- Building ---------------------------------------------------------------------------------------------------- */

/* A counting sort by key. While it runs, directory[key + 1] is where the next row of `key` goes; in the end, where
 * those of key + 1 begin. */
void ring_build_table(const uint16_t *words, const uint16_t *next_words, size_t row_count, uint32_t *directory,
                      uint16_t *next, uint32_t *row) {
  memset(directory, 0, (RING_KEYS + 1) * sizeof *directory);
  for (size_t i = 0; i < row_count; i++)
    if (words[i] < RING_KEYS - 1) directory[words[i] + 2]++;
  for (size_t key = 2; key <= RING_KEYS; key++) directory[key] += directory[key - 1];
  for (size_t i = 0; i < row_count; i++) {
    const uint32_t position = directory[words[i] + 1]++;
    next[position] = next_words[i];
    row[position] = (uint32_t)i;
  }
}

/* ---- Planning ---------------------------------------------------------------------------------------------------- */

/* Keys within `share` - 1 of a word of which `known` bits count. */
static double probes_of(unsigned known_bits, unsigned share) {
  double keys = 0;
  double ways = 1;
  for (unsigned distance = 0; distance < share && distance <= known_bits; distance++) {
    keys += ways;
    ways = ways * (known_bits - distance) / (distance + 1);
  }
  return keys * (double)(1u << (RING_WORD_BITS - known_bits));
}

static unsigned count_bits(uint16_t word) {
  return (unsigned)__builtin_popcount(word);
}

void ring_share_evenly(const struct ring *ring, unsigned radius, uint8_t share[RING_MAX_WORDS]) {
  for (unsigned t = 0; t < ring->words; t++)
    share[t] = (uint8_t)((radius + 1) / ring->words + (t < (radius + 1) % ring->words));
}

static void plan_evenly(const struct ring *ring, unsigned radius, struct ring_plan *plan) {
  ring_share_evenly(ring, radius, plan->share);
  for (unsigned t = 0; t < ring->words; t++) {
    plan->known[t] = UINT16_MAX;
    plan->probes += (uint64_t)probes_of(RING_WORD_BITS, plan->share[t]);
  }
}

/* Gives out the shares one by one, each to the word where it costs least. The cost of a word is convex in its share as
 * far as shares go here, so that greed is optimal. */
static void share_by_cost(const struct ring *ring, const uint8_t *unknown_bits, unsigned radius,
                          struct ring_plan *plan) {
  uint16_t unknown[RING_MAX_WORDS];
  double step[RING_MAX_WORDS] = {0}; /* what one more share costs */
  ring_deal(ring, unknown_bits, unknown);
  for (unsigned t = 0; t < ring->words; t++) {
    plan->known[t] = (uint16_t)~unknown[t];
    step[t] = probes_of(count_bits(plan->known[t]), 1);
  }
  for (unsigned given = 0; given <= radius; given++) {
    unsigned best = ring->words;
    for (unsigned t = 0; t < ring->words; t++)
      if (plan->share[t] < RING_MAX_SHARE && (best == ring->words || step[t] < step[best])) best = t;
    const unsigned known_bits = count_bits(plan->known[best]);
    const unsigned share = ++plan->share[best];
    plan->probes += (uint64_t)step[best];
    step[best] = probes_of(known_bits, share + 1) - probes_of(known_bits, share);
  }
}

static double cost_of(const struct ring *ring, double probes) {
  return probes * (RING_PROBE_NANOSECONDS + (double)ring->row_count / RING_KEYS * ring->entry_nanoseconds);
}

bool ring_reaches(const struct ring *ring, unsigned radius) {
  return radius + 1 <= ring->words * RING_MAX_SHARE;
}

bool ring_plan(const struct ring *ring, const struct ring_query *query, unsigned radius, struct ring_plan *plan) {
  if (!ring_reaches(ring, radius)) return false;
  memset(plan, 0, sizeof *plan);
  ring_deal(ring, query->row, plan->word);
  if (query->unknown == NULL) plan_evenly(ring, radius, plan);
  else share_by_cost(ring, query->unknown, radius, plan);
  plan->cost = cost_of(ring, (double)plan->probes);
  return true;
}

bool ring_sweep_pays(const struct ring *ring, unsigned radius, uint32_t count, double scan_cost) {
  if (!ring_reaches(ring, radius)) return false;
  uint8_t share[RING_MAX_WORDS];
  double probes = 0;
  ring_share_evenly(ring, radius, share);
  for (unsigned t = 0; t < ring->words; t++) probes += probes_of(RING_WORD_BITS, share[t]);
  const double entries = (double)ring->row_count / RING_KEYS * ring->entry_nanoseconds;
  const double table = ring->words * RING_SWEEP_TABLE_NANOSECONDS;
  const double sweep = table / count + probes * (RING_SWEEP_PROBE_NANOSECONDS + entries * RING_SWEEP_ENTRY_SHARE);
  const double search = cost_of(ring, probes);
  return sweep < (search < scan_cost ? search : scan_cost);
}

/* ---- Candidates -------------------------------------------------------------------------------------------------- */

static unsigned word_distance(const struct ring *ring, const uint64_t *differ, unsigned t) {
  int bits = 0;
  for (size_t k = 0; k < ring->row_bytes / 8; k++) bits += __builtin_popcountll(differ[k] & ring->mask[t][k]);
  return (unsigned)bits;
}

/* Whether a row with these differing bits qualifies from a start before `table`, from which it is reported then. */
static bool found_before(const struct ring *ring, const uint8_t *share, const uint64_t *differ, unsigned table) {
  unsigned distance = word_distance(ring, differ, 0);
  for (unsigned t = 0; t < table; t++) {
    const unsigned next = word_distance(ring, differ, t + 1);
    if (distance < share[t] && distance + next < share[t] + share[t + 1u]) return true;
    distance = next;
  }
  return false;
}

bool ring_qualifies(const struct ring *ring, const uint8_t share[RING_MAX_WORDS], size_t number, const uint8_t *query,
                    const uint8_t *known, unsigned radius, unsigned table, unsigned *distance) {
  const uint8_t *row = ring->rows + number * ring->row_bytes;
  *distance = ring->distance(row, query, known);
  if (*distance > radius) return false;
  uint64_t differ[RING_MAX_WORDS / 4];
  for (size_t k = 0; k < ring->row_bytes / 8; k++) {
    uint64_t asked, counts;
    memcpy(&differ[k], row + 8 * k, 8);
    memcpy(&asked, query + 8 * k, 8);
    memcpy(&counts, known + 8 * k, 8);
    differ[k] = (differ[k] ^ asked) & counts;
  }
  return !found_before(ring, share, differ, table);
}
