/* SPDX-License-Identifier: Apache-2.0 */
/* Layout of a verdict's allocation:
 *
 *     struct box | matches | requests | pointers to matches | pointers to requests | reason
 *
 * Everything before the reason is a multiple of a pointer's size. */
#include "match/verdict.h"

#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "base/error.h"

struct box {
  hashscan_verdict verdict; /* first: the caller's pointer is the box's */
  hashscan_image_hash image;
  struct snapshots *snapshots;
  size_t bytes;
};

_Static_assert(sizeof(struct box) % sizeof(void *) == 0 && sizeof(hashscan_match) % sizeof(void *) == 0 &&
                   sizeof(hashscan_hash_request) % sizeof(void *) == 0,
               "what follows is aligned");

static bool add_array(size_t count, size_t size, size_t *total) {
  size_t bytes;
  return checked_mul(count, size, &bytes) && checked_add(*total, bytes, total);
}

static struct box *allocate(const struct verdict_parts *parts) {
  size_t bytes = sizeof(struct box);
  if (!add_array(parts->found_count, sizeof(hashscan_match) + sizeof(hashscan_match *), &bytes) ||
      !add_array(parts->request_count, sizeof(hashscan_hash_request) + sizeof(hashscan_hash_request *), &bytes) ||
      !checked_add(bytes, strlen(parts->reason) + 1, &bytes))
    return NULL;
  struct box *box = malloc(bytes);
  if (box != NULL) *box = (struct box){.bytes = bytes};
  return box;
}

static hashscan_code fill_match(const struct snapshots *snapshots, const struct found *found, hashscan_match *match,
                                hashscan_error *error) {
  hashscan_entry entry = HASHSCAN_ENTRY_INIT;
  const hashscan_code code = hashscan_index_entry(snapshots->indexes[found->index], found->entry, &entry, error);
  if (code != HASHSCAN_SUCCESS) return code;
  *match = (hashscan_match){.entry = found->entry,
                            .index = found->index,
                            .kind = (hashscan_kind)found->kind,
                            .distance = found->distance,
                            .picture = found->picture,
                            .view = (hashscan_view)found->view,
                            .transform = (hashscan_transform)found->transform,
                            .list = entry.list,
                            .version = entry.version,
                            .id = entry.id,
                            .labels = entry.labels,
                            .label_count = entry.label_count,
                            .index_path = snapshots->paths[found->index]};
  return HASHSCAN_SUCCESS;
}

static hashscan_code fill(const struct verdict_parts *parts, struct box *box, hashscan_error *error) {
  hashscan_match *matches = (hashscan_match *)(box + 1);
  hashscan_hash_request *requests = (hashscan_hash_request *)(matches + parts->found_count);
  const hashscan_match **match_pointers = (const hashscan_match **)(requests + parts->request_count);
  const hashscan_hash_request **request_pointers =
      (const hashscan_hash_request **)(match_pointers + parts->found_count);
  char *reason = (char *)(request_pointers + parts->request_count);
  for (size_t i = 0; i < parts->found_count; i++) {
    const hashscan_code code = fill_match(parts->snapshots, &parts->found[i], &matches[i], error);
    if (code != HASHSCAN_SUCCESS) return code;
    match_pointers[i] = &matches[i];
  }
  for (size_t i = 0; i < parts->request_count; i++) {
    requests[i] = parts->requests[i];
    request_pointers[i] = &requests[i];
  }
  memcpy(reason, parts->reason, strlen(parts->reason) + 1);
  box->image = *parts->image;
  box->snapshots = parts->snapshots == NULL ? NULL : snapshots_retain(parts->snapshots);
  box->verdict = (hashscan_verdict){.outcome = parts->outcome,
                                    .status = parts->status,
                                    .method = parts->method,
                                    .reason = reason,
                                    .image = &box->image,
                                    .match_count = parts->found_count,
                                    .matches = match_pointers,
                                    .request_count = parts->request_count,
                                    .requests = request_pointers,
                                    .index_count = box->snapshots == NULL ? 0 : box->snapshots->count,
                                    .indexes = box->snapshots == NULL ? NULL : box->snapshots->indexes};
  return HASHSCAN_SUCCESS;
}

hashscan_code verdict_create(const struct verdict_parts *parts, hashscan_verdict **verdict, hashscan_error *error) {
  *verdict = NULL;
  struct box *box = allocate(parts);
  if (box == NULL) return error_memory(error);
  const hashscan_code code = fill(parts, box, error);
  if (code == HASHSCAN_SUCCESS) *verdict = &box->verdict;
  else free(box);
  return code;
}

/* ---- Without an examined image ----------------------------------------------------------------------------------- */

static hashscan_image_hash image_of_memory = HASHSCAN_IMAGE_HASH_INIT;
static hashscan_verdict out_of_memory = {.outcome = HASHSCAN_OUTCOME_UNEXAMINED,
                                         .status = HASHSCAN_STATUS_LIMIT,
                                         .reason = "out of memory",
                                         .image = &image_of_memory};

hashscan_verdict *verdict_unexamined(hashscan_status status, const char *reason) {
  hashscan_image_hash image = HASHSCAN_IMAGE_HASH_INIT;
  image.status = status;
  const size_t length = strnlen(reason, sizeof image.reason - 1);
  memcpy(image.reason, reason, length);
  const struct verdict_parts parts = {
      .outcome = HASHSCAN_OUTCOME_UNEXAMINED, .status = status, .reason = image.reason, .image = &image};
  hashscan_verdict *verdict;
  return verdict_create(&parts, &verdict, NULL) == HASHSCAN_SUCCESS ? verdict : &out_of_memory;
}

size_t verdict_bytes(const hashscan_verdict *verdict) {
  return ((const struct box *)verdict)->bytes;
}

void hashscan_verdict_destroy(hashscan_verdict *verdict) {
  if (verdict == NULL || verdict == &out_of_memory) return;
  struct box *box = (struct box *)verdict;
  snapshots_release(box->snapshots);
  free(box);
}
