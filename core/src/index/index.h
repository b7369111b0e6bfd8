/* SPDX-License-Identifier: Apache-2.0 */
/* Inside view of an open index, for the rooms that match against it. */
#ifndef HASHSCAN_INDEX_INDEX_H
#define HASHSCAN_INDEX_INDEX_H

#include <stdbool.h>

#include "hashscan.h"

/* Whether the index holds any entry of `kind`: matching computes only digests that someone lists. */
bool index_has_kind(const hashscan_index *index, hashscan_kind kind);

#endif
