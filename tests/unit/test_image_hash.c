/* SPDX-License-Identifier: Apache-2.0 */
/* The written form of image hashes: each answer of a hasher comes back as it was, and what no hasher answers is
 * refused, byte by byte. tests/cli/test_image_hash.py reads the same form without the library. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "../support/expect.h"
#include "../support/matching.h"

static hashscan_image_hash hash_at(hashscan_level level, int dihedral, const void *bytes, size_t size) {
  hashscan_hash_options options = HASHSCAN_HASH_OPTIONS_INIT;
  options.level = level;
  options.dihedral = dihedral;
  options.digests = 1u << HASHSCAN_KIND_SHA1;
  hashscan_hasher *hasher;
  hashscan_image_hash hash = HASHSCAN_IMAGE_HASH_INIT;
  assert_int_equal(hashscan_hasher_create(&options, &hasher, NULL), HASHSCAN_SUCCESS);
  assert_int_equal(hashscan_hash_image(hasher, bytes, size, &hash, NULL), HASHSCAN_SUCCESS);
  hashscan_hasher_destroy(hasher);
  return hash;
}

static void expect_back(const hashscan_image_hash *hash) {
  uint8_t bytes[HASHSCAN_IMAGE_HASH_BYTES];
  hashscan_image_hash back = HASHSCAN_IMAGE_HASH_INIT;
  assert_int_equal(hashscan_image_hash_encode(hash, bytes, sizeof bytes, NULL), HASHSCAN_SUCCESS);
  assert_int_equal(hashscan_image_hash_decode(bytes, sizeof bytes, &back, NULL), HASHSCAN_SUCCESS);
  assert_memory_equal(&back, hash, sizeof back);
}

static void every_answer_comes_back(void **state) {
  (void)state;
  const struct fixture_bytes *busy = &matching.busy;
  for (int dihedral = 0; dihedral < 2; dihedral++)
    for (int level = 0; level < HASHSCAN_LEVEL_COUNT; level++)
      for (size_t part = 0; part <= 8; part++) {
        const hashscan_image_hash hash = hash_at((hashscan_level)level, dihedral, busy->bytes, busy->size * part / 8);
        assert_int_equal(hash.hash_count > 0, part > 0);
        expect_back(&hash);
      }
  const hashscan_image_hash text = hash_at(HASHSCAN_LEVEL_FAST, 1, "abc", 3);
  expect_back(&text);
}

/* Of a fast hash with unknown bits in each transform; the picture is the same one on every machine. */
static void unknown_bits_come_back(void **state) {
  (void)state;
  hashscan_image_hash hash = hash_at(HASHSCAN_LEVEL_FAST, 1, matching.busy.bytes, matching.busy.size);
  assert_int_equal(hash.level, HASHSCAN_LEVEL_FAST);
  for (unsigned i = 0; i < HASHSCAN_MAX_HASHES; i++) hash.unknown[i].bytes[4 * i] = (uint8_t)(1u << i);
  expect_back(&hash);
}

