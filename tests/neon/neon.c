/* SPDX-License-Identifier: Apache-2.0 */
/* The checks of tests/support/hamming_checks.c, fast_checks.c and unfilter_checks.c as a program of their own, for
 * AArch64 under an emulator: scalar and NEON. tests/neon/run builds and starts it. */
#include <stdio.h>

#include "../support/fast_checks.h"
#include "../support/hamming_checks.h"
#include "../support/tiers.h"
#include "../support/unfilter_checks.h"

static int failed;
static int passed;

static void report(const char *name, enum cpu_tier tier, bool good) {
  printf("%s %s %s\n", good ? "ok    " : "FAILED", tier_name(tier), name);
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
    report("bucket many", tiers[i], hamming_check_bucket_many(tiers[i]));
    report("block", tiers[i], hamming_check_block(tiers[i]));
    report("sliced", tiers[i], hamming_check_sliced(tiers[i]));
    report("bounds", tiers[i], hamming_check_bounds(tiers[i]));
    report("stop", tiers[i], hamming_check_stop(tiers[i]));
    report("unfilter rows", tiers[i], unfilter_check_rows(tiers[i]));
    report("unfilter paeth", tiers[i], unfilter_check_paeth(tiers[i]));
    report("drop alpha", tiers[i], unfilter_check_alpha(tiers[i]));
  }
  report("weigh", CPU_NEON, fast_check_weigh(CPU_NEON));
  report("gather", CPU_NEON, fast_check_gather(CPU_NEON));
  report("blocks", CPU_NEON, fast_check_blocks(CPU_NEON));
  report("spectrum", CPU_NEON, fast_check_spectrum(CPU_NEON));
  report("scan", cpu_tier(), hamming_check_scan());
  printf("neon: %d passed, %d failed\n", passed, failed);
  return failed != 0;
}
