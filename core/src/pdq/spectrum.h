/* SPDX-License-Identifier: Apache-2.0 */
/* From the decimated 64x64 picture to bits: quality, DCT coefficients, median, and the eight dihedral hashes. */
#ifndef HASHSCAN_PDQ_SPECTRUM_H
#define HASHSCAN_PDQ_SPECTRUM_H

#include "hashscan.h"
#include "pdq/kernels.h"

/* Fills the 16x64 DCT matrix: rows 1 to 16 of the 64-point DCT-II, no DC row. */
void pdq_dct_matrix(float dct[PDQ_COEFFICIENTS * PDQ_SIDE]);

/* Gradient-sum quality, 0 to 100, of a 64x64 picture of luma 0 to 255. */
int pdq_quality(const float picture[PDQ_SIDE * PDQ_SIDE]);

/* Sets bit 16 i + j where coefficient (i, j) of the transformed picture is over the median of all 256. */
void pdq_hash_of(const float coefficients[PDQ_COEFFICIENTS * PDQ_COEFFICIENTS], hashscan_transform transform,
                 hashscan_pdq *hash);

/* The same, and in `unknown` the bits whose coefficient lies closer to that median than its epsilon: none, when that is
 * the median alone. Epsilon is that of the transformed picture's coefficients. */
void pdq_hash_masked(const float coefficients[PDQ_COEFFICIENTS * PDQ_COEFFICIENTS], hashscan_transform transform,
                     const float epsilon[PDQ_COEFFICIENTS * PDQ_COEFFICIENTS], hashscan_pdq *hash,
                     hashscan_pdq *unknown);

#endif
