/* SPDX-License-Identifier: Apache-2.0 */
/* The answer for one image against one snapshot. Digests come first and are compared whatever the decoder thinks of the
 * bytes; then each view of the picture, as it is stored and as people may see it: unless screening settled it, all PDQ
 * hashes of the view are searched as one batch. Each entry keeps its closest view and transform. */
#include "match/verdict.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "base/error.h"
#include "hash/digest.h"
#include "index/search/index.h"
#include "match/screen.h"

struct found {
  uint64_t entry;
  hashscan_kind kind;
  uint32_t distance;
  uint16_t view;
  uint16_t transform;
};

/* Hits so far. An entry may be there once for each view and transform until found_unite. */
struct found_list {
  struct found *items;
  size_t count;
  size_t capacity;
  hashscan_kind kind; /* of the hits that are coming in */
  hashscan_view view;
};

static int order_of(uint64_t a, uint64_t b) {
  return (a > b) - (a < b);
}

static int by_entry(const void *left, const void *right) {
  const struct found *a = left;
  const struct found *b = right;
  if (a->entry != b->entry) return order_of(a->entry, b->entry);
  if (a->distance != b->distance) return order_of(a->distance, b->distance);
  if (a->view != b->view) return order_of(a->view, b->view);
  return order_of(a->transform, b->transform);
}

static int by_distance(const void *left, const void *right) {
  const struct found *a = left;
  const struct found *b = right;
  if (a->distance != b->distance) return order_of(a->distance, b->distance);
  return order_of(a->entry, b->entry);
}

/* Leaves each entry once, with its smallest distance and the first view and transform that has it. */
static void found_unite(struct found_list *list) {
  if (list->count < 2) return;
  qsort(list->items, list->count, sizeof *list->items, by_entry);
  size_t kept = 1;
  for (size_t i = 1; i < list->count; i++)
    if (list->items[i].entry != list->items[kept - 1].entry) list->items[kept++] = list->items[i];
  list->count = kept;
}

/* Uniting before growing bounds the memory by the entries that match, not by eight times as many. */
static bool found_make_room(struct found_list *list) {
  if (list->count < list->capacity) return true;
  found_unite(list);
  if (list->count < list->capacity / 2) return true;
  const size_t capacity = list->capacity == 0 ? 64 : list->capacity;
  size_t bytes;
  if (!checked_mul(capacity, 2 * sizeof *list->items, &bytes)) return false;
  struct found *items = realloc(list->items, bytes);
  if (items == NULL) return false;
  list->items = items;
  list->capacity = 2 * capacity;
  return true;
}

static int on_hit(void *user, const hashscan_hit *hit) {
  struct found_list *list = user;
  if (!found_make_room(list)) return 1;
  list->items[list->count++] = (struct found){.entry = hit->entry,
                                              .kind = list->kind,
                                              .distance = hit->distance,
                                              .view = (uint16_t)list->view,
                                              .transform = (uint16_t)hit->query};
  return 0;
}

/* on_hit stops a search only when it is out of memory. */
static hashscan_code search_ended(hashscan_code code, hashscan_error *error) {
  return code == HASHSCAN_E_STOPPED ? error_memory(error) : code;
}

static hashscan_code find_digests(const hashscan_index *index, const void *bytes, size_t size, struct found_list *list,
                                  hashscan_error *error) {
  for (hashscan_kind kind = HASHSCAN_KIND_MD5; kind <= HASHSCAN_KIND_SHA256; kind++) {
    if (!index_has_kind(index, kind)) continue;
    uint8_t digest[HASHSCAN_MAX_HASH_BYTES];
    hashscan_code code = digest_compute(kind, bytes, size, digest, error);
    if (code != HASHSCAN_SUCCESS) return code;
    list->kind = kind;
    code = search_ended(hashscan_index_lookup(index, kind, digest, 1, on_hit, list, error), error);
    if (code != HASHSCAN_SUCCESS) return code;
  }
  return HASHSCAN_SUCCESS;
}

static bool is_hashed(const hashscan_image_hash *image) {
  return image->status == HASHSCAN_STATUS_OK || image->status == HASHSCAN_STATUS_DAMAGED;
}

/* What the decoder complained of stays in the reason. Returns whether the picture was examined all the same: a flat one
 * was, by the policy that the caller chose; in a damaged one the flatness may be what the decoder filled in. */
static bool apply_min_quality(const struct match_policy *policy, hashscan_image_hash *image) {
  if (!is_hashed(image)) return false;
  /* Where screening settled it and only estimates the quality, the whole interval lies on one side; or, at level
   * blocks, the picture was searched whatever its quality is. */
  const bool estimated = image->level == HASHSCAN_LEVEL_BLOCKS;
  if ((estimated ? image->quality : image->quality_high) >= policy->min_quality) return true;
  const bool whole = image->status == HASHSCAN_STATUS_OK;
  char damage[HASHSCAN_REASON_SIZE];
  memcpy(damage, image->reason, sizeof damage);
  const char *estimate = image->quality_low == image->quality_high ? "" : " (an estimate)";
  const int length = snprintf(image->reason, sizeof image->reason, "quality %d%s is under the minimum of %d%s%s",
                              image->quality, estimate, policy->min_quality, damage[0] == '\0' ? "" : "; ", damage);
  if (length < 0) image->reason[0] = '\0';
  image->status = HASHSCAN_STATUS_LOW_QUALITY;
  return whole;
}

