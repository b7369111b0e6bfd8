/* SPDX-License-Identifier: Apache-2.0 */
/* Choosing which word each bit belongs to. Bits of real hashes are correlated; words made of correlated bits take few
 * values, so their buckets are full. From a sample, every pair of bits gets a weight: the square of how far their
 * agreement is from chance. Starting at a random deal, bits are exchanged between words as long as that lowers the sum
 * of the weights inside words. The random numbers come from a secret of the index, so nobody who publishes a list can
 * aim at one bucket. */
#include <stdlib.h>
#include <string.h>

#include "index/format/pigeonring.h"

enum { SAMPLE_WORDS = 64, SAMPLES = 64 * SAMPLE_WORDS, BITS = RING_MAX_WORDS * RING_WORD_BITS, EXCHANGES = 40000 };

struct dealing {
  uint64_t column[BITS][SAMPLE_WORDS]; /* bit b of every sample */
  float weight[BITS][BITS];
  uint64_t random;
  size_t bits;
};

/* SplitMix64 (G. Steele, D. Lea, C. Flood, "Fast splittable pseudorandom number generators", 2014). */
static uint64_t next_random(uint64_t *state) {
  uint64_t z = *state += 0x9e3779b97f4a7c15u;
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
  z = (z ^ z >> 27) * 0x94d049bb133111ebu;
  return z ^ z >> 31;
}

static void fill_columns(struct dealing *dealing, const uint8_t *samples, size_t count) {
  const size_t row_bytes = dealing->bits / 8;
  for (size_t s = 0; s < count; s++) {
    const uint8_t *row = samples + s * row_bytes;
    for (size_t b = 0; b < dealing->bits; b++)
      dealing->column[b][s / 64] |= (uint64_t)(row[b / 8] >> (b % 8) & 1) << (s % 64);
  }
}

static void weigh_pairs(struct dealing *dealing, size_t count) {
  for (size_t a = 0; a < dealing->bits; a++) {
    for (size_t b = 0; b < a; b++) {
      size_t differ = 0;
      for (size_t k = 0; k < SAMPLE_WORDS; k++)
        differ += (size_t)__builtin_popcountll(dealing->column[a][k] ^ dealing->column[b][k]);
      const float off = (float)differ / (float)count - 0.5f;
      dealing->weight[a][b] = dealing->weight[b][a] = off * off;
    }
  }
}

/* What bit `bit` would add to word `word`, in which the bit `without` is not counted. */
static float weight_in_word(const struct dealing *dealing, const struct ring_layout *layout, size_t bit, unsigned word,
                            size_t without) {
  float sum = 0;
  for (size_t other = 0; other < dealing->bits; other++)
    if (layout->word_of_bit[other] == word && other != bit && other != without) sum += dealing->weight[bit][other];
  return sum;
}

static void deal_randomly(struct dealing *dealing, struct ring_layout *layout) {
  for (size_t b = 0; b < dealing->bits; b++) layout->word_of_bit[b] = (uint8_t)(b / RING_WORD_BITS);
  for (size_t b = dealing->bits - 1; b > 0; b--) {
    const size_t other = next_random(&dealing->random) % (b + 1);
    const uint8_t word = layout->word_of_bit[b];
    layout->word_of_bit[b] = layout->word_of_bit[other];
    layout->word_of_bit[other] = word;
  }
}

static void exchange_bits(struct dealing *dealing, struct ring_layout *layout) {
  for (int i = 0; i < EXCHANGES; i++) {
    const size_t a = next_random(&dealing->random) % dealing->bits;
    const size_t b = next_random(&dealing->random) % dealing->bits;
    const uint8_t word_a = layout->word_of_bit[a];
    const uint8_t word_b = layout->word_of_bit[b];
    if (word_a == word_b) continue;
    const float before = weight_in_word(dealing, layout, a, word_a, a) + weight_in_word(dealing, layout, b, word_b, b);
    const float after = weight_in_word(dealing, layout, a, word_b, b) + weight_in_word(dealing, layout, b, word_a, a);
    if (after >= before) continue;
    layout->word_of_bit[a] = word_b;
    layout->word_of_bit[b] = word_a;
  }
}

bool ring_layout_choose(struct ring_layout *layout, unsigned words, const uint8_t *samples, size_t count,
                        uint64_t secret) {
  struct dealing *dealing = calloc(1, sizeof *dealing);
  if (dealing == NULL) return false;
  memset(layout, 0, sizeof *layout);
  layout->words = words;
  dealing->random = secret;
  dealing->bits = (size_t)words * RING_WORD_BITS;
  deal_randomly(dealing, layout);
  if (count > SAMPLES) count = SAMPLES;
  if (count >= 64) {
    fill_columns(dealing, samples, count);
    weigh_pairs(dealing, count);
    exchange_bits(dealing, layout);
  }
  free(dealing);
  return true;
}
