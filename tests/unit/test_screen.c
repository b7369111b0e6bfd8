/* SPDX-License-Identifier: Apache-2.0 */
/* Screening at fast answers as exact does: the same matches, distances, transforms and statuses, whichever method found
 * them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../support/matching.h"

static char folder[FIXTURE_PATH_SIZE];
static char index_path[FIXTURE_PATH_SIZE];

static int set_up(void **state) {
  (void)state;
  fixture_folder(folder);
  fixture_join(index_path, folder, "index");
  return 0;
}

static int tear_down(void **state) {
  (void)state;
  fixture_remove(folder);
  return 0;
}

static hashscan_image_hash hash_at(hashscan_level level, const struct fixture_bytes *bytes) {
  hashscan_hash_options options = HASHSCAN_HASH_OPTIONS_INIT;
  options.level = level;
  options.dihedral = 1;
  hashscan_hasher *hasher;
  hashscan_image_hash hash = HASHSCAN_IMAGE_HASH_INIT;
  assert_int_equal(hashscan_hasher_create(&options, &hasher, NULL), HASHSCAN_SUCCESS);
  assert_int_equal(hashscan_hash_image(hasher, bytes->bytes, bytes->size, &hash, NULL), HASHSCAN_SUCCESS);
  hashscan_hasher_destroy(hasher);
  return hash;
}

static hashscan_verdict *match_at(const hashscan_match_options *options, const struct fixture_bytes *bytes) {
  return matching_once(index_path, options, bytes->bytes, bytes->size);
}

static void assert_same_answer(const hashscan_verdict *screened, const hashscan_verdict *exact) {
  assert_int_equal(screened->outcome, exact->outcome);
  assert_int_equal(screened->status, exact->status);
  assert_int_equal(screened->image->width, exact->image->width);
  assert_int_equal(screened->image->height, exact->image->height);
  assert_int_equal(screened->image->format, exact->image->format);
  assert_int_equal(screened->match_count, exact->match_count);
  for (size_t i = 0; i < exact->match_count; i++) {
    assert_int_equal(screened->matches[i]->entry, exact->matches[i]->entry);
    assert_int_equal(screened->matches[i]->distance, exact->matches[i]->distance);
    assert_int_equal(screened->matches[i]->transform, exact->matches[i]->transform);
  }
}

/* Matches at the level of `given` and at exact, compares, and returns how screening got there. */
static hashscan_method method_of(const hashscan_match_options *given, const struct fixture_bytes *bytes) {
  hashscan_match_options options = *given;
  hashscan_verdict *screened = match_at(&options, bytes);
  options.level = HASHSCAN_LEVEL_EXACT;
  hashscan_verdict *exact = match_at(&options, bytes);
  assert_int_equal(exact->method, HASHSCAN_METHOD_EXACT);
  assert_int_equal(exact->image->level, HASHSCAN_LEVEL_EXACT);
  assert_same_answer(screened, exact);
  if (screened->method == HASHSCAN_METHOD_FAST || screened->method == HASHSCAN_METHOD_BLOCKS) {
    assert_true(screened->image->quality_low <= exact->image->quality);
    assert_true(screened->image->quality_high >= exact->image->quality);
  } else {
    if (screened->image->hash_count > 0) assert_int_equal(screened->image->level, HASHSCAN_LEVEL_EXACT);
    assert_memory_equal(screened->image->hashes, exact->image->hashes, sizeof exact->image->hashes);
    assert_int_equal(screened->image->quality, exact->image->quality);
  }
  const hashscan_method method = screened->method;
  hashscan_verdict_destroy(screened);
  hashscan_verdict_destroy(exact);
  return method;
}

static struct fixture_bytes busy_jpeg(uint64_t seed, uint32_t width, uint32_t height) {
  struct fixture_picture picture = fixture_busy(seed, width, height);
  struct fixture_bytes bytes = fixture_jpeg(&picture, 88);
  fixture_picture_free(&picture);
  return bytes;
}

static const hashscan_match_options defaults = HASHSCAN_MATCH_OPTIONS_INIT;

