/* SPDX-License-Identifier: Apache-2.0 */
/* Marker segments (T.81 annex B), read as strictly as libjpeg-turbo at its most contented: lengths must add up, tables
 * must be in range, and there is nothing between segments. */
#include "image/jpeg_markers.h"

#include <string.h>

enum {
  SOF0 = 0xc0,
  SOF1 = 0xc1,
  SOF2 = 0xc2,
  DHT = 0xc4,
  RST0 = 0xd0,
  RST7 = 0xd7,
  EOI = 0xd9,
  SOS = 0xda,
  DQT = 0xdb,
  DRI = 0xdd,
  APP0 = 0xe0,
  APP14 = 0xee,
  APP15 = 0xef,
  COM = 0xfe
};

enum { MAX_SIDE = 65500 }; /* libjpeg's JPEG_MAX_DIMENSION */
enum { MAX_SAMPLING = 4, MAX_MCU_BLOCKS = 10 };

/* The content of a segment, behind its length. */
struct segment {
  const uint8_t *bytes;
  size_t size;
};

static unsigned read_u16(const uint8_t *bytes) {
  return (unsigned)bytes[0] << 8 | bytes[1];
}

static bool read_segment(struct jpeg_markers *markers, struct segment *segment) {
  const size_t left = markers->size - markers->at;
  if (left < 2) return false;
  const size_t length = read_u16(markers->bytes + markers->at);
  if (length < 2 || length > left) return false;
  *segment = (struct segment){markers->bytes + markers->at + 2, length - 2};
  markers->at += length;
  return true;
}

/* Fill bytes FF may stand before a marker. */
static bool read_marker(struct jpeg_markers *markers, uint8_t *marker) {
  const uint8_t *bytes = markers->bytes;
  if (markers->at >= markers->size || bytes[markers->at] != 0xff) return false;
  while (markers->at < markers->size && bytes[markers->at] == 0xff) markers->at++;
  if (markers->at == markers->size) return false;
  *marker = bytes[markers->at++];
  return true;
}

static bool read_quant(struct jpeg_markers *markers, struct segment segment) {
  while (segment.size > 0) {
    const unsigned index = segment.bytes[0] & 15;
    const size_t width = segment.bytes[0] >> 4 != 0 ? 2 : 1;
    if (index >= JPEG_TABLES || segment.size < 1 + 64 * width) return false;
    const uint8_t *steps = segment.bytes + 1;
    for (unsigned k = 0; k < 64; k++)
      markers->quant[index][k] = (uint16_t)(width == 2 ? read_u16(steps + 2 * k) : steps[k]);
    markers->quant_present[index] = true;
    segment.bytes += 1 + 64 * width;
    segment.size -= 1 + 64 * width;
  }
  return true;
}

static bool read_huffman(struct jpeg_markers *markers, struct segment segment) {
  while (segment.size > 0) {
    const unsigned index = segment.bytes[0] & 15;
    if (segment.size < 17 || segment.bytes[0] >> 4 > 1 || index >= JPEG_TABLES) return false;
    size_t symbols = 0;
    for (unsigned i = 1; i <= 16; i++) symbols += segment.bytes[i];
    if (symbols > 256 || symbols > segment.size - 17) return false;
    struct jpeg_dht *tables = segment.bytes[0] >> 4 != 0 ? markers->ac : markers->dc;
    tables[index] = (struct jpeg_dht){segment.bytes + 1, segment.bytes + 17};
    segment.bytes += 17 + symbols;
    segment.size -= 17 + symbols;
  }
  return true;
}

static bool read_restart_interval(struct jpeg_markers *markers, struct segment segment) {
  if (segment.size != 2) return false;
  markers->restart_interval = read_u16(segment.bytes);
  return true;
}

/* libjpeg warns of a major version that is not 1. */
static bool read_app0(struct jpeg_markers *markers, struct segment segment) {
  if (segment.size < 14 || memcmp(segment.bytes, "JFIF", 5) != 0) return true;
  markers->jfif = true;
  return segment.bytes[5] == 1;
}

