/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes to verdict: hash the stored view, then the other views that it says exist, match, and hash what the verdict
 * requests until it requests nothing. */
#include "match/match_image.h"

#include <stdlib.h>

#include "base/error.h"
#include "hash/hasher.h"
#include "match/match.h"
#include "match/matcher.h"

/* A verdict requests at most each view at each level, one after the other; more rounds would not end. */
#define MAX_ROUNDS 8

/* The image hashes of the input. Pointers to them are made when all of a round are there. */
struct image_list {
  hashscan_image_hash *images;
  const hashscan_image_hash **pointers;
  size_t count;
  size_t capacity;
};

static void image_list_free(struct image_list *list) {
  free(list->images);
  free(list->pointers);
}

static bool make_room(struct image_list *list) {
  if (list->count < list->capacity) return true;
  const size_t capacity = list->capacity == 0 ? 4 : 2 * list->capacity;
  hashscan_image_hash *images = reallocarray(list->images, capacity, sizeof *images);
  if (images == NULL) return false;
  list->images = images;
  const hashscan_image_hash **pointers = reallocarray(list->pointers, capacity, sizeof *pointers);
  if (pointers == NULL) return false;
  list->pointers = pointers;
  list->capacity = capacity;
  return true;
}

/* What is hashed. */
struct source {
  hashscan_hasher *hasher;
  const void *bytes;
  size_t size;
};

static hashscan_code add_image(const struct source *source, const hashscan_hash_request *request,
                               struct image_list *list, hashscan_error *error) {
  if (!make_room(list)) return error_memory(error);
  return hasher_hash(source->hasher, request, source->bytes, source->size, &list->images[list->count++], error);
}

/* The first round spares a verdict that would only request the views. */
static hashscan_code add_first(const struct source *source, const struct match_policy *policy,
                               const struct snapshots *snapshots, struct image_list *list, hashscan_error *error) {
  hashscan_hash_request request = HASHSCAN_HASH_REQUEST_INIT;
  request.level = policy->level;
  request.digests = match_digests(policy, snapshots);
  hashscan_code code = add_image(source, &request, list, error);
  const uint32_t views = code == HASHSCAN_SUCCESS ? list->images[0].views : 0;
  request.digests = 0;
  for (int view = HASHSCAN_VIEW_STORED + 1; view < HASHSCAN_VIEW_COUNT && code == HASHSCAN_SUCCESS; view++) {
    request.view = (hashscan_view)view;
    if ((views >> view & 1u) != 0) code = add_image(source, &request, list, error);
  }
  return code;
}

static hashscan_code match(const struct match_policy *policy, struct snapshots *snapshots,
                           const hashscan_control *control, struct image_list *list, hashscan_verdict **verdict,
                           hashscan_error *error) {
  for (size_t i = 0; i < list->count; i++) list->pointers[i] = &list->images[i];
  return match_batch(policy, snapshots, list->pointers, &list->count, 1, control, verdict, error);
}

static hashscan_code add_requested(const struct source *source, const hashscan_verdict *verdict,
                                   struct image_list *list, hashscan_error *error) {
  hashscan_code code = HASHSCAN_SUCCESS;
  for (size_t i = 0; i < verdict->request_count && code == HASHSCAN_SUCCESS; i++)
    code = add_image(source, verdict->requests[i], list, error);
  return code;
}

hashscan_code match_bytes(const struct match_policy *policy, struct snapshots *snapshots, hashscan_hasher *hasher,
                          const void *bytes, size_t size, hashscan_verdict **verdict, hashscan_error *error) {
  const struct source source = {hasher, bytes, size};
  struct image_list list = {0};
  *verdict = NULL;
  hashscan_code code = add_first(&source, policy, snapshots, &list, error);
  if (code == HASHSCAN_SUCCESS) code = match(policy, snapshots, hasher->control, &list, verdict, error);
  for (int round = 1; code == HASHSCAN_SUCCESS && (*verdict)->request_count > 0 && round < MAX_ROUNDS; round++) {
    code = add_requested(&source, *verdict, &list, error);
    hashscan_verdict_destroy(*verdict);
    *verdict = NULL;
    if (code == HASHSCAN_SUCCESS) code = match(policy, snapshots, hasher->control, &list, verdict, error);
  }
  image_list_free(&list);
  return code;
}

hashscan_code hashscan_matcher_hasher(hashscan_matcher *matcher, hashscan_hasher **hasher, hashscan_error *error) {
  if (hasher == NULL) return error_set(error, HASHSCAN_E_ARGUMENT, "hasher is NULL");
  *hasher = NULL;
  if (matcher == NULL) return error_set(error, HASHSCAN_E_ARGUMENT, "matcher is NULL");
  struct snapshots *snapshots = matcher_current(matcher);
  hashscan_hash_options options = HASHSCAN_HASH_OPTIONS_INIT;
  options.profile = matcher->policy.profile;
  options.level = matcher->policy.level;
  options.dihedral = matcher->policy.transforms != HASHSCAN_TRANSFORMS_NONE;
  options.digests = match_digests(&matcher->policy, snapshots);
  options.limits = &matcher->policy.limits;
  snapshots_release(snapshots);
  return hashscan_hasher_create(&options, hasher, error);
}

static bool equal_limits(const hashscan_limits *a, const hashscan_limits *b) {
  return a->max_pixels == b->max_pixels && a->max_jpeg_side == b->max_jpeg_side && a->max_side == b->max_side &&
         a->max_jpeg_scans == b->max_jpeg_scans && a->max_decoder_bytes == b->max_decoder_bytes &&
         a->max_file_bytes == b->max_file_bytes && a->max_seconds == b->max_seconds;
}

/* Digests do not count: those that the snapshots list are computed, and a reload may have changed them. */
static bool made_for(const hashscan_hasher *hasher, const struct match_policy *policy) {
  return hasher->profile == policy->profile && hasher->level == policy->level &&
         hasher->dihedral == (policy->transforms != HASHSCAN_TRANSFORMS_NONE) &&
         equal_limits(&hasher->limits, &policy->limits);
}

hashscan_code hashscan_match_image(hashscan_matcher *matcher, hashscan_hasher *hasher, const void *bytes, size_t size,
                                   hashscan_verdict **verdict, hashscan_error *error) {
  if (verdict == NULL) return error_set(error, HASHSCAN_E_ARGUMENT, "verdict is NULL");
  *verdict = NULL;
  if (matcher == NULL || hasher == NULL || (bytes == NULL && size > 0))
    return error_set(error, HASHSCAN_E_ARGUMENT, "matcher, hasher or bytes is NULL");
  if (!made_for(hasher, &matcher->policy))
    return error_set(
        error, HASHSCAN_E_ARGUMENT,
        "the hasher has another profile, another level, other transforms or other limits than the matcher");
  struct snapshots *snapshots = matcher_current(matcher);
  const hashscan_code code = match_bytes(&matcher->policy, snapshots, hasher, bytes, size, verdict, error);
  snapshots_release(snapshots);
  return code;
}
