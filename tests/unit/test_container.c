/* SPDX-License-Identifier: Apache-2.0 */
/* What is neither JPEG nor PNG: image formats are unsupported, by name, whatever stands before what tells them; what no
 * viewer shows is not_image; and nothing else happens to any bytes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#define ZLIB_CONST
#include <zlib.h>

#include "../support/decoded.h"
#include "../support/random.h"

static void expect(const void *bytes, size_t size, hashscan_status status, const char *reason) {
  struct decoded decoded = decoded_from(bytes, size, NULL);
  if (decoded.status != status || strstr(decoded.reason, reason) == NULL)
    fail_msg("%s (%s), not %s (%s)", hashscan_status_name(decoded.status), decoded.reason, hashscan_status_name(status),
             reason);
  decoded_free(&decoded);
}

/* In array initialisers, strings keep bytes behind a NUL. */
#define EXPECT_IMAGE(bytes, name) expect(bytes, sizeof bytes - 1, HASHSCAN_STATUS_UNSUPPORTED, name " is not decoded")
#define EXPECT_OTHER(bytes, reason) expect(bytes, sizeof bytes - 1, HASHSCAN_STATUS_NOT_IMAGE, reason)

static void image_formats_are_named(void **state) {
  (void)state;
  EXPECT_IMAGE("GIF89a\1\0\1\0", "GIF");
  EXPECT_IMAGE("GIF87a", "GIF");
  EXPECT_IMAGE("GIFabc\1\0\1\0", "GIF");
  EXPECT_IMAGE("RIFF\x10\0\0\0WEBPVP8 ", "WebP");
  EXPECT_IMAGE("RIFF\x10\0\0\0ACONanih", "Windows animated cursor");
  EXPECT_IMAGE("BM\x46\0\0\0\0\0\0\0", "BMP");
  EXPECT_IMAGE("BA\x46\0\0\0\0\0\0\0", "BMP");
  EXPECT_IMAGE("II*\0\x08\0\0\0", "TIFF");
  EXPECT_IMAGE("MM\0*\0\0\0\x08", "TIFF");
  EXPECT_IMAGE("II+\0\x08\0\0\0", "BigTIFF");
  EXPECT_IMAGE("IIU\0\x18\0\0\0", "Panasonic raw");
  EXPECT_IMAGE("IIRO\x08\0\0\0", "Olympus raw");
  EXPECT_IMAGE("II\x1a\0\0\0HEAPCCDR", "Canon raw");
  EXPECT_IMAGE("FUJIFILMCCD-RAW 0201", "Fujifilm raw");
  EXPECT_IMAGE("II\xbc\1\x20\0\0\0", "JPEG XR");
  EXPECT_IMAGE("\0\0\0\x0cJXL \r\n\x87\n", "JPEG XL");
  EXPECT_IMAGE("\xff\x0a\0\0", "JPEG XL");
  EXPECT_IMAGE("\0\0\0\x0cjP  \r\n\x87\n", "JPEG 2000");
  EXPECT_IMAGE("\xff\x4f\xff\x51\0", "JPEG 2000");
  EXPECT_IMAGE("8BPS\0\1", "Photoshop");
  EXPECT_IMAGE("gimp xcf v011", "GIMP");
  EXPECT_IMAGE("qoif\0\0\0\1", "QOI");
  EXPECT_IMAGE("\x8aMNG\r\n\x1a\n", "MNG");
  EXPECT_IMAGE("\x8bJNG\r\n\x1a\n", "JNG");
  EXPECT_IMAGE("\0\0\1\0\1\0\x10\x10", "Windows icon");
  EXPECT_IMAGE("\0\0\2\0\1\0\x20\x20", "Windows cursor");
  EXPECT_IMAGE("icns\0\0\1\0", "Apple icon");
  EXPECT_IMAGE("\x76\x2f\x31\x01\2\0\0\0", "OpenEXR");
  EXPECT_IMAGE("#?RADIANCE\n", "Radiance HDR");
  EXPECT_IMAGE("BPG\xfb\0", "BPG");
  EXPECT_IMAGE("FLIF31", "FLIF");
  EXPECT_IMAGE("DDS \x7c\0\0\0", "DDS texture");
  EXPECT_IMAGE("\xabKTX 20\xbb\r\n\x1a\n", "KTX texture");
  EXPECT_IMAGE("\xd7\xcd\xc6\x9a\0\0", "Windows metafile");
  EXPECT_IMAGE("FORM\0\0\1\0ILBMBMHD", "IFF ILBM");
  EXPECT_IMAGE("%PDF-1.7", "PDF");
  EXPECT_IMAGE("\n\n%PDF-1.4", "PDF");
  EXPECT_IMAGE("%!PS-Adobe-3.0 EPSF-3.0", "PostScript");
  EXPECT_IMAGE("\xc5\xd0\xd3\xc6\x20\0\0\0", "Encapsulated PostScript");
  EXPECT_IMAGE("AT&TFORM\0\0\1\0DJVU", "DjVu");
  EXPECT_IMAGE("%!\n/Times findfont", "PostScript");
  EXPECT_IMAGE("/* XPM */\nstatic char *x[] = {", "XPM");
  EXPECT_IMAGE("\n/*XPM*/\n", "XPM");
  EXPECT_IMAGE("! XPM2\n", "XPM");
  EXPECT_IMAGE("PK\3\4\x14\0\0\0\0\0\0\0\0\0\0\0\0\0\x10\0\0\0\x10\0\0\0\x08\0\0\0mimetypeimage/openraster",
               "OpenRaster");
}

