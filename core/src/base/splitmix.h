/* SPDX-License-Identifier: Apache-2.0 */
/* SplitMix64 (G. Steele, D. Lea, C. Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014): numbers that
 * look random and follow from a seed. For what must be reproducible; random.h is for what must not be predictable. */
#ifndef HASHSCAN_BASE_SPLITMIX_H
#define HASHSCAN_BASE_SPLITMIX_H

#include <stdint.h>

#define SPLITMIX_STEP UINT64_C(0x9e3779b97f4a7c15)

/* A bijection whose output bits each depend on all bits of `value`. */
static inline uint64_t splitmix_mix(uint64_t value) {
  value = (value ^ value >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
  value = (value ^ value >> 27) * UINT64_C(0x94d049bb133111eb);
  return value ^ value >> 31;
}

/* The next number of the sequence that `state`, of any value, began. */
static inline uint64_t splitmix_next(uint64_t *state) {
  return splitmix_mix(*state += SPLITMIX_STEP);
}

#endif
