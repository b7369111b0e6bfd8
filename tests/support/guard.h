/* SPDX-License-Identifier: Apache-2.0 */
/* Buffers that end where an unmapped page begins: reading or writing one byte past them faults. A buffer whose size is
 * a multiple of 64 is 64-byte aligned. */
#ifndef HASHSCAN_TESTS_GUARD_H
#define HASHSCAN_TESTS_GUARD_H

#include <stddef.h>
#include <stdint.h>

struct guard {
  uint8_t *bytes;
  void *mapping;
  size_t mapped;
};

/* Zeroed memory of `size` bytes, which may be 0; aborts when the system has none. */
struct guard guard_alloc(size_t size);
void guard_free(struct guard *guard);

#endif
