/* SPDX-License-Identifier: Apache-2.0 */
/* Random numbers that depend on a seed and a position alone, so that threads can share the work in any order. */
#ifndef HASHSCAN_ORACLES_INDEX_RANDOM_H
#define HASHSCAN_ORACLES_INDEX_RANDOM_H

#include <stdint.h>

#include "base/splitmix.h"

struct random_stream {
  uint64_t state;
};

static inline uint64_t random_next(struct random_stream *stream) {
  return splitmix_next(&stream->state);
}

/* The stream of `number` among those of `purpose`. */
static inline struct random_stream random_open(uint64_t seed, uint64_t purpose, uint64_t number) {
  return (struct random_stream){splitmix_mix(splitmix_mix(seed ^ purpose << 56) + number * 0xd1342543de82ef95u)};
}

/* 0 to limit - 1. */
static inline unsigned random_below(struct random_stream *stream, unsigned limit) {
  return (unsigned)((random_next(stream) >> 32) * limit >> 32);
}

/* low to high. */
static inline float random_between(struct random_stream *stream, float low, float high) {
  return low + (high - low) * ((float)(random_next(stream) >> 40) * 0x1p-24f);
}

#endif
