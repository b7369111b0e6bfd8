/* SPDX-License-Identifier: Apache-2.0 */
/* Slicing, planning and confirming; the counting itself is in sliced_template.h.
 *
 * Bits are counted by threes. Where a query has x, y, z and a row a, b, c, at least two of the three differ exactly
 * when maj(a^x, b^y, c^z), so twice the sum of these majorities over disjoint triples never exceeds the distance, and
 * on average comes to two thirds of it. For three additions of bits that is one, and it needs nothing of the query:
 * since maj(~a, ~b, ~c) = ~maj(a, b, c), the eight settings of x, y, z need one of four majorities or its complement.
 * These four are the planes of a triple. With A the planes needed as they are and B those needed complemented,
 *
 *     distance / 2 >= sum(A) + |B| - sum(B)
 *
 * so planes are added or subtracted, never compared. Counters start at a constant that makes the sign of the result say
 * whether the bound is within radius / 2.
 *
 * A plan counts just as many planes as make survivors rare. A triple with an unknown bit is never counted; leaving out
 * any plane is exact, since survivors are compared in full. */
#include "hamming/sliced.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/aligned.h"
#include "base/byte_order.h"
#include "base/bytes.h"
#include "base/checked.h"

#define SLICED_BLOCK_ROWS 512
#define SLICED_PLANE_BYTES (SLICED_BLOCK_ROWS / 8)
/* Lists are filled with planes of zeros to whole groups of this many. */
#define SLICED_GROUP 8
/* The sums of 85 triples at most, less a bound below that, lie in -85 to 84. */
#define SLICED_LEVELS 8
#define EACH_LEVEL(DO) DO(0) DO(1) DO(2) DO(3) DO(4) DO(5) DO(6) DO(7)
/* So many queries of a batch prefetch their planes of the next block; together they need most of the planes that the
 * others do. */
#define SLICED_PREFETCHING 4
/* Survivors of a block beyond which comparing all its rows in order is cheaper than picking them. */
#define SLICED_DENSE (SLICED_BLOCK_ROWS / 8)

enum {
  WORDS = HAMMING_MAX_ROW_BYTES / 8,
  THIRD = 21, /* of a word of 64 bits, of which one is left over */
  MAX_TRIPLES = WORDS / 3 * 64 + WORDS % 3 * THIRD,
  SLICED_MAX_LIST = (MAX_TRIPLES + SLICED_GROUP - 1) / SLICED_GROUP * SLICED_GROUP
};

/* Byte offsets of planes within a block, in whole groups. */
struct sliced_list {
  unsigned count;
  uint16_t plane[SLICED_MAX_LIST];
};

struct sliced_plan {
  uint8_t preset; /* where counters start, modulo 2^SLICED_LEVELS */
  struct sliced_list subtract;
  struct sliced_list add;
};
_Static_assert(SLICED_LEVELS == 8, "the preset is a byte");

/* One bit a row of a block. */
struct sliced_rows {
  _Alignas(SLICED_PLANE_BYTES) uint8_t bytes[SLICED_PLANE_BYTES];
};

static inline uint64_t majority(uint64_t a, uint64_t b, uint64_t c) {
  return (b & c) | ((b ^ c) & a);
}

#define VECTOR uint64_t
#define TARGET
#define NAME(function) function##_scalar
#define LOAD(address) load_le64(address)
#define STORE(address, value) store_le64(address, value)
#define SPREAD(bit) (0 - (uint64_t)(bit))
#define XOR(a, b) ((a) ^ (b))
#define AND(a, b) ((a) & (b))
#define NOT(a) (~(a))
#define XOR3(a, b, c) ((a) ^ (b) ^ (c))
#define MAJORITY(a, b, c) majority(a, b, c)
#include "hamming/sliced_template.h"

#if defined(__x86_64__)
#include "hamming/x86/sliced_avx2.h"
#include "hamming/x86/sliced_avx512.h"
#elif defined(__aarch64__)
#include "hamming/arm/sliced_neon.h"
#endif

/* Says which rows of a block survive the planes counted. */
typedef void (*sliced_kernel)(const uint8_t *planes, const struct sliced_plan *plan, struct sliced_rows *within);