static hashscan_code find_pdq(const hashscan_index *index, const struct match_policy *policy,
                              const hashscan_image_hash *image, struct found_list *list, hashscan_error *error) {
  if (!is_hashed(image) || !index_has_kind(index, HASHSCAN_KIND_PDQ)) return HASHSCAN_SUCCESS;
  list->kind = HASHSCAN_KIND_PDQ;
  hashscan_search search = HASHSCAN_SEARCH_INIT;
  search.queries = image->hashes[0].bytes;
  search.count = image->hash_count;
  search.radius = policy->radius;
  return search_ended(hashscan_index_search(index, &search, on_hit, list, error), error);
}

static hashscan_code fill_matches(const struct found_list *list, hashscan_verdict *verdict, hashscan_error *error) {
  if (list->count == 0) return HASHSCAN_SUCCESS;
  verdict->matches = calloc(list->count, sizeof *verdict->matches);
  if (verdict->matches == NULL) return error_memory(error);
  verdict->match_count = list->count;
  for (size_t i = 0; i < list->count; i++) {
    const struct found *found = &list->items[i];
    hashscan_entry entry = HASHSCAN_ENTRY_INIT;
    const hashscan_code code = hashscan_index_entry(verdict->snapshot, found->entry, &entry, error);
    if (code != HASHSCAN_SUCCESS) return code;
    verdict->matches[i] = (hashscan_match){.entry = found->entry,
                                           .kind = found->kind,
                                           .distance = found->distance,
                                           .view = (hashscan_view)found->view,
                                           .transform = (hashscan_transform)found->transform,
                                           .list = entry.list,
                                           .version = entry.version,
                                           .id = entry.id,
                                           .labels = entry.labels,
                                           .label_count = entry.label_count};
  }
  return HASHSCAN_SUCCESS;
}

/* Hashes a view, searches it, and sets *examined when that was possible. */
static hashscan_code judge_view(const struct match_policy *policy, const hashscan_index *snapshot,
                                hashscan_hasher *hasher, const void *bytes, size_t size, struct found_list *list,
                                hashscan_image_hash *image, hashscan_method *method, bool *examined,
                                hashscan_error *error) {
  const hashscan_code code = screen_view(policy, snapshot, hasher, list->view, bytes, size, image, method, error);
  if (code != HASHSCAN_SUCCESS) return code;
  *examined = apply_min_quality(policy, image);
  return screen_settled(*method) ? HASHSCAN_SUCCESS : find_pdq(snapshot, policy, image, list, error);
}

/* The views that differ from the stored one. One that cannot be examined leaves the picture unexamined, and the first
 * whose method tells more than the stored one's speaks for all. */
static hashscan_code judge_other_views(const struct match_policy *policy, hashscan_hasher *hasher, const void *bytes,
                                       size_t size, struct found_list *list, hashscan_verdict *verdict, bool *examined,
                                       hashscan_error *error) {
  for (int view = HASHSCAN_VIEW_STORED + 1; view < HASHSCAN_VIEW_COUNT; view++) {
    if ((verdict->image.views >> view & 1u) == 0) continue;
    hashscan_image_hash image;
    hashscan_method method;
    bool view_examined;
    list->view = (hashscan_view)view;
    const hashscan_code code =
        judge_view(policy, verdict->snapshot, hasher, bytes, size, list, &image, &method, &view_examined, error);
    if (code != HASHSCAN_SUCCESS) return code;
    if (screen_settled(verdict->method)) verdict->method = method;
    if (view_examined) continue;
    if (*examined) memcpy(verdict->image.reason, image.reason, sizeof image.reason);
    *examined = false;
  }
  return HASHSCAN_SUCCESS;
}

static hashscan_code judge_picture(const struct match_policy *policy, hashscan_hasher *hasher, const void *bytes,
                                   size_t size, struct found_list *list, hashscan_verdict *verdict, bool *examined,
                                   hashscan_error *error) {
  list->view = HASHSCAN_VIEW_STORED;
  const hashscan_code code = judge_view(policy, verdict->snapshot, hasher, bytes, size, list, &verdict->image,
                                        &verdict->method, examined, error);
  if (code != HASHSCAN_SUCCESS) return code;
  if (verdict->image.unseen) *examined = false;
  return judge_other_views(policy, hasher, bytes, size, list, verdict, examined, error);
}

static hashscan_outcome outcome_of(const hashscan_verdict *verdict, bool examined) {
  if (verdict->match_count > 0) return HASHSCAN_OUTCOME_MATCH;
  if (examined) return HASHSCAN_OUTCOME_NO_MATCH;
  return verdict->image.status == HASHSCAN_STATUS_NOT_IMAGE ? HASHSCAN_OUTCOME_NOT_IMAGE : HASHSCAN_OUTCOME_UNEXAMINED;
}

hashscan_code verdict_compute(const struct match_policy *policy, hashscan_index *snapshot, hashscan_hasher *hasher,
                              const void *bytes, size_t size, hashscan_verdict *verdict, hashscan_error *error) {
  struct found_list list = {0};
  *verdict = (hashscan_verdict){.snapshot = snapshot};
  bool examined = false;
  hashscan_code code = find_digests(snapshot, bytes, size, &list, error);
  if (code == HASHSCAN_SUCCESS) code = judge_picture(policy, hasher, bytes, size, &list, verdict, &examined, error);
  if (code == HASHSCAN_SUCCESS) {
    found_unite(&list);
    if (list.count > 1) qsort(list.items, list.count, sizeof *list.items, by_distance);
    code = fill_matches(&list, verdict, error);
  }
  free(list.items);
  if (code != HASHSCAN_SUCCESS) {
    hashscan_verdict_clear(verdict);
    return code;
  }
  verdict->outcome = outcome_of(verdict, examined);
  return HASHSCAN_SUCCESS;
}

void hashscan_verdict_clear(hashscan_verdict *verdict) {
  if (verdict == NULL) return;
  free(verdict->matches);
  hashscan_index_close(verdict->snapshot);
  *verdict = (hashscan_verdict){0};
}