static bool read_app14(struct jpeg_markers *markers, struct segment segment) {
  if (segment.size < 12 || memcmp(segment.bytes, "Adobe", 5) != 0) return true;
  markers->adobe = true;
  markers->adobe_transform = segment.bytes[11];
  return true;
}

static uint32_t divide_up(uint32_t a, uint32_t b) {
  /* analyze: `b` is made of sampling factors, which are 1 or more once a frame header was read. */
  return (a + b - 1) / b;
}

/* Y at full sampling, both chroma components alike and a whole number of times coarser. */
static bool check_sampling(const struct jpeg_frame *frame) {
  const struct jpeg_component *luma = &frame->components[0];
  const struct jpeg_component *blue = &frame->components[1];
  const struct jpeg_component *red = &frame->components[2];
  if (frame->count == 1) return true;
  if (blue->h != red->h || blue->v != red->v) return false;
  if (luma->id == blue->id || luma->id == red->id || blue->id == red->id) return false;
  return luma->h % blue->h == 0 && luma->v % blue->v == 0;
}

static void set_sizes(struct jpeg_frame *frame) {
  frame->max_h = frame->components[0].h;
  frame->max_v = frame->components[0].v;
  frame->mcus_wide = divide_up(frame->width, 8 * frame->max_h);
  frame->mcus_high = divide_up(frame->height, 8 * frame->max_v);
  for (unsigned i = 0; i < frame->count; i++) {
    struct jpeg_component *component = &frame->components[i];
    component->wide = divide_up(frame->width * component->h, 8 * frame->max_h);
    component->high = divide_up(frame->height * component->v, 8 * frame->max_v);
    component->across = frame->mcus_wide * component->h;
    component->down = frame->mcus_high * component->v;
  }
}

static bool read_component(struct jpeg_component *component, const uint8_t bytes[3]) {
  *component = (struct jpeg_component){.id = bytes[0], .h = bytes[1] >> 4, .v = bytes[1] & 15, .quant_index = bytes[2]};
  return component->h >= 1 && component->h <= MAX_SAMPLING && component->v >= 1 && component->v <= MAX_SAMPLING &&
         component->quant_index < JPEG_TABLES;
}

static bool read_frame(struct jpeg_markers *markers, struct segment segment, bool progressive) {
  struct jpeg_frame *frame = &markers->frame;
  if (frame->count != 0 || segment.size < 6 || segment.bytes[0] != 8) return false;
  *frame = (struct jpeg_frame){.progressive = progressive,
                               .height = read_u16(segment.bytes + 1),
                               .width = read_u16(segment.bytes + 3),
                               .count = segment.bytes[5]};
  if (frame->width == 0 || frame->width > MAX_SIDE || frame->height == 0 || frame->height > MAX_SIDE) return false;
  if ((frame->count != 1 && frame->count != 3) || segment.size != 6 + 3 * frame->count) return false;
  for (unsigned i = 0; i < frame->count; i++)
    if (!read_component(&frame->components[i], segment.bytes + 6 + 3 * i)) return false;
  if (frame->count == 1) frame->components[0].h = frame->components[0].v = 1;
  if (!check_sampling(frame)) return false;
  set_sizes(frame);
  return true;
}

/* Whether the components are grey or YCbCr. libjpeg decides at the first scan: JFIF first, then Adobe, then by the
 * names of the components. Where JFIF and Adobe contradict each other there is another view (jpeg.c), so it must
 * decide. */
static bool is_grey_or_ycc(const struct jpeg_markers *markers) {
  const struct jpeg_component *components = markers->frame.components;
  if (markers->frame.count == 1) return true;
  if (markers->jfif && markers->adobe) return markers->adobe_transform != 0;
  if (markers->jfif) return true;
  if (markers->adobe) return markers->adobe_transform == 1;
  return components[0].id != 'R' || components[1].id != 'G' || components[2].id != 'B';
}

static bool find_component(const struct jpeg_frame *frame, unsigned id, unsigned *index) {
  for (*index = 0; *index < frame->count; ++*index)
    if (frame->components[*index].id == id) return true;
  return false;
}

