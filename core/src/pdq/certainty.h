/* SPDX-License-Identifier: Apache-2.0 */
/* How far the fast level may be off: epsilon for each coefficient, by path and size (DESIGN.md section 6). */
#ifndef HASHSCAN_PDQ_CERTAINTY_H
#define HASHSCAN_PDQ_CERTAINTY_H

#include "pdq/fast.h"

/* A bit whose coefficient lies further from the median than its epsilon is the same in the exact hash. Depends on i + j
 * only, so that it holds for transposed transforms as well. */
void pdq_epsilon(const struct pdq_fast_result *result, uint32_t width, uint32_t height, float epsilon[16 * 16]);

#endif
