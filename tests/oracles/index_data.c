/* SPDX-License-Identifier: Apache-2.0 */
/* Rows and queries are made in blocks, each from streams of its own. */
#include "index_data.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/parallel.h"
#include "index_pictures.h"
#include "index_random.h"
#include "pdq/pdq.h"

enum { BLOCK = 1024, MAX_RUN = 300, CENTRES = 16, BITS = 8 * DATA_HASH_BYTES, WORD_BYTES = 2 };
enum purpose { PURPOSE_ROWS = 1, PURPOSE_QUERIES, PURPOSE_PLANTED, PURPOSE_UNKNOWN, PURPOSE_CENTRES };

const char *const data_kind_names[DATA_KINDS] = {"uniform", "pdq", "clustered", "adversarial"};

/* Fills `count` (at most BLOCK) hashes from number `first` on. False when out of memory. */
typedef bool (*fill_fn)(uint64_t seed, enum purpose purpose, size_t first, size_t count, uint8_t *hashes);

static void random_hash(struct random_stream *random, uint8_t *hash) {
  for (size_t k = 0; k < DATA_HASH_BYTES; k += sizeof(uint64_t)) {
    const uint64_t word = random_next(random);
    memcpy(hash + k, &word, sizeof word);
  }
}

static void flip(uint8_t *hash, unsigned bit) {
  hash[bit / 8] ^= (uint8_t)(1u << (bit % 8));
}

/* Flips `count` different bits. */
static void flip_bits(struct random_stream *random, uint8_t *hash, unsigned count) {
  uint8_t flipped[DATA_HASH_BYTES] = {0};
  while (count > 0) {
    const unsigned bit = random_below(random, BITS);
    if (flipped[bit / 8] >> (bit % 8) & 1) continue;
    flip(flipped, bit);
    flip(hash, bit);
    count--;
  }
}

static bool fill_uniform(uint64_t seed, enum purpose purpose, size_t first, size_t count, uint8_t *hashes) {
  for (size_t i = 0; i < count; i++) {
    struct random_stream random = random_open(seed, purpose, first + i);
    random_hash(&random, hashes + i * DATA_HASH_BYTES);
  }
  return true;
}

/* ---- Pictures ---------------------------------------------------------------------------------------------------- */

static bool fill_pdq(uint64_t seed, enum purpose purpose, size_t first, size_t count, uint8_t *hashes) {
  struct pdq_stream *stream = pdq_stream_create();
  bool ok = stream != NULL;
  for (size_t i = 0; ok && i < count; i++) {
    uint8_t pixels[PICTURE_SIDE * PICTURE_SIDE];
    hashscan_pdq hash;
    int quality;
    picture_paint(seed + purpose, first + i, pixels);
    ok = pdq_stream_begin(stream, PICTURE_SIDE, PICTURE_SIDE, 1, HASHSCAN_PROFILE_FULL);
    for (size_t y = 0; ok && y < PICTURE_SIDE; y++) pdq_stream_row(stream, pixels + y * PICTURE_SIDE);
    if (ok) pdq_stream_finish(stream, false, &hash, &quality);
    if (ok) memcpy(hashes + i * DATA_HASH_BYTES, hash.bytes, DATA_HASH_BYTES);
  }
  pdq_stream_destroy(stream);
  return ok;
}

/* ---- Clusters ---------------------------------------------------------------------------------------------------- */

/* Flips a random bit that has the given value. */
static void flip_one(struct random_stream *random, uint8_t *hash, unsigned value) {
  unsigned bit;
  do bit = random_below(random, BITS);
  while (((unsigned)hash[bit / 8] >> (bit % 8) & 1u) != value);
  flip(hash, bit);
}

/* Flips 2 * pairs bits and keeps the weight. */
static void wander(struct random_stream *random, uint8_t *hash, unsigned pairs) {
  for (; pairs > 0; pairs--) {
    flip_one(random, hash, 1);
    flip_one(random, hash, 0);
  }
}

/* PDQ cuts at the median: 128 bits are set. */
static void balanced_hash(struct random_stream *random, uint8_t *hash) {
  int weight = 0;
  random_hash(random, hash);
  for (size_t k = 0; k < DATA_HASH_BYTES; k++) weight += __builtin_popcount(hash[k]);
  for (; weight > BITS / 2; weight--) flip_one(random, hash, 1);
  for (; weight < BITS / 2; weight++) flip_one(random, hash, 0);
}

static bool fill_clustered(uint64_t seed, enum purpose purpose, size_t first, size_t count, uint8_t *hashes) {
  struct random_stream random = random_open(seed, purpose, first / BLOCK);
  uint8_t centre[DATA_HASH_BYTES];
  unsigned left = 0;
  for (size_t i = 0; i < count; i++, left--) {
    if (left == 0) {
      left = 1 + random_below(&random, MAX_RUN);
      balanced_hash(&random, centre);
    }
    wander(&random, centre, random_below(&random, 10) < 3 ? 1 : 0);
    memcpy(hashes + i * DATA_HASH_BYTES, centre, DATA_HASH_BYTES);
    wander(&random, hashes + i * DATA_HASH_BYTES, random_below(&random, 4));
  }
  return true;
}

/* ---- What an adversary would publish ----------------------------------------------------------------------------- */

static void centre_hash(uint64_t seed, unsigned number, uint8_t *hash) {
  struct random_stream random = random_open(seed, PURPOSE_CENTRES, number);
  random_hash(&random, hash);
}

static void replace_word(struct random_stream *random, uint8_t *hash) {
  uint8_t other[DATA_HASH_BYTES];
  const unsigned at = random_below(random, DATA_HASH_BYTES / WORD_BYTES) * WORD_BYTES;
  random_hash(random, other);
  memcpy(hash + at, other + at, WORD_BYTES);
}

