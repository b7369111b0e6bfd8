/* SPDX-License-Identifier: Apache-2.0 */
/* A numbered picture of a set: its plan (size, motif, recipe) and name are known without painting it. */
#ifndef DATASET_PICTURE_H
#define DATASET_PICTURE_H

#include "recipe.h"
#include "scene.h"

enum { SIDE_MIN = 8, SIDE_MAX = 16384, PICTURE_NAME_MAX = 64, FOLDER_FILES = 1000 };

/* The choices of a whole set. Picture i is a function of them and i. */
struct picture_set {
  uint64_t seed;
  uint64_t first, count;  /* numbers first to first + count - 1 */
  int min_side, max_side; /* of the longer side */
  int width, height;      /* both fixed when not 0 */
  enum recipe_formats formats;
  bool fixed_recipe;
  struct recipe recipe; /* when fixed */
};

struct picture_plan {
  int width, height;
  enum scene_kind kind;
  struct recipe recipe;
};

struct picture_plan picture_plan(const struct picture_set *set, uint64_t number);

/* The path inside the set's folder: p000123.jpg, or 000/p000123.jpg in sets of more than FOLDER_FILES pictures. */
void picture_name(const struct picture_set *set, uint64_t number, char name[PICTURE_NAME_MAX]);

/* Creates the canvas. */
bool picture_paint(const struct picture_set *set, uint64_t number, struct canvas *canvas, struct failure *failure);

#endif
