/* SPDX-License-Identifier: Apache-2.0 */
/* How far the fast level may be off: epsilon for each coefficient, by path and size (core/doc/DESIGN.md). */
#ifndef HASHSCAN_PDQ_CERTAINTY_H
#define HASHSCAN_PDQ_CERTAINTY_H

#include "pdq/fast.h"

/* By how much each coefficient of the result may differ from the exact level's: for pdq_hash_within. Infinite where
 * nothing is certain. */
void pdq_epsilon(const struct pdq_fast_result *result, uint32_t width, uint32_t height,
                 float epsilon[PDQ_COEFFICIENTS * PDQ_COEFFICIENTS]);

#endif
