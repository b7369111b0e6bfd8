/* SPDX-License-Identifier: Apache-2.0 */
/* The naive PDQ: the yardstick of the benchmark and the oracle of the tests. */
#ifndef HASHSCAN_ORACLES_NAIVE_PDQ_H
#define HASHSCAN_ORACLES_NAIVE_PDQ_H

#include <stdbool.h>

#include "hashscan.h"

/* Hashes width x height pixels of `channels` bytes (1 or 3), packed. Fills one hash, or eight with `dihedral`.
 * False when out of memory. */
bool naive_pdq(const uint8_t *pixels, size_t width, size_t height, unsigned channels, bool dihedral,
               hashscan_pdq *hashes, int *quality);

/* The same from float luma, which is overwritten; `scratch` is as large. */
void naive_pdq_from_luma(float *luma, float *scratch, size_t width, size_t height, bool dihedral, hashscan_pdq *hashes,
                         int *quality);

#endif
