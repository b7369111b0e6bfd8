/* SPDX-License-Identifier: Apache-2.0 */
/* NEON plane counting: a quarter of a plane at a time, the carry by bit select. Included by sliced.c alone. */
#include <arm_neon.h>

#define VECTOR uint64x2_t
#define TARGET
#define NAME(function) function##_neon
#define LOAD(address) vreinterpretq_u64_u8(vld1q_u8(address))
#define STORE(address, value) vst1q_u8(address, vreinterpretq_u8_u64(value))
#define SPREAD(bit) vdupq_n_u64(0 - (uint64_t)(bit))
#define XOR(a, b) veorq_u64(a, b)
#define AND(a, b) vandq_u64(a, b)
#define NOT(a) veorq_u64(a, vdupq_n_u64(UINT64_MAX))
#define XOR3(a, b, c) veorq_u64(veorq_u64(b, c), a)
#define MAJORITY(a, b, c) vbslq_u64(veorq_u64(b, c), a, b)
#include "hamming/sliced_template.h"
