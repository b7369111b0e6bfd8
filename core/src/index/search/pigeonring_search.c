/* SPDX-License-Identifier: Apache-2.0 */
/* Searches a pigeonring for a few queries. Nearly all of the time is memory latency, so the work is cut into stages
 * over many probes at once, and each stage prefetches the memory of the next:
 *
 *     keys -> directory -> next words of the buckets -> row numbers -> rows -> full distance, report
 */
#include "index/search/pigeonring_search.h"

#include <stdlib.h>
#include <string.h>

#include "base/control.h"

enum { BUCKETS = PIGEONRING_PROBES, CANDIDATES = 2048 };

/* A bucket before its bounds are known. */
struct probe {
  uint32_t key;
  uint32_t tag; /* tag_of its query and table */
  uint16_t limit;
};

struct pigeonring_scratch {
  const struct pigeonring *ring;
  const struct pigeonring_query *queries;
  const struct pigeonring_plan *plans;
  size_t query_count;
  unsigned radius;
  const hashscan_control *control;
  bool ended; /* by the control */
  pigeonring_visit visit;
  void *user;
  uint8_t known[PIGEONRING_BATCH][HAMMING_MAX_ROW_BYTES];

  /* The generator's place: the next key to probe. */
  size_t query;
  unsigned table;
  size_t flips;     /* number of the flips of known bits */
  uint32_t setting; /* of the unknown bits */

  struct probe probes[BUCKETS];
  size_t probe_count;
  struct bucket buckets[BUCKETS]; /* those of the probes that are not empty */
  size_t bucket_count;
  uint64_t entries; /* in all buckets generated so far */

  struct bucket_hit candidates[CANDIDATES]; /* tagged by tag_of; `position` becomes the row number */
  size_t candidate_count;
  uint64_t candidates_ever; /* found so far, whether they were kept or not */
};

static uint32_t tag_of(size_t query, unsigned table) {
  return (uint32_t)(query * PIGEONRING_MAX_WORDS + table);
}

/* A control may be reset meanwhile: what it ended stays so. */
static bool is_ended(struct pigeonring_scratch *search) {
  search->ended = search->ended || control_ended(search->control);
  return search->ended;
}

/* ---- Buckets ----------------------------------------------------------------------------------------------------- */

static void rewind_keys(struct pigeonring_scratch *search) {
  search->query = 0;
  search->table = 0;
  search->flips = 0;
  search->setting = 0;
  search->entries = 0;
}

/* Adds a probe for every setting of the unknown bits. False when there is no room; the next call goes on from there. */
static bool add_settings(struct pigeonring_scratch *search, struct probe probe, uint32_t unknown) {
  const uint32_t *directory = search->ring->tables[search->table].directory;
  do {
    if (search->probe_count == BUCKETS) return false;
    const uint32_t key = probe.key | search->setting;
    __builtin_prefetch(directory + key);
    search->probes[search->probe_count++] = (struct probe){key, probe.tag, probe.limit};
    search->setting = (search->setting - unknown) & unknown;
  } while (search->setting != 0);
  return true;
}

/* Adds what is left of the probes of a query in a table. False when there is no room. */
static bool add_table(struct pigeonring_scratch *search) {
  const struct pigeonring *ring = search->ring;
  const struct pigeonring_plan *plan = &search->plans[search->query];
  const unsigned t = search->table;
  const uint32_t tag = tag_of(search->query, t);
  const uint32_t known = plan->known[t];
  const unsigned limit = plan->threshold[t] + plan->threshold[(t + 1) % ring->words] - 1u;
  for (; search->flips < PIGEONRING_FLIPS; search->flips++) {
    const struct pigeonring_flips flips = ring->flips[search->flips];
    if (flips.weight >= plan->threshold[t]) break;
    if ((flips.bits & ~known) != 0) continue;
    const struct probe probe = {(plan->word[t] & known) ^ flips.bits, tag, (uint16_t)(limit - flips.weight)};
    if (!add_settings(search, probe, UINT16_MAX & ~known)) return false;
  }
  return true;
}

/* Replaces the probes by the next ones. False when there were none left. */
static bool generate(struct pigeonring_scratch *search) {
  search->probe_count = 0;
  for (; search->query < search->query_count; search->query++, search->table = 0)
    for (; search->table < search->ring->words; search->table++, search->flips = 0)
      if (!add_table(search)) return true;
  return search->probe_count > 0;
}

/* Turns probes into buckets and prefetches the first of them. */
static void read_directory(struct pigeonring_scratch *search) {
  const struct pigeonring *ring = search->ring;
  search->bucket_count = 0;
  for (size_t i = 0; i < search->probe_count; i++) {
    const struct probe probe = search->probes[i];
    const struct pigeonring_table *table = &ring->tables[probe.tag % PIGEONRING_MAX_WORDS];
    const uint32_t begin = table->directory[probe.key];
    const uint32_t end = table->directory[probe.key + 1];
    if (begin == end) continue;
    const struct pigeonring_plan *plan = &search->plans[probe.tag / PIGEONRING_MAX_WORDS];
    const unsigned after = (probe.tag % PIGEONRING_MAX_WORDS + 1u) % ring->words;
    struct bucket *bucket = &search->buckets[search->bucket_count++];
    *bucket = (struct bucket){.words = table->next,
                              .rows = table->row,
                              .begin = begin,
                              .end = end,
                              .query = plan->word[after],
                              .known = plan->known[after],
                              .limit = probe.limit,
                              .tag = probe.tag};
    search->entries += end - begin;
    if (search->bucket_count <= BUCKET_AHEAD) bucket_prefetch(bucket);
  }
}

