/* SPDX-License-Identifier: Apache-2.0 */
/* Plans and names of pictures. */
#include "picture.h"

#include <inttypes.h>
#include <stdio.h>

/* In percent; about one picture in fifty is flat. */
static const int SHARES[SCENE_KINDS] = {
    [SCENE_LANDSCAPE] = 21, [SCENE_STREET] = 15, [SCENE_STILL_LIFE] = 18, [SCENE_CLOSE_UP] = 13, [SCENE_SURFACE] = 13,
    [SCENE_COLLAGE] = 7,    [SCENE_PAGE] = 6,    [SCENE_DIAGRAM] = 5,     [SCENE_FLAT] = 2};

static enum scene_kind draw_kind(struct random_stream *random) {
  int drawn = random_below(random, 100), kind = 0;
  while (kind < SCENE_KINDS - 1 && drawn >= SHARES[kind]) drawn -= SHARES[kind++];
  return (enum scene_kind)kind;
}

static void draw_size(const struct picture_set *set, struct random_stream *random, struct picture_plan *plan) {
  static const struct {
    int longer, shorter;
  } shapes[] = {{4, 3}, {4, 3}, {3, 2}, {3, 2}, {16, 9}, {1, 1}, {5, 4}, {16, 10}};
  int side = random_range(random, set->min_side, set->max_side);
  int shape = random_below(random, sizeof shapes / sizeof shapes[0]);
  bool upright = random_percent(random, 35);
  int shorter = clamp_int(side * shapes[shape].shorter / shapes[shape].longer, SIDE_MIN, SIDE_MAX);
  plan->width = set->width != 0 ? set->width : upright ? shorter : side;
  plan->height = set->height != 0 ? set->height : upright ? side : shorter;
}

struct picture_plan picture_plan(const struct picture_set *set, uint64_t number) {
  struct random_stream random = random_open(set->seed, RANDOM_PLAN, number);
  struct picture_plan plan = {0};
  plan.kind = draw_kind(&random);
  draw_size(set, &random, &plan);
  plan.recipe = set->fixed_recipe ? set->recipe : recipe_draw(&random, set->formats);
  return plan;
}

void picture_name(const struct picture_set *set, uint64_t number, char name[PICTURE_NAME_MAX]) {
  const char *extension = picture_plan(set, number).recipe.png ? "png" : "jpg";
  int used = 0;
  if (set->count > FOLDER_FILES) used = snprintf(name, PICTURE_NAME_MAX, "%03" PRIu64 "/", number / FOLDER_FILES);
  snprintf(name + used, (size_t)(PICTURE_NAME_MAX - used), "p%06" PRIu64 ".%s", number, extension);
}

bool picture_paint(const struct picture_set *set, uint64_t number, struct canvas *canvas, struct failure *failure) {
  struct picture_plan plan = picture_plan(set, number);
  bool done = canvas_create(canvas, plan.width, plan.height) && scene_paint(canvas, plan.kind, set->seed, number);
  if (done) return true;
  canvas_free(canvas);
  return failure_set(failure, "picture %" PRIu64 ": out of memory", number);
}
