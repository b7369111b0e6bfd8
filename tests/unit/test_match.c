/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes to verdict: what matches, what does not, what was not examined. Reloading is in test_match_reload.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../support/matching.h"

static hashscan_verdict *match_once(const hashscan_match_options *options, const void *bytes, size_t size) {
  return matching_once(matching.index, options, bytes, size);
}

static hashscan_verdict *match_busy(const hashscan_match_options *options) {
  return match_once(options, matching.busy.bytes, matching.busy.size);
}

static void exact_match_carries_provenance(void **state) {
  (void)state;
  fixture_index(matching.index, matching.hash.hashes, 1);
  hashscan_verdict *verdict = match_busy(NULL);
  assert_int_equal(verdict->outcome, HASHSCAN_OUTCOME_MATCH);
  assert_int_equal(verdict->status, HASHSCAN_STATUS_OK);
  assert_string_equal(verdict->reason, "");
  assert_int_equal(verdict->image->format, HASHSCAN_FORMAT_JPEG);
  assert_int_equal(verdict->image->width, 320);
  assert_int_equal(verdict->image->height, 240);
  assert_int_equal(verdict->image->hash_count, 8);
  assert_int_equal(verdict->match_count, 1);
  const hashscan_match *match = verdict->matches[0];
  assert_int_equal(match->kind, HASHSCAN_KIND_PDQ);
  assert_int_equal(match->distance, 0);
  assert_int_equal(match->transform, HASHSCAN_TRANSFORM_NONE);
  assert_string_equal(match->list, "demo");
  assert_string_equal(match->version, "1");
  assert_string_equal(match->id, "0");
  assert_int_equal(match->label_count, 2);
  assert_string_equal(match->labels[0], "A1");
  assert_string_equal(match->labels[1], "B2");
  hashscan_verdict_destroy(verdict);
}

static void unrelated_picture_does_not_match(void **state) {
  (void)state;
  fixture_index(matching.index, matching.hash.hashes, 1);
  struct fixture_picture other = fixture_busy(8, 320, 240);
  struct fixture_bytes png = fixture_png(&other);
  hashscan_verdict *verdict = match_once(NULL, png.bytes, png.size);
  assert_int_equal(verdict->outcome, HASHSCAN_OUTCOME_NO_MATCH);
  assert_int_equal(verdict->image->format, HASHSCAN_FORMAT_PNG);
  assert_int_equal(verdict->match_count, 0);
  hashscan_verdict_destroy(verdict);
  fixture_bytes_free(&png);
  fixture_picture_free(&other);
}

/* Which of the hashes given to fixture_index an entry was; the index numbers its entries as it likes. */
static size_t position_of(const hashscan_match *match) {
  return (size_t)strtoul(match->id, NULL, 10);
}

static void expect_sorted(const hashscan_verdict *verdict) {
  for (size_t i = 1; i < verdict->match_count; i++) {
    const hashscan_match *match = verdict->matches[i];
    assert_true(match[-1].distance < match->distance ||
                (match[-1].distance == match->distance && match[-1].entry < match->entry));
  }
}

/* Exactly what lies inside the radius, by distance and then by entry number. */
static void radius_is_inclusive_and_matches_are_sorted(void **state) {
  (void)state;
  static const unsigned distances[] = {40, 0, 31, 32, 31, 1};
  hashscan_pdq hashes[6];
  for (size_t i = 0; i < 6; i++) hashes[i] = fixture_flip_bits(matching.hash.hashes[0], distances[i], i + 1);
  fixture_index(matching.index, hashes, 6);
  static const unsigned radii[] = {0, 1, 30, 31, 32, 39, 40, 41};
  for (size_t i = 0; i < sizeof radii / sizeof *radii; i++) {
    hashscan_match_options options = HASHSCAN_MATCH_OPTIONS_INIT;
    options.radius = radii[i];
    hashscan_verdict *verdict = match_busy(&options);
    bool found[6] = {false};
    for (size_t j = 0; j < verdict->match_count; j++) {
      const size_t position = position_of(verdict->matches[j]);
      assert_int_equal(verdict->matches[j]->distance, distances[position]);
      assert_false(found[position]);
      found[position] = true;
    }
    for (size_t j = 0; j < 6; j++) assert_int_equal(found[j], distances[j] <= radii[i]);
    expect_sorted(verdict);
    hashscan_verdict_destroy(verdict);
  }
}

