/* SPDX-License-Identifier: Apache-2.0 */
/* The SIMD tier of this process, detected once and capped by HASHSCAN_CPU. Kernel families choose by cpu_tier();
 * `create` and `open` functions call cpu_check() first, so that an unknown HASHSCAN_CPU is an error and not a silently
 * slower run. */
#ifndef HASHSCAN_BASE_CPU_H
#define HASHSCAN_BASE_CPU_H

#include "hashscan.h"

/* Ordered: a higher tier includes the lower ones of its architecture. */
enum cpu_tier {
  CPU_SCALAR = 0,
  CPU_AVX2 = 1,   /* AVX2, FMA, BMI2, POPCNT: x86-64-v3 */
  CPU_AVX512 = 2, /* F, BW, DQ, VL, VPOPCNTDQ and BITALG: Ice Lake and Zen 4 on */
  CPU_NEON = 3
};

/* The tier to use. Any thread. */
enum cpu_tier cpu_tier(void);

/* HASHSCAN_E_CPU when HASHSCAN_CPU names no tier of this architecture. */
hashscan_code cpu_check(hashscan_error *error);

/* What the machine has, HASHSCAN_CPU left aside; for tests that run every tier. */
enum cpu_tier cpu_detected(void);

#endif
