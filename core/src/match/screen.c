/* SPDX-License-Identifier: Apache-2.0 */
/* The exact hash agrees with the screening one on every bit that is not marked unknown. So an entry within the radius
 * of the exact hash is within the radius of the screening one over the known bits, and where a search with the unknown
 * bits as wildcards finds nothing, there is nothing to find. Where it finds something, or where the quality may lie on
 * either side of the minimum, the picture is decoded again and the exact hash decides; after a hash from blocks, the
 * fast hash is asked before. */
#include "match/screen.h"

#include "base/error.h"
#include "hash/hasher.h"
#include "index/search/index.h"

/* Up to so many unknown bits a search costs little beside any decoding: with a million entries about four times what
 * one without them does (`hashscan-bench index --unknown 32`). Beyond, the index estimates it; and beyond twice as many
 * no search with a million entries took less than decoding again, whatever the estimate. */
#define VAGUE_BITS 32
#define HOPELESS_BITS 64

/* What decoding and hashing a picture once more takes at least: JPEG, a thread of a Zen 3 at 2.4 GHz, `hashscan-bench
 * jpeg` over photographs of 1024 px at level exact, rounded down. */
#define EXACT_NANOSECONDS_PER_PIXEL 3.0

static unsigned count_bits(const hashscan_pdq *mask) {
  static const hashscan_pdq none;
  return hashscan_pdq_distance(mask, &none);
}

/* The most of any of the hashes. */
static unsigned most_unknown_bits(const hashscan_image_hash *image) {
  unsigned most = 0;
  for (unsigned i = 0; i < image->hash_count; i++) {
    const unsigned bits = count_bits(&image->unknown[i]);
    if (bits > most) most = bits;
  }
  return most;
}

bool screen_is_vague(const hashscan_image_hash *image) {
  return most_unknown_bits(image) > VAGUE_BITS;
}

static int on_candidate(void *user, const hashscan_hit *hit) {
  (void)hit;
  *(bool *)user = true;
  return 1;
}

static hashscan_search search_for(const hashscan_image_hash *image, unsigned radius) {
  hashscan_search search = HASHSCAN_SEARCH_INIT;
  search.queries = image->hashes[0].bytes;
  search.unknown = image->unknown[0].bytes;
  search.count = image->hash_count;
  search.radius = radius;
  return search;
}

static bool pays(const hashscan_index *snapshot, const hashscan_search *search, const hashscan_image_hash *image) {
  const unsigned unknown = most_unknown_bits(image);
  if (unknown <= VAGUE_BITS) return true;
  if (unknown > HOPELESS_BITS) return false;
  return index_search_cost(snapshot, search) < EXACT_NANOSECONDS_PER_PIXEL * image->width * image->height;
}

static hashscan_code has_candidates(const hashscan_index *snapshot, const hashscan_search *search, bool *found,
                                    hashscan_error *error) {
  *found = false;
  const hashscan_code code = hashscan_index_search(snapshot, search, on_candidate, found, error);
  return code == HASHSCAN_E_STOPPED ? HASHSCAN_SUCCESS : code;
}

/* What the screening hash says of the quality. At level blocks it knows nothing for sure: a picture over the minimum is
 * searched, as one under it would not be, and one under it never dismissed. */
enum gate { GATE_UNDER, GATE_OPEN, GATE_UNDECIDED };

static enum gate gate_of(const hashscan_image_hash *image, int min_quality) {
  if (image->quality_high < min_quality) return GATE_UNDER;
  const int least = image->level == HASHSCAN_LEVEL_BLOCKS ? image->quality : image->quality_low;
  return least >= min_quality ? GATE_OPEN : GATE_UNDECIDED;
}

/* Method fast or blocks when the screening hash settles the verdict. Otherwise what it becomes if the exact hash is
 * next: fast-confirmed, or exact when the hash was of no use. */
static hashscan_code settle(const struct match_policy *policy, const hashscan_index *snapshot,
                            const hashscan_image_hash *image, hashscan_method *method, hashscan_error *error) {
  const hashscan_method settled = image->level == HASHSCAN_LEVEL_BLOCKS ? HASHSCAN_METHOD_BLOCKS : HASHSCAN_METHOD_FAST;
  const enum gate gate = gate_of(image, policy->min_quality);
  *method = gate == GATE_UNDECIDED ? HASHSCAN_METHOD_FAST_CONFIRMED : settled;
  if (gate != GATE_OPEN || !index_has_kind(snapshot, HASHSCAN_KIND_PDQ)) return HASHSCAN_SUCCESS;
  const hashscan_search search = search_for(image, policy->radius);
  *method = HASHSCAN_METHOD_EXACT;
  if (!pays(snapshot, &search, image)) return HASHSCAN_SUCCESS;
  bool found;
  const hashscan_code code = has_candidates(snapshot, &search, &found, error);
  *method = found ? HASHSCAN_METHOD_FAST_CONFIRMED : settled;
  return code;
}

bool screen_settled(hashscan_method method) {
  return method == HASHSCAN_METHOD_FAST || method == HASHSCAN_METHOD_BLOCKS;
}

/* What a hash from blocks leaves open, the fast one mostly settles. */
static hashscan_level next_level(const hashscan_image_hash *image) {
  return image->level == HASHSCAN_LEVEL_BLOCKS ? HASHSCAN_LEVEL_FAST : HASHSCAN_LEVEL_EXACT;
}

hashscan_code screen_view(const struct match_policy *policy, const hashscan_index *snapshot, hashscan_hasher *hasher,
                          hashscan_view view, const void *bytes, size_t size, hashscan_image_hash *image,
                          hashscan_method *method, hashscan_error *error) {
  *method = HASHSCAN_METHOD_EXACT;
  for (hashscan_level level = policy->level;; level = next_level(image)) {
    hasher_hash(hasher, level, view, bytes, size, image);
    if (image->hash_count == 0 || image->level == HASHSCAN_LEVEL_EXACT) return HASHSCAN_SUCCESS;
    const hashscan_code code = settle(policy, snapshot, image, method, error);
    if (code != HASHSCAN_SUCCESS || screen_settled(*method)) return code;
  }
}