static sliced_kernel kernel_for(enum cpu_tier tier) {
  sliced_kernel kernel = count_scalar;
#if defined(__x86_64__)
  if (tier < CPU_AVX2) return kernel;
  kernel = count_avx2;
  if (tier < CPU_AVX512) return kernel;
  kernel = count_avx512;
#elif defined(__aarch64__)
  if (tier != CPU_NEON) return kernel;
  kernel = count_neon;
#endif
  (void)tier;
  return kernel;
}

struct sliced {
  const uint8_t *rows;
  size_t row_count;
  size_t row_bytes;
  size_t triples;
  size_t block_bytes; /* four planes a triple, and one of zeros */
  sliced_kernel count;
  hamming_distance distance;
  hamming_kernel compare;
  uint8_t *planes;
};

/* ---- Triples ----------------------------------------------------------------------------------------------------- */

/* Three words of a hash at a time make a set of 64 triples, of bit i of each; each word left over makes a set of 21.
 * The sets of `words` words. */
static size_t set_count(size_t words) {
  return words / 3 + words % 3;
}

static unsigned set_size(size_t words, size_t set) {
  return set < words / 3 ? 64 : THIRD;
}

/* The bits of a hash that are member `k` of the triples of a set. */
static uint64_t members(const uint64_t *hash, size_t words, size_t set, size_t k) {
  if (set < words / 3) return hash[3 * set + k];
  return hash[2 * (words / 3) + set] >> THIRD * k & (((uint64_t)1 << THIRD) - 1);
}

/* The number of the bit of a hash that is member `k` of triple `i` of a set. */
static size_t member_bit(size_t words, size_t set, size_t k, size_t i) {
  return set < words / 3 ? 64 * (3 * set + k) + i : 64 * (2 * (words / 3) + set) + THIRD * k + i;
}

/* ---- Slicing ----------------------------------------------------------------------------------------------------- */

/* Turns bit k of byte i into bit i of byte k (H. S. Warren, Hacker's Delight, 7-3). */
static uint64_t transpose8(uint64_t x) {
  uint64_t swap = (x ^ x >> 7) & 0x00aa00aa00aa00aau;
  x ^= swap ^ swap << 7;
  swap = (x ^ x >> 14) & 0x0000cccc0000ccccu;
  x ^= swap ^ swap << 14;
  swap = (x ^ x >> 28) & 0x00000000f0f0f0f0u;
  return x ^ swap ^ swap << 28;
}

/* Byte `column` of eight rows, or of the `count` there are. */
static uint64_t gather8(const uint8_t *rows, size_t count, size_t row_bytes, size_t column) {
  uint64_t bytes = 0;
  for (size_t i = 0; i < 8 && i < count; i++) bytes |= (uint64_t)rows[i * row_bytes + column] << 8 * i;
  return bytes;
}

/* Plane b: bit b of each row. */
static void transpose(const uint8_t *rows, size_t count, size_t row_bytes, uint8_t *bits) {
  for (size_t i = 0; i < count; i += 8) {
    for (size_t column = 0; column < row_bytes; column++) {
      const uint64_t turned = transpose8(gather8(rows + i * row_bytes, count - i, row_bytes, column));
      for (size_t k = 0; k < 8; k++) bits[(8 * column + k) * SLICED_PLANE_BYTES + i / 8] = (uint8_t)(turned >> 8 * k);
    }
  }
}

/* The four planes of a triple: none of the three complemented, or the first, the second, the third. */
static void slice_triple(const uint8_t *a, const uint8_t *b, const uint8_t *c, uint8_t *planes) {
  for (size_t i = 0; i < SLICED_PLANE_BYTES; i += sizeof(uint64_t)) {
    const uint64_t x = load_le64(a + i);
    const uint64_t y = load_le64(b + i);
    const uint64_t z = load_le64(c + i);
    store_le64(planes + i, majority(x, y, z));
    store_le64(planes + SLICED_PLANE_BYTES + i, majority(~x, y, z));
    store_le64(planes + 2 * SLICED_PLANE_BYTES + i, majority(x, ~y, z));
    store_le64(planes + 3 * SLICED_PLANE_BYTES + i, majority(x, y, ~z));
  }
}