/* A picture whose fast hash can be screened, that is, with few unknown bits in each transform. */
static uint64_t clear_seed(uint64_t from, uint32_t width, uint32_t height) {
  hashscan_pdq unrelated = {{0}};
  memset(unrelated.bytes, 0x5a, sizeof unrelated.bytes);
  fixture_index(index_path, &unrelated, 1);
  for (uint64_t seed = from; seed < from + 60; seed++) {
    struct fixture_bytes bytes = busy_jpeg(seed, width, height);
    const hashscan_method method = method_of(&defaults, &bytes);
    fixture_bytes_free(&bytes);
    if (method == HASHSCAN_METHOD_FAST) return seed;
  }
  fail_msg("none of 60 pictures of %ux%u was screened", width, height);
  return 0;
}

static void nothing_near_is_settled_by_the_fast_hash(void **state) {
  (void)state;
  clear_seed(1, 1100, 800);
  clear_seed(1, 700, 560);
}

static void a_candidate_is_decided_by_the_exact_hash(void **state) {
  (void)state;
  const uint64_t seed = clear_seed(1, 1100, 800);
  struct fixture_bytes bytes = busy_jpeg(seed, 1100, 800);
  const hashscan_image_hash exact = hash_at(HASHSCAN_LEVEL_EXACT, &bytes);
  for (unsigned distance = 0; distance <= 40; distance++) {
    const hashscan_pdq entry = fixture_flip_bits(exact.hashes[distance % 8], distance, distance);
    fixture_index(index_path, &entry, 1);
    const hashscan_method method = method_of(&defaults, &bytes);
    if (distance <= 31) assert_int_equal(method, HASHSCAN_METHOD_FAST_CONFIRMED);
  }
  fixture_bytes_free(&bytes);
}

/* Flips `count` bits of `hash` that are not set in `avoid`. */
static hashscan_pdq flip_known_bits(hashscan_pdq hash, const hashscan_pdq *avoid, unsigned count) {
  if (hashscan_pdq_distance(avoid, &(hashscan_pdq){{0}}) > 256 - count) return hash;
  for (unsigned bit = 0; count > 0 && bit < 256; bit++) {
    const uint8_t mask = (uint8_t)(1u << bit % 8);
    if (avoid->bytes[bit / 8] & mask) continue;
    hash.bytes[bit / 8] ^= mask;
    count--;
  }
  assert_int_equal(count, 0);
  return hash;
}

/* Entries exactly at the radius of the exact hash and beyond it from the screening one: only wildcards find them.
 * Rounding alone hardly ever makes such a hash, so this is shown at level blocks. */
static void bits_in_doubt_are_wildcards(void **state) {
  (void)state;
  hashscan_match_options options = HASHSCAN_MATCH_OPTIONS_INIT;
  options.level = HASHSCAN_LEVEL_BLOCKS;
  unsigned tried = 0;
  for (uint64_t seed = 1; seed < 120 && tried < 3; seed++) {
    struct fixture_bytes bytes = busy_jpeg(seed, 720, 600);
    const hashscan_image_hash exact = hash_at(HASHSCAN_LEVEL_EXACT, &bytes);
    const hashscan_image_hash blocks = hash_at(HASHSCAN_LEVEL_BLOCKS, &bytes);
    const hashscan_pdq entry = flip_known_bits(exact.hashes[0], &blocks.unknown[0], 31);
    if (blocks.level == HASHSCAN_LEVEL_BLOCKS && hashscan_pdq_distance(&blocks.hashes[0], &entry) > 31) {
      fixture_index(index_path, &entry, 1);
      tried += method_of(&options, &bytes) == HASHSCAN_METHOD_FAST_CONFIRMED;
    }
    fixture_bytes_free(&bytes);
  }
  assert_int_equal(tried, 3);
}

static void certain_bits_agree_in_all_transforms(void **state) {
  (void)state;
  static const uint32_t sizes[][2] = {{300, 260}, {640, 480}, {513, 1023}, {1200, 900}, {2100, 1500}};
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
    for (uint64_t seed = 0; seed < 4; seed++) {
      struct fixture_bytes bytes = busy_jpeg(100 + seed, sizes[i][0], sizes[i][1]);
      const hashscan_image_hash exact = hash_at(HASHSCAN_LEVEL_EXACT, &bytes);
      for (hashscan_level level = HASHSCAN_LEVEL_FAST; level <= HASHSCAN_LEVEL_BLOCKS; level++) {
        const hashscan_image_hash screening = hash_at(level, &bytes);
        assert_int_equal(screening.level, level);
        for (unsigned t = 0; t < HASHSCAN_TRANSFORM_COUNT; t++)
          for (size_t b = 0; b < 32; b++)
            assert_int_equal((exact.hashes[t].bytes[b] ^ screening.hashes[t].bytes[b]) & ~screening.unknown[t].bytes[b],
                             0);
        assert_in_range(exact.quality, screening.quality_low, screening.quality_high);
      }
      fixture_bytes_free(&bytes);
    }
  }
}

