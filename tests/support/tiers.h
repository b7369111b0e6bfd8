/* SPDX-License-Identifier: Apache-2.0 */
/* The SIMD tiers of this machine, one after the other. */
#ifndef HASHSCAN_TESTS_TIERS_H
#define HASHSCAN_TESTS_TIERS_H

#include <stdbool.h>

#include "base/cpu.h"

/* As HASHSCAN_CPU spells them. */
static inline const char *tier_name(enum cpu_tier tier) {
  static const char *const names[] = {"scalar", "avx2", "avx512", "neon"};
  return names[tier];
}

/* Whether this machine has it, whatever HASHSCAN_CPU says. */
bool tiers_has(enum cpu_tier tier);

/* Asserts that the check holds for scalar and every other tier that this machine has, whatever HASHSCAN_CPU says. A
 * tier of the architecture that it lacks is reported as skipped. */
void tiers_each(bool (*check)(enum cpu_tier tier));

#endif
