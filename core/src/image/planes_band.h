/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of MCUs in, planes for the sink out.
 *
 * A row of luma of a 4:2:0 picture lies between two rows of chroma, the second of which, below the last row of an MCU,
 * comes with the next MCU. So that row waits: it is carried over to the front of the buffer with the chroma row above
 * it, and the next band begins with it.
 *
 *     band_open -> { band_next -> rows of MCUs are written to band_row() -> band_give } ... until all rows are given */
#ifndef HASHSCAN_IMAGE_PLANES_BAND_H
#define HASHSCAN_IMAGE_PLANES_BAND_H

#include "image/decoder.h"

/* Rows of MCUs in a band. Longer bands leave the sink fewer sums to add up and drop out of the nearest cache. */
enum { BAND_MCU_ROWS = 2, BAND_MAX_ROWS = BAND_MCU_ROWS * 16 };

/* Rows of one component, the first of which is carried over, and the last of which is a copy at the bottom. */
struct band_plane {
  uint8_t *rows;
  size_t stride;
  size_t width; /* samples of a row that belong to the picture */
};

struct band {
  enum image_sampling sampling;
  uint32_t width, height; /* of the picture */
  struct band_plane planes[3];
  uint32_t begin; /* row of the picture that band_row(band, 0, 0) is */
  uint32_t end;   /* behind the last row of the picture in this band */
};

/* Memory that a band takes. A picture is at most 65,535 pixels wide, so this does not overflow. */
size_t band_bytes(enum image_sampling sampling, uint32_t width);

/* `memory` has band_bytes() bytes, which become zero, and must outlive the band. */
void band_open(struct band *band, enum image_sampling sampling, uint32_t width, uint32_t height, void *memory);

/* Begins the next band; false when the last row was given. */
bool band_next(struct band *band);

/* Rows of MCUs that this band takes: BAND_MCU_ROWS, or what is left of the picture. */
uint32_t band_mcu_rows(const struct band *band);

/* Where row `row` of this band's MCUs goes. A row has room for as many whole blocks as an MCU at the picture's right
 * end can have. */
static inline uint8_t *band_row(const struct band *band, size_t plane, size_t row) {
  return band->planes[plane].rows + (row + 1) * band->planes[plane].stride;
}

/* Gives the band to the sink once its rows are written. HASHSCAN_STATUS_OK, timeout, or limit when the sink refuses. */
hashscan_status band_give(struct decode_job *job, struct band *band);

#endif
