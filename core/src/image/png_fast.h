/* SPDX-License-Identifier: Apache-2.0 */
/* The first way of the PNG decoder: plain files through libdeflate. */
#ifndef HASHSCAN_IMAGE_PNG_FAST_H
#define HASHSCAN_IMAGE_PNG_FAST_H

#include "image/decoder.h"

/* False when the file is left to libpng, before the sink or job->info has got anything but the format. True when the
 * file is decoded, or was stopped on the way: *status is ok, or limit or timeout. */
bool png_fast_decode(struct decode_job *job, hashscan_status *status);

#endif
