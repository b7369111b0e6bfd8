/* SPDX-License-Identifier: Apache-2.0 */
/* The picture is 8 x 8 patches of one shade each, and a patch is 4 x 4 blocks of a JPEG. A block of one shade has a DC
 * coefficient alone, and with a quantisation step of 8 that coefficient is the shade itself: no rounding anywhere, so
 * the JPEG holds the very pixels of the PNG, and both are so simple to write that they need no encoder. */
#include "selftest_picture.h"

#include <string.h>
#include <zlib.h>

enum { SIDE = 256, BLOCK = 8, PATCH = 32, BLOCKS = SIDE / BLOCK };

/* Made by `hashscan hash` and coreutils from what `hashscan selftest --write` wrote. */
const char selftest_list[] =
    "# The picture of `hashscan selftest`: synthetic and harmless, made to be found.\n"
    "hash,kind,id,labels\n"
    "42fc48f6df024ad60ce7f5293f013ce1c31ec31ec0fe0ad6f718352920fdbf01,pdq,hashscan-selftest,selftest\n"
    "fa01e792aa4dd0c03cffcd968e12ae23,md5,hashscan-selftest-jpeg,selftest\n"
    "c5dae176cae50716f17fc264eb39d4a66286c3fb,sha1,hashscan-selftest-jpeg,selftest\n"
    "12209cff25b0a21bded11cd1b48c85c9a3649bc29c8c18f774fcd5edf3ca2e61,sha256,hashscan-selftest-jpeg,selftest\n";

/* 16 to 239. The multiplier is Knuth's, 2^32 over the golden ratio: neighbours get unlike shades. */
static unsigned shade_of(unsigned patch_x, unsigned patch_y, bool known) {
  const uint32_t patch = patch_y * (SIDE / PATCH) + patch_x + (known ? 1 : 1000);
  return 16 + (patch * patch * UINT32_C(2654435761) >> 24) * 224 / 256;
}

static void put(struct selftest_file *file, const void *bytes, size_t size) {
  memcpy(file->bytes + file->size, bytes, size);
  file->size += size;
}

static void put_byte(struct selftest_file *file, unsigned byte) {
  file->bytes[file->size++] = (uint8_t)byte;
}

/* ---- JPEG (ITU T.81) ----------------------------------------------------------------------------------------------*/

struct bits {
  struct selftest_file *file;
  uint32_t held; /* the low `count` bits are still to be written */
  unsigned count;
};

static void put_bits(struct bits *bits, unsigned value, unsigned count) {
  bits->held = bits->held << count | value;
  bits->count += count;
  while (bits->count >= 8) {
    bits->count -= 8;
    const unsigned byte = bits->held >> bits->count & 0xff;
    put_byte(bits->file, byte);
    if (byte == 0xff) put_byte(bits->file, 0); /* or it would begin a marker */
  }
}

/* A DC difference with the codes of table K.3, and the end of the block. */
static void put_block(struct bits *bits, int difference) {
  static const uint8_t codes[] = {0x0, 0x2, 0x3, 0x4, 0x5, 0x6, 0xe, 0x1e, 0x3e};
  static const uint8_t lengths[] = {2, 3, 3, 3, 3, 3, 4, 5, 6};
  unsigned size = 0;
  for (int left = difference < 0 ? -difference : difference; left > 0; left /= 2) size++;
  put_bits(bits, codes[size], lengths[size]);
  if (size > 0) put_bits(bits, (unsigned)(difference < 0 ? difference - 1 : difference) & ((1u << size) - 1), size);
  put_bits(bits, 0, 2); /* the only code of the AC table */
}

