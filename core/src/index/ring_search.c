/* SPDX-License-Identifier: Apache-2.0 */
/* Searching a ring. Nearly all of the time is memory latency, so the work is cut into stages over many probes at once,
 * and each stage asks for the memory of the next:
 *
 *     keys -> directory -> next words of the buckets -> row numbers -> rows -> full distance, report
 */
#include <string.h>

#include "index/ring.h"

enum { PROBES = 2304, CANDIDATES = 2048, BUCKET_PIECE = 1024 };

/* One bucket to look at. `begin` holds the key until the directory is read. */
struct probe {
  uint32_t begin;
  uint32_t end;
  uint8_t query;
  uint8_t table;
  uint8_t limit; /* largest distance in the next word */
};

struct candidate {
  uint32_t row; /* a position in the table until the row number is read */
  uint8_t query;
  uint8_t table;
};

struct search {
  const struct ring *ring;
  const struct ring_query *queries;
  const struct ring_plan *plans;
  size_t query_count;
  unsigned radius;
  ring_visit visit;
  void *user;
  uint8_t known[RING_BATCH][HAMMING_MAX_ROW_BYTES];

  /* The generator's place: the next key to give out. */
  size_t query;
  unsigned table;
  unsigned distance;
  uint32_t flips;   /* known bits to flip, `distance` of them */
  uint32_t unknown; /* unknown bits to set */
  bool started;     /* whether the place is inside a table */
  bool pending;     /* whether the current flips have settings left that found no room */

  struct probe probes[PROBES];
  size_t probe_count;
  uint64_t entries; /* in the buckets of all probes generated so far */
  struct candidate candidates[CANDIDATES];
  size_t candidate_count;
  uint64_t candidates_ever; /* found so far, whether there was room for them or not */
};

/* ---- Keys -------------------------------------------------------------------------------------------------------- */

/* The next larger number with as many bits set (HAKMEM 175). */
static uint32_t next_of_same_weight(uint32_t bits) {
  const uint32_t lowest = bits & -bits;
  const uint32_t ripple = bits + lowest;
  return ripple | ((bits ^ ripple) / lowest >> 2);
}

static void rewind_keys(struct search *search) {
  search->query = 0;
  search->table = 0;
  search->started = false;
  search->pending = false;
  search->unknown = 0;
  search->entries = 0;
}

/* Steps to the next set of flips of the table, the ones among known bits only. False after the last. */
static bool next_flips(struct search *search, uint16_t known, unsigned share) {
  for (;;) {
    if (!search->started) {
      search->started = true;
      search->distance = 0;
      search->flips = 0;
      return share > 0;
    }
    if (search->distance != 0) search->flips = next_of_same_weight(search->flips);
    if (search->distance == 0 || search->flips > UINT16_MAX) {
      if (++search->distance >= share) return false;
      search->flips = (1u << search->distance) - 1;
    }
    if ((search->flips & ~(uint32_t)known) == 0) return true;
  }
}

static void add_probe(struct search *search, const struct ring_plan *plan, uint32_t key) {
  const unsigned t = search->table;
  const unsigned after = (t + 1) % search->ring->words;
  struct probe *probe = &search->probes[search->probe_count++];
  probe->begin = key;
  probe->query = (uint8_t)search->query;
  probe->table = (uint8_t)t;
  probe->limit = (uint8_t)(plan->share[t] + plan->share[after] - 1u - search->distance);
  __builtin_prefetch(&search->ring->tables[t].directory[key]);
}

/* Adds the keys of the current flips with every setting of the unknown bits, as many as there is room for. True when
 * all are out. */
static bool add_settings(struct search *search, const struct ring_plan *plan) {
  const uint16_t known = plan->known[search->table];
  const uint16_t unknown = (uint16_t)~known;
  const uint32_t key = (plan->word[search->table] & known) ^ search->flips;
  for (;;) {
    search->pending = search->probe_count == PROBES;
    if (search->pending) return false;
    add_probe(search, plan, key | search->unknown);
    search->unknown = (search->unknown - unknown) & unknown;
    if (search->unknown == 0) return true;
  }
}

/* Fills the probes with the next keys. False when there were none left. */
static bool generate(struct search *search) {
  search->probe_count = 0;
  for (; search->query < search->query_count; search->query++, search->table = 0) {
    const struct ring_plan *plan = &search->plans[search->query];
    for (; search->table < search->ring->words; search->table++, search->started = false) {
      if (search->pending && !add_settings(search, plan)) return true;
      while (next_flips(search, plan->known[search->table], plan->share[search->table])) {
        if (!add_settings(search, plan)) return true;
      }
    }
  }
  return search->probe_count > 0;
}

/* Turns keys into bucket bounds and asks for what is in the buckets. */
static void read_directory(struct search *search) {
  for (size_t i = 0; i < search->probe_count; i++) {
    struct probe *probe = &search->probes[i];
    const struct ring_table *table = &search->ring->tables[probe->table];
    const uint32_t key = probe->begin;
    probe->begin = table->directory[key];
    probe->end = table->directory[key + 1];
    search->entries += probe->end - probe->begin;
    if (probe->begin == probe->end) continue;
    __builtin_prefetch(table->next + probe->begin);
    __builtin_prefetch(table->next + probe->end - 1);
  }
}

/* ---- Candidates -------------------------------------------------------------------------------------------------- */

