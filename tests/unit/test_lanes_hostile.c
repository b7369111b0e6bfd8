/* SPDX-License-Identifier: Apache-2.0 */
/* Own decoding of JPEGs against files that are broken, or that no encoder writes: where it does not step aside, it
 * gives libjpeg-turbo's samples, and libjpeg-turbo has no warning. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <pthread.h>

#include "../support/craft.h"
#include "../support/encode.h"
#include "../support/random.h"
#include "../support/raw.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static const struct craft_sampling samplings[][3] = {
    {{1, 1}, {1, 1}, {1, 1}}, {{2, 1}, {1, 1}, {1, 1}}, {{2, 2}, {1, 1}, {1, 1}}};

static struct lanes_tuning tuning_of(size_t n) {
  return (struct lanes_tuning){.lanes = 1 + (unsigned)n % LANES_MAX,
                               .planned_blocks = 1 + (uint32_t)(n * n % 61),
                               .meeting_blocks = (uint32_t)n % 5,
                               .min_lane_bits = 8};
}

/* Whether the file was handled. */
static bool check(const uint8_t *bytes, size_t size, size_t n, const char *what) {
  const struct lanes_tuning tuning = tuning_of(n);
  bool handled;
  const char *difference = raw_difference(bytes, size, &tuning, NULL, &handled);
  if (difference != NULL) fail_msg("%s %zu: %s", what, n, difference);
  return handled;
}

static struct encoded encode_small(size_t sampling, unsigned restart) {
  const struct jpeg_recipe recipe = {.width = 61,
                                     .height = 47,
                                     .pixels = JCS_RGB,
                                     .stored = JCS_YCbCr,
                                     .h = samplings[sampling][0].h,
                                     .v = samplings[sampling][0].v,
                                     .quality = 80,
                                     .restart = restart};
  return encode_textured_jpeg(&recipe, TEXTURE_MIXED);
}

/* ---- Damage ------------------------------------------------------------------------------------------------------ */

static void test_truncations(void **unused) {
  (void)unused;
  for (size_t s = 0; s < COUNT(samplings); s++) {
    for (unsigned restart = 0; restart < 4; restart += 3) {
      const struct encoded jpeg = encode_small(s, restart);
      for (size_t size = 2; size < jpeg.size; size++) assert_false(check(jpeg.bytes, size, size, "truncation"));
      assert_true(check(jpeg.bytes, jpeg.size, s, "whole"));
      free(jpeg.bytes);
    }
  }
}

static void test_bit_flips(void **unused) {
  (void)unused;
  size_t handled = 0, files = 0;
  for (size_t s = 0; s < COUNT(samplings); s++) {
    for (unsigned restart = 0; restart < 4; restart += 3) {
      const struct encoded jpeg = encode_small(s, restart);
      for (size_t bit = 16; bit < jpeg.size * 8; bit += 3, files++) {
        jpeg.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        handled += check(jpeg.bytes, jpeg.size, bit, "flipped bit");
        jpeg.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
      }
      free(jpeg.bytes);
    }
  }
  print_message("%zu of %zu files handled\n", handled, files);
  assert_true(handled > files / 50 && handled < files);
}

static void test_random_bytes(void **unused) {
  (void)unused;
  struct random_state state = random_seeded(21);
  for (size_t s = 0; s < COUNT(samplings); s++) {
    const struct encoded jpeg = encode_small(s, 5);
    uint8_t *bytes = malloc(jpeg.size + 8);
    assert_non_null(bytes);
    for (size_t i = 0; i < 6000; i++) {
      memcpy(bytes, jpeg.bytes, jpeg.size);
      const size_t changed = 1 + random_next(&state) % 4;
      for (size_t k = 0; k < changed; k++)
        bytes[2 + random_next(&state) % (jpeg.size - 2)] =
            random_next(&state) % 3 == 0 ? 0xff : (uint8_t)random_next(&state);
      check(bytes, jpeg.size, i, "random bytes");
    }
    free(bytes);
    free(jpeg.bytes);
  }
}

