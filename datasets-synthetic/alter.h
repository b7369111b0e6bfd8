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
#define EACH_ALTERATION(DO)                                                                                            \
  DO(REENCODE, "reencode")                                                                                             \
  DO(RESIZE, "resize")                                                                                                 \
  DO(CROP, "crop")                                                                                                     \
  DO(BLUR, "blur")                                                                                                     \
  DO(SHARPEN, "sharpen")                                                                                               \
  DO(BRIGHTNESS, "brightness")                                                                                         \
  DO(CONTRAST, "contrast")                                                                                             \
  DO(WATERMARK, "watermark")                                                                                           \
  DO(BORDER, "border")                                                                                                 \
  DO(ROT90, "rot90") /* a quarter turn counter-clockwise */                                                            \
  DO(ROT180, "rot180")                                                                                                 \
  DO(ROT270, "rot270")       /* a quarter turn clockwise */                                                            \
  DO(FLIPX, "flipx")         /* top to bottom */                                                                       \
  DO(FLIPY, "flipy")         /* left to right */                                                                       \
  DO(FLIPPLUS1, "flipplus1") /* transposed */                                                                          \
  DO(FLIPMINUS1, "flipminus1")

#define ALTER_CONSTANT(constant, name) ALTER_##constant,
enum alteration { EACH_ALTERATION(ALTER_CONSTANT) ALTERATIONS };
#undef ALTER_CONSTANT

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
