/* SPDX-License-Identifier: Apache-2.0 */
/* The row of JPEG in the table of decoders. */
#ifndef HASHSCAN_IMAGE_JPEG_H
#define HASHSCAN_IMAGE_JPEG_H

#include "image/decoder.h"

extern const struct decoder decoder_jpeg;

#endif
