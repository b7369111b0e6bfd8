/* SPDX-License-Identifier: Apache-2.0 */
/* Image formats that are written as text: SVG, whatever stands before its root element, XPM and XBM. */
#ifndef HASHSCAN_IMAGE_MARKUP_H
#define HASHSCAN_IMAGE_MARKUP_H

#include <stddef.h>
#include <stdint.h>

/* The format's name, or NULL. The time grows with the size and no faster. */
const char *markup_image(const uint8_t *bytes, size_t size);

#endif