static void dihedral_finds_every_symmetry(void **state) {
  (void)state;
  fixture_index(matching.index, matching.hash.hashes, 1);
  hashscan_match_options plain = HASHSCAN_MATCH_OPTIONS_INIT;
  plain.transforms = HASHSCAN_TRANSFORMS_NONE;
  for (int t = HASHSCAN_TRANSFORM_ROT90; t < HASHSCAN_TRANSFORM_COUNT; t++) {
    struct fixture_picture turned = fixture_transformed(&matching.picture, (hashscan_transform)t);
    struct fixture_bytes png = fixture_png(&turned);
    hashscan_verdict *verdict = match_once(NULL, png.bytes, png.size);
    assert_int_equal(verdict->match_count, 1);
    /* The transform that brings the query back: a quarter turn's is the other one, the rest undo themselves. */
    int undo = t;
    if (t == HASHSCAN_TRANSFORM_ROT90) undo = HASHSCAN_TRANSFORM_ROT270;
    if (t == HASHSCAN_TRANSFORM_ROT270) undo = HASHSCAN_TRANSFORM_ROT90;
    assert_int_equal(verdict->matches[0]->transform, undo);
    assert_int_equal(verdict->matches[0]->distance,
                     hashscan_pdq_distance(&verdict->image->hashes[undo], &matching.hash.hashes[0]));
    hashscan_verdict_destroy(verdict);
    verdict = match_once(&plain, png.bytes, png.size);
    assert_int_equal(verdict->outcome, HASHSCAN_OUTCOME_NO_MATCH);
    assert_int_equal(verdict->image->hash_count, 1);
    hashscan_verdict_destroy(verdict);
    fixture_bytes_free(&png);
    fixture_picture_free(&turned);
  }
}

/* An entry halfway between two of the query's hashes is reported once, with the first of them. */
static void first_transform_wins_a_tie(void **state) {
  (void)state;
  const hashscan_pdq *a = &matching.hash.hashes[HASHSCAN_TRANSFORM_ROT180];
  const hashscan_pdq *b = &matching.hash.hashes[HASHSCAN_TRANSFORM_FLIPY];
  const unsigned apart = hashscan_pdq_distance(a, b);
  assert_int_equal(apart % 2, 0);
  hashscan_pdq between = *a;
  for (unsigned bit = 0; bit < 256 && hashscan_pdq_distance(&between, a) < apart / 2; bit++) {
    const uint8_t mask = (uint8_t)(1u << bit % 8);
    between.bytes[bit / 8] = (uint8_t)((between.bytes[bit / 8] & ~mask) | (b->bytes[bit / 8] & mask));
  }
  assert_int_equal(hashscan_pdq_distance(&between, b), apart / 2);
  fixture_index(matching.index, &between, 1);
  hashscan_match_options options = HASHSCAN_MATCH_OPTIONS_INIT;
  options.radius = apart / 2;
  hashscan_verdict *verdict = match_busy(&options);
  assert_int_equal(verdict->match_count, 1);
  assert_int_equal(verdict->matches[0]->distance, apart / 2);
  assert_int_equal(verdict->matches[0]->transform, HASHSCAN_TRANSFORM_ROT180);
  hashscan_verdict_destroy(verdict);
}

/* Every entry matches, most of them under several transforms: each comes once, with its true distance. */
static void many_matches_come_once_each(void **state) {
  (void)state;
  enum { COUNT = 700 };
  static hashscan_pdq hashes[COUNT];
  for (unsigned i = 0; i < COUNT; i++) hashes[i] = fixture_flip_bits(matching.hash.hashes[i % 8], i % 256, i);
  fixture_index(matching.index, hashes, COUNT);
  hashscan_match_options options = HASHSCAN_MATCH_OPTIONS_INIT;
  options.radius = 256;
  hashscan_verdict *verdict = match_busy(&options);
  assert_int_equal(verdict->match_count, COUNT);
  static bool seen[COUNT];
  memset(seen, 0, sizeof seen);
  for (size_t i = 0; i < COUNT; i++) {
    const hashscan_match *match = verdict->matches[i];
    const size_t position = position_of(match);
    assert_in_range(position, 0, COUNT - 1);
    assert_false(seen[position]);
    seen[position] = true;
    unsigned closest = 257;
    hashscan_transform transform = HASHSCAN_TRANSFORM_NONE;
    for (int t = 0; t < HASHSCAN_TRANSFORM_COUNT; t++) {
      const unsigned distance = hashscan_pdq_distance(&matching.hash.hashes[t], &hashes[position]);
      if (distance >= closest) continue;
      closest = distance;
      transform = (hashscan_transform)t;
    }
    assert_int_equal(match->distance, closest);
    assert_int_equal(match->transform, transform);
  }
  expect_sorted(verdict);
  hashscan_verdict_destroy(verdict);
}

