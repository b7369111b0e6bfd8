/* SPDX-License-Identifier: Apache-2.0 */
/* Searching an index by distance, and looking up digests. Either goes to all parts, and its hits to a callback or into
 * the caller's array. */
#include <stdlib.h>

#include "base/control.h"
#include "base/error.h"
#include "base/options.h"
#include "index/search/index.h"

/* ---- Where hits go --------------------------------------------------------------------------------------------- */

/* A callback, or without one an array of `capacity` hits; `count` goes on counting behind its end. */
struct sink {
  hashscan_hit_fn on_hit;
  void *user;
  hashscan_hit *hits;
  size_t capacity;
  size_t *count;
};

/* False when the callback ended the search. */
static bool take_hit(const struct sink *sink, const hashscan_hit *hit) {
  if (sink->on_hit != NULL) return sink->on_hit(sink->user, hit) == 0;
  if (*sink->count < sink->capacity) sink->hits[*sink->count] = *hit;
  ++*sink->count;
  return true;
}

static hashscan_code array_sink(hashscan_hit *hits, size_t capacity, size_t *count, struct sink *sink,
                                hashscan_error *error) {
  if (count == NULL || (hits == NULL && capacity > 0))
    return error_set(error, HASHSCAN_E_ARGUMENT, "hits or count is NULL");
  *count = 0;
  *sink = (struct sink){.hits = hits, .capacity = capacity, .count = count};
  return HASHSCAN_SUCCESS;
}

struct visitor {
  const struct part *part;
  const struct segment_kind *rows;
  const struct sink *sink;
  bool stopped; /* by the sink's callback */
};

/* Reports the live ones among the entries of a row. False when the callback ended the search. */
static bool visit_entries(struct visitor *visitor, uint32_t first, uint32_t end, uint32_t query, unsigned distance) {
  const struct part *part = visitor->part;
  for (uint32_t entry = first; entry < end; entry++) {
    if (part_is_dead(part, entry)) continue;
    const hashscan_hit hit = {
        .entry = part->base + part_live_before(part, entry), .query = query, .distance = distance};
    visitor->stopped = !take_hit(visitor->sink, &hit);
    if (visitor->stopped) return false;
  }
  return true;
}

static bool visit_row(void *user, size_t row, uint32_t query, unsigned distance) {
  struct visitor *visitor = user;
  return visit_entries(visitor, segment_row_start(visitor->rows, row), segment_row_start(visitor->rows, row + 1), query,
                       distance);
}

/* ---- By distance ----------------------------------------------------------------------------------------------- */

static hashscan_code read_search(const hashscan_search *given, hashscan_search *search, hashscan_error *error) {
  *search = (hashscan_search)HASHSCAN_SEARCH_INIT;
  if (given == NULL) return error_set(error, HASHSCAN_E_ARGUMENT, "search is NULL");
  const hashscan_code code = options_copy(search, sizeof *search, given, "hashscan_search", error);
  if (code != HASHSCAN_SUCCESS) return code;
  if (!hashscan_kind_perceptual(search->kind))
    return error_set(error, HASHSCAN_E_ARGUMENT, "kind %s is not searched by distance",
                     hashscan_kind_name(search->kind));
  if (search->queries == NULL && search->count > 0) return error_set(error, HASHSCAN_E_ARGUMENT, "queries is NULL");
  if (search->radius > HAMMING_MAX_RADIUS)
    return error_set(error, HASHSCAN_E_ARGUMENT, "radius %u is outside of 0 to %d", search->radius, HAMMING_MAX_RADIUS);
  if (search->count > UINT32_MAX) return error_set(error, HASHSCAN_E_ARGUMENT, "more than 2^32 - 1 queries");
  return HASHSCAN_SUCCESS;
}

static bool needs_scratch(const hashscan_index *index, hashscan_kind kind) {
  for (uint32_t i = 0; i < index->part_count; i++)
    if (searcher_needs_scratch(index->parts[i].searchers[kind])) return true;
  return false;
}

/* Why a search did not finish. A control that is reset between having ended it and now ended it all the same. */
static hashscan_code unfinished(bool stopped, const hashscan_control *control, hashscan_error *error) {
  if (stopped) return error_set(error, HASHSCAN_E_STOPPED, "the search was stopped by its callback");
  const hashscan_code code = control_state(control);
  return control_error(code == HASHSCAN_SUCCESS ? HASHSCAN_E_STOPPED : code, error);
}

/* `scratch` is NULL when the index is to lend one. */
static hashscan_code search_index(const hashscan_index *index, struct pigeonring_scratch *scratch,
                                  const hashscan_search *given, const struct sink *sink, hashscan_error *error) {
  hashscan_search search;
  const hashscan_code code = read_search(given, &search, error);
  if (code != HASHSCAN_SUCCESS) return code;
  struct pigeonring_scratch *lent = NULL;
  if (scratch == NULL && needs_scratch(index, search.kind)) {
    scratch = lent = scratch_acquire(index->scratch);
    if (lent == NULL) return error_memory(error);
  }
  bool finished = true;
  bool stopped = false;
  for (uint32_t i = 0; i < index->part_count && finished; i++) {
    const struct part *part = &index->parts[i];
    struct visitor visitor = {part, &part->segment.kinds[search.kind], sink, false};
    finished = searcher_search(part->searchers[search.kind], scratch, search.queries, search.unknown,
                               (uint32_t)search.count, search.radius, search.control, visit_row, &visitor);
    stopped = visitor.stopped;
  }
  scratch_release(index->scratch, lent);
  return finished ? HASHSCAN_SUCCESS : unfinished(stopped, search.control, error);
}

