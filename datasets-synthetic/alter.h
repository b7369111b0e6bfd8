/* SPDX-License-Identifier: Apache-2.0 */
/* Altered copies: what happens to a picture on its way through platforms and hands. */
#ifndef DATASET_ALTER_H
#define DATASET_ALTER_H

#include "canvas.h"
#include "failure.h"
#include "random.h"
#include "recipe.h"
#include "text.h"

/* The eight hashes of a picture in PDQ's dihedral set have the same names: the hash of the copy `rot90` is near the
 * source's `rot90`. */
enum alteration {
  ALTER_REENCODE,
  ALTER_RESIZE,
  ALTER_CROP,
  ALTER_BLUR,
  ALTER_SHARPEN,
  ALTER_BRIGHTNESS,
  ALTER_CONTRAST,
  ALTER_WATERMARK,
  ALTER_BORDER,
  ALTER_ROT90, /* a quarter turn counter-clockwise */
  ALTER_ROT180,
  ALTER_ROT270,    /* a quarter turn clockwise */
  ALTER_FLIPX,     /* top to bottom */
  ALTER_FLIPY,     /* left to right */
  ALTER_FLIPPLUS1, /* transposed */
  ALTER_FLIPMINUS1,
  ALTERATIONS
};

enum { ALTER_PARAMETER_MAX = TEXT_MAX };

const char *alter_name(enum alteration alteration);

/* What is done exactly. `parameter` is free of commas and quotes. */
struct alter_plan {
  enum alteration alteration;
  int amount, x, y, width, height;
  struct random_stream random; /* for what is painted on */
  struct recipe recipe;        /* of the copy's file */
  char parameter[ALTER_PARAMETER_MAX];
};

/* How picture `number`, of this size, is altered: a function of the arguments. */
struct alter_plan alter_plan(enum alteration alteration, uint64_t seed, uint64_t number, int width, int height);

/* `result` becomes a new canvas. */
bool alter_apply(const struct alter_plan *plan, const struct canvas *source, struct canvas *result,
                 struct failure *failure);

#endif
