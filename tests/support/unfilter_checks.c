/* SPDX-License-Identifier: Apache-2.0 */
/* Rows are filtered as an encoder would and must come back as they were. */
#include "unfilter_checks.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "guard.h"
#include "image/unfilter.h"
#include "random.h"

static unsigned distance(unsigned p, unsigned x) {
  return p > x ? p - x : x - p;
}

/* 9.4, with everything raised by 255 so that nothing is negative. */
static unsigned nearest(unsigned a, unsigned b, unsigned c) {
  const unsigned p = 255 + a + b - c;
  const unsigned pa = distance(p, 255 + a);
  const unsigned pb = distance(p, 255 + b);
  const unsigned pc = distance(p, 255 + c);
  if (pa <= pb && pa <= pc) return a;
  return pb <= pc ? b : c;
}

static unsigned predicted(unsigned filter, unsigned a, unsigned b, unsigned c) {
  const unsigned predictions[UNFILTER_COUNT] = {0, a, b, (a + b) / 2, nearest(a, b, c)};
  return predictions[filter];
}

void unfilter_forward(unsigned filter, uint8_t *out, const uint8_t *row, const uint8_t *above, size_t bytes,
                      size_t pixel_bytes) {
  for (size_t i = 0; i < bytes; i++) {
    const unsigned a = i >= pixel_bytes ? row[i - pixel_bytes] : 0;
    const unsigned c = i >= pixel_bytes ? above[i - pixel_bytes] : 0;
    out[i] = (uint8_t)(row[i] - predicted(filter, a, above[i], c));
  }
}

/* Values near one another, where predictors tie, and extremes among them. */
static void fill(uint8_t *bytes, size_t size, struct random_state *state) {
  const uint64_t style = random_next(state) % 3;
  for (size_t i = 0; i < size; i++) {
    const uint64_t value = random_next(state);
    bytes[i] = (uint8_t)(style == 0 ? value : style == 1 ? 100 + value % 5 : value % 2 * 255);
  }
}

static bool check_row(enum cpu_tier tier, unsigned filter, size_t pixels, size_t pixel_bytes,
                      struct random_state *state) {
  const struct unfilter_kernels kernels = unfilter_kernels_for(tier);
  const size_t bytes = pixels * pixel_bytes;
  struct guard row = guard_alloc(bytes);
  struct guard above = guard_alloc(bytes);
  uint8_t *expected = malloc(bytes);
  if (expected == NULL) abort();
  fill(expected, bytes, state);
  fill(above.bytes, bytes, state);
  unfilter_forward(filter, row.bytes, expected, above.bytes, bytes, pixel_bytes);
  kernels.undo[filter](row.bytes, above.bytes, bytes, pixel_bytes);
  const bool good = memcmp(row.bytes, expected, bytes) == 0;
  if (!good) printf("filter %u, %zu pixels of %zu bytes differ\n", filter, pixels, pixel_bytes);
  free(expected);
  guard_free(&row);
  guard_free(&above);
  return good;
}

bool unfilter_check_rows(enum cpu_tier tier) {
  static const size_t lengths[] = {1000, 1023, 4096, 4999};
  struct random_state state = random_seeded(4);
  bool good = true;
  for (unsigned filter = 0; filter < UNFILTER_COUNT; filter++)
    for (size_t pixel_bytes = 1; pixel_bytes <= 4; pixel_bytes++) {
      for (size_t pixels = 1; pixels <= 100; pixels++)
        for (int round = 0; round < 3; round++) good &= check_row(tier, filter, pixels, pixel_bytes, &state);
      for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++)
        good &= check_row(tier, filter, lengths[i], pixel_bytes, &state);
    }
  return good;
}

/* A row of pairs of pixels: the first has `a` and above it `c`, the second `b` above it, for all a and b. Its other
 * value is free; the filter must give it back. */
static bool check_paeth_of(enum cpu_tier tier, size_t pixel_bytes, unsigned first_c) {
  enum { PAIRS = 65536 };
  const struct unfilter_kernels kernels = unfilter_kernels_for(tier);
  const size_t bytes = 2 * PAIRS * pixel_bytes;
  uint8_t *memory = malloc(3 * bytes);
  if (memory == NULL) abort();
  uint8_t *above = memory + bytes;
  uint8_t *row = above + bytes;
  for (size_t pair = 0; pair < PAIRS; pair++)
    for (size_t lane = 0; lane < pixel_bytes; lane++) {
      const size_t left = 2 * pair * pixel_bytes + lane;
      const size_t right = left + pixel_bytes;
      memory[left] = (uint8_t)(pair + 17 * lane);
      above[left] = (uint8_t)(first_c + 64 * lane);
      above[right] = (uint8_t)(pair >> 8);
      memory[right] = (uint8_t)(pair * 7);
    }
  unfilter_forward(4, row, memory, above, bytes, pixel_bytes);
  kernels.undo[4](row, above, bytes, pixel_bytes);
  const bool good = memcmp(row, memory, bytes) == 0;
  if (!good) printf("Paeth of %zu bytes a pixel differs for c = %u\n", pixel_bytes, first_c);
  free(memory);
  return good;
}

bool unfilter_check_paeth(enum cpu_tier tier) {
  bool good = true;
  for (unsigned c = 0; c < 256; c++) good &= check_paeth_of(tier, 1, c);
  for (unsigned c = 0; c < 64; c++) good &= check_paeth_of(tier, 4, c);
  return good;
}

static bool check_alpha_of(enum cpu_tier tier, size_t pixels, size_t channels, struct random_state *state) {
  struct guard in = guard_alloc(pixels * channels);
  struct guard out = guard_alloc(pixels * (channels - 1));
  for (size_t i = 0; i < pixels * channels; i++) in.bytes[i] = (uint8_t)random_next(state);
  unfilter_kernels_for(tier).drop_alpha(out.bytes, in.bytes, pixels, channels);
  bool good = true;
  for (size_t x = 0; x < pixels; x++)
    good &= memcmp(out.bytes + x * (channels - 1), in.bytes + x * channels, channels - 1) == 0;
  if (!good) printf("%zu pixels of %zu channels without alpha differ\n", pixels, channels);
  guard_free(&in);
  guard_free(&out);
  return good;
}

bool unfilter_check_alpha(enum cpu_tier tier) {
  struct random_state state = random_seeded(5);
  bool good = true;
  for (size_t pixels = 1; pixels <= 100; pixels++)
    for (size_t channels = 2; channels <= 4; channels += 2) good &= check_alpha_of(tier, pixels, channels, &state);
  return good;
}
