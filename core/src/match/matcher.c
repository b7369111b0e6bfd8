/* SPDX-License-Identifier: Apache-2.0 */
/* A policy and the snapshots to match against. Readers copy the pointer and take a reference under a lock that is held
 * for nothing else; a reload opens and validates the new indexes before it touches that lock. */
#include "match/matcher.h"

#include <stdlib.h>

#include "base/error.h"
#include "base/options.h"
#include "hash/digest.h"

static hashscan_code read_policy(const hashscan_match_options *options, struct match_policy *policy,
                                 hashscan_error *error) {
  hashscan_match_options known = HASHSCAN_MATCH_OPTIONS_INIT;
  hashscan_code code = options_copy(&known, sizeof known, options, "hashscan_match_options", error);
  if (code != HASHSCAN_SUCCESS) return code;
  if (known.radius > 256) return error_set(error, HASHSCAN_E_ARGUMENT, "radius %u is over 256", known.radius);
  if ((unsigned)known.transforms > HASHSCAN_TRANSFORMS_HASHED)
    return error_set(error, HASHSCAN_E_ARGUMENT, "unknown transforms %d", (int)known.transforms);
  if (known.min_quality < 0 || known.min_quality > 100)
    return error_set(error, HASHSCAN_E_ARGUMENT, "min_quality %d is not in 0 to 100", known.min_quality);
  if (known.profile != HASHSCAN_PROFILE_FULL && known.profile != HASHSCAN_PROFILE_NN512)
    return error_set(error, HASHSCAN_E_ARGUMENT, "unknown profile %d", (int)known.profile);
  if (known.level != HASHSCAN_LEVEL_EXACT && known.level != HASHSCAN_LEVEL_FAST && known.level != HASHSCAN_LEVEL_BLOCKS)
    return error_set(error, HASHSCAN_E_ARGUMENT, "unknown level %d", (int)known.level);
  if ((known.kinds & (DIGEST_KINDS | 1u << HASHSCAN_KIND_PDQ)) == 0)
    return error_set(error, HASHSCAN_E_ARGUMENT, "kinds 0x%x hold none that a picture is compared with",
                     (unsigned)known.kinds);
  *policy = (struct match_policy){.radius = known.radius,
                                  .transforms = known.transforms,
                                  .min_quality = known.min_quality,
                                  .kinds = known.kinds,
                                  .profile = known.profile,
                                  .level = known.level};
  return limits_copy(&policy->limits, known.limits, error);
}

static hashscan_code check_paths(const char *const *paths, size_t path_count, hashscan_error *error) {
  if (paths == NULL || path_count == 0) return error_set(error, HASHSCAN_E_ARGUMENT, "no path of an index");
  if (path_count > HASHSCAN_MAX_INDEXES)
    return error_set(error, HASHSCAN_E_ARGUMENT, "%zu indexes; at most %d", path_count, HASHSCAN_MAX_INDEXES);
  for (size_t i = 0; i < path_count; i++)
    if (paths[i] == NULL) return error_set(error, HASHSCAN_E_ARGUMENT, "path %zu is NULL", i);
  return HASHSCAN_SUCCESS;
}

hashscan_code hashscan_matcher_create(const char *const *paths, size_t path_count,
                                      const hashscan_match_options *options, hashscan_matcher **matcher,
                                      hashscan_error *error) {
  if (matcher == NULL) return error_set(error, HASHSCAN_E_ARGUMENT, "matcher is NULL");
  *matcher = NULL;
  struct match_policy policy;
  struct snapshots *snapshots;
  hashscan_code code = check_paths(paths, path_count, error);
  if (code == HASHSCAN_SUCCESS) code = read_policy(options, &policy, error);
  if (code == HASHSCAN_SUCCESS) code = snapshots_open(paths, path_count, &snapshots, error);
  if (code != HASHSCAN_SUCCESS) return code;
  hashscan_matcher *made = malloc(sizeof *made);
  if (made == NULL) {
    snapshots_release(snapshots);
    return error_memory(error);
  }
  *made = (hashscan_matcher){.policy = policy, .snapshots = snapshots};
  pthread_mutex_init(&made->reloading, NULL);
  pthread_mutex_init(&made->lock, NULL);
  *matcher = made;
  return HASHSCAN_SUCCESS;
}

void hashscan_matcher_destroy(hashscan_matcher *matcher) {
  if (matcher == NULL) return;
  snapshots_release(matcher->snapshots);
  pthread_mutex_destroy(&matcher->lock);
  pthread_mutex_destroy(&matcher->reloading);
  free(matcher);
}

static struct snapshots *swap_snapshots(hashscan_matcher *matcher, struct snapshots *fresh) {
  pthread_mutex_lock(&matcher->lock);
  struct snapshots *old = matcher->snapshots;
  fresh->generation = old->generation + 1;
  matcher->snapshots = fresh;
  pthread_mutex_unlock(&matcher->lock);
  return old;
}

/* Only a reload changes the pointer, so one that holds the lock of reloads may read through it. */
hashscan_code hashscan_matcher_reload(hashscan_matcher *matcher, hashscan_error *error) {
  if (matcher == NULL) return error_set(error, HASHSCAN_E_ARGUMENT, "matcher is NULL");
  struct snapshots *fresh = NULL;
  struct snapshots *old = NULL;
  pthread_mutex_lock(&matcher->reloading);
  const hashscan_code code = snapshots_open(matcher->snapshots->paths, matcher->snapshots->count, &fresh, error);
  if (code == HASHSCAN_SUCCESS) old = swap_snapshots(matcher, fresh);
  pthread_mutex_unlock(&matcher->reloading);
  snapshots_release(old);
  return code;
}

struct snapshots *matcher_current(hashscan_matcher *matcher) {
  pthread_mutex_lock(&matcher->lock);
  struct snapshots *snapshots = snapshots_retain(matcher->snapshots);
  pthread_mutex_unlock(&matcher->lock);
  return snapshots;
}

hashscan_index *hashscan_matcher_snapshot(hashscan_matcher *matcher, size_t index) {
  if (matcher == NULL) return NULL;
  struct snapshots *snapshots = matcher_current(matcher);
  hashscan_index *found = index < snapshots->count ? hashscan_index_retain(snapshots->indexes[index]) : NULL;
  snapshots_release(snapshots);
  return found;
}
