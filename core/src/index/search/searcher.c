/* SPDX-License-Identifier: Apache-2.0 */
/* Chooses the way for each query, or for many together, by estimated cost, and carries it out. */
#include "index/search/searcher.h"

#include <stdlib.h>

#include "base/control.h"
#include "base/cpu.h"
#include "hamming/sliced.h"
#include "index/search/pigeonring_sweep.h"

/* Up to here a bit-sliced copy answers faster than a ring can be planned and probed. */
#define SLICED_MAX_ROWS 24576

/* A row in a scan, in nanoseconds, measured by `hashscan-bench index`, as those of pigeonring_plan.h are: where the
 * rows fit the caches, and where memory sets the pace. */
#define CACHED_BYTES ((size_t)16 << 20)
#define SCAN_NANOSECONDS_MEMORY 1.0
static double scan_nanoseconds(size_t bytes) {
  const enum cpu_tier tier = cpu_tier();
  if (tier == CPU_SCALAR) return 5.5;
  if (bytes > CACHED_BYTES) return SCAN_NANOSECONDS_MEMORY;
  return tier == CPU_AVX512 ? 0.3 : 0.55;
}

/* The part of a scan's cost that a ring search may use up before it is given up for the scan. */
#define BUDGET_FRACTION 0.5

struct searcher {
  const uint8_t *rows;
  size_t row_count;
  size_t row_bytes;
  double scan_cost; /* of one query */
  enum searcher_ways ways;
  struct sliced *sliced; /* NULL: none */
  bool has_ring;
  struct pigeonring ring;
};

static void attach_ring(struct searcher *searcher, const struct segment_kind *rows, hashscan_kind kind) {
  struct segment_pigeonring parts;
  segment_pigeonring(rows, kind, &parts);
  pigeonring_init(&searcher->ring, &parts.layout, rows->rows, rows->row_count, cpu_tier());
  for (unsigned t = 0; t < parts.layout.words; t++) searcher->ring.tables[t] = parts.tables[t];
  searcher->has_ring = true;
}

struct searcher *searcher_create(const struct segment *segment, hashscan_kind kind) {
  struct searcher *searcher = calloc(1, sizeof *searcher);
  if (searcher == NULL) return NULL;
  const struct segment_kind *rows = &segment->kinds[kind];
  searcher->rows = rows->rows;
  searcher->row_count = rows->row_count;
  searcher->row_bytes = hashscan_kind_bytes(kind);
  searcher->scan_cost = (double)rows->row_count * scan_nanoseconds(rows->row_count * searcher->row_bytes);
  if (rows->ring != NULL) attach_ring(searcher, rows, kind);
  if (rows->row_count > 0 && (rows->ring == NULL || rows->row_count <= SLICED_MAX_ROWS)) {
    searcher->sliced = sliced_create(rows->rows, rows->row_count, searcher->row_bytes, cpu_tier());
    if (searcher->sliced == NULL) {
      free(searcher);
      return NULL;
    }
  }
  return searcher;
}

void searcher_destroy(struct searcher *searcher) {
  if (searcher == NULL) return;
  sliced_destroy(searcher->sliced);
  free(searcher);
}

size_t searcher_copy_bytes(const struct searcher *searcher) {
  return searcher->sliced == NULL ? 0 : sliced_bytes(searcher->sliced);
}

void searcher_restrict(struct searcher *searcher, enum searcher_ways ways) {
  searcher->ways = ways;
}

/* ---- Every row --------------------------------------------------------------------------------------------------- */

static const uint8_t *at(const uint8_t *hashes, uint32_t number, size_t row_bytes) {
  return hashes == NULL ? NULL : hashes + (size_t)number * row_bytes;
}

/* Pairs of a row and a query that are compared between two looks at the control: a millisecond or two where all of them
 * are hits. */
#define PAIRS_AT_ONCE ((size_t)1 << 17)

struct moved {
  hamming_visit visit;
  void *user;
  size_t row; /* the first */
  uint32_t query;
};

static bool visit_moved(void *user, size_t row, uint32_t query, unsigned distance) {
  const struct moved *moved = user;
  return moved->visit(moved->user, moved->row + row, moved->query + query, distance);
}

/* Compares all rows with `count` queries, numbered from `number` on. Whole blocks, so that a control changes nothing
 * about how they pass through the caches. */
static bool scan(const struct searcher *searcher, const uint8_t *queries, const uint8_t *unknown, uint32_t number,
                 uint32_t count, unsigned radius, const hashscan_control *control, hamming_visit visit, void *user) {
  const size_t blocks = PAIRS_AT_ONCE / HAMMING_BLOCK_ROWS / count;
  const size_t at_once = control == NULL ? searcher->row_count : HAMMING_BLOCK_ROWS * (blocks == 0 ? 1 : blocks);
  for (size_t row = 0; row < searcher->row_count; row += at_once) {
    struct moved moved = {visit, user, row, number};
    const size_t left = searcher->row_count - row;
    if (control_ended(control) ||
        !hamming_scan(searcher->rows + row * searcher->row_bytes, left < at_once ? left : at_once, searcher->row_bytes,
                      queries, unknown, count, radius, visit_moved, &moved))
      return false;
  }
  return true;
}

