/* SPDX-License-Identifier: Apache-2.0 */
/* Which tiers there are. */
#include "tiers.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

bool tiers_has(enum cpu_tier tier) {
  if (tier == CPU_SCALAR || tier == cpu_detected()) return true;
  return cpu_detected() != CPU_NEON && tier < cpu_detected();
}

void tiers_each(bool (*check)(enum cpu_tier tier)) {
  for (enum cpu_tier tier = CPU_SCALAR; tier <= CPU_AVX512; tier++) {
    if (tiers_has(tier)) assert_true(check(tier));
    else print_message("SKIPPED: this machine has no %s\n", tier_name(tier));
  }
  if (tiers_has(CPU_NEON)) assert_true(check(CPU_NEON));
}
