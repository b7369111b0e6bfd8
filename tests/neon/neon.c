/* SPDX-License-Identifier: Apache-2.0 */
/* The checks of tests/support/hamming_checks.c as a program of its own, for AArch64 under an emulator: scalar and NEON.
 * tests/neon/run builds and starts it. */
#include <stdio.h>

#include "../support/hamming_checks.h"

static int failed;
static int passed;

static void report(const char *name, enum cpu_tier tier, bool good) {
  printf("%s %s %s\n", good ? "ok    " : "FAILED", hamming_tier_name(tier), name);
  fflush(stdout);
  if (good) passed++;
  else failed++;
}

int main(void) {
  if (cpu_detected() != CPU_NEON) {
    printf("FAILED: built for a machine without NEON\n");
    return 1;
  }
  report("distance", CPU_SCALAR, hamming_check_distance());
  static const enum cpu_tier tiers[] = {CPU_SCALAR, CPU_NEON};
  for (int i = 0; i < 2; i++) {
    report("bucket", tiers[i], hamming_check_bucket(tiers[i]));
    report("block", tiers[i], hamming_check_block(tiers[i]));
    report("sliced", tiers[i], hamming_check_sliced(tiers[i]));
    report("bounds", tiers[i], hamming_check_bounds(tiers[i]));
    report("stop", tiers[i], hamming_check_stop(tiers[i]));
  }
  report("scan", cpu_tier(), hamming_check_scan());
  printf("neon: %d passed, %d failed\n", passed, failed);
  return failed != 0;
}
