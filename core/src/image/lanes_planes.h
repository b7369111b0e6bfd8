/* SPDX-License-Identifier: Apache-2.0 */
/* The planes of a JPEG by own decoding, several times as fast as libjpeg-turbo's, with the same samples. */
#ifndef HASHSCAN_IMAGE_LANES_PLANES_H
#define HASHSCAN_IMAGE_LANES_PLANES_H

#include "image/decoder.h"
#include "image/lanes.h"

/* For a sink with want_planes, of the stored view. False: stepped aside, and nothing is known to be wrong; jpeg_decode
 * goes on from the start through libjpeg-turbo, and what the sink got is void. True: *status is ok, limit (the sink
 * refused) or timeout. */
bool lanes_planes_decode(struct decode_job *job, const struct lanes_tuning *tuning, hashscan_status *status);

#endif
