/* SPDX-License-Identifier: Apache-2.0 */
/* Default against exact. */
#include "oracle.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "random.h"

enum { BITS = 256, LEAST = 29, MOST = 33, EDGE = 31 };

#define MEMORY_FOLDER "/dev/shm"

static void require(bool holds) {
  if (!holds) abort();
}

static bool differs(struct oracle *oracle, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(oracle->text, sizeof oracle->text, format, arguments);
  va_end(arguments);
  return false;
}

static hashscan_hasher *new_hasher(hashscan_level level, const hashscan_limits *limits) {
  hashscan_hash_options options = HASHSCAN_HASH_OPTIONS_INIT;
  options.level = level;
  options.dihedral = 1;
  options.limits = limits;
  hashscan_hasher *hasher;
  require(hashscan_hasher_create(&options, &hasher, NULL) == HASHSCAN_SUCCESS);
  return hasher;
}

void oracle_open(struct oracle *oracle, const hashscan_limits *limits) {
  const hashscan_limits defaults = HASHSCAN_LIMITS_INIT;
  *oracle = (struct oracle){.limits = limits == NULL ? defaults : *limits};
  if (access(MEMORY_FOLDER, W_OK) == 0) {
    snprintf(oracle->folder, sizeof oracle->folder, MEMORY_FOLDER "/hashscan-test-XXXXXX");
    require(mkdtemp(oracle->folder) != NULL);
  } else {
    fixture_folder(oracle->folder);
  }
  fixture_join(oracle->near, oracle->folder, "near");
  fixture_join(oracle->edge, oracle->folder, "edge");
  oracle->exact = new_hasher(HASHSCAN_LEVEL_EXACT, &oracle->limits);
  oracle->fast = new_hasher(HASHSCAN_LEVEL_FAST, &oracle->limits);
}

void oracle_close(struct oracle *oracle) {
  hashscan_hasher_destroy(oracle->exact);
  hashscan_hasher_destroy(oracle->fast);
  fixture_remove(oracle->folder);
}

/* ---- Hashes ------------------------------------------------------------------------------------------------------ */

static hashscan_image_hash hash_at(hashscan_hasher *hasher, const void *bytes, size_t size) {
  hashscan_image_hash hash = HASHSCAN_IMAGE_HASH_INIT;
  require(hashscan_hash_image(hasher, bytes, size, &hash, NULL) == HASHSCAN_SUCCESS);
  return hash;
}

static unsigned bit_of(const hashscan_pdq *hash, unsigned bit) {
  return hash->bytes[bit / 8] >> bit % 8 & 1;
}

/* A bit that the fast hash has for certain and has right. */
static bool is_settled(const hashscan_image_hash *exact, const hashscan_image_hash *fast, unsigned t, unsigned bit) {
  if (t >= fast->hash_count) return true;
  return bit_of(&fast->unknown[t], bit) == 0 && bit_of(&fast->hashes[t], bit) == bit_of(&exact->hashes[t], bit);
}

static bool certain_bits_are_right(struct oracle *oracle, const hashscan_image_hash *exact,
                                   const hashscan_image_hash *fast) {
  unsigned wrong = 0;
  for (unsigned t = 0; t < HASHSCAN_TRANSFORM_COUNT; t++)
    for (unsigned bit = 0; bit < BITS; bit++)
      wrong += bit_of(&fast->unknown[t], bit) == 0 && !is_settled(exact, fast, t, bit);
  if (wrong > 0) return differs(oracle, "%u certain bits of the fast hashes are wrong", wrong);
  return true;
}

/* The exact hash with `count` settled bits flipped, as far as there are so many. */
static hashscan_pdq beside(const hashscan_image_hash *exact, const hashscan_image_hash *fast, unsigned t,
                           unsigned count, struct random_state *random) {
  hashscan_pdq hash = exact->hashes[t];
  bool flipped[BITS] = {false};
  for (unsigned tries = 0; count > 0; tries++) {
    const unsigned bit = (unsigned)(random_next(random) % BITS);
    if (flipped[bit] || (tries < 8 * BITS && !is_settled(exact, fast, t, bit))) continue;
    flipped[bit] = true;
    hash.bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
    count--;
  }
  return hash;
}