static void formats_without_a_signature(void **state) {
  (void)state;
  EXPECT_IMAGE("P6\n2 2\n255\n............", "Netpbm");
  EXPECT_IMAGE("P3 # made by hand\n2 2 255", "Netpbm");
  EXPECT_IMAGE("P5#comment\n2 2\n255\n....", "Netpbm");
  EXPECT_IMAGE("P7\nWIDTH 4\n", "Netpbm");
  EXPECT_IMAGE("Pf\n2 2\n-1.0\n", "Netpbm");
  EXPECT_OTHER("P1 is the first page", "no image");
  EXPECT_OTHER("Perl", "no image");
  /* Uncompressed true colour, 2 x 2, 24 bits; colour mapped; and a footer alone. */
  EXPECT_IMAGE("\0\0\2\0\0\0\0\0\0\0\0\0\2\0\2\0\x18\0............", "TGA");
  EXPECT_IMAGE("\0\1\1\0\0\2\0\x18\0\0\0\0\2\0\2\0\x08\0......\0\1\1\0", "TGA");
  EXPECT_OTHER("\0\0\x0a\0\0\0\0\0\0\0\0\0\2\0\2\0\x19\0............", "no image"); /* 25 bits a pixel */
  char footer[60] = "anything at all";
  memcpy(footer + 60 - 18, "TRUEVISION-XFILE.", 18);
  expect(footer, sizeof footer, HASHSCAN_STATUS_UNSUPPORTED, "TGA is not decoded");
  EXPECT_IMAGE("\0\0\x09\2\x80\x80\x80\x80", "WBMP");   /* 9 x 2: four bytes of pixels */
  EXPECT_OTHER("\0\0\x09\2\x80\x80\x80", "no image");   /* one is missing */
  EXPECT_OTHER("\0\0\xff\xff\xff\xff\xff", "no image"); /* a number without end */
  uint8_t pcx[128] = {10, 5, 1, 8};
  pcx[65] = 3;
  expect(pcx, sizeof pcx, HASHSCAN_STATUS_UNSUPPORTED, "PCX is not decoded");
  uint8_t dicom[132] = {0};
  memcpy(dicom + 128, "DICM", 4);
  expect(dicom, sizeof dicom, HASHSCAN_STATUS_UNSUPPORTED, "DICOM is not decoded");
  EXPECT_IMAGE("made by hand\n#define a_width 8\n#define a_height 1\nstatic char a_bits[] = {0xff};\n", "XBM");
  EXPECT_OTHER("#define width 8\n#define height 1\nint main(void) {}\n", "no image");
}

