/* SPDX-License-Identifier: Apache-2.0 */
/* Radius search against brute force: every way (ring, scan, whatever is cheapest), both widths, masks, all radii, and
 * data that is uniform, like real PDQ hashes, clustered and adversarial. Each hit is right and reported once, and there
 * are as many as brute force finds.
 *
 * ThreadSanitizer runs it too: indexes of 10,000 entries and more are sorted and get their rings by several threads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../support/brute.h"
#include "../support/entries.h"
#include "../support/random.h"
#include "../support/sanitized.h"
#include "base/file.h"
#include "hashscan.h"
#include "index/build/segment_writer.h"
#include "index/search/searcher.h"
#include "pdq/pdq.h"

enum data { UNIFORM, PICTURES, CLUSTERED, ADVERSARIAL, DATA_COUNT };

static const char *const data_names[DATA_COUNT] = {"uniform", "pictures", "clustered", "adversarial"};
static const unsigned all_radii[] = {0, 1, 15, 16, 30, 31, 32, 47, 63, 64, 127, 128, 255, 256};
#define RADII (sizeof all_radii / sizeof *all_radii)

/* ---- Data -------------------------------------------------------------------------------------------------------- */

static void random_bytes(struct random_state *state, uint8_t *bytes, size_t size) {
  for (size_t i = 0; i < size; i++) bytes[i] = (uint8_t)random_next(state);
}

static void flip_bits(struct random_state *state, uint8_t *row, size_t row_bytes, unsigned count) {
  for (unsigned flipped = 0; flipped < count;) {
    const size_t bit = random_next(state) % (row_bytes * 8);
    row[bit / 8] ^= (uint8_t)(1u << (bit % 8));
    flipped++;
  }
}

/* PDQ of a small picture of a few soft blobs: neighbouring coefficients are correlated as in photographs. */
static void hash_picture(struct pdq_stream *stream, struct random_state *state, uint8_t *row) {
  enum { SIDE = 64 };
  uint8_t pixels[SIDE];
  int centre[4][3];
  for (int i = 0; i < 4; i++)
    for (int k = 0; k < 3; k++) centre[i][k] = (int)(random_next(state) % SIDE) + 1;
  assert_true(pdq_stream_begin(stream, SIDE, SIDE, 1, HASHSCAN_PROFILE_FULL));
  for (int y = 0; y < SIDE; y++) {
    for (int x = 0; x < SIDE; x++) {
      int light = 40;
      for (int i = 0; i < 4; i++) {
        const int dx = x - centre[i][0];
        const int dy = y - centre[i][1];
        light += 100 * centre[i][2] / (dx * dx + dy * dy + centre[i][2]);
      }
      pixels[x] = (uint8_t)(light > 255 ? 255 : light);
    }
    pdq_stream_row(stream, pixels);
  }
  int quality;
  hashscan_pdq hash;
  pdq_stream_finish(stream, false, &hash, &quality);
  memcpy(row, hash.bytes, sizeof hash.bytes);
}

static void fill_pictures(struct random_state *state, uint8_t *rows, size_t count, size_t row_bytes) {
  struct pdq_stream *stream = pdq_stream_create();
  assert_non_null(stream);
  uint8_t hash[32];
  for (size_t i = 0; i < count; i++) {
    if (i < 3000) hash_picture(stream, state, hash);
    memcpy(rows + i * row_bytes, i < 3000 ? hash : rows + (i - 3000) * row_bytes, row_bytes);
    if (i >= 3000) flip_bits(state, rows + i * row_bytes, row_bytes, 1 + (unsigned)(random_next(state) % 40));
  }
  pdq_stream_destroy(stream);
}

static void fill_clustered(struct random_state *state, uint8_t *rows, size_t count, size_t row_bytes) {
  size_t left = 0;
  for (size_t i = 0; i < count; i++, left--) {
    uint8_t *row = rows + i * row_bytes;
    if (left == 0) {
      left = 1 + random_next(state) % 300;
      random_bytes(state, row, row_bytes);
    } else {
      memcpy(row, row - row_bytes, row_bytes);
      flip_bits(state, row, row_bytes, (unsigned)(random_next(state) % 4));
    }
  }
}

/* Equal rows, rows that share all but one 16-bit word, rows at distance 32 to 60 from one of them, all zeros and ones.
 */
static void fill_adversarial(struct random_state *state, uint8_t *rows, size_t count, size_t row_bytes) {
  uint8_t centre[32];
  random_bytes(state, centre, sizeof centre);
  for (size_t i = 0; i < count; i++) {
    uint8_t *row = rows + i * row_bytes;
    memcpy(row, centre, row_bytes);
    if (i % 8 < 3) random_bytes(state, row + i / 8 % (row_bytes / 2) * 2, 2);
    else if (i % 8 < 6) flip_bits(state, row, row_bytes, 32 + (unsigned)(random_next(state) % 29));
    else if (i % 8 == 6) memset(row, i % 16 == 6 ? 0 : 0xff, row_bytes);
  }
}

