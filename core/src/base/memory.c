/* SPDX-License-Identifier: Apache-2.0 */
/* One allocator for the process, set before anything was allocated: so there is never memory of two allocators, and no
 * handle has to know whose its memory is. */
#include "base/memory.h"

#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"

#define LINE 64

/* From UNUSED the state becomes USED by the first allocation, or CUSTOM by way of CHANGING; both are final. */
enum state { UNUSED, USED, CHANGING, CUSTOM };
static atomic_int state;
static hashscan_allocator allocator;

bool memory_use(const hashscan_allocator *given) {
  int expected = UNUSED;
  if (!atomic_compare_exchange_strong(&state, &expected, CHANGING)) return false;
  allocator = *given;
  atomic_store_explicit(&state, CUSTOM, memory_order_release);
  return true;
}

static bool is_custom(void) {
  int now = atomic_load_explicit(&state, memory_order_acquire);
  if (now == UNUSED) atomic_compare_exchange_strong(&state, &now, USED);
  return now == CUSTOM;
}

void *memory_allocate(size_t bytes) {
  return is_custom() ? allocator.allocate(allocator.user, bytes == 0 ? 1 : bytes) : malloc(bytes);
}

void *memory_allocate_zeroed(size_t count, size_t bytes) {
  if (!is_custom()) return calloc(count, bytes);
  size_t all;
  if (!checked_mul(count, bytes, &all)) return NULL;
  void *memory = memory_allocate(all);
  if (memory != NULL) memset(memory, 0, all);
  return memory;
}

void memory_release(void *memory) {
  if (memory == NULL) return;
  if (is_custom()) allocator.release(allocator.user, memory);
  else free(memory);
}

/* In front of the line lies the pointer that the allocator gave. */
static void *allocate_line_of_custom(size_t bytes) {
  size_t all;
  if (!checked_add(bytes, LINE + sizeof(void *), &all)) return NULL;
  uint8_t *whole = allocator.allocate(allocator.user, all);
  if (whole == NULL) return NULL;
  uint8_t *after = whole + sizeof(void *);
  uint8_t *line = after + (-(uintptr_t)after & (LINE - 1));
  memcpy(line - sizeof whole, &whole, sizeof whole);
  return line;
}

void *memory_allocate_lines(size_t bytes) {
  if (is_custom()) return allocate_line_of_custom(bytes);
  size_t rounded;
  if (!checked_add(bytes, LINE - 1, &rounded)) return NULL;
  return aligned_alloc(LINE, rounded / LINE * LINE);
}

void memory_release_lines(void *memory) {
  if (memory == NULL) return;
  if (!is_custom()) {
    free(memory);
    return;
  }
  void *whole;
  memcpy(&whole, (uint8_t *)memory - sizeof whole, sizeof whole);
  allocator.release(allocator.user, whole);
}
