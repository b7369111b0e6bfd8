/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of MCUs in, bands of rows with the chroma around them out.
 *
 * A row of luma of a 4:2:0 picture lies between two rows of chroma, the second of which, below the last row of an MCU,
 * comes with the next MCU. So that row waits: it is carried over to the front of the buffer with the chroma row above
 * it, and the next band begins with it. */
#include "image/jpeg_planes.h"

#include <string.h>

/* Rows of MCUs in a band. Longer bands leave the sink fewer sums to add up and drop out of the nearest cache. */
enum { MCU_ROWS = 2, MAX_ROWS = MCU_ROWS * 2 * DCTSIZE };

/* Rows of one component, the first of which is carried over, and the last of which is a copy at the bottom. */
struct plane {
  uint8_t *rows;
  size_t stride;
  size_t width; /* samples of a row that belong to the picture */
  JSAMPROW pointers[MAX_ROWS];
};

struct band {
  struct jpeg_decompress_struct *decoder;
  enum image_sampling sampling;
  struct plane planes[3];
  JDIMENSION begin; /* row of the picture that row 1 of the buffer holds */
  JDIMENSION end;
};

static enum image_sampling sampling_of(const struct jpeg_decompress_struct *decoder) {
  const jpeg_component_info *luma = decoder->comp_info;
  return luma->h_samp_factor == 1 ? IMAGE_444 : luma->v_samp_factor == 1 ? IMAGE_422 : IMAGE_420;
}

/* libjpeg-turbo upsamples rows of one or two chroma samples by copying them; and it has a way of its own for chroma
 * that is halved down the picture alone. */
bool jpeg_planes_fit(const struct jpeg_decompress_struct *decoder) {
  if (decoder->jpeg_color_space != JCS_YCbCr || decoder->num_components != 3) return false;
  if (decoder->CCIR601_sampling || !decoder->do_fancy_upsampling) return false;
  const jpeg_component_info *components = decoder->comp_info;
  for (int i = 1; i < 3; i++)
    if (components[i].h_samp_factor != 1 || components[i].v_samp_factor != 1) return false;
  if (components[0].h_samp_factor == 1) return components[0].v_samp_factor == 1;
  return components[0].h_samp_factor == 2 && components[0].v_samp_factor <= 2 && decoder->image_width > 4;
}

static size_t padded(size_t width) {
  return (width + IMAGE_PLANES_PADDING - 1) / IMAGE_PLANES_PADDING * IMAGE_PLANES_PADDING;
}

/* Room for a multiple of IMAGE_PLANES_PADDING samples, and for one more on either side. An odd number of cache lines
 * keeps the rows of a picture whose width is a power of two on different sets of the cache. */
static void allocate_plane(struct band *band, struct plane *plane, size_t width, size_t rows) {
  struct jpeg_decompress_struct *decoder = band->decoder;
  plane->width = width;
  plane->stride = (padded(width) + 2 * IMAGE_PLANES_PADDING) | 64;
  const size_t size = (rows + 2) * plane->stride;
  uint8_t *memory = decoder->mem->alloc_large((j_common_ptr)decoder, JPOOL_IMAGE, size);
  memset(memory, 0, size);
  plane->rows = memory + IMAGE_PLANES_PADDING;
  for (size_t i = 0; i < rows; i++) plane->pointers[i] = plane->rows + (i + 1) * plane->stride;
}

static size_t halved(size_t size) {
  return (size + 1) / 2;
}

static void copy_row(const struct plane *plane, size_t to, size_t from) {
  memcpy(plane->rows + to * plane->stride - 1, plane->rows + from * plane->stride - 1, plane->width + 2);
}

/* Puts copies of the first and the last sample beside them. */
static void extend_row(const struct plane *plane, size_t row) {
  uint8_t *samples = plane->rows + row * plane->stride;
  samples[-1] = samples[0];
  samples[plane->width] = samples[plane->width - 1];
}

static size_t chroma_rows(const struct band *band) {
  const size_t rows = band->end - band->begin;
  return band->sampling == IMAGE_420 ? halved(rows) : rows;
}

static void read_band(struct band *band) {
  struct jpeg_decompress_struct *decoder = band->decoder;
  const JDIMENSION lines = (JDIMENSION)decoder->max_v_samp_factor * DCTSIZE;
  band->begin = decoder->output_scanline;
  for (size_t i = 0; i < MCU_ROWS && decoder->output_scanline < decoder->output_height; i++) {
    JSAMPARRAY rows[3] = {band->planes[0].pointers + i * lines, band->planes[1].pointers + i * DCTSIZE,
                          band->planes[2].pointers + i * DCTSIZE};
    jpeg_read_raw_data(decoder, rows, lines);
  }
  band->end = decoder->output_scanline < decoder->output_height ? decoder->output_scanline : decoder->output_height;
  for (size_t p = 1; p < 3; p++)
    for (size_t row = 1; row <= chroma_rows(band); row++) extend_row(&band->planes[p], row);
}

/* What the rows of a 4:2:0 picture need above and below. */
static void join_band(struct band *band) {
  const size_t last = chroma_rows(band);
  for (size_t p = 1; p < 3; p++) {
    if (band->begin == 0) copy_row(&band->planes[p], 0, 1);
    if (band->end == band->decoder->output_height) copy_row(&band->planes[p], last + 1, last);
  }
}

static void carry_over(struct band *band) {
  copy_row(&band->planes[0], 0, band->end - band->begin);
  for (size_t p = 1; p < 3; p++) copy_row(&band->planes[p], 0, chroma_rows(band));
}

static hashscan_status give_band(struct decode_job *job, const struct band *band) {
  const bool joins = band->sampling == IMAGE_420;
  const JDIMENSION first = joins && band->begin > 0 ? band->begin - 1 : band->begin;
  const JDIMENSION end = joins && band->end < band->decoder->output_height ? band->end - 1 : band->end;
  const struct plane *planes = band->planes;
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

hashscan_status jpeg_planes_give(struct decode_job *job, struct jpeg_decompress_struct *decoder) {
  struct band band = {.decoder = decoder, .sampling = sampling_of(decoder)};
  const size_t width = decoder->output_width;
  for (size_t p = 0; p < 3; p++) {
    const size_t rows = (size_t)MCU_ROWS * DCTSIZE * (size_t)decoder->comp_info[p].v_samp_factor;
    allocate_plane(&band, &band.planes[p], p == 0 || band.sampling == IMAGE_444 ? width : halved(width), rows);
  }
  hashscan_status status = HASHSCAN_STATUS_OK;
  while (status == HASHSCAN_STATUS_OK && decoder->output_scanline < decoder->output_height) {
    if (band.sampling == IMAGE_420 && band.end > 0) carry_over(&band);
    read_band(&band);
    if (band.sampling == IMAGE_420) join_band(&band);
    status = give_band(job, &band);
  }
  return status;
}
