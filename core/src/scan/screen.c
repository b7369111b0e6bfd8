/* SPDX-License-Identifier: Apache-2.0 */
/* The exact hash agrees with the fast one on every bit that is not marked unknown. So an entry within the radius of the
 * exact hash is within the radius of the fast one over the known bits, and where a search with the unknown bits as
 * wildcards finds nothing, there is nothing to find. Where it finds something, or where the quality is too close to the
 * minimum to tell, the picture is decoded again and the exact hash decides. */
#include "scan/screen.h"

#include "base/error.h"
#include "index/index.h"

/* A picture with more unknown bits than this in one of its hashes goes to exact at once. With a million entries a
 * search with as many wildcards takes about four times as long as one without (`hashscan-bench index --unknown 32`),
 * which is still little beside decoding; beyond, the time doubles every ten bits or so, more with larger indexes. Flat
 * pictures have the most. */
#define MAX_UNKNOWN_BITS 32

/* Qualities of the two levels differ by truncation only. */
#define QUALITY_MARGIN 2

static unsigned count_bits(const hashscan_pdq *mask) {
  static const hashscan_pdq none;
  return hashscan_pdq_distance(mask, &none);
}

bool screen_is_too_vague(const hashscan_image_hash *image) {
  for (unsigned i = 0; i < image->hash_count; i++)
    if (count_bits(&image->unknown[i]) > MAX_UNKNOWN_BITS) return true;
  return false;
}

static int on_candidate(const hashscan_hit *hit, void *user) {
  (void)hit;
  *(bool *)user = true;
  return 1;
}

static hashscan_code has_candidates(const hashscan_index *snapshot, unsigned radius, const hashscan_image_hash *image,
                                    bool *found, hashscan_error *error) {
  hashscan_search search = HASHSCAN_SEARCH_INIT;
  search.queries = image->hashes[0].bytes;
  search.unknown = image->unknown[0].bytes;
  search.count = image->hash_count;
  search.radius = radius;
  *found = false;
  const hashscan_code code = hashscan_index_search(snapshot, &search, on_candidate, found, error);
  return code == HASHSCAN_E_STOPPED ? HASHSCAN_SUCCESS : code;
}

/* HASHSCAN_METHOD_SCREEN when the fast hash settles it, else the way it has to be settled. */
static hashscan_code choose_method(const struct match_policy *policy, const hashscan_index *snapshot,
                                   const hashscan_image_hash *image, hashscan_method *method, hashscan_error *error) {
  const int above = image->quality - policy->min_quality;
  *method = HASHSCAN_METHOD_CONFIRM;
  if (above >= -QUALITY_MARGIN && above <= QUALITY_MARGIN && policy->min_quality > 0) return HASHSCAN_SUCCESS;
  *method = HASHSCAN_METHOD_SCREEN;
  if (above < 0 || !index_has_kind(snapshot, HASHSCAN_KIND_PDQ)) return HASHSCAN_SUCCESS;
  *method = HASHSCAN_METHOD_EXACT;
  if (screen_is_too_vague(image)) return HASHSCAN_SUCCESS;
  bool found;
  const hashscan_code code = has_candidates(snapshot, policy->radius, image, &found, error);
  *method = found ? HASHSCAN_METHOD_CONFIRM : HASHSCAN_METHOD_SCREEN;
  return code;
}

hashscan_code screen_image(const struct match_policy *policy, const hashscan_index *snapshot, hashscan_hasher *hasher,
                           const void *bytes, size_t size, hashscan_verdict *verdict, hashscan_error *error) {
  hashscan_image_hash *image = &verdict->image;
  verdict->method = HASHSCAN_METHOD_EXACT;
  hasher_hash(hasher, policy->level, bytes, size, image);
  if (image->hash_count == 0 || image->level == HASHSCAN_LEVEL_EXACT) return HASHSCAN_SUCCESS;
  const hashscan_code code = choose_method(policy, snapshot, image, &verdict->method, error);
  if (code == HASHSCAN_SUCCESS && verdict->method != HASHSCAN_METHOD_SCREEN)
    hasher_hash(hasher, HASHSCAN_LEVEL_EXACT, bytes, size, image);
  return code;
}