/* The same over the copy in bit planes, which is of few rows. */
static bool search_sliced(const struct searcher *searcher, const uint8_t *queries, const uint8_t *unknown,
                          uint32_t count, unsigned radius, const hashscan_control *control, hamming_visit visit,
                          void *user) {
  const size_t some = PAIRS_AT_ONCE / searcher->row_count / SLICED_BATCH * SLICED_BATCH;
  const size_t at_once = control == NULL ? count : some == 0 ? SLICED_BATCH : some;
  for (size_t number = 0; number < count; number += at_once) {
    struct moved moved = {visit, user, 0, (uint32_t)number};
    const size_t left = count - number;
    if (control_ended(control) ||
        !sliced_search(searcher->sliced, at(queries, (uint32_t)number, searcher->row_bytes),
                       at(unknown, (uint32_t)number, searcher->row_bytes), (uint32_t)(left < at_once ? left : at_once),
                       radius, visit_moved, &moved))
      return false;
  }
  return true;
}

/* ---- Queries on their way through a ring ------------------------------------------------------------------------- */

/* Some of the caller's queries, at most PIGEONRING_BATCH, that share a way. */
struct group {
  const struct searcher *searcher;
  struct pigeonring_scratch *scratch;
  const uint8_t *queries;
  const uint8_t *unknown;
  unsigned radius;
  const hashscan_control *control;
  hamming_visit visit;
  void *user;
  uint32_t number[PIGEONRING_BATCH];                   /* the caller's numbers of the queries */
  struct pigeonring_query query[PIGEONRING_BATCH + 1]; /* one is being planned when the group is full */
  struct pigeonring_plan plan[PIGEONRING_BATCH + 1];
  size_t count;
  uint64_t probes; /* of the `count` plans */
};

static bool scan_one(const struct group *group, uint32_t number) {
  const struct searcher *searcher = group->searcher;
  return scan(searcher, at(group->queries, number, searcher->row_bytes),
              at(group->unknown, number, searcher->row_bytes), number, 1, group->radius, group->control, group->visit,
              group->user);
}

static bool visit_row_of_ring(void *user, uint32_t query, size_t row, unsigned distance) {
  const struct group *group = user;
  return group->visit(group->user, row, group->number[query], distance);
}

/* Heavy buckets of one query must not send the others of its group to the scan, so those are then tried one by one. */
static bool search_ring(struct group *group, size_t first, size_t count) {
  if (count == 0) return true;
  const struct searcher *searcher = group->searcher;
  const double budget = searcher->ways >= SEARCHER_PIGEONRING_ONLY ? 1e30 : BUDGET_FRACTION * searcher->scan_cost;
  struct group part = *group;
  for (size_t i = 0; i < count; i++) part.number[i] = group->number[first + i];
  switch (pigeonring_search(group->scratch, &searcher->ring, group->query + first, group->plan + first, count,
                            group->radius, budget, group->control, visit_row_of_ring, &part)) {
  case PIGEONRING_DONE:
    return true;
  case PIGEONRING_STOPPED:
    return false;
  case PIGEONRING_HEAVY:
    break;
  }
  if (count == 1) return scan_one(group, group->number[first]);
  for (size_t i = 0; i < count; i++)
    if (!search_ring(group, first + i, 1)) return false;
  return true;
}

/* Plans the query; true when the ring is the way to go. */
static bool plan_next(struct group *group, uint32_t number) {
  const struct searcher *searcher = group->searcher;
  struct pigeonring_query *query = &group->query[group->count];
  struct pigeonring_plan *plan = &group->plan[group->count];
  *query = (struct pigeonring_query){at(group->queries, number, searcher->row_bytes),
                                     at(group->unknown, number, searcher->row_bytes)};
  if (!pigeonring_plan(&searcher->ring, query, group->radius, plan)) return false;
  return searcher->ways >= SEARCHER_PIGEONRING_ONLY || plan->cost <= searcher->scan_cost;
}

/* Searches the group when the query that was planned last does not go with it. */
static bool make_room(struct group *group) {
  const size_t next = group->count;
  if (next == 0 || (next < PIGEONRING_BATCH && group->probes + group->plan[next].probes <= PIGEONRING_PROBES))
    return true;
  if (!search_ring(group, 0, next)) return false;
  group->query[0] = group->query[next];
  group->plan[0] = group->plan[next];
  group->count = 0;
  group->probes = 0;
  return true;
}

