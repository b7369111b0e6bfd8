/* SPDX-License-Identifier: Apache-2.0 */
/* Image hashes of callers, who may have computed them anywhere, to verdicts: checked first, and brought to this
 * library's size where the caller was compiled against another. */
#include <stdlib.h>

#include "base/checked.h"
#include "base/error.h"
#include "hash/image_hash.h"
#include "match/match.h"
#include "match/matcher.h"

/* The images of a call, each of full size: the caller's where they are that already. */
struct image_set {
  const hashscan_image_hash **images;
  hashscan_image_hash *copies;
  size_t copied;
  size_t count;
};

static void image_set_free(struct image_set *set) {
  free(set->images);
  free(set->copies);
}

static hashscan_code count_images(const size_t *image_counts, size_t input_count, size_t *count,
                                  hashscan_error *error) {
  *count = image_counts == NULL ? input_count : 0;
  for (size_t i = 0; image_counts != NULL && i < input_count; i++)
    if (!checked_add(*count, image_counts[i], count)) return error_memory(error);
  return HASHSCAN_SUCCESS;
}

static hashscan_code allocate(const hashscan_image_hash *const *images, size_t count, struct image_set *set,
                              hashscan_error *error) {
  size_t foreign = 0;
  for (size_t i = 0; i < count; i++) {
    if (images[i] == NULL) return error_set(error, HASHSCAN_E_ARGUMENT, "image %zu is NULL", i);
    foreign += images[i]->size != sizeof **images;
  }
  *set = (struct image_set){.images = calloc(count + 1, sizeof *set->images), .count = count};
  if (foreign > 0) set->copies = calloc(foreign, sizeof *set->copies);
  if (set->images != NULL && (set->copies != NULL || foreign == 0)) return HASHSCAN_SUCCESS;
  image_set_free(set);
  *set = (struct image_set){0};
  return error_memory(error);
}

static hashscan_code take_image(const struct match_policy *policy, const hashscan_image_hash *image, size_t number,
                                struct image_set *set, hashscan_error *error) {
  hashscan_code code = HASHSCAN_SUCCESS;
  if (image->size != sizeof *image) {
    hashscan_image_hash *copy = &set->copies[set->copied++];
    code = image_hash_copy(copy, image, error);
    image = copy;
  }
  if (code == HASHSCAN_SUCCESS) code = image_hash_check(image, error);
  if (code != HASHSCAN_SUCCESS) return code;
  if (image->hash_count > 0 && image->profile != policy->profile)
    return error_set(error, HASHSCAN_E_ARGUMENT, "image %zu has profile %s, and the matcher %s", number,
                     hashscan_profile_name(image->profile), hashscan_profile_name(policy->profile));
  set->images[number] = image;
  return HASHSCAN_SUCCESS;
}

static hashscan_code take_images(const struct match_policy *policy, const hashscan_image_hash *const *images,
                                 struct image_set *set, hashscan_error *error) {
  hashscan_code code = HASHSCAN_SUCCESS;
  for (size_t i = 0; i < set->count && code == HASHSCAN_SUCCESS; i++)
    code = take_image(policy, images[i], i, set, error);
  return code;
}

hashscan_code hashscan_match_hashes(hashscan_matcher *matcher, const hashscan_image_hash *const *images,
                                    const size_t *image_counts, size_t input_count, const hashscan_control *control,
                                    hashscan_verdict **verdicts, hashscan_error *error) {
  if (verdicts == NULL && input_count > 0) return error_set(error, HASHSCAN_E_ARGUMENT, "verdicts is NULL");
  for (size_t i = 0; i < input_count; i++) verdicts[i] = NULL;
  if (matcher == NULL || (images == NULL && input_count > 0))
    return error_set(error, HASHSCAN_E_ARGUMENT, "matcher or images is NULL");
  size_t count;
  struct image_set set = {0};
  hashscan_code code = count_images(image_counts, input_count, &count, error);
  if (code == HASHSCAN_SUCCESS) code = allocate(images, count, &set, error);
  if (code == HASHSCAN_SUCCESS) code = take_images(&matcher->policy, images, &set, error);
  if (code == HASHSCAN_SUCCESS) {
    struct snapshots *snapshots = matcher_current(matcher);
    code = match_batch(&matcher->policy, snapshots, set.images, image_counts, input_count, control, verdicts, error);
    snapshots_release(snapshots);
  }
  image_set_free(&set);
  return code;
}