void selftest_jpeg(struct selftest_file *file, bool known) {
  static const uint8_t start[] = {0xff, 0xd8, 0xff, 0xe0, 0, 16, 'J', 'F', 'I', 'F', 0, 1, 1, 0, 0, 1, 0, 1, 0, 0};
  static const uint8_t quantisation[] = {0xff, 0xdb, 0, 67, 0};
  static const uint8_t frame[] = {0xff, 0xc0, 0, 11, 8, SIDE >> 8, SIDE & 0xff, SIDE >> 8, SIDE & 0xff, 1, 1, 0x11, 0};
  /* DC: as many codes of each length as table K.3 has, up to the nine sizes of 8-bit shades. AC: 00 is the end. */
  static const uint8_t tables[] = {0xff, 0xc4, 0, 28, 0x00, 0, 1, 5, 1, 1, 1, 0, 0,    0,    0, 0,  0,    0,
                                   0,    0,    0, 0,  1,    2, 3, 4, 5, 6, 7, 8, 0xff, 0xc4, 0, 20, 0x10, 0,
                                   1,    0,    0, 0,  0,    0, 0, 0, 0, 0, 0, 0, 0,    0,    0, 0};
  static const uint8_t scan[] = {0xff, 0xda, 0, 8, 1, 1, 0x00, 0, 63, 0};
  file->size = 0;
  put(file, start, sizeof start);
  put(file, quantisation, sizeof quantisation);
  for (int i = 0; i < 64; i++) put_byte(file, 8);
  put(file, frame, sizeof frame);
  put(file, tables, sizeof tables);
  put(file, scan, sizeof scan);
  struct bits bits = {file, 0, 0};
  int last = 0;
  for (unsigned y = 0; y < BLOCKS; y++)
    for (unsigned x = 0; x < BLOCKS; x++) {
      const int level = (int)shade_of(x * BLOCK / PATCH, y * BLOCK / PATCH, known) - 128;
      put_block(&bits, level - last);
      last = level;
    }
  put_bits(&bits, 0x7f, 7); /* ones up to a whole byte; what is left over of them is not written */
  put_byte(file, 0xff);
  put_byte(file, 0xd9);
}

/* ---- PNG (ISO/IEC 15948) ------------------------------------------------------------------------------------------*/

static void put_be32(struct selftest_file *file, uint32_t value) {
  for (int shift = 24; shift >= 0; shift -= 8) put_byte(file, value >> shift & 0xff);
}

/* Closes the chunk whose length field is at `start`: length and checksum. */
static void end_chunk(struct selftest_file *file, size_t start) {
  const size_t data = file->size - start - 8;
  for (int i = 0; i < 4; i++) file->bytes[start + (size_t)i] = (uint8_t)(data >> (24 - 8 * i));
  put_be32(file, (uint32_t)crc32(0, file->bytes + start + 4, (uInt)(data + 4)));
}

static size_t begin_chunk(struct selftest_file *file, const char *type) {
  const size_t start = file->size;
  put_be32(file, 0);
  put(file, type, 4);
  return start;
}

/* A stored block of DEFLATE (RFC 1951) a row, so that no compressor decides what the bytes are. */
static void put_rows(struct selftest_file *file, bool known) {
  uint8_t row[1 + SIDE] = {0};
  uLong sum = adler32(0, NULL, 0);
  put(file, "\x78\x01", 2);
  for (unsigned y = 0; y < SIDE; y++) {
    for (unsigned x = 0; x < SIDE; x++) row[1 + x] = (uint8_t)shade_of(x / PATCH, y / PATCH, known);
    const unsigned size = sizeof row;
    put_byte(file, y + 1 == SIDE);
    put_byte(file, size & 0xff);
    put_byte(file, size >> 8);
    put_byte(file, ~size & 0xff);
    put_byte(file, ~size >> 8 & 0xff);
    put(file, row, size);
    sum = adler32(sum, row, size);
  }
  put_be32(file, (uint32_t)sum);
}

void selftest_png(struct selftest_file *file, bool known) {
  file->size = 0;
  put(file, "\x89PNG\r\n\x1a\n", 8);
  size_t chunk = begin_chunk(file, "IHDR");
  put_be32(file, SIDE);
  put_be32(file, SIDE);
  put(file, "\x08\0\0\0\0", 5); /* 8 bits, grey, not interlaced */
  end_chunk(file, chunk);
  chunk = begin_chunk(file, "IDAT");
  put_rows(file, known);
  end_chunk(file, chunk);
  end_chunk(file, begin_chunk(file, "IEND"));
}
