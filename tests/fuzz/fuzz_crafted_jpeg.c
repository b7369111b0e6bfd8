/* SPDX-License-Identifier: Apache-2.0 */
/* The comparison of fuzz_match.c over JPEGs that the input describes rather than is: size, sampling, step sizes,
 * changes to the coefficients of a picture of waves, and a scan script. Any bytes are a description, and one changed
 * byte is another picture with all of its entropy-coded data in order, which changed bytes of a file never are. What is
 * missing at the end is zero. Where HASHSCAN_SOUND_DUMP names a file, the last JPEG is written there. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../support/craft.h"
#include "../support/oracle.h"
#include "../support/random.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

enum { LEAST_SIDE = 128, SIDES = 96, MAX_SCANS = 16 };

/* The description, byte by byte. */
struct reader {
  const uint8_t *bytes;
  size_t size;
};

static unsigned take(struct reader *reader) {
  if (reader->size == 0) return 0;
  reader->size--;
  return *reader->bytes++;
}

static int take_value(struct reader *reader) {
  const unsigned high = take(reader);
  const int value = (int16_t)(uint16_t)(high << 8 | take(reader));
  return value == INT16_MIN ? INT16_MAX : value;
}

/* ---- Pictures ---------------------------------------------------------------------------------------------------- */

static const struct craft_sampling samplings[][4] = {
    {{1, 1}},
    {{1, 1}, {1, 1}, {1, 1}},
    {{2, 2}, {1, 1}, {1, 1}},
    {{2, 1}, {1, 1}, {1, 1}},
    {{1, 2}, {1, 1}, {1, 1}},
    {{4, 1}, {1, 1}, {1, 1}},
    {{2, 2}, {2, 1}, {1, 2}},
    {{1, 1}, {2, 2}, {2, 2}},
    {{1, 1}, {1, 1}, {1, 1}, {1, 1}},
};

static void open_picture(struct reader *reader, struct craft *craft) {
  const size_t layout = take(reader) % (sizeof samplings / sizeof *samplings);
  const uint32_t width = LEAST_SIDE + take(reader) % SIDES, height = LEAST_SIDE + take(reader) % SIDES;
  const unsigned count = layout == 0 ? 1 : layout + 1 == sizeof samplings / sizeof *samplings ? 4 : 3;
  craft_open(craft, width, height, count, samplings[layout]);
  const int quality = 1 + (int)(take(reader) % 100);
  for (unsigned t = 0; t < CRAFT_TABLES; t++) craft_quality(craft, t, quality, t == 1);
  for (unsigned changes = take(reader) % 8; changes > 0; changes--) {
    const unsigned place = take(reader);
    craft->quant[place >> 6][place & 63] = (uint16_t)take_value(reader);
  }
}

static void put_waves(struct reader *reader, struct craft *craft) {
  const uint64_t seed = take(reader);
  for (unsigned i = 0; i < craft->count; i++) {
    const float deviation = (float)take(reader) / 2.0f;
    float *plane =
        craft_waves(seed + i, craft_plane_wide(craft, i), craft_plane_high(craft, i), i == 0 ? 17 : 5, deviation);
    craft_plane(craft, i, plane);
    free(plane);
  }
}

/* Some blocks: all, a chequerboard, patches, few by chance, rows. */
static bool is_chosen(unsigned way, uint32_t x, uint32_t y) {
  struct random_state random = random_seeded(way + (uint64_t)y * 977 + x);
  struct random_state patch = random_seeded(way + (uint64_t)(y / 4) * 977 + x / 4);
  switch (way % 6) {
  case 0:
    return true;
  case 1:
    return (x + y) % 2 == way / 6 % 2;
  case 2:
    return random_next(&patch) % 2 == 0;
  case 3:
    return random_next(&random) % 16 == 0;
  case 4:
    return y % 4 == way / 6 % 4;
  default:
    return x % 4 == way / 6 % 4;
  }
}

static void change_blocks(struct reader *reader, struct craft *craft) {
  const unsigned what = take(reader), k = take(reader) % CRAFT_BLOCK, way = take(reader);
  const int value = take_value(reader);
  const unsigned component = what % craft->count;
  const struct craft_component *c = &craft->components[component];
  for (uint32_t y = 0; y < c->down; y++)
    for (uint32_t x = 0; x < c->across; x++) {
      if (!is_chosen(way, x, y)) continue;
      int16_t *coefficient = &craft_block(craft, component, x, y)[k];
      const int sign = what & 0x40 && (x + y) % 2 == 1 ? -1 : 1;
      const int changed = what & 0x80 ? *coefficient + sign * value : sign * value;
      *coefficient = (int16_t)(changed > INT16_MAX ? INT16_MAX : changed < -INT16_MAX ? -INT16_MAX : changed);
    }
}

/* ---- Files ------------------------------------------------------------------------------------------------------- */

enum { PROGRESSIVE = 1, NO_JFIF = 2, ADOBE = 4, RGB_NAMES = 8, NO_EOI = 16, STANDARD = 32, WIDE = 64, ONE_TABLE = 128 };

