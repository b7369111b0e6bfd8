/* SPDX-License-Identifier: Apache-2.0 */
/* AVX2 plane counting: half a plane at a time. Included by sliced.c alone. */
#include <immintrin.h>

#define VECTOR __m256i
#define TARGET __attribute__((target("avx2")))
#define NAME(function) function##_avx2
#define LOAD(address) _mm256_load_si256((const __m256i *)(address))
#define STORE(address, value) _mm256_store_si256((__m256i *)(address), value)
#define SPREAD(bit) _mm256_set1_epi64x(-(long long)(bit))
#define XOR(a, b) _mm256_xor_si256(a, b)
#define AND(a, b) _mm256_and_si256(a, b)
#define NOT(a) _mm256_xor_si256(a, _mm256_set1_epi64x(-1))
#define XOR3(a, b, c) _mm256_xor_si256(_mm256_xor_si256(b, c), a)
#define MAJORITY(a, b, c) _mm256_or_si256(_mm256_and_si256(b, c), _mm256_and_si256(_mm256_xor_si256(b, c), a))
#include "hamming/sliced_template.h"