hashscan_code hashscan_index_search(const hashscan_index *index, const hashscan_search *search, hashscan_hit_fn on_hit,
                                    void *user, hashscan_error *error) {
  if (index == NULL || on_hit == NULL) return error_set(error, HASHSCAN_E_ARGUMENT, "index or on_hit is NULL");
  return search_index(index, NULL, search, &(struct sink){.on_hit = on_hit, .user = user}, error);
}

hashscan_code hashscan_index_search_hits(const hashscan_index *index, const hashscan_search *search, hashscan_hit *hits,
                                         size_t capacity, size_t *count, hashscan_error *error) {
  if (index == NULL) return error_set(error, HASHSCAN_E_ARGUMENT, "index is NULL");
  struct sink sink;
  const hashscan_code code = array_sink(hits, capacity, count, &sink, error);
  return code == HASHSCAN_SUCCESS ? search_index(index, NULL, search, &sink, error) : code;
}

double index_search_cost(const hashscan_index *index, const hashscan_search *search) {
  double cost = 0.0;
  for (uint32_t i = 0; i < index->part_count; i++)
    cost += searcher_cost(index->parts[i].searchers[search->kind], search->queries, search->unknown,
                          (uint32_t)search->count, search->radius);
  return cost;
}

/* ---- With memory of one's own ---------------------------------------------------------------------------------- */

struct hashscan_searcher {
  hashscan_index *index;
  struct pigeonring_scratch *scratch;
};

hashscan_code hashscan_searcher_create(hashscan_index *index, hashscan_searcher **searcher, hashscan_error *error) {
  if (searcher != NULL) *searcher = NULL;
  if (index == NULL || searcher == NULL) return error_set(error, HASHSCAN_E_ARGUMENT, "index or searcher is NULL");
  hashscan_searcher *created = malloc(sizeof *created);
  struct pigeonring_scratch *scratch = pigeonring_scratch_create();
  if (created == NULL || scratch == NULL) {
    free(created);
    pigeonring_scratch_destroy(scratch);
    return error_memory(error);
  }
  *created = (hashscan_searcher){.index = hashscan_index_retain(index), .scratch = scratch};
  *searcher = created;
  return HASHSCAN_SUCCESS;
}

void hashscan_searcher_destroy(hashscan_searcher *searcher) {
  if (searcher == NULL) return;
  hashscan_index_close(searcher->index);
  pigeonring_scratch_destroy(searcher->scratch);
  free(searcher);
}

hashscan_code hashscan_searcher_search(hashscan_searcher *searcher, const hashscan_search *search,
                                       hashscan_hit_fn on_hit, void *user, hashscan_error *error) {
  if (searcher == NULL || on_hit == NULL) return error_set(error, HASHSCAN_E_ARGUMENT, "searcher or on_hit is NULL");
  return search_index(searcher->index, searcher->scratch, search, &(struct sink){.on_hit = on_hit, .user = user},
                      error);
}

hashscan_code hashscan_searcher_search_hits(hashscan_searcher *searcher, const hashscan_search *search,
                                            hashscan_hit *hits, size_t capacity, size_t *count, hashscan_error *error) {
  if (searcher == NULL) return error_set(error, HASHSCAN_E_ARGUMENT, "searcher is NULL");
  struct sink sink;
  const hashscan_code code = array_sink(hits, capacity, count, &sink, error);
  return code == HASHSCAN_SUCCESS ? search_index(searcher->index, searcher->scratch, search, &sink, error) : code;
}

/* ---- Digests --------------------------------------------------------------------------------------------------- */

static hashscan_code look_up(const hashscan_index *index, hashscan_kind kind, const uint8_t *digests, size_t count,
                             const struct sink *sink, hashscan_error *error) {
  if (digests == NULL && count > 0) return error_set(error, HASHSCAN_E_ARGUMENT, "digests is NULL");
  if (hashscan_kind_bytes(kind) == 0 || hashscan_kind_perceptual(kind))
    return error_set(error, HASHSCAN_E_ARGUMENT, "kind %s has no digests to look up", hashscan_kind_name(kind));
  if (count > UINT32_MAX) return error_set(error, HASHSCAN_E_ARGUMENT, "more than 2^32 - 1 digests");
  for (uint32_t i = 0; i < index->part_count; i++) {
    const struct part *part = &index->parts[i];
    struct visitor visitor = {part, &part->segment.kinds[kind], sink, false};
    for (uint32_t query = 0; query < count; query++) {
      uint32_t first;
      uint32_t end;
      if (segment_lookup(&part->segment, kind, digests + query * hashscan_kind_bytes(kind), &first, &end) &&
          !visit_entries(&visitor, first, end, query, 0))
        return error_set(error, HASHSCAN_E_STOPPED, "the lookup was stopped by its callback");
    }
  }
  return HASHSCAN_SUCCESS;
}

hashscan_code hashscan_index_lookup(const hashscan_index *index, hashscan_kind kind, const uint8_t *digests,
                                    size_t digest_count, hashscan_hit_fn on_hit, void *user, hashscan_error *error) {
  if (index == NULL || on_hit == NULL) return error_set(error, HASHSCAN_E_ARGUMENT, "index or on_hit is NULL");
  return look_up(index, kind, digests, digest_count, &(struct sink){.on_hit = on_hit, .user = user}, error);
}

hashscan_code hashscan_index_lookup_hits(const hashscan_index *index, hashscan_kind kind, const uint8_t *digests,
                                         size_t digest_count, hashscan_hit *hits, size_t capacity, size_t *count,
                                         hashscan_error *error) {
  if (index == NULL) return error_set(error, HASHSCAN_E_ARGUMENT, "index is NULL");
  struct sink sink;
  const hashscan_code code = array_sink(hits, capacity, count, &sink, error);
  return code == HASHSCAN_SUCCESS ? look_up(index, kind, digests, digest_count, &sink, error) : code;
}
