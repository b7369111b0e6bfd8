/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of soundness share: files of one kind go through the oracle, are counted under the kind's name, and
 * the test fails at its end when one of them differs, so that the count is of all. */
#ifndef HASHSCAN_TESTS_SOUND_H
#define HASHSCAN_TESTS_SOUND_H

#include "craft.h"
#include "oracle.h"

extern struct oracle sound_oracle;

/* Fixtures of a group. Under a sanitizer each file meets one of the oracle's policies, and the policies take turns. */
int sound_set_up(void **state);
int sound_tear_down(void **state);

/* Checks one file of `kind`. Where HASHSCAN_SOUND_DUMP names a folder, files that are not too large are written there
 * instead, as seeds for fuzzing, and the tests are skipped. */
void sound_check(const char *kind, const void *bytes, size_t size);

/* The same, and frees it. */
void sound_check_encoded(const char *kind, struct encoded file);

/* One picture of pixels, by oracle_pixels_agree. */
void sound_check_pixels(const uint8_t *pixels, uint32_t width, uint32_t height, unsigned channels);

/* Files of `kind` had to be hashed at all: a test of files that are refused before would show nothing. */
void sound_expect_hashed(void);

/* Prints how many files there were and fails when some differ. Counts begin anew. */
void sound_end(const char *kind);

#endif
