/* SPDX-License-Identifier: Apache-2.0 */
/* Searches a pigeonring for many queries in one walk over its tables. One query alone touches the cache lines of its
 * buckets for itself; thousands of queries together touch each line several times. So every table is cut into blocks of
 * neighbouring keys that fit the caches, and a block is finished before the next is begun:
 *
 *     queries by block -> probes of the block, by key -> groups of close words -> row numbers -> rows -> full distance
 *
 * A probe leaves the block of its query's own word only where it flips leading bits, those that name the block. So the
 * probes of a block come from the queries in it and in the few blocks that differ in so many leading bits, and need not
 * be stored for longer than a block.
 *
 * Hits are kept until the end, so that a sweep that turns out too costly can be abandoned for another way. */
#include "index/search/pigeonring_sweep.h"

#include <stdlib.h>
#include <string.h>

#include "base/control.h"

enum {
  BLOCK_BITS = 8, /* trailing bits of a key, which tell its place within a block */
  BLOCK_KEYS = 1 << BLOCK_BITS,
  BLOCKS = PIGEONRING_KEYS / BLOCK_KEYS,
  PROBES = 4096,
  AT_ONCE = 32, /* probes in a call of the kernel */
  GROUPS = 1024,
  HITS_AT_ONCE = 1024, /* reported between two looks at the control */
  BUCKETS_AHEAD = 6    /* whose words are prefetched */
};

/* A query in a table. */
struct placed {
  uint32_t query;
  uint16_t word;
  uint16_t next;
};

struct found {
  uint32_t query;
  uint32_t distance;
  uint64_t row;
};

/* More hits than these are not kept: a sweep is for queries of which most find nothing. */
#define MAX_FOUND(queries) (((size_t)1 << 18) + 16 * (size_t)(queries))

struct sweep {
  const struct pigeonring *ring;
  const uint8_t *queries;
  uint32_t query_count;
  unsigned radius;
  const hashscan_control *control;
  bool ended;        /* by the control, which may be reset meanwhile */
  uint64_t left;     /* of the budget, in entries looked at */
  uint64_t row_cost; /* of comparing a candidate, in the same */
  uint8_t threshold[PIGEONRING_MAX_WORDS];
  uint8_t known[HAMMING_MAX_ROW_BYTES];
  uint16_t (*words)[PIGEONRING_MAX_WORDS]; /* of each query */
  struct placed *placed;                   /* by block */
  uint32_t blocks[BLOCKS + 1];             /* the first query of each */
  /* Every way to flip less than PIGEONRING_MAX_THRESHOLD of eight bits, fewest bits first, and how many flip at most so
   * many. */
  uint8_t flips[BLOCK_KEYS];
  size_t flips_up_to[PIGEONRING_MAX_THRESHOLD];
  unsigned table;
  unsigned block;
  struct bucket_probe probes[PROBES], sorted[PROBES];
  size_t probe_count;
  uint32_t ends[BLOCK_KEYS]; /* how many probes each key has; once they are sorted, where they end */
  struct bucket_group groups[GROUPS];
  size_t group_count;
  struct bucket_hit candidates[GROUPS];
  struct found *found;
  size_t found_count, found_capacity;
};

static void list_flips(struct sweep *sweep) {
  size_t count = 0;
  for (unsigned weight = 0; weight < PIGEONRING_MAX_THRESHOLD; weight++) {
    for (unsigned bits = 0; bits < BLOCK_KEYS; bits++)
      if ((unsigned)__builtin_popcount(bits) == weight) sweep->flips[count++] = (uint8_t)bits;
    sweep->flips_up_to[weight] = count;
  }
}

/* Sorts the queries by the block of their word in the present table. */
static void sort_queries(struct sweep *sweep) {
  const unsigned t = sweep->table;
  const unsigned after = (t + 1) % sweep->ring->words;
  uint32_t *const place = sweep->blocks;
  memset(place, 0, sizeof sweep->blocks);
  for (uint32_t q = 0; q < sweep->query_count; q++) {
    const unsigned block = sweep->words[q][t] >> BLOCK_BITS;
    if (block < BLOCKS - 1) place[block + 2]++;
  }
  for (size_t block = 2; block <= BLOCKS; block++) place[block] += place[block - 1];
  for (uint32_t q = 0; q < sweep->query_count; q++) {
    const uint16_t word = sweep->words[q][t];
    sweep->placed[place[(word >> BLOCK_BITS) + 1]++] = (struct placed){q, word, sweep->words[q][after]};
  }
}

/* ---- The budget -------------------------------------------------------------------------------------------------- */

static void set_budget(struct sweep *sweep, double nanoseconds) {
  const double entries = nanoseconds / sweep->ring->entry_nanoseconds;
  sweep->left = entries < 1e18 ? (uint64_t)entries : (uint64_t)1e18;
  sweep->row_cost = (uint64_t)(PIGEONRING_ROW_NANOSECONDS / sweep->ring->entry_nanoseconds) + 1;
}

