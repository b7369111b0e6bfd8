/* SPDX-License-Identifier: Apache-2.0 */
/* Counter-based random numbers. A stream is a function of (seed, purpose, number) alone, so picture 7 is the same
 * picture whatever was made before it and on whichever thread. Callers draw at most one number in a full expression: C
 * leaves the order of evaluation of arguments, operands and initialisers open, and pictures must not depend on the
 * compiler. */
#ifndef DATASET_RANDOM_H
#define DATASET_RANDOM_H

#include <stdbool.h>
#include <stdint.h>

#include "base/splitmix.h"

/* What a stream is for, so that drawing more numbers for one purpose leaves the others alone. */
enum random_purpose {
  RANDOM_PLAN = 1,
  RANDOM_SCENE = 2,
  RANDOM_NOISE = 3,
  RANDOM_ALTER = 4,
  RANDOM_HASH_UNIFORM = 5,
  RANDOM_HASH_CLUSTERED = 6
};

struct random_stream {
  uint64_t state;
};

static inline struct random_stream random_open(uint64_t seed, enum random_purpose purpose, uint64_t number) {
  uint64_t state = splitmix_mix(seed + SPLITMIX_STEP);
  state = splitmix_mix(state ^ (SPLITMIX_STEP * (uint64_t)purpose));
  state = splitmix_mix(state ^ (number * UINT64_C(0xd1342543de82ef95)));
  return (struct random_stream){.state = state};
}

static inline uint64_t random_next(struct random_stream *stream) {
  return splitmix_next(&stream->state);
}

/* 0 to limit - 1; limit is at least 1. */
static inline int random_below(struct random_stream *stream, int limit) {
  return (int)(((random_next(stream) >> 32) * (uint64_t)limit) >> 32);
}

/* low to high, both included; low when high is smaller. */
static inline int random_range(struct random_stream *stream, int low, int high) {
  int drawn = random_below(stream, high < low ? 1 : high - low + 1);
  return low + drawn;
}

static inline bool random_percent(struct random_stream *stream, int percent) {
  return random_below(stream, 100) < percent;
}

#endif
