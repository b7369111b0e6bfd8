/* SPDX-License-Identifier: Apache-2.0 */
/* PNG without libpng: the chunks are walked and checked, libdeflate inflates the whole picture at once, and each row is
 * unfiltered in place and given to the sink while it is in the cache. For 8-bit grey, grey and alpha, RGB, RGBA, and
 * palettes of any depth, without interlacing.
 *
 * libpng stays the authority: a file that it would warn about or refuse is left to it, and so is everything unusual.
 * That is decided before the sink hears of the picture: chunks, checksums, the zlib stream to its last byte and all
 * filter types are checked first. One thing differs: a stream with codes that deflate leaves undefined (an incomplete
 * code, symbols 286 and 287, distances 30 and 31, code lengths repeated past their number) whose Adler-32 fits all the
 * same is decoded by libdeflate and refused by zlib. No encoder writes one, and damage does not keep the Adler-32. */
#include <string.h>
#include <sys/mman.h>

#include <libdeflate.h>
#include <png.h>

#include "base/checked.h"
#include "base/memory.h"
#include "image/png_chunks.h"
#include "image/png_fast.h"
#include "image/png_pixels.h"
#include "image/png_shown.h"
#include "image/unfilter.h"

/* What libdeflate's tables take, and no less than what libpng takes for the same picture (zlib's window, a few rows),
 * so that both refuse under the same max_decoder_bytes. */
enum { DECODER_BYTES = 1 << 20 };

struct picture {
  struct png_chunks chunks;
  struct png_shown shown;
  struct png_pixels pixels;
  size_t pixel_bytes; /* as filters count them: 1 when a pixel is smaller */
  size_t row_bytes;   /* of samples, without the filter type */
  size_t inflated_bytes;
  uint8_t *memory;   /* all of the following */
  uint8_t *zeros;    /* the row above the first */
  uint8_t *inflated; /* height times filter type and row; what `pixels` needs follows */
  uint8_t *joined;   /* IDAT data, when there is more than one chunk */
};

/* 0 for kinds that are libpng's. */
static size_t samples_of(const struct png_chunks *chunks) {
  if (chunks->color_type == PNG_COLOR_TYPE_PALETTE) {
    const unsigned depth = chunks->depth;
    return chunks->has_palette && (depth == 1 || depth == 2 || depth == 4 || depth == 8) ? 1 : 0;
  }
  if (chunks->depth != 8) return 0;
  switch (chunks->color_type) {
  case PNG_COLOR_TYPE_GRAY:
    return 1;
  case PNG_COLOR_TYPE_GRAY_ALPHA:
    return 2;
  case PNG_COLOR_TYPE_RGB:
    return 3;
  case PNG_COLOR_TYPE_RGB_ALPHA:
    return 4;
  default:
    return 0;
  }
}

static bool within_limits(const struct png_chunks *chunks, const hashscan_limits *limits) {
  return chunks->width <= limits->max_side && chunks->height <= limits->max_side &&
         (uint64_t)chunks->width * chunks->height <= limits->max_pixels;
}

static bool measure(struct picture *picture) {
  const struct png_chunks *chunks = &picture->chunks;
  picture->pixel_bytes = samples_of(chunks);
  size_t row_bits;
  if (picture->pixel_bytes == 0 || !checked_mul(chunks->width, picture->pixel_bytes * chunks->depth, &row_bits) ||
      !checked_add(row_bits, 7, &row_bits))
    return false;
  picture->row_bytes = row_bits / 8;
  return checked_mul(picture->row_bytes + 1, chunks->height, &picture->inflated_bytes);
}

/* glibc maps allocations of this size anew each time, whatever was freed before (DEFAULT_MMAP_THRESHOLD_MAX); with huge
 * pages the faults no longer show. Below it, pages that the last picture touched come back from the heap. */
static void prefer_huge_pages(uint8_t *memory, size_t size) {
  enum { MAPPED_BYTES = 32 << 20, PAGE_BYTES = 4096 };
  if (size < MAPPED_BYTES) return;
  const size_t skipped = -(uintptr_t)memory % PAGE_BYTES;
  (void)madvise(memory + skipped, size - skipped, MADV_HUGEPAGE);
}