/* ---- Candidates -------------------------------------------------------------------------------------------------- */

/* Compares one candidate in full. False when `visit` ended the search. */
static bool confirm(const struct pigeonring_scratch *search, struct bucket_hit candidate) {
  const uint32_t number = candidate.tag / PIGEONRING_MAX_WORDS;
  unsigned distance;
  if (!pigeonring_qualifies(search->ring, search->plans[number].threshold, candidate.position,
                            search->queries[number].row, search->known[number], search->radius,
                            candidate.tag % PIGEONRING_MAX_WORDS, &distance))
    return true;
  return search->visit(search->user, number, candidate.position, distance);
}

/* Reads the row numbers, then the rows, each stage of all candidates, so that their latencies overlap. */
static bool confirm_all(struct pigeonring_scratch *search) {
  const struct pigeonring *ring = search->ring;
  for (size_t i = 0; i < search->candidate_count; i++) {
    struct bucket_hit *candidate = &search->candidates[i];
    candidate->position = ring->tables[candidate->tag % PIGEONRING_MAX_WORDS].row[candidate->position];
    __builtin_prefetch(ring->rows + candidate->position * ring->row_bytes);
  }
  bool wanted = true;
  for (size_t i = 0; wanted && i < search->candidate_count; i++) wanted = confirm(search, search->candidates[i]);
  search->candidate_count = 0;
  return wanted;
}

struct pigeonring_scratch *pigeonring_scratch_create(void) {
  return malloc(sizeof(struct pigeonring_scratch));
}

void pigeonring_scratch_destroy(struct pigeonring_scratch *scratch) {
  free(scratch);
}

/* ---- The search -------------------------------------------------------------------------------------------------- */

/* Adds up the entries of all buckets. True when they fit at once; they are then ready to be looked into. Nothing
 * of the kind when the control ended the search. */
static bool survey(struct pigeonring_scratch *search) {
  bool at_once = true;
  rewind_keys(search);
  while (!is_ended(search) && generate(search)) {
    read_directory(search);
    if (search->query == search->query_count) break;
    at_once = false;
  }
  return at_once;
}

/* Finds the candidates of the present buckets, each time until there is no room for more. They then are compared in
 * full or, without `report`, forgotten. False when there are too many, or the control ended the search, or with
 * `report` `visit` did. */
static bool scan_present(struct pigeonring_scratch *search, bool report, uint64_t max_candidates) {
  for (size_t done = 0;;) {
    const size_t before = search->candidate_count;
    done += search->ring->kernel(search->buckets + done, search->bucket_count - done, search->candidates,
                                 &search->candidate_count, CANDIDATES);
    search->candidates_ever += search->candidate_count - before;
    if (!report && search->candidates_ever > max_candidates) return false;
    if (is_ended(search)) return false;
    if (done == search->bucket_count) return true;
    if (!report) search->candidate_count = 0;
    else if (!confirm_all(search)) return false;
  }
}

static bool scan_all(struct pigeonring_scratch *search, bool report, uint64_t max_candidates) {
  rewind_keys(search);
  while (generate(search)) {
    read_directory(search);
    if (!scan_present(search, report, max_candidates)) return false;
  }
  return true;
}

/* Nothing is reported before the number of candidates is known, so that a search that turns out heavy can be left. Only
 * when they do not fit the buffer are the buckets looked at twice. */
enum pigeonring_outcome pigeonring_search(struct pigeonring_scratch *search, const struct pigeonring *ring,
                                          const struct pigeonring_query *queries, const struct pigeonring_plan *plans,
                                          size_t count, unsigned radius, double budget, const hashscan_control *control,
                                          pigeonring_visit visit, void *user) {
  search->ring = ring;
  search->queries = queries;
  search->plans = plans;
  search->query_count = count;
  search->radius = radius;
  search->control = control;
  search->ended = false;
  search->visit = visit;
  search->user = user;
  search->candidate_count = 0;
  search->candidates_ever = 0;
  for (size_t q = 0; q < count; q++) hamming_known(queries[q].unknown, ring->row_bytes, search->known[q]);

  const bool present = survey(search);
  if (search->ended) return PIGEONRING_STOPPED;
  const double left = budget * (double)count - (double)search->entries * ring->entry_nanoseconds;
  if (left < 0) return PIGEONRING_HEAVY;
  const double affordable = left / PIGEONRING_ROW_NANOSECONDS;
  const uint64_t max_candidates = affordable < 1e18 ? (uint64_t)affordable : UINT64_MAX;
  if (!(present ? scan_present : scan_all)(search, false, max_candidates))
    return search->ended ? PIGEONRING_STOPPED : PIGEONRING_HEAVY;
  if (search->candidates_ever > search->candidate_count) {
    search->candidate_count = 0;
    if (!scan_all(search, true, max_candidates)) return PIGEONRING_STOPPED;
  }
  return confirm_all(search) ? PIGEONRING_DONE : PIGEONRING_STOPPED;
}
