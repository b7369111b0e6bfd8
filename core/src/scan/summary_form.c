/* SPDX-License-Identifier: Apache-2.0 */
/* The written form of a summary (core/doc/FORMAT.md), integers little-endian:
 *
 *       0   8 magic          16   8 inputs        48   4 1 when stopped
 *       8   4 version 1      24   8 duplicates    52   4 reserved
 *      12   4 counters       32   8 bytes         56  16 each counter: 4 what of (1 outcome, 2 status, 3 method),
 *                            40   8 microseconds             4 its value, 8 how many
 *
 * Counters that are zero are left out, so that enumerations may grow without a new version; the others are in order.
 * Each summary has one form. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/checked.h"
#include "base/error.h"
#include "scan/summary.h"

enum {
  VERSION = 1,
  AT_VERSION = 8, /* and the number of counters */
  AT_INPUTS = 16,
  AT_DUPLICATES = 24,
  AT_BYTES = 32,
  AT_MICROSECONDS = 40,
  AT_STOPPED = 48, /* and what is reserved */
  AT_COUNTERS = 56,
  COUNTER_BYTES = 16
};

/* 35 years. Up to here a double holds seconds so well that the same microseconds come back. */
#define MAX_MICROSECONDS (UINT64_C(1) << 50)

static const uint8_t magic[AT_VERSION] = {0x89, 'H', 'S', 'S', '\r', '\n', '\n', 'S'};

/* The counters of a summary by what they are of. */
struct counters {
  uint64_t *counts;
  uint32_t known; /* values that this library knows */
};

enum { OF_OUTCOME = 1, OF_STATUS = 2, OF_METHOD = 3 };

static struct counters counters_of(hashscan_summary *summary, uint32_t of) {
  switch (of) {
  case OF_OUTCOME:
    return (struct counters){summary->by_outcome, HASHSCAN_OUTCOME_COUNT};
  case OF_STATUS:
    return (struct counters){summary->by_status, HASHSCAN_STATUS_COUNT};
  case OF_METHOD:
    return (struct counters){summary->by_method, HASHSCAN_METHOD_COUNT};
  default:
    return (struct counters){NULL, 0};
  }
}

/* Two numbers of 4 bytes, side by side. */
static void store_pair(uint8_t *bytes, uint32_t first, uint32_t second) {
  store_le64(bytes, first | (uint64_t)second << 32);
}

/* ---- Writing ----------------------------------------------------------------------------------------------------- */

static uint64_t microseconds(double seconds) {
  const double whole = round(seconds * 1e6);
  return whole < (double)MAX_MICROSECONDS ? (uint64_t)whole : MAX_MICROSECONDS;
}

/* The number of counters, which are written when `bytes` is not NULL. */
static uint32_t put_counters(hashscan_summary *summary, uint8_t *bytes) {
  uint32_t number = 0;
  for (uint32_t of = OF_OUTCOME; of <= OF_METHOD; of++) {
    const struct counters counters = counters_of(summary, of);
    for (uint32_t value = 0; value < counters.known; value++) {
      if (counters.counts[value] == 0) continue;
      if (bytes != NULL) {
        store_pair(bytes + (size_t)number * COUNTER_BYTES, of, value);
        store_le64(bytes + (size_t)number * COUNTER_BYTES + 8, counters.counts[value]);
      }
      number++;
    }
  }
  return number;
}

size_t hashscan_summary_encode(const hashscan_summary *summary, uint8_t *bytes, size_t size) {
  hashscan_summary copy = *summary;
  const uint32_t counters = put_counters(&copy, NULL);
  const size_t needed = AT_COUNTERS + (size_t)counters * COUNTER_BYTES;
  if (size < needed) return needed;
  memcpy(bytes, magic, sizeof magic);
  store_pair(bytes + AT_VERSION, VERSION, counters);
  store_le64(bytes + AT_INPUTS, copy.inputs);
  store_le64(bytes + AT_DUPLICATES, copy.duplicates);
  store_le64(bytes + AT_BYTES, copy.bytes);
  store_le64(bytes + AT_MICROSECONDS, microseconds(copy.seconds));
  store_pair(bytes + AT_STOPPED, copy.stopped, 0);
  put_counters(&copy, bytes + AT_COUNTERS);
  return needed;
}

/* ---- Reading ----------------------------------------------------------------------------------------------------- */