static bool spend(struct sweep *sweep, uint64_t entries) {
  if (entries > sweep->left) return false;
  sweep->left -= entries;
  return true;
}

/* ---- Candidates -------------------------------------------------------------------------------------------------- */

static bool keep(struct sweep *sweep, struct found found) {
  if (sweep->found_count == sweep->found_capacity) {
    if (sweep->found_capacity >= MAX_FOUND(sweep->query_count)) return false;
    const size_t capacity = sweep->found_capacity == 0 ? 1024 : 2 * sweep->found_capacity;
    struct found *grown = realloc(sweep->found, capacity * sizeof *grown);
    if (grown == NULL) return false;
    sweep->found = grown;
    sweep->found_capacity = capacity;
  }
  sweep->found[sweep->found_count++] = found;
  return true;
}

/* Compares candidates in full, stage by stage, so that their latencies overlap. */
static bool confirm(struct sweep *sweep, size_t count) {
  const struct pigeonring *ring = sweep->ring;
  const uint32_t *row = ring->tables[sweep->table].row;
  const size_t bytes = ring->row_bytes;
  for (size_t i = 0; i < count; i++) {
    struct bucket_hit *candidate = &sweep->candidates[i];
    candidate->position = row[candidate->position];
    __builtin_prefetch(ring->rows + candidate->position * bytes);
    __builtin_prefetch(sweep->queries + candidate->tag * bytes);
  }
  for (size_t i = 0; i < count; i++) {
    const struct bucket_hit candidate = sweep->candidates[i];
    unsigned distance;
    if (pigeonring_qualifies(ring, sweep->threshold, candidate.position, sweep->queries + candidate.tag * bytes,
                             sweep->known, sweep->radius, sweep->table, &distance) &&
        !keep(sweep, (struct found){candidate.tag, distance, candidate.position}))
      return false;
  }
  return true;
}

/* Takes the groups apart and compares what is in them. False when the budget is spent. */
static bool confirm_groups(struct sweep *sweep) {
  const uint32_t *row = sweep->ring->tables[sweep->table].row;
  while (sweep->group_count > 0) {
    size_t left = 0;
    for (size_t i = 0; i < sweep->group_count; i++) {
      struct bucket_group *group = &sweep->groups[i];
      const uint32_t position = group->first + (uint32_t)__builtin_ctzll(group->close);
      __builtin_prefetch(row + position);
      sweep->candidates[i] = (struct bucket_hit){position, group->tag};
      sweep->groups[left] = *group;
      sweep->groups[left].close &= group->close - 1;
      left += sweep->groups[left].close != 0;
    }
    if (!spend(sweep, sweep->group_count * sweep->row_cost) || !confirm(sweep, sweep->group_count)) return false;
    sweep->group_count = left;
  }
  return true;
}

/* ---- Probes ------------------------------------------------------------------------------------------------------ */

/* Looks into one bucket for `count` probes. False when the budget is spent. */
static bool look_into(struct sweep *sweep, uint32_t begin, uint32_t end, const struct bucket_probe *probes,
                      size_t count) {
  const struct pigeonring_table *table = &sweep->ring->tables[sweep->table];
  if (!spend(sweep, (uint64_t)(end - begin) * count)) return false;
  for (uint32_t from = begin; from < end; from += BUCKET_MANY_WORDS) {
    const struct bucket_span span = {from, end - from < BUCKET_MANY_WORDS ? end : from + BUCKET_MANY_WORDS};
    for (size_t done = 0; done < count; done += AT_ONCE) {
      const size_t now = count - done < AT_ONCE ? count - done : AT_ONCE;
      if (GROUPS - sweep->group_count <= now * BUCKET_MANY_GROUPS && !confirm_groups(sweep)) return false;
      sweep->group_count +=
          sweep->ring->many_kernel(table->next, span, probes + done, now, sweep->groups + sweep->group_count);
    }
  }
  return true;
}

static void prefetch_bucket(const struct sweep *sweep, unsigned key) {
  const struct pigeonring_table *table = &sweep->ring->tables[sweep->table];
  const size_t at = (size_t)sweep->block * BLOCK_KEYS + key;
  for (uint32_t i = table->directory[at]; i < table->directory[at + 1]; i += BUCKET_LINE_WORDS)
    __builtin_prefetch(table->next + i);
}

/* Makes sweep->ends the first probe of each key, and lists the keys that have one. */
static size_t list_keys(struct sweep *sweep, uint8_t keys[BLOCK_KEYS]) {
  size_t count = 0;
  uint32_t first = 0;
  for (unsigned key = 0; key < BLOCK_KEYS; key++) {
    const uint32_t probes = sweep->ends[key];
    sweep->ends[key] = first;
    first += probes;
    keys[count] = (uint8_t)key;
    count += probes > 0;
  }
  return count;
}

