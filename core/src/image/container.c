/* SPDX-License-Identifier: Apache-2.0 */
/* Signatures in two tables, image formats and all else, and a few formats that take more than a signature: markup.c has
 * those that are text, here are BMP, TGA, WBMP, PCX, Netpbm and the brands of ISO base media files (ISO/IEC 14496-12).
 *
 * What counts as an image: whatever image viewers, browsers or imaging tools of a field open as pictures, camera raw
 * files, textures and medical images among them, and pages that are shown the same way (PDF, PostScript, DjVu). Videos
 * are not, nor are archives, office documents (which are ZIP archives) and sound, though each can hold pictures. */
#include "image/container.h"

#include <limits.h>
#include <string.h>
#define ZLIB_CONST
#include <zlib.h>

#include "base/bytes.h"
#include "base/memory.h"
#include "image/decoder_table.h"
#include "image/markup.h"

struct signature {
  size_t offset;
  const char *magic;
  size_t length;
  const char *name;
};

#define AT(offset, magic, name)                                                                                        \
  { offset, magic, sizeof magic - 1, name }

static const struct signature images[] = {
    AT(0, "II*\0", "TIFF"), /* camera raw too: CR2, NEF, ARW, DNG, PEF and more */
    AT(0, "MM\0*", "TIFF"),
    AT(0, "II+\0", "BigTIFF"),
    AT(0, "MM\0+", "BigTIFF"),
    AT(0, "EP*\0", "TIFF"), /* Microsoft Document Imaging */
    AT(0, "II\xbc", "JPEG XR"),
    AT(0, "IIRO\x08", "Olympus raw"),
    AT(0, "IIRS\x08", "Olympus raw"),
    AT(0, "MMOR\0\0", "Olympus raw"),
    AT(0, "IIU\0", "Panasonic raw"),
    AT(6, "HEAPCCDR", "Canon raw"),
    AT(0, "FUJIFILMCCD-RAW", "Fujifilm raw"),
    AT(0, "\0MRM", "Minolta raw"),
    AT(0, "FOVb", "Sigma raw"),
    AT(4, "JXL \r\n\x87\n", "JPEG XL"),
    AT(0, "\xff\x0a", "JPEG XL"),
    AT(4, "jP  \r\n\x87\n", "JPEG 2000"),
    AT(4, "jP\x1a\x1a\r\n\x87\n", "JPEG 2000"),
    AT(0, "\xff\x4f\xff\x51", "JPEG 2000"),
    AT(0, "\xff\x10\xff\x50", "JPEG XS"),
    AT(0, "\x97JB2\r\n\x1a\n", "JBIG2"),
    AT(0, "8BPS", "Photoshop"),
    AT(0, "gimp xcf ", "GIMP"),
    AT(0, "Paint Shop Pro Image File", "Paint Shop Pro"),
    AT(30, "mimetypeimage/openraster", "OpenRaster"),
    AT(30, "mimetypeapplication/x-krita", "Krita"),
    AT(0, "\x8aMNG", "MNG"),
    AT(0, "\x8bJNG", "JNG"),
    AT(0, "qoif", "QOI"),
    AT(0, "FLIF", "FLIF"),
    AT(0, "BPG\xfb", "BPG"),
    AT(0, "icns", "Apple icon"),
    AT(0, "\0\0\x01\0", "Windows icon"),
    AT(0, "\0\0\x02\0", "Windows cursor"),
    AT(0, "\x76\x2f\x31\x01", "OpenEXR"),
    AT(0, "#?RADIANCE", "Radiance HDR"),
    AT(0, "#?RGBE", "Radiance HDR"),
    AT(128, "DICM", "DICOM"),
    AT(0, "\x08\0\5\0", "DICOM"), /* without its preamble: the data set begins with group 8, or with group 2 */
    AT(0, "\x08\0\0\0\4\0\0\0", "DICOM"),
    AT(0, "\2\0\0\0UL\4\0", "DICOM"),
    AT(344, "n+1", "NIfTI"),
    AT(0, "NRRD000", "NRRD"),
    AT(0, "SIMPLE  =", "FITS"),
    AT(0, "SDPX", "DPX"),
    AT(0, "XPDS", "DPX"),
    AT(0, "\x80\x2a\x5f\xd7", "Cineon"),
    AT(0, "\x01\xda\0\1", "SGI"),
    AT(0, "\x01\xda\1\1", "SGI"),
    AT(0, "\x01\xda\0\2", "SGI"),
    AT(0, "\x01\xda\1\2", "SGI"),
    AT(0, "\x59\xa6\x6a\x95", "Sun raster"),
    AT(4, "\0\0\0\7\0\0\0\2", "X window dump"),
    AT(0, "farbfeld", "farbfeld"),
    AT(522, "\0\x11\2\xff\x0c\0", "PICT"),
    AT(0, "DDS \x7c\0\0\0", "DDS texture"),
    AT(0, "\xabKTX 11\xbb\r\n\x1a\n", "KTX texture"),
    AT(0, "\xabKTX 20\xbb\r\n\x1a\n", "KTX texture"),
    AT(0, "PVR\3", "PVR texture"),
    AT(0, "\x13\xab\xa1\x5c", "ASTC texture"),
    AT(0, "VTF\0", "VTF texture"),
    AT(0, "\x3a\xde\x68\xb1", "DCX"),
    AT(0, "\xb1\x68\xde\x3a", "DCX"),
    AT(0, "\xd7\xcd\xc6\x9a", "Windows metafile"),
    AT(0, "\1\0\x09\0\0\3", "Windows metafile"),
    AT(0, "\2\0\x09\0\0\3", "Windows metafile"),
    AT(40, " EMF", "Windows enhanced metafile"),
    AT(2048, "PCD_IPI", "Photo CD"),
    AT(0, "msid\1", "MrSID"),
    AT(0, "AT&TFORM", "DjVu"),
    AT(0, "%!", "PostScript"),
    AT(0, "\4%!", "PostScript"),
    AT(0, "\xc5\xd0\xd3\xc6", "Encapsulated PostScript"),
};