/* A JPEG whose quality at exact is between 20 and 80, and an estimate at fast. */
static struct fixture_bytes faint_jpeg(void) {
  struct fixture_picture picture = fixture_busy(1, 1100, 800);
  for (int divisor = 2; divisor < 64; divisor++) {
    struct fixture_picture faint = fixture_busy(1, 1100, 800);
    for (size_t i = 0; i < (size_t)3 * 1100 * 800; i++)
      faint.pixels[i] = (uint8_t)(128 + (picture.pixels[i] - 128) / divisor);
    const struct fixture_bytes bytes = fixture_jpeg(&faint, 95);
    fixture_picture_free(&faint);
    const int quality = hash_at(HASHSCAN_LEVEL_EXACT, &bytes).quality;
    const hashscan_image_hash fast = hash_at(HASHSCAN_LEVEL_FAST, &bytes);
    if (quality > 20 && quality < 80 && fast.quality_low < fast.quality_high) {
      fixture_picture_free(&picture);
      return bytes;
    }
    free(bytes.bytes);
  }
  fail_msg("no divisor gives a faint picture");
  return (struct fixture_bytes){0};
}

/* Only an interval on one side of the minimum settles anything. */
static void quality_in_the_interval_is_settled_at_exact(void **state) {
  (void)state;
  hashscan_pdq unrelated = {{0}};
  memset(unrelated.bytes, 0x5a, sizeof unrelated.bytes);
  fixture_index(index_path, &unrelated, 1);
  struct fixture_bytes bytes = faint_jpeg();
  const hashscan_image_hash fast = hash_at(HASHSCAN_LEVEL_FAST, &bytes);
  for (int minimum = fast.quality_low - 1; minimum <= fast.quality_high + 2; minimum++) {
    hashscan_match_options options = HASHSCAN_MATCH_OPTIONS_INIT;
    options.min_quality = minimum;
    const hashscan_method method = method_of(&options, &bytes);
    if (minimum > fast.quality_low && minimum <= fast.quality_high)
      assert_int_equal(method, HASHSCAN_METHOD_FAST_CONFIRMED);
    if (minimum > fast.quality_high) assert_int_equal(method, HASHSCAN_METHOD_FAST);
    if (minimum <= fast.quality_low) assert_int_not_equal(method, HASHSCAN_METHOD_FAST_CONFIRMED);
  }
  fixture_bytes_free(&bytes);

  struct fixture_picture flat = fixture_flat(1100, 800);
  bytes = fixture_jpeg(&flat, 88);
  assert_int_equal(method_of(&defaults, &bytes), HASHSCAN_METHOD_FAST); /* far under the minimum */
  fixture_bytes_free(&bytes);
  fixture_picture_free(&flat);
}

/* What it reads of the blocks is no bound, so it dismisses no picture as flat. */
static void quality_of_blocks_never_decides_alone(void **state) {
  (void)state;
  hashscan_match_options options = HASHSCAN_MATCH_OPTIONS_INIT;
  options.level = HASHSCAN_LEVEL_BLOCKS;
  struct fixture_picture flat = fixture_flat(1100, 800);
  struct fixture_bytes bytes = fixture_jpeg(&flat, 88);
  assert_int_equal(hash_at(HASHSCAN_LEVEL_BLOCKS, &bytes).level, HASHSCAN_LEVEL_BLOCKS);
  assert_int_equal(method_of(&options, &bytes), HASHSCAN_METHOD_FAST);
  fixture_bytes_free(&bytes);
  fixture_picture_free(&flat);
}

static void small_and_sampled_pictures_go_to_exact_at_once(void **state) {
  (void)state;
  struct fixture_bytes small = busy_jpeg(3, 100, 90);
  assert_int_equal(method_of(&defaults, &small), HASHSCAN_METHOD_EXACT);
  fixture_bytes_free(&small);
  hashscan_match_options options = HASHSCAN_MATCH_OPTIONS_INIT;
  options.profile = HASHSCAN_PROFILE_NN512;
  struct fixture_bytes large = busy_jpeg(3, 1100, 800);
  assert_int_equal(method_of(&options, &large), HASHSCAN_METHOD_EXACT);
  fixture_bytes_free(&large);
}

