/* SPDX-License-Identifier: Apache-2.0 */
/* Reproducible random numbers for tests. */
#ifndef HASHSCAN_TESTS_RANDOM_H
#define HASHSCAN_TESTS_RANDOM_H

#include <stdint.h>

#include "base/splitmix.h"

struct random_state {
  uint64_t counter;
};

static inline struct random_state random_seeded(uint64_t seed) {
  return (struct random_state){.counter = seed};
}

static inline uint64_t random_next(struct random_state *state) {
  return splitmix_next(&state->counter);
}

#endif