/* Archives, videos, sound and other files that are met on every storage. */
static const struct signature others[] = {
    AT(0, "PK\3\4", "ZIP archive"),
    AT(0, "PK\5\6", "ZIP archive"),
    AT(0, "PK\7\x08", "ZIP archive"),
    AT(0, "7z\xbc\xaf\x27\x1c", "7-Zip archive"),
    AT(0, "Rar!\x1a\7", "RAR archive"),
    AT(0, "BZh", "bzip2 archive"),
    AT(0, "\xfd\x37zXZ\0", "XZ archive"),
    AT(0, "\x28\xb5\x2f\xfd", "Zstandard archive"),
    AT(0, "\x04\x22\x4d\x18", "LZ4 archive"),
    AT(257, "ustar", "tar archive"),
    AT(0, "!<arch>\n", "ar archive"),
    AT(0, "070701", "cpio archive"),
    AT(0, "MSCF", "cabinet archive"),
    AT(32769, "CD001", "ISO 9660 image of a disc"),
    AT(8, "AVI ", "AVI video"),
    AT(0, "\x1a\x45\xdf\xa3", "Matroska or WebM video"),
    AT(0, "\0\0\x01\xba", "MPEG video"),
    AT(0, "\0\0\x01\xb3", "MPEG video"),
    AT(0, "FLV\1", "Flash video"),
    AT(0, "\x30\x26\xb2\x75\x8e\x66\xcf\x11", "ASF or WMV video"),
    AT(0, "OggS", "Ogg media"),
    AT(4, "moov", "QuickTime video"),
    AT(4, "mdat", "QuickTime video"),
    AT(4, "wide", "QuickTime video"),
    AT(8, "WAVE", "WAV sound"),
    AT(0, "fLaC", "FLAC sound"),
    AT(0, "ID3", "MP3 sound"),
    AT(0, "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "OLE document"),
    AT(0, "SQLite format 3", "SQLite database"),
    AT(0,
       "\x7f"
       "ELF",
       "ELF program"),
};

static bool has_at(const uint8_t *bytes, size_t size, size_t offset, const char *magic, size_t length) {
  return size >= length && size - length >= offset && memcmp(bytes + offset, magic, length) == 0;
}

#define FIND(table, bytes, size) find_signature(table, sizeof(table) / sizeof *(table), bytes, size)

static const char *find_signature(const struct signature *table, size_t count, const uint8_t *bytes, size_t size) {
  for (size_t i = 0; i < count; i++)
    if (has_at(bytes, size, table[i].offset, table[i].magic, table[i].length)) return table[i].name;
  return NULL;
}

struct form {
  const char *group, *type, *name;
};

/* IFF and RIFF: a group, its size, and the type of the form. */
static const struct form image_forms[] = {
    {"RIFF", "WEBP", "WebP"},        {"RIFF", "ACON", "Windows animated cursor"},
    {"RIFF", "RDIB", "RIFF bitmap"}, {"FORM", "ILBM", "IFF ILBM"},
    {"FORM", "PBM ", "IFF ILBM"},    {"FORM", "ACBM", "IFF ILBM"},
    {"FORM", "RGB8", "IFF ILBM"},    {"FORM", "RGBN", "IFF ILBM"},
    {"FORM", "DEEP", "IFF ILBM"},    {"FOR4", "CIMG", "Maya IFF"},
};

static const char *image_by_form(const uint8_t *bytes, size_t size) {
  if (size < 12) return NULL;
  for (size_t i = 0; i < sizeof image_forms / sizeof *image_forms; i++)
    if (memcmp(bytes, image_forms[i].group, 4) == 0 && memcmp(bytes + 8, image_forms[i].type, 4) == 0)
      return image_forms[i].name;
  return NULL;
}

static bool is_digit(uint8_t c) {
  return c >= '0' && c <= '9';
}

/* ---- Formats whose signature alone would take in text, or that have none ------------------------------------------*/

/* No control characters among the first bytes but those of text. */
static bool is_text(const uint8_t *bytes, size_t size) {
  for (size_t i = 0; i < size && i < 64; i++)
    if (bytes[i] < '\t' || (bytes[i] > '\r' && bytes[i] < ' ')) return false;
  return true;
}

/* Some readers take any version. */
static bool is_gif(const uint8_t *bytes, size_t size) {
  return size >= 4 && memcmp(bytes, "GIF", 3) == 0 && (is_digit(bytes[3]) || !is_text(bytes, size));
}

/* The size of the second header has zeros among the first bytes. "BA" is OS/2's array of bitmaps. */
static bool is_bmp(const uint8_t *bytes, size_t size) {
  return size >= 2 && bytes[0] == 'B' && (bytes[1] == 'M' || bytes[1] == 'A') && !is_text(bytes, size);
}

/* P1 to P6, PAM (P7), PFM (PF, Pf): white space or a comment, then a digit or a letter of PAM's header. */
static bool is_netpbm(const uint8_t *bytes, size_t size) {
  if (size < 4 || bytes[0] != 'P') return false;
  const bool pam = bytes[1] == '7';
  if (!(bytes[1] >= '1' && bytes[1] <= '7') && bytes[1] != 'F' && bytes[1] != 'f') return false;
  size_t at = 2;
  while (at < size && (bytes[at] == ' ' || (bytes[at] >= '\t' && bytes[at] <= '\r'))) at++;
  if (at == size) return false;
  if (bytes[at] == '#') return true;
  return at > 2 && (is_digit(bytes[at]) || (pam && bytes[2] == '\n' && bytes[at] >= 'A' && bytes[at] <= 'Z'));
}

static bool is_pcx(const uint8_t *bytes, size_t size) {
  return size >= 128 && bytes[0] == 10 && bytes[1] <= 5 && bytes[2] <= 1 && bytes[65] >= 1 && bytes[65] <= 4 &&
         (bytes[3] == 1 || bytes[3] == 2 || bytes[3] == 4 || bytes[3] == 8);
}

static bool is_tga_depth(uint8_t depth) {
  return depth == 8 || depth == 15 || depth == 16 || depth == 24 || depth == 32;
}

/* Version 2 has a footer. Version 1 is told by a header in which nothing is impossible. */
static bool is_tga(const uint8_t *bytes, size_t size) {
  static const char footer[] = "TRUEVISION-XFILE.";
  if (size >= 44 && memcmp(bytes + size - sizeof footer, footer, sizeof footer) == 0) return true;
  if (size <= 18 || bytes[1] > 1 || (bytes[2] & ~0x0b) != 0 || (bytes[2] & 3) == 0) return false;
  const bool mapped = (bytes[2] & 3) == 1;
  static const uint8_t no_map[5];
  if (mapped != (bytes[1] == 1)) return false;
  if (mapped ? load_le16(bytes + 5) == 0 || !is_tga_depth(bytes[7]) : memcmp(bytes + 3, no_map, 5) != 0) return false;
  return load_le16(bytes + 12) > 0 && load_le16(bytes + 14) > 0 && is_tga_depth(bytes[16]) && bytes[17] < 0x40;
}

/* WAP's multi-byte integers: seven bits a byte, the eighth says that more follow. 0 when there is none. */
static uint32_t read_wap(const uint8_t *bytes, size_t size, size_t *at) {
  uint32_t value = 0;
  for (int i = 0; i < 3 && *at < size; i++) {
    const uint8_t byte = bytes[(*at)++];
    value = value << 7 | (byte & 0x7f);
    if (byte < 0x80) return value;
  }
  return 0;
}

/* Type 0 is the only one; the file must be large enough for its pixels. */
static bool is_wbmp(const uint8_t *bytes, size_t size) {
  if (size < 5 || bytes[0] != 0 || bytes[1] != 0) return false;
  size_t at = 2;
  const uint64_t width = read_wap(bytes, size, &at), height = read_wap(bytes, size, &at);
  return width > 0 && height > 0 && size - at >= (width + 7) / 8 * height;
}

/* Readers look for it among the first 1,024 bytes. */
static bool is_pdf(const uint8_t *bytes, size_t size) {
  return memmem(bytes, size < 1024 ? size : 1024, "%PDF-", 5) != NULL;
}

static const char *image_by_structure(const uint8_t *bytes, size_t size) {
  if (is_tga(bytes, size)) return "TGA";
  if (is_gif(bytes, size)) return "GIF";
  if (is_bmp(bytes, size)) return "BMP";
  if (is_netpbm(bytes, size)) return "Netpbm";
  if (is_pcx(bytes, size)) return "PCX";
  if (is_pdf(bytes, size)) return "PDF";
  return markup_image(bytes, size);
}

/* ---- ISO base media files -----------------------------------------------------------------------------------------*/

struct brand {
  char name[5]; /* compared as far as it goes */
  const char *format;
};

/* Brands of still images and of image sequences. */
static const struct brand image_brands[] = {
    {"avif", "AVIF"},      {"avis", "AVIF"},     {"avio", "AVIF"},     {"he", "HEIF"},        {"mif", "HEIF"},
    {"msf", "HEIF"},       {"miaf", "HEIF"},     {"jpeg", "HEIF"},     {"jpgs", "HEIF"},      {"j2k", "HEIF"},
    {"vvi", "HEIF"},       {"vvs", "HEIF"},      {"evb", "HEIF"},      {"pict", "HEIF"},      {"jxl", "JPEG XL"},
    {"jp2", "JPEG 2000"},  {"jpx", "JPEG 2000"}, {"jpm", "JPEG 2000"}, {"jpxb", "JPEG 2000"}, {"jxsi", "JPEG XS"},
    {"crx ", "Canon raw"},
};

static const char *image_brand(const uint8_t *brand) {
  for (size_t i = 0; i < sizeof image_brands / sizeof *image_brands; i++)
    if (memcmp(brand, image_brands[i].name, strlen(image_brands[i].name)) == 0) return image_brands[i].format;
  return NULL;
}

/* Readers of HEIF and AVIF take a file by any of its compatible brands, so a video that names one is a picture to them.
 */
static const char *iso_media(const uint8_t *bytes, size_t size, bool *image) {
  if (!has_at(bytes, size, 4, "ftyp", 4)) return NULL;
  const size_t box = load_be32(bytes);
  const size_t end = box >= 16 && box < size ? box : size < 4096 ? size : 4096;
  *image = true;
  for (size_t at = 8; at + 4 <= end; at += 4) {
    const char *format = at == 12 ? NULL : image_brand(bytes + at); /* 12: the minor version */
    if (format != NULL) return format;
  }
  *image = false;
  return has_at(bytes, size, 8, "qt", 2) ? "QuickTime video" : "MP4 video";
}

/* ---- All together -------------------------------------------------------------------------------------------------*/

static struct container identify(const uint8_t *bytes, size_t size) {
  struct container found = {.image = true};
  found.name = iso_media(bytes, size, &found.image);
  if (found.name == NULL) found.name = image_by_structure(bytes, size);
  if (found.name == NULL) found.name = image_by_form(bytes, size);
  if (found.name == NULL) found.name = FIND(images, bytes, size);
  if (found.name != NULL) return found;
  found.name = FIND(others, bytes, size);
  if (found.name == NULL && is_wbmp(bytes, size)) found.name = "WBMP";
  else found.image = false;
  return found;
}

/* Some tools find a picture behind a header of another kind (MacBinary, AppleSingle, saved HTTP answers). */
#define EMBEDDED_REACH 4096

static struct container find_embedded(const uint8_t *bytes, size_t size) {
  const size_t reach = size < EMBEDDED_REACH ? size : EMBEDDED_REACH;
  for (size_t at = 1; at + 4 <= reach; at++) {
    const struct decoder *decoder = decoder_table_find_embedded(bytes + at, reach - at);
    if (decoder != NULL) return (struct container){.name = decoder->name, .image = true, .embedded = at};
  }
  return (struct container){0};
}

/* How far a gzip file is looked into: an SVG may begin with comments of any length. */
#define INFLATED_REACH ((size_t)1 << 20)

/* The first bytes of a gzip file, whose members follow one another. 0 when it cannot be inflated. */
static size_t inflate_start(const uint8_t *bytes, size_t size, uint8_t *out) {
  z_stream stream = {.next_in = bytes, .avail_in = size < UINT_MAX ? (uInt)size : UINT_MAX};
  if (inflateInit2(&stream, 16 + MAX_WBITS) != Z_OK) return 0;
  stream.next_out = out;
  stream.avail_out = (uInt)INFLATED_REACH;
  while (inflate(&stream, Z_SYNC_FLUSH) == Z_STREAM_END && stream.avail_out > 0 && stream.avail_in > 0)
    if (inflateReset(&stream) != Z_OK) break;
  inflateEnd(&stream);
  return INFLATED_REACH - stream.avail_out;
}

/* Whether text that goes on may still turn out to be SVG. */
static bool may_become_svg(const uint8_t *start, size_t size) {
  size_t at = size >= 3 && memcmp(start, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
  while (at < size && (start[at] == ' ' || (start[at] >= '\t' && start[at] <= '\r'))) at++;
  return at == size || start[at] == '<';
}

/* Viewers inflate SVG, and some whatever it is. */
static struct container identify_inflated(const uint8_t *start, size_t size) {
  struct container inside = identify(start, size);
  bool cut;
  const struct decoder *decoder = decoder_table_find(start, size, &cut);
  if (decoder != NULL) inside = (struct container){.name = decoder->name, .image = true};
  if (!inside.image && size == INFLATED_REACH && may_become_svg(start, size))
    inside = (struct container){.name = "XML that may be SVG", .image = true};
  if (!inside.image) return (struct container){.name = "gzip archive"};
  inside.compressed = true;
  return inside;
}

static struct container identify_gzip(const uint8_t *bytes, size_t size) {
  uint8_t *start = memory_allocate(INFLATED_REACH);
  if (start == NULL) return (struct container){.name = "a gzip archive without memory to look into", .image = true};
  const size_t inflated = inflate_start(bytes, size, start);
  struct container found = {.name = "gzip archive"};
  if (inflated > 0) found = identify_inflated(start, inflated);
  memory_release(start);
  return found;
}

struct container container_identify(const uint8_t *bytes, size_t size) {
  if (has_at(bytes, size, 0, "\x1f\x8b", 2)) return identify_gzip(bytes, size);
  const struct container found = identify(bytes, size);
  return found.name == NULL ? find_embedded(bytes, size) : found;
}
