/* SPDX-License-Identifier: Apache-2.0 */
/* Checks of the PNG row kernels of one tier against filtering as the specification writes it. They need no test
 * library, so that tests/neon/ can run them under an emulator; a check that fails prints what differed and returns
 * false. Buffers end at an unmapped page. The machine must have the tier. */
#ifndef HASHSCAN_TESTS_UNFILTER_CHECKS_H
#define HASHSCAN_TESTS_UNFILTER_CHECKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cpu.h"

/* Filters a row (PNG specification, 9.2): what an encoder does. */
void unfilter_forward(unsigned filter, uint8_t *out, const uint8_t *row, const uint8_t *above, size_t bytes,
                      size_t pixel_bytes);

/* Every filter and pixel size, rows of 1 to 100 pixels and long ones. */
bool unfilter_check_rows(enum cpu_tier tier);

/* Paeth for all 2^24 neighbours, in every lane. */
bool unfilter_check_paeth(enum cpu_tier tier);

/* Alpha dropped from 1 to 100 pixels. */
bool unfilter_check_alpha(enum cpu_tier tier);

#endif