static uint8_t *make_rows(enum data data, size_t count, size_t row_bytes, uint64_t seed) {
  struct random_state state = random_seeded(seed);
  uint8_t *rows = malloc(count * row_bytes + 1);
  assert_non_null(rows);
  if (data == UNIFORM) random_bytes(&state, rows, count * row_bytes);
  if (data == PICTURES) fill_pictures(&state, rows, count, row_bytes);
  if (data == CLUSTERED) fill_clustered(&state, rows, count, row_bytes);
  if (data == ADVERSARIAL) fill_adversarial(&state, rows, count, row_bytes);
  return rows;
}

/* ---- A segment in memory ----------------------------------------------------------------------------------------- */

struct corpus {
  hashscan_kind kind;
  size_t row_bytes;
  struct buffer bytes;
  struct segment segment;
  struct searcher *searcher;
  struct pigeonring_scratch *scratch;
};

static struct corpus corpus_of(const uint8_t *rows, size_t count, hashscan_kind kind) {
  struct corpus corpus = {.kind = kind, .row_bytes = hashscan_kind_bytes(kind)};
  hashscan_builder *builder;
  assert_int_equal(hashscan_builder_create(&builder, NULL), HASHSCAN_SUCCESS);
  for (size_t i = 0; i < count; i++) {
    const hashscan_entry entry = entry_plain(kind, rows + i * corpus.row_bytes, "l", "v", "");
    assert_int_equal(hashscan_builder_add(builder, &entry, NULL), HASHSCAN_SUCCESS);
  }
  assert_int_equal(builder_sort(builder, NULL), HASHSCAN_SUCCESS);
  assert_int_equal(segment_encode(builder, &corpus.bytes, NULL), HASHSCAN_SUCCESS);
  hashscan_builder_destroy(builder);
  hashscan_error error;
  if (index_segment_validate("corpus", corpus.bytes.bytes, corpus.bytes.size, &corpus.segment, &error) !=
      HASHSCAN_SUCCESS)
    fail_msg("%s", error.message);
  corpus.searcher = searcher_create(&corpus.segment, kind);
  corpus.scratch = pigeonring_scratch_create();
  assert_true(corpus.searcher != NULL && corpus.scratch != NULL);
  return corpus;
}

static void corpus_free(struct corpus *corpus) {
  searcher_destroy(corpus->searcher);
  pigeonring_scratch_destroy(corpus->scratch);
  buffer_free(&corpus->bytes);
}

/* ---- Checking ---------------------------------------------------------------------------------------------------- */

struct answer {
  uint16_t *distance; /* by brute force: of each row, for each query */
  uint8_t *seen;
  size_t row_count;
  size_t hits;
  unsigned radius;
  bool wrong;
};

static bool on_row(void *user, size_t row, uint32_t query, unsigned distance) {
  struct answer *answer = user;
  const size_t at = query * answer->row_count + row;
  if (row >= answer->row_count || answer->distance[at] != distance || distance > answer->radius || answer->seen[at]++)
    answer->wrong = true;
  answer->hits++;
  return true;
}

static void check(const struct corpus *corpus, const uint8_t *queries, const uint8_t *unknown, uint32_t count,
                  const unsigned *radii, size_t radius_count, const char *what) {
  const struct segment_kind *rows = &corpus->segment.kinds[corpus->kind];
  const size_t n = rows->row_count;
  struct answer answer = {.row_count = n};
  if (n <= 10000) assert_true(searcher_copy_bytes(corpus->searcher) >= n * corpus->row_bytes);
  answer.distance = malloc((n * count + 1) * sizeof *answer.distance);
  answer.seen = malloc(n * count + 1);
  assert_true(answer.distance != NULL && answer.seen != NULL);
  for (uint32_t q = 0; q < count; q++)
    for (size_t i = 0; i < n; i++)
      answer.distance[q * n + i] =
          (uint16_t)brute_distance(rows->rows + i * corpus->row_bytes, queries + q * corpus->row_bytes,
                                   unknown + q * corpus->row_bytes, corpus->row_bytes);
  for (size_t r = 0; r < radius_count; r++) {
    size_t expected = 0;
    for (size_t i = 0; i < n * count; i++) expected += answer.distance[i] <= radii[r];
    for (enum searcher_ways ways = SEARCHER_ANY; ways <= SEARCHER_PIGEONRING_ONLY; ways++) {
      /* The ring alone is only asked where it stays within a second. */
      if (ways == SEARCHER_PIGEONRING_ONLY && radii[r] > (corpus->row_bytes == 32 ? 47 : 12)) continue;
      searcher_restrict(corpus->searcher, ways);
      memset(answer.seen, 0, n * count + 1);
      answer.hits = 0;
      answer.radius = radii[r];
      assert_true(
          searcher_search(corpus->searcher, corpus->scratch, queries, unknown, count, radii[r], NULL, on_row, &answer));
      if (answer.wrong || answer.hits != expected)
        fail_msg("%s, %zu rows, radius %u, way %d: %zu hits where brute force has %zu%s", what, n, radii[r], (int)ways,
                 answer.hits, expected, answer.wrong ? ", and a hit is wrong" : "");
    }
  }
  searcher_restrict(corpus->searcher, SEARCHER_ANY);
  free(answer.distance);
  free(answer.seen);
}