static hashscan_code malformed(hashscan_error *error, const char *why) {
  return error_set(error, HASHSCAN_E_FORMAT, "a written summary %s", why);
}

static hashscan_code check_head(const uint8_t *bytes, size_t size, hashscan_error *error) {
  if (size < AT_COUNTERS || memcmp(bytes, magic, sizeof magic) != 0) return malformed(error, "begins otherwise");
  const uint64_t head = load_le64(bytes + AT_VERSION);
  if ((uint32_t)head != VERSION)
    return error_set(error, HASHSCAN_E_VERSION, "a written summary of version %u; this library reads version %d",
                     (unsigned)(uint32_t)head, VERSION);
  if ((size - AT_COUNTERS) % COUNTER_BYTES != 0 || (size - AT_COUNTERS) / COUNTER_BYTES != head >> 32)
    return malformed(error, "has another size than it says");
  if (load_le64(bytes + AT_STOPPED) > 1) return malformed(error, "has reserved bytes that are not 0");
  if (load_le64(bytes + AT_MICROSECONDS) > MAX_MICROSECONDS) return malformed(error, "has an impossible duration");
  return HASHSCAN_SUCCESS;
}

/* What a counter is of, and its value, as one number that grows from each counter to the next. */
static uint64_t rank_of(const uint8_t *counter) {
  const uint64_t pair = load_le64(counter);
  return pair << 32 | pair >> 32;
}

/* A count that this library has no place for must not be lost, so it is refused. */
static hashscan_code get_counter(const uint8_t *counter, uint64_t *sums, hashscan_summary *summary,
                                 hashscan_error *error) {
  const uint64_t rank = rank_of(counter), count = load_le64(counter + 8);
  const uint32_t of = (uint32_t)(rank >> 32), value = (uint32_t)rank;
  const struct counters counters = counters_of(summary, of);
  if (value >= counters.known)
    return error_set(error, HASHSCAN_E_VERSION, "a written summary counts what hashscan %s does not know",
                     hashscan_version());
  if (count == 0) return malformed(error, "has a count of 0");
  if (!checked_add_u64(sums[of], count, &sums[of])) return malformed(error, "has counts that do not add up");
  counters.counts[value] = count;
  return HASHSCAN_SUCCESS;
}

static hashscan_code get_counters(const uint8_t *bytes, size_t size, hashscan_summary *summary, hashscan_error *error) {
  uint64_t sums[OF_METHOD + 1] = {0};
  uint64_t last = 0;
  for (size_t at = AT_COUNTERS; at < size; at += COUNTER_BYTES) {
    if (rank_of(bytes + at) <= last) return malformed(error, "has counters out of order");
    last = rank_of(bytes + at);
    const hashscan_code code = get_counter(bytes + at, sums, summary, error);
    if (code != HASHSCAN_SUCCESS) return code;
  }
  if (sums[OF_OUTCOME] != summary->inputs || sums[OF_STATUS] != summary->inputs || sums[OF_METHOD] > summary->inputs ||
      summary->duplicates > summary->inputs)
    return malformed(error, "has counts that do not add up");
  return HASHSCAN_SUCCESS;
}

hashscan_code hashscan_summary_decode(const uint8_t *bytes, size_t size, hashscan_summary **summary,
                                      hashscan_error *error) {
  if (summary == NULL) return error_set(error, HASHSCAN_E_ARGUMENT, "summary is NULL");
  *summary = NULL;
  if (bytes == NULL) return error_set(error, HASHSCAN_E_ARGUMENT, "bytes is NULL");
  hashscan_code code = check_head(bytes, size, error);
  if (code != HASHSCAN_SUCCESS) return code;
  hashscan_summary read = {.inputs = load_le64(bytes + AT_INPUTS),
                           .duplicates = load_le64(bytes + AT_DUPLICATES),
                           .bytes = load_le64(bytes + AT_BYTES),
                           .seconds = (double)load_le64(bytes + AT_MICROSECONDS) / 1e6,
                           .stopped = load_le64(bytes + AT_STOPPED) != 0};
  code = get_counters(bytes, size, &read, error);
  if (code == HASHSCAN_SUCCESS) code = hashscan_summary_create(summary, error);
  if (code == HASHSCAN_SUCCESS) **summary = read;
  return code;
}