static void write_indexes(struct oracle *oracle, const hashscan_image_hash *exact, const hashscan_image_hash *fast,
                          struct random_state *random) {
  hashscan_pdq entries[2 + MOST - LEAST];
  size_t count = 0;
  entries[count++] = exact->hashes[random_next(random) % HASHSCAN_TRANSFORM_COUNT];
  for (unsigned distance = LEAST; distance <= MOST; distance++)
    entries[count++] =
        beside(exact, fast, (unsigned)(random_next(random) % HASHSCAN_TRANSFORM_COUNT), distance, random);
  fixture_index(oracle->near, entries, count);
  const hashscan_pdq edge =
      beside(exact, fast, (unsigned)(random_next(random) % HASHSCAN_TRANSFORM_COUNT), EDGE, random);
  fixture_index(oracle->edge, &edge, 1);
}

/* ---- Verdicts ---------------------------------------------------------------------------------------------------- */

static hashscan_verdict *verdict_of(const char *index, const hashscan_match_options *options, const void *bytes,
                                    size_t size) {
  hashscan_matcher *matcher;
  hashscan_hasher *hasher;
  hashscan_verdict *verdict;
  require(hashscan_matcher_create((const char *const[]){index}, 1, options, &matcher, NULL) == HASHSCAN_SUCCESS);
  require(hashscan_matcher_hasher(matcher, &hasher, NULL) == HASHSCAN_SUCCESS);
  require(hashscan_match_image(matcher, hasher, bytes, size, &verdict, NULL) == HASHSCAN_SUCCESS);
  hashscan_hasher_destroy(hasher);
  hashscan_matcher_destroy(matcher);
  return verdict;
}

static bool same_matches(struct oracle *oracle, const hashscan_verdict *given, const hashscan_verdict *exact) {
  if (given->match_count != exact->match_count)
    return differs(oracle, "%zu matches for %zu", given->match_count, exact->match_count);
  for (size_t i = 0; i < exact->match_count; i++) {
    const hashscan_match *a = given->matches[i];
    const hashscan_match *b = exact->matches[i];
    if (a->entry != b->entry || a->distance != b->distance || a->transform != b->transform)
      return differs(oracle, "match %zu is another, or at distance %u for %u", i, a->distance, b->distance);
  }
  return true;
}

static bool same_verdict(struct oracle *oracle, const hashscan_verdict *given, const hashscan_verdict *exact) {
  const hashscan_image_hash *a = given->image;
  const hashscan_image_hash *b = exact->image;
  if (given->outcome != exact->outcome)
    return differs(oracle, "%s for %s", hashscan_outcome_name(given->outcome), hashscan_outcome_name(exact->outcome));
  if (!same_matches(oracle, given, exact)) return false;
  if (given->status != exact->status)
    return differs(oracle, "status %s for %s", hashscan_status_name(given->status),
                   hashscan_status_name(exact->status));
  if (a->format != b->format || a->width != b->width || a->height != b->height)
    return differs(oracle, "another format or size");
  return true;
}

static bool agree(struct oracle *oracle, const char *index, const hashscan_match_options *given, const void *bytes,
                  size_t size) {
  hashscan_match_options options = *given;
  hashscan_verdict *by_default = verdict_of(index, &options, bytes, size);
  options.level = HASHSCAN_LEVEL_EXACT;
  hashscan_verdict *exact = verdict_of(index, &options, bytes, size);
  if (by_default->image->hash_count > 0) oracle->verdicts[by_default->method]++;
  const int quality = exact->image->quality;
  const bool same = same_verdict(oracle, by_default, exact);
  hashscan_verdict_destroy(by_default);
  hashscan_verdict_destroy(exact);
  if (same) return true;
  const size_t length = strlen(oracle->text);
  snprintf(oracle->text + length, sizeof oracle->text - length, " (radius %u, minimum %d, quality %d, %s)",
           options.radius, options.min_quality, quality, index == oracle->near ? "near" : "edge");
  return false;
}