static void media_files_are_told_by_every_brand(void **state) {
  (void)state;
#define BOX                                                                                                            \
  "\0\0\0\x1c"                                                                                                         \
  "ftyp"
  EXPECT_IMAGE(BOX "heic\0\0\0\0mif1heic", "HEIF");
  EXPECT_IMAGE(BOX "avif\0\0\0\0mif1miaf", "AVIF");
  EXPECT_IMAGE(BOX "jxl \0\0\0\0jxl ", "JPEG XL");
  EXPECT_IMAGE(BOX "crx \0\0\0\1crx isom", "Canon raw");
  EXPECT_IMAGE(BOX "isom\0\0\0\0iso8mif1avif", "HEIF"); /* a reader of HEIF takes it */
  EXPECT_OTHER(BOX "isom\0\0\2\0isomiso2avc1mp41", "MP4 video");
  EXPECT_OTHER("\0\0\0\x14"
               "ftypqt  \0\0\0\0qt  ",
               "QuickTime video");
  /* The minor version is no brand, and what follows the box is none either. */
  EXPECT_OTHER(BOX "isomavif....mp41"
                   "\0\0\0\x08",
               "MP4 video");
  EXPECT_OTHER("\0\0\0\x14"
               "ftypmp42\0\0\0\0mp42\0\0\0\x08heic",
               "MP4 video");
  EXPECT_IMAGE("\0\0\0\0"
               "ftypheic",
               "HEIF"); /* a box of no size, cut right here */
}

static void svg_behind_any_prolog(void **state) {
  (void)state;
  EXPECT_IMAGE("<svg xmlns='http://www.w3.org/2000/svg'/>", "SVG");
  EXPECT_IMAGE("\xef\xbb\xbf<?xml version='1.0'?>\n<svg>", "SVG");
  EXPECT_IMAGE(" \r\n\t<svg>", "SVG");
  EXPECT_IMAGE("<?xml version='1.0'?><!-- <html> --><?x y?>\n<!-- - -- --><svg:svg>", "SVG");
  EXPECT_IMAGE("<!DOCTYPE svg PUBLIC '-//W3C//DTD SVG 1.1//EN' 'x'><x/>", "SVG");
  EXPECT_IMAGE("<!DOCTYPE x [ <!ENTITY a '>]>'> <!-- ]> --> <?p ]> ?> ]><a:svg b='c'>", "SVG");
  EXPECT_IMAGE("<!DOCTYPE x [ <!ENTITY broken <svg >", "SVG");
  EXPECT_IMAGE("\xff\xfe<\0s\0v\0g\0>\0", "SVG");
  EXPECT_IMAGE("\xfe\xff\0<\0?\0x\0?\0>\0<\0s\0v\0g\0/", "SVG");
  EXPECT_IMAGE("<\0s\0v\0g\0 \0", "SVG");
  EXPECT_OTHER("<!DOCTYPE html><html><body><svg/></body></html>", "no image");
  EXPECT_OTHER("<svgx/>", "no image");
  EXPECT_OTHER("<?xml version='1.0'?><rss><svg/></rss>", "no image");
  EXPECT_OTHER("<", "no image");
  EXPECT_OTHER("\xff\xfe", "no image");
}

/* Each shape of text that could be read again and again: the time must grow with the size alone. */
static void long_prologs_take_linear_time(void **state) {
  (void)state;
  static const char *const units[] = {"<!---->", "<!--", "<a", "<?a?>", "<!DOCTYPE x [", "a:", "<a:", "'<!DOCTYPE x "};
  enum { SIZE = 4 << 20 };
  uint8_t *text = malloc(SIZE);
  assert_non_null(text);
  for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
    const size_t length = strlen(units[i]);
    for (size_t at = 0; at < SIZE; at++) text[at] = (uint8_t)units[i][at % length];
    text[0] = '<';
    struct decoded decoded = decoded_from(text, SIZE, NULL); /* a square of that would take hours */
    assert_int_equal(decoded.status, HASHSCAN_STATUS_NOT_IMAGE);
    decoded_free(&decoded);
  }
  free(text);
}

