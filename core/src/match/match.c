/* SPDX-License-Identifier: Apache-2.0 */
/* A batch of inputs goes through these steps together, so that all of them share each search of an index:
 *
 *     image hashes -> aspects, and what each of them needs       aspect.c, screen.c
 *     digests -> lookups -> hits
 *     exact hashes -> one search -> hits
 *     screening hashes -> one search with wildcards -> candidates, of which the exact hash is still wanted
 *     hits, aspects -> verdicts                                  found.c, verdict.c
 *
 * An outcome is a clean one only when nothing is requested and every aspect was examined. */
#include "match/match.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "base/control.h"
#include "base/error.h"
#include "hash/digest.h"
#include "index/search/index.h"
#include "match/aspect.h"
#include "match/found.h"
#include "match/screen.h"
#include "match/verdict.h"

/* From so many queries on, an index may answer those without unknown bits in one sweep, which it does for no others. So
 * many screening hashes as know all their bits then go with the exact ones. */
#define SWEEP_QUERIES 1024

struct input {
  struct aspect *aspects;
  size_t aspect_count;
  const uint8_t *digests[HASHSCAN_KIND_COUNT]; /* NULL: not computed */
  uint32_t digests_missing;
};

struct batch {
  const struct match_policy *policy;
  struct snapshots *snapshots;
  const hashscan_control *control; /* may end it; NULL: none */
  struct input *inputs;
  size_t input_count;
  struct aspect *aspects; /* of all inputs */
  struct found_list found;
};

/* ---- Inputs ------------------------------------------------------------------------------------------------------ */

uint32_t match_digests(const struct match_policy *policy, const struct snapshots *snapshots) {
  uint32_t digests = 0;
  for (hashscan_kind kind = HASHSCAN_KIND_MD5; kind <= HASHSCAN_KIND_SHA256; kind++)
    if (snapshots_have(snapshots, kind)) digests |= 1u << kind;
  return digests & policy->kinds;
}

static hashscan_code take_digests(const hashscan_image_hash *image, size_t number, struct input *input,
                                  hashscan_error *error) {
  for (hashscan_kind kind = HASHSCAN_KIND_MD5; kind <= HASHSCAN_KIND_SHA256; kind++) {
    if ((image->digests >> kind & 1u) == 0) continue;
    const uint8_t *digest = digest_read(image, kind);
    if (input->digests[kind] != NULL && memcmp(input->digests[kind], digest, hashscan_kind_bytes(kind)) != 0)
      return error_set(error, HASHSCAN_E_ARGUMENT, "input %zu has images of different files: their %s differ", number,
                       hashscan_kind_name(kind));
    input->digests[kind] = digest;
  }
  return HASHSCAN_SUCCESS;
}

static hashscan_code set_up_input(struct batch *batch, size_t number, const hashscan_image_hash *const *images,
                                  size_t image_count, struct aspect *aspects, hashscan_error *error) {
  struct input *input = &batch->inputs[number];
  input->aspects = aspects;
  input->aspect_count = aspects_sort(images, image_count, aspects);
  for (size_t i = 0; i < input->aspect_count; i++) aspect_classify(batch->policy, batch->snapshots, &aspects[i]);
  for (size_t i = 0; i < image_count; i++) {
    const hashscan_code code = take_digests(images[i], number, input, error);
    if (code != HASHSCAN_SUCCESS) return code;
  }
  input->digests_missing = match_digests(batch->policy, batch->snapshots);
  for (unsigned kind = 0; kind < HASHSCAN_KIND_COUNT; kind++)
    if (input->digests[kind] != NULL) input->digests_missing &= ~(1u << kind);
  return HASHSCAN_SUCCESS;
}

static hashscan_code set_up(struct batch *batch, const hashscan_image_hash *const *images, const size_t *image_counts,
                            hashscan_error *error) {
  size_t image_total = 0;
  for (size_t i = 0; i < batch->input_count; i++) {
    const size_t count = image_counts == NULL ? 1 : image_counts[i];
    if (count == 0) return error_set(error, HASHSCAN_E_ARGUMENT, "input %zu has no image hash", i);
    if (!checked_add(image_total, count, &image_total)) return error_memory(error);
  }
  batch->inputs = calloc(batch->input_count, sizeof *batch->inputs);
  batch->aspects = calloc(image_total, sizeof *batch->aspects);
  if (batch->inputs == NULL || batch->aspects == NULL) return error_memory(error);
  size_t first = 0;
  for (size_t i = 0; i < batch->input_count; i++) {
    const size_t count = image_counts == NULL ? 1 : image_counts[i];
    const hashscan_code code = set_up_input(batch, i, images + first, count, batch->aspects + first, error);
    if (code != HASHSCAN_SUCCESS) return code;
    first += count;
  }
  return HASHSCAN_SUCCESS;
}

