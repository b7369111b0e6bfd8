/* SPDX-License-Identifier: Apache-2.0 */
/* Blocks and noise. */
#include "paint.h"

#include "random.h"

void paint_blocks(uint8_t *pixels, size_t width, size_t height, unsigned channels, unsigned most_noise, uint64_t seed) {
  struct random_state state = random_seeded(seed);
  const unsigned coarse = 1 + (unsigned)(random_next(&state) % 37);
  const unsigned noise = (unsigned)(random_next(&state) % most_noise);
  for (size_t y = 0; y < height; y++) {
    for (size_t x = 0; x < width; x++) {
      const unsigned block = (unsigned)((x / coarse * 7919 + y / coarse * 104729 + seed) % 251);
      for (unsigned c = 0; c < channels; c++) {
        const unsigned value = block + 40 * c + (unsigned)(random_next(&state) % (noise + 1));
        pixels[(y * width + x) * channels + c] = (uint8_t)(value > 255 ? 255 : value);
      }
    }
  }
}