static void adversarial_row(uint64_t seed, struct random_stream *random, uint8_t *hash) {
  switch (random_below(random, 5)) {
  case 0: /* equal hashes */
    centre_hash(seed, random_below(random, CENTRES), hash);
    break;
  case 1: /* 15 of 16 words shared */
    centre_hash(seed, CENTRES + random_below(random, CENTRES), hash);
    replace_word(random, hash);
    break;
  case 2: /* just out of reach of a query that will be asked */
    centre_hash(seed, 2 * CENTRES + random_below(random, CENTRES), hash);
    flip_bits(random, hash, 32 + random_below(random, 29));
    break;
  case 3: /* almost all zeros or ones */
    memset(hash, random_below(random, 2) == 0 ? 0 : 0xff, DATA_HASH_BYTES);
    flip_bits(random, hash, random_below(random, 6));
    break;
  default:
    random_hash(random, hash);
  }
}

static void adversarial_query(uint64_t seed, struct random_stream *random, uint8_t *hash) {
  switch (random_below(random, 5)) {
  case 0:
    centre_hash(seed, 2 * CENTRES + random_below(random, CENTRES), hash);
    break;
  case 1: { /* three words of the rows that share fifteen, the others far from theirs */
    uint8_t centre[DATA_HASH_BYTES];
    random_hash(random, hash);
    centre_hash(seed, CENTRES + random_below(random, CENTRES), centre);
    for (int i = 0; i < 3; i++) {
      const unsigned at = random_below(random, DATA_HASH_BYTES / WORD_BYTES) * WORD_BYTES;
      memcpy(hash + at, centre + at, WORD_BYTES);
    }
    break;
  }
  case 2: /* beside the many that are almost all zeros or ones */
    memset(hash, random_below(random, 2) == 0 ? 0 : 0xff, DATA_HASH_BYTES);
    flip_bits(random, hash, 38 + random_below(random, 30));
    break;
  case 3: /* as far from the equal hashes */
    centre_hash(seed, random_below(random, CENTRES), hash);
    flip_bits(random, hash, 32 + random_below(random, 29));
    break;
  default:
    random_hash(random, hash);
  }
}

static bool fill_adversarial(uint64_t seed, enum purpose purpose, size_t first, size_t count, uint8_t *hashes) {
  for (size_t i = 0; i < count; i++) {
    struct random_stream random = random_open(seed, purpose, first + i);
    uint8_t *const hash = hashes + i * DATA_HASH_BYTES;
    if (purpose == PURPOSE_ROWS) adversarial_row(seed, &random, hash);
    else adversarial_query(seed, &random, hash);
  }
  return true;
}

/* ---- Everything -------------------------------------------------------------------------------------------------- */

struct job {
  fill_fn fill;
  uint64_t seed;
  enum purpose purpose;
  size_t count;
  uint8_t *hashes;
  atomic_bool failed;
};

static void fill_block(void *user, size_t block) {
  struct job *job = user;
  const size_t first = block * BLOCK;
  const size_t count = job->count - first < BLOCK ? job->count - first : BLOCK;
  if (!job->fill(job->seed, job->purpose, first, count, job->hashes + first * DATA_HASH_BYTES))
    atomic_store(&job->failed, true);
}

static uint8_t *make_hashes(const struct data_options *options, enum purpose purpose, size_t count) {
  static const fill_fn fills[DATA_KINDS] = {fill_uniform, fill_pdq, fill_clustered, fill_adversarial};
  struct job job = {
      .fill = fills[options->kind], .seed = options->seed, .purpose = purpose, .count = count, .failed = false};
  job.hashes = malloc(count * DATA_HASH_BYTES);
  if (job.hashes == NULL) return NULL;
  parallel_for(parallel_cpus(), (count + BLOCK - 1) / BLOCK, fill_block, &job);
  if (!atomic_load(&job.failed)) return job.hashes;
  free(job.hashes);
  return NULL;
}

/* Distances in an order in which a few already spread over the whole range. */
static void plant(struct data *data, const struct data_options *options, size_t query) {
  struct random_stream random = random_open(options->seed, PURPOSE_PLANTED, query);
  const size_t row = (size_t)(random_next(&random) % options->entries);
  uint8_t *const hash = data->queries + query * DATA_HASH_BYTES;
  memcpy(hash, data->rows + row * DATA_HASH_BYTES, DATA_HASH_BYTES);
  flip_bits(&random, hash, (unsigned)(query / 100 * 13 % (DATA_MAX_PLANTED + 1)));
}

static void forget_bits(struct data *data, const struct data_options *options) {
  for (size_t query = 0; query < options->queries; query++) {
    struct random_stream random = random_open(options->seed, PURPOSE_UNKNOWN, query);
    flip_bits(&random, data->unknown + query * DATA_HASH_BYTES, options->unknown_bits);
  }
}

bool data_make(struct data *data, const struct data_options *options) {
  *data = (struct data){0};
  data->rows = make_hashes(options, PURPOSE_ROWS, options->entries);
  data->queries = make_hashes(options, PURPOSE_QUERIES, options->queries);
  if (options->unknown_bits > 0) data->unknown = calloc(options->queries, DATA_HASH_BYTES);
  if (data->rows == NULL || data->queries == NULL || (options->unknown_bits > 0 && data->unknown == NULL)) return false;
  for (size_t query = 0; query < options->queries; query++)
    if (data_is_planted(query)) plant(data, options, query);
  if (data->unknown != NULL) forget_bits(data, options);
  return true;
}

void data_free(struct data *data) {
  free(data->rows);
  free(data->queries);
  free(data->unknown);
  *data = (struct data){0};
}
