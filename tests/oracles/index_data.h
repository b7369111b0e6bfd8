/* SPDX-License-Identifier: Apache-2.0 */
/* Hashes to index and queries to ask, made from a seed: the same on every machine and with any number of threads. */
#ifndef HASHSCAN_ORACLES_INDEX_DATA_H
#define HASHSCAN_ORACLES_INDEX_DATA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DATA_HASH_BYTES 32
#define DATA_MAX_PLANTED 33 /* the largest distance at which a query is planted */

enum data_kind {
  DATA_UNIFORM,
  DATA_PDQ,         /* PDQ hashes of generated pictures */
  DATA_CLUSTERED,   /* runs of 1 to 300 hashes a few bits from a wandering centre, as of video frames; weight 128 */
  DATA_ADVERSARIAL, /* equal hashes, 15 of 16 native words shared, rows just outside the radius, almost all zeros */
  DATA_KINDS
};

/* "uniform", "pdq", "clustered", "adversarial". */
extern const char *const data_kind_names[DATA_KINDS];

struct data_options {
  enum data_kind kind;
  uint64_t seed;
  size_t entries;
  size_t queries;
  unsigned unknown_bits; /* of each query */
};

struct data {
  uint8_t *rows;    /* entries */
  uint8_t *queries; /* hashes that `rows` does not hold, but for the planted ones */
  uint8_t *unknown; /* as long as `queries`; NULL when all bits are known */
};

/* One query in 100 is a row with some bits flipped, 0 to DATA_MAX_PLANTED of them in turn. */
static inline bool data_is_planted(size_t query) {
  return query % 100 == 0;
}

/* Makes everything, on all CPUs. False when out of memory; data_free is then fine too. */
bool data_make(struct data *data, const struct data_options *options);
void data_free(struct data *data);

#endif