static void tear_down(struct batch *batch) {
  found_free(&batch->found);
  free(batch->aspects);
  free(batch->inputs);
}

/* ---- Digests ----------------------------------------------------------------------------------------------------- */

/* The digests of one kind, one after the other. */
struct lookup {
  struct batch *batch;
  hashscan_kind kind;
  uint8_t *digests;
  size_t *inputs; /* whose each of them is */
  size_t count;
  uint32_t index; /* of the lookup under way */
};

static int on_digest_hit(void *user, const hashscan_hit *hit) {
  const struct lookup *lookup = user;
  const struct found found = {
      .entry = hit->entry, .input = lookup->inputs[hit->query], .index = lookup->index, .kind = (uint8_t)lookup->kind};
  return !found_add(&lookup->batch->found, &found);
}

static bool collect_digests(struct lookup *lookup) {
  const size_t bytes = hashscan_kind_bytes(lookup->kind);
  const size_t most = lookup->batch->input_count;
  lookup->digests = calloc(most, bytes);
  lookup->inputs = calloc(most, sizeof *lookup->inputs);
  if (lookup->digests == NULL || lookup->inputs == NULL) return false;
  for (size_t i = 0; i < most; i++) {
    const uint8_t *digest = lookup->batch->inputs[i].digests[lookup->kind];
    if (digest == NULL) continue;
    memcpy(lookup->digests + lookup->count * bytes, digest, bytes);
    lookup->inputs[lookup->count++] = i;
  }
  return true;
}

/* on_digest_hit stops a lookup only when it is out of memory. */
static hashscan_code look_up_in(struct lookup *lookup, uint32_t number, hashscan_error *error) {
  const hashscan_index *index = lookup->batch->snapshots->indexes[number];
  if (lookup->count == 0 || !index_has_kind(index, lookup->kind)) return HASHSCAN_SUCCESS;
  lookup->index = number;
  const hashscan_code code =
      hashscan_index_lookup(index, lookup->kind, lookup->digests, lookup->count, on_digest_hit, lookup, error);
  return code == HASHSCAN_E_STOPPED ? error_memory(error) : code;
}

static hashscan_code look_up(struct batch *batch, hashscan_kind kind, hashscan_error *error) {
  struct lookup lookup = {.batch = batch, .kind = kind};
  hashscan_code code = collect_digests(&lookup) ? HASHSCAN_SUCCESS : error_memory(error);
  for (uint32_t i = 0; i < batch->snapshots->count && code == HASHSCAN_SUCCESS; i++)
    code = look_up_in(&lookup, i, error);
  free(lookup.digests);
  free(lookup.inputs);
  return code;
}

static hashscan_code look_up_all(struct batch *batch, hashscan_error *error) {
  const uint32_t listed = match_digests(batch->policy, batch->snapshots);
  hashscan_code code = control_state(batch->control);
  if (code != HASHSCAN_SUCCESS) return control_error(code, error);
  for (hashscan_kind kind = HASHSCAN_KIND_MD5; kind <= HASHSCAN_KIND_SHA256 && code == HASHSCAN_SUCCESS; kind++)
    if ((listed >> kind & 1u) != 0) code = look_up(batch, kind, error);
  return code;
}

/* ---- Hashes ------------------------------------------------------------------------------------------------------ */

/* The hash of a query belongs to an aspect of an input. */
struct query {
  size_t input;
  struct aspect *aspect;
  uint8_t transform;
};

/* Queries of one search. */
struct query_list {
  struct batch *batch;
  hashscan_pdq *hashes;
  hashscan_pdq *unknown; /* NULL: all bits of all of them are known */
  struct query *queries;
  size_t count;
  size_t screened; /* aspects among them without a candidate; once none is left a search may end... */
  bool has_exact;  /* ... unless it looks for matches too */
  uint32_t index;  /* of the search under way */
  bool no_memory;
  bool stopped; /* the search under way, by on_hit and not by the control */
};