static void png_is_screened_from_its_pixels(void **state) {
  (void)state;
  struct fixture_picture picture = fixture_busy(5, 600, 500);
  struct fixture_bytes bytes = fixture_png(&picture);
  hashscan_pdq unrelated = {{0}};
  memset(unrelated.bytes, 0x5a, sizeof unrelated.bytes);
  fixture_index(index_path, &unrelated, 1);
  assert_int_equal(method_of(&defaults, &bytes), HASHSCAN_METHOD_FAST);
  const hashscan_image_hash exact = hash_at(HASHSCAN_LEVEL_EXACT, &bytes);
  fixture_index(index_path, &exact.hashes[3], 1);
  assert_int_equal(method_of(&defaults, &bytes), HASHSCAN_METHOD_FAST_CONFIRMED);
  fixture_bytes_free(&bytes);
  fixture_picture_free(&picture);
}

static void damage_is_reported_as_at_exact(void **state) {
  (void)state;
  struct fixture_bytes bytes = busy_jpeg(9, 800, 640);
  const hashscan_image_hash whole = hash_at(HASHSCAN_LEVEL_EXACT, &bytes);
  fixture_index(index_path, whole.hashes, 1);
  const size_t size = bytes.size;
  for (unsigned part = 0; part < 20; part++) {
    bytes.size = size * part / 20;
    method_of(&defaults, &bytes);
  }
  bytes.size = size;
  for (unsigned flip = 0; flip < 40; flip++) {
    const size_t at = size * (flip + 1) / 42;
    bytes.bytes[at] ^= 0x10;
    method_of(&defaults, &bytes);
    bytes.bytes[at] ^= 0x10;
  }
  fixture_bytes_free(&bytes);
}

static void hashes_of_pixels_have_their_level(void **state) {
  (void)state;
  struct fixture_picture picture = fixture_busy(6, 640, 480);
  hashscan_hash_options options = HASHSCAN_HASH_OPTIONS_INIT;
  hashscan_image_hash exact = HASHSCAN_IMAGE_HASH_INIT;
  hashscan_image_hash fast = HASHSCAN_IMAGE_HASH_INIT;
  hashscan_hasher *hasher;
  assert_int_equal(hashscan_hasher_create(&options, &hasher, NULL), HASHSCAN_SUCCESS);
  assert_int_equal(hashscan_hash_pixels(hasher, picture.pixels, 640, 480, 3, 1920, &exact, NULL), HASHSCAN_SUCCESS);
  hashscan_hasher_destroy(hasher);
  options.level = HASHSCAN_LEVEL_FAST;
  assert_int_equal(hashscan_hasher_create(&options, &hasher, NULL), HASHSCAN_SUCCESS);
  assert_int_equal(hashscan_hash_pixels(hasher, picture.pixels, 640, 480, 3, 1920, &fast, NULL), HASHSCAN_SUCCESS);
  hashscan_hasher_destroy(hasher);
  assert_int_equal(exact.level, HASHSCAN_LEVEL_EXACT);
  assert_int_equal(fast.level, HASHSCAN_LEVEL_FAST);
  for (size_t b = 0; b < 32; b++)
    assert_int_equal((exact.hashes[0].bytes[b] ^ fast.hashes[0].bytes[b]) & ~fast.unknown[0].bytes[b], 0);
  fixture_picture_free(&picture);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(nothing_near_is_settled_by_the_fast_hash),
      cmocka_unit_test(a_candidate_is_decided_by_the_exact_hash),
      cmocka_unit_test(bits_in_doubt_are_wildcards),
      cmocka_unit_test(certain_bits_agree_in_all_transforms),
      cmocka_unit_test(quality_in_the_interval_is_settled_at_exact),
      cmocka_unit_test(quality_of_blocks_never_decides_alone),
      cmocka_unit_test(small_and_sampled_pictures_go_to_exact_at_once),
      cmocka_unit_test(png_is_screened_from_its_pixels),
      cmocka_unit_test(damage_is_reported_as_at_exact),
      cmocka_unit_test(hashes_of_pixels_have_their_level),
  };
  return cmocka_run_group_tests(tests, set_up, tear_down);
}
