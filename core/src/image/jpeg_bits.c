/* SPDX-License-Identifier: Apache-2.0 */
/* Entropy-coded segments in a sliding buffer, a piece at a time. */
#include "image/jpeg_bits.h"

/* A refill is at most 7 whole bytes ahead of what is consumed. */
enum { MAX_AHEAD = 7 };

/* Zeros decode as something, so even a read that begins at the last bit stays inside. */
static void set_limit(struct jpeg_source *source) {
  const bool whole = source->segment.whole;
  if (whole) memset(source->end, 0, JPEG_MCU_BYTES);
  source->bits.limit = whole ? source->end + MAX_AHEAD : source->end - JPEG_MCU_BYTES;
}

/* Bits of the copied data that are not consumed; negative when there were fewer than that. */
static ptrdiff_t bits_left(const struct jpeg_source *source) {
  return (source->end - source->bits.next) * 8 + (ptrdiff_t)source->bits.valid;
}

static void copy_more(struct jpeg_source *source) {
  const size_t kept = (size_t)(source->end - source->bits.next);
  memmove(source->buffer, source->bits.next, kept);
  source->bits.next = source->buffer;
  source->end = source->buffer + kept;
  source->end += unstuff_copy(&source->segment, source->end, JPEG_MCU_BYTES + JPEG_SOURCE_CHUNK - kept);
  set_limit(source);
}

static void open_segment(struct jpeg_source *source) {
  source->end = source->buffer;
  source->bits = (struct jpeg_bits){.next = source->buffer};
  copy_more(source);
}

void jpeg_source_open(struct jpeg_source *source, const uint8_t *bytes, size_t size, size_t at) {
  source->segment = (struct unstuff){.bytes = bytes, .size = size, .at = at};
  open_segment(source);
}

bool jpeg_source_ready(struct jpeg_source *source) {
  if (source->bits.next <= source->bits.limit) return true;
  if (source->segment.whole) return false;
  copy_more(source);
  return true;
}

/* Less than a byte is left: what fills it up may be anything. */
static bool segment_consumed(struct jpeg_source *source) {
  if (!jpeg_source_ready(source) || !source->segment.whole) return false;
  const ptrdiff_t left = bits_left(source);
  return left >= 0 && left < 8;
}

bool jpeg_source_restart(struct jpeg_source *source, unsigned number) {
  if (!segment_consumed(source) || !unstuff_restart(&source->segment, number)) return false;
  open_segment(source);
  return true;
}

bool jpeg_source_close(struct jpeg_source *source, size_t *at) {
  *at = source->segment.at;
  return segment_consumed(source);
}
