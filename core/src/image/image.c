/* SPDX-License-Identifier: Apache-2.0 */
/* From bytes to a decoder: the container is told by its first bytes, never by a name, and the decoder's job is set up
 * with its deadline. Formats that are known but not decoded are named, so that an operator can see what a scan leaves
 * unexamined. What the decoders share (decoder.h) follows. */
#include "image/image.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "image/decoder.h"

/* A container that is recognised and refused. */
struct container {
  size_t offset;
  const char *magic;
  size_t length;
  const char *name;
};

#define AT(offset, magic, name)                                                                                        \
  { offset, magic, sizeof magic - 1, name }

/* The first entry that fits wins: brands of ISO base media files stand before the box type they share. */
static const struct container containers[] = {
    AT(0, "GIF8", "GIF"),
    AT(8, "WEBP", "WebP"),
    AT(8, "AVI ", "AVI video"),
    AT(0, "II*\0", "TIFF"),
    AT(0, "MM\0*", "TIFF"),
    AT(0, "II+\0", "BigTIFF"),
    AT(0, "MM\0+", "BigTIFF"),
    AT(4, "ftypavif", "AVIF"),
    AT(4, "ftypavis", "AVIF"),
    AT(4, "ftyphe", "HEIF"),
    AT(4, "ftypmif1", "HEIF"),
    AT(4, "ftypmsf1", "HEIF"),
    AT(4, "ftypjxl ", "JPEG XL"),
    AT(4, "ftypqt", "QuickTime video"),
    AT(4, "ftyp", "MP4 video"),
    AT(4, "JXL \r\n\x87\n", "JPEG XL"),
    AT(0, "\xff\x0a", "JPEG XL"),
    AT(4, "jP  \r\n\x87\n", "JPEG 2000"),
    AT(0, "\xff\x4f\xff\x51", "JPEG 2000"),
    AT(0, "\x1a\x45\xdf\xa3", "Matroska or WebM video"),
    AT(0, "\0\0\x01\xba", "MPEG video"),
    AT(0, "8BPS", "Photoshop"),
    AT(0, "\x8aMNG", "MNG"),
    AT(0, "\x8bJNG", "JNG"),
    AT(0, "qoif", "QOI"),
    AT(0, "\0\0\x01\0", "Windows icon"),
    AT(0, "\x76\x2f\x31\x01", "OpenEXR"),
    AT(128, "DICM", "DICOM"),
    AT(0, "%PDF-", "PDF"),
    AT(0, "%!PS", "PostScript"),
    AT(0, "<svg", "SVG"),
    AT(0, "PK\x03\x04", "ZIP"),
    AT(0, "PK\x05\x06", "ZIP"),
    AT(0, "\x1f\x8b", "gzip"),
    AT(0, "7z\xbc\xaf\x27\x1c", "7-Zip"),
    AT(0, "Rar!\x1a\x07", "RAR"),
    AT(0, "BM", "BMP"),
};

static bool has_at(const struct decode_job *job, size_t offset, const char *magic, size_t length) {
  return job->size >= length && job->size - length >= offset && memcmp(job->bytes + offset, magic, length) == 0;
}

/* Two bytes are the whole of a JPEG cut right after its start marker. */
static bool is_jpeg(const struct decode_job *job) {
  return has_at(job, 0, "\xff\xd8\xff", 3) || (job->size == 2 && has_at(job, 0, "\xff\xd8", 2));
}

/* Four bytes of the eight: the rest of the signature tells how a transfer mangled the file, and libpng says so. */
static bool is_png(const struct decode_job *job) {
  return has_at(job, 0, "\x89PNG", 4);
}

static hashscan_status refuse(struct decode_job *job) {
  for (size_t i = 0; i < sizeof containers / sizeof *containers; i++) {
    const struct container *container = &containers[i];
    if (has_at(job, container->offset, container->magic, container->length))
      return decode_end(job, HASHSCAN_STATUS_UNSUPPORTED, "%s is not decoded, only JPEG and PNG", container->name);
  }
  return decode_end(job, HASHSCAN_STATUS_UNSUPPORTED, "not a JPEG or PNG image");
}

