/* SPDX-License-Identifier: Apache-2.0 */
/* What a file is that no decoder takes, told by its bytes alone. The question behind it is whether anything
 * could show it as a picture: then it was not examined, whatever it is called. So an image format is looked for first
 * and doubts are settled for it; what remains (archives, videos, sound, text, bytes that begin like nothing) is no
 * image. */
#ifndef HASHSCAN_IMAGE_CONTAINER_H
#define HASHSCAN_IMAGE_CONTAINER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct container {
  const char *name; /* "GIF", "ZIP archive"; NULL: nothing that is known by name */
  bool image;       /* an image viewer or a browser shows it, or shows its pages, as pictures */
  bool compressed;  /* it is the first thing in a gzip stream */
  size_t embedded;  /* a picture of the format `name`, which is decoded, begins at this offset of an unknown file */
};

struct container container_identify(const uint8_t *bytes, size_t size);

#endif
