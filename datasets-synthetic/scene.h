/* SPDX-License-Identifier: Apache-2.0 */
/* What a picture shows. A scene is painted back to front on a canvas from one random stream; scene.c sets the stage and
 * develops the result (light, focus, colour grade, sensor noise), the scene_*.c files hold the motifs. */
#ifndef DATASET_SCENE_H
#define DATASET_SCENE_H

#include "painter.h"
#include "random.h"
#include "text.h"

enum scene_kind {
  SCENE_LANDSCAPE,
  SCENE_STREET,
  SCENE_STILL_LIFE,
  SCENE_CLOSE_UP,
  SCENE_SURFACE,
  SCENE_COLLAGE,
  SCENE_PAGE,
  SCENE_DIAGRAM,
  SCENE_FLAT, /* nearly uniform: PDQ quality far below 50 */
  SCENE_KINDS
};

const char *scene_name(enum scene_kind kind);

/* Paints picture `number` of `seed` on the canvas. False when memory is short. */
bool scene_paint(struct canvas *canvas, enum scene_kind kind, uint64_t seed, uint64_t number);

/* ---- For the motifs ---- */

struct scene {
  struct painter painter;
  struct random_stream random;
  struct noise_field coarse;  /* from a third of the picture down: clouds, foliage, stains */
  struct noise_field fine;    /* a few pixels: plaster, sand, cloth */
  struct noise_field streaks; /* stretched along one axis: water, wood, grass */
  int width, height;          /* 1/256 pixel */
  int unit;                   /* the shorter side, 1/256 pixel */
  int hue;                    /* of the picture's colour scheme */
  struct point shadow;        /* direction of shadows, in permille of unit */
};

/* Permille of the shorter side, of the width and of the height, in 1/256 pixel. */
int scene_length(const struct scene *scene, int permille);
struct point scene_point(const struct scene *scene, int permille_x, int permille_y);

/* A random place with coordinates in the given permille of width and height. */
struct point scene_place(struct scene *scene, int left, int right, int top, int bottom);

/* A colour of the scheme: near the base hue or opposite to it; with saturation and value in the given ranges. */
struct colour scene_colour(struct scene *scene, int saturation_low, int saturation_high, int value_low, int value_high);

/* Lays a random part of one of the three fields over the paint; scene_cover, for paint that spans the picture, takes
 * the field as it lies, so that no mirrored half shows. */
void scene_texture(struct scene *scene, struct paint *paint, int strength);
void scene_cover(struct scene *scene, struct paint *paint, int strength);

void scene_shadow(struct scene *scene, const struct outline *outline, int strength);
void scene_write(struct scene *scene, struct point origin, int width, int dot, int angle, struct colour colour);

void scene_landscape(struct scene *scene);
void scene_street(struct scene *scene);
void scene_still_life(struct scene *scene);
void scene_close_up(struct scene *scene);
void scene_surface(struct scene *scene);
void scene_collage(struct scene *scene);
void scene_page(struct scene *scene);
void scene_diagram(struct scene *scene);
void scene_flat(struct scene *scene);

#endif
