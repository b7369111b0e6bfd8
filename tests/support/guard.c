/* SPDX-License-Identifier: Apache-2.0 */
/* Guarded buffers by mmap and mprotect. */
#include "guard.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

struct guard guard_alloc(size_t size) {
  const size_t page = (size_t)sysconf(_SC_PAGESIZE);
  const size_t usable = (size + page - 1) / page * page;
  struct guard guard = {.mapped = usable + page};
  guard.mapping = mmap(NULL, guard.mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (guard.mapping == MAP_FAILED) abort();
  if (mprotect((uint8_t *)guard.mapping + usable, page, PROT_NONE) != 0) abort();
  guard.bytes = (uint8_t *)guard.mapping + usable - size;
  return guard;
}

void guard_free(struct guard *guard) {
  munmap(guard->mapping, guard->mapped);
}
