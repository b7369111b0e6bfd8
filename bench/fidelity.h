/* SPDX-License-Identifier: Apache-2.0 */
/* A screening level beside exact, one picture at a time: what `fidelity` reports and `calibrate` learns from. */
#ifndef HASHSCAN_BENCH_FIDELITY_H
#define HASHSCAN_BENCH_FIDELITY_H

#include "hash/hasher.h"

struct fidelity_pair {
  hashscan_hasher *screening;
  hashscan_hasher *exact;
};

struct fidelity_sample {
  hashscan_format format;
  uint32_t shorter_side;
  int quality;      /* exact */
  bool is_screened; /* false: the screening hasher went to exact by itself; all below is zero then */
  bool is_vague;    /* so many unknown bits that screening may go to exact at once */
  enum pdq_fast_path path;
  unsigned bits;          /* between the two hashes of the picture as it is */
  unsigned unknown;       /* bits of that hash that are marked unknown */
  unsigned wrong_certain; /* bits of all eight that differ and are not marked unknown */
  int quality_error;
  bool quality_missed; /* exact's is outside the interval */
  float needed;        /* part of its epsilon that would have been enough to mark every bit of the eight that differs */
  float missing, clamped; /* of the screening result; the largest of missing */
};

/* `level` is fast or blocks. */
bool fidelity_open(struct fidelity_pair *pair, hashscan_level level, hashscan_error *error);
void fidelity_close(struct fidelity_pair *pair);

/* Reads and hashes a file at both levels. False, with a line on stderr, when it cannot be hashed. */
bool fidelity_measure(struct fidelity_pair *pair, const char *path, struct fidelity_sample *sample);

/* "pixels", "blocks", "progressive", or "exact". */
const char *fidelity_path_name(const struct fidelity_sample *sample);

/* "under 512", "512 to 1023", "1024 to 1279", "1280 to 1699", "1700 and over": classes of the shorter side. */
enum { FIDELITY_SIZES = 5 };
unsigned fidelity_size_class(const struct fidelity_sample *sample);
extern const char *const fidelity_size_names[FIDELITY_SIZES];

#endif
