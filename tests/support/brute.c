/* SPDX-License-Identifier: Apache-2.0 */
/* Distances for brute force. */
#include "brute.h"

#include <string.h>

#if defined(__x86_64__)
#define POPCNT __attribute__((target("popcnt")))
#else
#define POPCNT
#endif

POPCNT unsigned brute_distance(const uint8_t *a, const uint8_t *b, const uint8_t *unknown, size_t bytes) {
  int distance = 0;
  for (size_t i = 0; i < bytes; i += 8) {
    uint64_t x, y, masked = 0;
    memcpy(&x, a + i, 8);
    memcpy(&y, b + i, 8);
    if (unknown != NULL) memcpy(&masked, unknown + i, 8);
    distance += __builtin_popcountll((x ^ y) & ~masked);
  }
  return (unsigned)distance;
}
