/* SPDX-License-Identifier: Apache-2.0 */
/* The row of PNG in the table of decoders, and its second way alone, which tests compare with the first. */
#ifndef HASHSCAN_IMAGE_PNG_H
#define HASHSCAN_IMAGE_PNG_H

#include "image/decoder.h"

extern const struct decoder decoder_png;

/* Decodes through libpng, whatever png_fast_decode() would say. */
hashscan_status png_decode_libpng(struct decode_job *job);

#endif
