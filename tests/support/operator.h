/* SPDX-License-Identifier: Apache-2.0 */
/* What stands between luma and the 64x64 picture, in double and as PDQ's description words it: the oracle of the fast
 * level. */
#ifndef HASHSCAN_TESTS_OPERATOR_H
#define HASHSCAN_TESTS_OPERATOR_H

#include <stddef.h>

/* One box pass over n samples, window by window. */
void operator_box(const double *in, double *out, size_t n);

/* Both passes along both axes, in place, and the samples that are kept. */
void operator_picture(double *luma, size_t width, size_t height, double picture[64 * 64]);

#endif