static void put_head(struct reader *reader, struct craft *craft, unsigned flags) {
  craft->standard_codes = (flags & STANDARD) != 0;
  craft->wide_tables = (flags & WIDE) != 0;
  for (unsigned i = 0; i < craft->count; i++) {
    if (flags & RGB_NAMES) craft->components[i].id = (uint8_t) "RGBA"[i];
    if (flags & ONE_TABLE) craft->components[i].table = 0;
  }
  craft_marker(craft, CRAFT_SOI);
  if (!(flags & NO_JFIF)) craft_jfif(craft);
  if (flags & ADOBE) craft_adobe(craft, (uint8_t)(take(reader) % 3));
  for (unsigned t = 0; t < 2; t++) craft_tables(craft, t);
  craft_frame(craft, flags & PROGRESSIVE ? CRAFT_SOF2 : CRAFT_SOF1, craft->height);
}

static int8_t *new_overruns(const struct craft *craft, unsigned component, unsigned way) {
  const struct craft_component *c = &craft->components[component];
  int8_t *overrun = calloc((size_t)c->across * c->down, 1);
  if (overrun == NULL) abort();
  for (uint32_t y = 0; y < c->down; y++)
    for (uint32_t x = 0; x < c->across; x++)
      if (is_chosen(way, x, y)) overrun[(size_t)y * c->across + x] = x % 2 == 0 ? 1 : -1;
  return overrun;
}

static void put_scan(struct reader *reader, struct craft *craft, unsigned flags) {
  const unsigned what = take(reader), band = take(reader), bits = take(reader);
  struct craft_scan scan = {.count = 1, .components = {(uint8_t)(what % craft->count)}, .last = CRAFT_BLOCK - 1};
  if (what & 0x10) craft_restart(craft, take(reader));
  if (what & 0x20) {
    scan.count = craft->count;
    for (unsigned i = 0; i < craft->count; i++) scan.components[i] = (uint8_t)i;
  }
  if (flags & PROGRESSIVE) {
    scan.first = (uint8_t)(band % CRAFT_BLOCK);
    scan.last = (uint8_t)(scan.first + take(reader) % (CRAFT_BLOCK - scan.first));
    if (scan.first == 0) scan.last = 0;
    if (scan.first > 0) scan.count = 1;
    scan.low = (uint8_t)(bits % 14);
    scan.high = bits & 0x80 ? (uint8_t)(scan.low + 1) : 0;
  }
  scan.longest_run = what >> 6;
  int8_t *overrun = bits & 0x40 && scan.count == 1 ? new_overruns(craft, scan.components[0], band) : NULL;
  scan.overrun = overrun;
  craft_scan(craft, &scan);
  free(overrun);
}

/* DC, then all AC of each component, so that a description without scans is a picture all the same. */
static void put_plain_scans(struct craft *craft, unsigned flags) {
  struct craft_scan scan = {.count = craft->count, .components = {0, 1, 2, 3}};
  if (!(flags & PROGRESSIVE)) {
    craft_sequential(craft);
    return;
  }
  craft_scan(craft, &scan);
  for (unsigned i = 0; i < craft->count; i++) {
    scan = (struct craft_scan){.count = 1, .components = {(uint8_t)i}, .first = 1, .last = CRAFT_BLOCK - 1};
    craft_scan(craft, &scan);
  }
}

static struct encoded render(struct reader *reader) {
  struct craft craft;
  open_picture(reader, &craft);
  put_waves(reader, &craft);
  for (unsigned changes = take(reader) % 16; changes > 0; changes--) change_blocks(reader, &craft);
  const unsigned flags = take(reader);
  put_head(reader, &craft, flags);
  const unsigned scans = take(reader) % (2 * MAX_SCANS);
  if (scans < MAX_SCANS) put_plain_scans(&craft, flags);
  for (unsigned i = 0; i < scans % MAX_SCANS; i++) put_scan(reader, &craft, flags);
  if (!(flags & NO_EOI)) craft_marker(&craft, CRAFT_EOI);
  craft_put(&craft, reader->bytes, reader->size);
  const struct encoded file = craft_cut(&craft);
  craft_close(&craft);
  return file;
}

/* ---- Comparison -------------------------------------------------------------------------------------------------- */

static struct oracle oracle;

static void close_oracle(void) {
  oracle_close(&oracle);
}

static void open_oracle(void) {
  hashscan_limits limits = HASHSCAN_LIMITS_INIT;
  limits.max_seconds = 1e6; /* or one of the two might reach it alone */
  oracle_open(&oracle, &limits);
  oracle.quick = true;
  atexit(close_oracle);
}

static void dump(const struct encoded *file) {
  const char *path = getenv("HASHSCAN_SOUND_DUMP");
  if (path != NULL) fixture_write(path, file->bytes, file->size);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
  struct reader reader = {bytes, size};
  if (oracle.exact == NULL) open_oracle();
  uint64_t seed = size;
  for (size_t i = 0; i < size; i++) seed = (seed ^ bytes[i]) * 0x100000001b3u;
  struct encoded file = render(&reader);
  dump(&file);
  const bool agrees = oracle_agrees(&oracle, file.bytes, file.size, seed);
  free(file.bytes);
  if (agrees) return 0;
  fprintf(stderr, "the default differs from exact: %s\n", oracle.text);
  abort();
}
