/* SPDX-License-Identifier: Apache-2.0 */
/* From the decimated 64x64 picture to bits: quality, DCT coefficients, median, and the eight dihedral hashes. */
#ifndef HASHSCAN_PDQ_SPECTRUM_H
#define HASHSCAN_PDQ_SPECTRUM_H

#include "hashscan.h"
#include "pdq/kernels.h"

/* Fills the 16x64 DCT matrix: rows 1 to 16 of the 64-point DCT-II, no DC row. */
void pdq_dct_matrix(float dct[PDQ_COEFFICIENTS * PDQ_SIDE]);

/* Gradient-sum quality, 0 to 100, of a 64x64 picture of luma 0 to 255. Of any other floats, infinite ones and NaN
 * included, it is some number from 0 to 100. */
int pdq_quality(const float picture[PDQ_SIDE * PDQ_SIDE]);

struct pdq_quality {
  int estimate; /* pdq_quality() */
  int low, high;
};

/* A larger gradient alone makes the quality 100, and thousands of this size still add up to an int. */
#define PDQ_GRADIENT_MAX 9000.0f

/* The quality that a sum of truncated gradients, each up to PDQ_GRADIENT_MAX, stands for: 0 to 100. */
int pdq_quality_of(int sum);

/* By how much a gradient of the quality, in its units, can be off when the difference that it measures is off by
 * `difference` levels. */
float pdq_quality_margin(float difference);

/* The same as an interval. `low` and `high` enclose the quality of every picture whose differences between neighbours
 * in a row are within `across` of this one's, and in a column within `down`. */
void pdq_quality_within(const float picture[PDQ_SIDE * PDQ_SIDE], float across, float down,
                        struct pdq_quality *quality);

/* Sets bit 16 i + j where coefficient (i, j) of the transformed picture is over the median of all 256. */
void pdq_hash_of(const float coefficients[PDQ_COEFFICIENTS * PDQ_COEFFICIENTS], hashscan_transform transform,
                 hashscan_pdq *hash);

/* A hash for each of the first `count` transforms, and in `unknown` the bits that may be otherwise in the hash of other
 * coefficients, each of which is within its epsilon of the one here. A bit is known when it is the same in all of
 * those, whatever the median does. Epsilons over PDQ_EPSILON_MAX make every bit unknown. */
#define PDQ_EPSILON_MAX 1e9f
void pdq_hash_within(const float coefficients[PDQ_COEFFICIENTS * PDQ_COEFFICIENTS],
                     const float epsilon[PDQ_COEFFICIENTS * PDQ_COEFFICIENTS], unsigned count, hashscan_pdq *hashes,
                     hashscan_pdq *unknown);

#endif
