/* SPDX-License-Identifier: Apache-2.0 */
/* The checks, from the smallest kernel to whole searches. Every expectation comes from distance_by_bits(). */
#include "hamming_checks.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "guard.h"
#include "hamming/bucket.h"
#include "hamming/bucket_many.h"
#include "hamming/sliced.h"
#include "random.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* Leaves the check that it stands in, with false and what failed. */
#define REQUIRE(condition, ...)                                                                                        \
  do {                                                                                                                 \
    if (!(condition)) {                                                                                                \
      printf("%s:%d: %s: ", __FILE__, __LINE__, #condition);                                                           \
      printf(__VA_ARGS__);                                                                                             \
      printf("\n");                                                                                                    \
      return false;                                                                                                    \
    }                                                                                                                  \
  } while (0)

static void *allocate(size_t count, size_t size) {
  void *memory = calloc(count + 1, size);
  if (memory == NULL) abort();
  return memory;
}

static void fill_random(uint8_t *bytes, size_t size, uint64_t seed) {
  struct random_state state = random_seeded(seed);
  for (size_t i = 0; i < size; i++) bytes[i] = (uint8_t)(random_next(&state) >> 8);
}

/* Flips `count` chosen bits of a hash of row_bytes. */
static void flip_bits(uint8_t *row, size_t row_bytes, size_t count, struct random_state *state) {
  uint8_t bits[256];
  const size_t size = 8 * row_bytes;
  for (size_t i = 0; i < size; i++) bits[i] = (uint8_t)i;
  for (size_t i = 0; i < count; i++) {
    const size_t j = i + (size_t)(random_next(state) % (size - i));
    const uint8_t bit = bits[j];
    bits[j] = bits[i];
    row[bit / 8] ^= (uint8_t)(1u << bit % 8);
  }
}

/* Bits that differ and are not set in `unknown`, which may be NULL. */
static unsigned distance_by_bits(const uint8_t *a, const uint8_t *b, const uint8_t *unknown, size_t row_bytes) {
  unsigned distance = 0;
  for (size_t bit = 0; bit < 8 * row_bytes; bit++) {
    const bool counts = unknown == NULL || (unknown[bit / 8] >> bit % 8 & 1) == 0;
    if (counts && ((a[bit / 8] ^ b[bit / 8]) >> bit % 8 & 1) != 0) distance++;
  }
  return distance;
}

bool hamming_check_distance(void) {
  struct random_state state = random_seeded(1);
  hashscan_pdq query;
  fill_random(query.bytes, sizeof query.bytes, 2);
  for (unsigned distance = 0; distance <= 256; distance++) {
    hashscan_pdq row = query;
    flip_bits(row.bytes, sizeof row.bytes, distance, &state);
    REQUIRE(distance_by_bits(query.bytes, row.bytes, NULL, 32) == distance, "the test's own count at %u", distance);
    REQUIRE(hashscan_pdq_distance(&query, &row) == distance, "distance %u", distance);
    REQUIRE(hashscan_pdq_distance(&row, &query) == distance, "distance %u", distance);
  }
  return true;
}

/* ---- Buckets ----------------------------------------------------------------------------------------------------- */

static unsigned word_distance(uint16_t a, uint16_t b, uint16_t known) {
  unsigned distance = 0;
  for (unsigned bit = 0; bit < 16; bit++) distance += (unsigned)((a ^ b) & known) >> bit & 1;
  return distance;
}

enum { BUCKETS_AT_ONCE = BUCKET_AHEAD + 3 };

/* Looks into `count` buckets in as many calls as it takes with room for `room` hits, and checks what each call says. */
static bool check_buckets(bucket_kernel kernel, const struct bucket *buckets, size_t count, size_t room) {
  struct bucket left[BUCKETS_AT_ONCE];
  struct guard guarded = guard_alloc(room * sizeof(struct bucket_hit));
  struct bucket_hit *hits = (struct bucket_hit *)guarded.bytes;
  size_t hit_count = 0;
  size_t taken = 0;
  size_t done = 0;
  memcpy(left, buckets, count * sizeof *left);
  for (size_t b = 0; b < count; b++) {
    for (uint32_t i = buckets[b].begin; i < buckets[b].end; i++) {
      if (word_distance(buckets[b].words[i], buckets[b].query, buckets[b].known) > buckets[b].limit) continue;
      while (taken == hit_count && done < count) {
        hit_count = taken = 0;
        done += kernel(left + done, count - done, hits, &hit_count, room);
        REQUIRE(done == count || room - hit_count < BUCKET_HITS_AT_ONCE, "%zu of %zu hits, not done", hit_count, room);
      }
      REQUIRE(taken < hit_count && hits[taken].position == i && hits[taken].tag == buckets[b].tag,
              "bucket %zu, word %u of %u to %u, known %04x, limit %u", b, i, buckets[b].begin, buckets[b].end,
              buckets[b].known, buckets[b].limit);
      taken++;
    }
  }
  while (taken == hit_count && done < count) {
    hit_count = taken = 0;
    done += kernel(left + done, count - done, hits, &hit_count, room);
  }
  REQUIRE(done == count && taken == hit_count, "%zu of %zu buckets, hit %zu of %zu", done, count, taken, hit_count);
  guard_free(&guarded);
  return true;
}

/* Many buckets of all lengths, some of them empty, some longer than there is room for hits. */
static bool check_many_buckets(bucket_kernel kernel, struct bucket bucket, uint32_t words) {
  struct bucket buckets[BUCKETS_AT_ONCE];
  struct random_state state = random_seeded(words);
  for (uint32_t b = 0; b < BUCKETS_AT_ONCE; b++) {
    bucket.begin = (uint32_t)(random_next(&state) % (words + 1));
    bucket.end = bucket.begin + (uint32_t)(random_next(&state) % (words + 1 - bucket.begin));
    bucket.limit = (uint16_t)(b % 17);
    bucket.tag = (uint16_t)(b * 40503u);
    buckets[b] = bucket;
  }
  for (size_t room = BUCKET_HITS_AT_ONCE; room <= BUCKET_HITS_AT_ONCE + 3000; room += 1 + room / 2)
    if (!check_buckets(kernel, buckets, BUCKETS_AT_ONCE, room)) return false;
  return check_buckets(kernel, buckets, 0, BUCKET_HITS_AT_ONCE);
}

bool hamming_check_bucket(enum cpu_tier tier) {
  const bucket_kernel kernel = bucket_kernel_for(tier);
  const uint16_t query = 0x5a3c;
  const uint16_t masks[] = {0xffff, 0x7fff, 0xfffe, 0x00ff, 0x8001, 0x0000};
  struct random_state state = random_seeded(10);
  uint32_t rows[1000] = {0};
  for (uint32_t end = 0; end <= 1000; end += end < 100 ? 1 : 300) {
    struct guard guarded = guard_alloc(end * sizeof(uint16_t) + BUCKET_OVERREAD);
    uint16_t *words = (uint16_t *)guarded.bytes;
    /* A word at each distance, and behind the end words that would be found. */
    for (uint32_t i = 0; i < end + BUCKET_OVERREAD / 2; i++) {
      words[i] = query;
      if (i < end) flip_bits((uint8_t *)&words[i], 2, (i * 7 + end) % 17, &state);
    }
    struct bucket bucket = {.words = words, .rows = rows, .end = end, .query = query, .tag = 0xabcd};
    for (size_t mask = 0; mask < COUNT(masks); mask++) {
      bucket.known = masks[mask];
      for (bucket.limit = 0; bucket.limit <= 16; bucket.limit++)
        for (bucket.begin = 0; bucket.begin <= end && bucket.begin <= 3; bucket.begin++)
          if (!check_buckets(kernel, &bucket, 1, end + BUCKET_HITS_AT_ONCE)) return false;
      if (!check_many_buckets(kernel, bucket, end)) return false;
    }
    guard_free(&guarded);
  }
  return true;
}

enum { PROBES = 17, GROUP_ROOM = PROBES * BUCKET_MANY_GROUPS + 1 };

/* One span and PROBES probes with the limits 0 to 16; the groups, taken apart, are the close words in order. */
static bool check_span(bucket_many_kernel kernel, const uint16_t *words, struct bucket_span span, uint16_t query) {
  struct bucket_probe probes[PROBES];
  for (unsigned k = 0; k < PROBES; k++)
    probes[k] =
        (struct bucket_probe){.tag = k * 0x9e3779b9u, .query = (uint16_t)(query ^ k * 257), .limit = (uint8_t)k};
  struct guard guarded = guard_alloc(GROUP_ROOM * sizeof(struct bucket_group));
  struct bucket_group *groups = (struct bucket_group *)guarded.bytes;
  const size_t count = kernel(words, span, probes, PROBES, groups);
  REQUIRE(count < GROUP_ROOM, "%zu groups", count);
  size_t group = 0;
  for (unsigned k = 0; k < PROBES; k++) {
    for (uint32_t i = span.begin; i < span.end; i++) {
      if (word_distance(words[i], probes[k].query, 0xffff) > k) continue;
      REQUIRE(group < count && groups[group].close != 0, "a group for word %u, ask %u", i, k);
      const uint32_t position = groups[group].first + (uint32_t)__builtin_ctzll(groups[group].close);
      REQUIRE(position == i && groups[group].tag == probes[k].tag, "word %u of %u to %u, probe %u: %u", i, span.begin,
              span.end, k, position);
      groups[group].close &= groups[group].close - 1;
      group += groups[group].close == 0;
    }
  }
  REQUIRE(group == count, "%zu of %zu groups", group, count);
  guard_free(&guarded);
  return true;
}

bool hamming_check_bucket_many(enum cpu_tier tier) {
  const bucket_many_kernel kernel = bucket_many_kernel_for(tier);
  const uint16_t query = 0xc35a;
  struct random_state state = random_seeded(11);
  for (uint32_t length = 1; length <= BUCKET_MANY_WORDS; length += length < 100 ? 1 : length == 444 ? 4 : 43) {
    for (uint32_t begin = 0; begin <= 70; begin += length < 100 ? 1 : 23) {
      const uint32_t end = begin + length;
      struct guard guarded = guard_alloc(end * sizeof(uint16_t) + BUCKET_OVERREAD);
      uint16_t *words = (uint16_t *)guarded.bytes;
      for (uint32_t i = 0; i < end + BUCKET_OVERREAD / 2; i++) {
        words[i] = query;
        if (i >= begin && i < end) flip_bits((uint8_t *)&words[i], 2, (i * 7 + end) % 17, &state);
      }
      if (!check_span(kernel, words, (struct bucket_span){begin, end}, query)) return false;
      guard_free(&guarded);
    }
  }
  return true;
}

/* ---- Blocks ------------------------------------------------------------------------------------------------------ */

static bool check_block_once(hamming_kernel kernel, size_t row_bytes, const uint8_t *rows, size_t count,
                             const uint8_t *query, const uint8_t *unknown, const unsigned *distance, unsigned radius) {
  struct guard guarded = guard_alloc(count * sizeof(struct hamming_hit));
  struct hamming_hit *hits = (struct hamming_hit *)guarded.bytes;
  uint8_t known[HAMMING_MAX_ROW_BYTES];
  hamming_known(unknown, row_bytes, known);
  const size_t found = kernel(rows, count, query, known, radius, hits);
  size_t wanted = 0;
  for (size_t i = 0; i < count; i++) {
    if (distance[i] > radius) continue;
    REQUIRE(wanted < found && hits[wanted].row == i && hits[wanted].distance == distance[i],
            "row %zu of %zu at distance %u, radius %u, %zu bytes", i, count, distance[i], radius, row_bytes);
    wanted++;
  }
  REQUIRE(found == wanted, "%zu rows, radius %u, %zu bytes", count, radius, row_bytes);
  guard_free(&guarded);
  return true;
}

/* The last `count` rows of a block, at every radius or at some. */
static bool check_last_rows(hamming_kernel kernel, size_t row_bytes, const struct guard *rows, size_t count,
                            const uint8_t *query, const uint8_t *unknown, unsigned radius_step) {
  const uint8_t *last = rows->bytes + (HAMMING_BLOCK_ROWS - count) * row_bytes;
  unsigned distance[HAMMING_BLOCK_ROWS];
  for (size_t i = 0; i < count; i++) distance[i] = distance_by_bits(last + i * row_bytes, query, unknown, row_bytes);
  for (unsigned radius = 0; radius <= 256; radius += radius_step)
    if (!check_block_once(kernel, row_bytes, last, count, query, unknown, distance, radius)) return false;
  return true;
}

static bool check_block_width(enum cpu_tier tier, size_t row_bytes) {
  const hamming_kernel kernel = hamming_kernel_for(tier, row_bytes);
  struct random_state state = random_seeded(3);
  struct guard query = guard_alloc(row_bytes);
  struct guard unknown = guard_alloc(row_bytes);
  struct guard rows = guard_alloc(HAMMING_BLOCK_ROWS * row_bytes);
  fill_random(query.bytes, row_bytes, 4);
  for (size_t i = 0; i < HAMMING_BLOCK_ROWS; i++) {
    memcpy(rows.bytes + i * row_bytes, query.bytes, row_bytes);
    flip_bits(rows.bytes + i * row_bytes, row_bytes, (i * 37 + 1) % (8 * row_bytes + 1), &state);
  }
  bool equal = check_last_rows(kernel, row_bytes, &rows, HAMMING_BLOCK_ROWS, query.bytes, NULL, 1);
  for (size_t count = 0; equal && count <= 33; count++)
    equal = check_last_rows(kernel, row_bytes, &rows, count, query.bytes, NULL, 8);
  /* Ever more unknown bits, so that now the one half is better known and now the other. */
  for (size_t step = 0; equal && step < 8 * row_bytes; step += row_bytes) {
    flip_bits(unknown.bytes, row_bytes, row_bytes, &state);
    equal = check_last_rows(kernel, row_bytes, &rows, HAMMING_BLOCK_ROWS, query.bytes, unknown.bytes, 3);
  }
  /* Rows that differ in one half alone: the test on one half must never decide by itself. */
  for (size_t i = 0; i < HAMMING_BLOCK_ROWS; i++) {
    memcpy(rows.bytes + i * row_bytes, query.bytes, row_bytes);
    for (size_t bit = 0; bit < i / 2 % (4 * row_bytes); bit++)
      rows.bytes[i * row_bytes + (i % 2) * row_bytes / 2 + bit / 8] ^= (uint8_t)(1u << bit % 8);
  }
  equal = equal && check_last_rows(kernel, row_bytes, &rows, HAMMING_BLOCK_ROWS, query.bytes, NULL, 1);
  guard_free(&rows);
  guard_free(&unknown);
  guard_free(&query);
  return equal;
}

bool hamming_check_block(enum cpu_tier tier) {
  return check_block_width(tier, 32) && check_block_width(tier, 8);
}

/* ---- Whole searches ---------------------------------------------------------------------------------------------- */

/* A list, queries, their unknown bits, and all distances between them. */
struct world {
  size_t row_bytes;
  size_t row_count;
  uint32_t query_count;
  struct guard rows;
  struct guard queries;
  struct guard unknown;
  uint16_t *distance; /* of query q and row i: [q * row_count + i] */
};

enum { EACH_OTHER = 1000 }; /* unknown bits: another number for each query of a batch */

/* Queries: all zeros, all ones, random. Rows: planted at every distance from each query in turn, its complement, all
 * zeros, all ones, and as many random ones. */
static struct world make_world(size_t row_bytes, size_t row_count, uint32_t query_count) {
  struct world world = {.row_bytes = row_bytes, .row_count = row_count, .query_count = query_count};
  struct random_state state = random_seeded(row_count * 64 + row_bytes);
  world.rows = guard_alloc(row_count * row_bytes);
  world.queries = guard_alloc(query_count * row_bytes);
  world.unknown = guard_alloc(query_count * row_bytes);
  world.distance = allocate(row_count * query_count, sizeof *world.distance);
  fill_random(world.rows.bytes, row_count * row_bytes, row_count + 1);
  fill_random(world.queries.bytes, query_count * row_bytes, row_count + 2);
  memset(world.queries.bytes, 0, row_bytes);
  if (query_count > 1) memset(world.queries.bytes + row_bytes, 255, row_bytes);
  for (size_t i = 0; i < row_count; i += 2) {
    const uint8_t *query = world.queries.bytes + i / 2 % query_count * row_bytes;
    memcpy(world.rows.bytes + i * row_bytes, query, row_bytes);
    flip_bits(world.rows.bytes + i * row_bytes, row_bytes, i / 2 % (8 * row_bytes + 1), &state);
  }
  if (row_count > 2) memset(world.rows.bytes + row_bytes, 255, row_bytes);
  return world;
}

static void free_world(struct world *world) {
  free(world->distance);
  guard_free(&world->unknown);
  guard_free(&world->queries);
  guard_free(&world->rows);
}

static void set_unknown(struct world *world, size_t unknown_bits) {
  static const size_t some[] = {0, 1, 8, 32, 128, 256, 20, 64};
  const size_t bytes = world->row_bytes;
  struct random_state state = random_seeded(unknown_bits);
  memset(world->unknown.bytes, 0, world->query_count * bytes);
  for (size_t q = 0; q < world->query_count; q++) {
    const size_t bits = unknown_bits == EACH_OTHER ? some[q % COUNT(some)] : unknown_bits;
    uint8_t *unknown = world->unknown.bytes + q * bytes;
    flip_bits(unknown, bytes, bits < 8 * bytes ? bits : 8 * bytes, &state);
    for (size_t i = 0; i < world->row_count; i++)
      world->distance[q * world->row_count + i] =
          (uint16_t)distance_by_bits(world->queries.bytes + q * bytes, world->rows.bytes + i * bytes, unknown, bytes);
  }
}

struct tally {
  const struct world *world;
  uint32_t first_query;
  unsigned radius;
  uint32_t *next; /* of each query: the row after its last hit */
  size_t hits;
  size_t stop_after;
  bool wrong;
};

/* Hits of a query come in ascending order of rows, each at its true distance. */
static bool count_hit(void *user, size_t row, uint32_t query, unsigned distance) {
  struct tally *tally = user;
  const struct world *world = tally->world;
  const uint32_t q = tally->first_query + query;
  if (q >= world->query_count || row >= world->row_count || row < tally->next[q] || distance > tally->radius ||
      world->distance[q * world->row_count + row] != distance) {
    printf("query %u, row %zu: distance %u reported, radius %u\n", q, row, distance, tally->radius);
    tally->wrong = true;
    return false;
  }
  tally->next[q] = (uint32_t)row + 1;
  return ++tally->hits != tally->stop_after;
}

/* Searches for the queries first to first + count - 1; through `sliced` unless that is NULL. With every hit right and
 * in order, as many hits as there should be are all of them. */
static bool check_search(const struct world *world, const struct sliced *sliced, uint32_t first, uint32_t count,
                         bool masked, unsigned radius) {
  struct tally tally = {.world = world, .first_query = first, .radius = radius};
  tally.next = allocate(world->query_count, sizeof *tally.next);
  const uint8_t *queries = world->queries.bytes + first * world->row_bytes;
  const uint8_t *unknown = masked ? world->unknown.bytes + first * world->row_bytes : NULL;
  const bool whole = sliced != NULL ? sliced_search(sliced, queries, unknown, count, radius, count_hit, &tally)
                                    : hamming_scan(world->rows.bytes, world->row_count, world->row_bytes, queries,
                                                   unknown, count, radius, count_hit, &tally);
  free(tally.next);
  size_t wanted = 0;
  for (size_t i = first * world->row_count; i < (first + count) * world->row_count; i++)
    wanted += world->distance[i] <= radius;
  REQUIRE(whole && !tally.wrong && tally.hits == wanted,
          "%zu hits of %zu: %zu rows of %zu bytes, queries %u to %u, radius %u, %s", tally.hits, wanted,
          world->row_count, world->row_bytes, first, first + count - 1, radius, masked ? "masked" : "unmasked");
  return true;
}

static bool check_radii(const struct world *world, const struct sliced *sliced, bool masked) {
  static const unsigned radii[] = {0, 1, 15, 16, 30, 31, 32, 47, 63, 64, 127, 128, 255, 256};
  for (size_t i = 0; i < COUNT(radii); i++) {
    if (!check_search(world, sliced, 0, world->query_count, masked, radii[i])) return false;
    if (world->row_count > 1000) continue;
    for (uint32_t query = 0; query < world->query_count; query++)
      if (!check_search(world, sliced, query, 1, masked, radii[i])) return false;
  }
  return true;
}

static bool check_world(size_t row_bytes, size_t row_count, bool slice, enum cpu_tier tier) {
  static const size_t unknown_bits[] = {0, 1, 8, 32, 128, 256, EACH_OTHER};
  struct world world = make_world(row_bytes, row_count, row_count > 1000 ? 5 : 19);
  struct sliced *sliced = slice ? sliced_create(world.rows.bytes, row_count, row_bytes, tier) : NULL;
  REQUIRE(!slice || sliced != NULL, "out of memory");
  bool equal = true;
  for (size_t i = 0; equal && i < COUNT(unknown_bits); i++) {
    set_unknown(&world, unknown_bits[i]);
    equal = check_radii(&world, sliced, true) && (unknown_bits[i] != 0 || check_radii(&world, sliced, false));
  }
  sliced_destroy(sliced);
  free_world(&world);
  return equal;
}

static bool check_worlds(bool slice, enum cpu_tier tier) {
  static const size_t sizes[] = {0, 1, 2, 3, 255, 256, 257, 511, 512, 513, 1000, 10000};
  for (size_t i = 0; i < COUNT(sizes); i++)
    if (!check_world(32, sizes[i], slice, tier) || !check_world(8, sizes[i], slice, tier)) return false;
  return true;
}

bool hamming_check_scan(void) {
  return check_worlds(false, CPU_SCALAR);
}

bool hamming_check_sliced(enum cpu_tier tier) {
  REQUIRE(sliced_create(NULL, SIZE_MAX / 2, 32, tier) == NULL, "more planes than can be addressed");
  sliced_destroy(NULL);
  return check_worlds(true, tier);
}

bool hamming_check_stop(enum cpu_tier tier) {
  struct world world = make_world(32, 1200, 1);
  memset(world.rows.bytes, 0, world.row_count * world.row_bytes);
  set_unknown(&world, 0);
  struct sliced *sliced = sliced_create(world.rows.bytes, world.row_count, world.row_bytes, tier);
  REQUIRE(sliced != NULL, "out of memory");
  for (int slice = 0; slice < 2; slice++) {
    uint32_t next = 0;
    struct tally tally = {.world = &world, .next = &next, .stop_after = 600};
    const bool whole = slice ? sliced_search(sliced, world.queries.bytes, NULL, 1, 0, count_hit, &tally)
                             : hamming_scan(world.rows.bytes, world.row_count, world.row_bytes, world.queries.bytes,
                                            NULL, 1, 0, count_hit, &tally);
    REQUIRE(!whole && tally.hits == 600 && !tally.wrong, "%zu hits", tally.hits);
  }
  sliced_destroy(sliced);
  free_world(&world);
  return true;
}