static void slice_block(const uint8_t *rows, size_t count, size_t row_bytes, uint8_t *planes) {
  uint8_t bits[8 * HAMMING_MAX_ROW_BYTES * SLICED_PLANE_BYTES] = {0};
  const size_t words = row_bytes / 8;
  transpose(rows, count, row_bytes, bits);
  for (size_t set = 0; set < set_count(words); set++) {
    for (size_t i = 0; i < set_size(words, set); i++, planes += 4 * SLICED_PLANE_BYTES) {
      const uint8_t *plane[3];
      for (size_t k = 0; k < 3; k++) plane[k] = bits + member_bit(words, set, k, i) * SLICED_PLANE_BYTES;
      slice_triple(plane[0], plane[1], plane[2], planes);
    }
  }
  memset(planes, 0, SLICED_PLANE_BYTES);
}

static size_t block_count(size_t row_count) {
  return row_count / SLICED_BLOCK_ROWS + (row_count % SLICED_BLOCK_ROWS != 0);
}

struct sliced *sliced_create(const uint8_t *rows, size_t row_count, size_t row_bytes, enum cpu_tier tier) {
  size_t triples = 0;
  for (size_t set = 0; set < set_count(row_bytes / 8); set++) triples += set_size(row_bytes / 8, set);
  const size_t block_bytes = (4 * triples + 1) * SLICED_PLANE_BYTES;
  const size_t blocks = block_count(row_count);
  size_t size;
  if (!checked_mul(blocks, block_bytes, &size)) return NULL;
  struct sliced *sliced = malloc(sizeof *sliced);
  if (sliced == NULL) return NULL;
  *sliced = (struct sliced){.rows = rows, .row_count = row_count, .row_bytes = row_bytes};
  sliced->triples = triples;
  sliced->block_bytes = block_bytes;
  sliced->count = kernel_for(tier);
  sliced->distance = hamming_distance_for(tier, row_bytes);
  sliced->compare = hamming_kernel_for(tier, row_bytes);
  if (blocks == 0) return sliced;
  sliced->planes = aligned_alloc(SLICED_PLANE_BYTES, size);
  if (sliced->planes == NULL) {
    free(sliced);
    return NULL;
  }
  for (size_t block = 0; block < blocks; block++) {
    const size_t first = block * SLICED_BLOCK_ROWS;
    const size_t left = row_count - first;
    slice_block(rows + first * row_bytes, left < SLICED_BLOCK_ROWS ? left : SLICED_BLOCK_ROWS, row_bytes,
                sliced->planes + block * block_bytes);
  }
  return sliced;
}

void sliced_destroy(struct sliced *sliced) {
  if (sliced == NULL) return;
  free(sliced->planes);
  free(sliced);
}

size_t sliced_bytes(const struct sliced *sliced) {
  return block_count(sliced->row_count) * sliced->block_bytes;
}

/* ---- Planning ---------------------------------------------------------------------------------------------------- */

/* Where bits are fair coins, n majorities come to n / 2 with a deviation of sqrt(n) / 2. Whether `bound` lies at least
 * sqrt(square) deviations below: 6 lets one row in 140 survive, 11 one in 2,500. */
static bool far_below(unsigned bound, unsigned n, unsigned square) {
  return n > 2 * bound && (n - 2 * bound) * (n - 2 * bound) >= square * n;
}

/* How many planes it takes to make survivors rare. */
static unsigned planes_wanted(unsigned bound) {
  unsigned n = SLICED_GROUP;
  while (n < MAX_TRIPLES && !far_below(bound, n, 11)) n += SLICED_GROUP;
  return n;
}

/* Which of the planes of the triples of a set to take: none of three bits set for the first plane, or one of them. */
struct choice {
  uint64_t second;
  uint64_t third;
  uint64_t fourth;
};

/* Appends a plane for each of the `triples` of a set whose planes begin with number `base`. */
static void append(struct sliced_list *list, uint64_t triples, size_t base, const struct choice *choice) {
  unsigned count = list->count;
  for (; triples != 0; triples &= triples - 1) {
    const unsigned i = (unsigned)__builtin_ctzll(triples);
    const uint64_t which = (choice->second >> i & 1) | (choice->third >> i & 1) * 2 | (choice->fourth >> i & 1) * 3;
    list->plane[count++] = (uint16_t)((base + 4 * i + which) * SLICED_PLANE_BYTES);
  }
  list->count = count;
}

