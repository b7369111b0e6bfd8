/* SPDX-License-Identifier: Apache-2.0 */
/* Entries are made in blocks of HASHES_BLOCK, each block from a stream of its own (clustered) or each entry from its
 * number (uniform), formatted through a table of two-digit hex pairs and written a block at a time. One thread makes
 * entries faster than disks take them. */
#include "hashes.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "output.h"
#include "random.h"

enum { HASHES_BLOCK = 4096, HASH_WORDS = 4, HASH_BYTES = 32, RUN_MAX = 300, LINE_MAX_BYTES = 128 };

struct hash {
  uint64_t words[HASH_WORDS];
};

/* ---- Values ---- */

static void make_uniform(struct hash *hashes, uint64_t seed, uint64_t first, int count) {
  for (int i = 0; i < count; i++) {
    struct random_stream random = random_open(seed, RANDOM_HASH_UNIFORM, first + (uint64_t)i);
    for (int word = 0; word < HASH_WORDS; word++) hashes[i].words[word] = random_next(&random);
  }
}

/* Turns a random bit that has the given value. */
static void flip_one(struct hash *hash, struct random_stream *random, uint64_t value) {
  for (;;) {
    unsigned position = (unsigned)(random_next(random) >> 56);
    uint64_t bit = UINT64_C(1) << (position & 63);
    if (((hash->words[position >> 6] & bit) != 0) != value) continue;
    hash->words[position >> 6] ^= bit;
    return;
  }
}

/* Turns 2 * pairs bits and keeps the weight. */
static void wander(struct hash *hash, struct random_stream *random, int pairs) {
  for (int i = 0; i < pairs; i++) {
    flip_one(hash, random, 1);
    flip_one(hash, random, 0);
  }
}

/* PDQ cuts at the median: 128 bits are set. */
static struct hash balanced(struct random_stream *random) {
  struct hash hash;
  int weight = 0;
  for (int i = 0; i < HASH_WORDS; i++) {
    hash.words[i] = random_next(random);
    weight += __builtin_popcountll(hash.words[i]);
  }
  for (; weight > 128; weight--) flip_one(&hash, random, 1);
  for (; weight < 128; weight++) flip_one(&hash, random, 0);
  return hash;
}

static void make_clustered(struct hash *hashes, uint64_t seed, uint64_t block, int count) {
  struct random_stream random = random_open(seed, RANDOM_HASH_CLUSTERED, block);
  struct hash centre = {{0}};
  int left = 0;
  for (int i = 0; i < count; i++, left--) {
    if (left == 0) {
      left = random_range(&random, 1, RUN_MAX);
      centre = balanced(&random);
    }
    wander(&centre, &random, random_percent(&random, 30) ? 1 : 0);
    hashes[i] = centre;
    wander(&hashes[i], &random, random_range(&random, 0, 3));
  }
}

/* ---- Formats ---- */

struct hex_table {
  char pairs[256][2];
};

static void hex_fill(struct hex_table *table) {
  static const char digits[] = "0123456789abcdef";
  for (int i = 0; i < 256; i++) {
    table->pairs[i][0] = digits[i >> 4];
    table->pairs[i][1] = digits[i & 15];
  }
}

/* The most significant byte of word 0 comes first. */
static void put_binary(uint8_t *out, const struct hash *hash) {
  for (int i = 0; i < HASH_BYTES; i++) out[i] = (uint8_t)(hash->words[i / 8] >> (56 - i % 8 * 8));
}

static void put_hex(char *out, const struct hash *hash, const struct hex_table *table) {
  for (int i = 0; i < HASH_BYTES; i++) {
    memcpy(out + 2 * i, table->pairs[hash->words[i / 8] >> (56 - i % 8 * 8) & 255], 2);
  }
}

static size_t put_line(char *out, const struct hash *hash, uint64_t number, const struct hashes_options *options,
                       const struct hex_table *table) {
  static const char *const labels[] = {"A1", "A2", "B1", "B2", "A1;series"};
  if (options->format == HASHES_BINARY) {
    put_binary((uint8_t *)out, hash);
    return HASH_BYTES;
  }
  put_hex(out, hash, table);
  size_t used = 2 * HASH_BYTES;
  if (options->format == HASHES_CSV) {
    used += (size_t)snprintf(out + used, LINE_MAX_BYTES - used, ",pdq,e%08" PRIu64 ",%s", number, labels[number % 5]);
  }
  out[used++] = '\n';
  return used;
}

static void write_blocks(struct output_stream *stream, struct hash *hashes, char *text,
                         const struct hashes_options *options) {
  struct hex_table table;
  hex_fill(&table);
  if (options->format == HASHES_CSV) fputs("hash,kind,id,labels\n", stream->file);
  for (uint64_t done = 0; done < options->count && output_good(stream); done += HASHES_BLOCK) {
    int count = options->count - done < HASHES_BLOCK ? (int)(options->count - done) : HASHES_BLOCK;
    if (options->data == HASHES_UNIFORM) make_uniform(hashes, options->seed, done, count);
    else make_clustered(hashes, options->seed, done / HASHES_BLOCK, count);
    size_t used = 0;
    for (int i = 0; i < count; i++) used += put_line(text + used, &hashes[i], done + (uint64_t)i, options, &table);
    fwrite(text, 1, used, stream->file);
  }
  output_good(stream);
}

bool hashes_write(const struct hashes_options *options, struct failure *failure) {
  struct output_stream stream;
  struct hash *hashes = malloc(HASHES_BLOCK * sizeof *hashes);
  char *text = malloc((size_t)HASHES_BLOCK * LINE_MAX_BYTES);
  bool done = hashes != NULL && text != NULL;
  if (!done) failure_set(failure, "out of memory");
  done = done && output_open(&stream, options->out, failure);
  if (done) {
    write_blocks(&stream, hashes, text, options);
    done = output_close(&stream, true, failure);
  }
  free(hashes);
  free(text);
  return done;
}