static int on_hit(void *user, const hashscan_hit *hit) {
  struct query_list *list = user;
  const struct query *query = &list->queries[hit->query];
  if (query->aspect->state == ASPECT_SCREENED) {
    if (!query->aspect->candidate) list->screened--;
    query->aspect->candidate = true;
    list->stopped = list->screened == 0 && !list->has_exact;
    return list->stopped;
  }
  const struct found found = {.entry = hit->entry,
                              .input = query->input,
                              .index = list->index,
                              .distance = hit->distance,
                              .picture = query->aspect->picture,
                              .view = (uint16_t)query->aspect->view,
                              .transform = query->transform,
                              .kind = HASHSCAN_KIND_PDQ};
  list->no_memory = !found_add(&list->batch->found, &found);
  list->stopped = list->no_memory;
  return list->stopped;
}

static hashscan_code search_index(struct query_list *list, uint32_t number, hashscan_error *error) {
  const hashscan_index *index = list->batch->snapshots->indexes[number];
  if (!index_has_kind(index, HASHSCAN_KIND_PDQ)) return HASHSCAN_SUCCESS;
  hashscan_search search = HASHSCAN_SEARCH_INIT;
  search.queries = list->hashes[0].bytes;
  search.unknown = list->unknown == NULL ? NULL : list->unknown[0].bytes;
  search.count = list->count;
  search.radius = list->batch->policy->radius;
  search.control = list->batch->control;
  list->index = number;
  list->stopped = false;
  const hashscan_code code = hashscan_index_search(index, &search, on_hit, list, error);
  if (!list->stopped) return code;
  return list->no_memory ? error_memory(error) : HASHSCAN_SUCCESS;
}

/* Queries of an aspect stand together. */
static size_t count_screened(const struct query_list *list) {
  const struct aspect *last = NULL;
  size_t count = 0;
  for (size_t i = 0; i < list->count; i++) {
    const struct aspect *aspect = list->queries[i].aspect;
    count += aspect != last && aspect->state == ASPECT_SCREENED && !aspect->candidate;
    last = aspect;
  }
  return count;
}

static hashscan_code search_all(struct query_list *list, hashscan_error *error) {
  list->screened = count_screened(list);
  hashscan_code code = HASHSCAN_SUCCESS;
  for (uint32_t i = 0; i < list->batch->snapshots->count && code == HASHSCAN_SUCCESS; i++) {
    if (list->screened == 0 && !list->has_exact) break;
    code = search_index(list, i, error);
  }
  return code;
}

static bool is_zero(const hashscan_pdq *mask) {
  static const hashscan_pdq none;
  return memcmp(mask, &none, sizeof none) == 0;
}

static void add_query(struct query_list *list, size_t input, struct aspect *aspect, unsigned transform) {
  const size_t i = list->count++;
  list->hashes[i] = aspect->image->hashes[transform];
  if (list->unknown != NULL) list->unknown[i] = aspect->image->unknown[transform];
  list->queries[i] = (struct query){input, aspect, (uint8_t)transform};
  if (aspect->state == ASPECT_EXACT) list->has_exact = true;
}

/* A screened aspect may have queries in both lists. */
static void add_aspect(struct query_list *plain, struct query_list *masked, bool sweeps, size_t input,
                       struct aspect *aspect) {
  for (unsigned t = 0; t < aspect->hash_count; t++) {
    const bool all_known = aspect->state == ASPECT_EXACT || (sweeps && is_zero(&aspect->image->unknown[t]));
    add_query(all_known ? plain : masked, input, aspect, t);
  }
}

static bool is_searched(const struct aspect *aspect) {
  return aspect->state == ASPECT_EXACT || aspect->state == ASPECT_SCREENED;
}

static size_t count_queries(const struct batch *batch) {
  size_t count = 0;
  for (size_t i = 0; i < batch->input_count; i++)
    for (size_t a = 0; a < batch->inputs[i].aspect_count; a++)
      if (is_searched(&batch->inputs[i].aspects[a])) count += batch->inputs[i].aspects[a].hash_count;
  return count;
}

static bool allocate(struct query_list *list, struct batch *batch, size_t count, bool masked) {
  *list = (struct query_list){.batch = batch,
                              .hashes = calloc(count, sizeof *list->hashes),
                              .unknown = masked ? calloc(count, sizeof *list->unknown) : NULL,
                              .queries = calloc(count, sizeof *list->queries)};
  return list->hashes != NULL && list->queries != NULL && (list->unknown != NULL || !masked);
}

