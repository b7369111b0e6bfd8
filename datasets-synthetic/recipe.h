/* SPDX-License-Identifier: Apache-2.0 */
/* How a picture is encoded, and the names of such recipes: jpeg-420-q85, jpeg-progressive-grey-q60-restart,
 * png-palette, png-rgb16-interlaced. */
#ifndef DATASET_RECIPE_H
#define DATASET_RECIPE_H

#include <stdbool.h>

#include "canvas.h"
#include "failure.h"
#include "output.h"
#include "random.h"

enum recipe_layout {
  LAYOUT_420,
  LAYOUT_422,
  LAYOUT_444,
  LAYOUT_GREY, /* the only one that JPEG and PNG share */
  LAYOUT_GREYALPHA,
  LAYOUT_GREY16,
  LAYOUT_RGB,
  LAYOUT_RGBA,
  LAYOUT_RGB16,
  LAYOUT_PALETTE,
  LAYOUTS
};

struct recipe {
  bool png;
  enum recipe_layout layout;
  int quality;      /* JPEG, 1 to 100 */
  bool progressive; /* JPEG */
  bool optimised;   /* JPEG: Huffman tables made for the picture; progressive files always have them */
  bool restart;     /* JPEG: a restart marker after each row of blocks */
  bool interlaced;  /* PNG */
};

enum { RECIPE_NAME_MAX = 64 };

enum recipe_formats { FORMATS_ALL, FORMATS_JPEG, FORMATS_PNG };

bool recipe_parse(const char *text, struct recipe *recipe, struct failure *failure);
void recipe_name(const struct recipe *recipe, char name[RECIPE_NAME_MAX]);

/* A recipe as platforms see them: four in five JPEG, mostly 4:2:0, a third progressive. */
struct recipe recipe_draw(struct random_stream *random, enum recipe_formats formats);

/* Appends the encoded picture to `bytes`. */
bool recipe_encode(const struct recipe *recipe, const struct canvas *canvas, struct output_bytes *bytes,
                   struct failure *failure);

/* The two encoders behind it. */
bool encode_jpeg(const struct recipe *recipe, const struct canvas *canvas, struct output_bytes *bytes,
                 struct failure *failure);
bool encode_png(const struct recipe *recipe, const struct canvas *canvas, struct output_bytes *bytes,
                struct failure *failure);

#endif