/* Sorts the probes by key and carries them out, bucket by bucket. */
static bool probe_all(struct sweep *sweep) {
  uint8_t keys[BLOCK_KEYS];
  const size_t key_count = list_keys(sweep, keys);
  for (size_t i = 0; i < key_count && i < BUCKETS_AHEAD; i++) prefetch_bucket(sweep, keys[i]);
  for (size_t i = 0; i < sweep->probe_count; i++) {
    const struct bucket_probe probe = sweep->probes[i];
    sweep->sorted[sweep->ends[probe.key]++] = probe;
  }
  const uint32_t *directory = sweep->ring->tables[sweep->table].directory + (size_t)sweep->block * BLOCK_KEYS;
  uint32_t first = 0;
  for (size_t i = 0; i < key_count; i++) {
    const unsigned key = keys[i];
    const uint32_t end = sweep->ends[key];
    if (i + BUCKETS_AHEAD < key_count) prefetch_bucket(sweep, keys[i + BUCKETS_AHEAD]);
    if (!look_into(sweep, directory[key], directory[key + 1], sweep->sorted + first, end - first)) return false;
    first = end;
  }
  sweep->probe_count = 0;
  memset(sweep->ends, 0, sizeof sweep->ends);
  return true;
}

/* Adds the probes of one query to the buckets of the present block that differ from `place` in at most `most` bits. */
static void add_probes(struct sweep *sweep, const struct placed *placed, unsigned place, unsigned limit,
                       unsigned most) {
  size_t i = 0;
  for (unsigned weight = 0; weight <= most; weight++) {
    for (; i < sweep->flips_up_to[weight]; i++) {
      const unsigned key = place ^ sweep->flips[i];
      sweep->ends[key]++;
      sweep->probes[sweep->probe_count++] = (struct bucket_probe){
          .tag = placed->query, .query = placed->next, .limit = (uint8_t)(limit - weight), .key = (uint8_t)key};
    }
  }
}

static bool sweep_block(struct sweep *sweep) {
  const unsigned t = sweep->table;
  const unsigned most = sweep->threshold[t] - 1u;
  const unsigned limit = sweep->threshold[t] + sweep->threshold[(t + 1) % sweep->ring->words] - 1u;
  unsigned weight = 0;
  for (size_t i = 0; i < sweep->flips_up_to[most]; i++) {
    const unsigned flips = sweep->flips[i];
    weight += i == sweep->flips_up_to[weight];
    const unsigned home = sweep->block ^ flips;
    for (uint32_t k = sweep->blocks[home]; k < sweep->blocks[home + 1]; k++) {
      const struct placed *placed = &sweep->placed[k];
      if (PROBES - sweep->probe_count < sweep->flips_up_to[most - weight] && !probe_all(sweep)) return false;
      add_probes(sweep, placed, placed->word % BLOCK_KEYS, limit - weight, most - weight);
    }
  }
  return probe_all(sweep);
}

static bool sweep_table(struct sweep *sweep) {
  if (sweep->threshold[sweep->table] == 0) return true;
  sort_queries(sweep);
  for (sweep->block = 0; sweep->block < BLOCKS; sweep->block++) {
    sweep->ended = control_ended(sweep->control);
    if (sweep->ended || !sweep_block(sweep)) return false;
  }
  return confirm_groups(sweep);
}

enum pigeonring_outcome pigeonring_sweep(const struct pigeonring *ring, const uint8_t *queries, uint32_t count,
                                         unsigned radius, double budget, const hashscan_control *control,
                                         pigeonring_visit visit, void *user) {
  enum pigeonring_outcome outcome = PIGEONRING_HEAVY;
  struct sweep *sweep = calloc(1, sizeof *sweep);
  if (sweep == NULL) return PIGEONRING_HEAVY;
  sweep->ring = ring;
  sweep->queries = queries;
  sweep->query_count = count;
  sweep->radius = radius;
  sweep->control = control;
  set_budget(sweep, budget * count);
  sweep->words = malloc(count * sizeof *sweep->words);
  sweep->placed = malloc(count * sizeof *sweep->placed);
  if (sweep->words == NULL || sweep->placed == NULL) goto done;
  pigeonring_even_thresholds(ring, radius, sweep->threshold);
  hamming_known(NULL, ring->row_bytes, sweep->known);
  list_flips(sweep);
  for (uint32_t q = 0; q < count; q++) pigeonring_words(ring, queries + q * ring->row_bytes, sweep->words[q]);
  for (sweep->table = 0; sweep->table < ring->words; sweep->table++)
    if (!sweep_table(sweep)) {
      if (sweep->ended) outcome = PIGEONRING_STOPPED;
      goto done;
    }
  outcome = PIGEONRING_DONE;
  for (size_t i = 0; i < sweep->found_count && outcome == PIGEONRING_DONE; i++) {
    const struct found *found = &sweep->found[i];
    if (i % HITS_AT_ONCE == 0 && control_ended(control)) outcome = PIGEONRING_STOPPED;
    else if (!visit(user, found->query, (size_t)found->row, found->distance)) outcome = PIGEONRING_STOPPED;
  }
done:
  free(sweep->found);
  free(sweep->placed);
  free(sweep->words);
  free(sweep);
  return outcome;
}
