/* SPDX-License-Identifier: Apache-2.0 */
/* The walk over the chunks (PNG specification, clauses 5 and 11). It is stricter than libpng where that costs nothing:
 * a file that does not get through is libpng's, which decides what it is worth. */
#include "image/png_chunks.h"

#include <string.h>

#include <libdeflate.h>

#include "base/bytes.h"

enum { IHDR_BYTES = 13, PALETTE_ENTRY_BYTES = 3, SIGNATURE_BYTES = 8, FRAME_BYTES = 12 /* length, type, checksum */ };

static const uint32_t ihdr = FOURCC('I', 'H', 'D', 'R');
static const uint32_t plte = FOURCC('P', 'L', 'T', 'E');
static const uint32_t idat = FOURCC('I', 'D', 'A', 'T');
static const uint32_t iend = FOURCC('I', 'E', 'N', 'D');

struct chunk {
  uint32_t type;
  uint32_t length;
  const uint8_t *data;
  size_t offset;
};

static bool is_letter(uint8_t byte) {
  return (byte >= 'A' && byte <= 'Z') || (byte >= 'a' && byte <= 'z');
}

/* The chunk at `offset`, whole and with the right checksum. */
static bool chunk_read(const uint8_t *bytes, size_t size, size_t offset, uint64_t max_bytes, struct chunk *chunk) {
  if (size - offset < FRAME_BYTES) return false;
  const uint8_t *at = bytes + offset;
  *chunk = (struct chunk){.length = load_be32(at), .type = load_be32(at + 4), .data = at + 8, .offset = offset};
  if (chunk->length > size - offset - FRAME_BYTES || chunk->length > max_bytes || chunk->length > INT32_MAX)
    return false;
  for (size_t i = 4; i < 8; i++)
    if (!is_letter(at[i])) return false;
  return libdeflate_crc32(0, at + 4, (size_t)chunk->length + 4) == load_be32(chunk->data + chunk->length);
}

static size_t chunk_end(const struct chunk *chunk) {
  return chunk->offset + chunk->length + FRAME_BYTES;
}

/* Bit 5 of the type's first letter is clear. */
static bool is_critical(const struct chunk *chunk) {
  return (chunk->type >> 29 & 1) == 0;
}

static bool read_header(const struct chunk *chunk, struct png_chunks *chunks) {
  if (chunk->type != ihdr || chunk->length != IHDR_BYTES) return false;
  chunks->width = load_be32(chunk->data);
  chunks->height = load_be32(chunk->data + 4);
  chunks->depth = chunk->data[8];
  chunks->color_type = chunk->data[9];
  const bool plain = chunk->data[10] == 0 && chunk->data[11] == 0 && chunk->data[12] == 0;
  return plain && chunks->width > 0 && chunks->height > 0 && chunks->width <= INT32_MAX && chunks->height <= INT32_MAX;
}

/* Entries that the file does not give are black, and those beyond what the depth can name are left out, as libpng
 * has it. A palette beside RGB pixels is a suggestion; beside grey ones it is an error. */
static bool read_palette(const struct chunk *chunk, struct png_chunks *chunks) {
  if (chunks->has_palette || chunks->idat_count > 0 || (chunks->color_type & 2) == 0) return false;
  if (chunk->length == 0 || chunk->length > sizeof chunks->palette || chunk->length % PALETTE_ENTRY_BYTES != 0)
    return false;
  const size_t most = chunks->depth < 8 ? ((size_t)PALETTE_ENTRY_BYTES << chunks->depth) : sizeof chunks->palette;
  memcpy(chunks->palette, chunk->data, chunk->length < most ? chunk->length : most);
  chunks->has_palette = true;
  return true;
}

/* `previous` is the type of the chunk before: IDAT chunks must follow one another directly. */
static bool read_idat(const struct chunk *chunk, uint32_t previous, struct png_chunks *chunks) {
  if (chunks->idat_count > 0 && previous != idat) return false;
  if (chunks->idat_count++ == 0) chunks->idat_offset = chunk->offset;
  chunks->idat_bytes += chunk->length;
  return true;
}

bool png_chunks_read(const uint8_t *bytes, size_t size, uint64_t max_chunk_bytes, struct png_chunks *chunks) {
  static const uint8_t signature[SIGNATURE_BYTES] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
  struct chunk chunk;
  *chunks = (struct png_chunks){0};
  if (size < SIGNATURE_BYTES || memcmp(bytes, signature, SIGNATURE_BYTES) != 0) return false;
  if (!chunk_read(bytes, size, SIGNATURE_BYTES, max_chunk_bytes, &chunk) || !read_header(&chunk, chunks)) return false;
  for (;;) {
    const uint32_t previous = chunk.type;
    if (!chunk_read(bytes, size, chunk_end(&chunk), max_chunk_bytes, &chunk)) return false;
    if (chunk.type == iend) return chunk.length == 0 && chunks->idat_count > 0;
    if (chunk.type == idat && !read_idat(&chunk, previous, chunks)) return false;
    if (chunk.type == plte && !read_palette(&chunk, chunks)) return false;
    if (is_critical(&chunk) && chunk.type != idat && chunk.type != plte) return false;
  }
}

const uint8_t *png_chunks_join(const struct png_chunks *chunks, const uint8_t *bytes, uint8_t *joined) {
  const uint8_t *chunk = bytes + chunks->idat_offset;
  if (chunks->idat_count == 1) return chunk + 8;
  uint8_t *out = joined;
  for (size_t i = 0; i < chunks->idat_count; i++) {
    const size_t length = load_be32(chunk);
    memcpy(out, chunk + 8, length);
    out += length;
    chunk += length + FRAME_BYTES;
  }
  return joined;
}
