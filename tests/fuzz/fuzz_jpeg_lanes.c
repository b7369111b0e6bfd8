/* SPDX-License-Identifier: Apache-2.0 */
/* Arbitrary bytes through the library's own decoding to planes and, when it handles them, through libjpeg-turbo's: the
 * samples are the same and libjpeg-turbo does not warn. The first two bytes choose lanes and sections, so that seeds
 * are JPEGs with two bytes before them; without these (an FF is the start of a JPEG) the choice is the library's. */
#include <stdlib.h>

#include "../support/raw.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
  if (size < 4) return 0;
  struct lanes_tuning tuning = lanes_best_tuning;
  if (bytes[0] != 0xff) {
    tuning.lanes = 1 + bytes[0] % LANES_MAX;
    tuning.meeting_blocks = bytes[0] / LANES_MAX % 16;
    tuning.planned_blocks = 1 + bytes[1];
    tuning.min_lane_bits = 8;
    bytes += 2, size -= 2;
  }
  if (bytes[0] != 0xff || bytes[1] != 0xd8) return 0;
  hashscan_limits limits = HASHSCAN_LIMITS_INIT;
  limits.max_pixels = 1 << 18;
  limits.max_jpeg_side = 4096;
  limits.max_decoder_bytes = 16 << 20;
  bool handled;
  if (raw_difference(bytes, size, &tuning, &limits, &handled) != NULL) abort();
  return 0;
}
