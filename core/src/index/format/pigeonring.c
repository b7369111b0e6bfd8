/* SPDX-License-Identifier: Apache-2.0 */
/* Partitions rows into words, and sorts them into tables. */
#include "index/format/pigeonring.h"

#include <string.h>

/* ---- Words ------------------------------------------------------------------------------------------------------- */

bool pigeonring_layout_valid(const struct pigeonring_layout *layout) {
  unsigned held[PIGEONRING_MAX_WORDS] = {0};
  if (layout->words == 0 || layout->words > PIGEONRING_MAX_WORDS || layout->words % 4 != 0) return false;
  for (size_t bit = 0; bit < (size_t)layout->words * PIGEONRING_WORD_BITS; bit++) {
    const unsigned word = layout->word_of_bit[bit];
    if (word >= layout->words || held[word]++ == PIGEONRING_WORD_BITS) return false;
  }
  return true;
}

/* Bit `bit` of a row becomes the next free bit of its word. */
static void assign_bit(struct pigeonring *ring, size_t bit, unsigned word, unsigned position) {
  const size_t nibble = bit / 4;
  for (unsigned value = 0; value < 16; value++)
    if (value >> (bit % 4) & 1) ring->words_of_nibble[nibble][value][word] |= (uint16_t)(1u << position);
  uint8_t row[PIGEONRING_MAX_ROW_BYTES] = {0};
  row[bit / 8] = (uint8_t)(1u << (bit % 8));
  for (size_t k = 0; k < ring->row_bytes / 8; k++) {
    uint64_t part;
    memcpy(&part, row + 8 * k, sizeof part);
    ring->mask[word][k] |= part;
  }
}

static void list_flips(struct pigeonring *ring) {
  size_t count = 0;
  for (unsigned weight = 0; weight < PIGEONRING_MAX_THRESHOLD; weight++)
    for (unsigned bits = 0; bits < PIGEONRING_KEYS; bits++)
      if ((unsigned)__builtin_popcount(bits) == weight)
        ring->flips[count++] = (struct pigeonring_flips){.bits = (uint16_t)bits, .weight = (uint16_t)weight};
}

void pigeonring_init(struct pigeonring *ring, const struct pigeonring_layout *layout, const uint8_t *rows,
                     size_t row_count, enum cpu_tier tier) {
  memset(ring, 0, sizeof *ring);
  ring->words = layout->words;
  ring->row_bytes = (size_t)layout->words * PIGEONRING_WORD_BITS / 8;
  ring->rows = rows;
  ring->row_count = row_count;
  ring->kernel = bucket_kernel_for(tier);
  ring->many_kernel = bucket_many_kernel_for(tier);
  ring->entry_nanoseconds = tier == CPU_SCALAR ? PIGEONRING_ENTRY_NANOSECONDS_SCALAR : PIGEONRING_ENTRY_NANOSECONDS;
  ring->distance = hamming_distance_for(tier, ring->row_bytes);
  unsigned position[PIGEONRING_MAX_WORDS] = {0};
  for (size_t bit = 0; bit < ring->row_bytes * 8; bit++) {
    const unsigned word = layout->word_of_bit[bit];
    assign_bit(ring, bit, word, position[word]++);
  }
  list_flips(ring);
}

void pigeonring_words(const struct pigeonring *ring, const uint8_t *row, uint16_t words[PIGEONRING_MAX_WORDS]) {
  uint64_t collected[PIGEONRING_MAX_WORDS / 4] = {0};
  for (size_t nibble = 0; nibble < 2 * ring->row_bytes; nibble++) {
    const unsigned value = (unsigned)row[nibble / 2] >> (nibble % 2 * 4) & 15u;
    uint64_t part[PIGEONRING_MAX_WORDS / 4];
    memcpy(part, ring->words_of_nibble[nibble][value], sizeof part);
    for (size_t k = 0; k < PIGEONRING_MAX_WORDS / 4; k++) collected[k] |= part[k];
  }
  memcpy(words, collected, sizeof collected);
}

/* ---- Building ---------------------------------------------------------------------------------------------------- */

/* A counting sort by key. While it runs, directory[key + 1] is where the next row of `key` goes; in the end, where
 * those of key + 1 begin. */
void pigeonring_build_table(const uint16_t *words, const uint16_t *next_words, size_t row_count, uint32_t *directory,
                            uint16_t *next, uint32_t *row) {
  memset(directory, 0, (PIGEONRING_KEYS + 1) * sizeof *directory);
  for (size_t i = 0; i < row_count; i++)
    if (words[i] < PIGEONRING_KEYS - 1) directory[words[i] + 2]++;
  for (size_t key = 2; key <= PIGEONRING_KEYS; key++) directory[key] += directory[key - 1];
  for (size_t i = 0; i < row_count; i++) {
    const uint32_t position = directory[words[i] + 1]++;
    next[position] = next_words[i];
    row[position] = (uint32_t)i;
  }
}
