/* SPDX-License-Identifier: Apache-2.0 */
/* The planes of a JPEG from libjpeg-turbo, which then neither upsamples chroma nor converts colours: a quarter of its
 * time. Everything else, from entropy decoding to warnings, is the same code as with rows. */
#ifndef HASHSCAN_IMAGE_JPEG_PLANES_H
#define HASHSCAN_IMAGE_JPEG_PLANES_H

#include <stdbool.h>
#include <stdio.h>

#include <jpeglib.h>

#include "image/decoder.h"

/* Whether this is a file whose rows would have been upsampled and converted as image_planes says. After
 * jpeg_read_header. */
bool jpeg_planes_fit(const struct jpeg_decompress_struct *decoder);

/* Gives all planes to the sink, after jpeg_start_decompress with raw_data_out. HASHSCAN_STATUS_OK, timeout, or limit
 * when the sink refuses. */
hashscan_status jpeg_planes_give(struct decode_job *job, struct jpeg_decompress_struct *decoder);

#endif
