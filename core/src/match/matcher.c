/* SPDX-License-Identifier: Apache-2.0 */
/* A policy and the snapshot to match against. Readers copy the pointer and take a reference under a lock that is held
 * for nothing else; a reload opens and validates the new index before it touches that lock. */
#include "match/matcher.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/options.h"
#include "hash/hasher.h"
#include "match/verdict.h"

static hashscan_code read_policy(const hashscan_match_options *options, struct match_policy *policy,
                                 hashscan_error *error) {
  hashscan_match_options known = HASHSCAN_MATCH_OPTIONS_INIT;
  hashscan_code code = options_copy(&known, sizeof known, options, "hashscan_match_options", error);
  if (code == HASHSCAN_SUCCESS) code = options_reserved(known.reserved, "hashscan_match_options", error);
  if (code != HASHSCAN_SUCCESS) return code;
  if (known.radius > 256) return error_set(error, HASHSCAN_E_ARGUMENT, "radius %u is over 256", known.radius);
  if (known.transforms != HASHSCAN_TRANSFORMS_NONE && known.transforms != HASHSCAN_TRANSFORMS_DIHEDRAL)
    return error_set(error, HASHSCAN_E_ARGUMENT, "unknown transforms %d", (int)known.transforms);
  if (known.min_quality < 0 || known.min_quality > 100)
    return error_set(error, HASHSCAN_E_ARGUMENT, "min_quality %d is not in 0 to 100", known.min_quality);
  if (known.profile != HASHSCAN_PROFILE_FULL && known.profile != HASHSCAN_PROFILE_NN512)
    return error_set(error, HASHSCAN_E_ARGUMENT, "unknown profile %d", (int)known.profile);
  if (known.level != HASHSCAN_LEVEL_EXACT && known.level != HASHSCAN_LEVEL_FAST && known.level != HASHSCAN_LEVEL_BLOCKS)
    return error_set(error, HASHSCAN_E_ARGUMENT, "unknown level %d", (int)known.level);
  *policy = (struct match_policy){.radius = known.radius,
                                  .dihedral = known.transforms == HASHSCAN_TRANSFORMS_DIHEDRAL,
                                  .min_quality = known.min_quality,
                                  .profile = known.profile,
                                  .level = known.level};
  return limits_copy(&policy->limits, known.limits, error);
}

hashscan_code hashscan_matcher_create(const char *path, const hashscan_match_options *options,
                                      hashscan_matcher **matcher, hashscan_error *error) {
  if (matcher == NULL) return error_set(error, HASHSCAN_E_ARGUMENT, "matcher is NULL");
  *matcher = NULL;
  if (path == NULL) return error_set(error, HASHSCAN_E_ARGUMENT, "path is NULL");
  struct match_policy policy;
  hashscan_code code = read_policy(options, &policy, error);
  if (code != HASHSCAN_SUCCESS) return code;

  const size_t path_bytes = strlen(path) + 1;
  hashscan_index *snapshot = NULL;
  hashscan_matcher *made = malloc(sizeof *made);
  char *own_path = malloc(path_bytes);
  if (made == NULL || own_path == NULL) {
    code = error_memory(error);
    goto fail;
  }
  code = hashscan_index_open(path, &snapshot, error);
  if (code != HASHSCAN_SUCCESS) goto fail;
  memcpy(own_path, path, path_bytes);
  *made = (hashscan_matcher){.path = own_path, .policy = policy, .snapshot = snapshot};
  pthread_mutex_init(&made->reloading, NULL);
  pthread_mutex_init(&made->lock, NULL);
  *matcher = made;
  return HASHSCAN_SUCCESS;

fail:
  free(own_path);
  free(made);
  return code;
}

void hashscan_matcher_destroy(hashscan_matcher *matcher) {
  if (matcher == NULL) return;
  hashscan_index_close(matcher->snapshot);
  pthread_mutex_destroy(&matcher->lock);
  pthread_mutex_destroy(&matcher->reloading);
  free(matcher->path);
  free(matcher);
}

