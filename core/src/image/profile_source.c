/* SPDX-License-Identifier: Apache-2.0 */
/* Where pictures keep their colour profile: pieces in the APP2 markers of a JPEG (ICC.1:2022, B.4), compressed in the
 * iCCP chunk of a PNG (PNG specification, 11.3.2.3). */
#include <string.h>

#include <libdeflate.h>

#include "base/memory.h"
#include "image/color_profile.h"

static const char too_large[] = "colour profile of more than 4 MiB, which is not applied";
static const char in_pieces[] = "colour profile in pieces that do not fit together, which is not applied";
static const char no_memory[] = "colour profile that there was no memory for";

/* ---- JPEG -------------------------------------------------------------------------------------------------------- */

enum {
  MARKER_TEM = 0x01,
  MARKER_RST0 = 0xd0,
  MARKER_SOI = 0xd8,
  MARKER_EOI = 0xd9,
  MARKER_SOS = 0xda,
  MARKER_APP2 = 0xe2
};
enum { PIECES = 256, PIECE_HEADER_BYTES = 14 /* "ICC_PROFILE", zero, number, count */ };

struct pieces {
  const uint8_t *data[PIECES]; /* by number, from 1 */
  size_t sizes[PIECES];
  unsigned found;
  unsigned count; /* as the first one says */
  bool odd;       /* numbers that do not fit */
};

static void add_piece(struct pieces *pieces, const uint8_t *segment, size_t size) {
  if (size < PIECE_HEADER_BYTES || memcmp(segment, "ICC_PROFILE", 12) != 0) return;
  const unsigned number = segment[12];
  const unsigned count = segment[13];
  if (pieces->found++ == 0) pieces->count = count;
  pieces->odd |= number == 0 || number > count || count != pieces->count || pieces->data[number] != NULL;
  pieces->data[number] = segment + PIECE_HEADER_BYTES;
  pieces->sizes[number] = size - PIECE_HEADER_BYTES;
}

static bool has_no_length(uint8_t marker) {
  return marker == 0 || marker == MARKER_TEM || (marker >= MARKER_RST0 && marker <= MARKER_SOI);
}

/* The segments up to the first scan. Like libjpeg, skips what is between two of them. */
static void find_pieces(const uint8_t *bytes, size_t size, struct pieces *pieces) {
  for (size_t at = 0; at + 4 <= size;) {
    const uint8_t marker = bytes[at + 1];
    if (bytes[at] != 0xff || marker == 0xff || has_no_length(marker)) {
      at++;
      continue;
    }
    if (marker == MARKER_SOS || marker == MARKER_EOI) return;
    const size_t length = (size_t)bytes[at + 2] << 8 | bytes[at + 3];
    if (length < 2 || length > size - at - 2) return;
    if (marker == MARKER_APP2) add_piece(pieces, bytes + at + 4, length - 2);
    at += 2 + length;
  }
}

static const char *join_pieces(const struct pieces *pieces) {
  size_t size = 0;
  for (unsigned i = 1; i <= pieces->count; i++) size += pieces->sizes[i];
  if (size > COLOR_PROFILE_MAX_BYTES) return too_large;
  uint8_t *profile = memory_allocate(size + 1);
  if (profile == NULL) return no_memory;
  size_t used = 0;
  for (unsigned i = 1; i <= pieces->count; i++) {
    memcpy(profile + used, pieces->data[i], pieces->sizes[i]);
    used += pieces->sizes[i];
  }
  const char *unseen = color_profile_unseen(profile, size, 255);
  memory_release(profile);
  return unseen;
}

const char *jpeg_profile_unseen(const uint8_t *bytes, size_t size) {
  struct pieces pieces;
  memset(&pieces, 0, sizeof pieces);
  find_pieces(bytes, size, &pieces);
  if (pieces.found == 0) return NULL;
  if (pieces.odd || pieces.found != pieces.count) return in_pieces;
  return pieces.count == 1 ? color_profile_unseen(pieces.data[1], pieces.sizes[1], 255) : join_pieces(&pieces);
}

/* ---- PNG --------------------------------------------------------------------------------------------------------- */

/* More room until it is enough. What does not inflate is no profile to any program. */
static const char *inflate(const uint8_t *data, size_t size, unsigned steps) {
  struct libdeflate_decompressor *decompressor = libdeflate_alloc_decompressor();
  enum libdeflate_result result = LIBDEFLATE_INSUFFICIENT_SPACE;
  const char *unseen = decompressor == NULL ? no_memory : too_large;
  for (size_t room = 1 << 14;
       decompressor != NULL && result == LIBDEFLATE_INSUFFICIENT_SPACE && room <= COLOR_PROFILE_MAX_BYTES; room *= 16) {
    uint8_t *profile = memory_allocate(room);
    size_t used = 0;
    if (profile == NULL) unseen = no_memory;
    else result = libdeflate_zlib_decompress(decompressor, data, size, profile, room, &used);
    if (profile != NULL && result == LIBDEFLATE_SUCCESS) unseen = color_profile_unseen(profile, used, steps);
    else if (profile != NULL && result != LIBDEFLATE_INSUFFICIENT_SPACE) unseen = NULL;
    memory_release(profile);
  }
  libdeflate_free_decompressor(decompressor);
  return unseen;
}

const char *png_profile_unseen(const uint8_t *chunk, size_t size, unsigned steps) {
  const uint8_t *name_end = size == 0 ? NULL : memchr(chunk, 0, size);
  if (name_end == NULL || name_end + 2 > chunk + size || name_end[1] != 0) return NULL;
  return inflate(name_end + 2, size - (size_t)(name_end + 2 - chunk), steps);
}
