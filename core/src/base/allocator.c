/* SPDX-License-Identifier: Apache-2.0 */
/* Setting the allocator of the process, which memory.c then uses. */
#include "base/error.h"
#include "base/memory.h"
#include "base/options.h"

hashscan_code hashscan_set_allocator(const hashscan_allocator *allocator, hashscan_error *error) {
  if (allocator == NULL) return error_set(error, HASHSCAN_E_ARGUMENT, "allocator is NULL");
  hashscan_allocator known = HASHSCAN_ALLOCATOR_INIT;
  const hashscan_code code = options_copy(&known, sizeof known, allocator, "hashscan_allocator", error);
  if (code != HASHSCAN_SUCCESS) return code;
  if (known.allocate == NULL || known.resize == NULL || known.release == NULL)
    return error_set(error, HASHSCAN_E_ARGUMENT, "an allocator without allocate, resize or release");
  if (memory_use(&known)) return HASHSCAN_SUCCESS;
  return error_set(error, HASHSCAN_E_ARGUMENT, "memory was allocated, or an allocator set, before");
}
