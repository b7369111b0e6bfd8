/* SPDX-License-Identifier: Apache-2.0 */
/* PDQ: rows of pixels in, 256-bit hash and quality out (D. Davis and B. Rosen, "The TMK+PDQF
 * Video-Hashing Algorithm and the PDQ Image-Hashing Algorithm", 2019).
 *
 * A pdq_stream takes rows as the decoder delivers them and keeps only the rows that the box filters still need, about
 * one 128th of the picture twice over, so the cost in memory is a fraction of a float a pixel. */
#ifndef HASHSCAN_PDQ_PDQ_H
#define HASHSCAN_PDQ_PDQ_H

#include <stdbool.h>

#include "hashscan.h"
#include "pdq/luma.h"
#include "pdq/shape.h"

struct pdq_stream;

/* NULL when out of memory. One thread at a time; keeps its buffers between pictures. */
struct pdq_stream *pdq_stream_create(void);
void pdq_stream_destroy(struct pdq_stream *stream);

/* Starts a picture of width x height pixels of `channels` bytes (1 grey, 3 RGB, 4 RGBX). False when out of memory. */
bool pdq_stream_begin(struct pdq_stream *stream, uint32_t width, uint32_t height, unsigned channels,
                      hashscan_profile profile);

/* The same for samples of video luma; pdq_stream_row then gets rows of range->bytes a sample. */
bool pdq_stream_begin_luma(struct pdq_stream *stream, uint32_t width, uint32_t height,
                           const struct pdq_luma_range *range, hashscan_profile profile);

/* The next row, top to bottom; exactly `height` of them. */
void pdq_stream_row(struct pdq_stream *stream, const uint8_t *pixels);

/* After the last row: the hash, or with `dihedral` all eight, and the quality. */
void pdq_stream_finish(struct pdq_stream *stream, bool dihedral, hashscan_pdq *hashes, int *quality);

/* After pdq_stream_finish(), of a picture with both sides at least 5: the filtered and decimated 64x64 luma, and its
 * 16x16 coefficients. For what measures the fast level's error; a 64x64 picture's own hash comes from neither. */
const float *pdq_stream_picture(const struct pdq_stream *stream);
void pdq_stream_coefficients(const struct pdq_stream *stream, float coefficients[PDQ_COEFFICIENTS * PDQ_COEFFICIENTS]);

#endif