/* A byte too many, or too few, between the last MCU and what follows it, and at restarts. */
static void test_bytes_between(void **unused) {
  (void)unused;
  for (unsigned restart = 0; restart < 4; restart += 3) {
    const struct encoded jpeg = encode_small(2, restart);
    uint8_t *bytes = malloc(jpeg.size + 1);
    assert_non_null(bytes);
    for (size_t at = jpeg.size - 40; at < jpeg.size; at++) {
      for (unsigned value = 0; value < 256; value += 17) {
        memcpy(bytes, jpeg.bytes, at);
        bytes[at] = (uint8_t)value;
        memcpy(bytes + at + 1, jpeg.bytes + at, jpeg.size - at);
        check(bytes, jpeg.size + 1, at + value, "byte too many");
      }
      memcpy(bytes, jpeg.bytes, at);
      memcpy(bytes + at, jpeg.bytes + at + 1, jpeg.size - at - 1);
      check(bytes, jpeg.size - 1, at, "byte too few");
    }
    memcpy(bytes, jpeg.bytes, jpeg.size - 2);
    bytes[jpeg.size - 2] = 0;
    memcpy(bytes + jpeg.size - 1, jpeg.bytes + jpeg.size - 2, 2);
    assert_false(check(bytes, jpeg.size + 1, 0, "zero before EOI"));
    free(bytes);
    free(jpeg.bytes);
  }
}

/* ---- Coefficients that no encoder has ---------------------------------------------------------------------------- */

/* Random coefficients up to `most` after dequantisation, in `density` of 16 places. */
static void fill_component(struct craft *craft, unsigned c, struct random_state *state, int most, unsigned density) {
  struct craft_component *component = &craft->components[c];
  const uint16_t *steps = craft->quant[component->table];
  for (size_t b = 0; b < (size_t)component->across * component->down; b++) {
    int16_t *block = component->blocks + b * CRAFT_BLOCK;
    const unsigned last = (unsigned)(random_next(state) % CRAFT_BLOCK);
    for (unsigned k = 0; k < CRAFT_BLOCK; k++) {
      block[k] = 0;
      if ((k > last && random_next(state) % 8 != 0) || random_next(state) % 16 >= density) continue;
      int range = most / steps[k];
      if (range > 1023) range = 1023;
      const int value = (int)(random_next(state) % (2 * (unsigned)range + 1)) - range;
      const int extreme = value < 0 ? -range : range;
      block[k] = (int16_t)(random_next(state) % 3 == 0 ? extreme : value);
    }
  }
}

static void fill_steps(struct craft *craft, struct random_state *state, unsigned most) {
  for (unsigned t = 0; t < 2; t++)
    for (unsigned k = 0; k < CRAFT_BLOCK; k++) craft->quant[t][k] = (uint16_t)(1 + random_next(state) % most);
}

static struct encoded craft_random(size_t n, struct random_state *state) {
  static const int ranges[] = {60, 300, 1000, 2000, 6000, 17000, 250000};
  static const unsigned steps[] = {1, 3, 20, 100, 255, 300};
  struct craft craft;
  craft_open(&craft, 5 + (uint32_t)(random_next(state) % 40), 1 + (uint32_t)(random_next(state) % 40), 3,
             samplings[n % COUNT(samplings)]);
  fill_steps(&craft, state, steps[n / 3 % COUNT(steps)]);
  const int most = ranges[n / 18 % COUNT(ranges)];
  for (unsigned c = 0; c < 3; c++) fill_component(&craft, c, state, most, 1 + (unsigned)(random_next(state) % 16));
  craft.standard_codes = n % 2 == 0;
  craft.restart = (unsigned)n % 4;
  craft_header(&craft, n % 5 == 0 ? CRAFT_SOF1 : CRAFT_SOF0);
  if (craft.restart > 0) craft_restart(&craft, craft.restart);
  craft_sequential(&craft);
  const struct encoded jpeg = craft_end(&craft);
  craft_close(&craft);
  return jpeg;
}

/* Some of all that leave 16 bits or clip too far are refused, and some that clip are not. */
static void test_random_coefficients(void **unused) {
  (void)unused;
  struct random_state state = random_seeded(31);
  size_t handled = 0, files = 0;
  for (size_t n = 0; n < 12000; n++, files++) {
    const struct encoded jpeg = craft_random(n, &state);
    handled += check(jpeg.bytes, jpeg.size, n, "random coefficients");
    free(jpeg.bytes);
  }
  print_message("%zu of %zu files handled\n", handled, files);
  assert_in_range(handled, files / 10, files * 9 / 10);
}

/* One block with one or two coefficients, of every size, at every place: what the kernels round and where they refuse.
 */
