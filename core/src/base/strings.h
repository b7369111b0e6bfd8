/* SPDX-License-Identifier: Apache-2.0 */
/* The string pool of an index being built, and numbered values in it that are stored once. */
#ifndef HASHSCAN_BASE_STRINGS_H
#define HASHSCAN_BASE_STRINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Terminated strings one after the other; offset 0 is the empty one. Zero-initialise. */
struct string_pool {
  char *bytes;
  size_t size;
  size_t capacity;
};

/* Makes sure that `size` more bytes fit; puts the empty string into a new pool. */
bool string_pool_reserve(struct string_pool *pool, size_t size);

/* Appends `size` bytes, which end with a terminator and for which there is room; returns their offset. */
uint64_t string_pool_append(struct string_pool *pool, const char *bytes, size_t size);

/* A run of strings in the pool with its number. */
struct interned {
  uint64_t offset;
  size_t size;
  size_t count; /* free for the user */
};

#define INTERN_SECRET_BYTES 192 /* XXH3's default size */

/* Distinct runs, numbered in the order they came, which is all that their numbers depend on. Zero-initialise. An
 * open-addressing table of number + 1. Lists come from outside, so the hash is one under a secret that is drawn for
 * each table: nobody can choose strings that meet in one slot. */
struct intern_table {
  struct interned *values;
  size_t value_count;
  size_t value_capacity;
  uint32_t *slots;
  size_t slot_count;
  size_t limit;                        /* of values; 0: none */
  bool full;                           /* whether the limit was in the way of the last intern */
  uint8_t secret[INTERN_SECRET_BYTES]; /* drawn with the first slots */
};

/* The number of the run of strings `bytes`, which is added when it is new. False when full, or when out of memory or
 * random numbers. */
bool intern(struct intern_table *table, struct string_pool *pool, const char *bytes, size_t size, uint32_t *number);

/* The same for a run of two strings. */
bool intern_pair(struct intern_table *table, struct string_pool *pool, const char *first, const char *second,
                 uint32_t *number);

/* The number of a run that is there; false when it is not. */
bool intern_find(const struct intern_table *table, const struct string_pool *pool, const char *bytes, size_t size,
                 uint32_t *number);

void intern_free(struct intern_table *table);

#endif
