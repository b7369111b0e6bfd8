/* SPDX-License-Identifier: Apache-2.0 */
/* Raw data of libjpeg-turbo, a few rows of MCUs at a time, into a band. */
#include "image/jpeg_planes.h"

#include "image/planes_band.h"

_Static_assert(IMAGE_BLOCK_SIDE == DCTSIZE, "blocks are libjpeg's");

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

static void read_band(struct jpeg_decompress_struct *decoder, const struct band *band) {
  const JDIMENSION lines = (JDIMENSION)decoder->max_v_samp_factor * DCTSIZE;
  for (size_t i = 0; i < band_mcu_rows(band); i++) {
    JSAMPROW rows[3][2 * DCTSIZE];
    JSAMPARRAY planes[3] = {rows[0], rows[1], rows[2]};
    for (size_t row = 0; row < lines; row++) rows[0][row] = band_row(band, 0, i * lines + row);
    for (size_t p = 1; p < 3; p++)
      for (size_t row = 0; row < DCTSIZE; row++) rows[p][row] = band_row(band, p, i * DCTSIZE + row);
    jpeg_read_raw_data(decoder, planes, lines);
  }
}

hashscan_status jpeg_planes_give(struct decode_job *job, struct jpeg_decompress_struct *decoder) {
  const enum image_sampling sampling = sampling_of(decoder);
  const size_t bytes = band_bytes(sampling, decoder->output_width);
  struct band band;
  band_open(&band, sampling, decoder->output_width, decoder->output_height,
            decoder->mem->alloc_large((j_common_ptr)decoder, JPOOL_IMAGE, bytes));
  hashscan_status status = HASHSCAN_STATUS_OK;
  while (status == HASHSCAN_STATUS_OK && band_next(&band)) {
    read_band(decoder, &band);
    status = band_give(job, &band);
  }
  return status;
}
