/* SPDX-License-Identifier: Apache-2.0 */
/* AVX-512 plane counting: a whole plane at a time, a full adder in two VPTERNLOGQ. Included by sliced.c alone. */
#define VECTOR __m512i
#define TARGET __attribute__((target("avx512f")))
#define NAME(function) function##_avx512
#define LOAD(address) _mm512_load_si512((const void *)(address))
#define STORE(address, value) _mm512_store_si512((void *)(address), value)
#define SPREAD(bit) _mm512_set1_epi64(-(long long)(bit))
#define XOR(a, b) _mm512_xor_si512(a, b)
#define AND(a, b) _mm512_and_si512(a, b)
#define NOT(a) _mm512_xor_si512(a, _mm512_set1_epi64(-1))
#define XOR3(a, b, c) _mm512_ternarylogic_epi64(a, b, c, 0x96)
#define MAJORITY(a, b, c) _mm512_ternarylogic_epi64(a, b, c, 0xe8)
#include "hamming/sliced_template.h"
