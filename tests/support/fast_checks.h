/* SPDX-License-Identifier: Apache-2.0 */
/* Checks of the fast level's kernels of one tier against the scalar ones, bit for bit, on buffers that end at an
 * unmapped page. They need no test library, so that tests/neon/ can run them under an emulator; a check that fails
 * prints what differed and returns false. The machine must have the tier. */
#ifndef HASHSCAN_TESTS_FAST_CHECKS_H
#define HASHSCAN_TESTS_FAST_CHECKS_H

#include <stdbool.h>

#include "base/cpu.h"

/* Rows of 0 to 200 bytes and some longer ones, 1 to 16 of them, aligned and not, largest weights and pixels included.
 */
bool fast_check_weigh(enum cpu_tier tier);

/* Weighted sums along a row for many sizes, 1, 3 and 4 channels. */
bool fast_check_gather(enum cpu_tier tier);

/* The four kernels of the blocks path, 8 to 64 lanes. */
bool fast_check_blocks(enum cpu_tier tier);

/* Transform and quality of a 64x64 picture. */
bool fast_check_spectrum(enum cpu_tier tier);

#endif