static unsigned whole_groups(const struct sliced_list *list) {
  return list->count - list->count % SLICED_GROUP;
}

/* Lists the planes of triples with all bits known, set by set until whole groups hold `wanted`. */
static void list_planes(const struct sliced *sliced, const uint64_t *query, const uint64_t *known, unsigned wanted,
                        struct sliced_plan *plan) {
  const size_t words = sliced->row_bytes / 8;
  size_t base = 0;
  for (size_t set = 0; set < set_count(words); base += 4 * set_size(words, set++)) {
    if (whole_groups(&plan->subtract) + whole_groups(&plan->add) >= wanted) return;
    const uint64_t x = members(query, words, set, 0);
    const uint64_t y = members(query, words, set, 1);
    const uint64_t z = members(query, words, set, 2);
    const uint64_t complement = majority(x, y, z);
    const struct choice choice = {x ^ complement, y ^ complement, z ^ complement};
    const uint64_t usable =
        members(known, words, set, 0) & members(known, words, set, 1) & members(known, words, set, 2);
    append(&plan->subtract, usable & ~complement, base, &choice);
    append(&plan->add, usable & complement, base, &choice);
  }
}

/* Makes whole groups of a list: `wanted` planes at most, or all there are and zeros. Returns how many planes it keeps.
 */
static unsigned trim(const struct sliced *sliced, struct sliced_list *list, unsigned wanted) {
  if (list->count > wanted) list->count = wanted;
  const unsigned kept = list->count;
  while (list->count % SLICED_GROUP != 0)
    list->plane[list->count++] = (uint16_t)(4 * sliced->triples * SLICED_PLANE_BYTES);
  return kept;
}

/* Makes the sign of bound - (sum(A) + |B| - sum(B)) that of a counter, which ends at sum(B) - sum(A) - preset - 1. */
static void make_plan(const struct sliced *sliced, const uint8_t *query, const uint8_t *known, unsigned radius,
                      struct sliced_plan *plan) {
  const unsigned wanted = planes_wanted(radius / 2);
  uint64_t query_words[WORDS];
  uint64_t known_words[WORDS];
  memcpy(query_words, query, sliced->row_bytes);
  memcpy(known_words, known, sliced->row_bytes);
  plan->subtract.count = 0;
  plan->add.count = 0;
  list_planes(sliced, query_words, known_words, wanted, plan);

  unsigned subtract = whole_groups(&plan->subtract);
  unsigned add = whole_groups(&plan->add);
  if (subtract + add < wanted) {
    subtract = plan->subtract.count;
    add = plan->add.count;
  }
  while (subtract + add >= wanted + SLICED_GROUP) *(subtract > add ? &subtract : &add) -= SLICED_GROUP;
  /* Else comparing all rows in order is cheaper. */
  if (!far_below(radius / 2, subtract + add, 6)) subtract = add = 0;
  trim(sliced, &plan->subtract, subtract);
  const unsigned complemented = trim(sliced, &plan->add, add);
  const unsigned bound = complemented + subtract == 0 ? 0 : radius / 2;
  plan->preset = (uint8_t)(complemented - bound - 1);
}

/* ---- Searching --------------------------------------------------------------------------------------------------- */

struct question {
  const uint8_t *row;
  uint8_t known[HAMMING_MAX_ROW_BYTES];
  uint32_t number;
  struct sliced_plan plan;
};

struct search {
  const struct sliced *sliced;
  unsigned radius;
  hamming_visit visit;
  void *user;
};

