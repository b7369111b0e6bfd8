/* SPDX-License-Identifier: Apache-2.0 */
/* The buffer of a band, and what the rows at its ends need beside, above and below them. */
#include "image/planes_band.h"

#include <string.h>

static const size_t block_side = IMAGE_BLOCK_SIDE;

static size_t halved(size_t size) {
  return (size + 1) / 2;
}

static size_t width_of(enum image_sampling sampling, size_t plane, size_t width) {
  return plane == 0 || sampling == IMAGE_444 ? width : halved(width);
}

static uint32_t mcu_lines(enum image_sampling sampling) {
  return (uint32_t)(sampling == IMAGE_420 ? 2 * block_side : block_side);
}

static size_t rows_of(enum image_sampling sampling, size_t plane) {
  return BAND_MCU_ROWS * (plane == 0 ? mcu_lines(sampling) : block_side);
}

/* Room for a multiple of IMAGE_PLANES_PADDING samples, and for one more on either side. An odd number of cache lines
 * keeps the rows of a picture whose width is a power of two on different sets of the cache. */
static size_t stride_of(size_t width) {
  const size_t padded = (width + IMAGE_PLANES_PADDING - 1) / IMAGE_PLANES_PADDING * IMAGE_PLANES_PADDING;
  return (padded + 2 * IMAGE_PLANES_PADDING) | 64;
}

static size_t plane_bytes(enum image_sampling sampling, size_t plane, size_t width) {
  return (rows_of(sampling, plane) + 2) * stride_of(width_of(sampling, plane, width));
}

size_t band_bytes(enum image_sampling sampling, uint32_t width) {
  size_t bytes = 0;
  for (size_t p = 0; p < 3; p++) bytes += plane_bytes(sampling, p, width);
  return bytes;
}

void band_open(struct band *band, enum image_sampling sampling, uint32_t width, uint32_t height, void *memory) {
  *band = (struct band){.sampling = sampling, .width = width, .height = height};
  uint8_t *bytes = memory;
  memset(bytes, 0, band_bytes(sampling, width));
  for (size_t p = 0; p < 3; p++) {
    struct band_plane *plane = &band->planes[p];
    plane->width = width_of(sampling, p, width);
    plane->stride = stride_of(plane->width);
    plane->rows = bytes + IMAGE_PLANES_PADDING;
    bytes += plane_bytes(sampling, p, width);
  }
}

static void copy_row(const struct band_plane *plane, size_t to, size_t from) {
  memcpy(plane->rows + to * plane->stride - 1, plane->rows + from * plane->stride - 1, plane->width + 2);
}

/* Puts copies of the first and the last sample beside them. */
static void extend_row(const struct band_plane *plane, size_t row) {
  uint8_t *samples = plane->rows + row * plane->stride;
  samples[-1] = samples[0];
  samples[plane->width] = samples[plane->width - 1];
}

static size_t chroma_rows(const struct band *band) {
  const size_t rows = band->end - band->begin;
  return band->sampling == IMAGE_420 ? halved(rows) : rows;
}

static void carry_over(struct band *band) {
  copy_row(&band->planes[0], 0, band->end - band->begin);
  for (size_t p = 1; p < 3; p++) copy_row(&band->planes[p], 0, chroma_rows(band));
}

bool band_next(struct band *band) {
  if (band->end == band->height) return false;
  if (band->sampling == IMAGE_420 && band->end > 0) carry_over(band);
  const uint32_t most = BAND_MCU_ROWS * mcu_lines(band->sampling);
  const uint32_t left = band->height - band->end;
  band->begin = band->end;
  band->end += left < most ? left : most;
  return true;
}

uint32_t band_mcu_rows(const struct band *band) {
  const uint32_t lines = mcu_lines(band->sampling);
  return (band->end - band->begin + lines - 1) / lines;
}

/* What the rows of a 4:2:0 picture need above and below. */
static void join(struct band *band) {
  const size_t last = chroma_rows(band);
  for (size_t p = 1; p < 3; p++) {
    if (band->begin == 0) copy_row(&band->planes[p], 0, 1);
    if (band->end == band->height) copy_row(&band->planes[p], last + 1, last);
  }
}

hashscan_status band_give(struct decode_job *job, struct band *band) {
  const bool joins = band->sampling == IMAGE_420;
  for (size_t p = 1; p < 3; p++)
    for (size_t row = 1; row <= chroma_rows(band); row++) extend_row(&band->planes[p], row);
  if (joins) join(band);
  const uint32_t first = joins && band->begin > 0 ? band->begin - 1 : band->begin;
  const uint32_t end = joins && band->end < band->height ? band->end - 1 : band->end;
  const struct band_plane *planes = band->planes;
  const struct image_planes given = {
      .sampling = band->sampling,
      .first = first,
      .count = end - first,
      .luma = planes[0].rows + (1 + first - band->begin) * planes[0].stride,
      .luma_stride = planes[0].stride,
      .chroma = {planes[1].rows + (joins ? 0 : planes[1].stride), planes[2].rows + (joins ? 0 : planes[2].stride)},
      .chroma_stride = planes[1].stride,
  };
  return decode_planes(job, &given);
}
