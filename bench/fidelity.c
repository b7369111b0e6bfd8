/* SPDX-License-Identifier: Apache-2.0 */
/* Measuring one picture at both levels. */
#include "fidelity.h"

#include <fcntl.h>
#include <math.h>
#include <stdio.h>

#include "base/file_read.h"
#include "match/screen.h"
#include "pdq/certainty.h"
#include "pdq/spectrum.h"

const char *const fidelity_size_names[FIDELITY_SIZES] = {"under 512", "512 to 1023", "1024 to 1279", "1280 to 1699",
                                                         "1700 and over"};

unsigned fidelity_size_class(const struct fidelity_sample *sample) {
  static const uint32_t from[FIDELITY_SIZES] = {0, 512, 1024, 1280, 1700};
  unsigned size = FIDELITY_SIZES - 1;
  while (sample->shorter_side < from[size]) size--;
  return size;
}

const char *fidelity_path_name(const struct fidelity_sample *sample) {
  if (!sample->is_screened) return "exact";
  switch (sample->path) {
  case PDQ_FAST_BLOCKS:
    return "blocks";
  case PDQ_FAST_PROGRESSIVE:
    return "progressive";
  case PDQ_FAST_PIXELS:
    break;
  }
  return "pixels";
}

bool fidelity_open(struct fidelity_pair *pair, hashscan_level level, hashscan_error *error) {
  hashscan_hash_options options = HASHSCAN_HASH_OPTIONS_INIT;
  options.dihedral = 1;
  *pair = (struct fidelity_pair){0};
  if (hashscan_hasher_create(&options, &pair->exact, error) != HASHSCAN_SUCCESS) return false;
  options.level = level;
  if (hashscan_hasher_create(&options, &pair->screening, error) == HASHSCAN_SUCCESS) return true;
  fidelity_close(pair);
  return false;
}

void fidelity_close(struct fidelity_pair *pair) {
  hashscan_hasher_destroy(pair->screening);
  hashscan_hasher_destroy(pair->exact);
  *pair = (struct fidelity_pair){0};
}

static unsigned count_wrong(const hashscan_pdq *fast, const hashscan_pdq *exact, const hashscan_pdq *unknown) {
  unsigned wrong = 0;
  for (size_t i = 0; i < sizeof fast->bytes; i++)
    wrong += (unsigned)__builtin_popcount((unsigned)((fast->bytes[i] ^ exact->bytes[i]) & ~unknown->bytes[i]));
  return wrong;
}

static bool suffices(const struct pdq_fast_result *result, const hashscan_image_hash *exact, float part) {
  float epsilon[16 * 16];
  pdq_epsilon(result, exact->width, exact->height, epsilon);
  for (size_t k = 0; k < 16 * 16; k++) epsilon[k] *= part;
  hashscan_pdq hashes[HASHSCAN_TRANSFORM_COUNT];
  hashscan_pdq unknown[HASHSCAN_TRANSFORM_COUNT];
  pdq_hash_within(result->coefficients, epsilon, exact->hash_count, hashes, unknown);
  for (unsigned i = 0; i < exact->hash_count; i++)
    if (count_wrong(&hashes[i], &exact->hashes[i], &unknown[i]) > 0) return false;
  return true;
}

/* By halving: what it costs does not matter here. */
static float needed_part(const struct pdq_fast_result *result, const hashscan_image_hash *exact) {
  if (suffices(result, exact, 0)) return 0;
  float low = 0;
  float high = 1;
  while (!suffices(result, exact, high) && high < 1e9f) high *= 2;
  for (int i = 0; i < 20; i++) {
    const float middle = (low + high) / 2;
    if (suffices(result, exact, middle)) high = middle;
    else low = middle;
  }
  return high;
}

static void compare(const struct pdq_fast_result *result, const hashscan_image_hash *fast,
                    const hashscan_image_hash *exact, struct fidelity_sample *sample) {
  static const hashscan_pdq none;
  sample->is_screened = true;
  sample->is_vague = screen_is_vague(fast);
  sample->path = result->path;
  sample->bits = hashscan_pdq_distance(&fast->hashes[0], &exact->hashes[0]);
  sample->unknown = hashscan_pdq_distance(&fast->unknown[0], &none);
  for (unsigned i = 0; i < exact->hash_count; i++)
    sample->wrong_certain += count_wrong(&fast->hashes[i], &exact->hashes[i], &fast->unknown[i]);
  sample->quality_error = fast->quality - exact->quality;
  sample->needed = needed_part(result, exact);
  sample->quality_missed = exact->quality < fast->quality_low || exact->quality > fast->quality_high;
  for (size_t k = 0; k < 16 * 16; k++) sample->missing = fmaxf(sample->missing, result->missing[k]);
  sample->clamped = result->clamped;
}

bool fidelity_measure(struct fidelity_pair *pair, const char *path, struct fidelity_sample *sample) {
  struct buffer buffer = {0};
  hashscan_image_hash fast = HASHSCAN_IMAGE_HASH_INIT;
  hashscan_image_hash exact = HASHSCAN_IMAGE_HASH_INIT;
  *sample = (struct fidelity_sample){0};
  if (file_read(AT_FDCWD, path, (uint64_t)1 << 30, &buffer, exact.reason) == HASHSCAN_STATUS_OK) {
    hashscan_hash_image(pair->screening, buffer.bytes, buffer.size, &fast, NULL);
    hashscan_hash_image(pair->exact, buffer.bytes, buffer.size, &exact, NULL);
  }
  buffer_free(&buffer);
  if (fast.hash_count == 0 || exact.hash_count == 0) {
    fprintf(stderr, "hashscan-bench: %s: %s\n", path, exact.reason);
    return false;
  }
  sample->format = exact.format;
  sample->shorter_side = exact.width < exact.height ? exact.width : exact.height;
  sample->quality = exact.quality;
  if (fast.level != HASHSCAN_LEVEL_EXACT) compare(&pair->screening->result, &fast, &exact, sample);
  return true;
}
