/* SPDX-License-Identifier: Apache-2.0 */
/* Memory that grows: arrays of anything, and bytes. */
#ifndef HASHSCAN_BASE_BUFFER_H
#define HASHSCAN_BASE_BUFFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* `array`, of elements of `element` bytes, with room for `count` (at least 1) of them; it may have moved, and grows by
 * half so that adding one by one is linear. NULL when out of memory; `array` is then as it was. */
void *array_reserve(void *array, size_t *capacity, size_t count, size_t element);

/* Bytes that grow. Zero-initialise; buffer_free releases the memory. */
struct buffer {
  uint8_t *bytes;
  size_t size;
  size_t capacity;
  bool hidden; /* buffer_hide was called */
};

/* Makes room for `capacity` bytes in all, and for no more than that. False when out of memory. */
bool buffer_reserve(struct buffer *buffer, size_t capacity);

/* Adds bytes at the end; room grows by half, so that adding one by one is linear. False when out of memory; the buffer
 * is then as it was. */
bool buffer_append(struct buffer *buffer, const void *bytes, size_t size);

/* Keeps the whole pages of the buffer out of core dumps, where the system can do that, until it is freed. The buffer
 * must not grow any more. */
void buffer_hide(struct buffer *buffer);
void buffer_free(struct buffer *buffer);

#endif