static void test_single_coefficients(void **unused) {
  (void)unused;
  struct random_state state = random_seeded(41);
  size_t handled = 0, files = 0;
  for (unsigned k = 0; k < CRAFT_BLOCK; k++) {
    for (int value = -1023; value <= 1023; value += 31, files++) {
      struct craft craft;
      craft_open(&craft, 64, 8, 3, samplings[0]);
      for (unsigned i = 0; i < CRAFT_BLOCK; i++) craft.quant[0][i] = (uint16_t)(1 + random_next(&state) % 24);
      for (uint32_t x = 0; x < 8; x++) {
        int16_t *block = craft_block(&craft, 0, x, 0);
        block[k] = (int16_t)(value / (int)(x + 1));
        block[random_next(&state) % CRAFT_BLOCK] = (int16_t)(value / 5);
        if (x > 3) block[0] = (int16_t)(random_next(&state) % 40);
      }
      craft_header(&craft, CRAFT_SOF0);
      craft_sequential(&craft);
      const struct encoded jpeg = craft_end(&craft);
      craft_close(&craft);
      handled += check(jpeg.bytes, jpeg.size, files, "single coefficient");
      free(jpeg.bytes);
    }
  }
  print_message("%zu of %zu files handled\n", handled, files);
  assert_in_range(handled, files / 10, files - 1);
}

/* libjpeg-turbo without SIMD, as some systems build it, keeps 32 bits and clips by a table that wraps: it agrees as
 * well. It looks at this variable once a thread. Returns what differs. */
static void *check_without_simd(void *unused) {
  (void)unused;
  struct random_state state = random_seeded(51);
  for (size_t n = 0; n < 6000; n++) {
    const struct encoded jpeg = craft_random(n, &state);
    const struct lanes_tuning tuning = tuning_of(n);
    bool handled;
    const char *difference = raw_difference(jpeg.bytes, jpeg.size, &tuning, NULL, &handled);
    free(jpeg.bytes);
    if (difference != NULL) return (void *)(uintptr_t)difference;
  }
  return NULL;
}

static void test_without_simd(void **unused) {
  (void)unused;
  pthread_t thread;
  void *difference;
  assert_int_equal(setenv("JSIMD_FORCENONE", "1", 1), 0);
  assert_int_equal(pthread_create(&thread, NULL, check_without_simd, NULL), 0);
  assert_int_equal(pthread_join(thread, &difference), 0);
  assert_int_equal(unsetenv("JSIMD_FORCENONE"), 0);
  if (difference != NULL) fail_msg("without SIMD: %s", (const char *)difference);
}

/* ---- Limits ------------------------------------------------------------------------------------------------------ */

static void test_limits(void **unused) {
  (void)unused;
  const struct encoded jpeg = encode_small(2, 0);
  struct raw_lanes raw;
  hashscan_limits limits = HASHSCAN_LIMITS_INIT;
  limits.max_pixels = 61 * 47 - 1;
  raw_from_lanes(&raw, jpeg.bytes, jpeg.size, &lanes_best_tuning, &limits);
  assert_false(raw.handled);
  raw_planes_free(&raw.planes);
  limits.max_pixels++;
  limits.max_jpeg_side = 60;
  raw_from_lanes(&raw, jpeg.bytes, jpeg.size, &lanes_best_tuning, &limits);
  assert_false(raw.handled);
  raw_planes_free(&raw.planes);
  limits.max_jpeg_side = 61;
  limits.max_decoder_bytes = 1 << 20;
  raw_from_lanes(&raw, jpeg.bytes, jpeg.size, &lanes_best_tuning, &limits);
  assert_false(raw.handled);
  raw_planes_free(&raw.planes);
  limits.max_decoder_bytes = 2 << 20;
  raw_from_lanes(&raw, jpeg.bytes, jpeg.size, &lanes_best_tuning, &limits);
  assert_true(raw.handled && raw.status == HASHSCAN_STATUS_OK);
  raw_planes_free(&raw.planes);
  limits.max_seconds = 1e-9;
  raw_from_lanes(&raw, jpeg.bytes, jpeg.size, &lanes_best_tuning, &limits);
  assert_true(raw.handled && raw.status == HASHSCAN_STATUS_TIMEOUT);
  raw_planes_free(&raw.planes);
  free(jpeg.bytes);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_truncations),         cmocka_unit_test(test_bit_flips),
      cmocka_unit_test(test_random_bytes),        cmocka_unit_test(test_bytes_between),
      cmocka_unit_test(test_random_coefficients), cmocka_unit_test(test_single_coefficients),
      cmocka_unit_test(test_without_simd),        cmocka_unit_test(test_limits),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
