/* SPDX-License-Identifier: Apache-2.0 */
/* An index built through the public API in a temporary folder, and its parts, ready to be measured one by one. */
#ifndef HASHSCAN_BENCH_INDEX_BUILT_H
#define HASHSCAN_BENCH_INDEX_BUILT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/file.h"
#include "index/format/segment.h"
#include "index/search/searcher.h"

struct built {
  struct file_map map;
  struct segment segment;
  const struct segment_kind *rows; /* the PDQ rows of the segment */
  struct searcher *any;            /* takes whichever way is cheapest */
  struct searcher *flat;           /* takes no ring */
  struct pigeonring_scratch *scratch;
  struct pigeonring *ring; /* for counting; NULL without one */
  hashscan_index_info info;
  double build_seconds; /* adding the entries and writing */
  double open_seconds;
};

/* Builds an index of `entries` PDQ hashes under TMPDIR or /tmp and opens it; the folder is gone when this returns, the
 * mapping stays. False, with a line on stderr, on failure; built_close is then fine too. */
bool built_open(struct built *built, const uint8_t *hashes, size_t entries);
void built_close(struct built *built);

/* What a ring looks at for one query: buckets, and rows in them. Zero without a ring or with a radius beyond it. */
struct built_work {
  double probes;
  double entries;
};

struct built_work built_count(const struct built *built, const uint8_t *query, const uint8_t *unknown, unsigned radius);

#endif
