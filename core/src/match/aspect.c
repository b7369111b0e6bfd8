/* SPDX-License-Identifier: Apache-2.0 */
/* What an input's image hashes are of, and what is missing among them. */
#include "match/aspect.h"

#include <stdlib.h>

#include "match/screen.h"

/* ---- Sorting ----------------------------------------------------------------------------------------------------- */

static int order_of(uint32_t a, uint32_t b) {
  return (a > b) - (a < b);
}

static int by_place(const void *left, const void *right) {
  const struct aspect *a = left;
  const struct aspect *b = right;
  if (a->picture != b->picture) return order_of(a->picture, b->picture);
  return order_of(a->view, b->view);
}

/* An image that is not as exact as the aspect's own. */
static void take_screening(struct aspect *aspect, const hashscan_image_hash *image) {
  if (image->hash_count == 0 || image->level == HASHSCAN_LEVEL_EXACT) return;
  if (aspect->screening == NULL || image->level <= aspect->screening->level) aspect->screening = image;
}

static void take_image(struct aspect *aspect, const hashscan_image_hash *image) {
  const hashscan_image_hash *other = aspect->image;
  if (image->hash_count > aspect->hash_count) aspect->hash_count = image->hash_count;
  if (image->level > other->level) {
    take_screening(aspect, image);
    return;
  }
  aspect->image = image;
  if (other->level != image->level) take_screening(aspect, other);
}

/* Nearly every input has one image or a few, so aspects are looked for one after the other; long lists come sorted by
 * picture from whoever decodes, and the last aspect is the one. */
static struct aspect *find_aspect(struct aspect *aspects, size_t count, const hashscan_image_hash *image) {
  for (size_t i = count; i > 0; i--)
    if (aspects[i - 1].picture == image->picture && aspects[i - 1].view == image->view) return &aspects[i - 1];
  return NULL;
}

/* Who hashed one image of an input in all transforms has chosen for all of them. */
static void raise_hash_counts(struct aspect *aspects, size_t count) {
  uint32_t most = 0;
  for (size_t i = 0; i < count; i++)
    if (aspects[i].hash_count > most) most = aspects[i].hash_count;
  for (size_t i = 0; i < count; i++) aspects[i].hash_count = most;
}

size_t aspects_sort(const hashscan_image_hash *const *images, size_t image_count, struct aspect *aspects) {
  size_t count = 0;
  for (size_t i = 0; i < image_count; i++) {
    const hashscan_image_hash *image = images[i];
    struct aspect *known = find_aspect(aspects, count, image);
    if (known != NULL) {
      take_image(known, image);
      continue;
    }
    aspects[count++] = (struct aspect){
        .picture = image->picture, .view = image->view, .image = image, .hash_count = image->hash_count};
  }
  if (count > 1) qsort(aspects, count, sizeof *aspects, by_place);
  raise_hash_counts(aspects, count);
  return count;
}

/* ---- Deciding ---------------------------------------------------------------------------------------------------- */

static uint32_t hashes_wanted(const struct match_policy *policy, const struct aspect *aspect) {
  switch (policy->transforms) {
  case HASHSCAN_TRANSFORMS_NONE:
    return 1;
  case HASHSCAN_TRANSFORMS_DIHEDRAL:
    return HASHSCAN_MAX_HASHES;
  case HASHSCAN_TRANSFORMS_HASHED:
    break;
  }
  return aspect->hash_count;
}

static void open_at(struct aspect *aspect, hashscan_level level) {
  aspect->state = ASPECT_OPEN;
  aspect->wanted = level;
}

static void classify_screening(const struct match_policy *policy, const struct snapshots *snapshots,
                               struct aspect *aspect) {
  switch (screen_step_of(policy, snapshots, aspect->image, aspect->hash_count, &aspect->method)) {
  case SCREEN_FLAT:
    aspect->state = ASPECT_FLAT;
    break;
  case SCREEN_SEARCH:
    aspect->state = ASPECT_SCREENED;
    break;
  case SCREEN_OPEN:
    open_at(aspect, screen_next_level(aspect->image->level));
    break;
  }
}

void aspect_classify(const struct match_policy *policy, const struct snapshots *snapshots, struct aspect *aspect) {
  const hashscan_image_hash *image = aspect->image;
  const uint32_t wanted = hashes_wanted(policy, aspect);
  aspect->hash_count = wanted;
  aspect->method = HASHSCAN_METHOD_EXACT;
  if (aspect->screening != NULL && aspect->screening->hash_count >= wanted)
    aspect->method = screen_method_after(policy, snapshots, aspect->screening, wanted);
  if (image->hash_count == 0) aspect->state = ASPECT_FAILED;
  else if (image->level > policy->level) open_at(aspect, policy->level);
  else if (image->hash_count < wanted) open_at(aspect, image->level);
  else if (image->level != HASHSCAN_LEVEL_EXACT) classify_screening(policy, snapshots, aspect);
  else aspect->state = image->quality < policy->min_quality ? ASPECT_FLAT : ASPECT_EXACT;
}

void aspect_open_candidate(struct aspect *aspect) {
  aspect->method = HASHSCAN_METHOD_FAST_CONFIRMED;
  open_at(aspect, screen_next_level(aspect->image->level));
}

/* ---- What is missing --------------------------------------------------------------------------------------------- */

struct request_list {
  hashscan_hash_request *items;
  size_t count;
};

static void add_request(struct request_list *list, uint32_t picture, hashscan_view view, hashscan_level level) {
  if (list->count == MAX_REQUESTS) return;
  list->items[list->count++] = (hashscan_hash_request){
      .size = sizeof *list->items, .picture = picture, .view = view, .level = level, .digests = 0};
}

static const struct aspect *lookup(const struct aspect *aspects, size_t count, uint32_t picture, hashscan_view view) {
  const struct aspect key = {.picture = picture, .view = view};
  return bsearch(&key, aspects, count, sizeof *aspects, by_place);
}

static uint32_t pictures_of(const struct aspect *aspects, size_t count) {
  uint32_t pictures = 1;
  for (size_t i = 0; i < count; i++)
    if (aspects[i].image->picture_count > pictures) pictures = aspects[i].image->picture_count;
  return pictures;
}

static void request_views(const struct match_policy *policy, const struct aspect *aspects, size_t count,
                          const struct aspect *stored, struct request_list *list) {
  for (int view = HASHSCAN_VIEW_STORED + 1; view < HASHSCAN_VIEW_COUNT; view++)
    if ((stored->image->views >> view & 1u) != 0 &&
        lookup(aspects, count, stored->picture, (hashscan_view)view) == NULL)
      add_request(list, stored->picture, (hashscan_view)view, policy->level);
}

size_t aspects_request(const struct match_policy *policy, const struct aspect *aspects, size_t count,
                       hashscan_hash_request requests[MAX_REQUESTS]) {
  struct request_list list = {requests, 0};
  for (size_t i = 0; i < count; i++)
    if (aspects[i].state == ASPECT_OPEN) add_request(&list, aspects[i].picture, aspects[i].view, aspects[i].wanted);
  const uint32_t pictures = pictures_of(aspects, count);
  for (uint32_t picture = 0; picture < pictures && list.count < MAX_REQUESTS; picture++) {
    const struct aspect *stored = lookup(aspects, count, picture, HASHSCAN_VIEW_STORED);
    if (stored == NULL) add_request(&list, picture, HASHSCAN_VIEW_STORED, policy->level);
    else request_views(policy, aspects, count, stored, &list);
  }
  return list.count;
}