/* Compares `count` rows from `row` on in full. False when `visit` ended it. */
static bool compare_rows(const struct search *search, const struct question *question, size_t row, size_t count) {
  const struct sliced *sliced = search->sliced;
  struct hamming_hit hits[HAMMING_BLOCK_ROWS];
  while (count > 0) {
    const size_t some = count < HAMMING_BLOCK_ROWS ? count : HAMMING_BLOCK_ROWS;
    const uint8_t *rows = sliced->rows + row * sliced->row_bytes;
    const size_t found = sliced->compare(rows, some, question->row, question->known, search->radius, hits);
    for (size_t i = 0; i < found; i++)
      if (!search->visit(search->user, row + hits[i].row, question->number, hits[i].distance)) return false;
    row += some;
    count -= some;
  }
  return true;
}

static bool compare_row(const struct search *search, const struct question *question, size_t row) {
  const struct sliced *sliced = search->sliced;
  const uint8_t *bytes = sliced->rows + row * sliced->row_bytes;
  const unsigned distance = sliced->distance(bytes, question->row, question->known);
  return distance > search->radius || search->visit(search->user, row, question->number, distance);
}

/* Compares the survivors of the block that begins with row `first`. */
static bool compare_survivors(const struct search *search, const struct question *question, size_t first,
                              const struct sliced_rows *within) {
  const size_t left = search->sliced->row_count - first;
  const size_t rows = left < SLICED_BLOCK_ROWS ? left : SLICED_BLOCK_ROWS;
  uint64_t words[SLICED_BLOCK_ROWS / 64];
  uint64_t any = 0;
  memcpy(words, within->bytes, sizeof words);
  for (size_t i = 0; i < SLICED_BLOCK_ROWS / 64; i++) any |= words[i];
  if (any == 0) return true;

  unsigned survivors = 0;
  for (size_t i = 0; i < SLICED_BLOCK_ROWS / 64; i++) survivors += (unsigned)__builtin_popcountll(words[i]);
  if (survivors > SLICED_DENSE) return compare_rows(search, question, first, rows);
  for (size_t i = 0; i < rows; i += 64) {
    for (uint64_t word = words[i / 64]; word != 0; word &= word - 1) {
      const size_t row = i + (size_t)__builtin_ctzll(word);
      if (row < rows && !compare_row(search, question, first + row)) return false;
    }
  }
  return true;
}

/* A plan's planes lie scattered, which the hardware cannot foresee, so they are prefetched a block ahead. */
static void prefetch(const uint8_t *planes, const struct sliced_list *list) {
  for (unsigned i = 0; i < list->count; i++) __builtin_prefetch(planes + list->plane[i]);
}

/* Passes `count` questions, at most SLICED_BATCH, over the blocks together. */
static bool search_batch(const struct search *search, const struct question *questions, uint32_t count) {
  const struct sliced *sliced = search->sliced;
  const uint8_t *planes = sliced->planes;
  for (size_t first = 0; first < sliced->row_count; first += SLICED_BLOCK_ROWS, planes += sliced->block_bytes) {
    for (uint32_t i = 0; i < count; i++) {
      struct sliced_rows within;
      if (i < SLICED_PREFETCHING && first + SLICED_BLOCK_ROWS < sliced->row_count) {
        prefetch(planes + sliced->block_bytes, &questions[i].plan.subtract);
        prefetch(planes + sliced->block_bytes, &questions[i].plan.add);
      }
      sliced->count(planes, &questions[i].plan, &within);
      if (!compare_survivors(search, &questions[i], first, &within)) return false;
    }
  }
  return true;
}

bool sliced_search(const struct sliced *sliced, const uint8_t *queries, const uint8_t *unknown, uint32_t query_count,
                   unsigned radius, hamming_visit visit, void *user) {
  const struct search search = {sliced, radius, visit, user};
  struct question questions[SLICED_BATCH];
  for (uint32_t base = 0; base < query_count; base += SLICED_BATCH) {
    const uint32_t count = query_count - base < SLICED_BATCH ? query_count - base : SLICED_BATCH;
    for (uint32_t i = 0; i < count; i++) {
      struct question *question = &questions[i];
      const size_t offset = (base + i) * sliced->row_bytes;
      question->row = queries + offset;
      question->number = base + i;
      hamming_known(unknown == NULL ? NULL : unknown + offset, sliced->row_bytes, question->known);
      make_plan(sliced, question->row, question->known, radius, &question->plan);
    }
    if (!search_batch(&search, questions, count)) return false;
  }
  return true;
}