/* Queries at every distance 0 to `count` - 5 from some row, a complement, all zeros, all ones, and two random ones. */
static uint8_t *make_queries(const uint8_t *rows, size_t n, size_t row_bytes, uint32_t count, uint64_t seed) {
  struct random_state state = random_seeded(seed);
  uint8_t *queries = calloc(count, row_bytes);
  assert_non_null(queries);
  for (uint32_t q = 0; q < count; q++) {
    uint8_t *query = queries + q * row_bytes;
    if (n > 0) memcpy(query, rows + random_next(&state) % n * row_bytes, row_bytes);
    if (q == 0) memset(query, 0, row_bytes);
    else if (q == 1) memset(query, 0xff, row_bytes);
    else if (q == 2)
      for (size_t k = 0; k < row_bytes; k++) query[k] = (uint8_t)~query[k];
    else if (q < 5) random_bytes(&state, query, row_bytes);
    else flip_bits(&state, query, row_bytes, q - 5);
  }
  return queries;
}

static uint8_t *make_masks(size_t row_bytes, uint32_t count, unsigned bits, uint64_t seed) {
  struct random_state state = random_seeded(seed);
  uint8_t *masks = calloc(count, row_bytes);
  assert_non_null(masks);
  for (uint32_t q = 0; q < count; q++) {
    if (bits >= row_bytes * 8) memset(masks + q * row_bytes, 0xff, row_bytes);
    else
      for (unsigned set = 0; set < bits;) {
        const size_t bit = random_next(&state) % (row_bytes * 8);
        uint8_t *byte = &masks[q * row_bytes + bit / 8];
        set += !(*byte >> (bit % 8) & 1);
        *byte |= (uint8_t)(1u << (bit % 8));
      }
  }
  return masks;
}

static void check_data(enum data data, size_t count, hashscan_kind kind, uint32_t query_count, unsigned unknown_bits) {
  const size_t row_bytes = hashscan_kind_bytes(kind);
  uint8_t *rows = make_rows(data, count, row_bytes, count + 17 * data);
  struct corpus corpus = corpus_of(rows, count, kind);
  uint8_t *queries = make_queries(rows, count, row_bytes, query_count, count + 3);
  uint8_t *masks = make_masks(row_bytes, query_count, unknown_bits, count + 5);
  char what[80];
  snprintf(what, sizeof what, "%s %s, %u unknown bits", data_names[data], hashscan_kind_name(kind), unknown_bits);
  check(&corpus, queries, masks, query_count, all_radii, RADII, what);
  corpus_free(&corpus);
  free(rows);
  free(queries);
  free(masks);
}

static void test_sizes(void **unused) {
  (void)unused;
  static const size_t sizes[] = {0, 1, 2, 3, 255, 256, 257, 4095, 4096, 10000};
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
    check_data(UNIFORM, sizes[i], HASHSCAN_KIND_PDQ, 40, 0);
    check_data(UNIFORM, sizes[i], HASHSCAN_KIND_HASH64, 40, 0);
  }
}

static void test_data(void **unused) {
  (void)unused;
  for (enum data data = UNIFORM; data < DATA_COUNT; data++) {
    check_data(data, 20000, HASHSCAN_KIND_PDQ, 40, 0);
    check_data(data, 20000, HASHSCAN_KIND_HASH64, 20, 0);
  }
}

static void test_masks(void **unused) {
  (void)unused;
  static const unsigned unknown[] = {1, 8, 32, 128, 256};
  for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++) {
    for (enum data data = UNIFORM; data < DATA_COUNT; data++) check_data(data, 6000, HASHSCAN_KIND_PDQ, 20, unknown[i]);
    check_data(UNIFORM, 300, HASHSCAN_KIND_PDQ, 20, unknown[i]);
    check_data(UNIFORM, 6000, HASHSCAN_KIND_HASH64, 20, unknown[i] / 4);
  }
}