/* FORMAT.md's table, byte by byte. */
static void the_form_is_the_documented_one(void **state) {
  (void)state;
  hashscan_image_hash hash = HASHSCAN_IMAGE_HASH_INIT;
  hash.status = HASHSCAN_STATUS_DAMAGED;
  hash.format = HASHSCAN_FORMAT_PNG;
  hash.profile = HASHSCAN_PROFILE_NN512;
  hash.level = HASHSCAN_LEVEL_BLOCKS;
  hash.picture = 0x01020304;
  hash.picture_count = 0x11121314;
  hash.width = 0x21222324;
  hash.height = 0x31323334;
  hash.quality = 60;
  hash.quality_low = 0;
  hash.quality_high = 100;
  hash.views = 1u << HASHSCAN_VIEW_GAMMA;
  hash.unseen = 1;
  hash.hash_count = 8;
  hash.digests = 1u << HASHSCAN_KIND_MD5 | 1u << HASHSCAN_KIND_SHA256;
  uint8_t expected[HASHSCAN_IMAGE_HASH_BYTES] = {0x89, 'H',  'S',  'I',  '\r', '\n', '\n', 'I',  1,    0,    0,    0,
                                                 0x20, 3,    0,    0,    1,    3,    1,    2,    0,    8,    0xa,  1,
                                                 4,    3,    2,    1,    0x14, 0x13, 0x12, 0x11, 0x24, 0x23, 0x22, 0x21,
                                                 0x34, 0x33, 0x32, 0x31, 8,    0,    0,    0,    60,   0,    100,  0};
  for (unsigned i = 0; i < 256; i++) {
    expected[48 + i] = hash.hashes[i / 32].bytes[i % 32] = (uint8_t)(i + 1);
    expected[304 + i] = hash.unknown[i / 32].bytes[i % 32] = (uint8_t)(3 * i);
  }
  memset(hash.md5, 0x5d, sizeof hash.md5);
  memset(expected + 560, 0x5d, 16);
  memset(hash.sha256, 0x56, sizeof hash.sha256);
  memset(expected + 596, 0x56, 32);
  strcpy(hash.reason, "a\xc3\xa9\x07z"); /* not ASCII, and a bell */
  hash.reason[3] = 'b';
  memcpy(expected + 632, "a??bz", 5);
  uint8_t bytes[HASHSCAN_IMAGE_HASH_BYTES];
  assert_int_equal(hashscan_image_hash_encode(&hash, bytes, sizeof bytes, NULL), HASHSCAN_SUCCESS);
  assert_memory_equal(bytes, expected, sizeof bytes);
}

static hashscan_code decode(const uint8_t *bytes, size_t size) {
  hashscan_image_hash hash = HASHSCAN_IMAGE_HASH_INIT;
  return hashscan_image_hash_decode(bytes, size, &hash, NULL);
}

static void impossible_answers_are_refused(void **state) {
  (void)state;
  static const struct {
    size_t offset;
    uint8_t value;
  } wrong[] = {{0, 0x88}, {7, 'S'},  {12, 0},    {13, 4},    {16, 2},    {16, 3},   {16, 11},  {17, 4},  {18, 2},
               {19, 3},   {20, 7},   {21, 2},    {21, 0},    {21, 9},    {22, 1},   {22, 18},  {23, 2},  {24, 1},
               {28, 0},   {40, 1},   {40, 128},  {43, 1},    {44, 101},  {44, 255}, {45, 101}, {46, 0},  {46, 101},
               {47, 1},   {80, 1},   {303, 1},   {336, 1},   {559, 1},   {560, 1},  {596, 1},  {627, 1}, {628, 1},
               {631, 1},  {632, 10}, {632, 127}, {640, 'x'}, {791, 'x'}, {792, 1},  {799, 1}};
  const hashscan_image_hash hash = hash_at(HASHSCAN_LEVEL_FAST, 0, matching.busy.bytes, matching.busy.size);
  uint8_t good[HASHSCAN_IMAGE_HASH_BYTES];
  uint8_t bad[HASHSCAN_IMAGE_HASH_BYTES];
  assert_int_equal(hashscan_image_hash_encode(&hash, good, sizeof good, NULL), HASHSCAN_SUCCESS);
  assert_int_equal(decode(good, sizeof good), HASHSCAN_SUCCESS);
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    memcpy(bad, good, sizeof bad);
    bad[wrong[i].offset] = wrong[i].value;
    if (decode(bad, sizeof bad) != HASHSCAN_E_FORMAT) fail_msg("byte %zu", wrong[i].offset);
  }
  memcpy(bad, good, sizeof bad);
  bad[8] = 2;
  assert_int_equal(decode(bad, sizeof bad), HASHSCAN_E_VERSION);
  for (size_t size = 0; size < sizeof good; size++) assert_int_equal(decode(good, size), HASHSCAN_E_FORMAT);
  /* No quality, size or flag without a hash. */
  const hashscan_image_hash text = hash_at(HASHSCAN_LEVEL_FAST, 0, "abc", 3);
  assert_int_equal(hashscan_image_hash_encode(&text, good, sizeof good, NULL), HASHSCAN_SUCCESS);
  static const size_t unused[] = {21, 23, 40, 44, 45, 46, 48, 304};
  for (size_t i = 0; i < sizeof unused / sizeof *unused; i++) {
    memcpy(bad, good, sizeof bad);
    bad[unused[i]] = 1;
    if (decode(bad, sizeof bad) != HASHSCAN_E_FORMAT) fail_msg("byte %zu", unused[i]);
  }
  /* An exact hash has no unknown bits and one quality. */
  const hashscan_image_hash exact = hash_at(HASHSCAN_LEVEL_EXACT, 0, matching.busy.bytes, matching.busy.size);
  assert_int_equal(hashscan_image_hash_encode(&exact, good, sizeof good, NULL), HASHSCAN_SUCCESS);
  memcpy(bad, good, sizeof bad);
  bad[304] = 1;
  assert_int_equal(decode(bad, sizeof bad), HASHSCAN_E_FORMAT);
  memcpy(bad, good, sizeof bad);
  bad[45]--;
  assert_int_equal(decode(bad, sizeof bad), HASHSCAN_E_FORMAT);
}

