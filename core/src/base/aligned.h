/* SPDX-License-Identifier: Apache-2.0 */
/* What kernels assert of addresses. */
#ifndef HASHSCAN_BASE_ALIGNED_H
#define HASHSCAN_BASE_ALIGNED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Whether the address is a multiple of `alignment`, a power of two. */
static inline bool is_aligned(const void *address, size_t alignment) {
  return ((uintptr_t)address & (alignment - 1)) == 0;
}

#endif