static int within(int quality) {
  return quality < 0 ? 0 : quality > 100 ? 100 : quality;
}

static bool policies_agree(struct oracle *oracle, const void *bytes, size_t size, int quality, uint64_t seed) {
  const struct {
    const char *index;
    unsigned radius;
    int min_quality;
  } policies[] = {{oracle->near, 31, 50},
                  {oracle->edge, 31, 0},
                  {oracle->edge, 31, within(quality)},
                  {oracle->near, seed % 3 == 0 ? 0 : (unsigned)(seed % 40), within(quality - 1)},
                  {oracle->near, 31, within(quality + 1)}};
  const size_t count = sizeof policies / sizeof *policies;
  for (size_t i = 0; i < count; i++) {
    if (oracle->quick && i != seed / 7 % count) continue;
    hashscan_match_options options = HASHSCAN_MATCH_OPTIONS_INIT;
    options.radius = policies[i].radius;
    options.min_quality = policies[i].min_quality;
    options.limits = &oracle->limits;
    if (i == 0 && seed % 4 == 0) options.profile = HASHSCAN_PROFILE_NN512;
    if (i == 3) options.transforms = HASHSCAN_TRANSFORMS_NONE;
    if (!agree(oracle, policies[i].index, &options, bytes, size)) return false;
  }
  return true;
}

/* A file without a hash, against an index of something else. */
static bool refusals_agree(struct oracle *oracle, const void *bytes, size_t size) {
  static const hashscan_pdq other = {{0x5a}};
  hashscan_match_options options = HASHSCAN_MATCH_OPTIONS_INIT;
  options.limits = &oracle->limits;
  if (access(oracle->edge, F_OK) != 0) fixture_index(oracle->edge, &other, 1);
  return agree(oracle, oracle->edge, &options, bytes, size);
}

static bool compare(struct oracle *oracle, const void *bytes, size_t size, uint64_t seed) {
  const hashscan_image_hash exact = hash_at(oracle->exact, bytes, size);
  const hashscan_image_hash fast = hash_at(oracle->fast, bytes, size);
  if (exact.hash_count == 0) return refusals_agree(oracle, bytes, size);
  struct random_state random = random_seeded(seed);
  oracle->hashed++;
  oracle->fast_hashes += fast.hash_count > 0 && fast.level != HASHSCAN_LEVEL_EXACT;
  if (exact.quality < 0 || exact.quality > 100) return differs(oracle, "a quality of %d", exact.quality);
  if (fast.hash_count != exact.hash_count) return differs(oracle, "%u hashes at fast", fast.hash_count);
  write_indexes(oracle, &exact, &fast, &random);
  return policies_agree(oracle, bytes, size, exact.quality, seed) && certain_bits_are_right(oracle, &exact, &fast);
}

bool oracle_agrees(struct oracle *oracle, const void *bytes, size_t size, uint64_t seed) {
  oracle->text[0] = '\0';
  oracle->files++;
  const bool agrees = compare(oracle, bytes, size, seed);
  oracle->differ += !agrees;
  return agrees;
}

bool oracle_pixels_agree(struct oracle *oracle, const uint8_t *pixels, uint32_t width, uint32_t height,
                         unsigned channels) {
  hashscan_image_hash exact = HASHSCAN_IMAGE_HASH_INIT, fast = HASHSCAN_IMAGE_HASH_INIT;
  const size_t stride = (size_t)width * channels;
  require(hashscan_hash_pixels(oracle->exact, pixels, width, height, channels, stride, &exact, NULL) ==
          HASHSCAN_SUCCESS);
  require(hashscan_hash_pixels(oracle->fast, pixels, width, height, channels, stride, &fast, NULL) == HASHSCAN_SUCCESS);
  oracle->text[0] = '\0';
  oracle->files++;
  oracle->hashed++;
  oracle->fast_hashes += fast.level != HASHSCAN_LEVEL_EXACT;
  const bool agrees = certain_bits_are_right(oracle, &exact, &fast);
  oracle->differ += !agrees;
  return agrees;
}