/* One member of a gzip file. Returns its size. */
static size_t compress_member(const char *text, size_t size, uint8_t *packed, size_t room) {
  z_stream stream = {.next_in = (const uint8_t *)text, .avail_in = (uInt)size};
  stream.next_out = packed;
  stream.avail_out = (uInt)room;
  assert_int_equal(deflateInit2(&stream, 9, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY), Z_OK);
  assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
  deflateEnd(&stream);
  return room - stream.avail_out;
}

static void expect_compressed(const char *text, size_t size, hashscan_status status, const char *reason) {
  uint8_t packed[4096];
  const size_t used = compress_member(text, size, packed, sizeof packed);
  expect(packed, used, status, reason);
  if (status == HASHSCAN_STATUS_UNSUPPORTED) expect(packed, used - 8, status, reason); /* cut */
}

static void gzip_is_looked_into(void **state) {
  (void)state;
  expect_compressed("<svg width='1'/>", 16, HASHSCAN_STATUS_UNSUPPORTED, "SVG in gzip is not decoded");
  expect_compressed("\xff\xd8\xff\xe0", 4, HASHSCAN_STATUS_UNSUPPORTED,
                    "JPEG in gzip is not decoded, only JPEG and PNG");
  expect_compressed("a log file\n", 11, HASHSCAN_STATUS_NOT_IMAGE, "gzip archive");
  expect_compressed("PK\3\4", 4, HASHSCAN_STATUS_NOT_IMAGE, "gzip archive");
  /* Whatever stands before the svg element, and in whichever member it is. */
  static char text[(1 << 20) + 100];
  memset(text, ' ', sizeof text);
  memcpy(text + 50000, "<svg/>", 6);
  expect_compressed(text, 60000, HASHSCAN_STATUS_UNSUPPORTED, "SVG in gzip is not decoded");
  memcpy(text + 50000, "<!-- ", 5);
  memcpy(text + 200000, "--><svg/>", 9);
  expect_compressed(text, 210000, HASHSCAN_STATUS_UNSUPPORTED, "SVG in gzip is not decoded");
  memset(text + 200000, ' ', 9);
  expect_compressed(text, sizeof text, HASHSCAN_STATUS_UNSUPPORTED, "XML that may be SVG in gzip");
  text[0] = 'a';
  expect_compressed(text, sizeof text, HASHSCAN_STATUS_NOT_IMAGE, "gzip archive");
  uint8_t members[200];
  const size_t empty = compress_member("", 0, members, sizeof members);
  const size_t second = compress_member("<svg/>", 6, members + empty, sizeof members - empty);
  expect(members, empty + second, HASHSCAN_STATUS_UNSUPPORTED, "SVG in gzip is not decoded");
  EXPECT_OTHER("\x1f\x8b", "gzip archive");
  EXPECT_OTHER("\x1f\x8b\x08\xff\xff\xff\xff\xff\xff\xff\xff", "gzip archive");
}

static void pictures_behind_something_else(void **state) {
  (void)state;
  expect("GET /\r\n\r\n\xff\xd8\xff\xe0\0\x10JFIF", 19, HASHSCAN_STATUS_UNSUPPORTED, "JPEG at byte 9,");
  expect("\n\x89PNG\r\n\x1a\n", 9, HASHSCAN_STATUS_UNSUPPORTED, "PNG at byte 1,");
  uint8_t far[5000];
  memset(far, 'x', sizeof far);
  memcpy(far + 4092, "\xff\xd8\xff\xdb", 4);
  expect(far, sizeof far, HASHSCAN_STATUS_UNSUPPORTED, "at byte 4092");
  memset(far, 'x', sizeof far);
  memcpy(far + 4093, "\xff\xd8\xff\xdb", 4);
  expect(far, sizeof far, HASHSCAN_STATUS_NOT_IMAGE, "no image");
  EXPECT_OTHER("PK\3\4....\xff\xd8\xff\xe0", "ZIP archive"); /* an archive is an archive */
}