static void query_list_free(struct query_list *list) {
  free(list->hashes);
  free(list->unknown);
  free(list->queries);
}

static void add_queries(struct batch *batch, struct query_list *plain, struct query_list *masked, size_t count) {
  for (size_t i = 0; i < batch->input_count; i++)
    for (size_t a = 0; a < batch->inputs[i].aspect_count; a++)
      if (is_searched(&batch->inputs[i].aspects[a]))
        add_aspect(plain, masked, count >= SWEEP_QUERIES, i, &batch->inputs[i].aspects[a]);
}

static hashscan_code search_hashes(struct batch *batch, hashscan_error *error) {
  const size_t count = count_queries(batch);
  const bool compared = (batch->policy->kinds >> HASHSCAN_KIND_PDQ & 1u) != 0;
  if (count == 0 || !compared || !snapshots_have(batch->snapshots, HASHSCAN_KIND_PDQ)) return HASHSCAN_SUCCESS;
  struct query_list plain;
  struct query_list masked;
  const bool has_plain = allocate(&plain, batch, count, false);
  const bool has_masked = allocate(&masked, batch, count, true);
  hashscan_code code = has_plain && has_masked ? HASHSCAN_SUCCESS : error_memory(error);
  if (code == HASHSCAN_SUCCESS) add_queries(batch, &plain, &masked, count);
  if (code == HASHSCAN_SUCCESS) code = search_all(&plain, error);
  if (code == HASHSCAN_SUCCESS) code = search_all(&masked, error);
  query_list_free(&plain);
  query_list_free(&masked);
  return code;
}

/* ---- Verdicts ---------------------------------------------------------------------------------------------------- */

/* A verdict in the making. */
struct opinion {
  hashscan_status status;
  hashscan_method method;
  bool examined;
  char reason[3 * HASHSCAN_REASON_SIZE]; /* what the image hash says, and what the policy adds */
};

static bool is_hashed(const hashscan_image_hash *image) {
  return image->hash_count > 0;
}

/* Whether the aspect was examined. A flat one was, by the policy that the caller chose; in a damaged one the flatness
 * may be what the decoder filled in. */
static bool was_examined(const struct aspect *aspect) {
  if (!is_hashed(aspect->image)) return false;
  return aspect->state != ASPECT_FLAT || aspect->image->status == HASHSCAN_STATUS_OK;
}

/* What the decoder complained of stays in the reason. */
static void describe(const struct match_policy *policy, const struct aspect *aspect, char *reason, size_t size) {
  const hashscan_image_hash *image = aspect->image;
  if (aspect->state != ASPECT_FLAT) {
    snprintf(reason, size, "%s", image->reason);
    return;
  }
  const char *estimate = image->quality_low == image->quality_high ? "" : " (an estimate)";
  snprintf(reason, size, "quality %d%s is under the minimum of %d%s%s", image->quality, estimate, policy->min_quality,
           image->reason[0] == '\0' ? "" : "; ", image->reason);
}

/* The first aspect speaks for the input; one of the others that could not be examined leaves the input unexamined, and
 * the first whose method tells more than the first aspect's speaks for all. */
static void form_opinion(const struct match_policy *policy, const struct input *input, struct opinion *opinion) {
  const struct aspect *first = &input->aspects[0];
  opinion->status = first->state == ASPECT_FLAT ? HASHSCAN_STATUS_LOW_QUALITY : first->image->status;
  opinion->method = first->method;
  opinion->examined = was_examined(first);
  describe(policy, first, opinion->reason, sizeof opinion->reason);
  for (size_t i = 0; i < input->aspect_count; i++)
    if (input->aspects[i].view == HASHSCAN_VIEW_STORED && input->aspects[i].image->unseen) opinion->examined = false;
  for (size_t i = 1; i < input->aspect_count; i++) {
    const struct aspect *aspect = &input->aspects[i];
    if (screen_settled(opinion->method)) opinion->method = aspect->method;
    if (was_examined(aspect)) continue;
    if (opinion->examined) describe(policy, aspect, opinion->reason, sizeof opinion->reason);
    opinion->examined = false;
  }
}