static void test_large(void **unused) {
  (void)unused;
  enum { DIVISOR = SANITIZED ? 8 : 1 };
  check_data(UNIFORM, 100000 / DIVISOR, HASHSCAN_KIND_PDQ, 45, 0);
  check_data(CLUSTERED, 100000 / DIVISOR, HASHSCAN_KIND_PDQ, 45, 8);
  check_data(UNIFORM, 1000000 / DIVISOR, HASHSCAN_KIND_PDQ, 9, 0);
}

/* ---- Properties -------------------------------------------------------------------------------------------------- */

static bool add_up(void *user, size_t row, uint32_t query, unsigned distance) {
  (void)row;
  uint64_t *sum = user;
  *sum += (uint64_t)distance * 1000003u + query * 7919u + 1;
  return true;
}

/* What stays the same when rows and queries change together: how many hits at which distances. */
static uint64_t answers(const uint8_t *rows, size_t count, const uint8_t *queries, uint32_t query_count) {
  struct corpus corpus = corpus_of(rows, count, HASHSCAN_KIND_PDQ);
  uint64_t sum = 0;
  assert_true(searcher_search(corpus.searcher, corpus.scratch, queries, NULL, query_count, 33, NULL, add_up, &sum));
  corpus_free(&corpus);
  return sum;
}

static void permute_bits(uint8_t *hash, const uint8_t permutation[256]) {
  uint8_t permuted[32] = {0};
  for (unsigned bit = 0; bit < 256; bit++)
    if (hash[bit / 8] >> (bit % 8) & 1) permuted[permutation[bit] / 8] |= (uint8_t)(1u << (permutation[bit] % 8));
  memcpy(hash, permuted, sizeof permuted);
}

static void test_properties(void **unused) {
  (void)unused;
  enum { COUNT = 9000, QUERIES = 45 };
  struct random_state state = random_seeded(99);
  uint8_t *rows = make_rows(CLUSTERED, COUNT, 32, 5);
  uint8_t *queries = make_queries(rows, COUNT, 32, QUERIES, 6);
  const uint64_t expected = answers(rows, COUNT, queries, QUERIES);
  assert_true(expected > QUERIES);

  uint8_t swapped[32];
  for (size_t i = COUNT - 1; i > 0; i--) {
    const size_t other = random_next(&state) % (i + 1);
    memcpy(swapped, rows + i * 32, 32);
    memmove(rows + i * 32, rows + other * 32, 32);
    memcpy(rows + other * 32, swapped, 32);
  }
  assert_int_equal(answers(rows, COUNT, queries, QUERIES), expected);

  uint8_t mask[32];
  random_bytes(&state, mask, sizeof mask);
  for (size_t k = 0; k < COUNT * 32; k++) rows[k] ^= mask[k % 32];
  for (size_t k = 0; k < QUERIES * 32; k++) queries[k] ^= mask[k % 32];
  assert_int_equal(answers(rows, COUNT, queries, QUERIES), expected);

  uint8_t permutation[256];
  for (unsigned i = 0; i < 256; i++) permutation[i] = (uint8_t)i;
  for (unsigned i = 255; i > 0; i--) {
    const unsigned other = (unsigned)(random_next(&state) % (i + 1));
    const uint8_t value = permutation[i];
    permutation[i] = permutation[other];
    permutation[other] = value;
  }
  for (size_t i = 0; i < COUNT; i++) permute_bits(rows + i * 32, permutation);
  for (size_t i = 0; i < QUERIES; i++) permute_bits(queries + i * 32, permutation);
  assert_int_equal(answers(rows, COUNT, queries, QUERIES), expected);
  free(rows);
  free(queries);
}

static bool stop_at_third(void *user, size_t row, uint32_t query, unsigned distance) {
  (void)row;
  (void)query;
  (void)distance;
  return ++*(int *)user < 3;
}

static void test_visit_ends_the_search(void **unused) {
  (void)unused;
  uint8_t *rows = make_rows(CLUSTERED, 6000, 32, 8);
  struct corpus corpus = corpus_of(rows, 6000, HASHSCAN_KIND_PDQ);
  for (enum searcher_ways ways = SEARCHER_ANY; ways <= SEARCHER_PIGEONRING_ONLY; ways++) {
    int visits = 0;
    searcher_restrict(corpus.searcher, ways);
    assert_false(
        searcher_search(corpus.searcher, corpus.scratch, rows + 100 * 32, NULL, 8, 40, NULL, stop_at_third, &visits));
    assert_int_equal(visits, 3);
  }
  corpus_free(&corpus);
  free(rows);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_sizes), cmocka_unit_test(test_data),       cmocka_unit_test(test_masks),
      cmocka_unit_test(test_large), cmocka_unit_test(test_properties), cmocka_unit_test(test_visit_ends_the_search),
  };
  return cmocka_run_group_tests_name("searcher", tests, NULL, NULL);
}
