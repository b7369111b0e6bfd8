/* SPDX-License-Identifier: Apache-2.0 */
/* Reproducible random numbers for tests: SplitMix64 (Steele, Lea, Flood, "Fast splittable pseudorandom number
 * generators", 2014). */
#ifndef HASHSCAN_TESTS_RANDOM_H
#define HASHSCAN_TESTS_RANDOM_H

#include <stdint.h>

struct random_state {
  uint64_t counter;
};

static inline struct random_state random_seeded(uint64_t seed) {
  return (struct random_state){.counter = seed};
}

static inline uint64_t random_next(struct random_state *state) {
  uint64_t z = state->counter += 0x9e3779b97f4a7c15u;
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
  z = (z ^ z >> 27) * 0x94d049bb133111ebu;
  return z ^ z >> 31;
}

#endif