static void what_is_no_image(void **state) {
  (void)state;
  expect(NULL, 0, HASHSCAN_STATUS_NOT_IMAGE, "empty file");
  EXPECT_OTHER("This is a text file named holiday.jpg.\n", "begins like no image");
  EXPECT_OTHER("\0", "begins like no image");
  EXPECT_OTHER("BMW and Mini", "begins like no image");
  EXPECT_OTHER("GIFTS for all", "begins like no image");
  EXPECT_OTHER("Support WEBP", "begins like no image");
  EXPECT_OTHER("PK\3\4", "ZIP archive, not an image");
  EXPECT_OTHER("7z\xbc\xaf\x27\x1c", "7-Zip archive");
  EXPECT_OTHER("RIFF\x10\0\0\0AVI LIST", "AVI video");
  EXPECT_OTHER("\x1a\x45\xdf\xa3", "Matroska or WebM video");
  EXPECT_OTHER("\0\0\1\xba", "MPEG video");
  EXPECT_OTHER("ID3\3", "MP3 sound");
}

/* As far as they go, these begin a JPEG or a PNG: something was cut. */
static void starts_of_signatures_are_cut_files(void **state) {
  (void)state;
  for (size_t size = 1; size <= 3; size++) {
    expect("\xff\xd8\xff", size, HASHSCAN_STATUS_CORRUPT, "");
    expect("\xff\xd8", size < 2 ? size : 2, HASHSCAN_STATUS_CORRUPT, "");
    expect("\x89PNG", size, HASHSCAN_STATUS_CORRUPT, "cut within the signature");
  }
  expect("\x89PNG\n\x1a\n\0\0\0\x0dIHDR", 16, HASHSCAN_STATUS_CORRUPT, "ASCII conversion");
}

/* Every start that means something, cut and changed anywhere: read within bounds (the sanitizers watch, and the bytes
 * end at an unmapped page) and answered with one of two statuses. */
static void changed_starts(void **state) {
  (void)state;
  static const char starts[][40] = {"<?xml?><!DOCTYPE a [<!--",
                                    "\xff\xfe<\0!\0-\0-",
                                    "\0\0\0\x1c"
                                    "ftypmif1....heic",
                                    "\x1f\x8b\x08\0\0\0\0\0\0\3\xb3)I\xcb",
                                    "P6 2 2 255",
                                    "\0\0\x81\1\1....",
                                    "\0\1\1\0\0\2\0\x18\0\0\0\0\2\0\2\0\x08",
                                    "#define width height bits[]"};
  struct random_state random = random_seeded(5);
  for (int round = 0; round < 20000; round++) {
    uint8_t bytes[40];
    memcpy(bytes, starts[round % 8], sizeof bytes);
    const size_t size = 1 + random_next(&random) % sizeof bytes;
    for (uint64_t changes = random_next(&random) % 4; changes > 0; changes--)
      bytes[random_next(&random) % size] = (uint8_t)random_next(&random);
    struct decoded decoded = decoded_from(bytes, size, NULL);
    assert_true(decoded.status == HASHSCAN_STATUS_NOT_IMAGE || decoded.status == HASHSCAN_STATUS_UNSUPPORTED ||
                decoded.status == HASHSCAN_STATUS_CORRUPT);
    decoded_free(&decoded);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(image_formats_are_named),
      cmocka_unit_test(formats_without_a_signature),
      cmocka_unit_test(media_files_are_told_by_every_brand),
      cmocka_unit_test(svg_behind_any_prolog),
      cmocka_unit_test(long_prologs_take_linear_time),
      cmocka_unit_test(gzip_is_looked_into),
      cmocka_unit_test(pictures_behind_something_else),
      cmocka_unit_test(what_is_no_image),
      cmocka_unit_test(starts_of_signatures_are_cut_files),
      cmocka_unit_test(changed_starts),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