/* One block of memory for everything. */
static bool allocate(struct picture *picture, uint64_t max_bytes) {
  const struct png_chunks *chunks = &picture->chunks;
  const size_t joined = chunks->idat_count > 1 ? chunks->idat_bytes : 0;
  const size_t given = png_pixels_bytes(&picture->pixels);
  size_t total;
  size_t counted;
  if (!checked_add(picture->row_bytes, picture->inflated_bytes, &total) || !checked_add(total, given, &total) ||
      !checked_add(total, joined, &total) || !checked_add(total, DECODER_BYTES, &counted) || counted > max_bytes)
    return false;
  picture->memory = memory_allocate(total);
  if (picture->memory == NULL) return false;
  prefer_huge_pages(picture->memory, total);
  picture->zeros = picture->memory;
  picture->inflated = picture->zeros + picture->row_bytes;
  png_pixels_use(&picture->pixels, picture->inflated + picture->inflated_bytes);
  picture->joined = picture->inflated + picture->inflated_bytes + given;
  memset(picture->zeros, 0, picture->row_bytes);
  return true;
}

/* Exactly as many bytes as the picture has, from exactly the bytes of the chunks. */
static bool inflate_all(struct picture *picture, const uint8_t *bytes) {
  struct libdeflate_decompressor *decompressor = libdeflate_alloc_decompressor();
  if (decompressor == NULL) return false;
  const uint8_t *data = png_chunks_join(&picture->chunks, bytes, picture->joined);
  size_t used;
  size_t made;
  const enum libdeflate_result result = libdeflate_zlib_decompress_ex(
      decompressor, data, picture->chunks.idat_bytes, picture->inflated, picture->inflated_bytes, &used, &made);
  libdeflate_free_decompressor(decompressor);
  return result == LIBDEFLATE_SUCCESS && used == picture->chunks.idat_bytes && made == picture->inflated_bytes;
}

static uint8_t *filtered_row(const struct picture *picture, uint32_t y) {
  return picture->inflated + y * (picture->row_bytes + 1);
}

static bool filters_are_known(const struct picture *picture) {
  bool known = true;
  for (uint32_t y = 0; y < picture->chunks.height; y++) known &= *filtered_row(picture, y) < UNFILTER_COUNT;
  return known;
}

static hashscan_status give_rows(struct picture *picture, struct decode_job *job) {
  const struct unfilter_kernels kernels = unfilter_kernels_for(cpu_tier());
  job->info->width = picture->chunks.width;
  job->info->height = picture->chunks.height;
  job->info->channels = picture->pixels.channels;
  hashscan_status status = decode_begin(job);
  const uint8_t *above = picture->zeros;
  for (uint32_t y = 0; y < picture->chunks.height && status == HASHSCAN_STATUS_OK; y++) {
    uint8_t *row = filtered_row(picture, y);
    kernels.undo[row[0]](row + 1, above, picture->row_bytes, picture->pixel_bytes);
    status = decode_row(job, png_pixels_row(&picture->pixels, row + 1));
    above = row + 1;
  }
  if (status != HASHSCAN_STATUS_OK) return status;
  decode_show(job, png_pixels_views(&picture->pixels), picture->shown.unseen);
  return decode_finished(job);
}

static void choose_pixels(struct picture *picture, const struct decode_job *job) {
  const struct png_chunks *chunks = &picture->chunks;
  struct png_layout layout = {.width = chunks->width, .depth = chunks->depth, .color_type = chunks->color_type};
  memcpy(layout.palette, chunks->palette, sizeof layout.palette);
  png_shown_read(job->bytes, job->size, &picture->shown);
  png_pixels_init(&picture->pixels, &layout, &picture->shown, job->sink->view);
}

/* libdeflate inflates a picture in one go. Where the caller may want to end that, larger pictures are libpng's, which
 * takes two to three times as long and can be ended at every row. */
#define MAX_UNENDING_BYTES ((size_t)64 << 20)

static bool may_take(const struct picture *picture, const struct decode_job *job) {
  return job->sink->control == NULL || picture->inflated_bytes <= MAX_UNENDING_BYTES;
}

bool png_fast_decode(struct decode_job *job, hashscan_status *status) {
  struct picture picture = {0};
  if (!png_chunks_read(job->bytes, job->size, job->limits->max_decoder_bytes, &picture.chunks) ||
      !within_limits(&picture.chunks, job->limits) || !measure(&picture) || !may_take(&picture, job))
    return false;
  choose_pixels(&picture, job);
  if (!allocate(&picture, job->limits->max_decoder_bytes)) return false;
  const bool handled = inflate_all(&picture, job->bytes) && filters_are_known(&picture);
  if (handled) *status = give_rows(&picture, job);
  memory_release(picture.memory);
  return handled;
}