/* Bounds on a quality that blocks cannot tell would clear the picture as flat. */
static void blocks_tell_no_quality(void **state) {
  (void)state;
  hashscan_image_hash hash = hash_at(HASHSCAN_LEVEL_FAST, 0, matching.busy.bytes, matching.busy.size);
  uint8_t bytes[HASHSCAN_IMAGE_HASH_BYTES];
  hash.level = HASHSCAN_LEVEL_BLOCKS;
  for (int low = 0; low < 2; low++)
    for (int high = 99; high <= 100; high++) {
      hash.quality_low = low;
      hash.quality_high = high;
      hash.quality = 20;
      const hashscan_code code = hashscan_image_hash_encode(&hash, bytes, sizeof bytes, NULL);
      assert_int_equal(code, low == 0 && high == 100 ? HASHSCAN_SUCCESS : HASHSCAN_E_ARGUMENT);
    }
  hash.quality_low = 0;
  hash.quality_high = 100;
  assert_int_equal(hashscan_image_hash_encode(&hash, bytes, sizeof bytes, NULL), HASHSCAN_SUCCESS);
  bytes[46] = 99;
  assert_int_equal(decode(bytes, sizeof bytes), HASHSCAN_E_FORMAT);
}

static void arguments(void **state) {
  (void)state;
  const hashscan_image_hash hash = hash_at(HASHSCAN_LEVEL_FAST, 0, matching.busy.bytes, matching.busy.size);
  hashscan_image_hash back = HASHSCAN_IMAGE_HASH_INIT;
  uint8_t bytes[HASHSCAN_IMAGE_HASH_BYTES] = {0x5a};
  EXPECT(HASHSCAN_E_ARGUMENT, hashscan_image_hash_encode(NULL, bytes, sizeof bytes, error));
  EXPECT(HASHSCAN_E_ARGUMENT, hashscan_image_hash_encode(&hash, NULL, sizeof bytes, error));
  EXPECT(HASHSCAN_E_ARGUMENT, hashscan_image_hash_encode(&hash, bytes, sizeof bytes - 1, error));
  EXPECT(HASHSCAN_E_ARGUMENT, hashscan_image_hash_encode(&back, bytes, sizeof bytes, error)); /* ok without a hash */
  assert_int_equal(bytes[0], 0x5a);
  assert_int_equal(hashscan_image_hash_encode(&hash, bytes, sizeof bytes, NULL), HASHSCAN_SUCCESS);
  EXPECT(HASHSCAN_E_ARGUMENT, hashscan_image_hash_decode(NULL, sizeof bytes, &back, error));
  EXPECT(HASHSCAN_E_ARGUMENT, hashscan_image_hash_decode(bytes, sizeof bytes, NULL, error));
  back.size = 1;
  EXPECT(HASHSCAN_E_ARGUMENT, hashscan_image_hash_decode(bytes, sizeof bytes, &back, error));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_answer_comes_back),        cmocka_unit_test(unknown_bits_come_back),
      cmocka_unit_test(the_form_is_the_documented_one), cmocka_unit_test(impossible_answers_are_refused),
      cmocka_unit_test(blocks_tell_no_quality),         cmocka_unit_test(arguments),
  };
  return cmocka_run_group_tests(tests, matching_set_up, matching_tear_down);
}
