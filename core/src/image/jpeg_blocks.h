/* SPDX-License-Identifier: Apache-2.0 */
/* What the ways of reading a JPEG's blocks share. jpeg_blocks.c opens the file, chooses the way and checks the end;
 * jpeg_sequential.c streams interleaved files and reads multi-scan sequential ones into the store; jpeg_progressive.c
 * reads progressive files into the store, from where jpeg_blocks.c gives them out. */
#ifndef HASHSCAN_IMAGE_JPEG_BLOCKS_H
#define HASHSCAN_IMAGE_JPEG_BLOCKS_H

#include "image/decoder.h"
#include "image/jpeg_bits.h"
#include "image/jpeg_huffman.h"
#include "image/jpeg_markers.h"

enum jpeg_outcome {
  JPEG_DONE,
  JPEG_ODD,    /* libjpeg-turbo is to decode it */
  JPEG_STOPPED /* state->status says why: the sink refused, or the time is over */
};

/* Coefficients of a whole picture, or of one row of MCUs. Rows are as long as jpeg_component.across. */
struct jpeg_store {
  int16_t *luma;      /* blocks of image_blocks.stride coefficients */
  size_t luma_row;    /* coefficients from one row of blocks to the next */
  int16_t *chroma[2]; /* DC of each block; NULL when grey */
  size_t chroma_row;
  void *memory;
};

struct jpeg_blocks {
  struct decode_job *job;
  hashscan_status status;
  struct image_info info; /* the job's own is set at the end, when nothing was odd */
  struct jpeg_markers markers;
  struct image_blocks blocks; /* wide, high, keep, stride and the chroma sizes are set; the quants when they are
                                 latched */
  struct jpeg_store store;
  struct jpeg_source source;
  struct jpeg_values dc[JPEG_TABLES];
  struct jpeg_values ac[JPEG_TABLES];
  struct jpeg_skips skips[JPEG_TABLES];
};

/* Makes the store for `luma_rows` and `chroma_rows` rows of blocks, all zero. JPEG_ODD when it would be over
 * max_decoder_bytes or there is no memory. */
enum jpeg_outcome jpeg_store_open(struct jpeg_blocks *state, uint32_t luma_rows, uint32_t chroma_rows);

/* Tells the sink state->blocks, whose quants are filled from the frame. */
enum jpeg_outcome jpeg_begin(struct jpeg_blocks *state);

/* Gives the sink the rows of MCU row `mcu_row`, which begin at `luma` and `chroma` in the store's layout, as far as
 * they hold pixels. */
enum jpeg_outcome jpeg_give_rows(struct jpeg_blocks *state, uint32_t mcu_row, const int16_t *luma,
                                 const int16_t *const chroma[2]);

/* JPEG_STOPPED once the time is over. */
enum jpeg_outcome jpeg_check_time(struct jpeg_blocks *state);

/* Reads the next scan header: JPEG_DONE with *more false at EOI. Odd when there are more than max_jpeg_scans. */
enum jpeg_outcome jpeg_next_scan(struct jpeg_blocks *state, bool *more);

/* Each is called with the first scan header read, and reads to EOI. */

/* One scan with all components: streams. */
enum jpeg_outcome jpeg_sequential_interleaved(struct jpeg_blocks *state);

/* Several scans: fills the store, which is open for the whole picture. */
enum jpeg_outcome jpeg_sequential_scans(struct jpeg_blocks *state);

/* Fills the store, which is open for the whole picture, and state->blocks.missing. */
enum jpeg_outcome jpeg_progressive(struct jpeg_blocks *state);

/* Decodes the picture as blocks, for a sink with want_blocks. False: nothing is known to be wrong, and the file is left
 * to libjpeg-turbo, from the start. True: *status is ok, limit (the sink refused) or timeout. */
bool jpeg_blocks_decode(struct decode_job *job, hashscan_status *status);

#endif
