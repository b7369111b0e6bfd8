/* SPDX-License-Identifier: Apache-2.0 */
/* Pictures of coefficients and the segments of their files (T.81 annex B). */
#include "craft.h"

#include <stdlib.h>
#include <string.h>

static void require(bool holds) {
  if (!holds) abort();
}

static uint32_t divide_up(uint32_t a, uint32_t b) {
  return (a + b - 1) / b;
}

static void allocate(struct craft *craft, struct craft_component *component) {
  component->wide = divide_up(craft->width * component->h, 8 * craft->max_h);
  component->high = divide_up(craft->height * component->v, 8 * craft->max_v);
  component->across = divide_up(craft->width, 8 * craft->max_h) * component->h;
  component->down = divide_up(craft->height, 8 * craft->max_v) * component->v;
  const size_t values = (size_t)component->across * component->down * CRAFT_BLOCK;
  component->blocks = calloc(values, sizeof *component->blocks);
  component->sent = calloc(values, sizeof *component->sent);
  require(component->blocks != NULL && component->sent != NULL);
}

void craft_open(struct craft *craft, uint32_t width, uint32_t height, unsigned count,
                const struct craft_sampling *sampling) {
  *craft = (struct craft){.width = width, .height = height, .count = count};
  for (unsigned i = 0; i < count; i++) {
    if (sampling[i].h > craft->max_h) craft->max_h = sampling[i].h;
    if (sampling[i].v > craft->max_v) craft->max_v = sampling[i].v;
  }
  for (unsigned i = 0; i < count; i++) {
    craft->components[i] = (struct craft_component){
        .id = (uint8_t)(i + 1), .h = sampling[i].h, .v = sampling[i].v, .table = i == 1 || i == 2 ? 1 : 0};
    allocate(craft, &craft->components[i]);
  }
  for (unsigned t = 0; t < CRAFT_TABLES; t++)
    for (unsigned k = 0; k < CRAFT_BLOCK; k++) craft->quant[t][k] = 1;
}

void craft_close(struct craft *craft) {
  for (unsigned i = 0; i < craft->count; i++) {
    free(craft->components[i].blocks);
    free(craft->components[i].sent);
  }
  free(craft->bytes);
  *craft = (struct craft){0};
}

void craft_put(struct craft *craft, const void *bytes, size_t size) {
  if (craft->capacity - craft->size < size) {
    craft->capacity = 2 * (craft->size + size) + 4096;
    craft->bytes = realloc(craft->bytes, craft->capacity);
    require(craft->bytes != NULL);
  }
  if (size > 0) memcpy(craft->bytes + craft->size, bytes, size);
  craft->size += size;
}

void craft_marker(struct craft *craft, uint8_t marker) {
  craft_put(craft, (uint8_t[]){0xff, marker}, 2);
}

void craft_segment(struct craft *craft, uint8_t marker, const void *payload, size_t size) {
  require(size <= 65533);
  craft_marker(craft, marker);
  craft_put(craft, (uint8_t[]){(uint8_t)((size + 2) >> 8), (uint8_t)(size + 2)}, 2);
  craft_put(craft, payload, size);
}

void craft_jfif(struct craft *craft) {
  craft_segment(craft, 0xe0, "JFIF\0\1\1\0\0\1\0\1\0\0", 14);
}

void craft_adobe(struct craft *craft, uint8_t transform) {
  const uint8_t payload[12] = {'A', 'd', 'o', 'b', 'e', 0, 100, 0, 0, 0, 0, transform};
  craft_segment(craft, 0xee, payload, sizeof payload);
}

void craft_tables(struct craft *craft, unsigned index) {
  const uint16_t *quant = craft->quant[index];
  bool wide = craft->wide_tables;
  for (unsigned k = 0; k < CRAFT_BLOCK; k++) wide |= quant[k] > 255;
  uint8_t payload[1 + 2 * CRAFT_BLOCK] = {(uint8_t)((wide ? 0x10 : 0) | index)};
  size_t size = 1;
  for (unsigned k = 0; k < CRAFT_BLOCK; k++) {
    if (wide) payload[size++] = (uint8_t)(quant[k] >> 8);
    payload[size++] = (uint8_t)quant[k];
  }
  craft_segment(craft, 0xdb, payload, size);
}

void craft_restart(struct craft *craft, unsigned mcus) {
  craft->restart = mcus;
  craft_segment(craft, 0xdd, (uint8_t[]){(uint8_t)(mcus >> 8), (uint8_t)mcus}, 2);
}

void craft_frame(struct craft *craft, uint8_t sof, unsigned height) {
  uint8_t payload[6 + 3 * CRAFT_COMPONENTS] = {8,
                                               (uint8_t)(height >> 8),
                                               (uint8_t)height,
                                               (uint8_t)(craft->width >> 8),
                                               (uint8_t)craft->width,
                                               (uint8_t)craft->count};
  for (unsigned i = 0; i < craft->count; i++) {
    const struct craft_component *component = &craft->components[i];
    payload[6 + 3 * i] = component->id;
    payload[7 + 3 * i] = (uint8_t)(component->h << 4 | component->v);
    payload[8 + 3 * i] = component->table;
  }
  craft->progressive = sof == CRAFT_SOF2;
  craft_segment(craft, sof, payload, 6 + 3 * (size_t)craft->count);
}

void craft_header(struct craft *craft, uint8_t sof) {
  bool written[CRAFT_TABLES] = {false};
  craft_marker(craft, CRAFT_SOI);
  craft_jfif(craft);
  for (unsigned i = 0; i < craft->count; i++) {
    const unsigned table = craft->components[i].table;
    if (!written[table]) craft_tables(craft, table);
    written[table] = true;
  }
  craft_frame(craft, sof, craft->height);
}

struct encoded craft_cut(struct craft *craft) {
  const struct encoded out = {craft->bytes, craft->size};
  craft->bytes = NULL;
  craft->size = craft->capacity = 0;
  return out;
}

struct encoded craft_end(struct craft *craft) {
  craft_marker(craft, CRAFT_EOI);
  return craft_cut(craft);
}