/* Digests go along with the first request; when they are all that is missing the picture is hashed again as it was. */
static size_t list_requests(const struct match_policy *policy, const struct input *input,
                            hashscan_hash_request requests[MAX_REQUESTS]) {
  size_t count = aspects_request(policy, input->aspects, input->aspect_count, requests);
  if (input->digests_missing == 0) return count;
  const struct aspect *first = &input->aspects[0];
  if (count == 0)
    requests[count++] = (hashscan_hash_request){
        .size = sizeof *requests, .picture = first->picture, .view = first->view, .level = first->image->level};
  requests[0].digests = input->digests_missing;
  return count;
}

static void note_request(const hashscan_hash_request *request, struct opinion *opinion) {
  const size_t length = strlen(opinion->reason);
  snprintf(opinion->reason + length, sizeof opinion->reason - length, "%sneeds the %s hash of view %s of picture %u%s",
           length == 0 ? "" : "; ", hashscan_level_name(request->level), hashscan_view_name(request->view),
           (unsigned)request->picture, request->digests == 0 ? "" : " and digests");
}

static hashscan_outcome outcome_of(const struct opinion *opinion, size_t match_count, size_t request_count) {
  if (match_count > 0) return HASHSCAN_OUTCOME_MATCH;
  if (request_count > 0) return HASHSCAN_OUTCOME_UNEXAMINED;
  if (opinion->examined) return HASHSCAN_OUTCOME_NO_MATCH;
  return opinion->status == HASHSCAN_STATUS_NOT_IMAGE ? HASHSCAN_OUTCOME_NOT_IMAGE : HASHSCAN_OUTCOME_UNEXAMINED;
}

static hashscan_code conclude(struct batch *batch, const struct input *input, const struct found *found,
                              size_t found_count, hashscan_verdict **verdict, hashscan_error *error) {
  struct opinion opinion;
  hashscan_hash_request requests[MAX_REQUESTS];
  form_opinion(batch->policy, input, &opinion);
  const size_t request_count = list_requests(batch->policy, input, requests);
  if (request_count > 0) note_request(&requests[0], &opinion);
  const struct verdict_parts parts = {.outcome = outcome_of(&opinion, found_count, request_count),
                                      .status = opinion.status,
                                      .method = opinion.method,
                                      .reason = opinion.reason,
                                      .image = input->aspects[0].image,
                                      .found = found,
                                      .found_count = found_count,
                                      .requests = requests,
                                      .request_count = request_count,
                                      .snapshots = batch->snapshots};
  return verdict_create(&parts, verdict, error);
}

static hashscan_code conclude_all(struct batch *batch, hashscan_verdict **verdicts, hashscan_error *error) {
  const struct found_list *found = &batch->found;
  size_t next = 0;
  for (size_t i = 0; i < batch->input_count; i++) {
    const struct input *input = &batch->inputs[i];
    for (size_t a = 0; a < input->aspect_count; a++)
      if (input->aspects[a].candidate) aspect_open_candidate(&input->aspects[a]);
    const size_t first = next;
    while (next < found->count && found->items[next].input == i) next++;
    const hashscan_code code =
        conclude(batch, input, found->count == 0 ? NULL : &found->items[first], next - first, &verdicts[i], error);
    if (code != HASHSCAN_SUCCESS) return code;
  }
  return HASHSCAN_SUCCESS;
}

hashscan_code match_batch(const struct match_policy *policy, struct snapshots *snapshots,
                          const hashscan_image_hash *const *images, const size_t *image_counts, size_t input_count,
                          const hashscan_control *control, hashscan_verdict **verdicts, hashscan_error *error) {
  for (size_t i = 0; i < input_count; i++) verdicts[i] = NULL;
  if (input_count == 0) return HASHSCAN_SUCCESS;
  struct batch batch = {.policy = policy, .snapshots = snapshots, .control = control, .input_count = input_count};
  hashscan_code code = set_up(&batch, images, image_counts, error);
  if (code == HASHSCAN_SUCCESS) code = look_up_all(&batch, error);
  if (code == HASHSCAN_SUCCESS) code = search_hashes(&batch, error);
  if (code == HASHSCAN_SUCCESS) {
    found_finish(&batch.found);
    code = conclude_all(&batch, verdicts, error);
  }
  tear_down(&batch);
  if (code == HASHSCAN_SUCCESS) return code;
  for (size_t i = 0; i < input_count; i++) {
    hashscan_verdict_destroy(verdicts[i]);
    verdicts[i] = NULL;
  }
  return code;
}
