/* SPDX-License-Identifier: Apache-2.0 */
/* Entropy-coded segments copied without their stuffed zeros, a piece at a time, and what stands between them. */
#include "image/jpeg_bits.h"

enum { MARKER_RST0 = 0xd0 };

/* A refill is at most 7 whole bytes ahead of what is consumed. */
enum { MAX_AHEAD = 7 };

/* Copies until `room` bytes are filled or the segment ends. FF before anything but a zero ends it. */
static void copy_unstuffed(struct jpeg_source *source, uint8_t *out, size_t room) {
  while (room > 0) {
    const uint8_t *in = source->bytes + source->at;
    const size_t left = source->size - source->at;
    const size_t most = left < room ? left : room;
    const uint8_t *stop = memchr(in, 0xff, most);
    const size_t run = stop == NULL ? most : (size_t)(stop - in);
    memcpy(out, in, run);
    out += run;
    room -= run;
    source->at += run;
    if (stop == NULL && left > most) continue;
    source->whole = left - run < 2 || in[run + 1] != 0;
    if (source->whole) break;
    *out++ = 0xff;
    room--;
    source->at += 2;
  }
  source->end = out;
}

/* Zeros decode as something, so even a read that begins at the last bit stays inside. */
static void set_limit(struct jpeg_source *source) {
  if (source->whole) memset(source->end, 0, JPEG_MCU_BYTES);
  source->bits.limit = source->whole ? source->end + MAX_AHEAD : source->end - JPEG_MCU_BYTES;
}

/* Bits of the copied data that are not consumed; negative when there were fewer than that. */
static ptrdiff_t bits_left(const struct jpeg_source *source) {
  return (source->end - source->bits.next) * 8 + (ptrdiff_t)source->bits.valid;
}

static void copy_more(struct jpeg_source *source) {
  const size_t kept = (size_t)(source->end - source->bits.next);
  memmove(source->buffer, source->bits.next, kept);
  source->bits.next = source->buffer;
  copy_unstuffed(source, source->buffer + kept, JPEG_MCU_BYTES + JPEG_SOURCE_CHUNK - kept);
  set_limit(source);
}

static void open_segment(struct jpeg_source *source) {
  source->whole = false;
  source->end = source->buffer;
  source->bits = (struct jpeg_bits){.next = source->buffer};
  copy_more(source);
}

void jpeg_source_open(struct jpeg_source *source, const uint8_t *bytes, size_t size, size_t at) {
  source->bytes = bytes;
  source->size = size;
  source->at = at;
  open_segment(source);
}

bool jpeg_source_ready(struct jpeg_source *source) {
  if (source->bits.next <= source->bits.limit) return true;
  if (source->whole) return false;
  copy_more(source);
  return true;
}

/* Less than a byte is left: what fills it up may be anything. */
static bool segment_consumed(struct jpeg_source *source) {
  if (!jpeg_source_ready(source) || !source->whole) return false;
  const ptrdiff_t left = bits_left(source);
  return left >= 0 && left < 8;
}

bool jpeg_source_restart(struct jpeg_source *source, unsigned number) {
  if (!segment_consumed(source)) return false;
  while (source->size - source->at >= 2 && source->bytes[source->at + 1] == 0xff) source->at++;
  if (source->size - source->at < 2 || source->bytes[source->at + 1] != MARKER_RST0 + (number & 7)) return false;
  source->at += 2;
  open_segment(source);
  return true;
}

bool jpeg_source_close(struct jpeg_source *source, size_t *at) {
  *at = source->at;
  return segment_consumed(source);
}