static bool read_scan_component(struct jpeg_markers *markers, unsigned i, const uint8_t bytes[2]) {
  struct jpeg_scan *scan = &markers->scan;
  if (!find_component(&markers->frame, bytes[0], &scan->components[i])) return false;
  scan->dc_table[i] = bytes[1] >> 4;
  scan->ac_table[i] = bytes[1] & 15;
  return scan->dc_table[i] < JPEG_TABLES && scan->ac_table[i] < JPEG_TABLES;
}

/* Tables may be replaced between scans; a component keeps the one of its first scan. */
static bool latch_quant(struct jpeg_markers *markers, struct jpeg_component *component) {
  if (component->quant_latched) return true;
  if (!markers->quant_present[component->quant_index]) return false;
  memcpy(component->quant, markers->quant[component->quant_index], sizeof component->quant);
  component->quant_latched = true;
  for (unsigned k = 0; k < 64; k++)
    if (component->quant[k] == 0) return false;
  return true;
}

static bool read_scan(struct jpeg_markers *markers, struct segment segment) {
  struct jpeg_scan *scan = &markers->scan;
  struct jpeg_frame *frame = &markers->frame;
  if (segment.size < 1) return false;
  *scan = (struct jpeg_scan){.count = segment.bytes[0]};
  if (scan->count < 1 || scan->count > frame->count || segment.size != 4 + 2 * scan->count) return false;
  unsigned blocks = 0, least = 0;
  for (unsigned i = 0; i < scan->count; i++) {
    if (!read_scan_component(markers, i, segment.bytes + 1 + 2 * i)) return false;
    if (scan->components[i] < least) return false;
    least = scan->components[i] + 1;
    struct jpeg_component *component = &frame->components[scan->components[i]];
    if (!latch_quant(markers, component)) return false;
    blocks += component->h * component->v;
  }
  if (scan->count > 1 && blocks > MAX_MCU_BLOCKS) return false;
  const uint8_t *rest = segment.bytes + 1 + 2 * scan->count;
  scan->first = rest[0];
  scan->last = rest[1];
  scan->high = rest[2] >> 4;
  scan->low = rest[2] & 15;
  if (scan->first > scan->last || scan->last > 63) return false;
  return markers->scans++ > 0 || is_grey_or_ycc(markers);
}

/* A segment that is neither the frame's nor a scan's. */
static bool read_other(struct jpeg_markers *markers, uint8_t marker, struct segment segment) {
  switch (marker) {
  case DQT:
    return read_quant(markers, segment);
  case DHT:
    return read_huffman(markers, segment);
  case DRI:
    return read_restart_interval(markers, segment);
  case APP0:
    return read_app0(markers, segment);
  case APP14:
    return read_app14(markers, segment);
  default:
    return marker == COM || (marker > APP0 && marker <= APP15);
  }
}

void jpeg_markers_open(struct jpeg_markers *markers, const uint8_t *bytes, size_t size) {
  *markers = (struct jpeg_markers){.bytes = bytes, .size = size, .at = 2};
}

enum jpeg_next jpeg_markers_next(struct jpeg_markers *markers) {
  for (;;) {
    uint8_t marker = 0;
    struct segment segment;
    if (!read_marker(markers, &marker)) return JPEG_NEXT_ODD;
    if (marker == EOI) return JPEG_NEXT_END;
    if (!read_segment(markers, &segment)) return JPEG_NEXT_ODD;
    if (marker == SOS) return read_scan(markers, segment) ? JPEG_NEXT_SCAN : JPEG_NEXT_ODD;
    const bool good = marker == SOF0 || marker == SOF1 || marker == SOF2 ? read_frame(markers, segment, marker == SOF2)
                                                                         : read_other(markers, marker, segment);
    if (!good) return JPEG_NEXT_ODD;
  }
}

bool jpeg_markers_skip(struct jpeg_markers *markers) {
  while (markers->size - markers->at >= 2) {
    const uint8_t *from = markers->bytes + markers->at;
    const uint8_t *found = memchr(from, 0xff, markers->size - markers->at - 1);
    if (found == NULL) return false;
    markers->at += (size_t)(found - from);
    const uint8_t after = found[1];
    if (after != 0 && after != 0xff && (after < RST0 || after > RST7)) return true;
    markers->at += after == 0xff ? 1 : 2;
  }
  return false;
}
