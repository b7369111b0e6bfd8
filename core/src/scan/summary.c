/* SPDX-License-Identifier: Apache-2.0 */
/* Counts of inputs by what became of them. The struct is opaque to callers, since enumerations grow. */
#include "scan/summary.h"

#include <stdlib.h>

#include "base/error.h"

hashscan_code hashscan_summary_create(hashscan_summary **summary, hashscan_error *error) {
  if (summary == NULL) return error_set(error, HASHSCAN_E_ARGUMENT, "summary is NULL");
  *summary = calloc(1, sizeof **summary);
  return *summary != NULL ? HASHSCAN_SUCCESS : error_memory(error);
}

void hashscan_summary_destroy(hashscan_summary *summary) {
  free(summary);
}

void summary_count(hashscan_summary *summary, const hashscan_verdict *verdict, uint64_t bytes, bool duplicate) {
  summary->inputs++;
  summary->by_outcome[verdict->outcome]++;
  summary->by_status[verdict->status]++;
  if (verdict->image->hash_count > 0) summary->by_method[verdict->method]++;
  summary->duplicates += duplicate;
  summary->bytes += bytes;
}

static bool is_valid(const hashscan_verdict *verdict) {
  return verdict->image != NULL && (unsigned)verdict->outcome < HASHSCAN_OUTCOME_COUNT &&
         (unsigned)verdict->status < HASHSCAN_STATUS_COUNT &&
         (verdict->image->hash_count == 0 || (unsigned)verdict->method < HASHSCAN_METHOD_COUNT);
}

hashscan_code hashscan_summary_count(hashscan_summary *summary, const hashscan_verdict *verdict, uint64_t bytes,
                                     int duplicate, hashscan_error *error) {
  if (summary == NULL || verdict == NULL) return error_set(error, HASHSCAN_E_ARGUMENT, "summary or verdict is NULL");
  if (!is_valid(verdict))
    return error_set(error, HASHSCAN_E_ARGUMENT, "the verdict has an unknown outcome, status or method");
  summary_count(summary, verdict, bytes, duplicate != 0);
  return HASHSCAN_SUCCESS;
}

void hashscan_summary_add(hashscan_summary *summary, const hashscan_summary *part) {
  if (summary == NULL || part == NULL) return;
  summary->inputs += part->inputs;
  for (int i = 0; i < HASHSCAN_OUTCOME_COUNT; i++) summary->by_outcome[i] += part->by_outcome[i];
  for (int i = 0; i < HASHSCAN_STATUS_COUNT; i++) summary->by_status[i] += part->by_status[i];
  for (int i = 0; i < HASHSCAN_METHOD_COUNT; i++) summary->by_method[i] += part->by_method[i];
  summary->duplicates += part->duplicates;
  summary->bytes += part->bytes;
  summary->seconds += part->seconds;
  summary->stopped = summary->stopped || part->stopped;
}

uint64_t hashscan_summary_inputs(const hashscan_summary *summary) {
  return summary->inputs;
}

uint64_t hashscan_summary_outcome(const hashscan_summary *summary, hashscan_outcome outcome) {
  return (unsigned)outcome < HASHSCAN_OUTCOME_COUNT ? summary->by_outcome[outcome] : 0;
}

uint64_t hashscan_summary_status(const hashscan_summary *summary, hashscan_status status) {
  return (unsigned)status < HASHSCAN_STATUS_COUNT ? summary->by_status[status] : 0;
}

uint64_t hashscan_summary_method(const hashscan_summary *summary, hashscan_method method) {
  return (unsigned)method < HASHSCAN_METHOD_COUNT ? summary->by_method[method] : 0;
}

uint64_t hashscan_summary_duplicates(const hashscan_summary *summary) {
  return summary->duplicates;
}

uint64_t hashscan_summary_bytes(const hashscan_summary *summary) {
  return summary->bytes;
}

double hashscan_summary_seconds(const hashscan_summary *summary) {
  return summary->seconds;
}

int hashscan_summary_stopped(const hashscan_summary *summary) {
  return summary->stopped;
}