static void write_digest_index(const char *const *hex, const hashscan_kind *kinds, size_t count) {
  hashscan_builder *builder;
  assert_int_equal(hashscan_builder_create(&builder, NULL), HASHSCAN_SUCCESS);
  for (size_t i = 0; i < count; i++) {
    uint8_t hash[HASHSCAN_MAX_HASH_BYTES];
    const size_t size = hashscan_kind_bytes(kinds[i]);
    assert_int_equal(hashscan_hex_decode(hex[i], strlen(hex[i]), hash, size, NULL), HASHSCAN_SUCCESS);
    fixture_add(builder, kinds[i], hash, hashscan_kind_name(kinds[i]));
  }
  assert_int_equal(hashscan_builder_write(builder, matching.index, NULL), HASHSCAN_SUCCESS);
  hashscan_builder_destroy(builder);
}

/* RFC 1321, FIPS 180-4: the digests of "abc". The bytes are no image, and match all the same. */
static void digests_match_whatever_the_decoder_says(void **state) {
  (void)state;
  static const char *const hex[] = {"900150983cd24fb0d6963f7d28e17f72", "a9993e364706816aba3e25717850c26c9cd0d89d",
                                    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"};
  static const hashscan_kind kinds[] = {HASHSCAN_KIND_MD5, HASHSCAN_KIND_SHA1, HASHSCAN_KIND_SHA256};
  write_digest_index(hex, kinds, 3);
  hashscan_verdict *verdict = match_once(NULL, "abc", 3);
  assert_int_equal(verdict->outcome, HASHSCAN_OUTCOME_MATCH);
  assert_int_equal(verdict->status, HASHSCAN_STATUS_NOT_IMAGE);
  assert_int_equal(verdict->image->quality, -1);
  assert_int_equal(verdict->match_count, 3);
  for (size_t i = 0; i < 3; i++) {
    assert_int_equal(verdict->matches[i]->distance, 0);
    assert_int_equal(verdict->matches[i]->transform, HASHSCAN_TRANSFORM_NONE);
    assert_string_equal(verdict->matches[i]->id, hashscan_kind_name(verdict->matches[i]->kind));
  }
  hashscan_verdict_destroy(verdict);

  verdict = match_once(NULL, "abd", 3);
  assert_int_equal(verdict->outcome, HASHSCAN_OUTCOME_NOT_IMAGE);
  assert_int_equal(verdict->status, HASHSCAN_STATUS_NOT_IMAGE);
  assert_true(verdict->reason[0] != '\0');
  hashscan_verdict_destroy(verdict);

  verdict = match_once(NULL, "GIF89a", 6);
  assert_int_equal(verdict->outcome, HASHSCAN_OUTCOME_UNEXAMINED);
  assert_int_equal(verdict->status, HASHSCAN_STATUS_UNSUPPORTED);
  hashscan_verdict_destroy(verdict);

  /* No PDQ entry anywhere: a picture is decoded and examined all the same. */
  verdict = match_busy(NULL);
  assert_int_equal(verdict->outcome, HASHSCAN_OUTCOME_NO_MATCH);
  assert_int_equal(verdict->image->hash_count, 8);
  hashscan_verdict_destroy(verdict);
}

static void empty_input_has_a_digest_too(void **state) {
  (void)state;
  static const char *const hex[] = {"d41d8cd98f00b204e9800998ecf8427e",
                                    "0000000000000000000000000000000000000000000000000000000000000000"};
  static const hashscan_kind kinds[] = {HASHSCAN_KIND_MD5, HASHSCAN_KIND_PDQ};
  write_digest_index(hex, kinds, 2);
  hashscan_verdict *verdict = match_once(NULL, NULL, 0);
  assert_int_equal(verdict->outcome, HASHSCAN_OUTCOME_MATCH);
  assert_int_equal(verdict->status, HASHSCAN_STATUS_NOT_IMAGE);
  hashscan_verdict_destroy(verdict);
}

static void low_quality_is_hashed_but_not_compared(void **state) {
  (void)state;
  struct fixture_picture flat = fixture_flat(200, 200);
  struct fixture_bytes png = fixture_png(&flat);
  const hashscan_image_hash hash = fixture_hash(&png);
  assert_in_range(hash.quality, 0, 49);
  fixture_index(matching.index, hash.hashes, 1);
  hashscan_match_options options = HASHSCAN_MATCH_OPTIONS_INIT;
  options.level = HASHSCAN_LEVEL_EXACT;
  hashscan_verdict *verdict = match_once(&options, png.bytes, png.size);
  char reason[64];
  snprintf(reason, sizeof reason, "quality %d is under the minimum of 50", hash.quality);
  assert_int_equal(verdict->outcome, HASHSCAN_OUTCOME_NO_MATCH);
  assert_int_equal(verdict->status, HASHSCAN_STATUS_LOW_QUALITY);
  assert_string_equal(verdict->reason, reason);
  assert_memory_equal(&verdict->image->hashes[0], &hash.hashes[0], sizeof hash.hashes[0]);
  hashscan_verdict_destroy(verdict);

  options.min_quality = hash.quality;
  verdict = match_once(&options, png.bytes, png.size);
  assert_int_equal(verdict->outcome, HASHSCAN_OUTCOME_MATCH);
  assert_int_equal(verdict->status, HASHSCAN_STATUS_OK);
  hashscan_verdict_destroy(verdict);
  fixture_bytes_free(&png);
  fixture_picture_free(&flat);
}

static void damaged_pictures_are_matched(void **state) {
  (void)state;
  const struct fixture_bytes cut = {.bytes = matching.busy.bytes, .size = matching.busy.size * 3 / 4};
  const hashscan_image_hash hash = fixture_hash(&cut);
  assert_int_equal(hash.status, HASHSCAN_STATUS_DAMAGED);
  fixture_index(matching.index, hash.hashes, 1);
  hashscan_verdict *verdict = match_once(NULL, cut.bytes, cut.size);
  assert_int_equal(verdict->outcome, HASHSCAN_OUTCOME_MATCH);
  assert_int_equal(verdict->status, HASHSCAN_STATUS_DAMAGED);
  assert_string_equal(verdict->reason, hash.reason);
  hashscan_verdict_destroy(verdict);
}

static void a_cut_png_is_matched(void **state) {
  (void)state;
  struct fixture_bytes png = fixture_png(&matching.picture);
  const hashscan_image_hash whole = fixture_hash(&png);
  fixture_index(matching.index, whole.hashes, 1);
  hashscan_verdict *verdict = match_once(NULL, png.bytes, png.size * 99 / 100);
  assert_int_equal(verdict->outcome, HASHSCAN_OUTCOME_MATCH);
  assert_int_equal(verdict->status, HASHSCAN_STATUS_DAMAGED);
  assert_non_null(strstr(verdict->reason, "unexpected end of file (after row "));
  hashscan_verdict_destroy(verdict);
  fixture_bytes_free(&png);
}

/* Cut and flat: the reason tells both, and what is missing may be what was not flat. */
static void damage_of_low_quality_is_unexamined(void **state) {
  (void)state;
  struct fixture_picture flat = fixture_flat(200, 200);
  struct fixture_bytes jpeg = fixture_jpeg(&flat, 90);
  jpeg.size -= 40;
  const hashscan_image_hash hash = fixture_hash(&jpeg);
  assert_int_equal(hash.status, HASHSCAN_STATUS_DAMAGED);
  assert_in_range(hash.quality, 0, 49);
  fixture_index(matching.index, matching.hash.hashes, 1);
  hashscan_verdict *verdict = match_once(NULL, jpeg.bytes, jpeg.size);
  assert_int_equal(verdict->outcome, HASHSCAN_OUTCOME_UNEXAMINED);
  assert_int_equal(verdict->status, HASHSCAN_STATUS_LOW_QUALITY);
  assert_non_null(strstr(verdict->reason, "is under the minimum of 50; "));
  assert_non_null(strstr(verdict->reason, hash.reason));
  hashscan_verdict_destroy(verdict);
  fixture_bytes_free(&jpeg);
  fixture_picture_free(&flat);
}

static void corrupt_and_limited_pictures_are_unexamined(void **state) {
  (void)state;
  fixture_index(matching.index, matching.hash.hashes, 1);
  struct fixture_bytes png = fixture_png(&matching.picture);
  hashscan_verdict *verdict = match_once(NULL, png.bytes, 40); /* before the pixels */
  assert_int_equal(verdict->outcome, HASHSCAN_OUTCOME_UNEXAMINED);
  assert_int_equal(verdict->status, HASHSCAN_STATUS_CORRUPT);
  hashscan_verdict_destroy(verdict);

  hashscan_limits limits = HASHSCAN_LIMITS_INIT;
  limits.max_pixels = 320 * 240 - 1;
  hashscan_match_options options = HASHSCAN_MATCH_OPTIONS_INIT;
  options.limits = &limits;
  verdict = match_busy(&options);
  assert_int_equal(verdict->outcome, HASHSCAN_OUTCOME_UNEXAMINED);
  assert_int_equal(verdict->status, HASHSCAN_STATUS_LIMIT);
  assert_non_null(strstr(verdict->reason, "max_pixels"));
  hashscan_verdict_destroy(verdict);
  fixture_bytes_free(&png);
}

static void expect_refused(hashscan_matcher *matcher, const hashscan_hash_options *options) {
  hashscan_hasher *hasher;
  hashscan_error error = {0};
  assert_int_equal(hashscan_hasher_create(options, &hasher, NULL), HASHSCAN_SUCCESS);
  hashscan_verdict *verdict = matching_verdict(matcher, matching.busy.bytes, matching.busy.size);
  assert_int_equal(verdict->outcome, HASHSCAN_OUTCOME_MATCH);
  hashscan_verdict_destroy(verdict);
  assert_int_equal(hashscan_match_image(matcher, hasher, matching.busy.bytes, matching.busy.size, &verdict, &error),
                   HASHSCAN_E_ARGUMENT);
  assert_int_equal(error.code, HASHSCAN_E_ARGUMENT);
  assert_null(verdict);
  hashscan_hasher_destroy(hasher);
}

static void foreign_hashers_are_refused(void **state) {
  (void)state;
  fixture_index(matching.index, matching.hash.hashes, 1);
  hashscan_matcher *matcher = matching_open(matching.index, NULL);
  hashscan_hash_options options = HASHSCAN_HASH_OPTIONS_INIT;
  expect_refused(matcher, &options); /* one hash, not eight */
  options.dihedral = 1;
  options.profile = HASHSCAN_PROFILE_NN512;
  expect_refused(matcher, &options);
  options.profile = HASHSCAN_PROFILE_FULL;
  hashscan_limits limits = HASHSCAN_LIMITS_INIT;
  limits.max_seconds = 9;
  options.limits = &limits;
  expect_refused(matcher, &options);
  hashscan_matcher_destroy(matcher);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(exact_match_carries_provenance),
      cmocka_unit_test(unrelated_picture_does_not_match),
      cmocka_unit_test(radius_is_inclusive_and_matches_are_sorted),
      cmocka_unit_test(dihedral_finds_every_symmetry),
      cmocka_unit_test(first_transform_wins_a_tie),
      cmocka_unit_test(many_matches_come_once_each),
      cmocka_unit_test(digests_match_whatever_the_decoder_says),
      cmocka_unit_test(empty_input_has_a_digest_too),
      cmocka_unit_test(low_quality_is_hashed_but_not_compared),
      cmocka_unit_test(damaged_pictures_are_matched),
      cmocka_unit_test(a_cut_png_is_matched),
      cmocka_unit_test(damage_of_low_quality_is_unexamined),
      cmocka_unit_test(corrupt_and_limited_pictures_are_unexamined),
      cmocka_unit_test(foreign_hashers_are_refused),
  };
  return cmocka_run_group_tests(tests, matching_set_up, matching_tear_down);
}
