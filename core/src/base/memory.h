/* SPDX-License-Identifier: Apache-2.0 */
/* Allocation through the process's hashscan_allocator, or where there is none through the C library. What one of these
 * functions allocated is released by its counterpart here and by nothing else. */
#ifndef HASHSCAN_BASE_MEMORY_H
#define HASHSCAN_BASE_MEMORY_H

#include <stdbool.h>
#include <stddef.h>

#include "hashscan.h"

/* From now on `allocator`, which is copied. False, and nothing changes, when memory was allocated or an allocator set
 * before. */
bool memory_use(const hashscan_allocator *allocator);

/* As malloc, calloc and free. NULL when out of memory. */
void *memory_allocate(size_t bytes);
void *memory_allocate_zeroed(size_t count, size_t bytes);
void memory_release(void *memory);

/* Aligned to a cache line of 64 bytes. */
void *memory_allocate_lines(size_t bytes);
void memory_release_lines(void *memory);

#endif
