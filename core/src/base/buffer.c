/* SPDX-License-Identifier: Apache-2.0 */
/* Memory that grows. */
#include "base/buffer.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/checked.h"

void *array_reserve(void *array, size_t *capacity, size_t count, size_t element) {
  if (count <= *capacity) return array;
  size_t grown = *capacity < 64 ? 64 : *capacity + *capacity / 2;
  if (grown < count) grown = count;
  size_t bytes;
  if (!checked_mul(grown, element, &bytes)) return NULL;
  void *moved = realloc(array, bytes);
  if (moved != NULL) *capacity = grown;
  return moved;
}

bool buffer_reserve(struct buffer *buffer, size_t capacity) {
  if (capacity <= buffer->capacity) return true;
  uint8_t *bytes = realloc(buffer->bytes, capacity);
  if (bytes == NULL) return false;
  buffer->bytes = bytes;
  buffer->capacity = capacity;
  return true;
}

bool buffer_append(struct buffer *buffer, const void *bytes, size_t size) {
  size_t needed;
  if (size == 0) return true;
  if (!checked_add(buffer->size, size, &needed)) return false;
  uint8_t *grown = array_reserve(buffer->bytes, &buffer->capacity, needed, 1);
  if (grown == NULL) return false;
  buffer->bytes = grown;
  memcpy(buffer->bytes + buffer->size, bytes, size);
  buffer->size = needed;
  return true;
}

/* Advises the whole pages inside the buffer: the pages at its ends hold memory of others too. */
static void advise_pages(const struct buffer *buffer, int advice) {
  const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
  const uintptr_t start = ((uintptr_t)buffer->bytes + page - 1) & ~(page - 1);
  const uintptr_t end = ((uintptr_t)buffer->bytes + buffer->capacity) & ~(page - 1);
  if (buffer->bytes != NULL && start < end) madvise((void *)start, end - start, advice);
}

void buffer_hide(struct buffer *buffer) {
  advise_pages(buffer, MADV_DONTDUMP);
  buffer->hidden = true;
}

void buffer_free(struct buffer *buffer) {
  if (buffer->hidden) advise_pages(buffer, MADV_DODUMP); /* the pages may serve somebody else next */
  free(buffer->bytes);
  *buffer = (struct buffer){0};
}