/* Searches the queries `first` to `end` - 1. */
static bool search_by_plan(const struct searcher *searcher, struct pigeonring_scratch *scratch, const uint8_t *queries,
                           const uint8_t *unknown, uint32_t first, uint32_t end, unsigned radius,
                           const hashscan_control *control, hamming_visit visit, void *user) {
  struct group group = {.searcher = searcher,
                        .scratch = scratch,
                        .queries = queries,
                        .unknown = unknown,
                        .radius = radius,
                        .control = control,
                        .visit = visit,
                        .user = user};
  for (uint32_t number = first; number < end; number++) {
    if (control_ended(control)) return false;
    if (!plan_next(&group, number)) {
      if (!scan_one(&group, number)) return false;
      continue;
    }
    if (!make_room(&group)) return false;
    group.probes += group.plan[group.count].probes;
    group.number[group.count++] = number;
  }
  return search_ring(&group, 0, group.count);
}

/* ---- Sweeps ------------------------------------------------------------------------------------------------------ */

struct swept {
  hamming_visit visit;
  void *user;
  uint32_t first; /* the caller's number of query 0 */
};

static bool visit_row_of_sweep(void *user, uint32_t query, size_t row, unsigned distance) {
  const struct swept *swept = user;
  return swept->visit(swept->user, row, swept->first + query, distance);
}

static bool may_sweep(const struct searcher *searcher, const uint8_t *unknown, uint32_t count, unsigned radius) {
  if (unknown != NULL) return false;
  if (searcher->ways == SEARCHER_SWEEP_ONLY) return pigeonring_reaches(&searcher->ring, radius);
  return searcher->ways == SEARCHER_ANY && pigeonring_sweep_pays(&searcher->ring, radius, count, searcher->scan_cost);
}

/* As many queries at once as a sweep takes, in parts of equal size: a small rest would not pay. */
static bool search_by_sweep(const struct searcher *searcher, struct pigeonring_scratch *scratch, const uint8_t *queries,
                            uint32_t count, unsigned radius, const hashscan_control *control, hamming_visit visit,
                            void *user) {
  const double budget = searcher->ways == SEARCHER_SWEEP_ONLY ? 1e30 : BUDGET_FRACTION * searcher->scan_cost;
  const uint64_t parts = (count + PIGEONRING_SWEEP_MAX_QUERIES - (uint64_t)1) / PIGEONRING_SWEEP_MAX_QUERIES;
  struct swept swept = {visit, user, 0};
  for (uint64_t part = 1; part <= parts; part++) {
    const uint32_t end = (uint32_t)(count * part / parts);
    enum pigeonring_outcome outcome =
        pigeonring_sweep(&searcher->ring, at(queries, swept.first, searcher->row_bytes), end - swept.first, radius,
                         budget, control, visit_row_of_sweep, &swept);
    if (outcome == PIGEONRING_HEAVY &&
        !search_by_plan(searcher, scratch, queries, NULL, swept.first, end, radius, control, visit, user))
      outcome = PIGEONRING_STOPPED;
    if (outcome == PIGEONRING_STOPPED) return false;
    swept.first = end;
  }
  return true;
}

bool searcher_needs_scratch(const struct searcher *searcher) {
  return searcher->has_ring;
}

bool searcher_search(const struct searcher *searcher, struct pigeonring_scratch *scratch, const uint8_t *queries,
                     const uint8_t *unknown, uint32_t count, unsigned radius, const hashscan_control *control,
                     hamming_visit visit, void *user) {
  if (control_ended(control)) return false;
  if (searcher->row_count == 0 || count == 0) return true;
  if (searcher->sliced != NULL && searcher->ways <= SEARCHER_FLAT_ONLY)
    return search_sliced(searcher, queries, unknown, count, radius, control, visit, user);
  if (searcher->has_ring && (searcher->ways == SEARCHER_ANY || searcher->ways >= SEARCHER_PIGEONRING_ONLY))
    return may_sweep(searcher, unknown, count, radius)
               ? search_by_sweep(searcher, scratch, queries, count, radius, control, visit, user)
               : search_by_plan(searcher, scratch, queries, unknown, 0, count, radius, control, visit, user);
  return scan(searcher, queries, unknown, 0, count, radius, control, visit, user);
}

double searcher_cost(const struct searcher *searcher, const uint8_t *queries, const uint8_t *unknown, uint32_t count,
                     unsigned radius) {
  double cost = 0.0;
  for (uint32_t number = 0; number < count; number++) {
    const struct pigeonring_query query = {at(queries, number, searcher->row_bytes),
                                           at(unknown, number, searcher->row_bytes)};
    struct pigeonring_plan plan;
    const bool ring = searcher->has_ring && pigeonring_plan(&searcher->ring, &query, radius, &plan);
    cost += ring && plan.cost < searcher->scan_cost ? plan.cost : searcher->scan_cost;
  }
  return cost;
}
