/* SPDX-License-Identifier: Apache-2.0 */
/* CPU feature detection and the HASHSCAN_CPU cap. */
#include "base/cpu.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/byte_order.h"
#include "base/error.h"

#if defined(__x86_64__)
#define TIER_NAMES "scalar, avx2, avx512"
#elif defined(__aarch64__)
#define TIER_NAMES "scalar, neon"
#else
#define TIER_NAMES "scalar"
#endif

static const char *const tier_names[] = {"scalar", "avx2", "avx512", "neon"};

static bool tier_exists(enum cpu_tier tier) {
#if defined(__x86_64__)
  return tier != CPU_NEON;
#elif defined(__aarch64__)
  return tier == CPU_SCALAR || tier == CPU_NEON;
#else
  return tier == CPU_SCALAR;
#endif
}

enum cpu_tier cpu_detected(void) {
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma") || !__builtin_cpu_supports("bmi2") ||
      !__builtin_cpu_supports("popcnt"))
    return CPU_SCALAR;
  if (!__builtin_cpu_supports("avx512f") || !__builtin_cpu_supports("avx512bw") ||
      !__builtin_cpu_supports("avx512dq") || !__builtin_cpu_supports("avx512vl") ||
      !__builtin_cpu_supports("avx512vpopcntdq") || !__builtin_cpu_supports("avx512bitalg"))
    return CPU_AVX2;
  return CPU_AVX512;
#elif defined(__aarch64__)
  return CPU_NEON;
#else
  return CPU_SCALAR;
#endif
}

/* -1: HASHSCAN_CPU is unknown; otherwise the tier it names, or the best there is. */
static int tier_from_environment(void) {
  const enum cpu_tier detected = cpu_detected();
  const char *wanted = getenv("HASHSCAN_CPU");
  if (wanted == NULL || *wanted == '\0') return (int)detected;
  for (int tier = CPU_SCALAR; tier <= CPU_NEON; tier++)
    if (strcmp(wanted, tier_names[tier]) == 0 && tier_exists((enum cpu_tier)tier))
      return tier < (int)detected ? tier : (int)detected;
  return -1;
}

/* The tier plus 2 once it is known, so that zero means that it is not. */
static _Atomic int detected_once;

static int tier_or_unknown(void) {
  int state = atomic_load_explicit(&detected_once, memory_order_relaxed);
  if (state == 0) {
    state = tier_from_environment() + 2;
    atomic_store_explicit(&detected_once, state, memory_order_relaxed);
  }
  return state - 2;
}

enum cpu_tier cpu_tier(void) {
  const int tier = tier_or_unknown();
  return tier < 0 ? CPU_SCALAR : (enum cpu_tier)tier;
}

hashscan_code cpu_check(hashscan_error *error) {
  if (tier_or_unknown() >= 0) return HASHSCAN_SUCCESS;
  return error_set(error, HASHSCAN_E_CPU, "HASHSCAN_CPU is set to something else than one of: " TIER_NAMES);
}

const char *hashscan_cpu(void) {
  return tier_names[cpu_tier()];
}
