/* SPDX-License-Identifier: Apache-2.0 */
/* PDQ's two box passes and its decimation along one axis, as one sparse 64 x n matrix.
 *
 * Row i of it is the adjoint of the two passes applied to a unit at the sample point of cell i: a tent 2 * window - 1
 * samples wide, so that neighbours have few samples in common or none. It is exact, edges included. */
#ifndef HASHSCAN_PDQ_TENT_H
#define HASHSCAN_PDQ_TENT_H

#include <stddef.h>
#include <stdint.h>

#include "pdq/shape.h"

#define TENT_BLOCK 8 /* samples along a side of a JPEG block */

/* Weights are in units of 1 / window^2: a tent whose windows all lie inside the axis has the integers 1, 2, ...,
 * window, ..., 2, 1. The unit times the sum of a tent's weights is 1. Both ends of a tent, and the first sample, never
 * decrease from cell to cell; cells i and i + 2 have samples in common only when n < 128, where tents are one sample
 * wide. */
struct tent_axis {
  size_t n; /* samples, at least 5 */
  size_t window;
  double unit;
  uint32_t first[PDQ_SIDE]; /* sample */
  uint32_t count[PDQ_SIDE]; /* samples, 1 to 2 * window - 1 */
  size_t stride;            /* doubles from tent to tent */
  double *weights;
};

/* Doubles that the weights of an axis of n samples need. */
size_t tent_weights_size(size_t n);

/* Fills `axis`, whose weights are written to `weights`: tent_weights_size(n) doubles, owned by the caller. */
void tent_build(struct tent_axis *axis, size_t n, double *weights);

/* The weights of the eight coefficients of a block, T.81 A.3.3 normalisation: what a coefficient of 1 at frequency u
 * along this axis adds to `cell`. A block at the end is cut at n. */
void tent_project(const struct tent_axis *axis, size_t cell, size_t block, double weights[TENT_BLOCK]);

#endif
