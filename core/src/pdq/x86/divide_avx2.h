/* SPDX-License-Identifier: Apache-2.0 */
/* Division by a window's row count without the divider; a file of its own so that the tests can try every mantissa. */
#ifndef HASHSCAN_PDQ_X86_DIVIDE_AVX2_H
#define HASHSCAN_PDQ_X86_DIVIDE_AVX2_H

#include <immintrin.h>

#define PDQ_AVX2_FMA __attribute__((target("avx2,fma")))

/* sum / count, correctly rounded, without the divider: q is the quotient to about an ulp, the fused remainder is
 * exact, and one correction rounds as division does (P. Markstein, "Computation of elementary functions on the IBM
 * RISC System/6000 processor", 1990). tests/unit/test_pdq.c checks every mantissa for every count that a picture can
 * have. */
PDQ_AVX2_FMA static inline __m256 divide_avx2(__m256 sum, __m256 count, __m256 reciprocal) {
  const __m256 q = _mm256_mul_ps(sum, reciprocal);
  const __m256 remainder = _mm256_fnmadd_ps(q, count, sum);
  return _mm256_fmadd_ps(remainder, reciprocal, q);
}

#endif