hashscan_status image_decode(const uint8_t *bytes, size_t size, const hashscan_limits *limits,
                             const struct image_sink *sink, struct image_info *info,
                             char reason[HASHSCAN_REASON_SIZE]) {
  struct decode_job job = {
      .bytes = bytes, .size = size, .limits = limits, .sink = sink, .info = info, .reason = reason};
  job.deadline = clock_seconds() + limits->max_seconds;
  *info = (struct image_info){0};
  reason[0] = '\0';
  if (size == 0) return decode_end(&job, HASHSCAN_STATUS_CORRUPT, "empty file");
  if (is_jpeg(&job)) return jpeg_decode(&job);
  if (is_png(&job)) return png_decode(&job);
  return refuse(&job);
}

hashscan_status decode_end(struct decode_job *job, hashscan_status status, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  if (vsnprintf(job->reason, HASHSCAN_REASON_SIZE, format, arguments) < 0) job->reason[0] = '\0';
  va_end(arguments);
  for (char *c = job->reason; *c != '\0'; c++)
    if ((unsigned char)*c < 0x20 || *c == 0x7f) *c = '?';
  return status;
}

hashscan_status decode_check_size(struct decode_job *job, uint32_t max_side, const char *limit_name) {
  const uint32_t width = job->info->width;
  const uint32_t height = job->info->height;
  if (width > max_side || height > max_side)
    return decode_end(job, HASHSCAN_STATUS_LIMIT,
                      "picture is %" PRIu32 "x%" PRIu32 ", over the limit of %" PRIu32 " pixels a side (%s)", width,
                      height, max_side, limit_name);
  if ((uint64_t)width * height > job->limits->max_pixels)
    return decode_end(job, HASHSCAN_STATUS_LIMIT,
                      "picture is %" PRIu32 "x%" PRIu32 ", over the limit of %" PRIu64 " pixels (max_pixels)", width,
                      height, job->limits->max_pixels);
  return HASHSCAN_STATUS_OK;
}

hashscan_status decode_check_time(struct decode_job *job) {
  if (clock_seconds() <= job->deadline) return HASHSCAN_STATUS_OK;
  return decode_end(job, HASHSCAN_STATUS_TIMEOUT, "decoding took longer than %g seconds (max_seconds)",
                    job->limits->max_seconds);
}

hashscan_status decode_over_memory(struct decode_job *job) {
  return decode_end(job, HASHSCAN_STATUS_LIMIT, "decoding needs more than %" PRIu64 " bytes (max_decoder_bytes)",
                    job->limits->max_decoder_bytes);
}

hashscan_status decode_refused(struct decode_job *job) {
  return decode_end(job, HASHSCAN_STATUS_LIMIT, "out of memory");
}

hashscan_status decode_begin(struct decode_job *job) {
  return job->sink->begin(job->sink->user, job->info) ? HASHSCAN_STATUS_OK : decode_refused(job);
}

static bool give_rows(struct decode_job *job, const uint8_t *pixels, size_t stride, uint32_t count) {
  const struct image_sink *sink = job->sink;
  if (sink->rows != NULL) return sink->rows(sink->user, pixels, stride, count);
  bool taken = true;
  for (uint32_t i = 0; taken && i < count; i++) taken = sink->row(sink->user, pixels + i * stride);
  return taken;
}

hashscan_status decode_rows(struct decode_job *job, const uint8_t *pixels, size_t stride, uint32_t count) {
  const hashscan_status status = decode_check_time(job);
  if (status != HASHSCAN_STATUS_OK) return status;
  if (!give_rows(job, pixels, stride, count)) return decode_refused(job);
  job->rows += count;
  return HASHSCAN_STATUS_OK;
}

hashscan_status decode_row(struct decode_job *job, const uint8_t *pixels) {
  return decode_rows(job, pixels, 0, 1);
}

void decode_warn(struct decode_job *job, const char *text) {
  if (job->warnings++ == 0) snprintf(job->first_warning, sizeof job->first_warning, "%s", text);
}

hashscan_status decode_failed(struct decode_job *job, hashscan_status status, const char *text) {
  if (job->rows != 0 && job->rows == job->info->height)
    return decode_end(job, HASHSCAN_STATUS_DAMAGED, "%s (after the last row)", text);
  return decode_end(job, status, "%s", text);
}

hashscan_status decode_finished(struct decode_job *job) {
  if (job->warnings == 0) return HASHSCAN_STATUS_OK;
  if (job->warnings == 1) return decode_end(job, HASHSCAN_STATUS_DAMAGED, "%s", job->first_warning);
  return decode_end(job, HASHSCAN_STATUS_DAMAGED, "%s (the first of %" PRIu64 " warnings)", job->first_warning,
                    job->warnings);
}
