/* SPDX-License-Identifier: Apache-2.0 */
/* Arbitrary bytes through the library's own JPEG decoder and, when it handles them, through libjpeg's
 * jpeg_read_coefficients(): the two agree, and libjpeg does not warn, except of damage in the scans of a progressive
 * file that are not read. The first byte chooses how many coefficients are kept, so that seeds are JPEGs with a byte
 * before them; without one (an FF is the start of a JPEG) it is 6. */
#include <stdlib.h>

#include "../support/coefficients.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void require(bool holds) {
  if (!holds) abort();
}

static void compare(const struct blocks_read *read, const uint8_t *bytes, size_t size) {
  struct libjpeg_read truth;
  libjpeg_read(&truth, bytes, size);
  require(!truth.failed && truth.odd_warnings == 0);
  require(truth.progressive || truth.entropy_warnings == 0);
  require(truth.y_is_full);
  require(coefficients_difference(&read->coefficients, &truth.coefficients) == NULL);
  coefficients_free(&truth.coefficients);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
  if (size < 3) return 0;
  unsigned keep = 6;
  if (bytes[0] != 0xff) {
    keep = 1 + bytes[0] % IMAGE_BLOCK_COEFFICIENTS;
    bytes++, size--;
  }
  if (bytes[0] != 0xff || bytes[1] != 0xd8) return 0;
  hashscan_limits limits = HASHSCAN_LIMITS_INIT;
  limits.max_pixels = 1 << 18;
  limits.max_jpeg_side = 4096;
  limits.max_decoder_bytes = 8 << 20;
  limits.max_jpeg_scans = 20;
  struct blocks_read read = {0};
  blocks_read(&read, bytes, size, keep, &limits);
  if (read.handled && read.status == HASHSCAN_STATUS_OK) compare(&read, bytes, size);
  coefficients_free(&read.coefficients);
  return 0;
}
