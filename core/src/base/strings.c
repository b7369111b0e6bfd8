/* SPDX-License-Identifier: Apache-2.0 */
/* A growing string pool, and a hash table over runs of it. */
#include "base/strings.h"

#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "base/buffer.h"
#include "base/checked.h"
#include "base/random.h"

bool string_pool_reserve(struct string_pool *pool, size_t size) {
  size_t wanted;
  if (!checked_add(pool->size, size, &wanted) || !checked_add(wanted, 1, &wanted)) return false;
  char *bytes = array_reserve(pool->bytes, &pool->capacity, wanted, 1);
  if (bytes == NULL) return false;
  pool->bytes = bytes;
  if (pool->size == 0) pool->bytes[pool->size++] = '\0';
  return true;
}

uint64_t string_pool_append(struct string_pool *pool, const char *bytes, size_t size) {
  const size_t offset = pool->size;
  memcpy(pool->bytes + offset, bytes, size);
  pool->size += size;
  return offset;
}

static uint32_t *find_slot(const struct intern_table *table, const struct string_pool *pool, const char *bytes,
                           size_t size) {
  const size_t mask = table->slot_count - 1;
  const size_t first = (size_t)XXH3_64bits_withSecret(bytes, size, table->secret, sizeof table->secret);
  for (size_t i = first & mask;; i = (i + 1) & mask) {
    uint32_t *const slot = &table->slots[i];
    if (*slot == 0) return slot;
    const struct interned *value = &table->values[*slot - 1];
    if (value->size == size && memcmp(pool->bytes + value->offset, bytes, size) == 0) return slot;
  }
}

/* Keeps the table at most half full, so that probing stays short. */
static bool grow_slots(struct intern_table *table, const struct string_pool *pool) {
  if (table->slot_count > 2 * table->value_count) return true;
  struct intern_table grown = *table;
  size_t bytes;
  if (table->slot_count == 0 && !random_draw(grown.secret, sizeof grown.secret)) return false;
  grown.slot_count = table->slot_count == 0 ? 64 : 2 * table->slot_count;
  if (!checked_mul(grown.slot_count, sizeof *grown.slots, &bytes)) return false;
  grown.slots = calloc(1, bytes);
  if (grown.slots == NULL) return false;
  for (size_t i = 0; i < table->value_count; i++)
    *find_slot(&grown, pool, pool->bytes + table->values[i].offset, table->values[i].size) = (uint32_t)i + 1;
  free(table->slots);
  *table = grown;
  return true;
}

static bool reserve_value(struct intern_table *table) {
  const size_t count = table->value_count + 1;
  if (count >= UINT32_MAX) return false;
  struct interned *values = array_reserve(table->values, &table->value_capacity, count, sizeof *values);
  if (values == NULL) return false;
  table->values = values;
  return true;
}

bool intern(struct intern_table *table, struct string_pool *pool, const char *bytes, size_t size, uint32_t *number) {
  if (!string_pool_reserve(pool, size) || !reserve_value(table) || !grow_slots(table, pool)) return false;
  uint32_t *const slot = find_slot(table, pool, bytes, size);
  if (*slot == 0) {
    table->full = table->limit > 0 && table->value_count == table->limit;
    if (table->full) return false;
    table->values[table->value_count++] = (struct interned){string_pool_append(pool, bytes, size), size, 0};
    *slot = (uint32_t)table->value_count;
  }
  *number = *slot - 1;
  return true;
}

bool intern_pair(struct intern_table *table, struct string_pool *pool, const char *first, const char *second,
                 uint32_t *number) {
  const size_t first_size = strlen(first) + 1;
  size_t size;
  if (!checked_add(first_size, strlen(second) + 1, &size)) return false;
  char *const both = malloc(size);
  if (both == NULL) return false;
  memcpy(both, first, first_size);
  memcpy(both + first_size, second, size - first_size);
  const bool interned = intern(table, pool, both, size, number);
  free(both);
  return interned;
}

bool intern_find(const struct intern_table *table, const struct string_pool *pool, const char *bytes, size_t size,
                 uint32_t *number) {
  if (table->slot_count == 0) return false;
  const uint32_t slot = *find_slot(table, pool, bytes, size);
  if (slot == 0) return false;
  *number = slot - 1;
  return true;
}

void intern_free(struct intern_table *table) {
  free(table->values);
  free(table->slots);
  *table = (struct intern_table){0};
}
