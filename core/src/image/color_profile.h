/* SPDX-License-Identifier: Apache-2.0 */
/* Whether a colour profile can show another picture than the stored samples. Applying one takes a colour management
 * library, which this library does not have; but the profiles that real pictures carry only shift shades, and a hash is
 * made to bear that. Those are told by their curves and primaries; any other could be made to hide a picture, and is
 * named as unseen. Profiles of CMYK and other spaces are not judged: browsers do not apply them. */
#ifndef HASHSCAN_IMAGE_COLOR_PROFILE_H
#define HASHSCAN_IMAGE_COLOR_PROFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a profile may take (4 MiB; the largest in use, for printing, have about 3). */
#define COLOR_PROFILE_MAX_BYTES ((size_t)4 << 20)

#define COLOR_PROFILE_MAX_STEPS (16 * 255)

/* NULL for an everyday profile and for bytes that no program takes for one; otherwise why the picture may look
 * different, as in struct image_info. `steps`: curves are looked at in this many steps, 255 for 8-bit samples, or a
 * multiple of it up to COLOR_PROFILE_MAX_STEPS. */
const char *color_profile_unseen(const uint8_t *profile, size_t size, unsigned steps);

/* Whether samples with these code points of H.273 look about the same as with sRGB's: those of television and of
 * pictures do, linear light, logarithms, PQ and HLG do not. */
bool color_code_points_are_usual(uint8_t primaries, uint8_t transfer);

/* The same for the profile in the APP2 markers of a JPEG, which may be in pieces. Any bytes will do. */
const char *jpeg_profile_unseen(const uint8_t *bytes, size_t size);

/* And for the data of an iCCP chunk. */
const char *png_profile_unseen(const uint8_t *chunk, size_t size, unsigned steps);

#endif
