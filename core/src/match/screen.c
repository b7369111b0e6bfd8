/* SPDX-License-Identifier: Apache-2.0 */
/* The exact hash agrees with the screening one on every bit that is not marked unknown. So an entry within the radius
 * of the exact hash is within the radius of the screening one over the known bits, and where a search with the unknown
 * bits as wildcards finds nothing, there is nothing to find. Where it finds something, or where the quality may lie on
 * either side of the minimum, the exact hash decides; after a hash from blocks, the fast hash comes before it. */
#include "match/screen.h"

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

/* The most of any of the first `hash_count` hashes. */
static unsigned most_unknown_bits(const hashscan_image_hash *image, uint32_t hash_count) {
  unsigned most = 0;
  for (uint32_t i = 0; i < hash_count; i++) {
    const unsigned bits = count_bits(&image->unknown[i]);
    if (bits > most) most = bits;
  }
  return most;
}

bool screen_is_vague(const hashscan_image_hash *image) {
  return most_unknown_bits(image, image->hash_count) > VAGUE_BITS;
}

static double cost_of(const struct match_policy *policy, const struct snapshots *snapshots,
                      const hashscan_image_hash *image, uint32_t hash_count) {
  hashscan_search search = HASHSCAN_SEARCH_INIT;
  search.queries = image->hashes[0].bytes;
  search.unknown = image->unknown[0].bytes;
  search.count = hash_count;
  search.radius = policy->radius;
  double cost = 0;
  for (size_t i = 0; i < snapshots->count; i++)
    if (index_has_kind(snapshots->indexes[i], HASHSCAN_KIND_PDQ))
      cost += index_search_cost(snapshots->indexes[i], &search);
  return cost;
}

static bool pays(const struct match_policy *policy, const struct snapshots *snapshots, const hashscan_image_hash *image,
                 uint32_t hash_count) {
  const unsigned unknown = most_unknown_bits(image, hash_count);
  if (unknown <= VAGUE_BITS) return true;
  if (unknown > HOPELESS_BITS) return false;
  return cost_of(policy, snapshots, image, hash_count) < EXACT_NANOSECONDS_PER_PIXEL * image->width * image->height;
}

/* What the screening hash says of the quality. At level blocks it knows nothing for sure: a picture over the minimum is
 * searched, as one under it would not be, and one under it never dismissed. */
enum gate { GATE_UNDER, GATE_OPEN, GATE_UNDECIDED };

static enum gate gate_of(const hashscan_image_hash *image, int min_quality) {
  if (image->quality_high < min_quality) return GATE_UNDER;
  const int least = image->level == HASHSCAN_LEVEL_BLOCKS ? image->quality : image->quality_low;
  return least >= min_quality ? GATE_OPEN : GATE_UNDECIDED;
}

static bool compares_pdq(const struct match_policy *policy, const struct snapshots *snapshots) {
  return (policy->kinds >> HASHSCAN_KIND_PDQ & 1u) != 0 && snapshots_have(snapshots, HASHSCAN_KIND_PDQ);
}

enum screen_step screen_step_of(const struct match_policy *policy, const struct snapshots *snapshots,
                                const hashscan_image_hash *image, uint32_t hash_count, hashscan_method *method) {
  *method = image->level == HASHSCAN_LEVEL_BLOCKS ? HASHSCAN_METHOD_BLOCKS : HASHSCAN_METHOD_FAST;
  switch (gate_of(image, policy->min_quality)) {
  case GATE_UNDER:
    return SCREEN_FLAT;
  case GATE_UNDECIDED:
    return SCREEN_OPEN;
  case GATE_OPEN:
    break;
  }
  if (!compares_pdq(policy, snapshots) || pays(policy, snapshots, image, hash_count)) return SCREEN_SEARCH;
  return SCREEN_OPEN;
}

hashscan_method screen_method_after(const struct match_policy *policy, const struct snapshots *snapshots,
                                    const hashscan_image_hash *image, uint32_t hash_count) {
  const bool searched = gate_of(image, policy->min_quality) == GATE_OPEN && compares_pdq(policy, snapshots);
  if (searched && !pays(policy, snapshots, image, hash_count)) return HASHSCAN_METHOD_EXACT;
  return HASHSCAN_METHOD_FAST_CONFIRMED;
}

bool screen_settled(hashscan_method method) {
  return method == HASHSCAN_METHOD_FAST || method == HASHSCAN_METHOD_BLOCKS;
}

hashscan_level screen_next_level(hashscan_level level) {
  return level == HASHSCAN_LEVEL_BLOCKS ? HASHSCAN_LEVEL_FAST : HASHSCAN_LEVEL_EXACT;
}