static hashscan_index *swap_snapshot(hashscan_matcher *matcher, hashscan_index *fresh) {
  pthread_mutex_lock(&matcher->lock);
  hashscan_index *old = matcher->snapshot;
  matcher->snapshot = fresh;
  matcher->generation++;
  pthread_mutex_unlock(&matcher->lock);
  return old;
}

hashscan_code hashscan_matcher_reload(hashscan_matcher *matcher, hashscan_error *error) {
  if (matcher == NULL) return error_set(error, HASHSCAN_E_ARGUMENT, "matcher is NULL");
  hashscan_index *fresh = NULL;
  hashscan_index *old = NULL;
  pthread_mutex_lock(&matcher->reloading);
  const hashscan_code code = hashscan_index_open(matcher->path, &fresh, error);
  if (code == HASHSCAN_SUCCESS) old = swap_snapshot(matcher, fresh);
  pthread_mutex_unlock(&matcher->reloading);
  hashscan_index_close(old);
  return code;
}

hashscan_index *matcher_current(hashscan_matcher *matcher, uint64_t *generation) {
  pthread_mutex_lock(&matcher->lock);
  hashscan_index *snapshot = hashscan_index_retain(matcher->snapshot);
  *generation = matcher->generation;
  pthread_mutex_unlock(&matcher->lock);
  return snapshot;
}

hashscan_index *hashscan_matcher_snapshot(hashscan_matcher *matcher) {
  if (matcher == NULL) return NULL;
  uint64_t generation;
  return matcher_current(matcher, &generation);
}

hashscan_code hashscan_matcher_hasher(const hashscan_matcher *matcher, hashscan_hasher **hasher,
                                      hashscan_error *error) {
  if (hasher == NULL) return error_set(error, HASHSCAN_E_ARGUMENT, "hasher is NULL");
  *hasher = NULL;
  if (matcher == NULL) return error_set(error, HASHSCAN_E_ARGUMENT, "matcher is NULL");
  hashscan_hash_options options = HASHSCAN_HASH_OPTIONS_INIT;
  options.profile = matcher->policy.profile;
  options.level = matcher->policy.level;
  options.dihedral = matcher->policy.dihedral;
  options.limits = &matcher->policy.limits;
  return hashscan_hasher_create(&options, hasher, error);
}

static bool equal_limits(const hashscan_limits *a, const hashscan_limits *b) {
  return a->max_pixels == b->max_pixels && a->max_jpeg_side == b->max_jpeg_side && a->max_side == b->max_side &&
         a->max_jpeg_scans == b->max_jpeg_scans && a->max_decoder_bytes == b->max_decoder_bytes &&
         a->max_file_bytes == b->max_file_bytes && a->max_seconds == b->max_seconds;
}

static bool made_for(const hashscan_hasher *hasher, const struct match_policy *policy) {
  return hasher->profile == policy->profile && hasher->level == policy->level && hasher->dihedral == policy->dihedral &&
         equal_limits(&hasher->limits, &policy->limits);
}

hashscan_code hashscan_match_image(hashscan_matcher *matcher, hashscan_hasher *hasher, const void *bytes, size_t size,
                                   hashscan_verdict *verdict, hashscan_error *error) {
  if (verdict == NULL) return error_set(error, HASHSCAN_E_ARGUMENT, "verdict is NULL");
  hashscan_verdict_clear(verdict);
  if (matcher == NULL || hasher == NULL || (bytes == NULL && size > 0))
    return error_set(error, HASHSCAN_E_ARGUMENT, "matcher, hasher or bytes is NULL");
  if (!made_for(hasher, &matcher->policy))
    return error_set(
        error, HASHSCAN_E_ARGUMENT,
        "the hasher has another profile, another level, other transforms or other limits than the matcher");
  uint64_t generation;
  hashscan_index *snapshot = matcher_current(matcher, &generation);
  return verdict_compute(&matcher->policy, snapshot, hasher, bytes, size, verdict, error);
}
