/* SPDX-License-Identifier: Apache-2.0 */
/* The inner loop of the ring index: which 16-bit words of a bucket are close to a query's word. bucket.c holds the
 * scalar reference; x86/ and arm/ override it. */
#ifndef HASHSCAN_HAMMING_BUCKET_H
#define HASHSCAN_HAMMING_BUCKET_H

#include <stddef.h>
#include <stdint.h>

#include "base/cpu.h"

/* Kernels may read this many bytes beyond words[end - 1]; what they hold does not matter. */
#define BUCKET_OVERREAD 64

/* Writes the position (begin to end - 1) of each word that differs from `query` in at most `limit` of the bits set in
 * `known`, ascending, to `found`, which has room for end - begin. Returns how many. */
typedef size_t (*bucket_kernel)(const uint16_t *words, uint32_t begin, uint32_t end, uint16_t query, uint16_t known,
                                unsigned limit, uint32_t *found);

/* The kernel of `tier`; a tier without one of its own gets that of the next lower one. The machine must have it. */
bucket_kernel bucket_kernel_for(enum cpu_tier tier);

#endif
