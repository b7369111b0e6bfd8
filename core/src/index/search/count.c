/* SPDX-License-Identifier: Apache-2.0 */
/* Counts the entries, rows and lists of an index: from what headers, lists and the ends of sections say, less the dead
 * entries, which are looked up one by one. So counting needs nothing that is validated by reading a section whole, and
 * hashscan_index_read_info has the same numbers from segments of which only the outline was looked at. What dead
 * entries lead to is bytes that nobody has checked there: part.c says where they do not fit. */
#include "index/search/count.h"

#include <stdlib.h>

#include "base/error.h"

static hashscan_code damaged(const char *path, hashscan_error *error) {
  return error_set(error, HASHSCAN_E_FORMAT, "%s: the segment is damaged: removed entries do not fit the others", path);
}

static hashscan_code count_kinds(const char *path, hashscan_index *index, const struct part *part,
                                 hashscan_error *error) {
  uint32_t rows;
  for (unsigned kind = 0; kind < HASHSCAN_KIND_COUNT; kind++)
    index->entries_by_kind[kind] += part_live_of_kind(part, (hashscan_kind)kind);
  if (!part_live_rows(part, HASHSCAN_KIND_PDQ, &rows)) return damaged(path, error);
  index->distinct_pdq += rows;
  return HASHSCAN_SUCCESS;
}

/* Lists with live entries, told apart by name and version. */
static bool add_lists(hashscan_index *index, const struct part *part, const uint64_t *live) {
  for (uint32_t list = 0; list < part->segment.list_count; list++) {
    uint32_t number;
    if (live[list] == 0) continue;
    if (!intern_pair(&index->lists, &index->list_strings, part_list_name(part, list), part_list_version(part, list),
                     &number))
      return false;
    index->lists.values[number].count += live[list];
  }
  return true;
}

static hashscan_code count_lists(const char *path, hashscan_index *index, const struct part *part,
                                 hashscan_error *error) {
  uint64_t *live = calloc((size_t)part->segment.list_count + 1, sizeof *live);
  if (live == NULL) return error_memory(error);
  hashscan_code code = part_live_by_list(part, live) ? HASHSCAN_SUCCESS : damaged(path, error);
  if (code == HASHSCAN_SUCCESS && !add_lists(index, part, live)) code = error_memory(error);
  free(live);
  return code;
}

hashscan_code index_count(const char *path, hashscan_index *index, hashscan_error *error) {
  hashscan_code code = HASHSCAN_SUCCESS;
  for (uint32_t i = 0; i < index->part_count && code == HASHSCAN_SUCCESS; i++) {
    code = count_kinds(path, index, &index->parts[i], error);
    if (code == HASHSCAN_SUCCESS) code = count_lists(path, index, &index->parts[i], error);
  }
  return code;
}
