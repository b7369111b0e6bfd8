/* SPDX-License-Identifier: Apache-2.0 */
/* Smooth pixels with some noise, filtered, compressed by libdeflate and cut into chunks. */
#include "png_compose.h"

#include <stdlib.h>
#include <string.h>

#include <libdeflate.h>

#include "base/bytes.h"
#include "random.h"
#include "unfilter_checks.h"

static void append(struct encoded *png, const void *bytes, size_t size) {
  if (size == 0) return;
  png->bytes = realloc(png->bytes, png->size + size);
  if (png->bytes == NULL) abort();
  memcpy(png->bytes + png->size, bytes, size);
  png->size += size;
}

static void append_u32(struct encoded *png, uint32_t value) {
  uint8_t bytes[4];
  store_be32(bytes, value);
  append(png, bytes, sizeof bytes);
}

void png_append(struct encoded *png, const char *type, const uint8_t *data, size_t size) {
  append_u32(png, (uint32_t)size);
  append(png, type, 4);
  append(png, data, size);
  append_u32(png, libdeflate_crc32(0, png->bytes + png->size - size - 4, size + 4));
}

static size_t samples_of(int color_type) {
  static const size_t samples[] = {1, 0, 3, 1, 2, 0, 4};
  return samples[color_type];
}

static void append_header(struct encoded *png, const struct png_composition *c) {
  uint8_t header[13] = {[8] = (uint8_t)c->depth, [9] = (uint8_t)c->color_type};
  store_be32(header, c->width);
  store_be32(header + 4, c->height);
  append(png, "\x89PNG\r\n\x1a\n", 8);
  png_append(png, "IHDR", header, sizeof header);
}

static void append_palette(struct encoded *png, size_t entries) {
  uint8_t palette[3 * 256];
  for (size_t i = 0; i < 3 * entries; i++) palette[i] = (uint8_t)(i * 37 + 11);
  png_append(png, "PLTE", palette, 3 * entries);
}

/* Rows with their filter types, `*size` bytes. */
static uint8_t *filtered_rows(const struct png_composition *c, size_t *size) {
  const size_t pixel_bytes = samples_of(c->color_type);
  const size_t row_bytes = (c->width * pixel_bytes * (size_t)c->depth + 7) / 8;
  uint8_t *rows = calloc(c->height + 1u, row_bytes);
  uint8_t *out = calloc(1, (row_bytes + 1) * c->height + c->extra);
  if (rows == NULL || out == NULL) abort();
  struct random_state state = random_seeded(c->width * 131 + c->height);
  for (size_t y = 0; y < c->height; y++) {
    uint8_t *row = rows + (y + 1) * row_bytes;
    uint8_t *filtered = out + y * (row_bytes + 1);
    for (size_t i = 0; i < row_bytes; i++) row[i] = (uint8_t)(i * 3 / pixel_bytes + y * 2 + random_next(&state) % 7);
    filtered[0] = (uint8_t)(c->filter == 5 ? random_next(&state) % 5 : c->filter);
    unfilter_forward(filtered[0], filtered + 1, row, row - row_bytes, row_bytes, pixel_bytes);
  }
  free(rows);
  *size = (row_bytes + 1) * c->height + c->extra - c->missing;
  return out;
}

static void append_idats(struct encoded *png, const struct png_composition *c, const uint8_t *data, size_t size) {
  const size_t most = c->idat_bytes == 0 ? size : c->idat_bytes;
  if (c->empty_idats) png_append(png, "IDAT", NULL, 0);
  for (size_t i = 0; i < size; i += most) {
    png_append(png, "IDAT", data + i, size - i < most ? size - i : most);
    if (c->empty_idats) png_append(png, "IDAT", NULL, 0);
  }
}

struct encoded png_compose(const struct png_composition *composition) {
  struct encoded png = {0};
  append_header(&png, composition);
  if (composition->palette_size > 0) append_palette(&png, composition->palette_size);
  size_t size;
  uint8_t *rows = filtered_rows(composition, &size);
  struct libdeflate_compressor *compressor = libdeflate_alloc_compressor(composition->level);
  const size_t bound = libdeflate_zlib_compress_bound(compressor, size);
  uint8_t *data = malloc(bound);
  if (data == NULL) abort();
  append_idats(&png, composition, data, libdeflate_zlib_compress(compressor, rows, size, data, bound));
  png_append(&png, "IEND", NULL, 0);
  libdeflate_free_compressor(compressor);
  free(rows);
  free(data);
  return png;
}

const struct png_kind png_kinds[PNG_KINDS] = {{0, 8, 0},  {4, 8, 0}, {2, 8, 0}, {6, 8, 0}, {3, 8, 256},
                                              {3, 4, 16}, {3, 2, 4}, {3, 1, 2}, {3, 8, 9}};

struct png_composition png_composition_of(const struct png_kind *kind, uint32_t width, uint32_t height,
                                          unsigned filter) {
  return (struct png_composition){.width = width,
                                  .height = height,
                                  .color_type = kind->color_type,
                                  .depth = kind->depth,
                                  .palette_size = kind->palette_size,
                                  .filter = filter,
                                  .level = 6};
}

struct encoded png_compose_small(const struct png_kind *kind) {
  const struct png_composition small = png_composition_of(kind, 11, 7, 5);
  return png_compose(&small);
}
