/* SPDX-License-Identifier: Apache-2.0 */
/* Random numbers that depend on a seed and a position alone, so that threads can share the work in any order.
 * SplitMix64 (G. Steele, D. Lea, C. Flood, "Fast splittable pseudorandom number generators", 2014). */
#ifndef HASHSCAN_BENCH_INDEX_RANDOM_H
#define HASHSCAN_BENCH_INDEX_RANDOM_H

#include <stdint.h>

struct random_stream {
  uint64_t state;
};

static inline uint64_t random_mix(uint64_t z) {
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
  z = (z ^ z >> 27) * 0x94d049bb133111ebu;
  return z ^ z >> 31;
}

static inline uint64_t random_next(struct random_stream *stream) {
  return random_mix(stream->state += 0x9e3779b97f4a7c15u);
}

/* The stream of `number` among those of `purpose`. */
static inline struct random_stream random_open(uint64_t seed, uint64_t purpose, uint64_t number) {
  return (struct random_stream){random_mix(random_mix(seed ^ purpose << 56) + number * 0xd1342543de82ef95u)};
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
