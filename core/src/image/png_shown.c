/* SPDX-License-Identifier: Apache-2.0 */
/* One walk over all chunks (PNG specification, third edition, clauses 11.3 and 5.3). */
#include "image/png_shown.h"

#include <stdbool.h>
#include <string.h>

#include "base/bytes.h"
#include "image/color_profile.h"

enum { SIGNATURE_BYTES = 8, HEADER_BYTES = 8 /* length and type */, CHECKSUM_BYTES = 4 };

struct walk {
  struct png_shown *shown;
  unsigned depth;
  bool idat; /* one was seen */
  bool srgb; /* a valid one: it outranks cHRM */
  const uint8_t *chromaticities;
  bool animated; /* acTL */
  uint32_t frames;
  bool fctl_before_idat;
  bool fdat;
};

static void note_unseen(struct png_shown *shown, const char *why) {
  if (shown->unseen == NULL) shown->unseen = why;
}

static void read_transparency(struct png_shown *shown, const uint8_t *data, size_t size) {
  if (shown->transparency == NULL) {
    shown->transparency = data;
    shown->transparency_bytes = size;
  } else if (size != shown->transparency_bytes || memcmp(data, shown->transparency, size) != 0) {
    note_unseen(shown, "PNG with two tRNS chunks: programs choose differently");
  }
}

/* Zero is no exponent, and ignored by all. libpng ignores extreme ones as well (under 16, over 625,000,000), other
 * programs do not: they count. A gAMA beside sRGB, iCCP or cICP counts too, for programs that do not know those. */
static void read_gamma(struct png_shown *shown, const uint8_t *data, size_t size) {
  if (size != 4 || load_be32(data) == 0) return;
  if (shown->gamma != 0 && shown->gamma != load_be32(data))
    note_unseen(shown, "PNG with two gAMA chunks: programs choose differently");
  else shown->gamma = load_be32(data);
}

/* Of several the largest number of frames counts; an animation of no frames is a still picture to all. */
static void read_animation(struct walk *walk, const uint8_t *data, size_t size) {
  if (size < 8 || load_be32(data) == 0) return;
  walk->animated = true;
  if (load_be32(data) > walk->frames) walk->frames = load_be32(data);
}

static void read_code_points(struct png_shown *shown, const uint8_t *data, size_t size) {
  if (size == 4 && !color_code_points_are_usual(data[0], data[1]))
    note_unseen(shown, "PNG with unusual colours (cICP), which are not applied");
}

static void read_profile(struct walk *walk, const uint8_t *data, size_t size) {
  const char *unseen = png_profile_unseen(data, size, walk->depth == 16 ? COLOR_PROFILE_MAX_STEPS : 255);
  if (unseen != NULL) note_unseen(walk->shown, unseen);
}

static void read_before_pixels(struct walk *walk, uint32_t type, const uint8_t *data, size_t size) {
  switch (type) {
  case FOURCC('t', 'R', 'N', 'S'):
    read_transparency(walk->shown, data, size);
    break;
  case FOURCC('g', 'A', 'M', 'A'):
    read_gamma(walk->shown, data, size);
    break;
  case FOURCC('c', 'I', 'C', 'P'):
    read_code_points(walk->shown, data, size);
    break;
  case FOURCC('i', 'C', 'C', 'P'):
    read_profile(walk, data, size);
    break;
  case FOURCC('I', 'H', 'D', 'R'):
    if (size >= 9) walk->depth = data[8];
    break;
  case FOURCC('s', 'R', 'G', 'B'):
    walk->srgb |= size == 1 && data[0] < 4;
    break;
  case FOURCC('c', 'H', 'R', 'M'):
    if (size == 32) walk->chromaticities = data;
    break;
  case FOURCC('a', 'c', 'T', 'L'):
    read_animation(walk, data, size);
    break;
  case FOURCC('f', 'c', 'T', 'L'):
    walk->fctl_before_idat = true;
    break;
  default:
    break;
  }
}

/* Whether white and primaries are where those of the colour spaces of real pictures are (sRGB, NTSC, PAL, Adobe RGB,
 * Display P3, BT.2020, ProPhoto). Others could make a faint or different channel the one that is seen. In units of
 * 1/100,000: white, red, green, blue, x and y of each. */
static bool are_usual_chromaticities(const uint8_t *data) {
  static const uint32_t lowest[8] = {28000, 28000, 55000, 22000, 9000, 52000, 2500, 0};
  static const uint32_t highest[8] = {38000, 40000, 76000, 38000, 36000, 90000, 20000, 15000};
  for (size_t i = 0; i < 8; i++)
    if (load_be32(data + 4 * i) < lowest[i] || load_be32(data + 4 * i) > highest[i]) return false;
  return true;
}

/* The image in IDAT is a frame of the animation when an fcTL stands before it. Some programs count frames by acTL,
 * others as they find them. */
static void judge_animation(const struct walk *walk) {
  if (!walk->animated) return;
  if (!walk->fctl_before_idat) note_unseen(walk->shown, "animated PNG that does not show its default image");
  else if (walk->frames > 1 || walk->fdat) note_unseen(walk->shown, "animated PNG, of which one frame is decoded");
}

/* Returns whether there may be more. */
static bool read_chunk(struct walk *walk, const uint8_t *bytes, size_t size, size_t offset) {
  const uint32_t length = load_be32(bytes + offset);
  const uint32_t type = load_be32(bytes + offset + 4);
  const uint8_t *data = bytes + offset + HEADER_BYTES;
  const size_t left = size - offset - HEADER_BYTES;
  if (type == FOURCC('I', 'D', 'A', 'T') && length > left && length <= INT32_MAX) {
    walk->shown->cut_idat_offset = offset;
    walk->shown->cut_idat_bytes = (uint32_t)left;
  }
  if (length > left) return false;
  walk->idat |= type == FOURCC('I', 'D', 'A', 'T');
  walk->fdat |= type == FOURCC('f', 'd', 'A', 'T');
  if (!walk->idat) read_before_pixels(walk, type, data, length);
  return type != FOURCC('I', 'E', 'N', 'D') && left - length > CHECKSUM_BYTES;
}

void png_shown_read(const uint8_t *bytes, size_t size, struct png_shown *shown) {
  struct walk walk = {.shown = shown};
  *shown = (struct png_shown){0};
  size_t offset = SIGNATURE_BYTES;
  while (size >= HEADER_BYTES && offset <= size - HEADER_BYTES && read_chunk(&walk, bytes, size, offset))
    offset += HEADER_BYTES + (size_t)load_be32(bytes + offset) + CHECKSUM_BYTES;
  judge_animation(&walk);
  if (walk.chromaticities != NULL && !walk.srgb && !are_usual_chromaticities(walk.chromaticities))
    note_unseen(shown, "PNG with unusual colours (cHRM), which are not applied");
}