/* The lowest start that a row with these differing bits qualifies from. */
static unsigned lowest_start(const struct ring *ring, const struct ring_plan *plan, const uint64_t *differ) {
  uint8_t distance[RING_MAX_WORDS + 1] = {0};
  for (unsigned t = 0; t < ring->words; t++) {
    int bits = 0;
    for (size_t k = 0; k < ring->row_bytes / 8; k++) bits += __builtin_popcountll(differ[k] & ring->mask[t][k]);
    distance[t] = (uint8_t)bits;
  }
  distance[ring->words] = distance[0];
  for (unsigned t = 0; t < ring->words; t++) {
    const unsigned after = (t + 1) % ring->words;
    if (distance[t] < plan->share[t] && distance[t] + distance[t + 1] < plan->share[t] + plan->share[after]) return t;
  }
  return ring->words;
}

/* Compares one candidate in full. False when `visit` ended the search. */
static bool confirm(const struct search *search, const struct candidate *candidate) {
  const struct ring *ring = search->ring;
  const struct ring_query *query = &search->queries[candidate->query];
  const uint8_t *known = search->known[candidate->query];
  const uint8_t *row = ring->rows + candidate->row * ring->row_bytes;
  const unsigned distance = ring->distance(row, query->row, known);
  if (distance > search->radius) return true;
  uint64_t differ[RING_MAX_WORDS / 4];
  for (size_t k = 0; k < ring->row_bytes / 8; k++) {
    uint64_t asked, counts;
    memcpy(&differ[k], row + 8 * k, 8);
    memcpy(&asked, query->row + 8 * k, 8);
    memcpy(&counts, known + 8 * k, 8);
    differ[k] = (differ[k] ^ asked) & counts;
  }
  if (lowest_start(ring, &search->plans[candidate->query], differ) != candidate->table) return true;
  return search->visit(search->user, candidate->query, candidate->row, distance);
}

static bool confirm_all(struct search *search) {
  for (size_t i = 0; i < search->candidate_count; i++) {
    struct candidate *candidate = &search->candidates[i];
    candidate->row = search->ring->tables[candidate->table].row[candidate->row];
    __builtin_prefetch(search->ring->rows + candidate->row * search->ring->row_bytes);
  }
  bool wanted = true;
  for (size_t i = 0; wanted && i < search->candidate_count; i++) wanted = confirm(search, &search->candidates[i]);
  search->candidate_count = 0;
  return wanted;
}

/* Finds the candidates of a bucket. With `report` they are compared in full as they fill the buffer, and false says
 * that `visit` ended the search; without, those that find no room are only counted. */
static bool scan_bucket(struct search *search, const struct probe *probe, bool report) {
  const struct ring_table *table = &search->ring->tables[probe->table];
  const struct ring_plan *plan = &search->plans[probe->query];
  const unsigned after = (probe->table + 1u) % search->ring->words;
  uint32_t found[BUCKET_PIECE];
  for (uint32_t begin = probe->begin; begin < probe->end;) {
    const uint32_t end = probe->end - begin > BUCKET_PIECE ? begin + BUCKET_PIECE : probe->end;
    const size_t count =
        search->ring->kernel(table->next, begin, end, plan->word[after], plan->known[after], probe->limit, found);
    begin = end;
    search->candidates_ever += count;
    if (search->candidate_count + count > CANDIDATES) {
      if (!report) continue;
      if (!confirm_all(search)) return false;
    }
    for (size_t i = 0; i < count; i++) {
      __builtin_prefetch(table->row + found[i]);
      search->candidates[search->candidate_count++] =
          (struct candidate){.row = found[i], .query = probe->query, .table = probe->table};
    }
  }
  return true;
}

/* ---- The search -------------------------------------------------------------------------------------------------- */

/* Adds up the buckets of all probes. Keeps the probes, ready to be scanned, when they fit at once. */
static bool survey(struct search *search) {
  bool at_once = true;
  rewind_keys(search);
  while (generate(search)) {
    read_directory(search);
    if (search->query == search->query_count) break;
    at_once = false;
  }
  return at_once;
}

/* Looks into all buckets. `ready`: the probes are there already, all of them. False when there are too many candidates,
 * or with `report` when `visit` ended the search. */
static bool scan_buckets(struct search *search, bool ready, bool report, uint64_t max_candidates) {
  if (!ready) rewind_keys(search);
  while (ready || generate(search)) {
    if (!ready) read_directory(search);
    for (size_t i = 0; i < search->probe_count; i++) {
      if (!scan_bucket(search, &search->probes[i], report)) return false;
      if (!report && search->candidates_ever > max_candidates) return false;
    }
    if (ready) break;
  }
  return true;
}

/* Nothing is reported before the number of candidates is known, so that a search that turns out heavy can be left. Only
 * when they do not fit the buffer are the buckets looked at twice. */
enum ring_outcome ring_search(const struct ring *ring, const struct ring_query *queries, const struct ring_plan *plans,
                              size_t count, unsigned radius, double budget, ring_visit visit, void *user) {
  struct search search;
  search.ring = ring;
  search.queries = queries;
  search.plans = plans;
  search.query_count = count;
  search.radius = radius;
  search.visit = visit;
  search.user = user;
  search.candidate_count = 0;
  search.candidates_ever = 0;
  for (size_t q = 0; q < count; q++) hamming_known(queries[q].unknown, ring->row_bytes, search.known[q]);

  const bool ready = survey(&search);
  const double left = budget * (double)count - (double)search.entries * RING_ENTRY_NANOSECONDS;
  if (left < 0) return RING_HEAVY;
  const double affordable = left / RING_ROW_NANOSECONDS;
  const uint64_t max_candidates = affordable < 1e18 ? (uint64_t)affordable : UINT64_MAX;
  if (!scan_buckets(&search, ready, false, max_candidates)) return RING_HEAVY;
  if (search.candidates_ever > search.candidate_count) {
    search.candidate_count = 0;
    if (!scan_buckets(&search, ready, true, max_candidates)) return RING_STOPPED;
  }
  return confirm_all(&search) ? RING_DONE : RING_STOPPED;
}
