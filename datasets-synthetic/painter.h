/* SPDX-License-Identifier: Apache-2.0 */
/* Fills outlines of a canvas with paint: a colour or a gradient, a texture over it, any opacity; casts soft shadows. */
#ifndef DATASET_PAINTER_H
#define DATASET_PAINTER_H

#include "canvas.h"
#include "noise.h"
#include "shape.h"

enum gradient { GRADIENT_NONE, GRADIENT_LINEAR, GRADIENT_RADIAL };

/* How the values of a noise field become light and dark. */
enum weave {
  WEAVE_PLAIN,
  WEAVE_RIDGED, /* bright lines where the field crosses zero: veins, cracks */
  WEAVE_BANDED  /* level lines: wood, strata */
};

struct paint {
  struct colour from, to;
  enum gradient gradient;
  struct point start, end; /* radial: the centre, and a point on the rim, where `to` is reached */
  const struct noise_field *texture;
  enum weave weave;
  int strength; /* of the texture, 0 to 256 */
  int shift_x, shift_y;
  int opacity; /* 0 to 256 */
};

struct painter {
  struct canvas *canvas;
  struct raster raster;
  int16_t *blend;
  int16_t *grain;
  bool out_of_memory; /* sticks; the canvas is then unfinished */
};

bool painter_create(struct painter *painter, struct canvas *canvas);
void painter_free(struct painter *painter);

struct paint paint_flat(struct colour colour);
struct paint paint_linear(struct colour from, struct colour to, struct point start, struct point end);
struct paint paint_radial(struct colour from, struct colour to, struct point centre, int radius);

void painter_fill(struct painter *painter, const struct outline *outline, const struct paint *paint);
void painter_fill_all(struct painter *painter, const struct paint *paint);

/* Darkens the canvas where the outline, moved by `offset`, would keep light off. `softness` in pixels, `strength` 0 to
 * 256. Comes before the fill. */
void painter_shadow(struct painter *painter, const struct outline *outline, struct point offset, int softness,
                    int strength);

/* Hue 0 to 1535 around the circle, saturation and value 0 to 255. */
struct colour colour_of(int hue, int saturation, int value);
struct colour colour_mix(struct colour a, struct colour b, int share_of_b); /* share 0 to 256 */

#endif
