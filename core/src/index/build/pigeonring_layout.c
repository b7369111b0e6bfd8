/* SPDX-License-Identifier: Apache-2.0 */
/* Chooses which word each bit belongs to. Bits of real hashes are correlated; words made of correlated bits take few
 * values, so their buckets are full. From a sample, every pair of bits gets a weight: the square of how far their
 * agreement is from chance. Starting at a random partition, bits are exchanged between words as long as that lowers the
 * sum of the weights inside words. The random numbers come from a secret of the index, so nobody who publishes a list
 * can aim at one bucket. */
#include "index/build/pigeonring_layout.h"

#include <stdlib.h>
#include <string.h>

#include "base/splitmix.h"

enum {
  SAMPLE_WORDS = 64,
  SAMPLES = 64 * SAMPLE_WORDS,
  BITS = PIGEONRING_MAX_WORDS * PIGEONRING_WORD_BITS,
  EXCHANGES = 40000
};

struct assignment {
  uint64_t column[BITS][SAMPLE_WORDS]; /* bit b of every sample */
  float weight[BITS][BITS];
  uint64_t random;
  size_t bits;
};

static void fill_columns(struct assignment *assignment, const uint8_t *samples, size_t count) {
  const size_t row_bytes = assignment->bits / 8;
  for (size_t s = 0; s < count; s++) {
    const uint8_t *row = samples + s * row_bytes;
    for (size_t b = 0; b < assignment->bits; b++)
      assignment->column[b][s / 64] |= (uint64_t)(row[b / 8] >> (b % 8) & 1) << (s % 64);
  }
}

static void weigh_pairs(struct assignment *assignment, size_t count) {
  for (size_t a = 0; a < assignment->bits; a++) {
    for (size_t b = 0; b < a; b++) {
      size_t differ = 0;
      for (size_t k = 0; k < SAMPLE_WORDS; k++)
        differ += (size_t)__builtin_popcountll(assignment->column[a][k] ^ assignment->column[b][k]);
      const float off = (float)differ / (float)count - 0.5f;
      assignment->weight[a][b] = assignment->weight[b][a] = off * off;
    }
  }
}

/* What bit `bit` would add to word `word`, in which the bit `without` is not counted. */
static float weight_in_word(const struct assignment *assignment, const struct pigeonring_layout *layout, size_t bit,
                            unsigned word, size_t without) {
  float sum = 0;
  for (size_t other = 0; other < assignment->bits; other++)
    if (layout->word_of_bit[other] == word && other != bit && other != without) sum += assignment->weight[bit][other];
  return sum;
}

static void assign_randomly(struct assignment *assignment, struct pigeonring_layout *layout) {
  for (size_t b = 0; b < assignment->bits; b++) layout->word_of_bit[b] = (uint8_t)(b / PIGEONRING_WORD_BITS);
  for (size_t b = assignment->bits - 1; b > 0; b--) {
    /* analyze: no kind of hash has 0 bits. */
    const size_t other = splitmix_next(&assignment->random) % (b + 1);
    const uint8_t word = layout->word_of_bit[b];
    layout->word_of_bit[b] = layout->word_of_bit[other];
    layout->word_of_bit[other] = word;
  }
}

static void exchange_bits(struct assignment *assignment, struct pigeonring_layout *layout) {
  for (int i = 0; i < EXCHANGES; i++) {
    const size_t a = splitmix_next(&assignment->random) % assignment->bits;
    const size_t b = splitmix_next(&assignment->random) % assignment->bits;
    const uint8_t word_a = layout->word_of_bit[a];
    const uint8_t word_b = layout->word_of_bit[b];
    if (word_a == word_b) continue;
    const float before =
        weight_in_word(assignment, layout, a, word_a, a) + weight_in_word(assignment, layout, b, word_b, b);
    const float after =
        weight_in_word(assignment, layout, a, word_b, b) + weight_in_word(assignment, layout, b, word_a, a);
    if (after >= before) continue;
    layout->word_of_bit[a] = word_b;
    layout->word_of_bit[b] = word_a;
  }
}

bool pigeonring_layout_choose(struct pigeonring_layout *layout, unsigned words, const uint8_t *samples, size_t count,
                              uint64_t secret) {
  struct assignment *assignment = calloc(1, sizeof *assignment);
  if (assignment == NULL) return false;
  memset(layout, 0, sizeof *layout);
  layout->words = words;
  assignment->random = secret;
  assignment->bits = (size_t)words * PIGEONRING_WORD_BITS;
  assign_randomly(assignment, layout);
  if (count > SAMPLES) count = SAMPLES;
  if (count >= 64) {
    fill_columns(assignment, samples, count);
    weigh_pairs(assignment, count);
    exchange_bits(assignment, layout);
  }
  free(assignment);
  return true;
}
